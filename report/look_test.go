package report

import (
	"math"
	"strconv"
	"testing"
)

// TestPalettes: what says something can be read on its background, by the contrast ratio of
// WCAG 2; lines of tables are seen.
func TestPalettes(t *testing.T) {
	black, nearBlack, white := [3]int{}, [3]int{0x1E, 0x1E, 0x1E}, [3]int{255, 255, 255}
	for on, test := range map[Background]struct {
		behind [][3]int
		least  float64
	}{
		UnknownBackground: {[][3]int{black, nearBlack, white}, 3},
		DarkBackground:    {[][3]int{black, nearBlack}, 4.5},
		LightBackground:   {[][3]int{white}, 4.5},
	} {
		p := palettes[on]
		for _, behind := range test.behind {
			for _, number := range append([]string{p.label, p.bad, p.good}, p.levels[:]...) {
				if c := contrast(xterm(t, number), behind); c < test.least {
					t.Errorf("background %v: colour %s has a contrast of %.1f on %v, want %v", on, number, c, behind, test.least)
				}
			}
			if c := contrast(xterm(t, p.frame), behind); c < 1.5 {
				t.Errorf("background %v: lines have a contrast of %.1f on %v", on, c, behind)
			}
		}
	}
	if len(palettes) != 3 {
		t.Errorf("%d palettes", len(palettes))
	}
}

// xterm returns red, green and blue of a colour of the cube or of the greys.
func xterm(t *testing.T, number string) [3]int {
	n, err := strconv.Atoi(number)
	if err != nil || n < 16 || n > 255 {
		t.Fatalf("colour %q", number) // the first 16 are whatever the user chose
	}
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return [3]int{grey, grey, grey}
	}
	step := func(k int) int {
		if k == 0 {
			return 0
		}
		return 55 + 40*k
	}
	n -= 16
	return [3]int{step(n / 36), step(n / 6 % 6), step(n % 6)}
}

func contrast(a, b [3]int) float64 {
	high, low := luminance(a), luminance(b)
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}

func luminance(rgb [3]int) float64 {
	sum := 0.0
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		v := float64(rgb[i]) / 255
		if v <= 0.03928 {
			sum += weight * v / 12.92
		} else {
			sum += weight * math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return sum
}
