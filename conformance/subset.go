package conformance

import (
	"crypto/sha256"
	"sort"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// The fixed subset for subjects that are too slow for all cases, such as the
// WebAssembly interpreter, where one signature check takes a fifth of a second.
const (
	subsetCases      = 72 // at least 60 with a margin, so that retiring a case keeps it above
	subsetSignatures = 36 // of these, the cases whose signatures get checked; at most 40
)

// subset picks from the selected cases, the same ones whatever the seed: by turns
// from every area, in the order of a hash of the id, with their twins.
func (s *Suite) subset(selected []int) []int {
	byArea := make(map[string][]int)
	for _, i := range selected {
		a := area(s.cases[i].ID)
		byArea[a] = append(byArea[a], i)
	}
	var areas []string
	for a, cases := range byArea {
		areas = append(areas, a)
		sort.Slice(cases, func(x, y int) bool {
			return rank(s.cases[cases[x]].ID) < rank(s.cases[cases[y]].ID)
		})
	}
	sort.Strings(areas)
	taken := make(map[int]bool)
	signatures := 0
	for more := true; more && len(taken) < subsetCases; {
		more = false
		for _, a := range areas {
			if len(byArea[a]) == 0 {
				continue
			}
			more = true
			i := byArea[a][0]
			byArea[a] = byArea[a][1:]
			group := s.withTwins([]int{i})
			cost := 0
			for _, g := range group {
				if !taken[g] {
					cost += signaturesOf(&s.cases[g])
				}
			}
			if signatures+cost > subsetSignatures || len(taken)+len(group) > subsetCases {
				continue
			}
			signatures += cost
			for _, g := range group {
				taken[g] = true
			}
		}
	}
	picked := make([]int, 0, len(taken))
	for i := range taken {
		picked = append(picked, i)
	}
	sort.Ints(picked)
	return picked
}

// rank orders ids in a way that has nothing to do with their names.
func rank(id string) string {
	h := sha256.Sum256([]byte(id))
	return string(h[:])
}

// signaturesOf returns how many signatures a case costs: of requests that get as far as
// one, and of signed documents.
func signaturesOf(c *vectors.Case) int {
	n := 0
	count := func(e *vectors.Expect) {
		if e.Verdict == verdictAccept || !beforeSignature(e.Code) {
			n++
		}
	}
	n += len(c.Bundle) + len(c.Revocations)
	switch c.Op {
	case opVerify:
		count(c.Expect)
	case opSequence:
		for i := range c.Requests {
			count(&c.Requests[i].Expect)
		}
	case opBundleLoad, opListLoad:
		n++
	}
	return n
}

// beforeSignature tells whether a rejection with that code comes before the check of
// the token's signature: the first word of a code is its stage.
func beforeSignature(code string) bool {
	stage, _, _ := strings.Cut(code, "_")
	return stage == "input" || stage == "jws" || stage == "key"
}
