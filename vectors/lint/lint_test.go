package lint_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/agentic-jwt/ajwt/vectors"
	"github.com/agentic-jwt/ajwt/vectors/lint"
)

// TestVectors holds the vectors of this repository to the rules. Codes of areas in work
// would be named in Options.Uncovered.
func TestVectors(t *testing.T) {
	for _, f := range lint.Folder(os.DirFS(".."), lint.Options{}) {
		t.Error(f)
	}
}

func load(t *testing.T) *vectors.Suite {
	t.Helper()
	s, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// copyOf returns the case and its twin, to be spoilt.
func copyOf(t *testing.T, s *vectors.Suite, id string) []vectors.Case {
	t.Helper()
	var found []vectors.Case
	for _, want := range []string{"", id} {
		for _, c := range s.Cases() {
			if c.ID != want {
				continue
			}
			text, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var copied vectors.Case
			if err := json.Unmarshal(text, &copied); err != nil {
				t.Fatal(err)
			}
			found = append(found, copied)
			if c.Twin != "" {
				found = append(found, copyOf(t, s, c.Twin)...)
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("no case " + id)
	}
	return found
}

// without drops the findings about coverage, which a part of the suite always has.
func without(list []lint.Finding) []lint.Finding {
	return slices.DeleteFunc(list, func(f lint.Finding) bool { return f.Class == lint.Coverage })
}

// TestFindings spoils one thing of a good case at a time.
func TestFindings(t *testing.T) {
	s := load(t)
	text := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for _, row := range []struct {
		name, id, class string
		spoil           func(c *vectors.Case)
	}{
		{"id", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.ID = "jws.compact.Two-Parts" }},
		{"title", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Title = "" }},
		{"level", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Level = "must" }},
		{"refs", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Refs = nil }},
		{"since", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Since = "" }},
		{"fault", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Kills = []string{"Skip Exp"} }},
		{"code", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Expect.Code = "jws_bad" }},
		{"verdict", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Expect.Verdict = "acceptable" }},
		{"accept with code", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Expect.Verdict = "accept" }},
		{"operation", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Op = "check" }},
		{"no time", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Now = nil }},
		{"no policy", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Policy = nil }},
		{"unknown policy", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Policy = text("none.json") }},
		{"unknown keys", "jws.kid.no-set", lint.Form, func(c *vectors.Case) { c.Keys = map[string]string{"x": "none.json"} }},
		{"input of a request", "jws.compact.two-parts", lint.Form, func(c *vectors.Case) { c.Input = text(1) }},
		{"value without input", "jwk.set.array", lint.Form, func(c *vectors.Case) { c.Input = nil }},
		{"pointers without code", "jwk.set.array", lint.Form, func(c *vectors.Case) { c.Expect.Code = "" }},
		{"no twin", "jws.compact.two-parts", lint.Twin, func(c *vectors.Case) { c.Twin = "" }},
		{"unknown twin", "jws.compact.two-parts", lint.Twin, func(c *vectors.Case) { c.Twin = "jws.compact.none" }},
		{"itself as twin", "jws.compact.two-parts", lint.Twin, func(c *vectors.Case) { c.Twin = c.ID }},
		{"no mutation", "jws.compact.two-parts", lint.Twin, func(c *vectors.Case) { c.Mutation = nil }},
		{"accept with twin", "jws.compact.three-parts", lint.Twin, func(c *vectors.Case) { c.Twin = c.ID }},
		{"layer", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Mutation.Layer = "body" }},
		{"other layer", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Mutation.Layer = "payload" }},
		{"path", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Mutation.Path = "/typ" }},
		{"from", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Mutation.From = text("ES256") }},
		{"to", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Mutation.To = text(1) }},
		{"offset", "jws.compact.two-parts", lint.Mutation, func(c *vectors.Case) { c.Mutation.Path = "7" }},
		{"policy differs too", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Policy = text("draft00-two.json") }},
		{"request differs too", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.Request.Method = "PUT" }},
		{"scheme differs too", "jws.alg.null", lint.Mutation, func(c *vectors.Case) {
			c.Request.Headers[0].Value = []byte("DPoP " + strings.TrimPrefix(string(c.Request.Headers[0].Value), "Bearer "))
		}},
		{"now differs too", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { *c.Now++ }},
		{"keys differ too", "jws.kid.loaded-unknown", lint.Mutation, func(c *vectors.Case) { c.Keys["https://as.example"] = "other.json" }},
		{"nonce keys differ too", "jws.alg.null", lint.Mutation, func(c *vectors.Case) { c.NonceKeys = []string{"x"} }},
		{"input differs too", "jwk.set.array", lint.Mutation, func(c *vectors.Case) { c.Input = text(map[string]string{"keys": "[1]"}) }},
		{"proof of another token", "jws.hardened.kid-missing", lint.Mutation, func(c *vectors.Case) {
			c.Request.Headers[1].Value[100] ^= 1
		}},
		{"signature holds", "jws.rsa.one", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "claim_exp_expired" }},
		{"signature does not hold", "jws.compact.three-parts", lint.Fact, func(c *vectors.Case) {
			v := c.Request.Headers[0].Value
			v[len(v)-9] ^= 1
		}},
		{"parts", "jws.compact.two-parts", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "jws_compact_encrypted" }},
		{"base64", "jws.base64.header-slack", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "jws_payload_base64" }},
		{"JSON", "jws.header-json.nan", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "jws_header_encoding" }},
		{"duplicate", "jws.payload-json.duplicate-escaped", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "jws_payload_syntax" }},
		{"depth", "jws.payload-json.too-deep-arrays", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "signature_invalid" }},
		{"alg", "jws.alg.none-lower", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "key_alg_not_allowed" }},
		{"kid", "jws.kid.missing", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "jws_kid_invalid" }},
		{"unknown bundle", "bundle.request.lawful", lint.Form, func(c *vectors.Case) { c.Bundle["https://as.example"] = "none.jws" }},
		{"unknown list", "revocation.request.nothing-revoked", lint.Form, func(c *vectors.Case) { c.Revocations["https://as.example"] = "none.jws" }},
		{"loaded without a document", "jws.compact.three-parts", lint.Form, func(c *vectors.Case) { c.Loaded = c.Now }},
		{"step without request", "bundle.in-force.rollback", lint.Form, func(c *vectors.Case) { c.Requests[0].Request = nil }},
		{"step of two", "bundle.in-force.rollback", lint.Form, func(c *vectors.Case) { c.Requests[1].Request = c.Requests[0].Request }},
		{"kind of a load", "bundle.in-force.rollback", lint.Form, func(c *vectors.Case) { c.Requests[1].Load.Kind = "policy" }},
		{"load with a verdict", "bundle.in-force.rollback", lint.Form, func(c *vectors.Case) { c.Requests[1].Expect.Status = 500 }},
		{"bundle differs too", "bundle.request.proof-missing", lint.Mutation, func(c *vectors.Case) { c.Bundle["https://as.example"] = "world-pinned.jws" }},
		{"list differs too", "revocation.chain.link-root", lint.Mutation, func(c *vectors.Case) { c.Revocations["https://as.example"] = "others.jws" }},
		{"loaded differs too", "bundle.in-force.expired", lint.Mutation, func(c *vectors.Case) { *c.Loaded++ }},
		{"from of a bundle", "bundle.status.revoked", lint.Mutation, func(c *vectors.Case) { c.Mutation.From = text("gone") }},
		{"no bundle to drop", "bundle.in-force.none", lint.Mutation, func(c *vectors.Case) { c.Mutation.Layer = "list" }},
		{"bundle of an input", "bundle.values.expired", lint.Mutation, func(c *vectors.Case) { c.Mutation.To = text(5) }},
		{"bundle of an input altered", "bundle.jose.payload-altered", lint.Mutation, func(c *vectors.Case) { c.Mutation.Path = "3" }},
		{"policy of an input", "bundle.versions.less-than-the-least", lint.Mutation, func(c *vectors.Case) { c.Mutation.Path = "/issuers/0/bundle/max_version" }},
		{"bundle's signature holds", "bundle.jose.payload-altered", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "bundle_expired" }},
		{"bundle's signature does not hold", "bundle.values.expired", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "bundle_signature_invalid" }},
		{"bundle's typ", "bundle.jose.typ-jwt", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "bundle_expired" }},
		{"bundle's header", "bundle.jose.header-crit", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "bundle_expired" }},
		{"list in the place of a bundle", "bundle.request.lawful", lint.Form, func(c *vectors.Case) { c.Bundle["https://as.example"] = "nothing.jws" }},
		{"link's signature", "bundle.request.linked", lint.Fact, func(c *vectors.Case) { c.Expect.Verdict, c.Expect.Code = "reject", "delegation_link_signature_invalid" }},
		{"link's prev", "bundle.request.linked", lint.Fact, func(c *vectors.Case) { c.Expect.Verdict, c.Expect.Code = "reject", "delegation_link_prev_mismatch" }},
		{"no credential", "request.authorization.missing", lint.Fact, func(c *vectors.Case) { c.Expect.Code = "input_authorization_duplicate" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			cases := copyOf(t, s, row.id)
			if found := without(lint.Cases(cases, s, lint.Options{})); len(found) > 0 {
				t.Fatal("the case is not good: ", found)
			}
			row.spoil(&cases[0])
			found := without(lint.Cases(cases, s, lint.Options{}))
			if !slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Class == row.class }) {
				t.Errorf("no finding of class %s: %v", row.class, found)
			}
		})
	}
}

