//go:build envoy

package proxywasmhost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	flags "flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

var update = flags.Bool("update", false, "write left-out.txt")

// leftOut lists the cases that are not decided in real Envoy, with the reason.
const leftOut = "left-out.txt"

// lanes is the number of requests that are under way at a time, each with an upstream of
// its own.
const lanes = 4

// attempts bounds how often the cases are minted anew, for a later time, where the machine
// was too slow for the time that was guessed.
const attempts = 4

// TestEnvoyVectors puts the verify cases, and the sequences of one instant, to the real
// Envoys that AJWT_ENVOY names (separated by colons), all at once, as HTTP/1.1. They are
// minted for the present. Verdict, status and code are those of core, and of the vector; the
// upstream of a rejected request receives nothing. The emulated host then gets the same
// cases, and answers as Envoy did.
func TestEnvoyVectors(t *testing.T) {
	programs := filepath.SplitList(os.Getenv("AJWT_ENVOY"))
	require.NotEmpty(t, programs, "AJWT_ENVOY names no Envoy: make test-envoy fetches it")
	// The module is copied: a build meanwhile would give the two hosts different ones.
	wasm := moduleBytes(t)
	module := filepath.Join(t.TempDir(), "ajwt-proxy.wasm")
	require.NoError(t, os.WriteFile(module, wasm, 0o600))
	gen := generator(t)
	began := time.Now()
	mint(t, gen, began.Unix())
	// How long Envoy takes, in times of what the generator takes on this machine.
	ahead := 25 * time.Since(began)
	for n := 1; ; n++ {
		r := &run{t: t, programs: programs, module: module, m: mint(t, gen, present(ahead))}
		if r.do() {
			r.judgeAll(wasm)
			return
		}
		require.Less(t, n, attempts, "this machine is too slow")
		ahead *= 2
	}
}

// run is one attempt.
type run struct {
	t        *testing.T
	programs []string
	module   string
	m        *minted
	places   []*place
	left     map[string]string
	versions []string
	answers  []map[string][]answered
	received []int // by the upstreams of each proxy
}

// do starts the proxies and sends the cases; false if the time has passed in which their
// verdicts stand.
func (r *run) do() (inTime bool) {
	t := r.t
	r.places, r.left = plan(t, r.m)
	documents := newDocumentServer(t)
	documents.open(furnish(t, r.m, r.places))
	var listeners []object
	for n, p := range r.places {
		listeners = append(listeners, p.listener(r.module, fmt.Sprint("upstream ", n%lanes)))
	}
	began := time.Now()
	proxies, ups := make([]*proxy, len(r.programs)), make([][]*rawUpstream, len(r.programs))
	var group sync.WaitGroup
	for i, program := range r.programs {
		clusters := []any{cluster(docsCluster, documents.port)}
		for n := range lanes {
			ups[i] = append(ups[i], newRawUpstream(t))
			clusters = append(clusters, cluster(fmt.Sprint("upstream ", n), ups[i][n].port))
		}
		group.Go(func() { proxies[i] = startEnvoy(t, program, listeners, clusters) })
	}
	group.Wait()
	require.False(t, t.Failed())
	defer func() {
		for _, p := range proxies {
			p.stop()
		}
	}()
	for _, p := range proxies {
		require.Equal(t, len(r.places), p.stat("listener_manager.total_listeners_active"), "Envoy %s refuses a listener", p.version)
	}
	proxies[0].wait("documents are not fetched", func() bool { return documents.waiting() == 0 })
	early := time.Until(time.Unix(r.m.now, 0))
	t.Logf("%d listeners in each of %d Envoys after %v, %v before the time of the cases", len(r.places), len(proxies), time.Since(began), early)
	if early < -stands*time.Second {
		return false
	}
	time.Sleep(early)
	r.answers = make([]map[string][]answered, len(proxies))
	for i, p := range proxies {
		group.Go(func() { r.answers[i] = sendAll(p, r.m, r.places, ups[i]) })
	}
	group.Wait()
	late := time.Now().Unix() - r.m.now
	t.Logf("sent until %d s after their time", late)
	for i, p := range proxies {
		received := 0
		for _, up := range ups[i] {
			received += up.count()
		}
		r.versions, r.received = append(r.versions, p.version), append(r.received, received)
	}
	if late <= stands {
		return true
	}
	// Most verdicts stand longer.
	for i := range proxies {
		for id, ds := range decide(t, r.m, r.places, r.answers[i]) {
			for n, d := range ds {
				if d.Code.String() != expects(r.m.cases[id])[n].Code {
					t.Logf("%s comes too late", id)
					return false
				}
			}
		}
	}
	return true
}

