#include "go_asm.h"
#include "textflag.h"

// What is taken from each hex digit, and the most that is left of one.
DATA zero<>+0(SB)/8, $0x3030303030303030
GLOBL zero<>(SB), RODATA|NOPTR, $8
DATA nine<>+0(SB)/8, $0x0909090909090909
GLOBL nine<>(SB), RODATA|NOPTR, $8
DATA letter<>+0(SB)/8, $0x4141414141414141
GLOBL letter<>(SB), RODATA|NOPTR, $8
DATA five<>+0(SB)/8, $0x0505050505050505
GLOBL five<>(SB), RODATA|NOPTR, $8
// The first and the last byte of "saddr=".
DATA s<>+0(SB)/8, $0x7373737373737373
GLOBL s<>(SB), RODATA|NOPTR, $8
DATA equals<>+0(SB)/8, $0x3d3d3d3d3d3d3d3d
GLOBL equals<>(SB), RODATA|NOPTR, $8
// usualAddress, and the families of addressDigits, the first byte lowest.
DATA saddr<>+0(SB)/8, $": saddr="
GLOBL saddr<>(SB), RODATA|NOPTR, $8
#define UNIX $0x30303130
#define INET $0x30303230
#define INET6 $0x30304130
#define NETLINK $0x30303031

// DIGITS marks in bits those of 32 bytes from off(AX) on that are hex digits.
#define DIGITS(off, bits) \
	VMOVDQU off(AX), Y4       \
	VPSUBB Y6, Y4, Y5         \
	VPSUBB Y8, Y4, Y4         \
	VPMINUB Y7, Y5, Y10       \
	VPCMPEQB Y10, Y5, Y5      \
	VPMINUB Y9, Y4, Y10       \
	VPCMPEQB Y10, Y4, Y4      \
	VPOR Y4, Y5, Y5           \
	VPMOVMSKB Y5, bits

// func runVector(r *runArgs)
//
// SI text, DI ends, CX lines, DX names, R8 start, R9 base, R11 brings, R12 the
// factor that spreads the names, R13 the id, R14 its masks; Y0 to Y3 node and id, each with
// its mask. The id is read where it stands: what was written just before in smaller parts
// would be late.
TEXT ·runVector(SB), NOSPLIT, $48-8
	MOVQ r+0(FP), AX
	MOVQ runArgs_known(AX), BX
	MOVQ runArgs_text(AX), SI
	MOVQ runArgs_ends(AX), DI
	MOVQ runArgs_first(AX), R8
	LEAQ (DI)(R8*4), DI
	MOVQ runArgs_lines(AX), CX
	MOVQ runArgs_names(AX), DX
	MOVQ runArgs_start(AX), R8
	MOVQ runArgs_base(AX), R9
	MOVQ known_until(BX), AX
	MOVQ AX, until-32(SP)
	MOVQ r+0(FP), AX
	MOVQ runArgs_room(AX), AX
	MOVQ AX, room-40(SP)
	XORL R11, R11
	MOVQ $const_nameFactor, R12
	MOVQ known_idAt(BX), R13
	ADDQ SI, R13
	MOVQ (known_id+knownID_size)(BX), AX
	MOVQ AX, idSize-8(SP)
	LEAQ (AX)(AX*4), AX
	LEAQ ·idMasks(SB), R14
	LEAQ (R14)(AX*8), R14
	MOVQ known_nodeSize(BX), AX
	MOVQ AX, nodeSize-16(SP)
	MOVBLZX known_asks(BX), AX
	MOVL AX, asks-24(SP)
	VMOVDQU known_nodeWords(BX), Y0
	VMOVDQU known_nodeMasks(BX), Y1
	VMOVDQU (R13), Y2
	VMOVDQU (R14), Y3
	VPBROADCASTQ zero<>(SB), Y6
	VPBROADCASTQ nine<>(SB), Y7
	VPBROADCASTQ letter<>(SB), Y8
	VPBROADCASTQ five<>(SB), Y9
	VPBROADCASTQ s<>(SB), Y11
	VPBROADCASTQ equals<>(SB), Y12

