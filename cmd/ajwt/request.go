package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// requestFlags describe the request that is to be decided.
type requestFlags struct {
	token, proof, scheme, method, url, headers, body, request *definition
}

func newRequestFlags(c *call) *requestFlags {
	return &requestFlags{
		token:   c.text("token", "TOKEN|@FILE|-", "the token, sent in an Authorization field"),
		proof:   c.text("proof", "PROOF|@FILE|-", "the DPoP proof, sent in a DPoP field"),
		scheme:  c.text("scheme", "SCHEME", "the scheme of the Authorization field, DPoP or Bearer (default: DPoP with --proof,\nelse Bearer)"),
		method:  c.text("method", "METHOD", "the request's method (default: GET)"),
		url:     c.text("url", "URL", "the request's URL; its parts are taken as they are written"),
		headers: c.list("header", "'NAME: VALUE'|@FILE|-", "a header field, or a file of them, one a line"),
		body:    c.text("body", "FILE|-", "the request's body"),
		request: c.text("request", "FILE|-", "the request as JSON: method, scheme, authority, target, headers (an array of\n[name, value]) and body (base64), as in the conformance vectors"),
	}
}

// build makes the request from the flags.
func (f *requestFlags) build(c *call, now int64) (*ajwt.Request, error) {
	req := &ajwt.Request{Method: f.method.or("GET")}
	var err error
	if f.request.given() {
		for _, d := range []*definition{f.method, f.url, f.body} {
			if d.given() {
				return nil, usagef("--%s and --request both describe the request; give one", d.name)
			}
		}
		if req, err = c.readRequest(f.request.value()); err != nil {
			return nil, err
		}
	} else {
		if !f.url.given() {
			return nil, usagef("--url is missing: want the request's URL (or give --request FILE)")
		}
		if req.Scheme, req.Authority, req.Target, err = splitURL(f.url.value()); err != nil {
			return nil, usagef("--url: %v", err)
		}
		if f.body.given() {
			if req.Body, err = c.readFile("--body", f.body.value()); err != nil {
				return nil, err
			}
		}
	}
	for _, text := range f.headers.values {
		fields, err := c.headerFields(text)
		if err != nil {
			return nil, err
		}
		req.Headers = append(req.Headers, fields...)
	}
	req.Now = now
	return req, f.credentials(c, req)
}

// credentials adds the fields of --token and --proof.
func (f *requestFlags) credentials(c *call, req *ajwt.Request) error {
	scheme := "Bearer"
	if f.proof.given() || hasField(req, "DPoP") {
		scheme = "DPoP"
	}
	scheme, err := f.scheme.choice(scheme, "DPoP", "Bearer")
	if err != nil {
		return err
	}
	if f.scheme.given() && !f.token.given() {
		return usagef("--scheme is the scheme of --token, which is not given")
	}
	for _, field := range []struct {
		name, prefix string
		d            *definition
	}{{"Authorization", scheme + " ", f.token}, {"DPoP", "", f.proof}} {
		if !field.d.given() {
			continue
		}
		if hasField(req, field.name) {
			return usagef("the request has a field %s already; give that or --%s", field.name, field.d.name)
		}
		text, err := c.textOrFile(field.d)
		if err != nil {
			return err
		}
		req.Headers = append(req.Headers, ajwt.Header{Name: field.name, Value: field.prefix + text})
	}
	return nil
}

func hasField(req *ajwt.Request, name string) bool { return fieldValue(req, name) != "" }

// fieldValue is the value of the first field of that name, "" for none.
func fieldValue(req *ajwt.Request, name string) string {
	for _, h := range req.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// headerFields reads a --header: one field, or a file with one a line.
func (c *call) headerFields(text string) ([]ajwt.Header, error) {
	path, isFile := strings.CutPrefix(text, "@")
	if text == "-" {
		path, isFile = text, true
	}
	lines := []string{text}
	if isFile {
		data, err := c.readFile("--header", path)
		if err != nil {
			return nil, err
		}
		lines = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	var fields []ajwt.Header
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\r")
		if isFile && l == "" {
			continue
		}
		name, value, ok := strings.Cut(l, ":")
		if !ok || name == "" {
			where := ""
			if isFile {
				where = fmt.Sprintf(" in line %d of %s", i+1, quote(path, 200))
			}
			return nil, usagef("--header: want 'Name: value'%s", where) // the line may be a token
		}
		fields = append(fields, ajwt.Header{Name: name, Value: strings.Trim(value, " \t")})
	}
	return fields, nil
}

// readRequest reads a request object of the conformance vectors.
func (c *call) readRequest(path string) (*ajwt.Request, error) {
	data, err := c.readFile("--request", path)
	if err != nil {
		return nil, err
	}
	doc, err := parseJSON("--request", data)
	if err != nil {
		return nil, err
	}
	req := new(ajwt.Request)
	into := map[string]*string{"method": &req.Method, "scheme": &req.Scheme, "authority": &req.Authority, "target": &req.Target}
	for m := doc.Root().First(); m.Exists(); m = m.Next() {
		name := string(m.Key())
		switch {
		case into[name] != nil:
			if m.Kind() != strictjson.String {
				return nil, fmt.Errorf("--request: /%s: want a string, have %s", name, m.Kind())
			}
			*into[name] = string(m.Bytes())
			delete(into, name)
		case name == "headers":
			req.Headers, err = requestHeaders(m)
		case name == "body":
			req.Body, err = decodeBase64(m, "/body")
		default:
			err = fmt.Errorf("--request: /%s: there is no such member; known are method, scheme, authority, target, headers, body", printable(name))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"method", "scheme", "authority", "target"} {
		if into[name] != nil {
			return nil, fmt.Errorf("--request: /%s is missing", name)
		}
	}
	return req, nil
}

func requestHeaders(v strictjson.Value) ([]ajwt.Header, error) {
	if v.Kind() != strictjson.Array {
		return nil, fmt.Errorf("--request: /headers: want an array of [name, value], have %s", v.Kind())
	}
	var fields []ajwt.Header
	for e := v.First(); e.Exists(); e = e.Next() {
		at := fmt.Sprintf("/headers/%d", len(fields))
		name := e.First()
		value := name.Next()
		if e.Kind() != strictjson.Array || e.Len() != 2 || name.Kind() != strictjson.String {
			return nil, fmt.Errorf("--request: %s: want [name, value]", at)
		}
		field := ajwt.Header{Name: string(name.Bytes()), Value: string(value.Bytes())}
		if value.Kind() != strictjson.String {
			raw, err := decodeBase64(value.Member("base64"), at+"/1")
			if err != nil {
				return nil, err
			}
			field.Value = string(raw)
		}
		fields = append(fields, field)
	}
	return fields, nil
}

func decodeBase64(v strictjson.Value, at string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(string(v.Bytes()))
	if v.Kind() != strictjson.String || err != nil {
		return nil, fmt.Errorf("--request: %s: want a string of base64 (standard alphabet, padded)", at)
	}
	return b, nil
}
