package main

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// jws is a compact JWS taken apart for people: nothing about it is verified.
type jws struct {
	header, payload         part
	segments, bytes, sigLen int
}

// part is a decoded part of a JWS. The value is absent where the text is not one
// strict JSON object.
type part struct {
	text  []byte // decoded, nil where it is not base64url
	value strictjson.Value
	fault error // why the value is absent
}

// takeApart decodes what can be decoded, more laxly than core, which decides.
func takeApart(compact string) *jws {
	segments := strings.Split(compact, ".")
	j := &jws{segments: len(segments), bytes: len(compact)}
	j.header = decodePart(segments[0])
	if len(segments) > 1 {
		j.payload = decodePart(segments[1])
	}
	if len(segments) > 2 {
		j.sigLen = base64.RawURLEncoding.DecodedLen(len(segments[2]))
	}
	return j
}

func decodePart(segment string) part {
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(segment, "="))
	if err != nil {
		return part{fault: fmt.Errorf("not base64url")}
	}
	p := part{text: text}
	var doc strictjson.Document
	if err := doc.Parse(text, documentLimits); err != nil {
		p.fault = err
	} else if doc.Root().Kind() != strictjson.Object {
		p.fault = fmt.Errorf("not a JSON object")
	} else {
		p.value = doc.Root()
	}
	return p
}

// evidence is what a decision was made from, for saying what was compared.
type evidence struct {
	req          *ajwt.Request
	policy       strictjson.Value
	issuer       strictjson.Value // entry of the policy, absent where iss is unknown
	keys         strictjson.Value // that issuer's key set
	scheme       string           // of the Authorization field
	tokenText    string
	token, proof *jws // nil where the request has none
	skew         int64
}

// Defaults of the policy (spec/profile.md, section 10), for values that it leaves out.
const (
	defaultSkew     = 30  // seconds
	defaultLifetime = 600 // seconds
	defaultMaxAge   = 60  // seconds
)

func gather(e *engine, req *ajwt.Request) *evidence {
	ev := &evidence{req: req, policy: rootOf(e.text)}
	ev.scheme, ev.tokenText, _ = strings.Cut(fieldValue(req, "Authorization"), " ")
	if ev.tokenText != "" {
		ev.token = takeApart(ev.tokenText)
		iss := ev.claim("iss")
		for i := ev.policy.Member("issuers").First(); i.Exists(); i = i.Next() {
			if iss.Kind() == strictjson.String && i.Member("issuer").Is(string(iss.Bytes())) {
				ev.issuer = i
			}
		}
		ev.keys = ev.issuer.Member("jwks")
		if loaded := e.keys[string(iss.Bytes())]; loaded != nil {
			ev.keys = rootOf(loaded)
		}
	}
	if text := fieldValue(req, "DPoP"); text != "" {
		ev.proof = takeApart(text)
	}
	ev.skew = number(ev.issuer.Member("clock_skew_seconds"), defaultSkew)
	return ev
}

// rootOf parses a document that core has taken.
func rootOf(data []byte) strictjson.Value {
	doc := new(strictjson.Document)
	if doc.Parse(data, strictjson.Limits{}) != nil {
		return strictjson.Value{}
	}
	return doc.Root()
}

// claim is a member of the token's payload, absent where it cannot be read.
func (ev *evidence) claim(name string) strictjson.Value {
	if ev.token == nil {
		return strictjson.Value{}
	}
	return ev.token.payload.value.Member(name)
}

func (ev *evidence) header(name string) strictjson.Value {
	if ev.token == nil {
		return strictjson.Value{}
	}
	return ev.token.header.value.Member(name)
}

func (ev *evidence) proofHeader(name string) strictjson.Value {
	if ev.proof == nil {
		return strictjson.Value{}
	}
	return ev.proof.header.value.Member(name)
}

func (ev *evidence) proofClaim(name string) strictjson.Value {
	if ev.proof == nil {
		return strictjson.Value{}
	}
	return ev.proof.payload.value.Member(name)
}

// route is the policy's entry of that id.
func (ev *evidence) route(id string) strictjson.Value {
	for r := ev.policy.Member("routes").First(); r.Exists(); r = r.Next() {
		if r.Member("id").Is(id) {
			return r
		}
	}
	return strictjson.Value{}
}

func number(v strictjson.Value, initial int64) int64 {
	if n, ok := v.Integer(); ok {
		return n
	}
	return initial
}

// compactInText finds compact JWSs inside other text, so that no signature is shown.
var compactInText = regexp.MustCompile(`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{8,}`)

// privateInText finds private members of a JWK.
var privateInText = regexp.MustCompile(`("(?:d|p|q|dp|dq|qi|k|priv)"\s*:\s*)"[^"]*"`)

// redact keeps signatures and private keys out of what is shown.
func redact(text string) string {
	text = compactInText.ReplaceAllStringFunc(text, func(s string) string {
		head, _, _ := strings.Cut(s, ".")
		if text := decodePart(head).text; len(text) < 2 || text[0] != '{' || !strings.ContainsRune(" \t\r\n\"}", rune(text[1])) {
			return s // a host name, say
		}
		return fmt.Sprintf("(compact JWS of %d bytes, not shown)", len(s))
	})
	if strings.Contains(text, `"kty"`) {
		text = privateInText.ReplaceAllString(text, `$1"(private member, not shown)"`)
	}
	return text
}

// shown prints text of a request, which may hold a token.
func shown(text string, most int) string { return quote(redact(text), most) }

// raw shows a JSON value as it stands in its document, in bounded length.
func raw(v strictjson.Value) string {
	if !v.Exists() {
		return "(absent)"
	}
	const most = 240 // bytes
	if v.Kind() == strictjson.String {
		return quote(redact(string(v.Bytes())), most)
	}
	text := redact(string(v.Raw()))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return printable(text)
}

// dateText shows a NumericDate as number and date.
func dateText(n int64) string {
	const last = 253402300799 // the last second of the year 9999
	if n < 0 || n > last {
		return fmt.Sprintf("%d", n)
	}
	return fmt.Sprintf("%d (%s)", n, time.Unix(n, 0).UTC().Format(time.RFC3339))
}
