package rule

import (
	"regexp"
	"strings"
)

// Scope says whether the rule's index patterns cover an index or data stream. It is not
// known when the document names none ("") or the rule has no patterns.
//
// The name is one that an export gives: an index, a data stream, or an index behind
// one (".ds-logs-x-default-2026.01.01-000001", with the prefixes that mounting a
// snapshot or shrinking adds). A name or pattern of one cluster only is compared
// without its cluster: who ran the rule from where is not known, and what may be in
// scope must not be called out of it.
func (r *Rule) Scope(index string) (known, in bool) {
	if index == "" || len(r.Index) == 0 {
		return false, false
	}
	cluster, name, remote := strings.Cut(index, ":")
	if !remote {
		cluster, name = "", index
	}
	names := indexNames(name)
	views := []view{{names: names}}
	if remote {
		views = append(views, view{names: names, remote: true, cluster: cluster})
	} else {
		views = append(views, view{names: names, remote: true, anyCluster: true})
	}
	for _, v := range views {
		if v.searched(r.Index) {
			return true, true
		}
	}
	return true, false
}

// view is an index as one cluster sees it: its own, or another's.
type view struct {
	names      []string // the name and what it stands for
	remote     bool
	cluster    string
	anyCluster bool
}

// searched reports whether a list of patterns covers the index. A pattern that starts
// with "-" takes away from those before it.
func (v view) searched(patterns []string) bool {
	in := false
	for _, list := range patterns {
		for pattern := range strings.SplitSeq(list, ",") {
			pattern = strings.TrimSpace(pattern)
			rest, exclude := strings.CutPrefix(pattern, "-")
			if in == exclude && v.matches(rest) {
				in = !exclude
			}
		}
	}
	return in
}

func (v view) matches(pattern string) bool {
	cluster, name, remote := strings.Cut(pattern, ":")
	if !remote {
		name = pattern
	}
	if remote != v.remote || remote && !v.anyCluster && !wildcard(cluster, v.cluster) {
		return false
	}
	for _, n := range v.names {
		if wildcard(name, n) {
			return true
		}
	}
	return false
}

// indexPrefix matches what Elasticsearch puts before the name of an index when it is
// mounted from a snapshot, shrunk or downsampled. The new index takes the old one's
// place in its data stream or alias.
var indexPrefix = regexp.MustCompile(`^(?:partial-|restored-|shrink-[A-Za-z0-9_-]{4}-|downsample-[0-9]+[a-z]+-)`)

// backingIndex matches an index behind a data stream: name, date and generation.
var backingIndex = regexp.MustCompile(`^\.ds-(.+)-\d{4}\.\d{2}\.\d{2}-\d{6,}$`)

// indexNames returns the names by which an index can be searched: its own, those
// without prefixes, and its data stream.
func indexNames(index string) []string {
	names := []string{index}
	for {
		prefix := indexPrefix.FindString(index)
		if prefix == "" {
			break
		}
		index = index[len(prefix):]
		names = append(names, index)
	}
	if m := backingIndex.FindStringSubmatch(index); m != nil {
		names = append(names, m[1])
	}
	return names
}

// wildcard reports whether the whole of s matches a pattern in which * stands for any
// characters.
func wildcard(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], after
	}
}
