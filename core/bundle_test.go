package ajwt

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

var (
	bundleKey     = newSigner("bundle")
	supervisorKey = newSigner("supervisor")
	plannerKey    = newSigner("planner")
)

func testSum(label string) string {
	return "sha256:" + strings.Repeat(fmt.Sprintf("%02x", label[0]), 32)
}

func testAgent(id string, key signer) string {
	return fmt.Sprintf(`{"agent_id":%q,"status":"active","registrations":[{"registration_id":"reg_%s","checksum":%q}],"keys":[%s]}`,
		id, id, testSum(id), key.jwk)
}

func testStep(id, agent, after string, flags string) string {
	if agent != "" {
		agent = `"agent_id":"` + agent + `",`
	}
	required, gate, approval := strings.Contains(flags, "r"), strings.Contains(flags, "g"), strings.Contains(flags, "a")
	return fmt.Sprintf(`{"step_id":%q,%s"after":[%s],"required":%t,"approval_gate":%t,"requires_approval":%t,"scopes":["repo:read"],"tools":["t"],"context":[]}`,
		id, agent, after, required, gate, approval)
}

func testBundle(version int) string {
	return fmt.Sprintf(`{"iss":"https://as.example","iat":%d,"exp":%d,"version":%d,"agents":[%s],"workflows":[%s]}`, testNow-60, testNow+3600, version,
		strings.Join([]string{testAgent("supervisor", supervisorKey), testAgent("planner", plannerKey), testAgent("patcher", agentKey)}, ","),
		`{"workflow_id":"w","version":1,"origins":["supervisor"],"delegation":[["supervisor","planner"],["planner","patcher"]],"max_depth":4,"steps":[`+
			testStep("plan", "planner", ``, "r")+`,`+testStep("approve", "", `"plan"`, "rg")+`,`+testStep("patch", "patcher", `"approve"`, "ra")+`]}`)
}

func signBundle(payload string) []byte {
	return []byte(bundleKey.sign(`{"typ":"ajwt-bundle+jwt","alg":"Ed25519","kid":"b1"}`, payload))
}

func bundlePolicy(profile, require, more string) string {
	signers := `"keys":[{"kid":"b1",` + bundleKey.jwk[1:] + `]`
	return strings.Replace(testPolicy(profile, require, more), `"jwks":`, `"bundle":{`+signers+`},"revocation":{`+signers+`},"jwks":`, 1)
}

func testLink(from signer, iss, sub string, to signer, prev string) string {
	if prev != "" {
		sum := sha256.Sum256([]byte(prev))
		prev = `,"prev":"` + b64(sum[:]) + `"`
	}
	return from.sign(`{"typ":"ajwt-delegation+jwt","alg":"Ed25519","jwk":`+from.jwk+`}`,
		fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://as.example","cnf":{"jkt":%q},"workflow_id":"w","scope":"repo:read","iat":%d,"exp":%d,"jti":%q%s}`,
			iss, sub, to.thumb, testNow-50, testNow+300, "link-"+sub, prev))
}

func lawfulClaims(links bool) string {
	chain, _ := ChainHash([]string{"supervisor", "planner", "patcher"}, HashLong)
	steps, _ := StepHash([]string{"plan", "approve", "patch"}, HashLong)
	more := ""
	if links {
		first := testLink(supervisorKey, "supervisor", "planner", plannerKey, "")
		more = fmt.Sprintf(`,"delegation_links":[%q,%q]`, first, testLink(plannerKey, "planner", "patcher", agentKey, first))
	}
	return fmt.Sprintf(`,"cnf":{"jkt":%q},"intent":{"workflow_id":"w","workflow_step":"patch","executed_by":"patcher","delegation_chain":%q,"step_sequence_hash":%q%s},`+
		`"agent_proof":{"agent_checksum":%q,"registration_id":"reg_patcher"}`, agentKey.thumb, chain, steps, more, testSum("patcher"))
}

