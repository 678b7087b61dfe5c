package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// flat compares the native decision (token and proof, neither seen before) under a
// small configuration with that under a large one.
type flat struct {
	name         string
	small, large *ajwt.Verifier
	kid          func(large bool) string // of the next token
	ratios       []float64               // large to small, by turn
}

const (
	largeKeySet = 100000
	largeRoutes = 500
	flatTurns   = 16 // how often the two take turns within one round
	flatRounds  = 3  // for each round of the table, since a tenth is to be told from noise
)

// flatKeys is a set of one key against one of 100,000, with random kids.
func flatKeys(g *group, now int64) (*flat, error) {
	f := &flat{name: fmt.Sprintf("from 1 to %d keys", largeKeySet)}
	f.kid = func(large bool) string {
		if large {
			return manyKid(rand.IntN(largeKeySet))
		}
		return manyKid(0)
	}
	var err error
	policy := policyText([]string{issuerRule(g, `"jwks_uri":"https://as.example/jwks"`)}, proofRoute)
	if f.small, err = loaded(policy, g, 1, now); err != nil {
		return nil, err
	}
	f.large, err = loaded(policy, g, largeKeySet, now)
	return f, err
}

func loaded(policy []byte, g *group, keys int, now int64) (*ajwt.Verifier, error) {
	v, err := newVerifier(policy, ajwt.NewSignatureCache(0))
	if err != nil {
		return nil, err
	}
	warnings, err := v.Load(ajwt.KindKeys, g.issuer, manyKeys(g.keys[0], keys), now)
	if err == nil && len(warnings) > 0 {
		err = fmt.Errorf("key set: %s", warnings[0])
	}
	return v, err
}

// flatRoutes is one route against 500 of which the last one matches.
func flatRoutes(g *group) (*flat, error) {
	f := &flat{name: fmt.Sprintf("from 1 to %d routes", largeRoutes)}
	f.kid = func(bool) string { return manyKid(0) }
	issuer := []string{issuerRule(g, `"jwks":`+string(manyKeys(g.keys[0], 1)))}
	var err error
	if f.small, err = newVerifier(policyText(issuer, proofRoute), ajwt.NewSignatureCache(0)); err != nil {
		return nil, err
	}
	f.large, err = newVerifier(policyText(issuer, manyRoutes(largeRoutes)...), ajwt.NewSignatureCache(0))
	return f, err
}

// batch mints requests whose tokens are all signed by the first key of the issuer.
func (f *flat) batch(g *group, large bool, now int64) []sent {
	first := &group{name: g.name, issuer: g.issuer, alg: g.alg, keys: g.keys[:1], agents: g.agents, serial: g.serial}
	batch := make([]sent, bound)
	for i := range batch {
		out := &batch[i]
		out.from = g
		out.token = first.token(i, now, f.kid(large))
		out.proof = first.proof(i, now, &out.token)
		out.request = request(i, now, out.token.compact, out.proof.compact)
	}
	g.serial = first.serial
	return batch
}

// round takes one measurement a turn, as the table does.
func (f *flat) round(g *group, now int64) error {
	batches := [2][]sent{f.batch(g, false, now), f.batch(g, true, now)}
	verifiers := [2]*native{{uncached: f.small}, {uncached: f.large}}
	runtime.GC()
	for turn := range flatTurns {
		var times [2]float64
		for i := range times {
			which := (i + turn) % 2
			took, err := clock(verifiers[which], tokenProof, part(batches[which], turn, flatTurns))
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			times[which] = took
		}
		f.ratios = append(f.ratios, times[1]/times[0])
	}
	return nil
}
