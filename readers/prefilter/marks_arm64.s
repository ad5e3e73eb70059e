#include "textflag.h"
#include "mask_arm64.h"

// SAME compares the bytes in V0 to V3 with those of a register and stores 64 bits.
#define SAME(with) \
	VCMEQ with.B16, V0.B16, V4.B16 \
	VCMEQ with.B16, V1.B16, V5.B16 \
	VCMEQ with.B16, V2.B16, V6.B16 \
	VCMEQ with.B16, V3.B16, V7.B16 \
	MASK(V4, V5, V6, V7, R3)       \
	MOVD.P R3, 8(R2)

// func markVector(text *byte, words int, marks *Mark)
TEXT ·markVector(SB), NOSPLIT, $0-24
	MOVD  text+0(FP), R0
	MOVD  words+8(FP), R1
	MOVD  marks+16(FP), R2
	VMOVQ BITS, BITS, V31
	VMOVI $0x22, V16.B16 // "
	VMOVI $0x5c, V17.B16 // \
	VMOVI $0x20, V18.B16 // by which a bracket and its brace differ
	VMOVI $0x7b, V19.B16 // {
	VMOVI $0x7d, V20.B16 // }

loop:
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	SAME(V16)
	SAME(V17)
	VORR  V18.B16, V0.B16, V0.B16
	VORR  V18.B16, V1.B16, V1.B16
	VORR  V18.B16, V2.B16, V2.B16
	VORR  V18.B16, V3.B16, V3.B16
	SAME(V19)
	SAME(V20)
	SUBS  $1, R1
	BNE   loop
	RET
