package triage

import "maps"

// MaxFurther is how many further passes look for parents, after the second: as many more
// generations, of processes that began within the logs. Where their starts were noted in the
// second pass, one finds all generations.
const MaxFurther = 6

// Further returns what looks for the parents of those parents that were found last; nil if
// there are none, or nothing is known of them. The Probe keeps what is found.
func (p *Probe) Further() *Probe {
	next := newProbe()
	next.noted = p.noted
	read := blocks{}
	for _, l := range p.lookups {
		if l.starts == nil {
			continue
		}
		clear(l.starts.wanted)
		p.follow(l, read)
		if len(l.starts.wanted) > 0 {
			n := next.lookup(l.spec)
			n.starts, n.frames, n.origins = l.starts, l.frames, l.origins
		}
	}
	if len(next.lookups) == 0 {
		return nil
	}
	next.fetched = read
	next.ready()
	return next
}

// maySkip reports whether what readers tell of starts is all that the queries follow parents
// through.
func (p *Probe) maySkip() bool {
	follows := false
	for _, l := range p.lookups {
		if l.starts == nil {
			continue
		}
		if follows = true; !isStart(l.telemetry.query) {
			return false
		}
	}
	return follows
}

// follow has the parents looked for that the starts so far do not have, and adds the blocks
// that have noted ones.
func (p *Probe) follow(l *lookup, read blocks) {
	s := l.starts
	if s.whole == nil {
		s.whole, s.opened = maps.Clone(s.looked), map[hostPID]bool{}
	}
	for opened := map[hostPID]bool{}; ; clear(opened) {
		s.byPID = nil
		s.index()
		l.eachChain(func(host hostKey, chain []*start, last identity) {
			key := pidKey(host, last.parentPID)
			if len(chain) < maxAncestors && last.parentPID != "" && !s.whole[key] && !s.opened[key] {
				s.opened[key], opened[key] = true, true
			}
		})
		if len(opened) == 0 {
			break
		}
		s.noted = p.noted.rows(s.noted, opened, l.frames)
	}
	l.eachChain(func(host hostKey, chain []*start, last identity) {
		for _, n := range chain {
			p.fetch(s, n, read)
		}
		if len(chain) < maxAncestors {
			s.want(host, last.parentPID, last.parentEntity)
		}
	})
	if p.notes && p.noted.whole && len(read) == 0 {
		clear(s.wanted) // nobody has them
	}
	for i := range s.noted {
		if n := &s.noted[i]; s.wanted[pidKey(n.host, n.pid)] && p.noted.eachBlock(n, func(at blockAt) bool { return read[at] }) {
			n.row.flags |= isFetched
		}
	}
}

// eachChain calls f with the parents of each process that is followed, and the last of them.
func (l *lookup) eachChain(f func(host hostKey, chain []*start, last identity)) {
	for _, t := range l.origins {
		for _, at := range t.times() {
			chain, last := l.starts.parents(t.host, t.identity(), at)
			f(t.host, chain, last)
		}
	}
}

// fetch has the event of a start looked for of which no more is known than was noted.
func (p *Probe) fetch(s *starts, n *start, read blocks) {
	if n.row == nil {
		return
	}
	key := pidKey(n.host, n.pid)
	s.looked[key], s.wanted[key] = true, true
	p.noted.eachBlock(n, func(at blockAt) bool {
		read[at] = true
		return true
	})
}

// forget leaves the starts that were noted and not found.
func (s *starts) forget() {
	if s.noted != nil {
		s.noted, s.byPID = nil, nil
	}
}
