package prefilter

// placesVector is Places in instructions that came with AVX2. Two places are written for each
// word, whether they are there or not: a loop over the bits would be left by surprise at each
// word.
//
//go:noescape
func placesVector(list *int32, words *uint64, n int) int

func places(list []int32, words []uint64) int {
	if !hasVector {
		return placesPlain(list, words)
	}
	return placesVector(&list[0], &words[0], len(words))
}
