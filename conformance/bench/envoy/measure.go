package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// settings are what the command line says.
type settings struct {
	envoy       string // program
	module      string // file
	rounds      int
	requests    int // of a row in a round
	connections int
	workers     int
	progress    io.Writer
}

// sample is one turn of one row.
type sample struct {
	perSecond float64 // requests
	p50, p99  float64 // latency, microseconds
	cpu       float64 // per request, microseconds, of all processes but the client
}

// bench is one Envoy with a listener for each subject, and the servers that it asks.
type bench struct {
	settings
	folder    string
	groups    map[string]*group
	ports     map[string]int
	processes []*process // Envoy is the first
	clients   map[string]*client
	rows      []row
	samples   map[string][]sample // by the row's name, a sample a round
}

func newGroups() (map[string]*group, []*group) {
	byName := make(map[string]*group)
	var all []*group
	for _, alg := range []string{"ES256", "RS256", "Ed25519"} {
		g := newGroup(alg)
		byName[alg] = g
		all = append(all, g)
	}
	return byName, all
}

// newBench starts everything that the rows need.
func newBench(s settings, rows []row, folder string) (b *bench, err error) {
	b = &bench{settings: s, rows: rows, folder: folder, ports: make(map[string]int), clients: make(map[string]*client), samples: make(map[string][]sample)}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	var all []*group
	b.groups, all = newGroups()
	text := policy(all)
	policyFile := filepath.Join(folder, "policy.json")
	if err := os.WriteFile(policyFile, []byte(text), 0o600); err != nil {
		return b, err
	}
	var listeners, clusters []object
	var servers []*process
	for _, r := range rows {
		if b.ports[r.subject] != 0 {
			continue
		}
		port := freePort()
		b.ports[r.subject] = port
		var filter object
		switch r.subject {
		case authn, authnCached:
			filter = jwtAuthn(all, r.subject == authnCached)
		case askServer, askAllowAll:
			at := freePort()
			server, err := startSelf("serve-auth", strconv.Itoa(at), policyFile, strconv.FormatBool(r.subject == askAllowAll))
			if err != nil {
				return b, err
			}
			servers = append(servers, server)
			filter = extAuthz(r.subject)
			clusters = append(clusters, grpcCluster(r.subject, at))
		case filterOffload, filterPure:
			filter = wasm(s.module, r.subject, text, r.subject == filterOffload)
		}
		listeners = append(listeners, listener(port, filter))
	}
	b.processes = servers
	envoy, err := startEnvoy(s, folder, listeners, clusters)
	if err != nil {
		return b, err
	}
	b.processes = append([]*process{envoy}, servers...)
	for subject, port := range b.ports {
		if b.clients[subject], err = dial(port, s.connections); err != nil {
			return b, err
		}
	}
	return b, nil
}

// startEnvoy starts Envoy and waits until it serves.
func startEnvoy(s settings, folder string, listeners, clusters []object) (*process, error) {
	return startEnvoyAt(s, folder, freePort(), listeners, clusters)
}

func startEnvoyAt(s settings, folder string, admin int, listeners, clusters []object) (*process, error) {
	file := filepath.Join(folder, "envoy.json")
	if err := os.WriteFile(file, bootstrap(admin, listeners, clusters), 0o600); err != nil {
		return nil, err
	}
	p, err := start(s.envoy, nil, envoyArguments(file, s.workers)...)
	if err != nil {
		return nil, err
	}
	if err := p.waitFor(admin, "/ready", "LIVE"); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func envoyArguments(file string, workers int) []string {
	return []string{"-c", file, "--concurrency", strconv.Itoa(workers), "--disable-hot-restart", "--log-level", "warning"}
}

// startSelf starts this program with other arguments.
func startSelf(args ...string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(program, nil, args...)
}

func (b *bench) close() {
	for _, c := range b.clients {
		c.close()
	}
	for _, p := range b.processes {
		p.stop()
	}
}

// warm has every row decide as in a round, untimed: the caches fill, and V8 compiles
// again what runs often.
func (b *bench) warm() error {
	for _, r := range b.rows {
		if _, err := b.turn(r); err != nil {
			return err
		}
	}
	time.Sleep(time.Second)
	return nil
}

// run measures: in each round every row has its turn, in an order that changes.
func (b *bench) run() error {
	for round := range b.rounds {
		for i := range b.rows {
			r := b.rows[(i+round)%len(b.rows)]
			if round%2 == 1 {
				r = b.rows[len(b.rows)-1-(i+round)%len(b.rows)]
			}
			s, err := b.turn(r)
			if err != nil {
				return err
			}
			b.samples[r.name] = append(b.samples[r.name], s)
		}
		fmt.Fprintf(b.progress, "round %d of %d\n", round+1, b.rounds)
	}
	return nil
}

// settle is how long the processes get to end what they do after the last answer.
const settle = 5 * time.Millisecond

// turn sends a row's requests once, which are minted before the clock runs.
func (b *bench) turn(r row) (sample, error) {
	requests := b.groups[r.alg].requests(r.load, b.requests)
	runtime.GC()
	before, err := b.cpu()
	if err != nil {
		return sample{}, err
	}
	began := time.Now()
	latencies, err := b.clients[r.subject].send(requests)
	took := time.Since(began)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", r.name, err)
	}
	time.Sleep(settle)
	after, err := b.cpu()
	if err != nil {
		return sample{}, err
	}
	n := float64(len(requests))
	micros := make([]float64, len(latencies))
	for i, l := range latencies {
		micros[i] = float64(l) / 1000
	}
	return sample{n / took.Seconds(), median(micros), quantile(micros, 0.99), float64(after-before) / 1000 / n}, nil
}

// cpu is what all processes but this one have spent, nanoseconds.
func (b *bench) cpu() (sum int64, err error) {
	for _, p := range b.processes {
		n, err := p.cpu()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// of is the median of one figure of a row.
func (b *bench) of(name string, figure func(sample) float64) float64 {
	var values []float64
	for _, s := range b.samples[name] {
		values = append(values, figure(s))
	}
	return median(values)
}
