#include "textflag.h"

// The bytes that are marked; a bracket and its brace differ in the bit 0x20 alone.
DATA quote<>+0(SB)/8, $0x2222222222222222
GLOBL quote<>(SB), RODATA|NOPTR, $8
DATA slash<>+0(SB)/8, $0x5c5c5c5c5c5c5c5c
GLOBL slash<>(SB), RODATA|NOPTR, $8
DATA brace<>+0(SB)/8, $0x2020202020202020
GLOBL brace<>(SB), RODATA|NOPTR, $8
DATA open<>+0(SB)/8, $0x7b7b7b7b7b7b7b7b
GLOBL open<>(SB), RODATA|NOPTR, $8
DATA close<>+0(SB)/8, $0x7d7d7d7d7d7d7d7d
GLOBL close<>(SB), RODATA|NOPTR, $8

// BOTH compares the bytes in Y0 and Y1 with those of a register and stores 64 bits.
#define BOTH(a, b, with, at) \
	VPCMPEQB  a, with, Y2 \
	VPCMPEQB  b, with, Y3 \
	VPMOVMSKB Y2, AX      \
	VPMOVMSKB Y3, BX      \
	SHLQ      $32, BX     \
	ORQ       BX, AX      \
	MOVQ      AX, at(DI)

// func markVector(text *byte, words int, marks *Mark)
TEXT ·markVector(SB), NOSPLIT, $0-24
	MOVQ text+0(FP), SI
	MOVQ words+8(FP), CX
	MOVQ marks+16(FP), DI
	VPBROADCASTQ quote<>(SB), Y6
	VPBROADCASTQ slash<>(SB), Y7
	VPBROADCASTQ brace<>(SB), Y8
	VPBROADCASTQ open<>(SB), Y9
	VPBROADCASTQ close<>(SB), Y10

loop:
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	BOTH(Y0, Y1, Y6, 0)
	BOTH(Y0, Y1, Y7, 8)
	VPOR Y0, Y8, Y0
	VPOR Y1, Y8, Y1
	BOTH(Y0, Y1, Y9, 16)
	BOTH(Y0, Y1, Y10, 24)
	ADDQ $64, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET
