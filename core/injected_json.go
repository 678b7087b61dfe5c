//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

var jsonFaults = []SeededFault{
	{"json-duplicates-last-wins", "of a repeated member the last counts", nil},
	{"json-depth-unlimited", "JSON of any depth is read", limitless(func(l *Limits) { l.JSONDepth = endless })},
	{"json-members-unlimited", "JSON with any number of members is read", limitless(func(l *Limits) { l.JSONMembers = endless })},
	{"json-values-unlimited", "arrays may have any number of elements", all(manyValues(206, CodeJWSHeaderTooManyMembers), manyValues(212, CodeJWSPayloadTooManyMembers),
		manyValues(605, CodeProofHeaderTooManyMembers), manyValues(611, CodeProofPayloadTooManyMembers))},
	{"json-trailing-ignored", "what follows the JSON value is ignored", nil},
	{"json-encoding-replaced", "bytes that are not UTF-8, and lone surrogates, are replaced", nil},
	{"members-case-insensitive", "names of members compare without regard to case", nil},
}

// limitless lifts a limit for the four JSON texts of a request.
func limitless(lift func(l *Limits)) change {
	spoil := func(p *Policy) { lift(&p.limits) }
	return all(policyChanged(206, spoil), policyChanged(212, spoil), policyChanged(605, spoil), policyChanged(611, spoil))
}

// manyValues lifts the limit of values where that of members is kept.
func manyValues(number int, code Code) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		got := sound(r)
		text := r.s.token.payRaw
		switch number {
		case 206:
			text = r.s.token.headerRaw
		case 605:
			text = r.s.proof.headerRaw
		case 611:
			text = r.s.proof.payRaw
		}
		var doc strictjson.Document
		if got != code || doc.Parse(text, strictjson.Limits{Members: r.policy.limits.JSONMembers}) != nil {
			return got
		}
		kept, p := r.policy, *r.policy
		p.limits.JSONMembers = endless
		r.policy = &p
		got = sound(r)
		r.policy = kept
		return got
	})
}

func laxJSON(text []byte) []byte {
	var doc strictjson.Document
	err := doc.Parse(text, strictjson.Limits{})
	fault, _ := err.(strictjson.Error)
	switch activeFault {
	case "json-duplicates-last-wins":
		if fault.Fault == strictjson.FaultDuplicate {
			return again(text)
		}
	case "json-encoding-replaced":
		if fault.Fault == strictjson.FaultEncoding {
			return again(text)
		}
	case "json-trailing-ignored":
		var first json.RawMessage
		if fault.Fault == strictjson.FaultSyntax && json.NewDecoder(bytes.NewReader(text)).Decode(&first) == nil {
			return first
		}
	case "members-case-insensitive":
		if err == nil {
			return lowerNames(nil, doc.Root())
		}
	}
	return text
}

// again reads a text as encoding/json does and writes it again.
func again(text []byte) []byte {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return out
}

// lowerNames writes a value with its members' names in lower case; of two members
// whose names become one the last counts.
func lowerNames(dst []byte, v strictjson.Value) []byte {
	switch v.Kind() {
	case strictjson.Array:
		dst = append(dst, '[')
		for e := v.First(); e.Exists(); e = e.Next() {
			dst = append(lowerNames(dst, e), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte(",")), ']')
	case strictjson.Object:
		var list memberList
		for m := v.First(); m.Exists(); m = m.Next() {
			list = list.with(strings.ToLower(string(m.Key())), string(lowerNames(nil, m)))
		}
		return append(dst, list.text()...)
	}
	return append(dst, textOf(v)...)
}

// textOf is the JSON text of a value.
func textOf(v strictjson.Value) string {
	if v.Kind() == strictjson.String {
		return quoted(string(v.Bytes()))
	}
	return string(v.Raw())
}

// memberList is an object that can be changed: names and JSON texts in order.
type memberList []struct{ name, text string }

func membersOf(v strictjson.Value) (list memberList) {
	for m := v.First(); m.Exists(); m = m.Next() {
		list = append(list, struct{ name, text string }{string(m.Key()), textOf(m)})
	}
	return list
}

// with gives a member another text, or adds it at the end.
func (l memberList) with(name, text string) memberList {
	return append(l.without(name), struct{ name, text string }{name, text})
}

func (l memberList) without(names ...string) memberList {
	var rest memberList
	for _, m := range l {
		kept := true
		for _, n := range names {
			kept = kept && m.name != n
		}
		if kept {
			rest = append(rest, m)
		}
	}
	return rest
}

func (l memberList) text() []byte {
	out := []byte{'{'}
	for i, m := range l {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quoted(m.name)+":"+m.text...)
	}
	return append(out, '}')
}

// value gives the object as a value of a document of its own.
func (l memberList) value() strictjson.Value { return jsonValue(string(l.text())) }

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// jsonValue parses a text that is good JSON.
func jsonValue(text string) strictjson.Value {
	doc := new(strictjson.Document)
	if err := doc.Parse([]byte(text), strictjson.Limits{}); err != nil {
		panic("injected: " + text + ": " + err.Error())
	}
	return doc.Root()
}

// reread puts a changed object in a document's place.
func reread(doc *strictjson.Document, l memberList) {
	if err := doc.Parse(l.text(), strictjson.Limits{}); err != nil {
		panic("injected: " + err.Error())
	}
}
