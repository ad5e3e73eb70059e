//go:build !amd64 && !arm64

package prefilter

// hasVector: there is no vector code for this processor, so Scan is the plain form.
const hasVector = false

func scanVector(*byte, int, *[2 * window][16]byte, *uint64, *uint64) int {
	panic("no vector code for this processor")
}

func sharpVector(*byte, int, *sharp, *uint64, *uint64) int {
	panic("no vector code for this processor")
}

func markVector(*byte, int, *Mark) { panic("no vector code for this processor") }
