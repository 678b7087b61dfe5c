package main

import (
	"encoding/json"
	"fmt"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var verifyCommand = &command{
	name:     "verify",
	summary:  "decide one request under a policy, and say why",
	synopsis: "--policy FILE (--url URL --token @FILE [--proof @FILE] | --request FILE) [flags]",
	about: `
Decides a request as a resource server would: the same checks in the same order, by
the native core or by the compiled WebAssembly module. It prints verdict, rejection
code, the number of the check, its reference, what is wrong and what would repair
it, the level of protection that the request got, and the decision record.

The replay memory is empty: one request alone cannot show whether its proof or its
single-use token was used before.

Give tokens as @FILE: what stands on a command line is visible to other processes.

Exit code 0: accepted; 1: rejected, also where the route only observes it; 2: the
request could not be decided (flags, files, a policy that does not load).`,
	examples: `
ajwt verify --policy policy.json --url https://api.example/repos/acme/site --token @token.txt --proof @proof.txt
ajwt verify --policy policy.json --keys https://as.example=issuer.jwks --method POST \
     --url https://api.example/repos/acme/site/pulls --header @headers.txt --json
ajwt verify --policy policy.json --bundle bundle.jws --revocations revoked.jws --request request.json
ajwt verify --policy policy.json --request request.json --now 1767225600
ajwt verify --engine wasm --module dist/ajwt.wasm --policy policy.json --request request.json
ajwt mint ... | ajwt verify --policy policy.json --url https://api.example/repos/acme/site --header -`,
	run: runVerify,
}

func runVerify(c *call) (int, error) {
	engines, requests, log := newEngineFlags(c), newRequestFlags(c), newReceiptsFlags(c)
	nowFlag := c.nowFlag()
	asJSON := c.boolean("json", "print JSON: the decision record and the explanation")
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	now, err := c.at(nowFlag)
	if err != nil {
		return 0, err
	}
	req, err := requests.build(c, now)
	if err != nil {
		return 0, err
	}
	e, err := engines.open(c, now)
	if err != nil {
		return 0, err
	}
	defer e.close()
	r := report(e, req, e.verify(req))
	if err := log.append(c, &r.decision); err != nil {
		return 0, err // before any verdict: without its receipt there is none
	}
	if asJSON.on() {
		err = c.printJSON(r)
	} else {
		c.printVerdict(r)
	}
	if r.Verdict == ajwt.Accept.String() {
		return exitOK, err
	}
	return exitReject, err
}

// verdictReport is the answer of verify --json.
type verdictReport struct {
	Verdict     string              `json:"verdict"`
	Passes      bool                `json:"passes"` // the request may pass: accepted, or rejected and only observed
	Explanation *explanation        `json:"explanation,omitempty"`
	Warnings    []explanation       `json:"warnings,omitempty"` // observed rejections beside the first
	Answer      *answer             `json:"answer,omitempty"`
	Forward     [][2]string         `json:"forward,omitempty"` // header fields that a host sets for the upstream, names and values
	Strip       []string            `json:"strip,omitempty"`   // names of the request's fields that it removes first
	Record      json.RawMessage     `json:"decision"`          // the decision record of spec/profile.md
	Engine      string              `json:"engine"`
	Now         int64               `json:"now"` // NumericDate
	Notes       []string            `json:"notes,omitempty"`
	Load        []map[string]string `json:"load_warnings,omitempty"`

	decision ajwt.Decision
	faults   []ajwt.Fault
}

// answer is what the HTTP answer to a rejection carries.
type answer struct {
	Status    int    `json:"status"`
	Challenge string `json:"www_authenticate,omitempty"`
	Nonce     string `json:"dpop_nonce,omitempty"`
}

const replayNote = "the replay memory was empty: whether this proof or token was used before is not known here"

// report puts a decision into words.
func report(e *engine, req *ajwt.Request, d ajwt.Decision) *verdictReport {
	r := &verdictReport{
		Verdict: d.Verdict.String(), Passes: d.Allows(), Record: d.AppendRecord(nil), Engine: e.name, Now: req.Now,
		decision: d, faults: e.warnings, Load: faultsJSON(e.warnings),
	}
	ev := gather(e, req)
	if d.Code != 0 {
		x := ev.explain(d.Code, d.Route)
		r.Explanation = &x
	}
	for _, w := range d.Warnings {
		r.Warnings = append(r.Warnings, ev.explain(w, d.Route))
	}
	if d.Status != 0 {
		r.Answer = &answer{d.Status, d.Challenge, d.Nonce}
	}
	for _, h := range d.Forward {
		r.Forward = append(r.Forward, [2]string{h.Name, h.Value})
	}
	if r.Passes {
		r.Notes = append(r.Notes, replayNote)
		for _, h := range req.Headers {
			if e.policy.Strips(h.Name) {
				r.Strip = append(r.Strip, h.Name)
			}
		}
	}
	return r
}

// levelText says what a level stands for.
func levelText(l ajwt.Level) string {
	words := "nothing was established"
	switch l.Base() {
	case ajwt.LevelJWT:
		words = "token, times, audience and scopes; not the agent, its chain or its step"
	case ajwt.LevelAgent:
		words = "token, and the agent as it is registered; not its chain or its step"
	case ajwt.LevelAJWT:
		words = "token, agent, delegation chain and workflow step"
	}
	if l&ajwt.LevelPoP != 0 {
		words += "; the caller holds the token's key"
	}
	if l&ajwt.LevelLinks != 0 {
		words += "; every hop signed for itself"
	}
	return l.String() + ": " + words
}

// printVerdict writes the report for people.
func (c *call) printVerdict(r *verdictReport) {
	d, w := &r.decision, c.stdout
	switch {
	case d.Verdict == ajwt.Accept:
		fmt.Fprintln(w, "ACCEPT")
	case d.Observed:
		fmt.Fprintf(w, "REJECT  %s (%d)  observed only: the route lets the request pass\n", d.Code, d.Code)
	default:
		fmt.Fprintf(w, "REJECT  %s (%d)\n", d.Code, d.Code)
	}
	if r.Explanation != nil {
		r.Explanation.print(w)
	}
	if d.Challenge != "" {
		line(w, "", "WWW-Authenticate: "+d.Challenge)
	}
	if d.Nonce != "" {
		line(w, "", "DPoP-Nonce: "+d.Nonce)
	}
	line(w, "level", levelText(d.Level))
	for _, m := range [...]struct{ name, value string }{
		{"route", d.Route}, {"issuer", d.Issuer}, {"agent", d.Agent}, {"workflow", d.Workflow}, {"step", d.Step},
	} {
		if m.value != "" {
			line(w, m.name, m.value)
		}
	}
	for _, h := range r.Forward {
		line(w, "upstream", h[0]+": "+h[1])
	}
	for _, name := range r.Strip {
		line(w, "removed", printable(name))
	}
	line(w, "engine", fmt.Sprintf("%s, at %s", r.Engine, dateText(r.Now)))
	for i := range r.Warnings {
		fmt.Fprintf(w, "warning: %s (%d)\n", r.Warnings[i].Code, r.Warnings[i].Number)
		r.Warnings[i].print(w)
	}
	if len(r.faults) > 0 {
		fmt.Fprintf(w, "skipped while loading:\n")
		printFaults(w, r.faults)
	}
	for _, n := range r.Notes {
		line(w, "note", n)
	}
	fmt.Fprintf(w, "record\n  %s\n", printable(string(r.Record)))
}
