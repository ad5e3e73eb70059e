package triage

import (
	"net/netip"
	"slices"

	"kscan/readers/event"
)

// Owner says whose an address is. It is part of the JSON output.
type Owner string

// The owners.
const (
	OwnerLoopback  Owner = "loopback"   // the node itself, or the pod if it has a network of its own
	OwnerSelf      Owner = "this_host"  // an address of the host of the hit
	OwnerNode      Owner = "node"       // a node of --nodes
	OwnerHost      Owner = "other_host" // another host's, by its own events
	OwnerPod       Owner = "pod"        // in the range of a node's pods
	OwnerLinkLocal Owner = "link_local"
	OwnerPublic    Owner = "public"
	OwnerUnknown   Owner = "unknown"
)

// Destination is an address that a group reached, and whose it is.
type Destination struct {
	Address string
	Ports   []string
	Count   int64
	Owner   Owner
	Name    string // of the node or host, "" if it has none
	// Source is the event that says so; nil if --nodes or the address itself does.
	Source *event.Evidence
}

// sweepAddresses is from how many addresses on a process is said to sweep.
const sweepAddresses = 3

// hostAddress is the host that says that an address is its own.
type hostAddress struct {
	host     hostKey
	evidence event.Evidence
}

// destinations says whose the addresses are that a group reached.
func (g *Group) destinations(n *Nodes, known map[netip.Addr]hostAddress) (list []*Destination) {
	for _, t := range g.Targets {
		i := slices.IndexFunc(list, func(d *Destination) bool { return d.Address == t.Address })
		if i < 0 {
			i = len(list)
			list = append(list, g.destination(t.Address, n, known))
		}
		list[i].Count += t.Count
		list[i].Ports = appendNew(list[i].Ports, []string{t.Port}, maxSeen)
	}
	return list
}

func (g *Group) destination(address string, n *Nodes, known map[netip.Addr]hostAddress) *Destination {
	d := &Destination{Address: address, Owner: OwnerUnknown}
	addr, ok := event.ParseIP([]byte(address))
	if !ok {
		return d
	}
	own, said := known[addr]
	node, listed := "", false
	if n != nil {
		node, listed = n.addresses[addr]
	}
	switch {
	case addr.IsLoopback():
		d.Owner = OwnerLoopback
	case g.addresses[addr]:
		d.Owner, d.Name = OwnerSelf, g.Key.Host
	case listed && node == g.Key.Host:
		d.Owner, d.Name = OwnerSelf, node
	case listed:
		d.Owner, d.Name = OwnerNode, node
	case said && own.host == (hostKey{name: g.Key.Host}):
		d.Owner, d.Name, d.Source = OwnerSelf, g.Key.Host, &own.evidence
	case said:
		d.Owner, d.Name, d.Source = OwnerHost, own.host.String(), &own.evidence
	case n.pod(addr) != "":
		d.Owner, d.Name = OwnerPod, n.pod(addr)
	case addr.IsLinkLocalUnicast():
		d.Owner = OwnerLinkLocal
	case !addr.IsPrivate() && !sharedRange.Contains(addr):
		d.Owner = OwnerPublic
	}
	return d
}

// sharedRange is that of carriers, which clusters use as well (RFC 6598).
var sharedRange = netip.MustParsePrefix("100.64.0.0/10")

// pod returns the node whose pods have the address, "" if it is none's.
func (n *Nodes) pod(addr netip.Addr) string {
	if n == nil {
		return ""
	}
	for _, p := range n.pods {
		if p.prefix.Contains(addr) {
			return p.node
		}
	}
	return ""
}

// maxHostAddresses is how many addresses of a group's host are kept.
const maxHostAddresses = 64

// addAddresses keeps the addresses that a finding's host says are its own.
func (g *Group) addAddresses(d *documents) {
	for _, v := range d.values("host.ip") {
		if addr, ok := event.ParseIP([]byte(string(v.Text))); ok && len(g.addresses) < maxHostAddresses && !addr.IsLoopback() {
			if g.addresses == nil {
				g.addresses = map[netip.Addr]bool{}
			}
			g.addresses[addr] = true
		}
	}
}
