package issue

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// SecretBytes is the length of the secret that aliases are made with.
const SecretBytes = 32

// Aliases makes the names by which one audience knows a workflow and its steps
// (spec/profile.md, section 16.7). It is safe for concurrent use.
type Aliases struct{ secret [SecretBytes]byte }

// NewAliases takes a secret of 32 random bytes, which the server keeps: whoever has it
// can compute every alias. The same secret gives the same aliases.
func NewAliases(secret []byte) (*Aliases, error) {
	if len(secret) != SecretBytes {
		return nil, fmt.Errorf("the secret of aliases has %d bytes; want %d random ones", len(secret), SecretBytes)
	}
	a := new(Aliases)
	copy(a.secret[:], secret)
	return a, nil
}

// Workflow is the alias of a workflow for an audience: 43 characters of base64url.
func (a *Aliases) Workflow(audience, workflow string) string {
	return a.alias("workflow", audience, workflow)
}

// Step is the alias of a step of the workflow for an audience: 43 characters.
func (a *Aliases) Step(audience, workflow, step string) string {
	return a.alias("step", audience, workflow, step)
}

// alias is HMAC-SHA-256 over a label, what is named, and the names, each after its
// length in 4 bytes, so that no two lists of names are one text.
func (a *Aliases) alias(parts ...string) string {
	mac := hmac.New(sha256.New, a.secret[:])
	mac.Write([]byte("ajwt-alias-1\x00"))
	for _, p := range parts {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(p)))
		mac.Write(size[:])
		mac.Write([]byte(p))
	}
	return b64(mac.Sum(nil))
}

// AliasEntry is one entry of the member aliases of a workflow in a bundle.
type AliasEntry struct {
	Audience   string            `json:"audience"`
	WorkflowID string            `json:"workflow_id"`
	Steps      map[string]string `json:"steps"` // step ids by their aliases
}

const maxAudienceBytes = 512

// Entry makes the aliases of a workflow and its steps for an audience, which is one of
// the issuer's audiences in the verifier's policy. An error names what is no id.
func (a *Aliases) Entry(audience, workflow string, steps []string) (AliasEntry, error) {
	if audience == "" || len(audience) > maxAudienceBytes || !utf8.ValidString(audience) {
		return AliasEntry{}, errors.New("the audience of an alias: want 1 to 512 bytes of UTF-8")
	}
	for _, id := range append([]string{workflow}, steps...) {
		if !ajwt.ValidStepID(id) {
			return AliasEntry{}, fmt.Errorf("%.130q is no id of a workflow or step: want 1 to 128 of A-Z a-z 0-9 . _ : @ -", id)
		}
	}
	e := AliasEntry{audience, a.Workflow(audience, workflow), make(map[string]string, len(steps))}
	for _, s := range steps {
		e.Steps[a.Step(audience, workflow, s)] = s
	}
	return e, nil
}

// AddTo adds the aliases of a workflow, with all its steps, for an audience to the
// payload of a bundle that is not signed yet, and returns the new payload; what else
// stands there stays as it is. An entry under the same alias is replaced, so that steps
// that came new get theirs; entries of an earlier secret stay until somebody removes
// them, so that tokens that carry them go on working.
func (a *Aliases) AddTo(payload []byte, audience, workflow string) ([]byte, error) {
	var doc strictjson.Document
	if err := doc.Parse(payload, documentLimits(payload)); err != nil {
		return nil, fmt.Errorf("the bundle's payload is not strict JSON: %w", err)
	}
	list := doc.Root().Member("workflows")
	target := strictjson.Value{}
	for w := list.First(); w.Exists(); w = w.Next() {
		if w.Member("workflow_id").Is(workflow) {
			target = w
		}
	}
	if !target.Exists() {
		return nil, fmt.Errorf("/workflows: the bundle has no workflow %.130q", workflow)
	}
	var steps []string
	for s := target.Member("steps").First(); s.Exists(); s = s.Next() {
		steps = append(steps, string(s.Member("step_id").Bytes()))
	}
	entry, err := a.Entry(audience, workflow, steps)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, err
	}
	aliases := [][]byte{text}
	old := target.Member("aliases")
	if old.Exists() && old.Kind() != strictjson.Array {
		return nil, errors.New("the workflow's member aliases is no array; remove it")
	}
	for e := old.First(); e.Exists(); e = e.Next() {
		if !e.Member("audience").Is(audience) || !e.Member("workflow_id").Is(entry.WorkflowID) {
			aliases = slices.Insert(aliases, len(aliases)-1, e.Raw())
		}
	}
	member := slices.Concat([]byte("["), bytes.Join(aliases, []byte(",")), []byte("]"))
	if old.Exists() {
		return splice(payload, old.Offset(), old.Offset()+len(old.Raw()), member), nil
	}
	end := target.Offset() + len(target.Raw()) - 1 // of the object's content, which has members
	return splice(payload, end, end, slices.Concat([]byte(`,"aliases":`), member)), nil
}

// splice replaces text[from:to].
func splice(text []byte, from, to int, by []byte) []byte {
	return slices.Concat(text[:from], by, text[to:])
}
