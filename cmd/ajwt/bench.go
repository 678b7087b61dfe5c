package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var benchCommand = &command{
	name:     "bench",
	summary:  "what a decision costs on this machine, beside one Ed25519 verification",
	synopsis: "[--rounds N] [--json]",
	about: `
Measures the native core in this process: the time of a whole decision divided by
the time that the standard library takes to verify one Ed25519 signature. Both are
measured in turns within each round, so that a busy machine slows both; the median
of the rounds is what counts. Times in microseconds are of this machine and moment.

The benchmark module compares the native core and the WebAssembly module side by
side, over several processes: run "make bench" in a checkout of the project.`,
	examples: "ajwt bench\najwt bench --rounds 100 --json",
	run:      runBench,
}

// benchRow is one measured kind of request.
type benchRow struct {
	Name     string  `json:"name"`
	Ratio    float64 `json:"ratio"` // median, in Ed25519 verifications
	Low      float64 `json:"low"`   // first quartile
	High     float64 `json:"high"`  // third quartile
	Micros   float64 `json:"us"`    // median
	proofKey *signingKey
	newToken bool
	ratios   []float64
	times    []float64
}

// benchBatch is how many operations one measurement covers.
const benchBatch = 20

func runBench(c *call) (int, error) {
	roundsFlag := c.text("rounds", "N", "rounds, 3 to 1000 (default: 30)")
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	rounds, err := roundsFlag.integer(30, 3, 1000)
	if err != nil {
		return 0, err
	}
	b, err := newBench()
	if err != nil {
		return 0, err
	}
	reference, err := b.run(int(rounds))
	if err != nil {
		return 0, err
	}
	platform := fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	const next = "make bench"
	if asJSON.on() {
		return exitOK, c.printJSON(map[string]any{
			"rounds": rounds, "batch": benchBatch, "platform": platform, "ed25519_verify_us": reference,
			"decisions": b.rows, "full_benchmark": next,
		})
	}
	fmt.Fprintf(c.stdout, "1.00x is one Ed25519 verification of the standard library, here %.1f us (%s)\n", reference, platform)
	fmt.Fprintf(c.stdout, "%-44s %8s %16s %9s\n", "decision", "median", "quartiles", "us")
	for _, r := range b.rows {
		fmt.Fprintf(c.stdout, "%-44s %7.2fx %7.2fx %6.2fx %9.1f\n", r.Name, r.Ratio, r.Low, r.High, r.Micros)
	}
	fmt.Fprintf(c.stdout, "%d rounds of %d, in turns. Native and WebAssembly side by side: %s\n", rounds, benchBatch, next)
	return exitOK, nil
}

// bench holds the keys and the verifier of one run.
type bench struct {
	issuer   *signingKey
	verifier *ajwt.Verifier
	rows     []*benchRow
	serial   int
}

const (
	benchNow    = 1767225600 // 2026-01-01T00:00:00Z; core reads no clock
	benchURL    = "https://api.example/repos/acme/site"
	benchPolicy = `{"issuers":[{"issuer":"https://as.example","audiences":["https://api.example"],"algorithms":["Ed25519"],
"jwks":{"keys":[%s]}}],"routes":[{"id":"read","match":{"methods":["GET"],"host":"api.example","path":"/repos/{owner}/{repo}"},
"require":{"scopes":["repo:read"],"level":"jwt"}}]}`
)

func newBench() (*bench, error) {
	b := &bench{}
	keys := map[string]*signingKey{}
	for name, alg := range map[string]string{"issuer": "Ed25519", "agent": "Ed25519", "agent-ec": "ES256"} {
		a, err := findAlgorithm(alg)
		if err != nil {
			return nil, err
		}
		signer, err := a.generate(0)
		if err != nil {
			return nil, err
		}
		keys[name] = &signingKey{alg: a, kid: name, signer: signer}
	}
	b.issuer = keys["issuer"]
	policy, err := ajwt.ParsePolicy(fmt.Appendf(nil, benchPolicy, b.issuer.publicJWK()))
	if err != nil {
		return nil, err
	}
	const entries = 1 << 18
	if b.verifier, err = ajwt.NewVerifier(policy, ajwt.Options{Replay: ajwt.NewReplayMemory(entries, entries, 0)}); err != nil {
		return nil, err
	}
	b.rows = []*benchRow{
		{Name: "known token, fresh Ed25519 proof", proofKey: keys["agent"]},
		{Name: "known token, fresh ES256 proof", proofKey: keys["agent-ec"]},
		{Name: "new Ed25519 token, fresh Ed25519 proof", proofKey: keys["agent"], newToken: true},
	}
	return b, nil
}

