package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// indented writes JSON with indentation and changes nothing else: members keep
// their order, and one that stands twice is shown twice.
func indented(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

// tokenFault is the first fault of a token's form that needs no policy.
func tokenFault(token string) *explanation {
	compact, err := ajwt.ParseCompact([]byte(token))
	var coded ajwt.CodeError
	if errors.As(err, &coded) {
		return faultOf(coded.Code.String(), takeApart(token).header.fault)
	}
	if err != nil {
		return faultOf("", err)
	}
	return jsonFault("jws_payload_", compact.Payload)
}

// proofFault is the first fault of a proof's form that needs neither policy nor
// request.
func proofFault(proof string) *explanation {
	segments := strings.Split(proof, ".")
	if len(segments) != 3 {
		return faultOf("proof_compact_segments", nil)
	}
	var parts [3][]byte
	for i, name := range [...]string{"header", "payload", "signature"} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(segments[i])
		if err != nil || len(b) == 0 || strings.ContainsAny(segments[i], "\r\n") {
			return faultOf("proof_"+name+"_base64", nil)
		}
		parts[i] = b
	}
	if f := jsonFault("proof_header_", parts[0]); f != nil {
		return f
	}
	header := rootOf(parts[0])
	typ := strings.TrimPrefix(strings.ToLower(string(header.Member("typ").Bytes())), "application/")
	if typ != "dpop+jwt" {
		return faultOf("proof_typ_invalid", nil)
	}
	if !header.Member("jwk").Exists() {
		return faultOf("proof_jwk_missing", nil)
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if header.Member("jwk").Member(name).Exists() {
			return faultOf("proof_jwk_private", nil)
		}
	}
	return jsonFault("proof_payload_", parts[1])
}

// jsonFault holds a text to the default limits of a header or payload (profile,
// section 17) and names the code that begins with prefix.
func jsonFault(prefix string, text []byte) *explanation {
	var doc strictjson.Document
	err := doc.Parse(text, strictjson.Limits{Depth: 16, Members: 256})
	var fault strictjson.Error
	switch {
	case errors.As(err, &fault):
		suffix := map[strictjson.Fault]string{
			strictjson.FaultSyntax: "syntax", strictjson.FaultEncoding: "encoding", strictjson.FaultDuplicate: "duplicate_member",
			strictjson.FaultDepth: "too_deep", strictjson.FaultMembers: "too_many_members",
		}[fault.Fault]
		return faultOf(prefix+suffix, err)
	case doc.Root().Kind() != strictjson.Object:
		return faultOf(prefix+"not_object", nil)
	}
	return nil
}

// faultOf explains a code; detail, if any, says where the fault is.
func faultOf(code string, detail error) *explanation {
	entry, _ := findCode(code)
	e := explain(entry)
	if detail != nil {
		e.Facts = []fact{{"fault", detail.Error()}}
	}
	return &e
}

// aloneReport is what a policy says about a token without a request.
type aloneReport struct {
	Explanation *explanation `json:"rejection,omitempty"`
	Passed      []string     `json:"stages_without_fault,omitempty"`
	NotChecked  []string     `json:"stages_not_checked"`
	Note        string       `json:"note"`
}

// tokenAlone runs the checks and keeps what they say about the token itself: the
// request is made up, so whatever depends on it is left open.
func tokenAlone(e *engine, token string, now int64) *aloneReport {
	req := &ajwt.Request{
		Method: "GET", Scheme: "https", Authority: "inspect.invalid", Target: "/",
		Headers: []ajwt.Header{{Name: "Authorization", Value: "Bearer " + token}}, Now: now,
	}
	d := e.verify(req)
	r := &aloneReport{
		NotChecked: []string{"input", "proof", "agent", "delegation", "workflow", "replay"},
		Note:       "The token alone was looked at; whether a request may pass is decided by \"ajwt verify\".",
	}
	if stage := d.Code.Stage(); d.Code != 0 && (stage == ajwt.StageNone || stage <= ajwt.StageClaim) {
		x := gather(e, req).explain(d.Code, "")
		r.Explanation = &x
		return r
	}
	r.Passed = []string{"jws", "key", "signature", "claim"}
	return r
}

func (r *aloneReport) print(w io.Writer) {
	if r.Explanation != nil {
		fmt.Fprintf(w, "policy  the token is rejected: %s (%d)\n", r.Explanation.Code, r.Explanation.Number)
		r.Explanation.print(w)
		return
	}
	fmt.Fprintf(w, "policy  no fault found in the stages %s\n", strings.Join(r.Passed, ", "))
	line(w, "", "not checked: "+strings.Join(r.NotChecked, ", "))
	line(w, "note", r.Note)
}
