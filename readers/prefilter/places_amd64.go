package prefilter

// placesVector is Places in instructions that came with AVX2.
//
//go:noescape
func placesVector(list *int32, words *uint64, n int) int

func places(list []int32, words []uint64) int {
	if !hasVector {
		return placesPlain(list, words)
	}
	return placesVector(&list[0], &words[0], len(words))
}

// linesVector is sharpVector with the newlines as placesVector lists them. It takes hardly
// longer than sharpVector alone, which waits for memory.
//
//go:noescape
func linesVector(data *byte, words int, s *sharp, lines *int32, hits *uint64) (odd, n int)

// hasLinesVector says whether this processor runs linesVector.
func hasLinesVector() bool { return hasVector }
