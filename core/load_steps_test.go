package ajwt

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// heavy is a document of the size that gateways admit, 1 MiB of compact form, that holds
// as much as possible of one thing.
type heavy struct {
	name    string
	kind    Kind
	payload string
	refused Code // 0: it is loaded
}

const (
	heavyBytes    = 3<<18 - 4096 // of a payload: 1 MiB of base64url, and room for the rest
	differentKeys = 64
)

// until joins texts with commas until they have so many bytes.
func until(bytes int, text func(i int) string) string {
	var b strings.Builder
	for i := 0; ; i++ {
		next := text(i)
		if b.Len()+len(next) >= bytes {
			return b.String()
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(next)
	}
}

func seedOf(i int) []byte {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
	return sum[:]
}

// oddBytes are n bytes that differ with i, of which neither the first nor the last is even.
func oddBytes(i, n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	for len(out) < n {
		out = append(out, seedOf(i+len(out)<<20)...)
	}
	out[0], out[n-1] = out[0]|0x81, out[n-1]|1
	return out[:n]
}

func edKey(i int) string {
	return `{"kty":"OKP","crv":"Ed25519","x":"` + b64(ed25519.NewKeyFromSeed(seedOf(i)).Public().(ed25519.PublicKey)) + `"}`
}

// heavyKey makes keys of every type, a few of each, since making them takes time.
var heavyKey = map[string]func(i int) string{
	"Ed25519": edKey,
	"Ed448": func(i int) string {
		k := ed448.NewKeyFromSeed(append(seedOf(i), seedOf(i + 1)[:25]...))
		return `{"kty":"OKP","crv":"Ed448","x":"` + b64(k.Public().(ed448.PublicKey)) + `"}`
	},
	"P-256": func(i int) string { return heavyECKey("P-256", ecdh.P256(), seedOf(i)) },
	"P-384": func(i int) string {
		return heavyECKey("P-384", ecdh.P384(), append(seedOf(i), make([]byte, 16)...))
	},
	"RSA": func(i int) string {
		return `{"kty":"RSA","e":"AQAB","n":"` + b64(oddBytes(i, 256)) + `"}`
	},
	"ML-DSA": func(i int) string {
		return `{"kty":"AKP","alg":"ML-DSA-44","pub":"` + b64(oddBytes(i, 1312)) + `"}`
	},
}

func heavyECKey(name string, curve ecdh.Curve, scalar []byte) string {
	scalar[0] &= 0x7f
	k, err := curve.NewPrivateKey(scalar)
	if err != nil {
		panic(err)
	}
	p := k.PublicKey().Bytes()[1:]
	return fmt.Sprintf(`{"kty":"EC","crv":%q,"x":%q,"y":%q}`, name, b64(p[:len(p)/2]), b64(p[len(p)/2:]))
}

func heavyBundle(agents, workflows, more string) string {
	return fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"exp":%d,"version":1,"agents":[%s],"workflows":[%s]%s}`, testNow-60, testNow+3600, agents, workflows, more)
}

func bareAgent(id string) string {
	return fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[]}`, id)
}

func heavyWorkflow(id, edges string, depth int, steps, more string) string {
	if steps == "" {
		steps = bareStep("s", "", "")
	}
	return fmt.Sprintf(`{"workflow_id":%q,"version":1,"origins":["a0"],"delegation":[%s],"max_depth":%d,"steps":[%s]%s}`, id, edges, depth, steps, more)
}

func bareStep(id, after, flags string) string {
	return strings.Replace(testStep(id, "", after, flags), `"scopes":["repo:read"],"tools":["t"]`, `"scopes":[],"tools":[]`, 1)
}

func joinSteps(n int, step func(i int) string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = step(i)
	}
	return strings.Join(texts, ",")
}

