package main

import (
	"context"
	"errors"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/embed"
)

// subject is something that decides requests.
type subject interface {
	name() string
	// does tells whether the subject has the scenario at all.
	does(s scenario) bool
	// at sets the clock of subjects that read it from elsewhere than the request.
	at(now int64)
	// decide returns "" for accept and else the code or the reason of the rejection.
	decide(s scenario, r *sent) string
}

// The names of the rows.
const (
	rowBase   = "stdlib Ed25519" // the unit: hash and verify of one Ed25519 token
	rowRaw    = "stdlib checks"  // the bare signature checks that the scenario needs
	rowNative = "ajwt native"
	rowWasm   = "ajwt wazero"
)

// errNotHeld is what a subject that says only yes or no answers for no.
const errNotHeld = "signature_invalid"

// raw is the standard library's signature checks of a scenario and nothing else.
type raw struct{}

func (raw) name() string         { return rowRaw }
func (raw) does(s scenario) bool { return s == tokenOnly || s == tokenProof || s == cachedProof }
func (raw) at(int64)             {}
func (raw) decide(s scenario, r *sent) string {
	if s != cachedProof && !r.token.holds() || s != tokenOnly && !r.proof.holds() {
		return errNotHeld
	}
	return ""
}

// native is the core in this process. Two verifiers stand side by side, since the
// signature cache is off where the scenario says that the token is new.
type native struct{ uncached, cached *ajwt.Verifier }

func newNative(policy []byte) (*native, error) {
	uncached, err := newVerifier(policy, ajwt.NewSignatureCache(0))
	if err != nil {
		return nil, err
	}
	cached, err := newVerifier(policy, nil)
	return &native{uncached, cached}, err
}

func newVerifier(policy []byte, cache ajwt.SignatureCache) (*ajwt.Verifier, error) {
	p, err := ajwt.ParsePolicy(policy)
	if err != nil {
		return nil, err
	}
	if w := p.Warnings(); len(w) > 0 {
		return nil, fmt.Errorf("policy: %s", w[0])
	}
	return ajwt.NewVerifier(p, ajwt.Options{SignatureCache: cache})
}

func (n *native) name() string       { return rowNative }
func (n *native) does(scenario) bool { return true }
func (n *native) at(int64)           {}

func (n *native) decide(s scenario, r *sent) string {
	v := n.uncached
	if s == cachedProof || s == cachedToken {
		v = n.cached
	}
	d := v.Verify(&r.request)
	return outcome(&d)
}

// outcome is "" for a request that may pass, else the code.
func outcome(d *ajwt.Decision) string {
	switch {
	case d.Allows() && d.Code == 0:
		return ""
	case d.Code == 0:
		return "no code"
	}
	return d.Code.String()
}

// wasm is the module on wazero, one instance for each verifier. A module always has
// a signature cache, so tokens that are to be new are never sent twice, and the
// known ones have an instance of their own, from which nothing can drive them out.
type wasm struct{ uncached, cached *embed.Verifier }

func newWasm(module, policy []byte, start int64, cacheDir string) (*wasm, error) {
	o := embed.Options{Instances: 1, ReplayStart: start, CacheDir: cacheDir}
	uncached, err := embed.New(context.Background(), module, policy, o)
	if err != nil {
		return nil, err
	}
	cached, err := embed.New(context.Background(), module, policy, o)
	if err != nil {
		return nil, errors.Join(err, uncached.Close())
	}
	return &wasm{uncached, cached}, nil
}

func (w *wasm) close() error { return errors.Join(w.uncached.Close(), w.cached.Close()) }

func (w *wasm) name() string       { return rowWasm }
func (w *wasm) does(scenario) bool { return true }
func (w *wasm) at(int64)           {}

func (w *wasm) decide(s scenario, r *sent) string {
	v := w.uncached
	if s == cachedProof || s == cachedToken {
		v = w.cached
	}
	d := v.Verify(context.Background(), &r.request)
	return outcome(&d)
}
