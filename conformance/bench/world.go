package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"runtime"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// world is an issuer with a bundle of so many agents: workflows of a hundred agents each,
// in which a chain of nine leads from the origin down and the others are its delegates.
type world struct {
	server *key
	chain  []*key // of the agents of the chain, in every workflow
	agents int
	bundle []byte
}

const (
	worldIssuer   = "https://world.as.example"
	perWorkflow   = 100
	chainAgents   = 9 // and so eight delegations
	worldChecksum = "sha256:fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"
)

// newWorld makes keys for the chain and signs the bundle. Agents beyond the chain share
// a key: what counts is that it is parsed.
func newWorld(agents int, now int64) *world {
	w := &world{server: newKey("Ed25519", "w1"), agents: agents}
	for range chainAgents {
		w.chain = append(w.chain, newKey("Ed25519", ""))
	}
	var list, flows bytes.Buffer
	for i := range agents {
		if i > 0 {
			list.WriteByte(',')
		}
		key := w.chain[min(i%perWorkflow, chainAgents-1)]
		fmt.Fprintf(&list, `{"agent_id":"%s","status":"active","registrations":[{"registration_id":"reg-%d","checksum":"%s"}],"keys":[{%s}]}`,
			worldAgent(i), i, worldChecksum, key.jwk)
	}
	for first := 0; first < agents; first += perWorkflow {
		if first > 0 {
			flows.WriteByte(',')
		}
		var edges []string
		for i := 1; i < perWorkflow && first+i < agents; i++ {
			from := first
			if i < chainAgents {
				from = first + i - 1
			}
			edges = append(edges, fmt.Sprintf(`["%s","%s"]`, worldAgent(from), worldAgent(first+i)))
		}
		fmt.Fprintf(&flows, `{"workflow_id":"flow-%d","version":1,"origins":["%s"],"delegation":[%s],"max_depth":8,"steps":[%s]}`,
			first/perWorkflow, worldAgent(first), strings.Join(edges, ","), strings.Join(worldSteps(), ","))
	}
	payload := fmt.Sprintf(`{"iss":"%s","iat":%d,"exp":%d,"version":1,"agents":[%s],"workflows":[%s]}`, worldIssuer, now-10, now+tokenLife, list.String(), flows.String())
	w.bundle = []byte(w.server.compact(`{"alg":"Ed25519","kid":"w1","typ":"ajwt-bundle+jwt"}`, payload).compact)
	return w
}

func worldAgent(i int) string { return fmt.Sprintf("agent-%06d", i) }

// worldSteps are analyze, then scan and lint in any order of which lint may be missing,
// then a gate, then patch: any agent's that a chain reaches.
func worldSteps() []string {
	step := func(id, after string, required, gate, approval bool) string {
		return fmt.Sprintf(`{"step_id":"%s","after":[%s],"required":%t,"approval_gate":%t,"requires_approval":%t,"scopes":["items:read","items:list"],"tools":["read"],"context":["repository"]}`,
			id, after, required, gate, approval)
	}
	return []string{step("analyze", "", true, false, false), step("scan", `"analyze"`, true, false, false), step("lint", `"analyze"`, false, false, false),
		step("approve", `"scan","lint"`, true, true, false), step("patch", `"approve"`, true, false, true)}
}

// policy is that of the world; enforced false leaves the bundle out and lowers the level.
func (w *world) policy(enforced bool) []byte {
	keys := w.server.entry("w1")
	documents, level := "", "jwt"
	if enforced {
		documents, level = fmt.Sprintf(`"bundle":{"keys":[%s]},"revocation":{"keys":[%s],"required":true},`, keys, keys), "ajwt"
	}
	issuer := fmt.Sprintf(`{"issuer":"%s","profile":"draft-00","audiences":["%s"],"algorithms":["Ed25519"],"max_token_lifetime_seconds":86400,%s"jwks":{"keys":[%s]}}`,
		worldIssuer, audience, documents, keys)
	// One agent sends more proofs here than a policy would let it.
	policy := policyText([]string{issuer}, strings.Replace(openRoute, `"jwt"`, `"`+level+`"`, 1), strings.Replace(proofRoute, `"jwt"`, `"`+level+`"`, 1))
	return bytes.Replace(policy, []byte(`"capacity":65536`), []byte(`"capacity":65536,"per_key":65536`), 1)
}

// verifier has bundle and list in force where they are enforced.
func (w *world) verifier(enforced bool, cache ajwt.SignatureCache, now int64) (*ajwt.Verifier, error) {
	v, err := newVerifier(w.policy(enforced), cache)
	if err != nil || !enforced {
		return v, err
	}
	if _, err = v.Load(ajwt.KindBundle, worldIssuer, w.bundle, now); err != nil {
		return nil, err
	}
	list := w.server.compact(`{"alg":"Ed25519","kid":"w1","typ":"ajwt-revocations+jwt"}`, fmt.Sprintf(
		`{"iss":"%s","iat":%d,"next_update":%d,"sequence":1,"agents":["retired"],"registrations":["reg-old"],"tokens":["t-old"],"keys":[]}`, worldIssuer, now-5, now+tokenLife))
	_, err = v.Load(ajwt.KindRevocations, worldIssuer, []byte(list.compact), now)
	return v, err
}

