package conformance

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/agentic-jwt/ajwt/conformance/proxywasmhost"
	"github.com/agentic-jwt/ajwt/vectors"
)

// proxyRecord is what of a decision record (spec/profile.md, section 14) a case can pin.
type proxyRecord struct {
	Verdict    string   `json:"verdict"`
	Enforced   bool     `json:"enforced"`
	Code       string   `json:"code"`
	Level      string   `json:"level"`
	Issuer     string   `json:"issuer"`
	Agent      string   `json:"agent"`
	Workflow   string   `json:"workflow"`
	Step       string   `json:"step"`
	Act        string   `json:"act"`
	ChainHash  string   `json:"chain_hash"`
	Route      string   `json:"route"`
	Thumbprint string   `json:"key_thumbprint"`
	Bundle     int64    `json:"bundle_version"`
	Warnings   []string `json:"warnings"`
	Elapsed    *int64   `json:"elapsed_us"`
}

// proxyAnswer reads what became of a request. What counts is what the upstream saw and what
// the client got; the record that the filter left must say the same.
func proxyAnswer(r *proxywasmhost.Result, q *proxywasmhost.Request) (Answer, error) {
	var record proxyRecord
	if r.Hung || r.Lost {
		return Answer{}, &Fault{FaultHang, "the request is held for ever"}
	}
	if err := json.Unmarshal([]byte(r.Properties["ajwt"]), &record); err != nil || record.Elapsed == nil {
		return Answer{}, &Fault{FaultProtocol, "no decision record: " + r.Properties["ajwt"]}
	}
	a := Answer{Verdict: record.Verdict, Code: record.Code, Decision: &vectors.Decision{
		Level: record.Level, Issuer: record.Issuer, Agent: record.Agent, Workflow: record.Workflow, Step: record.Step,
		Act: record.Act, ChainHash: record.ChainHash, Route: record.Route, Thumbprint: record.Thumbprint, Warnings: record.Warnings}}
	if record.Bundle != 0 {
		a.Decision.Bundle = &record.Bundle
	}
	a.Observed = record.Verdict == verdictReject && !record.Enforced
	passes := record.Verdict == verdictAccept || a.Observed
	switch {
	case r.Reached && r.Answer == nil && !passes:
		return Answer{Verdict: verdictAccept}, nil // whatever the record says
	case r.Reached != passes || (r.Answer == nil) != passes:
		return Answer{}, &Fault{FaultProtocol, fmt.Sprintf("the upstream saw it: %v, answered: %v, record %s", r.Reached, r.Answer != nil, r.Properties["ajwt"])}
	case passes:
		a.changes(q, r.Fields)
		return a, nil
	}
	return a, a.rejection(r.Answer)
}

// rejection takes status and fields from the answer that a client got, and holds it to its
// form.
func (a *Answer) rejection(r *proxywasmhost.Answer) error {
	var body struct{ Error, Code string }
	err := json.Unmarshal(r.Body, &body)
	if err != nil || body.Error == "" || body.Code != a.Code || r.Details != "ajwt_"+a.Code ||
		r.Get("cache-control") != "no-store" || r.Get("content-type") != "application/json" {
		return &Fault{FaultProtocol, fmt.Sprintf("the answer to %s: %s %q %v", a.Code, r.Details, r.Body, r.Fields)}
	}
	a.Status = r.Status
	for _, name := range []string{"www-authenticate", "dpop-nonce"} {
		if value := r.Get(name); value != "" {
			if a.Headers == nil {
				a.Headers = make(map[string]string)
			}
			a.Headers[name] = value
		}
	}
	return nil
}

// changes notes which fields of a request the upstream did not get, and which it got beside
// them. Fields that stay keep their order; what is set stands behind them.
func (a *Answer) changes(q *proxywasmhost.Request, sent []proxywasmhost.Field) {
	next := 0 // field of the request
	pass := func(until int) {
		for ; next < until; next++ {
			a.Strip = append(a.Strip, q.Fields[next].Name)
		}
	}
	for _, f := range sent {
		at := slices.Index(q.Fields[next:], f)
		if at < 0 {
			a.Forward = append(a.Forward, vectors.Header{Name: f.Name, Value: []byte(f.Value)})
			continue
		}
		pass(next + at)
		next++
	}
	pass(len(q.Fields))
}