func TestSuiteFindings(t *testing.T) {
	s := load(t)
	if found := lint.Cases(nil, s, lint.Options{}); len(found) != 1 || found[0].Class != lint.Form {
		t.Errorf("no cases: %v", found)
	}
	cases := copyOf(t, s, "jws.alg.null")
	twice := append(slices.Clone(cases), cases[0])
	has := func(found []lint.Finding, class, id string) bool {
		return slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Class == class && f.Case == id })
	}
	if found := lint.Cases(twice, s, lint.Options{}); !has(found, lint.Form, "jws.alg.null") || !has(found, lint.Repeat, "jws.alg.null") {
		t.Errorf("one case twice: %v", found)
	}
	found := lint.Cases(cases, s, lint.Options{Uncovered: []string{"claim_*", "jws_alg_invalid"}})
	if !has(found, lint.Coverage, "signature_invalid") || has(found, lint.Coverage, "claim_exp_expired") || !has(found, lint.Coverage, "jws_alg_invalid") {
		t.Errorf("coverage: %v", found)
	}
}

func TestFolder(t *testing.T) {
	if found := lint.Folder(fstest.MapFS{}, lint.Options{}); len(found) != 1 || found[0].Class != lint.Manifest {
		t.Errorf("no manifest: %v", found)
	}
	const keys = `{"keys":[],"keys":[]}`
	const cases = `{"format":"ajwt-vectors/1","area":"jwk","spec":[],"cases":[{"id":"jwk.a.b","title":"A set without keys.","op":"keys_load","input":{"keys":"{}"},"expect":{},"level":"MUST","refs":["x"],"since":"1.0"}]}`
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	folder := fstest.MapFS{
		"keys/a.json":      {Data: []byte(keys)},
		"cases/jwk/a.json": {Data: []byte(cases)},
		"manifest.json": {Data: []byte(`{"format":"ajwt-manifest/1","spec":[],"files":[{"file":"cases/jwk/a.json","sha256":"` + sum(cases) +
			`","area":"jwk","count":1},{"file":"keys/a.json","sha256":"` + sum(keys) + `"}]}`)},
	}
	found := without(lint.Folder(folder, lint.Options{}))
	if len(found) != 1 || found[0].Class != lint.Manifest || found[0].Case != "keys/a.json" {
		t.Errorf("a key set with a member twice: %v", found)
	}
}