// expects are what the vector says of the requests of a case.
func expects(c *vectors.Case) (out []*vectors.Expect) {
	if c.Op != "sequence" {
		return append(out, c.Expect)
	}
	for i := range c.Requests {
		out = append(out, &c.Requests[i].Expect)
	}
	return out
}

// decide lets core decide on the cases at the times of their answers.
func decide(t *testing.T, m *minted, places []*place, answers map[string][]answered) map[string][]ajwt.Decision {
	out := make(map[string][]ajwt.Decision)
	for _, p := range places {
		box := &replayBox{}
		v := core(t, p.w, box, m.now)
		policy, err := ajwt.ParsePolicy(p.w.policy)
		require.NoError(t, err)
		capacity, perKey := policy.ReplayCapacity()
		for _, id := range p.ids {
			box.Replay = ajwt.NewReplayMemory(min(capacity, 4096), perKey, 1)
			for i, q := range coreRequests(m.cases[id]) {
				q.Now = answers[id][i].at
				out[id] = append(out[id], v.Verify(q))
			}
		}
	}
	return out
}

func (r *run) judgeAll(wasm []byte) {
	for i, version := range r.versions {
		r.t.Run(version, func(t *testing.T) {
			t.Parallel()
			left := maps.Clone(r.left)
			reached := judge(t, r.m, r.places, r.answers[i], left)
			require.Equal(t, reached, r.received[i], "the upstream received what no case was to send")
			list(t, left)
			emulate(t, wasm, version, r.m, r.places, r.answers[i])
		})
	}
}

// answered is an outcome at a time.
type answered struct {
	outcome
	at int64
}

// missing are the codes of a filter whose documents are not there yet.
func missing(code string) bool {
	return strings.HasSuffix(code, "_missing") && (strings.HasPrefix(code, "key_set") || strings.HasPrefix(code, "bundle") || strings.HasPrefix(code, "revocation"))
}

// sendAll sends all cases of the places to one proxy: the answers by id, one for each
// request.
func sendAll(p *proxy, m *minted, places []*place, ups []*rawUpstream) map[string][]answered {
	ports := p.ports()
	out := make(map[string][]answered)
	var mu sync.Mutex
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			c := &client{up: ups[lane]}
			for n := lane; n < len(places); n += lanes {
				for _, id := range places[n].ids {
					got := c.send(ports[places[n].name], m.cases[id])
					mu.Lock()
					out[id] = got
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return out
}

// send sends the requests of a case. A request that finds no documents yet is sent again.
func (l *client) send(port int, c *vectors.Case) (out []answered) {
	requests, wants := []*vectors.Request{c.Request}, expects(c)
	if c.Op == "sequence" {
		requests = nil
		for i := range c.Requests {
			requests = append(requests, c.Requests[i].Request)
		}
		l.keep = true
		defer func() { l.keep = false; l.close() }()
	}
	for i, q := range requests {
		var a answered
		for end := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			a.at = time.Now().Unix()
			a.outcome = l.exchange(port, message(q))
			if !missing(a.Code) || a.Code == wants[i].Code || time.Now().After(end) {
				break
			}
		}
		out = append(out, a)
	}
	return out
}

// judge holds the answers to what core decides at the time of each, and core to the
// vectors. What Envoy answered itself goes to left.
func judge(t *testing.T, m *minted, places []*place, answers map[string][]answered, left map[string]string) (reached int) {
	ran, accepted, wrong := 0, 0, 0
	fail := func(format string, args ...any) {
		t.Helper()
		if wrong++; wrong <= 60 {
			t.Errorf(format, args...)
		}
	}
	for id, ds := range decide(t, m, places, answers) {
		for i, d := range ds {
			a, want := answers[id][i], expects(m.cases[id])[i]
			if a.Code == "" && !a.Reached && a.Status != 200 {
				left[id] = fmt.Sprint(refusedFirst, a.Status)
				continue
			}
			if d.Code.String() != want.Code {
				fail("%s: core says %q %d s after the time of the cases, and the vector %q", id, d.Code, a.at-m.now, want.Code)
			}
			ran++
			if a.Reached {
				accepted++
			}
			if a.Reached != d.Allows() || !d.Allows() && (a.Code != d.Code.String() || a.Status != d.Status) || d.Allows() && (a.Status != 200 || a.Code != "") {
				fail("%s, request %d: Envoy: reached %v, %d %s; core: %d %s", id, i, a.Reached, a.Status, a.Code, d.Status, d.Code)
			}
		}
	}
	t.Logf("%d requests of %d cases, %d reached the upstream, %d differ", ran, len(answers), accepted, wrong)
	require.Greater(t, ran, 4000)
	require.Greater(t, accepted, 1000)
	return accepted
}

// coreRequests are the requests of a case as core takes them.
func coreRequests(c *vectors.Case) (out []*ajwt.Request) {
	if c.Op != "sequence" {
		_, q := requestOf(c)
		return append(out, q)
	}
	for i := range c.Requests {
		one := *c
		one.Request, one.Now = c.Requests[i].Request, &c.Requests[i].Now
		_, q := requestOf(&one)
		out = append(out, q)
	}
	return out
}

// list holds left-out.txt to what was left out, by id and reason.
func list(t *testing.T, left map[string]string) {
	var b strings.Builder
	b.WriteString("# Cases of verify and sequence that real Envoy does not decide in make test-envoy, which\n" +
		"# writes this list with -update and fails where it differs. What Envoy refuses is sent, and\n" +
		"# its status and the silence of the upstream are checked. All run on the emulated host.\n")
	count := make(map[string]int)
	for _, id := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintf(&b, "%s: %s\n", id, left[id])
		count[left[id]]++
	}
	t.Logf("%d left out: %v", len(left), count)
	if *update {
		require.NoError(t, os.WriteFile(leftOut, []byte(b.String()), 0o644))
	}
	have, err := os.ReadFile(leftOut)
	require.NoError(t, err)
	require.Equal(t, string(have), b.String(), "go test -tags envoy -run TestEnvoyVectors ./conformance/proxywasmhost -update")
}

