package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func small(seed uint64) settings {
	return settings{Lawful: lawfulTemplate, Unlawful: unlawfulTemplate, Bits: 32, ZeroBits: defaultZeroBits(32), Seed: seed}
}

// find runs a search to its end.
func find(t *testing.T, s settings, workers int, done progress) pair {
	t.Helper()
	r, err := newSearch(s, workers, done)
	require.NoError(t, err)
	a, b, err := r.run(context.Background())
	require.NoError(t, err)
	require.True(t, lawful(a))
	require.False(t, lawful(b))
	p, err := newPair(r, a, b)
	require.NoError(t, err)
	return p
}

func TestSearchFindsTheSamePair(t *testing.T) {
	for seed := range uint64(5) {
		one, three := find(t, small(seed), 1, progress{}), find(t, small(seed), 3, progress{})
		assert.Equal(t, one.Lawful, three.Lawful)
		assert.Equal(t, one.Unlawful, three.Unlawful)
		assert.Equal(t, one.Work.Hashes, three.Work.Hashes)
	}
}

// The mean work is what README.md says: 60 searches stray from it by less than a third
// (their mean has a standard deviation of 7 %).
func TestSearchWork(t *testing.T) {
	const searches = 60
	s := small(0)
	s.Bits, s.ZeroBits = 28, 2
	sum := 0.0
	for s.Seed = range uint64(searches) {
		sum += float64(find(t, s, 2, progress{}).Work.Hashes)
	}
	assert.InDelta(t, 1, sum/searches/s.expected(), 1.0/3)
}

func TestSearchContinues(t *testing.T) {
	s := small(11)
	whole := find(t, s, 2, progress{})

	file := filepath.Join(t.TempDir(), "points")
	done, err := loadCheckpoint(file, s)
	require.NoError(t, err)
	require.Zero(t, done.Next)

	r, err := newSearch(s, 2, done)
	require.NoError(t, err)
	half := errors.New("half")
	_, _, err = r.run(context.Background(), hooks{0, func() error {
		if r.Next >= whole.Work.Trails/2 {
			return half
		}
		return nil
	}})
	require.ErrorIs(t, err, half)
	require.NoError(t, saveCheckpoint(file, s, r.progress))

	done, err = loadCheckpoint(file, s)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, done.Next, whole.Work.Trails/2)
	assert.Less(t, done.Next, whole.Work.Trails)
	rest := find(t, s, 2, done)
	assert.Equal(t, whole.Lawful, rest.Lawful)
	assert.Equal(t, whole.Unlawful, rest.Unlawful)
	assert.Equal(t, whole.Work.Hashes, rest.Work.Hashes)
	assert.Equal(t, whole.Work.Points, rest.Work.Points)

	other := s
	other.Seed++
	_, err = loadCheckpoint(file, other)
	require.ErrorContains(t, err, "another search")
	require.NoError(t, os.WriteFile(file, []byte("{}"), 0o600))
	_, err = loadCheckpoint(file, s)
	require.Error(t, err)
}

func TestSearchRefuses(t *testing.T) {
	for name, change := range map[string]func(*settings){
		"few bits":       func(s *settings) { s.Bits = 12 },
		"many bits":      func(s *settings) { s.Bits = 68 },
		"odd bits":       func(s *settings) { s.Bits = 33 },
		"negative zeros": func(s *settings) { s.ZeroBits = -2 },
		"many zeros":     func(s *settings) { s.Bits, s.ZeroBits = 64, 25 },
		"zeros of half":  func(s *settings) { s.ZeroBits = 17 },
		"template":       func(s *settings) { s.Lawful = "patcher" },
	} {
		t.Run(name, func(t *testing.T) {
			s := small(1)
			change(&s)
			_, err := newSearch(s, 1, progress{})
			assert.Error(t, err)
		})
	}
	_, err := newSearch(small(1), 0, progress{})
	assert.Error(t, err)
	_, err = newSearch(small(1), 1, progress{Next: 1, Points: []trail{{Index: 1}}})
	assert.Error(t, err)
}
