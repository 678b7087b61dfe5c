package lint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// checkInput applies a mutation of a value operation. Layer key stands for the JWK Set
// that is the text in the member keys.
func checkInput(c, twin *vectors.Case, from, to *string) error {
	want, m := string(twin.Input), c.Mutation
	switch m.Layer {
	case "policy":
		return checkInputText(c, want, "/policy", func(text *string) error { return changeText(text, m.Path, from, to) })
	case "bundle", "bundle.header", "bundle.compact", "list", "list.header", "list.compact":
		return checkInputSigned(c, want, from, to)
	case "input":
		if err := changeText(&want, m.Path, from, to); err != nil {
			return err
		}
	case "key":
		set := stringAt(want, "/keys")
		if err := changeText(&set, m.Path, from, to); err != nil {
			return err
		}
		quoted, err := json.Marshal(set)
		if err != nil {
			return err
		}
		old := stringOf(want, "/keys")
		text := string(quoted)
		if err := changeText(&want, "/keys", &old, &text); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the layer %q is not one of a value operation", m.Layer)
	}
	if !sameJSON(want, string(c.Input)) {
		return errors.New("the twin's input with the mutation is not this input")
	}
	return nil
}

func stringOf(text, pointer string) string {
	t, err := parseTree(text)
	if err != nil || t.at(pointer) == nil {
		return ""
	}
	return t.at(pointer).text()
}

// compare tells whether the changed twin is the case. What follows from the change is
// not compared byte by byte but by its rule: a token is signed again after header,
// payload and key; a proof is made again when the token changed, and its ath follows.
func (p *parts) compare(got *parts, layer string) error {
	switch {
	case p.now != got.now:
		return errors.New("now differs too")
	case !sameJSON(p.policy, got.policy):
		return errors.New("the policy differs")
	case len(p.keys) != len(got.keys):
		return errors.New("the loaded keys differ")
	}
	for issuer, set := range p.keys {
		if !sameJSON(set, got.keys[issuer]) {
			return fmt.Errorf("the loaded keys of %s differ", issuer)
		}
	}
	if err := p.compareSigned(got, layer); err != nil {
		return err
	}
	if err := compareRequests(p, got, layer); err != nil {
		return err
	}
	if layer == "request" {
		return nil
	}
	if layer == "link" || layer == "link.compact" {
		if err := p.relink(got); err != nil {
			return err
		}
	}
	if err := compareToken(p.token, got.token, layer); err != nil {
		return err
	}
	return compareProof(p, got, layer)
}

// compareRequests compares what is neither token nor proof.
func compareRequests(p, got *parts, layer string) error {
	a, b := p.request, got.request
	if layer != "request" {
		a.Headers, b.Headers = masked(a.Headers), masked(b.Headers)
		if p.scheme != got.scheme {
			return errors.New("the scheme differs")
		}
	}
	x, err := json.Marshal(a)
	if err != nil {
		return err
	}
	y, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if string(x) != string(y) {
		return errors.New("the request differs")
	}
	return nil
}

// masked empties the fields that hold token and proof.
func masked(headers []vectors.Header) []vectors.Header {
	list := append([]vectors.Header(nil), headers...)
	for i := range list {
		if strings.EqualFold(list[i].Name, "authorization") || strings.EqualFold(list[i].Name, "dpop") {
			list[i].Value = nil
		}
	}
	return list
}

// compareToken compares header and payload byte for byte; the signature only where
// nothing asked for a new one.
func compareToken(want, got, layer string) error {
	switch layer {
	case "header", "payload", "key", "link", "link.compact":
		if signedPart(want) != signedPart(got) {
			return errors.New("header and payload are not those of the twin with the mutation")
		}
	default:
		if want != got {
			return errors.New("the token is not that of the twin with the mutation")
		}
	}
	return nil
}

func signedPart(compact string) string {
	if i := strings.LastIndexByte(compact, '.'); i >= 0 {
		return compact[:i]
	}
	return compact
}

func compareProof(p, got *parts, layer string) error {
	if p.proof == "" && got.proof == "" {
		return nil
	}
	switch layer {
	case "proof.compact", "now", "loaded", "policy", "bundle", "bundle.header", "bundle.compact", "list", "list.header", "list.compact":
		if p.proof != got.proof {
			return errors.New("the proof is not that of the twin with the mutation")
		}
		return nil
	case "proof.header", "proof.payload":
		if signedPart(p.proof) != signedPart(got.proof) {
			return errors.New("the proof is not that of the twin with the mutation")
		}
		return nil
	}
	want := p.proof // made for the twin's token
	sum := sha256.Sum256([]byte(got.token))
	ath, err := json.Marshal(base64.RawURLEncoding.EncodeToString(sum[:]))
	if err != nil {
		return err
	}
	text := string(ath)
	old := partOf(want, 1, "/ath")
	if err := changePart(&want, 1, "/ath", &old, &text); err != nil {
		return fmt.Errorf("ath: %w", err)
	}
	if signedPart(want) != signedPart(got.proof) {
		return errors.New("the proof is not that of the twin, made for this token")
	}
	return nil
}

// partOf returns the text of a member of one part.
func partOf(compact string, part int, pointer string) string {
	list := strings.Split(compact, ".")
	if part >= len(list) {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(list[part])
	if err != nil {
		return ""
	}
	return stringOf(string(text), pointer)
}