// emulate puts the cases to the emulated host of the same generation, at the times at which
// Envoy got them, and compares what became of each.
func emulate(t *testing.T, wasm []byte, version string, m *minted, places []*place, answers map[string][]answered) {
	ctx := context.Background()
	generation := Newer
	if version < "1.39" {
		generation = Older
	}
	p, err := Start(ctx, wasm, generation, compiled)
	require.NoError(t, err)
	defer p.Close(ctx)
	p.HoldHeaders = true
	began, ran, wrong := time.Now(), 0, 0
	all := make(map[string][]outcome)
	for _, pl := range places {
		pl.w.Enter(p)
		i, err := pl.w.Instance(ctx, p)
		require.NoError(t, err, pl.ids[0])
		empty := p.Snapshot()
		for _, id := range pl.ids {
			c := m.cases[id]
			p.Restore(empty)
			for n, q := range requestsOf(c) {
				a := answers[id][n]
				all[id] = append(all[id], a.outcome)
				if a.Code == "" && !a.Reached && a.Status != 200 {
					continue // Envoy's own
				}
				p.Now = a.at * 1e9
				r, err := i.Send(ctx, q)
				require.NoError(t, err, id)
				o := outcome{Status: 200, Reached: r.Reached}
				if r.Answer != nil {
					_, rest, _ := strings.Cut(string(r.Answer.Body), `"code":"`)
					o.Status = r.Answer.Status
					o.Code, _, _ = strings.Cut(rest, `"`)
				}
				if ran++; o != a.outcome || r.Hung {
					if wrong++; wrong <= 30 {
						t.Errorf("%s: Envoy %+v, the emulated host %+v, hung %v", id, a.outcome, o, r.Hung)
					}
				}
			}
		}
		p.Lines()
		require.NoError(t, i.Close(ctx))
	}
	t.Logf("emulated host: %d requests, %d differ, in %v", ran, wrong, time.Since(began))
	require.Greater(t, ran, 4000)
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	file := filepath.Join("../../build/envoy", "answers-"+version+".json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, text, 0o644))
}

func requestsOf(c *vectors.Case) (out []*Request) {
	list := []*vectors.Request{c.Request}
	if c.Op == "sequence" {
		list = nil
		for i := range c.Requests {
			list = append(list, c.Requests[i].Request)
		}
	}
	for _, q := range list {
		body, _ := base64.StdEncoding.DecodeString(q.Body)
		out = append(out, Read(q, body))
	}
	return out
}
