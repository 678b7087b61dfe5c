package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// pair is a collision as it is published: everything that is needed to verify it, and
// what it cost.
type pair struct {
	Bits     int    `json:"bits"`   // of the hash that are equal, from the front
	Shared   string `json:"shared"` // those bits, hex: of 64, the draft's delegation_chain
	Lawful   chain  `json:"lawful"`
	Unlawful chain  `json:"unlawful"`
	Work     work   `json:"work"`
}

// chain is one of the two.
type chain struct {
	Agents []string `json:"agents"` // originator first, requester last
	SHA256 string   `json:"sha256"` // long form: "sha256:" and 64 hex characters
}

// work is how the pair was found. Nothing of it is verified.
type work struct {
	Command   string  `json:"command"`
	Machine   string  `json:"machine,omitempty"`
	Hashes    uint64  `json:"hashes"`
	Expected  uint64  `json:"expected_hashes"` // the mean over all searches
	Trails    uint64  `json:"trails"`
	Points    int     `json:"distinguished_points"`
	Useless   uint64  `json:"useless_collisions"` // of two chains of one template
	Workers   int     `json:"workers"`
	Seconds   float64 `json:"seconds"` // wall clock
	PerSecond float64 `json:"hashes_per_second"`
}

// newPair writes the found states as chains.
func newPair(r *search, lawfulState, unlawfulState uint64) (pair, error) {
	p := pair{Bits: r.Bits, Lawful: chain{Agents: r.walker.chain(lawfulState)}, Unlawful: chain{Agents: r.walker.chain(unlawfulState)}}
	for _, c := range []*chain{&p.Lawful, &p.Unlawful} {
		c.SHA256, _ = ajwt.ChainHash(c.Agents, ajwt.HashLong)
	}
	short, _ := ajwt.ChainHash(p.Lawful.Agents, ajwt.HashShort)
	p.Shared = short[:min(len(short), r.Bits/4)]
	p.Work = work{
		Command: r.command(), Hashes: r.Hashes, Expected: uint64(r.expected()), Trails: r.Next, Points: len(r.Points),
		Useless: r.Useless, Workers: r.workers, Seconds: round(r.Seconds), PerSecond: round(float64(r.Hashes) / r.Seconds),
	}
	return p, p.verify()
}

func round(x float64) float64 { return float64(int64(x*10+0.5)) / 10 }

// command is the command line that finds the same pair again.
func (s settings) command() string {
	return fmt.Sprintf("go run ./conformance/collide --lawful '%s' --unlawful '%s' --bits %d --zero-bits %d --seed %d",
		s.Lawful, s.Unlawful, s.Bits, s.ZeroBits, s.Seed)
}

// verify recomputes both hashes with the verifier's own function. It returns nil where
// both chains are delegation chains, differ, end in the same agent, and have hashes
// that are as recorded, equal in the first Bits bits and not equal as a whole.
func (p *pair) verify() error {
	if p.Bits < 16 || p.Bits > 64 || p.Bits%4 != 0 {
		return fmt.Errorf("bits %d is not a multiple of 4 from 16 to 64", p.Bits)
	}
	if len(p.Shared) != p.Bits/4 {
		return fmt.Errorf("shared has %d characters, not %d", len(p.Shared), p.Bits/4)
	}
	for _, c := range []struct {
		name string
		*chain
	}{{"lawful", &p.Lawful}, {"unlawful", &p.Unlawful}} {
		long, ok := ajwt.ChainHash(c.Agents, ajwt.HashLong)
		if !ok {
			return fmt.Errorf("%s: no delegation chain", c.name)
		}
		if long != c.SHA256 {
			return fmt.Errorf("%s: sha256 is not the chain's hash", c.name)
		}
		short, _ := ajwt.ChainHash(c.Agents, ajwt.HashShort)
		if !strings.HasPrefix(short, p.Shared) {
			return fmt.Errorf("%s: the hash does not begin with the shared bits", c.name)
		}
	}
	switch {
	case !sameLast(p.Lawful.Agents, p.Unlawful.Agents):
		return errors.New("the chains do not end in the same agent")
	case p.Lawful.SHA256 == p.Unlawful.SHA256:
		return errors.New("the chains are the same")
	}
	return nil
}

// loadPair reads a pair; it does not verify it.
func loadPair(path string) (*pair, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := new(pair)
	if err := decodeStrict(data, p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// encode is the pair as a file holds it.
func (p *pair) encode() ([]byte, error) {
	data, err := json.MarshalIndent(p, "", "  ")
	return append(data, '\n'), err
}

// text is the pair for people.
func (p *pair) text() string {
	return fmt.Sprintf("%d bits: %s\nlawful    %s\n          %s\nunlawful  %s\n          %s\n",
		p.Bits, p.Shared, chainOf(p.Lawful.Agents), p.Lawful.SHA256, chainOf(p.Unlawful.Agents), p.Unlawful.SHA256)
}
