package triage

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kscan/readers/event"
)

// Remedy is what a group and its evidence say about what to do: the answer of the
// analysis of that name.
type Remedy struct {
	Hosts           []string
	Workloads       []string // pods and containers that the hits and the evidence name
	ServiceAccounts []string // that were used, as NAMESPACE/NAME
	// Nodes are those whose kubelet was reached: their pods' credentials may be known.
	Nodes       []string
	Credentials []Credential // that were touched: to be replaced
	// Policy is a NetworkPolicy that cuts the workload off from the ports that were
	// reached, as YAML, to be read before it is applied.
	Policy string
}

// Credential is one that the evidence shows being touched.
type Credential struct {
	What     string
	Evidence event.Evidence
}

// maxConcerned is how many of each kind a response names.
const maxConcerned = 32

// credentialMarks are texts in arguments and paths, with what they stand for.
var credentialMarks = [...]struct{ mark, what string }{
	{"/serviceaccount/token", "the service account token of the pod"},
	{"/var/lib/kubelet/pki/", "the kubelet's client certificate"},
	{"/etc/kubernetes/pki/", "the cluster's keys in /etc/kubernetes/pki"},
	{"/etc/kubernetes/admin.conf", "the administrator's kubeconfig"},
	{"/etc/kubernetes/", "the kubeconfig of a node's component"},
	{"/var/lib/kubelet/kubeconfig", "the kubelet's kubeconfig"},
	{".kube/config", "a user's kubeconfig"},
	{"kubeconfig", "a kubeconfig"},
	{"169.254.169.254", "the cloud role of the instance"},
	{"fd00:ec2::254", "the cloud role of the instance"},
}

// workloadFields name the pod or container of a hit.
var workloadFields = [...]string{
	"orchestrator.namespace", "orchestrator.resource.name", "kubernetes.namespace", "kubernetes.pod.name",
	"container.name", "container.id",
}

// response says what is concerned. The policy closes all ports that the rule's groups
// reached: one is no less open than the other.
func (g *Group) response(ports []string) *Remedy {
	r := &Remedy{}
	if g.Key.Host != "" {
		r.Hosts = []string{g.Key.Host}
	}
	namespace := g.seen("orchestrator.namespace", "kubernetes.namespace")
	pod := g.seen("orchestrator.resource.name", "kubernetes.pod.name")
	for _, name := range pod {
		r.Workloads = append(r.Workloads, "pod "+join("/", first(namespace), name))
	}
	for _, name := range append(g.seen("container.name"), g.seen("container.id")...) {
		r.Workloads = append(r.Workloads, "container "+name)
	}
	for i := range g.Steps {
		for _, d := range g.Steps[i].Destinations {
			if d.Name != "" && (d.Owner == OwnerNode || d.Owner == OwnerHost || d.Owner == OwnerSelf) {
				r.Nodes = appendNew(r.Nodes, []string{d.Name}, maxConcerned)
			}
		}
		for j := range g.Steps[i].Lookups {
			for _, e := range g.Steps[i].Lookups[j].Events {
				r.learn(e)
			}
		}
	}
	r.Policy = networkPolicy(first(namespace), first(pod), ports)
	return r
}