func TestBundleDecision(t *testing.T) {
	v := newTestVerifier(t, bundlePolicy("hardened", `{"links":"required"}`, ""), Options{})
	ask := func(token string) Decision {
		r := bearer(token)
		r.Headers = []Header{{"Authorization", "DPoP " + token}, {"DPoP", agentKey.proof(token, r.Method, "https://api.example"+r.Target, fmt.Sprint(rand.Int64()), testNow)}}
		return v.Verify(r)
	}
	token := testToken(lawfulClaims(true))
	require.Equal(t, CodeAgentBundleMissing, ask(token).Code)
	_, err := v.Load(KindBundle, "https://as.example", signBundle(testBundle(2)), testNow)
	require.NoError(t, err)
	d := ask(token)
	require.Equal(t, "", d.Code.String())
	require.Equal(t, "ajwt+pop+links", d.Level.String())
	require.EqualValues(t, 2, d.BundleVersion)
	require.Equal(t, "", ask(token).Code.String(), "with remembered signatures")
	require.Equal(t, CodeDelegationLinksMissing, ask(testToken(lawfulClaims(false))).Code)

	_, err = v.Load(KindBundle, "https://as.example", signBundle(testBundle(1)), testNow)
	require.Equal(t, CodeBundleVersionOld, err.(*LoadError).Code())
	_, err = v.Load(KindBundle, "https://as.example", signBundle(strings.Replace(testBundle(2), `"t"`, `"u"`, 1)), testNow)
	require.Equal(t, CodeBundleVersionConflict, err.(*LoadError).Code())

	again := newTestVerifier(t, bundlePolicy("hardened", `{}`, ""), Options{Versions: v.Versions()})
	_, err = again.Load(KindBundle, "https://as.example", signBundle(testBundle(1)), testNow)
	require.Equal(t, CodeBundleVersionOld, err.(*LoadError).Code(), "after a restart")

	list := func(agents string, sequence int) []byte {
		return []byte(bundleKey.sign(`{"typ":"ajwt-revocations+jwt","alg":"Ed25519","kid":"b1"}`, fmt.Sprintf(
			`{"iss":"https://as.example","iat":%d,"next_update":%d,"sequence":%d,"agents":[%s],"registrations":[],"tokens":[],"keys":[]}`, testNow-5, testNow+60, sequence, agents)))
	}
	_, err = v.Load(KindRevocations, "https://as.example", list(`"supervisor"`, 1), testNow)
	require.NoError(t, err)
	require.Equal(t, CodeDelegationLinkAgentRevoked, ask(token).Code)
	_, err = v.Load(KindRevocations, "https://as.example", list(``, 2), testNow)
	require.NoError(t, err)
	require.Equal(t, "", ask(token).Code.String())
}

// TestSequences compares the sets with those found by trying every order of every
// selection of steps and holding it to the rules of the profile.
func TestSequences(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 2 + random.IntN(4)
		steps := make([]bundleStep, n)
		for i := range steps {
			s := &steps[i]
			s.id, s.agent = string(rune('a'+i)), anyAgent
			s.required, s.approvalGate, s.needsApproval = random.IntN(2) == 0, random.IntN(3) == 0, random.IntN(4) == 0
			for j := range i {
				if random.IntN(2) == 0 {
					s.after.add(j)
				}
			}
		}
		require.True(t, closeAncestors(steps))
		for i := range steps {
			if steps[i].needsApproval && latestGates(steps, i) == (stepSet{}) {
				steps[i].needsApproval = false // a load error
			}
		}
		last := n - 1
		var got []string
		c := &bundleCompiler{docReader: &docReader{}}
		c.eachSequence(steps, last, func() bool { got = append(got, string(c.joined)); return true })
		want := lawfulByTrial(steps, last)
		slices.Sort(got)
		slices.Sort(want)
		require.Equal(t, want, got)
	}
}

// lawfulByTrial is the rule of the profile, word by word.
func lawfulByTrial(steps []bundleStep, last int) (lawful []string) {
	before := func(i, j int) bool { return steps[j].ancestors.has(i) } // i before j
	holds := func(order []int) bool {
		for k, i := range order {
			if i != last && !before(i, last) {
				return false
			}
			for _, j := range order[:k] {
				if before(i, j) {
					return false
				}
			}
			if !steps[i].needsApproval {
				continue
			}
			for g := range steps {
				latest := steps[g].approvalGate && before(g, i)
				for h := range steps {
					latest = latest && !(steps[h].approvalGate && before(g, h) && before(h, i))
				}
				if latest && !slices.Contains(order[:k], g) {
					return false
				}
			}
		}
		for i := range steps {
			if steps[i].required && before(i, last) && !slices.Contains(order, i) {
				return false
			}
		}
		return true
	}
	var try func(order []int)
	try = func(order []int) {
		if full := append(slices.Clone(order), last); holds(full) {
			var ids []string
			for _, i := range full {
				ids = append(ids, steps[i].id)
			}
			lawful = append(lawful, strings.Join(ids, "|"))
		}
		for i := range last {
			if !slices.Contains(order, i) {
				try(append(slices.Clone(order), i))
			}
		}
	}
	try(nil)
	return lawful
}

