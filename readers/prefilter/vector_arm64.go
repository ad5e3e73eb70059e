package prefilter

// hasVector: each processor of this kind runs the vector code, which is for NEON.
const hasVector = true