// run measures the rounds and returns the reference's median in microseconds.
func (b *bench) run(rounds int) (float64, error) {
	message := make([]byte, 700) // about the length of a token's signing input
	key, ok := b.issuer.signer.(ed25519.PrivateKey)
	if !ok {
		return 0, errors.New("the reference key is no Ed25519 key")
	}
	public, signature := key.Public().(ed25519.PublicKey), ed25519.Sign(key, message)
	var references []float64
	for round := -1; round < rounds; round++ { // the first one warms up and does not count
		started := time.Now()
		for range benchBatch {
			if !ed25519.Verify(public, message, signature) {
				return 0, errors.New("the reference signature does not hold")
			}
		}
		reference := time.Since(started).Seconds()
		for _, r := range b.rows {
			spent, err := b.measure(r)
			if err != nil {
				return 0, err
			}
			if round >= 0 {
				r.ratios = append(r.ratios, spent/reference)
				r.times = append(r.times, spent*1e6/benchBatch)
			}
		}
		if round >= 0 {
			references = append(references, reference*1e6/benchBatch)
		}
	}
	for _, r := range b.rows {
		r.Low, r.Ratio, r.High = quartiles(r.ratios)
		_, r.Micros, _ = quartiles(r.times)
	}
	_, median, _ := quartiles(references)
	return median, nil
}

// measure decides one batch; tokens and proofs are made before the clock starts.
func (b *bench) measure(r *benchRow) (seconds float64, err error) {
	var requests [benchBatch]*ajwt.Request
	token := ""
	for i := range requests {
		b.serial++
		if token == "" || r.newToken {
			if token, err = b.token(r); err != nil {
				return 0, err
			}
		}
		if requests[i], err = b.request(r, token); err != nil {
			return 0, err
		}
	}
	if !r.newToken { // one decision makes the token a known one
		if requests[0], err = b.known(r, token, requests[0]); err != nil {
			return 0, err
		}
	}
	started := time.Now()
	for _, req := range requests {
		if d := b.verifier.Verify(req); !d.Allows() {
			return 0, fmt.Errorf("a request of the benchmark was rejected: %s", d.Code)
		}
	}
	return time.Since(started).Seconds(), nil
}

// known has the verifier decide a request and returns a fresh one like it.
func (b *bench) known(r *benchRow, token string, req *ajwt.Request) (*ajwt.Request, error) {
	if d := b.verifier.Verify(req); !d.Allows() {
		return nil, fmt.Errorf("a request of the benchmark was rejected: %s", d.Code)
	}
	b.serial++
	return b.request(r, token)
}

func (b *bench) token(r *benchRow) (string, error) {
	claims := map[string]any{
		"iss": "https://as.example", "aud": "https://api.example", "sub": "patcher", "scope": "repo:read",
		"iat": benchNow, "exp": benchNow + 300, "jti": fmt.Sprint("t", b.serial), "cnf": map[string]any{"jkt": r.proofKey.thumbprint()},
	}
	return b.issuer.sign("JWT", map[string]any{"kid": b.issuer.kid}, claims)
}

func (b *bench) request(r *benchRow, token string) (*ajwt.Request, error) {
	text := func(s string) *definition { return &definition{values: []string{s}} }
	f := &mintFlags{method: text("GET"), url: text(benchURL), proofJTI: text(fmt.Sprint("p", b.serial)), nonce: &definition{}}
	proof, err := f.proof(r.proofKey, token, benchNow)
	if err != nil {
		return nil, err
	}
	return &ajwt.Request{
		Method: "GET", Scheme: "https", Authority: "api.example", Target: "/repos/acme/site", Now: benchNow,
		Headers: []ajwt.Header{{Name: "Authorization", Value: "DPoP " + token}, {Name: "DPoP", Value: proof}},
	}, nil
}

// quartiles returns the first quartile, the median and the third quartile.
func quartiles(values []float64) (low, median, high float64) {
	v := slices.Sorted(slices.Values(values))
	return v[len(v)/4], v[len(v)/2], v[len(v)*3/4]
}