func heavyDocuments() (documents []heavy) {
	keys := make(map[string][]string)
	for name, key := range heavyKey {
		for i := range differentKeys {
			keys[name] = append(keys[name], key(i))
		}
	}
	bundle := func(name, payload string, refused Code) {
		documents = append(documents, heavy{name, KindBundle, payload, refused})
	}
	for name, keys := range keys {
		bundle("agents with keys of type "+name, heavyBundle(until(heavyBytes, func(i int) string {
			return fmt.Sprintf(`{"agent_id":"a%d","status":"active","registrations":[{"registration_id":"r%d","checksum":%q}],"keys":[%s]}`, i, i, testSum("x"), keys[i%differentKeys])
		}), "", ""), 0)
	}
	a0 := bareAgent("a0")
	bundle("keys of one agent", heavyBundle(strings.TrimSuffix(bareAgent("a0"), "}")+`,"keys":[`+until(heavyBytes, edKey)+`]}`, "", ""), 0)
	bundle("shims of one agent", heavyBundle(strings.TrimSuffix(bareAgent("a0"), "}")+`,"shim_checksums":[`+
		until(heavyBytes, func(i int) string { return fmt.Sprintf(`"sha256:%x"`, seedOf(i)) })+`]}`, "", ""), 0)
	bundle("sequences", heavyBundle(a0, heavyWorkflow("w", "", 0, joinSteps(7, func(i int) string {
		return bareStep(fmt.Sprintf("%0128d", i), "", "")
	})+","+joinSteps(3, func(i int) string {
		return bareStep(fmt.Sprintf("last%d", i), until(7*131, func(j int) string { return fmt.Sprintf(`"%0128d"`, j) }), "")
	}), ""), ""), 0)
	all := make([]string, 60)
	for i := range all {
		all[i] = fmt.Sprintf("a%d", i)
	}
	agents := joinSteps(len(all), func(i int) string { return bareAgent(all[i]) })
	var edges []string
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			edges = append(edges, fmt.Sprintf(`["a%d","a%d"]`, i, j))
		}
	}
	bundle("chains", heavyBundle(agents, heavyWorkflow("w", strings.Join(edges, ","), 3, "", ""), ""), 0)
	bundle("chains beyond the limit", heavyBundle(agents, heavyWorkflow("w", strings.Join(edges, ","), 15, "", ""), ""), CodeBundleLimitExceeded)
	bundle("edges", heavyBundle(until(heavyBytes*3/4, func(i int) string { return bareAgent(fmt.Sprintf("a%d", i)) }),
		heavyWorkflow("w", until(heavyBytes/8, func(i int) string { return fmt.Sprintf(`["a0","a%d"]`, i+1) }), 1, "", ""), ""), 0)
	bundle("a cycle at the end", heavyBundle(until(heavyBytes*3/4, func(i int) string { return bareAgent(fmt.Sprintf("a%d", i)) }),
		heavyWorkflow("w", until(heavyBytes/8, func(i int) string { return fmt.Sprintf(`["a%d","a%d"]`, i, i+1) })+`,["a100","a99"]`, 15, "", ""), ""), CodeBundleGraphCycle)
	bundle("workflows of many gates", heavyBundle(a0, until(heavyBytes, func(w int) string {
		return heavyWorkflow(fmt.Sprintf("w%d", w), "", 0, joinSteps(maxWorkflowSteps, func(i int) string {
			if i == 0 {
				return bareStep("0", "", "rg")
			}
			return bareStep(fmt.Sprint(i), fmt.Sprintf(`"%d"`, i-1), "rga")
		}), "")
	}), ""), 0)
	bundle("steps in the wrong order", heavyBundle(a0, until(heavyBytes, func(w int) string {
		return heavyWorkflow(fmt.Sprintf("w%d", w), "", 0, joinSteps(maxWorkflowSteps, func(i int) string {
			if i == maxWorkflowSteps-1 {
				return bareStep(fmt.Sprint(i), "", "r")
			}
			return bareStep(fmt.Sprint(i), fmt.Sprintf(`"%d"`, i+1), "r")
		}), "")
	}), ""), 0)
	bundle("prerequisites that do not exist", heavyBundle(a0, heavyWorkflow("w", "", 0, bareStep("s", until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%x"`, i) }), ""), ""), ""), CodeBundleStepUnknown)
	bundle("scopes", heavyBundle(a0, heavyWorkflow("w", "", 0, strings.Replace(bareStep("s", "", ""), `"scopes":[]`,
		`"scopes":[`+until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%x"`, i) })+`]`, 1), ""), ""), 0)
	bundle("aliases of steps", heavyBundle(a0, heavyWorkflow("w", "", 0, bareStep("s", "", ""), `,"aliases":[{"audience":"https://b.example","workflow_id":"v","steps":{`+
		until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%x":"s"`, i) })+`}}]`), ""), 0)
	bundle("aliases of a workflow", heavyBundle(a0, heavyWorkflow("w", "", 0, bareStep("s", "", ""), `,"aliases":[`+
		until(heavyBytes, func(i int) string {
			return fmt.Sprintf(`{"audience":"https://b.example","workflow_id":"v%d","steps":{}}`, i)
		})+`]`), ""), 0)
	bundle("unknown members", heavyBundle(a0, "", ","+until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%x":1`, i) })), CodeBundleMemberUnknown)
	bundle("long names that begin alike", heavyBundle(a0, "", ","+until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%0400x":1`, i) })), CodeBundleMemberUnknown)
	bundle("agents that are none", heavyBundle(until(heavyBytes, func(int) string { return "1" }), "", ""), CodeBundleMemberType)
	bundle("one string of escapes", heavyBundle(a0, "", `,"x":"`+strings.Repeat(`\u00e9`, heavyBytes/6)+`"`), CodeBundleMemberUnknown)
	list := func(name, agents, tokens, keys string) {
		documents = append(documents, heavy{name, KindRevocations, fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":1,"agents":[%s],"registrations":[],"tokens":[%s],"keys":[%s]}`,
			testNow-60, testNow+60, agents, tokens, keys), 0})
	}
	short := until(heavyBytes, func(i int) string { return fmt.Sprintf(`"%x"`, i) })
	list("revoked agents", short, "", "")
	list("revoked tokens", "", short, "")
	list("revoked keys", "", "", until(heavyBytes, func(i int) string { return `"` + b64(seedOf(i)) + `"` }))
	for name, keys := range keys {
		documents = append(documents, heavy{"a set of keys of type " + name, KindKeys,
			`{"keys":[` + until(heavyBytes, func(i int) string { return fmt.Sprintf(`{"kid":"k%d",%s`, i, keys[i%differentKeys][1:]) }) + `]}`, 0})
	}
	return documents
}

// TestLoadInSteps holds that a load pauses after pieces whose cost does not depend on what
// the document holds. Allocations stand for the cost, since time may not decide a test: all
// long work but sorting and marking allocates, and those have tests of their own.
func TestLoadInSteps(t *testing.T) {
	policy := bundlePolicy("hardened", `{}`, "")
	policy = strings.Replace(policy, `"jwks":`+issuerKey.keySet("k1"), `"jwks_uri":"https://as.example/jwks"`, 1)
	policy = strings.Replace(policy, `{"issuers"`, `{"limits":{"keys":131072},"issuers"`, 1)
	for _, h := range heavyDocuments() {
		v := newTestVerifier(t, policy, Options{})
		data := []byte(h.payload)
		switch h.kind {
		case KindBundle:
			data = signBundle(h.payload)
		case KindRevocations:
			data = []byte(bundleKey.sign(`{"typ":"ajwt-revocations+jwt","alg":"Ed25519","kid":"b1"}`, h.payload))
		}
		require.LessOrEqual(t, len(data), 1<<20+8192, h.name)
		var before, m runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		pauses, most, longest := 0, uint64(0), time.Duration(0)
		state := v.state.Load()
		_, err := v.LoadInSteps(h.kind, "https://as.example", data, testNow, func() {
			longest = max(longest, time.Since(began))
			runtime.ReadMemStats(&m)
			most = max(most, m.Mallocs-before.Mallocs)
			before = m
			pauses++
			require.Same(t, state, v.state.Load(), "nothing changes before the end")
			began = time.Now()
		})
		longest = max(longest, time.Since(began))
		runtime.ReadMemStats(&m)
		most = max(most, m.Mallocs-before.Mallocs)
		if h.refused == 0 {
			require.NoError(t, err, h.name)
			require.NotSame(t, state, v.state.Load(), h.name)
		} else {
			var refused *LoadError
			require.True(t, errors.As(err, &refused), h.name)
			require.Equal(t, h.refused, refused.Faults[0].Code, "%s: %s", h.name, refused.Faults[0].Detail)
			require.Same(t, state, v.state.Load(), h.name)
		}
		require.Greater(t, pauses, 2, h.name)
		require.Less(t, most, uint64(8192), h.name)
		t.Logf("%-40s %6d pauses, at most %5d allocations between two, %v", h.name, pauses, most, longest)
	}
}

// Sorting the names of a large object is told of, in portions.
func TestWorkOfSorting(t *testing.T) {
	const members = 1 << 15
	text := "{" + joinSteps(members, func(i int) string { return fmt.Sprintf(`"%x":1`, i*7919%members) }) + "}"
	told, most := 0, 0
	d := strictjson.Document{Work: func(n int) { told, most = told+n, max(most, n) }}
	require.NoError(t, d.Parse([]byte(text), strictjson.Limits{}))
	require.Greater(t, told, len(text)*9/10+members*int(math.Log2(members)))
	require.Less(t, most, 8192)
}

// So is marking the agents of a long list.
func TestWorkOfMarking(t *testing.T) {
	l := &RevocationList{agents: map[string]bool{}}
	b := &Bundle{agents: make([]bundleAgent, 1<<16), agentAt: map[string]int32{}}
	for i := range b.agents {
		l.agents[fmt.Sprint(i)] = true
		b.agentAt[fmt.Sprint(i)] = int32(i)
	}
	pauses := 0
	marks := revokedAgents(b, l, &pace{pause: func() { pauses++ }})
	require.Equal(t, uint64(math.MaxUint64), marks[len(marks)-1])
	require.GreaterOrEqual(t, pauses, len(b.agents)*workEntry/2/pieceWork)
}

// What comes into force while a load pauses is taken into account; a load that is given up
// changes nothing.
func TestLoadsThatOverlap(t *testing.T) {
	v := newTestVerifier(t, bundlePolicy("hardened", `{}`, ""), Options{})
	list := []byte(bundleKey.sign(`{"typ":"ajwt-revocations+jwt","alg":"Ed25519","kid":"b1"}`, fmt.Sprintf(
		`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":1,"agents":["planner"],"registrations":[],"tokens":[],"keys":[]}`, testNow, testNow+60)))
	_, err := v.LoadInSteps(KindBundle, "https://as.example", signBundle(testBundle(1)), testNow, func() {
		_, err := v.Load(KindRevocations, "https://as.example", list, testNow)
		require.NoError(t, err)
	})
	require.NoError(t, err)
	d := &v.state.Load().issuers[0]
	require.Equal(t, []uint64{1 << 1}, d.revoked, "supervisor, planner, patcher")

	// Another list comes while the agents are marked.
	before := v.state.Load()
	done, err := v.swapFrom(&state{issuers: make([]issuerDocuments, 1)}, 0, nil, func(*issuer, *issuerDocuments) *LoadError { panic("not called") })
	require.False(t, done)
	require.NoError(t, err)
	require.Same(t, before, v.state.Load())

	require.Panics(t, func() {
		_, _ = v.LoadInSteps(KindBundle, "https://as.example", signBundle(testBundle(2)), testNow, func() { panic("given up") })
	})
	require.Same(t, before, v.state.Load())
	_, err = v.Load(KindBundle, "https://as.example", signBundle(testBundle(2)), testNow)
	require.NoError(t, err, "no lock is held")
}
