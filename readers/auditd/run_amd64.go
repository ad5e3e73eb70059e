package auditd

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasRunVector says whether this processor runs the vector code, which is for AVX2 and what
// came with it.
var hasRunVector = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

//go:noescape
func runVector(r *runArgs)

// The vector code counts on this size.
var _ [32]byte = [unsafe.Sizeof(typeName{})]byte{}

// quoteVector returns where the first of the bytes ", ' and { is in a text, n or more if it has
// none in the first n bytes. It reads up to quoteRoom bytes more.
//
//go:noescape
func quoteVector(text *byte, n int) int
