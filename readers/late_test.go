package readers

import (
	"strings"
	"testing"
)

func TestAuditRecordsThatComeLate(t *testing.T) {
	other := strings.Repeat("Nov 23 10:00:00 web-1 sshd[7]: Connection closed\n", 20_000)
	record := "Nov 23 10:00:01 web-1 kernel: audit: type=1300 audit(1700000000.123:42): arch=c000003e syscall=1 comm=\"x\"\n"
	quoted := strings.Replace(record, ":42)", ":x)", 1)
	for _, c := range []struct {
		name, text string
		want       string
	}{
		{"at the end", other + record, "event line 20001 offset 980000 "},
		{"in the middle", other + record + other, "event line 20001 offset 980000 "},
		{"without a newline", other + strings.TrimSuffix(record, "\n"), "event line 20001 offset 980000 "},
		{"behind what is none", other + quoted + other + record, "event line 40002 offset "},
		{"nowhere", other + quoted + other, "unrecognised line 0 offset -1: no format fits"},
		{"behind binary content", "\x00" + other + record, "unrecognised line 0 offset -1: no format fits"},
		{"behind white space", strings.Repeat(" \n", 50_000) + "x\n", "unrecognised line 0 offset -1: no format fits"},
	} {
		for _, data := range [][]byte{[]byte(c.text), gz(c.text), zst(c.text)} {
			got := readAll(t, Options{}, write(t, "messages", data))
			found := 0
			for _, line := range got.log {
				if strings.HasPrefix(line, c.want) {
					found++
				}
			}
			if found != 1 || len(got.log) > 3 {
				t.Errorf("%s: %.300q, want one %q", c.name, got.log, c.want)
			}
		}
	}
}

func TestHoldsRecordWhereverItStands(t *testing.T) {
	const record = "type=SYSCALL msg=audit(1700000000.123:42): a=b\n"
	border := lateLine + readSize
	for at := border - len(record) - 2; at <= border+2; at++ {
		text := strings.Repeat("x", at-border/2-1) + "\n" + strings.Repeat("y\n", border/4) + record
		if text = text[len(text)-len(record)-at:]; !holdsRecord(&layers{peeked: peek(strings.NewReader(text), -1)}) {
			t.Errorf("the record at %d is not found", at)
		}
	}
}
