//go:build !amd64

package prefilter

func places(list []int32, words []uint64) int { return placesPlain(list, words) }
