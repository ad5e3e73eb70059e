//go:build unix

package readers

import "syscall"

// readFile reads a file into p and reports whether that is all of it. It takes four system
// calls, which for small files is most of the work: os.Open needs five more.
func readFile(path string, p []byte) (n int, all bool) {
	var fd int
	// Not to wait for a writer, if a pipe has come in the place of the file.
	const flags = syscall.O_RDONLY | syscall.O_CLOEXEC | syscall.O_NONBLOCK
	if err := again(func() (err error) { fd, err = syscall.Open(path, flags, 0); return err }); err != nil {
		return 0, false
	}
	defer syscall.Close(fd)
	for n < len(p) {
		var m int
		if err := again(func() (err error) { m, err = syscall.Read(fd, p[n:]); return err }); err != nil {
			return n, false
		}
		if m == 0 {
			return n, true
		}
		n += m
	}
	return n, false
}

// again makes a system call until no signal interrupts it.
func again(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}