func TestBundleLimits(t *testing.T) {
	// Nine free steps before one: 9! orders are 362,880.
	var steps []string
	var names []string
	for i := range 9 {
		id := fmt.Sprintf("s%d", i)
		steps = append(steps, testStep(id, "supervisor", "", "r"))
		names = append(names, `"`+id+`"`)
	}
	steps = append(steps, testStep("end", "supervisor", strings.Join(names, ","), "r"))
	payload := strings.Replace(testBundle(1), `"steps":[`, `"steps":[`+strings.Join(steps, ",")+`,`, 1)
	_, err := CompileBundle([]byte(payload), "https://as.example", testNow)
	require.Equal(t, CodeBundleLimitExceeded, err.(*LoadError).Code())
	require.Contains(t, err.Error(), `"end"`)
	require.Contains(t, err.Error(), `"w"`)
}

// fanBundle is a bundle with steps that may run side by side, and a row of others behind
// them.
func fanBundle(width, tail int, tailFlags string) string {
	var steps, names []string
	for i := range width {
		id := fmt.Sprintf("s%d", i)
		steps = append(steps, testStep(id, "supervisor", "", "r"))
		names = append(names, `"`+id+`"`)
	}
	steps = append(steps, testStep("t0", "supervisor", strings.Join(names, ","), "rg"))
	for i := 1; i < tail; i++ {
		steps = append(steps, testStep(fmt.Sprintf("t%d", i), "supervisor", fmt.Sprintf(`"t%d"`, i-1), tailFlags))
	}
	p := testBundle(1)
	return p[:strings.Index(p, `"steps":[`)] + `"steps":[` + strings.Join(steps, ",") + `]}]}`
}

// TestBundleCost: what is wrong, long or wide costs no more than its size.
func TestBundleCost(t *testing.T) {
	// 120 orders of five steps, then 120 steps in a row that each look back for their gate:
	// 14,405 sequences of about 65 steps.
	b, err := CompileBundle([]byte(fanBundle(5, 120, "ra")), "https://as.example", testNow)
	require.NoError(t, err)
	require.Len(t, b.sequences, 120*120+5)
	for lawful, want := range map[int]bool{120*120 + 5: true, 120*120 + 4: false} {
		var doc strictjson.Document
		require.Nil(t, readPayload(&doc, []byte(fanBundle(5, 120, "ra")), CodeBundleJSONInvalid, nil))
		_, fault := compileBundle(doc.Root(), &documentTerms{"https://as.example", 0, testNow}, lawful, nil)
		require.Equal(t, want, fault == nil, "what a host has room for")
		require.True(t, want || fault.Faults[0].Code == CodeBundleLimitExceeded)
	}
	last := len(b.steps) - 1
	c := &bundleCompiler{docReader: &docReader{}}
	found := 0
	c.eachSequence(b.steps, last, func() bool { found++; return true })
	require.Equal(t, 120, found)
	require.LessOrEqual(t, c.visits, found*len(b.steps), "each sequence costs its length, however many steps the workflow has")

	// Entries of a wrong type take no room for agents, and end the reading after the faults
	// that are kept.
	for _, member := range []string{`"agents":[`, `"delegation":[`, `"origins":[`, `"registrations":[`} {
		wrong := strings.Replace(testBundle(1), member, member+strings.Repeat("1,", 1<<20), 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := CompileBundle([]byte(wrong), "https://as.example", testNow)
		runtime.ReadMemStats(&after)
		require.Len(t, err.(*LoadError).Faults, signedFaults)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(160<<20), member) // 28 bytes per value, doubled as it grows
	}

	// Checksums of one agent are held apart by a set.
	var shims []string
	for i := range 1 << 16 {
		shims = append(shims, fmt.Sprintf(`"sha256:%064x"`, i))
	}
	long := strings.Replace(testBundle(1), `"keys":`, `"shim_checksums":[`+strings.Join(shims, ",")+`],"keys":`, 1)
	_, err = CompileBundle([]byte(long), "https://as.example", testNow)
	require.NoError(t, err)
	twice := strings.Replace(long, shims[1], shims[0], 1)
	_, err = CompileBundle([]byte(twice), "https://as.example", testNow)
	require.Equal(t, CodeBundleIDDuplicate, err.(*LoadError).Code())
}

