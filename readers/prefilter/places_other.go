//go:build !amd64

package prefilter

func places(list []int32, words []uint64) int { return placesPlain(list, words) }

func hasLinesVector() bool { return false }

func linesVector(*byte, int, *sharp, *int32, *uint64) (odd, n int) {
	panic("no vector code for this processor")
}
