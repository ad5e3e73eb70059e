package report

import (
	"bytes"
	"fmt"
	"testing"
)

func TestCoverageGolden(t *testing.T) {
	for name, c := range cases(t) {
		for _, width := range []int{80, 100, 160} {
			var b bytes.Buffer
			if err := Coverage(&b, c, TerminalOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("coverage.%s.%d.txt", name, width), b.Bytes())
			checkPlain(t, b.String(), width)
		}
	}
}
