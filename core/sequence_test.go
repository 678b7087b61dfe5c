package ajwt

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// TestSequenceHash has the values of the profile. Those of the draft's own examples
// (draft-goswami-agentic-jwt-00, section 4.4.4) are not the hashes of their inputs.
func TestSequenceHash(t *testing.T) {
	for _, row := range []struct {
		name  string
		ids   []string
		short string
	}{
		{"chain of three", []string{"supervisor", "planner", "patcher"}, "e2b0bb2db17839e8"},
		{"steps of three", []string{"step_1_analyze", "step_2_plan", "step_3_patch"}, "bed72404ae7c18e8"},
		{"chain of long names", []string{"supervisor-agent", "patch-planner", "vulnerability-patcher-v1"}, "2f0b6b1132b4c1f7"},
		{"steps of four", []string{"step_1", "step_2", "step_3", "step_4"}, "b9a1e321259754a4"},
		{"no ids", nil, "e3b0c44298fc1c14"},
		{"one empty id", []string{""}, "e3b0c44298fc1c14"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := SequenceHash(row.ids, HashShort); got != row.short {
				t.Errorf("short: got %s, want %s", got, row.short)
			}
			sum := sha256.Sum256([]byte(strings.Join(row.ids, "|")))
			if got, want := SequenceHash(row.ids, HashLong), "sha256:"+hex.EncodeToString(sum[:]); got != want {
				t.Errorf("long: got %s, want %s", got, want)
			}
			if got := SequenceHash(row.ids, 0); got != "" {
				t.Errorf("no form: got %s", got)
			}
		})
	}
	if a, b := SequenceHash([]string{"a", "b"}, HashLong), SequenceHash([]string{"b", "a"}, HashLong); a == b {
		t.Error("the order does not matter")
	}
	long := slices.Repeat([]string{strings.Repeat("x", maxIDBytes)}, 40)
	if sequenceDigest(long...) != sha256.Sum256([]byte(strings.Join(long, "|"))) {
		t.Error("a list beyond the limits hashes otherwise")
	}
}

func TestSequenceDigestAllocates(t *testing.T) {
	full := slices.Repeat([][]byte{[]byte(strings.Repeat("x", maxIDBytes))}, 16)
	var dst [71]byte
	n := testing.AllocsPerRun(100, func() {
		digest := joinedDigest(full)
		appendSequenceHash(dst[:0], digest, HashLong)
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestParseSequenceHash(t *testing.T) {
	digest := sequenceDigest("a", "b")
	short, long := string(appendSequenceHash(nil, digest, HashShort)), string(appendSequenceHash(nil, digest, HashLong))
	for _, row := range []struct {
		name, in string
		form     HashForm
	}{
		{"short", short, HashShort},
		{"long", long, HashLong},
		{"empty", "", 0},
		{"short in uppercase", strings.ToUpper(short), 0},
		{"short with a prefix", "sha256:" + short, 0},
		{"short, a character less", short[1:], 0},
		{"short, a character more", short + "0", 0},
		{"short with g", "g" + short[1:], 0},
		{"long without its prefix", long[7:], 0},
		{"long with an uppercase prefix", "SHA256:" + long[7:], 0},
		{"long in uppercase", "sha256:" + strings.ToUpper(long[7:]), 0},
		{"long of another function", "sha512:" + long[7:], 0},
		{"long, a character less", long[:70], 0},
		{"long, a character more", long + "0", 0},
		{"space before", " " + short[1:], 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			form, got, ok := parseSequenceHash([]byte(row.in))
			if form != row.form || ok != (row.form != 0) {
				t.Fatalf("got %q, %v; want %q", form, ok, row.form)
			}
			want := [32]byte{}
			switch row.form {
			case HashShort:
				copy(want[:8], digest[:8])
			case HashLong:
				want = digest
			}
			if got != want {
				t.Errorf("digest: got %x, want %x", got, want)
			}
		})
	}
}

func TestParseChecksum(t *testing.T) {
	const bare = "fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"
	for _, row := range []struct {
		name, in   string
		ok, bareOK bool
	}{
		{"with the prefix", "sha256:" + bare, true, true},
		{"bare", bare, false, true},
		{"empty", "", false, false},
		{"uppercase", "sha256:" + strings.ToUpper(bare), false, false},
		{"bare uppercase", strings.ToUpper(bare), false, false},
		{"prefix in uppercase", "SHA256:" + bare, false, false},
		{"two prefixes", "sha256:sha256:" + bare[7:], false, false},
		{"other separator", "sha256-" + bare, false, false},
		{"a character less", "sha256:" + bare[:63], false, false},
		{"a character more", "sha256:" + bare + "0", false, false},
		{"bare of 71 characters", bare + "1234567", false, false},
		{"space after", "sha256:" + bare[:63] + " ", false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, allowBare := range []bool{false, true} {
				want := row.ok
				if allowBare {
					want = row.bareOK
				}
				digest, ok := parseChecksum([]byte(row.in), allowBare)
				if ok != want || ok != (digest != [32]byte{}) {
					t.Errorf("bare %v: got %x, %v", allowBare, digest, ok)
				}
				if ok && string(appendChecksum(nil, digest)) != "sha256:"+bare {
					t.Errorf("written again: %s", appendChecksum(nil, digest))
				}
			}
		})
	}
}

func TestChainList(t *testing.T) {
	for _, row := range []struct {
		name      string
		chain     []string
		requester string
		want      []string
	}{
		{"no chain", nil, "a", []string{"a"}},
		{"requester is appended", []string{"a", "b"}, "c", []string{"a", "b", "c"}},
		{"requester is not repeated", []string{"a", "b", "c"}, "c", []string{"a", "b", "c"}},
		{"requester alone", []string{"a"}, "a", []string{"a"}},
		{"requester further up", []string{"a", "b"}, "a", nil},
		{"an agent twice", []string{"a", "a", "b"}, "b", nil},
		{"requester twice at the end", []string{"a", "b", "b"}, "b", nil},
		{"joined ids", []string{"a|b"}, "c", nil},
		{"requester not an id", []string{"a"}, "b c", nil},
		{"empty requester", []string{"a"}, "", nil},
		{"empty id", []string{""}, "b", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			given := slices.Clone(row.chain)
			if got := ChainList(row.chain, row.requester); !slices.Equal(got, row.want) || (got == nil) != (row.want == nil) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if !slices.Equal(given, row.chain) {
				t.Errorf("the given chain became %q", row.chain)
			}
		})
	}
	spare := append(make([]string, 0, 4), "a")
	ChainList(spare, "b")
	if spare[:2][1] != "" {
		t.Error("the given chain's spare room was written to")
	}
	if ChainList(slices.Repeat([]string{"a"}, 1<<20), "b") != nil {
		t.Error("a chain of a million agents")
	}
}

func TestHashFormNames(t *testing.T) {
	for _, f := range []HashForm{HashShort, HashLong} {
		if got, ok := ParseHashForm(f.String()); !ok || got != f {
			t.Errorf("%d: %q reads back as %d, %v", f, f, got, ok)
		}
	}
	if f, ok := ParseHashForm(""); ok || f != 0 || HashForm(0).String() != "" {
		t.Error("the zero form has a name")
	}
}
