//go:build envoy

package proxywasmhost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/vectors"
)

// carriedOtherwise are cases that HTTP/1.1, or Envoy as it reads it, changes before the
// filter sees them; what the upstream gets is the changed one too.
var carriedOtherwise = map[string]string{
	"tool.body.length-shorter":             "HTTP/1.1: a body ends where Content-Length says",
	"tool.body.length-longer":              "HTTP/1.1: the body never ends",
	"request.authorization.leading-space":  "HTTP/1.1: white space around a value is none of it (RFC 9112, section 5.1)",
	"request.authorization.trailing-space": "HTTP/1.1: white space around a value is none of it (RFC 9112, section 5.1)",
	"request.message.field-name-colon":     "HTTP/1.1: a name ends at the first colon",
	"request.message.field-value-lf":       "HTTP/1.1: a value ends at the line's end",
	"request.authorization.twice-empty":    "Envoy drops an empty value of a repeated Authorization",
	"request.limits.fields":                "Envoy adds fields of its own, which count",
	"request.message.field-value-cr":       "Envoy does not show a bare CR in a value (RFC 9112, section 2.2)",
	"request.message.field-value-folded":   "Envoy unfolds a folded value (RFC 9112, section 5.2)",
	"request.target.leading-space":         "Envoy takes several spaces of the request line for one",
}

// refusedFirst begins the reason of a case that Envoy answers itself. It is sent, and the
// status and the silence of the upstream are checked.
const refusedFirst = "Envoy refuses it before the filter: "

// stands is how long a verdict must stand, in seconds from the time of the cases.
const stands = 30

// unfit tells why a case is not put to real Envoy, "" if it is. All such cases run on the
// emulated host.
func unfit(c *vectors.Case, now int64) string {
	if c.Op == "sequence" {
		for _, s := range c.Requests {
			switch {
			case s.Now != now:
				return "a sequence with clock steps"
			case s.Load != nil:
				return "a sequence in which documents change"
			}
		}
	} else if why := carried(c); why != "" {
		return why
	}
	var of struct {
		Replay struct {
			ColdStart string `json:"cold_start"`
		}
	}
	_ = json.Unmarshal(c.Policy, &of)
	switch {
	case carriedOtherwise[c.ID] != "":
		return carriedOtherwise[c.ID]
	case schemeOf(c) != "https" && schemeOf(c) != "http":
		return "a listener of Envoy has the scheme http or https"
	case c.Op == "verify" && *c.Now != now:
		return "another time than the present"
	case c.Loaded != nil && *c.Loaded != now:
		return "documents that were loaded at another time"
	case c.Replay != nil && c.Replay.Start != 0, of.Replay.ColdStart != "" && of.Replay.ColdStart != "allow":
		return "a replay memory that started at a certain time"
	}
	return ""
}

// minted is the suite of another time.
type minted struct {
	suite *vectors.Suite
	now   int64
	cases map[string]*vectors.Case
}

// mint lets the generator make the suite for a time, or the first possible one after it.
func mint(t *testing.T, program string, now int64) *minted {
	t.Helper()
	folder := t.TempDir()
	c := exec.Command(program, "-now", strconv.FormatInt(now, 10), "-dir", folder)
	c.Dir, c.Stderr = "../..", os.Stderr // spec/codes.json and the seeded faults are read
	out, err := c.Output()
	require.NoError(t, err)
	m := &minted{cases: make(map[string]*vectors.Case)}
	m.now, err = strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	require.NoError(t, err)
	m.suite, err = vectors.LoadFS(os.DirFS(folder))
	require.NoError(t, err)
	cases := m.suite.Cases()
	for i := range cases {
		m.cases[cases[i].ID] = &cases[i]
	}
	return m
}

// generator builds the generator once.
func generator(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gen")
	out, err := exec.Command("go", "build", "-o", program, "../../vectors/gen").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// place is a listener: a policy with its documents, in a virtual machine with a replay
// memory.
type place struct {
	name   string
	ids    []string // of verify cases, or of one sequence
	key    string
	scheme string
	vm     string
	w      *World
}

// placeWorld makes the case's world for a place. Its memory may start when the proxy does.
func placeWorld(t *testing.T, m *minted, c *vectors.Case, prefix string) *World {
	t.Helper()
	if c.Now == nil {
		one := *c
		one.Now = &c.Requests[0].Now
		c = &one
	}
	w := newWorld(t, m.suite, c, prefix)
	var policy map[string]any
	d := json.NewDecoder(bytes.NewReader(w.policy))
	d.UseNumber()
	require.NoError(t, d.Decode(&policy))
	replay, _ := policy["replay"].(map[string]any)
	if replay == nil {
		replay = make(map[string]any)
	}
	replay["cold_start"] = "allow"
	policy["replay"] = replay
	var err error
	w.policy, err = json.Marshal(policy)
	require.NoError(t, err)
	return w
}

func schemeOf(c *vectors.Case) string {
	if c.Op == "sequence" {
		return c.Requests[0].Request.Scheme
	}
	return c.Request.Scheme
}

// placeKey tells cases apart that cannot share a listener.
func placeKey(t *testing.T, m *minted, c *vectors.Case) string {
	w := placeWorld(t, m, c, "")
	return fmt.Sprintf("%s %s %v %v %v %x", schemeOf(c), w.policy, c.Keys, c.Bundle, c.Revocations, w.nonceKeys)
}

// ownMemory tells whether the size of the replay memory is part of the policy.
func ownMemory(w *World) bool {
	var p struct {
		Replay struct {
			Capacity *int
			PerKey   *int `json:"per_key"`
		}
	}
	_ = json.Unmarshal(w.policy, &p)
	return p.Replay.Capacity != nil || p.Replay.PerKey != nil
}

// replayBox lets a verifier have another replay memory for each decision.
type replayBox struct{ ajwt.Replay }

// core is a verifier for a world, without what the present refuses.
func core(t *testing.T, w *World, box *replayBox, now int64) *ajwt.Verifier {
	t.Helper()
	policy, err := ajwt.ParsePolicy(w.policy)
	require.NoError(t, err)
	v, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: box, NonceKeys: w.nonceKeys, SignatureCache: ajwt.NewSignatureCache(1024)})
	require.NoError(t, err)
	for _, l := range w.loads {
		_, _ = v.Load(l.kind, l.issuer, l.data, now)
	}
	return v
}

// perVM bounds the listeners of one virtual machine: each collects the garbage of all when
// it is configured.
const perVM = 40

// plan says which cases go where, and which are left out for what reason. Cases whose
// proofs are alike, and would be replays of each other, go to different virtual machines:
// each has a replay memory of its own.
func plan(t *testing.T, m *minted) (places []*place, left map[string]string) {
	t.Helper()
	left = make(map[string]string)
	verifiers := make(map[string]*ajwt.Verifier)
	boxes := make(map[string]*replayBox)
	type job struct {
		c          *vectors.Case
		key, class string
	}
	var todo []job
	alone := 0
	for _, id := range slices.Sorted(maps.Keys(m.cases)) {
		c := m.cases[id]
		if c.Op != "verify" && c.Op != "sequence" {
			continue
		}
		if why := unfit(c, m.now); why != "" {
			left[id] = why
			continue
		}
		w := placeWorld(t, m, c, "")
		key := placeKey(t, m, c)
		if c.Op == "sequence" {
			alone++
			places = append(places, &place{ids: []string{id}, key: key, scheme: schemeOf(c), vm: fmt.Sprintf("sequence %d", alone)})
			continue
		}
		if verifiers[key] == nil {
			boxes[key] = &replayBox{}
			verifiers[key] = core(t, w, boxes[key], m.now)
		}
		if !steady(c, verifiers[key], boxes[key], m.now) {
			left[id] = fmt.Sprintf("its verdict changes within %d s", stands)
			continue
		}
		class := fmt.Sprintf("%x", w.nonceKeys)
		if ownMemory(w) {
			class += key
		}
		todo = append(todo, job{c, key, class})
	}
	vms, listeners := make(map[string]string), make(map[string]int)
	for round := 0; len(todo) > 0; round++ {
		require.Less(t, round, 20, "too many proofs are alike")
		memories := make(map[string]ajwt.Replay)
		at := make(map[string]*place)
		var next []job
		for _, j := range todo {
			if memories[j.class] == nil {
				memories[j.class] = ajwt.NewReplayMemory(1<<18, 1<<14, 1)
			}
			boxes[j.key].Replay = memories[j.class]
			_, q := requestOf(j.c)
			if d := verifiers[j.key].Verify(q); d.Code.String() != j.c.Expect.Code {
				require.Contains(t, d.Code.String(), "replay_", j.c.ID)
				next = append(next, j)
				continue
			}
			p := at[j.key]
			if p == nil {
				class := fmt.Sprint(round, " ", j.class)
				class = fmt.Sprint(class, " ", listeners[class]/perVM)
				if vms[class] == "" {
					vms[class] = fmt.Sprintf("verify %d", len(vms))
				}
				listeners[fmt.Sprint(round, " ", j.class)]++
				p = &place{key: j.key, scheme: schemeOf(j.c), vm: vms[class]}
				at[j.key] = p
				places = append(places, p)
			}
			p.ids = append(p.ids, j.c.ID)
		}
		todo = next
	}
	for n, p := range places {
		p.name = strconv.Itoa(n)
	}
	return places, left
}

// steady tells whether core decides on a case as the vector says, from its time on for as
// long as the cases are sent.
func steady(c *vectors.Case, v *ajwt.Verifier, box *replayBox, now int64) bool {
	_, q := requestOf(c)
	for after := int64(0); after <= stands; after += 5 {
		box.Replay = ajwt.NewReplayMemory(64, 64, 1)
		q.Now = now + after
		if d := v.Verify(q); d.Code.String() != c.Expect.Code {
			return false
		}
	}
	return true
}

// furnish gives the places the policies and documents of a suite.
func furnish(t *testing.T, m *minted, places []*place) (documents map[string][]byte) {
	t.Helper()
	documents = make(map[string][]byte)
	for n, p := range places {
		first := placeKey(t, m, m.cases[p.ids[0]])
		for _, id := range p.ids[1:] {
			require.Equal(t, first, placeKey(t, m, m.cases[id]), "%s and %s were of one policy", p.ids[0], id)
		}
		p.w = placeWorld(t, m, m.cases[p.ids[0]], fmt.Sprintf("/%d", n))
		maps.Copy(documents, p.w.documents)
	}
	return documents
}

// present chooses a time for the cases, that many seconds ahead or more. No slot of a nonce
// ends while they are sent.
func present(ahead time.Duration) int64 {
	at := time.Now().Add(ahead).Unix()
	if rest := at % 60; rest >= 20 {
		at += 60 - rest
	}
	return at
}