// request mints a token for the agent at that depth of the chain, bound to its key, with
// links where they are asked for, and a proof where that is.
func (w *world) request(serial, depth int, links, proof bool, now int64) sent {
	ids := make([]string, depth+1)
	var list []string
	previous := ""
	for i := range ids {
		ids[i] = worldAgent(i)
		if i == 0 {
			continue
		}
		prev := ""
		if previous != "" {
			sum := sha256.Sum256([]byte(previous))
			prev = `,"prev":"` + b64(sum[:]) + `"`
		}
		previous = w.chain[i-1].compact(`{"typ":"ajwt-delegation+jwt","alg":"Ed25519","jwk":{`+w.chain[i-1].jwk+`}}`, fmt.Sprintf(
			`{"iss":"%s","sub":"%s","aud":"%s","cnf":{"jkt":"%s"},"workflow_id":"flow-0","scope":"items:read items:list","iat":%d,"exp":%d,"jti":"link-%d-%d"%s}`,
			ids[i-1], ids[i], worldIssuer, thumbprint(w.chain[i]), now, now+tokenLife, serial, i, prev)).compact
		list = append(list, `"`+previous+`"`)
	}
	delegation := ""
	if links && depth > 0 {
		delegation = `,"delegation_links":[` + strings.Join(list, ",") + `]`
	}
	chain, _ := ajwt.ChainHash(ids, ajwt.HashLong)
	sequence, _ := ajwt.StepHash([]string{"analyze", "lint", "scan", "approve", "patch"}, ajwt.HashLong)
	out := sent{token: w.server.compact(`{"alg":"Ed25519","kid":"w1","typ":"at+jwt"}`, fmt.Sprintf(
		`{"iss":"%s","aud":"%s","sub":"%s","iat":%d,"exp":%d,"jti":"token-%08d","scope":"items:read items:list","cnf":{"jkt":"%s"},`+
			`"intent":{"workflow_id":"flow-0","workflow_step":"patch","executed_by":"%s","delegation_chain":"%s","step_sequence_hash":"%s","execution_context":{"repository":"acme/app"}%s},`+
			`"agent_proof":{"agent_checksum":"%s","registration_id":"reg-%d"}}`,
		worldIssuer, audience, ids[depth], now, now+tokenLife, serial, thumbprint(w.chain[depth]), ids[depth], chain, sequence, delegation, worldChecksum, depth))}
	text := ""
	if proof {
		ath := sha256.Sum256([]byte(out.token.compact))
		out.proof = w.chain[depth].compact(`{"typ":"dpop+jwt","alg":"Ed25519","jwk":{`+w.chain[depth].jwk+`}}`, fmt.Sprintf(
			`{"jti":"world-%08d","htm":"GET","htu":"https://%s%s","iat":%d,"ath":"%s"}`, serial, authority, path(depth, true), now, b64(ath[:])))
		text = out.proof.compact
	}
	out.request = request(depth, now, out.token.compact, text)
	return out
}

func thumbprint(k *key) string {
	sum := sha256.Sum256([]byte("{" + k.jwk + "}"))
	return b64(sum[:])
}

// compiled is what it takes to verify and compile the largest bundle.
type compiled struct {
	Agents    int     `json:"agents"`
	Workflows int     `json:"workflows"`
	BundleMB  float64 `json:"bundle_mb"`
	Seconds   float64 `json:"seconds"` // median of three
	KeptMB    float64 `json:"kept_mb"` // memory that stays after the load
	PeakMB    float64 `json:"peak_mb"` // memory taken from the system while loading, at most
}

func (w *world) compile(now int64) (*compiled, error) {
	out := &compiled{Agents: w.agents, Workflows: w.agents / perWorkflow, BundleMB: float64(len(w.bundle)) / 1e6}
	p, err := ajwt.ParsePolicy(w.policy(true))
	if err != nil {
		return nil, err
	}
	var times []float64
	for range 3 {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		b, err := p.ParseBundle(worldIssuer, w.bundle, now)
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(start).Seconds())
		runtime.ReadMemStats(&after)
		out.PeakMB = max(out.PeakMB, float64(after.HeapAlloc-before.HeapAlloc)/1e6, float64(after.Sys-before.Sys)/1e6)
		runtime.GC()
		runtime.ReadMemStats(&after)
		out.KeptMB = float64(after.HeapAlloc-before.HeapAlloc) / 1e6
		runtime.KeepAlive(b)
	}
	out.Seconds = median(times)
	return out, nil
}