// A compiled bundle keeps nothing of the document that it was made from.
func TestBundleKeepsNoDocument(t *testing.T) {
	payload := []byte(strings.Replace(testBundle(1), `"agents"`, strings.Repeat(" ", 32<<20)+`"agents"`, 1))
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	with := heap()
	b, err := CompileBundle(payload, "https://as.example", testNow)
	require.NoError(t, err)
	runtime.KeepAlive(payload)
	payload = nil
	require.Less(t, heap(), with-(16<<20))
	runtime.KeepAlive(b)
}

// What one issuer's bundle and list say holds for that issuer alone.
func TestBundleOfOtherIssuer(t *testing.T) {
	signers := `"keys":[{"kid":"b1",` + bundleKey.jwk[1:] + `]`
	entry := `{"issuer":%q,"profile":"draft-00","audiences":["https://api.example"],"algorithms":["Ed25519"],"jwks":` + issuerKey.keySet("k1") +
		`,"bundle":{` + signers + `},"revocation":{` + signers + `}}`
	policy := `{"issuers":[` + fmt.Sprintf(entry, "https://as.example") + `,` + fmt.Sprintf(entry, "https://other.example") +
		`],"routes":[{"id":"any","match":{"path":"/**"},"require":{"proof":"optional"}}]}`
	v := newTestVerifier(t, policy, Options{})
	token := testToken(lawfulClaims(true))
	_, err := v.Load(KindBundle, "https://other.example", signBundle(testBundle(1)), testNow)
	require.Equal(t, CodeBundleIssuerMismatch, err.(*LoadError).Code())
	_, err = v.Load(KindBundle, "https://other.example", signBundle(strings.ReplaceAll(testBundle(1), "as.example", "other.example")), testNow)
	require.NoError(t, err)
	require.Equal(t, CodeAgentBundleMissing, v.Verify(bearer(token)).Code)
	loadBundle(t, v, testBundle(1))
	require.Equal(t, "ajwt+links", v.Verify(bearer(token)).Level.String())
	revoked := strings.ReplaceAll(strings.ReplaceAll(testBundle(2), "as.example", "other.example"), `"active"`, `"revoked"`)
	_, err = v.Load(KindBundle, "https://other.example", signBundle(revoked), testNow)
	require.NoError(t, err)
	require.Equal(t, "ajwt+links", v.Verify(bearer(token)).Level.String())
}

// A bundle that has expired says nothing on a route of level jwt, and closes the others.
func TestBundleExpires(t *testing.T) {
	unpinned := strings.Replace(lawfulClaims(false), agentKey.thumb, plannerKey.thumb, 1)
	for _, row := range []struct {
		require string
		after   int64
		want    Code
	}{
		{`{"proof":"optional"}`, 0, CodeAgentKeyUnpinned},
		{`{"proof":"optional"}`, 1, CodeAgentBundleExpired},
		{`{"proof":"optional","level":"agent"}`, 1, CodeAgentBundleExpired},
		{`{"proof":"optional","level":"jwt"}`, 0, CodeAgentKeyUnpinned},
		{`{"proof":"optional","level":"jwt"}`, 1, 0},
	} {
		v := newTestVerifier(t, bundlePolicy("draft-00", row.require, ""), Options{})
		loadBundle(t, v, strings.Replace(testBundle(1), fmt.Sprint(testNow+3600), fmt.Sprint(testNow+100), 1))
		req := bearer(testToken(unpinned))
		req.Now = testNow + 99 + row.after
		d := v.Verify(req)
		require.Equal(t, row.want.String(), d.Code.String(), "%v", row)
		require.True(t, d.Code != 0 || d.Level == LevelJWT && d.BundleVersion == 0)
	}
}

// An alias holds for its audience, under it steps have no other name, and a token that
// names a workflow by its real id names its step so too.
func TestAliasConfusion(t *testing.T) {
	payload := strings.Replace(testBundle(1), `"steps":[`, `"aliases":[{"audience":"https://api.example","workflow_id":"x","steps":{"p":"patch","plan":"patch"}},`+
		`{"audience":"https://third.example","workflow_id":"y","steps":{"p":"patch"}}],"steps":[`, 1)
	v := newTestVerifier(t, bundlePolicy("draft-00", `{"proof":"optional","steps":["w/patch"]}`, ""), Options{})
	loadBundle(t, v, payload)
	ask := func(workflow, step string, audience string) Decision {
		claims := strings.Replace(lawfulClaims(false), `"workflow_id":"w","workflow_step":"patch"`, fmt.Sprintf(`"workflow_id":%q,"workflow_step":%q`, workflow, step), 1)
		return v.Verify(bearer(tokenWith(claims, `"aud":"https://api.example"`, `"aud":`+audience)))
	}
	const ours = `"https://api.example"`
	for _, row := range []struct {
		workflow, step, audience string
		want                     Code
	}{
		{"w", "patch", ours, 0}, {"x", "p", ours, 0}, {"x", "plan", ours, 0},
		{"x", "patch", ours, CodeWorkflowStepUnknown},
		{"w", "p", ours, CodeWorkflowStepUnknown},
		{"w", "plan", ours, CodeWorkflowStepAgentMismatch},
		{"y", "p", ours, CodeDelegationWorkflowUnknown},
		{"y", "p", `["https://api.example","https://third.example"]`, CodeDelegationWorkflowUnknown},
		{"x", "p", `["https://third.example","https://api.example"]`, 0},
	} {
		d := ask(row.workflow, row.step, row.audience)
		require.Equal(t, row.want.String(), d.Code.String(), "%v", row)
		if d.Code == 0 {
			require.Equal(t, "w/patch", d.Workflow+"/"+d.Step)
		}
	}
}

// Where two audiences of the token give one alias two meanings, it has none, in whatever
// order the policy names them.
func TestAliasOfTwoMeanings(t *testing.T) {
	second := `{"workflow_id":"v","version":1,"aliases":[{"audience":"https://b.example","workflow_id":"x","steps":{"p":"patch"}}],` +
		testBundle(1)[strings.Index(testBundle(1), `"origins"`):]
	second = strings.TrimSuffix(second, "]}")
	payload := strings.Replace(testBundle(1), `"workflows":[`, `"workflows":[`+second+`,`, 1)
	payload = strings.Replace(payload, `"workflow_id":"w","version":1,`, `"workflow_id":"w","version":1,"aliases":[{"audience":"https://api.example","workflow_id":"x","steps":{"p":"patch"}},`+
		`{"audience":"https://b.example","workflow_id":"z","steps":{"p":"patch","q":"plan"}},{"audience":"https://api.example","workflow_id":"z","steps":{"p":"patch","q":"patch"}}],`, 1)
	for _, audiences := range []string{`["https://api.example","https://b.example"]`, `["https://b.example","https://api.example"]`} {
		v := newTestVerifier(t, strings.Replace(bundlePolicy("draft-00", `{"proof":"optional"}`, ""), `["https://api.example"]`, audiences, 1), Options{})
		loadBundle(t, v, payload)
		ask := func(workflow, step, audience string) Decision {
			claims := strings.Replace(lawfulClaims(false), `"workflow_id":"w","workflow_step":"patch"`, fmt.Sprintf(`"workflow_id":%q,"workflow_step":%q`, workflow, step), 1)
			return v.Verify(bearer(tokenWith(claims, `"aud":"https://api.example"`, `"aud":`+audience)))
		}
		require.Equal(t, "w", ask("x", "p", `"https://api.example"`).Workflow)
		require.Equal(t, "v", ask("x", "p", `"https://b.example"`).Workflow)
		require.Equal(t, CodeDelegationWorkflowUnknown, ask("x", "p", `["https://api.example","https://b.example"]`).Code)
		require.Equal(t, CodeDelegationWorkflowUnknown, ask("z", "q", `["https://api.example","https://b.example"]`).Code)
		require.Equal(t, Code(0), ask("z", "p", `["https://api.example","https://b.example"]`).Code)
	}
}
