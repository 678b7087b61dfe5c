package main

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// foundPair is the published finding.
const foundPair = "found.json"

// found.json is a collision of all 64 bits: equal in the draft's form, not in the long
// one. The chains are recomputed here with the verifier's function alone.
func TestFound(t *testing.T) {
	p, err := loadPair(foundPair)
	require.NoError(t, err)
	require.NoError(t, p.verify())
	require.Equal(t, 64, p.Bits)
	hash := func(chain []string, form ajwt.HashForm) string {
		h, ok := ajwt.ChainHash(chain, form)
		require.True(t, ok)
		return h
	}
	a, b := p.Lawful.Agents, p.Unlawful.Agents
	require.NotEqual(t, a, b)
	require.Equal(t, "patcher", a[len(a)-1])
	require.Equal(t, "patcher", b[len(b)-1])
	assert.Equal(t, p.Shared, hash(a, ajwt.HashShort))
	assert.Equal(t, p.Shared, hash(b, ajwt.HashShort))
	assert.NotEqual(t, hash(a, ajwt.HashLong), hash(b, ajwt.HashLong))
	assert.Equal(t, p.Lawful.SHA256, hash(a, ajwt.HashLong))
	assert.Equal(t, p.Unlawful.SHA256, hash(b, ajwt.HashLong))
}

// The pair is one that this program's function gives.
func TestFoundIsAStep(t *testing.T) {
	p, err := loadPair(foundPair)
	require.NoError(t, err)
	w, err := newWalker(lawfulTemplate, unlawfulTemplate, 64)
	require.NoError(t, err)
	var next [2]uint64
	for i, c := range []chain{p.Lawful, p.Unlawful} {
		x, err := strconv.ParseUint(c.Agents[1], 16, 64)
		require.NoError(t, err)
		require.Equal(t, i == 0, lawful(x))
		require.Equal(t, c.Agents, w.chain(x))
		next[i] = w.next(x)
	}
	assert.Equal(t, next[0], next[1])
}

// verify refuses each part of the record that is not so.
func TestVerifyRefuses(t *testing.T) {
	for name, change := range map[string]func(*pair){
		"bits":             func(p *pair) { p.Bits = 68 },
		"bits and shared":  func(p *pair) { p.Bits = 60 },
		"shared":           func(p *pair) { p.Shared = "0000000000000000" },
		"lawful hash":      func(p *pair) { p.Lawful.SHA256 = p.Unlawful.SHA256 },
		"lawful agent":     func(p *pair) { p.Lawful.Agents[1] += "0" },
		"no chain":         func(p *pair) { p.Unlawful.Agents[1] = "a b" },
		"same chain":       func(p *pair) { p.Unlawful = p.Lawful },
		"no agents at all": func(p *pair) { p.Lawful.Agents = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p, err := loadPair(foundPair)
			require.NoError(t, err)
			change(p)
			assert.Error(t, p.verify())
		})
	}
}
