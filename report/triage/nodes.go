package triage

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"kscan/rule/eql"
)

// Nodes are the nodes of a cluster, by address and by the addresses of their pods.
type Nodes struct {
	addresses map[netip.Addr]string
	byName    map[string][]netip.Addr
	pods      []podRange
}

type podRange struct {
	prefix netip.Prefix
	node   string
}

// maxNodes is how many addresses and ranges are taken: the largest clusters that
// Kubernetes supports have 5,000 nodes.
const maxNodes = 100_000

// ParseNodes reads the nodes of a cluster: what "kubectl get nodes -o json" prints, or
// lines of a name, an address and perhaps the CIDR of the node's pods, with blanks or
// commas between them. "#" starts a comment. The error names the line.
func ParseNodes(data []byte) (*Nodes, error) {
	n := &Nodes{addresses: map[netip.Addr]string{}, byName: map[string][]netip.Addr{}}
	var err error
	if text := strings.TrimSpace(string(data)); strings.HasPrefix(text, "{") {
		err = n.parseJSON([]byte(text))
	} else {
		err = n.parseLines(text)
	}
	if err != nil {
		return nil, err
	}
	if len(n.addresses) == 0 {
		return nil, fmt.Errorf("no node with an address")
	}
	return n, nil
}

func (n *Nodes) parseJSON(data []byte) error {
	type node struct {
		Metadata struct{ Name string }
		Spec     struct {
			PodCIDR  string
			PodCIDRs []string
		}
		Status struct {
			Addresses []struct{ Type, Address string }
		}
	}
	var list struct {
		node
		Items []node
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("not the output of kubectl get nodes -o json: %w", err)
	}
	for _, item := range append(list.Items, list.node) {
		for _, a := range item.Status.Addresses {
			if strings.HasSuffix(a.Type, "IP") {
				if err := n.add(item.Metadata.Name, a.Address); err != nil {
					return fmt.Errorf("node %s: %w", item.Metadata.Name, err)
				}
			}
		}
		for _, cidr := range append(item.Spec.PodCIDRs, item.Spec.PodCIDR) {
			if err := n.addPods(item.Metadata.Name, cidr); err != nil {
				return fmt.Errorf("node %s: %w", item.Metadata.Name, err)
			}
		}
	}
	return nil
}

func (n *Nodes) parseLines(text string) error {
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' })
		if len(words) == 0 {
			continue
		}
		if len(words) < 2 {
			return fmt.Errorf("line %d: want a name, an address and perhaps the CIDR of the pods", i+1)
		}
		for _, word := range words[1:] {
			var err error
			if strings.Contains(word, "/") {
				err = n.addPods(words[0], word)
			} else {
				err = n.add(words[0], word)
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
		}
	}
	return nil
}

// literals returns the addresses of a node, for a hit whose event does not say them.
func (n *Nodes) literals(name string) (list []eql.Expr) {
	if n == nil || name == "" {
		return nil
	}
	for _, addr := range n.byName[name] {
		if len(list) < maxParamValues {
			list = append(list, &eql.String{Value: addr.String()})
		}
	}
	return list
}

func (n *Nodes) add(name, text string) error {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return fmt.Errorf("%q is no address", text)
	}
	if len(n.addresses) >= maxNodes {
		return fmt.Errorf("more than %d addresses", maxNodes)
	}
	addr = addr.Unmap().WithZone("")
	n.addresses[addr] = name
	n.byName[name] = append(n.byName[name], addr)
	return nil
}

func (n *Nodes) addPods(name, text string) error {
	if text == "" {
		return nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is no CIDR of pods", text)
	}
	if len(n.pods) >= maxNodes {
		return fmt.Errorf("more than %d CIDRs", maxNodes)
	}
	n.pods = append(n.pods, podRange{prefix, name})
	return nil
}
