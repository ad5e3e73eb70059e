package prefilter

import "math/bits"

// shape is what bytes the windows of a bucket's literals have, place by place.
type shape [window]halves

// halves are the low and the high halves of some bytes, a bit for each.
type halves [2]uint16

// anyHalf is the half of any byte.
const anyHalf = 1<<16 - 1

func shapeOf(text string, fold bool) (s shape) {
	for j := range window {
		if j >= len(text) {
			s[j] = halves{anyHalf, anyHalf} // places past its end fit every byte
			continue
		}
		c := text[j]
		s[j] = halves{1 << (c & 15), 1 << (c >> 4)}
		if lower := c | 0x20; fold && lower >= 'a' && lower <= 'z' {
			s[j][1] |= 1 << (c>>4 ^ 2) // the other case differs in one bit of the high half
		}
	}
	return s
}

func (s *shape) union(o *shape) (u shape) {
	for j := range s {
		u[j] = halves{s[j][0] | o[j][0], s[j][1] | o[j][1]}
	}
	return u
}

// chance is about how often the shape fits the text of logs.
func (s *shape) chance(shares *[16][16]float64) float64 {
	chance := 1.0
	for j := range s {
		sum := 0.0
		for high := s[j][1]; high != 0; high &= high - 1 {
			row := &shares[bits.TrailingZeros16(high)]
			for low := s[j][0]; low != 0; low &= low - 1 {
				sum += row[bits.TrailingZeros16(low)]
			}
		}
		chance *= sum
	}
	return chance
}

// shares is about how often logs have each byte, by its high and its low half.
func shares() (shares [16][16]float64) {
	for c := range 256 {
		share := 1.0
		switch r := rarity(byte(c)); {
		case c == '"':
			share = 100
		case r < 2:
			share = 40
		case r == 2:
			share = 15
		}
		const total = 40*18 + 15*26 + 100 + 200
		shares[c>>4][c&15] = share / total
	}
	return shares
}

// bucketsOf puts shapes into buckets and returns the bucket of each: those are together that
// blur each other least.
func bucketsOf(shapes []shape, texts *texts) []int {
	of := make([]int, len(shapes))
	b := bucketing{texts: texts}
	for i := range shapes {
		of[i] = i
		b.add(shapes[i])
	}
	for n := len(shapes); n > buckets; n-- {
		keep, drop := b.closest()
		b.join(keep, drop)
		for i := range of {
			if of[i] == drop {
				of[i] = keep
			}
		}
	}
	numbers := map[int]int{}
	for i := range of {
		if _, known := numbers[of[i]]; !known {
			numbers[of[i]] = len(numbers)
		}
		of[i] = numbers[of[i]]
	}
	return of
}

// bucketing is the state of bucketsOf.
type bucketing struct {
	texts  *texts
	shapes []shape
	chance []float64   // of each shape; -1 for one that was put into another
	cost   [][]float64 // of putting a shape and one before it together
}

func (b *bucketing) add(s shape) {
	b.shapes = append(b.shapes, s)
	b.chance = append(b.chance, b.texts.chance(&s))
	b.cost = append(b.cost, make([]float64, len(b.shapes)-1))
	for i := range len(b.shapes) - 1 {
		b.update(len(b.shapes)-1, i)
	}
}

func (b *bucketing) update(i, j int) {
	i, j = max(i, j), min(i, j)
	both := b.shapes[i].union(&b.shapes[j])
	b.cost[i][j] = b.texts.chance(&both) - b.chance[i] - b.chance[j]
}

// closest returns the two shapes that cost least to put together.
func (b *bucketing) closest() (keep, drop int) {
	keep, drop = -1, -1
	for i := range b.cost {
		for j, cost := range b.cost[i] {
			if b.chance[i] >= 0 && b.chance[j] >= 0 && (keep < 0 || cost < b.cost[drop][keep]) {
				keep, drop = j, i
			}
		}
	}
	return keep, drop
}

func (b *bucketing) join(keep, drop int) {
	b.shapes[keep] = b.shapes[keep].union(&b.shapes[drop])
	b.chance[keep], b.chance[drop] = b.texts.chance(&b.shapes[keep]), -1
	for i := range b.shapes {
		if i != keep && b.chance[i] >= 0 {
			b.update(i, keep)
		}
	}
}
