#include "textflag.h"

// The half-byte mask and the newline, once for each byte of a register.
DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $8
DATA newline<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL newline<>(SB), RODATA|NOPTR, $8

// PLACE looks up the bytes at off(SI) in the tables lo and hi and leaves in Y1 the buckets
// that each fits. It spoils Y0 and Y2.
#define PLACE(off, lo, hi) \
	VMOVDQU off(SI), Y0 \
	VPSRLW  $4, Y0, Y2  \
	VPAND   Y7, Y0, Y1  \
	VPAND   Y7, Y2, Y2  \
	VPSHUFB Y1, lo, Y1  \
	VPSHUFB Y2, hi, Y2  \
	VPAND   Y1, Y2, Y1

// HALF marks 32 places from off(SI) on: newlines in nl, candidates inverted in hit. It
// collects in R12 the high bits of the bytes there.
#define HALF(off, nl, hit) \
	PLACE(off+0, Y8, Y9)    \
	VPMOVMSKB Y0, R11       \
	ORQ     R11, R12        \
	VPCMPEQB Y0, Y6, Y3     \
	VPMOVMSKB Y3, nl        \
	VMOVDQA Y1, Y4          \
	PLACE(off+1, Y10, Y11)  \
	VPAND   Y1, Y4, Y4      \
	PLACE(off+2, Y12, Y13)  \
	VPAND   Y1, Y4, Y4      \
	PLACE(off+3, Y14, Y15)  \
	VPAND   Y1, Y4, Y4      \
	VPCMPEQB Y5, Y4, Y4     \
	VPMOVMSKB Y4, hit

// func scanVector(data *byte, words int, tables *[8][16]byte, newlines, hits *uint64) (high int)
TEXT ·scanVector(SB), NOSPLIT, $0-48
	MOVQ data+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ tables+16(FP), DX
	MOVQ newlines+24(FP), DI
	MOVQ hits+32(FP), R8
	VPBROADCASTQ nibble<>(SB), Y7
	VPBROADCASTQ newline<>(SB), Y6
	VPXOR Y5, Y5, Y5
	XORQ R12, R12
	VBROADCASTI128 0(DX), Y8
	VBROADCASTI128 16(DX), Y9
	VBROADCASTI128 32(DX), Y10
	VBROADCASTI128 48(DX), Y11
	VBROADCASTI128 64(DX), Y12
	VBROADCASTI128 80(DX), Y13
	VBROADCASTI128 96(DX), Y14
	VBROADCASTI128 112(DX), Y15

loop:
	HALF(0, AX, BX)
	HALF(32, R9, R10)
	SHLQ $32, R9
	SHLQ $32, R10
	ORQ  R9, AX
	ORQ  R10, BX
	NOTQ BX
	MOVQ AX, (DI)
	MOVQ BX, (R8)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, R8
	DECQ CX
	JNZ  loop
	VZEROUPPER
	MOVQ R12, high+40(FP)
	RET
