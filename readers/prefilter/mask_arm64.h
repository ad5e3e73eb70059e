// MASK leaves in R the 64 bits of the comparisons in four registers, which it spoils: each
// byte keeps one bit of its own, and adding neighbours three times leaves a bit for each of
// 64 places. V31 holds BITS.
#define BITS $0x8040201008040201
#define MASK(a, b, c, d, R) \
	VAND  V31.B16, a.B16, a.B16 \
	VAND  V31.B16, b.B16, b.B16 \
	VAND  V31.B16, c.B16, c.B16 \
	VAND  V31.B16, d.B16, d.B16 \
	VADDP b.B16, a.B16, a.B16   \
	VADDP d.B16, c.B16, c.B16   \
	VADDP c.B16, a.B16, a.B16   \
	VADDP a.B16, a.B16, a.B16   \
	VMOV  a.D[0], R