// seen returns the values of the first of the fields that has any.
func (g *Group) seen(fields ...string) []string {
	for _, field := range fields {
		if v := g.values[field]; v != nil {
			return slices.Clone(v.Seen)
		}
	}
	return nil
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// KubernetesPrefix is what Elastic's Kubernetes integration puts before the fields of an
// audit event of the API.
const KubernetesPrefix = "kubernetes.audit."

// kubeletPath is a request to a kubelet that reaches into a container: /run/NAMESPACE/POD.
var kubeletPath = regexp.MustCompile(`:1025\d/(?:run|exec|attach|portForward|containerLogs)/([\w.-]+)/([\w.-]+)`)

// learn takes from a found event what it says of credentials, accounts and pods.
func (r *Remedy) learn(e *FoundEvent) {
	values := map[string]string{}
	for _, a := range e.Values {
		values[strings.TrimPrefix(a.Field, KubernetesPrefix)] = first(a.Seen)
	}
	account, isAccount := strings.CutPrefix(values["user.username"], "system:serviceaccount:")
	if isAccount {
		r.ServiceAccounts = appendNew(r.ServiceAccounts, []string{strings.Replace(account, ":", "/", 1)}, maxConcerned)
	}
	resource, status := values["objectRef.resource"], values["responseStatus.code"]
	granted := strings.HasPrefix(status, "1") || strings.HasPrefix(status, "2")
	where := "all namespaces"
	if ns := values["objectRef.namespace"]; ns != "" {
		where = "namespace " + ns
	}
	switch {
	case resource == "secrets" && granted:
		r.touched("the secrets in "+where+", read by "+values["user.username"], e)
	case resource == "pods" && values["objectRef.subresource"] != "" && granted:
		r.Workloads = appendNew(r.Workloads, []string{"pod " + join("/", values["objectRef.namespace"], values["objectRef.name"])}, maxConcerned)
	case values["objectRef.subresource"] == "token" && granted:
		r.touched("a new token of service account "+join("/", values["objectRef.namespace"], values["objectRef.name"]), e)
	}
	for _, m := range kubeletPath.FindAllStringSubmatch(values["process.args"], maxConcerned) {
		r.Workloads = appendNew(r.Workloads, []string{"pod " + m[1] + "/" + m[2] + ", through the kubelet"}, maxConcerned)
	}
	for _, field := range []string{"process.args", "process.command_line", "file.path", "destination.ip"} {
		rest := values[field]
		for _, m := range credentialMarks {
			if strings.Contains(rest, m.mark) {
				rest = strings.ReplaceAll(rest, m.mark, " ")
				r.touched(join(" on ", m.what, e.Host), e)
			}
		}
	}
}

func (r *Remedy) touched(what string, e *FoundEvent) {
	if len(r.Credentials) < maxConcerned && !slices.ContainsFunc(r.Credentials, func(c Credential) bool { return c.What == what }) {
		r.Credentials = append(r.Credentials, Credential{what, e.Evidence})
	}
}

// isLabel reports whether a name in Kubernetes may be so (RFC 1123). What may not is not put
// into the policy: it comes from a log.
func isLabel(name string) bool {
	const maxLabel = 253
	return name != "" && len(name) <= maxLabel && strings.Trim(name, ".-") == name &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// networkPolicy returns a policy that leaves a workload all egress but to the closed
// ports. Policies name what is allowed, so the ports between them are listed.
func networkPolicy(namespace, pod string, closed []string) string {
	var ports []int
	for _, port := range closed {
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 65536 && !slices.Contains(ports, n) {
			ports = append(ports, n)
		}
	}
	if len(ports) == 0 {
		return ""
	}
	slices.Sort(ports)
	var b strings.Builder
	b.WriteString("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: deny-egress-to-kubelets\n")
	if isLabel(namespace) {
		fmt.Fprintf(&b, "  namespace: %s\n", namespace)
	} else {
		b.WriteString("  namespace: NAMESPACE # fill in: these logs do not name it\n")
	}
	b.WriteString("spec:\n  podSelector:\n    matchLabels:\n")
	if isLabel(pod) {
		fmt.Fprintf(&b, "      app: WORKLOAD # fill in: the labels of pod %s\n", pod)
	} else {
		b.WriteString("      app: WORKLOAD # fill in: the labels of the workload's pods\n")
	}
	b.WriteString("  policyTypes: [Egress]\n  egress:\n  - ports: # all")
	for _, port := range ports {
		fmt.Fprintf(&b, ", not TCP %d", port)
	}
	b.WriteByte('\n')
	from := 1
	for _, port := range append(ports, 65536) {
		if from < port {
			fmt.Fprintf(&b, "    - {protocol: TCP, port: %d, endPort: %d}\n", from, port-1)
		}
		from = port + 1
	}
	b.WriteString("    - {protocol: UDP, port: 1, endPort: 65535}\n    - {protocol: SCTP, port: 1, endPort: 65535}\n")
	return b.String()
}
