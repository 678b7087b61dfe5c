package proxywasmhost

import (
	"context"
	"fmt"
	"testing"

	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// BenchmarkRequest says what a request costs through all callbacks: one without a token,
// and one with a cached token and a fresh proof (Ed25519, in the module).
func BenchmarkRequest(b *testing.B) {
	t := &testing.T{}
	p := process(t, Newer)
	i := instance(t, p, policy(`"replay":{"capacity":262144,"per_key":16384},"proof":{"max_age_seconds":10},`))
	if err := i.Ticks(context.Background()); err != nil {
		b.Fatal(err)
	}
	var requests []*Request
	for n := range 4000 {
		requests = append(requests, request(abitest.Request(abitest.Repository, later, n)))
	}
	b.Run("no token", func(b *testing.B) {
		r := *requests[0]
		r.Fields = r.Fields[:5]
		for b.Loop() {
			send(t, p, i, &r, later)
		}
	})
	s := p.Snapshot()
	for _, live := range []int{1, 4000} {
		b.Run(fmt.Sprintf("cached token, proof, %d live", live), func(b *testing.B) {
			p.Restore(s)
			for n := range live - 1 {
				send(t, p, i, requests[n], later)
			}
			full := p.Snapshot()
			for b.Loop() {
				p.Restore(full)
				if !send(t, p, i, requests[live-1], later).Reached {
					b.Fatal(p.Lines())
				}
			}
		})
	}
}
