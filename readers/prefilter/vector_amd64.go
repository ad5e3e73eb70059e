package prefilter

import "golang.org/x/sys/cpu"

// hasVector says whether this processor runs the vector code, which is for AVX2 and what came with it.
var hasVector = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT
