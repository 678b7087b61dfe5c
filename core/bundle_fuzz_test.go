package ajwt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainBundle is a bundle as encoding/json reads it: what this file's oracles know of one.
type plainBundle struct {
	Iss       string
	Exp       int64
	Agents    []plainAgent
	Workflows []plainWorkflow
}

type plainAgent struct {
	AgentID string `json:"agent_id"`
	Status  string
}

type plainWorkflow struct {
	WorkflowID string `json:"workflow_id"`
	Origins    []string
	Delegation [][2]string
	MaxDepth   int `json:"max_depth"`
	Steps      []struct {
		StepID           string  `json:"step_id"`
		AgentID          *string `json:"agent_id"`
		After            []string
		Required         bool
		ApprovalGate     bool `json:"approval_gate"`
		RequiresApproval bool `json:"requires_approval"`
		Scopes           []string
	}
}

func (b *plainBundle) workflow(id string) *plainWorkflow {
	for i := range b.Workflows {
		if b.Workflows[i].WorkflowID == id {
			return &b.Workflows[i]
		}
	}
	return nil
}

// lawfulChain is section 16.1's rule, word by word.
func (w *plainWorkflow) lawfulChain(chain []string) bool {
	if len(chain) == 0 || !slices.Contains(w.Origins, chain[0]) || len(chain)-1 > w.MaxDepth {
		return false
	}
	for i, id := range chain[1:] {
		if !slices.Contains(w.Delegation, [2]string{chain[i], id}) {
			return false
		}
	}
	return true
}

// lawfulSequence holds a sequence of step ids to the rules of section 16.1.
func (w *plainWorkflow) lawfulSequence(sequence []string) bool {
	at := map[string]int{}
	for i, s := range w.Steps {
		at[s.StepID] = i
	}
	var before func(i, j int) bool
	before = func(i, j int) bool {
		return slices.ContainsFunc(w.Steps[j].After, func(id string) bool { return at[id] == i || before(i, at[id]) })
	}
	last := len(sequence) - 1
	done := []int{}
	for k, id := range sequence {
		i, known := at[id]
		if !known || slices.Contains(done, i) || k < last && !before(i, at[sequence[last]]) {
			return false
		}
		for _, j := range done {
			if before(i, j) {
				return false
			}
		}
		if w.Steps[i].RequiresApproval {
			for g := range w.Steps {
				latest := w.Steps[g].ApprovalGate && before(g, i)
				for h := range w.Steps {
					latest = latest && !(w.Steps[h].ApprovalGate && before(g, h) && before(h, i))
				}
				if latest && !slices.Contains(done, g) {
					return false
				}
			}
		}
		done = append(done, i)
	}
	for i := range w.Steps {
		if w.Steps[i].Required && before(i, at[sequence[last]]) && !slices.Contains(done, i) {
			return false
		}
	}
	return true
}

// FuzzBundle: no payload makes the compiler fail or slow, and what compiles holds chains and
// sequences that are lawful by a reading of its own, and known agents alone.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(testBundle(1)))
	f.Add([]byte(strings.Replace(testBundle(1), `"approval_gate":true`, `"approval_gate":false`, 1)))
	f.Add([]byte(strings.Replace(testBundle(1), `"after":["plan"]`, `"after":["patch"]`, 1)))
	f.Add([]byte(strings.Replace(testBundle(1), `["planner","patcher"]`, `["planner","supervisor"]`, 1)))
	f.Add([]byte(strings.Replace(testBundle(1), `"required":true`, `"required":false`, -1)))
	f.Add([]byte(strings.Replace(testBundle(1), `"max_depth":4`, `"max_depth":0`, 1)))
	f.Add([]byte(strings.Replace(testBundle(1), `"steps":[`, `"aliases":[{"audience":"a","workflow_id":"x","steps":{"p":"plan"}}],"steps":[`, 1)))
	f.Add([]byte(fanBundle(3, 3, "ra")))
	f.Add([]byte(`{"agents":[{"agent_id":""}],"workflows":[{"origins":[""],"delegation":[["",""]],"steps":[{"after":[""]}]}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, err := CompileBundle(payload, "https://as.example", testNow)
		require.Equal(t, b == nil, err != nil)
		if err != nil {
			faults := err.(*LoadError).Faults
			require.NotEmpty(t, faults)
			require.LessOrEqual(t, len(faults), signedFaults)
			for _, f := range faults {
				require.True(t, f.Code.Known())
			}
			return
		}
		var plain plainBundle
		require.NoError(t, json.Unmarshal(payload, &plain))
		require.Len(t, b.Agents(), len(plain.Agents))
		for _, bw := range b.Workflows() {
			w, n := plain.workflow(bw.ID), 0
			b.EachChain(bw.ID, "", func(chain []string, revoked bool) bool {
				require.True(t, w.lawfulChain(chain), "%v", chain)
				require.Equal(t, revoked, slices.ContainsFunc(plain.Agents, func(a plainAgent) bool {
					return a.Status == "revoked" && slices.Contains(chain, a.AgentID)
				}))
				n++
				return n < 50
			})
			for _, s := range b.Steps(bw.ID) {
				require.Positive(t, s.Sequences, "a step that nothing can reach")
				n := 0
				b.EachSequence(bw.ID, s.ID, func(sequence []string) bool {
					require.Equal(t, s.ID, sequence[len(sequence)-1])
					require.True(t, w.lawfulSequence(sequence), "%v", sequence)
					require.True(t, b.AllowsSequence(bw.ID, sequence))
					n++
					return n < 20
				})
			}
		}
	})
}

// plainToken is a token as encoding/json reads it.
type plainToken struct {
	Sub, Scope string
	Exp        int64
	Cnf        struct{ Jkt string }
	Intent     *struct {
		WorkflowID       string   `json:"workflow_id"`
		WorkflowStep     string   `json:"workflow_step"`
		DelegationChain  string   `json:"delegation_chain"`
		StepSequenceHash string   `json:"step_sequence_hash"`
		Links            []string `json:"delegation_links"`
	}
	AgentProof *struct {
		AgentChecksum  string `json:"agent_checksum"`
		RegistrationID string `json:"registration_id"`
	} `json:"agent_proof"`
}

// plainLink is a link as encoding/json reads it.
type plainLink struct {
	Iss, Sub, Aud, Scope, Jti, Prev string
	Iat, Exp                        int64
	Cnf                             struct{ Jkt string }
	WorkflowID                      string  `json:"workflow_id"`
	WorkflowStep                    *string `json:"workflow_step"`
}

// lookAlike tells whether a text has a member name that encoding/json, which pays no
// regard to case, may take for another: the oracle cannot read it.
func lookAlike(text []byte) bool {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return false
	}
	var inside func(v any) bool
	inside = func(v any) bool {
		switch v := v.(type) {
		case []any:
			return slices.ContainsFunc(v, inside)
		case map[string]any:
			for name, value := range v {
				if inside(value) || strings.ContainsFunc(name, func(c rune) bool { return c > 'z' || c >= 'A' && c <= 'Z' }) {
					return true
				}
			}
		}
		return false
	}
	return inside(v)
}

func hexSum(ids ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, "|")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// readLink verifies one link by the standard library and gives its claims and signer.
func readLink(t *testing.T, compact string) (l plainLink, signer string) {
	parts := strings.Split(compact, ".")
	require.Len(t, parts, 3)
	decode := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	var header struct {
		Typ string
		Jwk struct{ Kty, Crv, X string }
	}
	require.NoError(t, json.Unmarshal(decode(parts[0]), &header))
	require.NoError(t, json.Unmarshal(decode(parts[1]), &l))
	require.Contains(t, []string{"ajwt-delegation+jwt", "application/ajwt-delegation+jwt"}, strings.ToLower(header.Typ))
	require.Equal(t, "Ed25519", header.Jwk.Crv)
	require.True(t, ed25519.Verify(decode(header.Jwk.X), []byte(parts[0]+"."+parts[1]), decode(parts[2])))
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + header.Jwk.X + `"}`))
	return l, b64(sum[:])
}

// lawfulRequest holds a token that passed to the test's own bundle, without any code of
// the verifier: all of it, or where a failure was observed what its level states.
func lawfulRequest(t *testing.T, tok *plainToken, d *Decision, now int64) {
	level := d.Level
	pinned := map[string]string{"supervisor": supervisorKey.thumb, "planner": plannerKey.thumb, "patcher": agentKey.thumb}
	if key, known := pinned[tok.Sub]; known && (!d.Observed || level.Base() >= LevelAgent) {
		require.Equal(t, key, tok.Cnf.Jkt, "a key that the bundle does not pin")
	}
	if level.Base() >= LevelAgent {
		require.Contains(t, pinned, tok.Sub)
		require.Equal(t, "reg_"+tok.Sub, tok.AgentProof.RegistrationID)
		require.Equal(t, testSum(tok.Sub), tok.AgentProof.AgentChecksum)
	}
	if d.Observed && level.Base() < LevelAJWT {
		require.Zero(t, level&LevelLinks)
		return
	}
	if tok.Intent == nil || tok.Intent.WorkflowID == "" {
		require.Less(t, level.Base(), LevelAJWT)
		return
	}
	in := tok.Intent
	require.Equal(t, "w", in.WorkflowID)
	lawful := map[string]struct{ agent, chain, steps string }{
		"plan":  {"planner", hexSum("supervisor", "planner"), hexSum("plan")},
		"patch": {"patcher", hexSum("supervisor", "planner", "patcher"), hexSum("plan", "approve", "patch")},
	}
	want, known := lawful[in.WorkflowStep]
	require.True(t, known)
	short := func(hash string) string { return hash[7:23] }
	require.Equal(t, want.agent, tok.Sub)
	require.Contains(t, []string{want.chain, short(want.chain)}, in.DelegationChain)
	require.Contains(t, []string{want.steps, short(want.steps)}, in.StepSequenceHash)
	for _, s := range strings.Fields(tok.Scope) {
		require.Equal(t, "repo:read", s)
	}
	require.Equal(t, level&LevelLinks != 0, len(in.Links) > 0 && level.Base() == LevelAJWT, "+links, and links there")
	var ids []string
	for i, compact := range in.Links {
		l, signer := readLink(t, compact)
		require.Equal(t, pinned[l.Iss], signer)
		require.Equal(t, "https://as.example", l.Aud)
		require.Equal(t, "w", l.WorkflowID)
		require.True(t, now < l.Exp && l.Iat <= now+30 && l.Jti != "")
		if ids = append(ids, l.Iss); i == 0 {
			require.Empty(t, l.Prev)
		} else {
			before, _ := readLink(t, in.Links[i-1])
			sum := sha256.Sum256([]byte(in.Links[i-1]))
			require.Equal(t, b64(sum[:]), l.Prev)
			require.Equal(t, before.Sub, l.Iss)
			require.Equal(t, before.Cnf.Jkt, signer)
			require.LessOrEqual(t, l.Exp, before.Exp)
			require.True(t, scopeIn(l.Scope, before.Scope))
		}
		if i == len(in.Links)-1 {
			ids = append(ids, l.Sub)
			require.Equal(t, tok.Sub, l.Sub)
			require.Equal(t, tok.Cnf.Jkt, l.Cnf.Jkt)
			require.True(t, scopeIn(tok.Scope, l.Scope))
			require.True(t, l.WorkflowStep == nil || *l.WorkflowStep == in.WorkflowStep)
			require.Equal(t, want.chain, hexSum(ids...))
		}
	}
}

func scopeIn(a, b string) bool {
	for _, s := range strings.Fields(a) {
		if !slices.Contains(strings.Fields(b), s) {
			return false
		}
	}
	return true
}

const linkHeader = `{"typ":"ajwt-delegation+jwt","alg":"Ed25519","jwk":JWK}`

func linkText(iss, sub string, to signer, prev string) string {
	return fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://as.example","cnf":{"jkt":%q},"workflow_id":"w","scope":"repo:read","iat":%d,"exp":%d,"jti":%q%s}`,
		iss, sub, to.thumb, testNow-50, testNow+300, "link-"+sub, prev)
}

func rootLink() string   { return linkText("supervisor", "planner", plannerKey, "") }
func secondLink() string { return linkText("planner", "patcher", agentKey, `,"prev":"PREV"`) }

// linkedClaims are lawful claims with places for two links.
func linkedClaims() string {
	return strings.Replace(lawfulClaims(false), `},"agent_proof"`, `,"delegation_links":["L0","L1"]},"agent_proof"`, 1)
}

// FuzzLinks changes claims and links of a lawful token, which is then signed again, the
// links too: the server that mints is careless. Nothing makes the verifier fail, and what
// it accepts is lawful by a check of its own.
func FuzzLinks(f *testing.F) {
	header, root, second, claims, linked := linkHeader, rootLink(), secondLink(), lawfulClaims(false), linkedClaims()
	stepped := strings.Replace(second, `"scope"`, `"workflow_step":"patch","scope"`, 1)
	f.Add(claims, header, root, second, uint8(0x01), int64(0))
	f.Add(linked, header, root, second, uint8(0x10), int64(0))
	f.Add(linked, header, root, stepped, uint8(0x10), int64(299))
	f.Add(linked, header, root, second, uint8(0x10), int64(4000))
	f.Add(linked, header, root, second, uint8(0x12), int64(0))
	f.Add(strings.Replace(linked, `"L0",`, "", 1), header, root, linkText("supervisor", "patcher", agentKey, ""), uint8(0x10), int64(0))
	f.Add(strings.Replace(linked, `"L0","L1"`, `"L0","L1","L0"`, 1), header, root, second, uint8(0x10), int64(0))
	f.Add(`,"cnf":{"jkt":"`+agentKey.thumb+`"},"intent":{"delegation_links":["L0"]}`, header, root, second, uint8(0x30), int64(0))
	f.Add(strings.Replace(claims, testSum("patcher"), testSum("other"), 1), header, root, second, uint8(0), int64(0))
	f.Add(strings.Replace(claims, hexSum("plan", "approve", "patch"), hexSum("plan", "approve", "patch")[7:23], 1), header, root, second, uint8(0), int64(0))
	verifiers := carelessVerifiers(f)
	f.Fuzz(func(t *testing.T, claims, header, root, second string, by uint8, later int64) {
		lawfulOrRefused(t, verifiers, claims, header, root, second, by, later)
	})
}

// carelessVerifiers ask for ever less, the odd ones by observing.
func carelessVerifiers(t testing.TB) (verifiers []*Verifier) {
	for _, require := range []string{`{"proof":"optional","links":"required"}`, `{"proof":"optional"}`, `{"proof":"optional","level":"agent"}`, `{"proof":"optional","level":"jwt"}`} {
		policy := bundlePolicy("draft-00", require, "")
		for _, p := range []string{policy, observing(policy, `"agent","delegation","workflow"`)} {
			v := newTestVerifier(t, p, Options{})
			loadBundle(t, v, testBundle(1))
			verifiers = append(verifiers, v)
		}
	}
	return verifiers
}

// lawfulOrRefused has a token minted from the given texts, whatever they say, and holds
// what each verifier accepts to lawfulRequest. It returns how many levels were got.
func lawfulOrRefused(t *testing.T, verifiers []*Verifier, claims, header, root, second string, by uint8, later int64) (got []Level) {
	signers := []signer{supervisorKey, plannerKey, agentKey, issuerKey}
	if later < 0 || later > 1<<40 {
		later = 0
	}
	sign := func(payload string, s signer) string {
		return s.sign(strings.Replace(header, "JWK", s.jwk, 1), payload)
	}
	if lookAlike([]byte(header)) || lookAlike([]byte(root)) || lookAlike([]byte(second)) || lookAlike([]byte("{"+strings.TrimPrefix(claims, ",")+"}")) {
		return
	}
	first := sign(root, signers[by&3])
	sum := sha256.Sum256([]byte(first))
	next := sign(strings.Replace(second, "PREV", b64(sum[:]), 1), signers[by>>4&3])
	token := testToken(strings.NewReplacer("L0", first, "L1", next).Replace(claims))
	req := bearer(token)
	req.Now += later
	for i, v := range verifiers {
		for range 2 { // the second time with remembered signatures
			d := v.Verify(req)
			require.NotEqual(t, CodeInternalPanic, d.Code)
			require.True(t, d.Code == 0 || d.Code.Known())
			require.Equal(t, d.Code == 0, d.Verdict == Accept)
			require.True(t, json.Valid(d.AppendRecord(nil)))
			if !d.Allows() {
				continue
			}
			c, err := ParseCompact([]byte(token))
			require.NoError(t, err)
			var tok plainToken
			require.NoError(t, json.Unmarshal(c.Payload, &tok))
			require.True(t, req.Now < tok.Exp+30)
			if req.Now >= testNow+3600 {
				require.Equal(t, LevelJWT, d.Level, "the bundle has expired")
				continue
			}
			lawfulRequest(t, &tok, &d, req.Now)
			require.True(t, i > 1 || d.Observed || len(tok.Intent.Links) > 0, "links are required")
			if !d.Observed {
				got = append(got, d.Level)
			}
		}
	}
	return got
}

// TestCarelessServer does the same with edits that keep the texts well-formed, which the
// fuzzer finds seldom.
func TestCarelessServer(t *testing.T) {
	verifiers := carelessVerifiers(t)
	random := rand.New(rand.NewPCG(7, 7))
	words := []string{"supervisor", "planner", "patcher", "stranger", `"w"`, `"x"`, `"plan"`, `"patch"`, `"approve"`, "repo:read", "repo:read repo:write", "repo:admin",
		supervisorKey.thumb, plannerKey.thumb, agentKey.thumb, issuerKey.thumb, "https://as.example", "https://other.example", "reg_patcher", "reg_planner",
		testSum("patcher"), testSum("supervisor"), hexSum("supervisor", "planner", "patcher"), hexSum("supervisor", "planner", "patcher")[7:23],
		hexSum("supervisor", "planner"), hexSum("supervisor", "patcher"), hexSum("patcher"), hexSum("plan", "approve", "patch"), hexSum("plan", "patch"),
		hexSum("plan", "approve", "patch")[7:23], hexSum("plan"), hexSum(), fmt.Sprint(testNow - 50), fmt.Sprint(testNow + 300), fmt.Sprint(testNow + 40),
		fmt.Sprint(testNow - 1), `"L0","L1"`, `"L0"`, `"L1"`, `"L1","L0"`, `"L0","L1","L1"`, `,"prev":"PREV"`, ``, `,"workflow_step":"patch"`, `"workflow_step":"plan"`,
		`"delegation_links"`, `"delegation_chain"`, `"step_sequence_hash"`, `"cnf"`, `"agent_proof"`, `"intent"`, `"registration_id"`, `"prev"`, `"jti"`, `"scope"`, `"unknown"`}
	edit := func(text string) string {
		from, to := words[random.IntN(len(words))], words[random.IntN(len(words))]
		if from == "" || strings.Contains(from, ":") != strings.Contains(to, ":") && random.IntN(4) > 0 {
			return text
		}
		return strings.Replace(text, from, to, 1+random.IntN(2))
	}
	counts := map[Level]int{}
	for range 400 {
		texts := [4]string{linkedClaims(), linkHeader, rootLink(), secondLink()}
		switch random.IntN(6) {
		case 0, 1:
			texts[0] = lawfulClaims(false)
		case 2:
			texts[0] = `,"cnf":{"jkt":"` + agentKey.thumb + `"}`
		case 3:
			texts[0] = lawfulClaims(false)
			from, to := strings.Index(texts[0], `"intent"`), strings.Index(texts[0], `"agent_proof"`)
			texts[0] = texts[0][:from] + texts[0][to:]
		}
		for range random.IntN(5) {
			i := random.IntN(4)
			texts[i] = edit(texts[i])
		}
		by := uint8(0x10)
		if random.IntN(6) == 0 {
			by = uint8(random.IntN(256))
		}
		later := int64(0)
		if random.IntN(8) == 0 {
			later = []int64{39, 40, 299, 300, 319, 3599, 3600}[random.IntN(7)]
		}
		for _, level := range lawfulOrRefused(t, verifiers, texts[0], texts[1], texts[2], texts[3], by, later) {
			counts[level]++
		}
	}
	for _, level := range []Level{LevelJWT, LevelAgent, LevelAJWT, LevelAJWT | LevelLinks} {
		require.Greater(t, counts[level], 5, level.String())
	}
}
