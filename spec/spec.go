// Package spec holds the data of the specification: the registry of rejection
// codes and the JSON Schemas. It imports nothing of the project.
package spec

import (
	_ "embed"
	"encoding/json"
)

// CodesJSON is spec/codes.json, the only registry of rejection codes.
//
//go:embed codes.json
var CodesJSON []byte

// Code is one entry of the registry.
type Code struct {
	Code       string `json:"code"`       // <stage>_<subject>_<fault>
	Number     int    `json:"number"`     // never reused
	Check      int    `json:"check"`      // number in verify-order.md, 0 outside a request's checks
	Status     int    `json:"status"`     // HTTP status of the answer
	Error      string `json:"error"`      // OAuth error of the challenge, "" for none
	Observable bool   `json:"observable"` // a route may observe it instead of enforcing it
	TestedBy   string `json:"tested_by"`  // "vector", or the name of the test that shows it
	Ref        string `json:"ref"`        // document and section
	Text       string `json:"text"`       // what is wrong
	Repair     string `json:"repair"`     // what would repair it
}

// Codes reads the registry.
func Codes() ([]Code, error) {
	var doc struct {
		Format string `json:"format"`
		Codes  []Code `json:"codes"`
	}
	if err := json.Unmarshal(CodesJSON, &doc); err != nil {
		return nil, err
	}
	return doc.Codes, nil
}
