package prefilter

import "golang.org/x/sys/cpu"

// hasVector says whether this processor runs the vector code, which is for AVX2.
var hasVector = cpu.X86.HasAVX2
