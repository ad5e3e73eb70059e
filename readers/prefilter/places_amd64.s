#include "textflag.h"

// func placesVector(list *int32, words *uint64, n int) int
TEXT ·placesVector(SB), NOSPLIT, $0-32
	MOVQ list+0(FP), DI
	MOVQ words+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ DI, R8
	XORL DX, DX

loop:
	MOVQ    (SI), AX
	TZCNTQ  AX, BX
	POPCNTQ AX, R9
	ADDL    DX, BX
	BLSRQ   AX, AX
	TZCNTQ  AX, R10
	MOVL    BX, (DI)
	ADDL    DX, R10
	BLSRQ   AX, AX
	MOVL    R10, 4(DI)
	JNZ     more

next:
	LEAQ (DI)(R9*4), DI
	ADDQ $8, SI
	ADDL $64, DX
	DECQ CX
	JNZ  loop
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, ret+24(FP)
	RET

more:
	LEAQ 8(DI), R11

each:
	TZCNTQ AX, BX
	ADDL   DX, BX
	MOVL   BX, (R11)
	ADDQ   $4, R11
	BLSRQ  AX, AX
	JNZ    each
	JMP    next
