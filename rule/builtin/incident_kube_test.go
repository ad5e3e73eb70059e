package builtin_test

import (
	"fmt"
	"strings"
)

// kubeAudit writes the audit log of the Kubernetes API server, level Metadata.
type kubeAudit struct {
	*evidence
	n int
}

// request is one request to the API.
type request struct {
	user, agent, from string
	verb              string
	group             string // of the API, "" for the core
	resource          string // with its subresource: "pods/exec"
	namespace, name   string
	code              int
}

func (k *kubeAudit) add(clock string, r request) {
	k.n++
	resource, subresource, _ := strings.Cut(r.resource, "/")
	version := "v1"
	uri := "/api/v1"
	if r.group != "" {
		uri = "/apis/" + r.group + "/v1"
	}
	object := doc{"resource": resource, "apiVersion": version}
	for key, value := range map[string]string{"namespace": r.namespace, "name": r.name, "subresource": subresource, "apiGroup": r.group} {
		if value != "" {
			object[key] = value
		}
	}
	if r.namespace != "" {
		uri += "/namespaces/" + r.namespace
	}
	uri += "/" + resource
	if r.name != "" {
		uri += "/" + r.name
	}
	if subresource != "" {
		uri += "/" + subresource
	}
	if subresource == "exec" {
		uri += "?command=sh&container=app&stdin=true&stdout=true"
	}
	groups := []string{"system:authenticated"}
	if account, ok := strings.CutPrefix(r.user, "system:serviceaccount:"); ok {
		namespace, _, _ := strings.Cut(account, ":")
		groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}
	}
	decision := "allow"
	if r.code == 403 {
		decision = "forbid"
	}
	t := at(clock)
	k.evidence.add("", encode(doc{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
		"auditID": fmt.Sprintf("7d1f0a3c-5b2e-4c8a-9f60-%012x", 0x21c0+k.n), "requestURI": uri, "verb": r.verb,
		"user": doc{"username": r.user, "groups": groups}, "sourceIPs": []string{r.from}, "userAgent": r.agent,
		"objectRef": object, "responseStatus": doc{"metadata": doc{}, "code": r.code},
		"requestReceivedTimestamp": stamp(t, "000000"), "stageTimestamp": stamp(t.Add(4e6), "000000"),
		"annotations": doc{"authorization.k8s.io/decision": decision},
	}))
}

// apiServerLog is what the API server on the control plane saw: the cluster at work, and the
// stolen token of the reports pod, which may read secrets and run commands in payments.
func apiServerLog() *evidence {
	k := &kubeAudit{evidence: &evidence{path: "control-plane/kube-apiserver-audit.log"}}
	node := func(name, ip string) request {
		return request{user: "system:node:" + name, agent: "kubelet/v1.30.4 (linux/amd64) kubernetes/a51b3b7", from: ip, verb: "update",
			group: "coordination.k8s.io", resource: "leases", namespace: "kube-node-lease", name: name, code: 200}
	}
	scheduler := request{user: "system:kube-scheduler", agent: "kube-scheduler/v1.30.4", from: "10.20.0.10", verb: "update",
		group: "coordination.k8s.io", resource: "leases", namespace: "kube-system", name: "kube-scheduler", code: 200}
	deploy := request{user: "system:serviceaccount:ci:deployer", agent: "kubectl/v1.30.4 (linux/amd64)", from: "10.20.0.40", verb: "patch",
		group: "apps", resource: "deployments", namespace: "shop", name: "shop-web", code: 200}
	secret := request{user: "system:node:k8s-node-02", agent: "kubelet/v1.30.4", from: "10.20.0.12", verb: "get", resource: "secrets",
		namespace: "reports", name: "reports-db", code: 200}
	k.add("01:55:02.114", node("k8s-node-01", "10.20.0.11"))
	k.add("01:55:02.530", node("k8s-node-02", "10.20.0.12"))
	k.add("01:55:03.017", node("k8s-node-03", "10.20.0.13"))
	k.add("01:58:00.220", secret)
	k.add("02:00:10.001", scheduler)
	k.add("02:05:02.120", node("k8s-node-01", "10.20.0.11"))
	stolen(k)
	k.add("02:30:11.870", deploy)
	k.add("02:30:12.004", scheduler)
	operatorAtTheAPI(k)
	k.add("09:15:02.031", node("k8s-node-01", "10.20.0.11"))
	return k.evidence
}

// stolen is the use of the reports pod's token.
func stolen(k *kubeAudit) {
	token := request{user: "system:serviceaccount:reports:reports", agent: "Python-urllib/3.11", from: "10.20.0.12", code: 200}
	ask := func(clock, verb, group, resource, namespace, name string, code int) {
		r := token
		r.verb, r.group, r.resource, r.namespace, r.name, r.code = verb, group, resource, namespace, name, code
		k.add(clock, r)
	}
	ask("02:09:25.611", "create", "authorization.k8s.io", "selfsubjectrulesreviews", "", "", 201)
	ask("02:09:26.040", "list", "", "secrets", "", "", 403)
	ask("02:09:26.402", "list", "", "secrets", "payments", "", 200)
	ask("02:09:31.118", "list", "", "pods", "payments", "", 200)
	ask("02:10:28.730", "create", "", "pods/exec", "payments", "payments-api-7f8d6c5b9-q4vzt", 101)
	ask("02:16:40.005", "create", "", "serviceaccounts/token", "payments", "payments-api", 403)
}

// operatorAtTheAPI is a person with kubectl in working hours.
func operatorAtTheAPI(k *kubeAudit) {
	person := request{user: "mkern@example.org", agent: "kubectl/v1.30.4 (linux/amd64)", from: "10.20.0.5", code: 200}
	list, shell := person, person
	list.verb, list.resource, list.namespace = "list", "pods", "kube-system"
	shell.verb, shell.resource, shell.namespace, shell.name, shell.code = "create", "pods/exec", "shop", "shop-web-5d7c9b6f4-hk8pn", 101
	k.add("09:10:30.610", list)
	k.add("09:14:22.118", shell)
}
