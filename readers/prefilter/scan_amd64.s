#include "textflag.h"

// The half-byte mask, the newline and what is more than any byte (signed), once for each
// byte of a register.
DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $8
DATA newline<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL newline<>(SB), RODATA|NOPTR, $8
DATA most<>+0(SB)/8, $0x7f7f7f7f7f7f7f7f
GLOBL most<>(SB), RODATA|NOPTR, $8

// WORD stores 64 bits of which lo and hi have 32 each.
#define WORD(lo, hi, at) \
	SHLQ $32, hi \
	ORQ  hi, lo  \
	MOVQ lo, (at)

// ODD returns whether a byte is NUL or over 127: whether one of the least, which are signed,
// is not over 0. It spoils AX, Y0 and least.
#define ODD(least, ret) \
	VPXOR     Y0, Y0, Y0 \
	VPCMPGTB  Y0, least, least \
	VPMOVMSKB least, AX  \
	VZEROUPPER           \
	NOTL      AX         \
	MOVQ      AX, ret

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

// HALF marks 32 places from off(SI) on: newlines in nl, candidates inverted in hit. It keeps
// the least bytes, signed, in Y3.
#define HALF(off, nl, hit) \
	PLACE(off+0, Y8, Y9)    \
	VPMINSB Y0, Y3, Y3      \
	VPCMPEQB Y0, Y6, Y2     \
	VPMOVMSKB Y2, nl        \
	VMOVDQA Y1, Y4          \
	PLACE(off+1, Y10, Y11)  \
	VPAND   Y1, Y4, Y4      \
	PLACE(off+2, Y12, Y13)  \
	VPAND   Y1, Y4, Y4      \
	PLACE(off+3, Y14, Y15)  \
	VPAND   Y1, Y4, Y4      \
	VPCMPEQB Y5, Y4, Y4     \
	VPMOVMSKB Y4, hit

// func scanVector(data *byte, words int, tables *[8][16]byte, newlines, hits *uint64) (odd int)
TEXT ·scanVector(SB), NOSPLIT, $0-48
	MOVQ data+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ tables+16(FP), DX
	MOVQ newlines+24(FP), DI
	MOVQ hits+32(FP), R8
	VPBROADCASTQ nibble<>(SB), Y7
	VPBROADCASTQ newline<>(SB), Y6
	VPXOR Y5, Y5, Y5
	VPBROADCASTQ most<>(SB), Y3
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
	WORD(AX, R9, DI)
	SHLQ $32, R10
	ORQ  R10, BX
	NOTQ BX
	MOVQ BX, (R8)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, R8
	DECQ CX
	JNZ  loop
	ODD(Y3, odd+40(FP))
	RET

// SHARPEN loads what SHARP looks for, of a sharp.
#define SHARPEN(s) \
	VPBROADCASTQ most<>(SB), Y5    \
	VPBROADCASTQ newline<>(SB), Y7 \
	MOVQ 0(s), R9                  \
	MOVQ 8(s), R10                 \
	MOVQ 16(s), R11                \
	VPBROADCASTB 24(s), Y8         \
	VPBROADCASTB 25(s), Y9         \
	VPBROADCASTB 26(s), Y10        \
	VPBROADCASTB 27(s), Y11        \
	VPBROADCASTB 28(s), Y12        \
	VPBROADCASTB 29(s), Y13

// SHARP marks 32 places from off(SI) on: newlines in nl, candidates in hit. The places of
// the bytes that are compared are in R9, R10 and R11. It keeps the least bytes in Y5.
#define SHARP(off, nl, hit) \
	VMOVDQU off(SI), Y0      \
	VPMINSB Y0, Y5, Y5       \
	VPCMPEQB Y0, Y7, Y0      \
	VPMOVMSKB Y0, nl         \
	VPOR    off(SI)(R9*1), Y8, Y1  \
	VPOR    off(SI)(R10*1), Y9, Y2 \
	VPOR    off(SI)(R11*1), Y10, Y3 \
	VPCMPEQB Y1, Y11, Y1     \
	VPCMPEQB Y2, Y12, Y2     \
	VPCMPEQB Y3, Y13, Y3     \
	VPAND   Y1, Y2, Y1       \
	VPAND   Y1, Y3, Y1       \
	VPMOVMSKB Y1, hit

// func sharpVector(data *byte, words int, s *sharp, newlines, hits *uint64) (odd int)
TEXT ·sharpVector(SB), NOSPLIT, $0-48
	MOVQ data+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ s+16(FP), DX
	MOVQ newlines+24(FP), DI
	MOVQ hits+32(FP), R8
	SHARPEN(DX)

loop:
	SHARP(0, AX, BX)
	SHARP(32, R12, R13)
	WORD(AX, R12, DI)
	WORD(BX, R13, R8)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, R8
	DECQ CX
	JNZ  loop
	ODD(Y5, odd+40(FP))
	RET

// PLACES writes the numbers of the two lowest bits of a word, counted from DX, to (DI), whether
// there are two or not. It leaves in count how many there are and in word the others. A loop
// over the bits would be left by surprise at each word.
#define PLACES(word, a, b, count) \
	TZCNTQ  word, a    \
	POPCNTQ word, count \
	ADDL    DX, a      \
	BLSRQ   word, word \
	TZCNTQ  word, b    \
	MOVL    a, (DI)    \
	ADDL    DX, b      \
	MOVL    b, 4(DI)   \
	BLSRQ   word, word

// func placesVector(list *int32, words *uint64, n int) int
TEXT ·placesVector(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ n+16(FP), CX
	XORL DX, DX

loop:
	MOVQ (SI), AX
	PLACES(AX, BX, R12, R13)
	JNZ  more

next:
	LEAQ (DI)(R13*4), DI
	ADDQ $8, SI
	ADDL $64, DX
	DECQ CX
	JNZ  loop
	SUBQ list+0(FP), DI
	SHRQ $2, DI
	MOVQ DI, ret+24(FP)
	RET

more:
	LEAQ 8(DI), R12

each:
	TZCNTQ AX, BX
	ADDL   DX, BX
	MOVL   BX, (R12)
	ADDQ   $4, R12
	BLSRQ  AX, AX
	JNZ    each
	JMP    next

// func linesVector(data *byte, words int, s *sharp, lines *int32, hits *uint64) (odd, n int)
TEXT ·linesVector(SB), NOSPLIT, $0-56
	MOVQ data+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ s+16(FP), DX
	MOVQ lines+24(FP), DI
	MOVQ hits+32(FP), R8
	SHARPEN(DX)
	XORL DX, DX

loop:
	SHARP(0, AX, BX)
	SHARP(32, R12, R13)
	WORD(BX, R13, R8)
	SHLQ $32, R12
	ORQ  R12, AX
	PLACES(AX, BX, R12, R13)
	JNZ  more

next:
	LEAQ (DI)(R13*4), DI
	ADDQ $64, SI
	ADDQ $8, R8
	ADDL $64, DX
	DECQ CX
	JNZ  loop
	ODD(Y5, odd+40(FP))
	SUBQ lines+24(FP), DI
	SHRQ $2, DI
	MOVQ DI, n+48(FP)
	RET

more:
	LEAQ 8(DI), R12

each:
	TZCNTQ AX, BX
	ADDL   DX, BX
	MOVL   BX, (R12)
	ADDQ   $4, R12
	BLSRQ  AX, AX
	JNZ    each
	JMP    next
