//go:build unix

package main

import "math/rand/v2"

// host is the processes of one Linux host: they are numbered in the order in which they
// start, each is started by one that lives, and they do several things before they end.
type host struct {
	next     int // pid
	services []*process
	short    []*process // that live for a while, the oldest at oldest
	oldest   int
	shell    *process // of the session at hand, from which the hits come
	tool     *process // that the shell started last
}

type process struct {
	pid    int
	parent *process // nil for the first
	name   string
	ended  bool
}

const (
	// firstPID is about where the pids of a host are when its services run, and lastPID what
	// the kernel counts to on 64 bits with systemd.
	firstPID = 400
	lastPID  = 4194304 - 1
	// Services live as long as the log, other processes until so many more were started.
	services  = 40
	shortLife = 300
	// sessionHits is how many hits come from one session of a person.
	sessionHits = 25
)

func newHost() *host {
	h := &host{next: firstPID, short: make([]*process, shortLife)}
	first := &process{pid: 1, name: "systemd"}
	h.services = append(h.services, first)
	for i := range services - 1 {
		h.services = append(h.services, h.fork(first, programs[i%len(programs)]))
	}
	return h
}

// fork starts a process.
func (h *host) fork(parent *process, name string) *process {
	p := &process{pid: h.next, parent: parent, name: name}
	if h.next++; h.next > lastPID {
		h.next = firstPID
	}
	return p
}

// ppid is the pid of the parent, or of the first process, which takes over those whose
// parents have ended.
func (p *process) ppid() int {
	switch {
	case p.parent == nil:
		return 0
	case p.parent.ended:
		return 1
	}
	return p.parent.pid
}

// live returns a process that lives: every other time a service.
func (h *host) live(r *rand.Rand) *process {
	if p := h.short[r.IntN(shortLife)]; p != nil && r.IntN(2) == 0 {
		return p
	}
	return h.services[r.IntN(services)]
}

// start starts a process, and ends an old one.
func (h *host) start(parent *process, name string) *process {
	p := h.fork(parent, name)
	if old := h.short[h.oldest]; old != nil {
		old.ended = true
	}
	h.short[h.oldest] = p
	h.oldest = (h.oldest + 1) % shortLife
	return p
}

// exec is who executes a program in event n: anybody or, ahead of a hit, the shell of a
// session, a tool. Ahead of a session's first, its login is.
func (h *host) exec(r *rand.Rand, n int) *process {
	const login = 9 // events: three executions
	next := (n/hitEvery)*hitEvery + hitEvery/2 - n
	first := n/hitEvery%sessionHits == 0
	switch {
	case first && next > login-3 && next <= login:
		h.shell = h.fork(h.services[2], "sshd") // which is one too
		return h.shell
	case first && next > login-6 && next <= login-3:
		h.shell = h.fork(h.shell, "bash")
		return h.shell
	case next > 0 && next <= 3:
		h.tool = h.start(h.shell, "curl")
		return h.tool
	}
	return h.start(h.live(r), programs[r.IntN(len(programs))])
}

// connect is who connects in an event.
func (h *host) connect(r *rand.Rand, hit bool) *process {
	if !hit {
		return h.live(r)
	}
	if h.tool == nil { // in a log of nothing but connects
		h.shell = h.fork(h.services[0], "bash")
		h.tool = h.fork(h.shell, "curl")
	}
	return h.tool
}
