#include "textflag.h"
#include "mask_arm64.h"

// LOOK looks up the 16 bytes of a register in the tables lo and hi and leaves in it the
// buckets that each fits. V30 holds the half-byte mask. It spoils V4.
#define LOOK(a, lo, hi) \
	VUSHR $4, a.B16, V4.B16      \
	VAND  V30.B16, a.B16, a.B16  \
	VTBL  a.B16, [lo.B16], a.B16 \
	VTBL  V4.B16, [hi.B16], V4.B16 \
	VAND  V4.B16, a.B16, a.B16

// PLACE narrows the buckets in V16 to V19 by the bytes at off(R0).
#define PLACE(off, lo, hi) \
	ADD  $off, R0, R5                            \
	VLD1 (R5), [V0.B16, V1.B16, V2.B16, V3.B16]  \
	LOOK(V0, lo, hi)                             \
	LOOK(V1, lo, hi)                             \
	LOOK(V2, lo, hi)                             \
	LOOK(V3, lo, hi)                             \
	VAND V0.B16, V16.B16, V16.B16                \
	VAND V1.B16, V17.B16, V17.B16                \
	VAND V2.B16, V18.B16, V18.B16                \
	VAND V3.B16, V19.B16, V19.B16

// TEXT64 loads 64 bytes from R0 on into V0 to V3 and marks their newlines in R6. It keeps all
// bits of the bytes in V28 and the lowest bytes in V27. It spoils V20 to V23.
#define TEXT64 \
	VLD1  (R0), [V0.B16, V1.B16, V2.B16, V3.B16] \
	VORR  V0.B16, V1.B16, V20.B16    \
	VORR  V2.B16, V3.B16, V21.B16    \
	VORR  V20.B16, V28.B16, V28.B16  \
	VORR  V21.B16, V28.B16, V28.B16  \
	VUMIN V0.B16, V1.B16, V20.B16    \
	VUMIN V2.B16, V3.B16, V21.B16    \
	VUMIN V20.B16, V27.B16, V27.B16  \
	VUMIN V21.B16, V27.B16, V27.B16  \
	VCMEQ V29.B16, V0.B16, V20.B16   \
	VCMEQ V29.B16, V1.B16, V21.B16   \
	VCMEQ V29.B16, V2.B16, V22.B16   \
	VCMEQ V29.B16, V3.B16, V23.B16   \
	MASK(V20, V21, V22, V23, R6)

// START makes ready what TEXT64 uses.
#define START \
	VMOVQ BITS, BITS, V31        \
	VMOVI $10, V29.B16           \
	VEOR  V28.B16, V28.B16, V28.B16 \
	VMOVI $255, V27.B16

// ODD returns whether TEXT64 saw a NUL or a byte over 127.
#define ODD(ret) \
	VEOR  V0.B16, V0.B16, V0.B16    \
	VCMEQ V0.B16, V27.B16, V27.B16  \
	VORR  V27.B16, V28.B16, V28.B16 \
	VMOV  V28.D[0], R6              \
	VMOV  V28.D[1], R7              \
	ORR   R6, R7, R6                \
	AND   $0x8080808080808080, R6, R6 \
	MOVD  R6, ret

// func scanVector(data *byte, words int, tables *[8][16]byte, newlines, hits *uint64) (odd int)
TEXT ·scanVector(SB), NOSPLIT, $0-48
	MOVD  data+0(FP), R0
	MOVD  words+8(FP), R1
	MOVD  tables+16(FP), R2
	MOVD  newlines+24(FP), R3
	MOVD  hits+32(FP), R4
	VLD1.P 64(R2), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1  (R2), [V12.B16, V13.B16, V14.B16, V15.B16]
	START
	VMOVI $15, V30.B16

loop:
	TEXT64
	LOOK(V0, V8, V9)
	LOOK(V1, V8, V9)
	LOOK(V2, V8, V9)
	LOOK(V3, V8, V9)
	VORR  V0.B16, V0.B16, V16.B16
	VORR  V1.B16, V1.B16, V17.B16
	VORR  V2.B16, V2.B16, V18.B16
	VORR  V3.B16, V3.B16, V19.B16
	PLACE(1, V10, V11)
	PLACE(2, V12, V13)
	PLACE(3, V14, V15)
	VCMTST V16.B16, V16.B16, V16.B16
	VCMTST V17.B16, V17.B16, V17.B16
	VCMTST V18.B16, V18.B16, V18.B16
	VCMTST V19.B16, V19.B16, V19.B16
	MASK(V16, V17, V18, V19, R7)
	MOVD.P R6, 8(R3)
	MOVD.P R7, 8(R4)
	ADD   $64, R0
	SUBS  $1, R1
	BNE   loop

	ODD(odd+40(FP))
	RET

// COMPARE compares 64 bytes from R0+R on, of which mask is set, with a byte. It leaves what
// comes of it in V0 to V3.
#define COMPARE(R, mask, byte) \
	ADD  R, R0, R5                               \
	VLD1 (R5), [V0.B16, V1.B16, V2.B16, V3.B16]  \
	VORR mask.B16, V0.B16, V0.B16                \
	VORR mask.B16, V1.B16, V1.B16                \
	VORR mask.B16, V2.B16, V2.B16                \
	VORR mask.B16, V3.B16, V3.B16                \
	VCMEQ byte.B16, V0.B16, V0.B16               \
	VCMEQ byte.B16, V1.B16, V1.B16               \
	VCMEQ byte.B16, V2.B16, V2.B16               \
	VCMEQ byte.B16, V3.B16, V3.B16

// NARROW narrows the places in V16 to V19 to those in V0 to V3.
#define NARROW \
	VAND V0.B16, V16.B16, V16.B16 \
	VAND V1.B16, V17.B16, V17.B16 \
	VAND V2.B16, V18.B16, V18.B16 \
	VAND V3.B16, V19.B16, V19.B16

// func sharpVector(data *byte, words int, s *sharp, newlines, hits *uint64) (odd int)
TEXT ·sharpVector(SB), NOSPLIT, $0-48
	MOVD  data+0(FP), R0
	MOVD  words+8(FP), R1
	MOVD  s+16(FP), R2
	MOVD  newlines+24(FP), R3
	MOVD  hits+32(FP), R4
	MOVD  0(R2), R9
	MOVD  8(R2), R10
	MOVD  16(R2), R11
	ADD   $24, R2
	VLD1R.P 1(R2), [V8.B16]
	VLD1R.P 1(R2), [V9.B16]
	VLD1R.P 1(R2), [V10.B16]
	VLD1R.P 1(R2), [V11.B16]
	VLD1R.P 1(R2), [V12.B16]
	VLD1R (R2), [V13.B16]
	START

loop:
	TEXT64
	COMPARE(R9, V8, V11)
	VORR  V0.B16, V0.B16, V16.B16
	VORR  V1.B16, V1.B16, V17.B16
	VORR  V2.B16, V2.B16, V18.B16
	VORR  V3.B16, V3.B16, V19.B16
	COMPARE(R10, V9, V12)
	NARROW
	COMPARE(R11, V10, V13)
	NARROW
	MASK(V16, V17, V18, V19, R7)
	MOVD.P R6, 8(R3)
	MOVD.P R7, 8(R4)
	ADD   $64, R0
	SUBS  $1, R1
	BNE   loop
	ODD(odd+40(FP))
	RET