line:
	CMPQ R8, until-32(SP)
	JGT  stop
	LEAQ (SI)(R8*1), AX
	VPXOR (AX), Y0, Y4
	VPTEST Y1, Y4
	JNZ  stop
	ADDQ nodeSize-16(SP), AX
	MOVQ (AX), BX
	MOVQ BX, R15
	SHRQ $40, R15
	IMULQ R12, R15
	SHRQ $(64-const_nameBits), R15
	SHLQ $5, R15
	ADDQ DX, R15
	CMPQ BX, typeName_head(R15)
	JNE  stop
	ADDQ typeName_size(R15), AX
	MOVQ -8(AX), BX
	CMPQ BX, typeName_tail(R15)
	JNE  stop
	VPXOR (AX), Y2, Y4
	VPTEST Y3, Y4
	JNZ  stop
	MOVQ 32(AX), BX
	XORQ 32(R13), BX
	TESTQ 32(R14), BX
	JNZ  stop
	MOVBLZX typeName_asks(R15), BX
	ORL  asks-24(SP), BX
	JNZ  ask

take:
	MOVWLZX typeName_brings(R15), BX
	ORL  BX, R11
	MOVLQSX (DI), R8
	LEAQ 1(R8)(R9*1), R8
	ADDQ $4, DI
	DECQ CX
	JNZ  line

stop:
	XORL BX, BX

done:
	VZEROUPPER
	MOVQ r+0(FP), AX
	MOVQ BX, runArgs_asks(AX)
	MOVQ R11, runArgs_brings(AX)
	MOVQ runArgs_lines(AX), BX
	SUBQ CX, BX
	MOVQ BX, runArgs_taken(AX)
	RET

ask:
	CMPL BX, $const_asksAddress
	JNE  asked
	MOVLQSX (DI), R8
	ADDQ R9, R8
	CMPQ R8, room-40(SP)
	JGT  asked
	ADDQ SI, R8
	ADDQ idSize-8(SP), AX
	MOVQ (AX), BX
	CMPQ BX, saddr<>(SB)
	JNE  asked

	// A bit for each digit that there must be.
	MOVQ R15, name-48(SP)
	MOVL 8(AX), R10
	XORL BX, BX
	MOVL $0xF, R15
	CMPL R10, UNIX
	CMOVQEQ R15, BX
	CMPL R10, NETLINK
	CMOVQEQ R15, BX
	MOVL $0xFFFF, R15
	CMPL R10, INET
	CMOVQEQ R15, BX
	MOVQ $0xFFFFFFFFFFFF, R15
	CMPL R10, INET6
	CMOVQEQ R15, BX
	TESTQ BX, BX
	JEQ  asked
	DIGITS(8, R10)
	DIGITS(40, R15)
	SHLQ $32, R15
	ORQ  R15, R10
	NOTQ R10
	TESTQ R10, BX
	JNE  asked

	ADDQ $8, AX
search:
	VPCMPEQB (AX), Y11, Y4
	VPCMPEQB 5(AX), Y12, Y5
	VPTEST Y4, Y5
	JNE  asked
	ADDQ $32, AX
	CMPQ AX, R8
	JLT  search
	MOVQ name-48(SP), R15
	JMP  take

asked:
	MOVL $1, BX
	JMP  done

// The bytes that quoteVector looks for.
DATA double<>+0(SB)/8, $0x2222222222222222
GLOBL double<>(SB), RODATA|NOPTR, $8
DATA single<>+0(SB)/8, $0x2727272727272727
GLOBL single<>(SB), RODATA|NOPTR, $8
DATA brace<>+0(SB)/8, $0x7b7b7b7b7b7b7b7b
GLOBL brace<>(SB), RODATA|NOPTR, $8

// func quoteVector(text *byte, n int) int
TEXT ·quoteVector(SB), NOSPLIT, $0-24
	MOVQ text+0(FP), SI
	MOVQ n+8(FP), CX
	XORL AX, AX
	VPBROADCASTQ double<>(SB), Y1
	VPBROADCASTQ single<>(SB), Y2
	VPBROADCASTQ brace<>(SB), Y3

next:
	VMOVDQU (SI)(AX*1), Y0
	VPCMPEQB Y0, Y1, Y4
	VPCMPEQB Y0, Y2, Y5
	VPCMPEQB Y0, Y3, Y0
	VPOR Y4, Y5, Y4
	VPOR Y0, Y4, Y4
	VPMOVMSKB Y4, BX
	TESTL BX, BX
	JNZ  found
	ADDQ $32, AX
	CMPQ AX, CX
	JLT  next
	MOVQ CX, AX
	JMP  out

found:
	TZCNTL BX, BX
	ADDQ BX, AX

out:
	VZEROUPPER
	MOVQ AX, ret+16(FP)
	RET
