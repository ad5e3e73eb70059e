package auditd

import (
	"strings"
	"testing"
)

// usualBody is an address that nobody looks for.
const usualBody = ": saddr=020000160A00002A0000000000000000"

// usualBodies are addresses of the usual families.
var usualBodies = []string{
	usualBody, ": saddr=020000160A00002A", ": saddr=0100", ": saddr=01002F7661722F72756E2F6E7363642F736F636B657400",
	": saddr=0A0000160000000020010DB800000000000000000000000100000000", ": saddr=100000000000000000000000",
}

// changedBodies are bodies of SOCKADDR records that differ little from the usual ones.
func changedBodies() (bodies []string) {
	const front = len(": saddr=")
	for i, body := range usualBodies {
		digits := body[front:]
		bodies = append(bodies, ":  saddr="+digits, body+" ", body+" saddr=0200", body+"00", ": saddr="+digits[1:], ": saddr=0002"+digits[4:],
			": saddr=0A00"+digits[4:], ": saddr=1100"+digits[4:], ": saddr="+strings.ToLower(digits), ": saddr=", "", ": laddr="+digits)
		for i := range digits {
			bodies = append(bodies, body[:front+i])
			for _, c := range "/09:@AFGaf`g\x01~" {
				bodies = append(bodies, body[:front+i]+string(c)+body[front+i+1:])
			}
		}
		enriched := body + "\x1dSADDR={ saddr_fam=" + []string{"inet laddr=10.0.0.42 lport=22", "inet laddr=101.102.103.104 lport=10105",
			"local path=/run/systemd/journal", "local path=/var/run/nscd/socket", "inet6 laddr=2001:db8::1 lport=53", "netlink nlnk-fam=16 nlnk-pid=0"}[i] + " }"
		for i := len(body); i <= len(enriched); i++ {
			bodies = append(bodies, enriched[:i], enriched[:i]+strings.Repeat(" ", 32))
			for _, other := range []string{" saddr=02", "saddr=", "} saddr="} { // a second address, or in braces none
				bodies = append(bodies, enriched[:i]+other, enriched[:i]+other+enriched[i:], enriched[:i]+other+enriched[i:]+strings.Repeat(" ", 32),
					enriched[:i]+other+enriched[min(i+len(other), len(enriched)):])
			}
		}
	}
	return bodies
}

// TestUsualAddress holds that no usual address is short, and that what the kernel and auditd
// write is usual.
func TestUsualAddress(t *testing.T) {
	for _, body := range usualBodies {
		if !isUsualAddress([]byte(body)) {
			t.Errorf("%q is not usual", body)
		}
	}
	usual := 0
	for _, body := range changedBodies() {
		if isUsualAddress([]byte(body)) {
			usual++
			if isShort([]byte(strings.TrimPrefix(body, ": "))) {
				t.Errorf("%q is usual, and short", body)
			}
		}
	}
	if usual < 500 {
		t.Errorf("%d are usual", usual)
	}
}
