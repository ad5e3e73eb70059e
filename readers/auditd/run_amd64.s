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
// ": saddr=" and "0200", the first byte lowest.
DATA saddr<>+0(SB)/8, $0x3d7264646173203a
GLOBL saddr<>(SB), RODATA|NOPTR, $8
#define FAMILY $0x30303230
// enrichedAddress, whose last eight bytes start at ENRICHEDLAST.
DATA enriched<>+0(SB)/8, $"\x1dSADDR={"
DATA enriched<>+8(SB)/8, $" saddr_f"
DATA enriched<>+16(SB)/8, $"am=inet "
DATA enriched<>+24(SB)/6, $"laddr="
GLOBL enriched<>(SB), RODATA|NOPTR, $30
#define ENRICHEDLAST 22
DATA s<>+0(SB)/8, $"ssssssss"
GLOBL s<>(SB), RODATA|NOPTR, $8

// func runVector(r *runArgs)
//
// SI text, DI ends, CX lines, DX names, R8 start, R9 base, R10 until, R11 brings, R12 the
// factor that spreads the names, R13 the id, R14 its masks; Y0 to Y3 node and id, each with
// its mask. The id is read where it stands: what was written just before in smaller parts
// would be late.
TEXT ·runVector(SB), NOSPLIT, $24-8
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
	MOVQ known_until(BX), R10
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

line:
	CMPQ R8, R10
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
	ADDQ idSize-8(SP), AX
	MOVLQSX (DI), R8
	ADDQ R9, R8
	ADDQ SI, R8
	SUBQ AX, R8
	SUBQ $(8+const_usualAddressDigits), R8
	JLT  asked
	MOVQ (AX), BX
	CMPQ BX, saddr<>(SB)
	JNE  asked
	CMPL 8(AX), FAMILY
	JNE  asked
	VMOVDQU 8(AX), Y4
	VPSUBB Y6, Y4, Y5
	VPSUBB Y8, Y4, Y4
	VPMINUB Y7, Y5, Y10
	VPCMPEQB Y10, Y5, Y5
	VPMINUB Y9, Y4, Y10
	VPCMPEQB Y10, Y4, Y4
	VPOR Y4, Y5, Y5
	VPMOVMSKB Y5, BX
	CMPL BX, $-1
	JNE  asked
	TESTQ R8, R8
	JEQ  take

	// R8 bytes more. The last 32 have the text behind enrichedAddress, and of that no s.
	ADDQ $(8+const_usualAddressDigits), AX
	LEAQ -const_leastEnriched(R8), BX
	CMPQ BX, $(const_mostEnriched-const_leastEnriched)
	JHI  asked
	MOVQ 0(AX), BX
	CMPQ BX, enriched<>+0(SB)
	JNE  asked
	MOVQ 8(AX), BX
	CMPQ BX, enriched<>+8(SB)
	JNE  asked
	MOVQ 16(AX), BX
	CMPQ BX, enriched<>+16(SB)
	JNE  asked
	MOVQ ENRICHEDLAST(AX), BX
	CMPQ BX, enriched<>+ENRICHEDLAST(SB)
	JNE  asked
	VMOVDQU -32(AX)(R8*1), Y4
	VPCMPEQB Y11, Y4, Y4
	VPTEST Y4, Y4
	JEQ  take

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
