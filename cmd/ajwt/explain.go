package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/spec"
)

// codeTable is the registry of rejection codes. It is part of the program, so that a
// failure to read it is a fault of the build.
var codeTable = sync.OnceValue(func() []spec.Code {
	codes, err := spec.Codes()
	if err != nil {
		panic("spec/codes.json: " + err.Error())
	}
	return codes
})

// findCode looks a code up by its name.
func findCode(name string) (spec.Code, bool) {
	for _, c := range codeTable() {
		if c.Code == name {
			return c, true
		}
	}
	return spec.Code{}, false
}

// stageOf is the first word of a code: the stage or the kind of load that gives it.
func stageOf(code string) string {
	stage, _, _ := strings.Cut(code, "_")
	return stage
}

// explanation is a rejection code in words, as --json prints it.
type explanation struct {
	Code       string `json:"code"`
	Number     int    `json:"number"`
	Check      int    `json:"check,omitempty"` // in spec/verify-order.md
	Stage      string `json:"stage"`
	Reference  string `json:"reference"`
	Meaning    string `json:"meaning"`
	Repair     string `json:"repair"`
	Status     int    `json:"status"`
	OAuthError string `json:"oauth_error,omitempty"`
	Observable bool   `json:"observable"`
	Facts      []fact `json:"facts,omitempty"` // what was compared
}

// fact is one value that a check read, for people. Values of tokens are not trusted.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func explain(c spec.Code) explanation {
	return explanation{
		Code: c.Code, Number: c.Number, Check: c.Check, Stage: stageOf(c.Code), Reference: c.Ref, Meaning: c.Text,
		Repair: c.Repair, Status: c.Status, OAuthError: c.Error, Observable: c.Observable,
	}
}

// explainCode explains a code of core's.
func explainCode(code ajwt.Code) explanation {
	entry, ok := findCode(code.String())
	if !ok {
		return explanation{Code: code.String(), Number: int(code), Meaning: "The registry does not have this code.", Status: 500}
	}
	return explain(entry)
}

// line prints a name and a value in two columns.
func line(w io.Writer, name, value string) {
	fmt.Fprintf(w, "  %-10s %s\n", name, strings.ReplaceAll(printable(value), "\n", "\n             "))
}

// print writes the explanation for people.
func (e *explanation) print(w io.Writer) {
	if e.Check != 0 {
		line(w, "check", fmt.Sprintf("%d, stage %s (spec/verify-order.md)", e.Check, e.Stage))
	}
	line(w, "reference", e.Reference)
	line(w, "wrong", e.Meaning)
	for _, f := range e.Facts {
		line(w, "", f.Name+": "+f.Value)
	}
	line(w, "repair", e.Repair)
	answer := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.OAuthError != "" {
		answer += ", error " + e.OAuthError
	}
	line(w, "answer", answer)
}

// printFaults lists the faults of a document that did not load, one a paragraph.
func printFaults(w io.Writer, faults []ajwt.Fault) {
	for _, f := range faults {
		fmt.Fprintf(w, "  %s\n", printable(f.String()))
		if entry, ok := findCode(f.Code.String()); ok {
			fmt.Fprintf(w, "      %s %s\n", entry.Text, entry.Repair)
		}
	}
}

// faultsJSON is a list of faults as --json prints it.
func faultsJSON(faults []ajwt.Fault) []map[string]string {
	out := make([]map[string]string, len(faults))
	for i, f := range faults {
		out[i] = map[string]string{"pointer": f.Pointer, "code": f.Code.String(), "detail": f.Detail}
		if entry, ok := findCode(f.Code.String()); ok {
			out[i]["meaning"], out[i]["repair"] = entry.Text, entry.Repair
		}
	}
	return out
}
