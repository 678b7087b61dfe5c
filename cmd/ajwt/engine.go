package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/embed"
)

// engineFlags say under which policy, with which keys and by which build a request
// is decided.
type engineFlags struct {
	policy, keys, bundles, lists, nonceKeys, engine, module *definition
}

func newEngineFlags(c *call) *engineFlags {
	return &engineFlags{
		policy:    c.text("policy", "FILE|-", "the policy document"),
		keys:      c.list("keys", "ISSUER=FILE", "the JWK Set of an issuer whose policy entry has jwks_uri"),
		bundles:   c.list("bundle", "FILE", "the signed workflow bundle of an issuer whose policy entry has bundle"),
		lists:     c.list("revocations", "FILE", "the signed revocation list of an issuer whose policy entry has revocation"),
		nonceKeys: c.list("nonce-key", "KEY|@FILE", "a key of proof.nonce, base64url of 32 bytes; the first issues"),
		engine:    c.text("engine", "ENGINE", "native, or wasm for the compiled module (default: native)"),
		module:    c.text("module", "FILE", "the module for --engine wasm (default: dist/ajwt.wasm)"),
	}
}

// engine decides requests under one policy.
type engine struct {
	name     string
	verify   func(*ajwt.Request) ajwt.Decision
	close    func() error
	policy   *ajwt.Policy
	text     []byte            // the policy document
	keys     map[string][]byte // JWK Sets that were loaded, by issuer
	warnings []ajwt.Fault
}

// maxCall bounds one decision of the module; a loaded machine may be slow.
const maxCall = 20 * time.Second

// open loads policy and keys.
func (f *engineFlags) open(c *call, now int64) (*engine, error) {
	name, err := f.engine.choice("native", "native", "wasm")
	switch {
	case err != nil:
		return nil, err
	case !f.policy.given():
		return nil, usagef("--policy is missing: want the policy document that decides")
	case f.module.given() && name != "wasm":
		return nil, usagef("--module goes with --engine wasm")
	}
	e := &engine{name: name, close: func() error { return nil }, keys: map[string][]byte{}}
	if e.text, err = c.readFile("--policy", f.policy.value()); err != nil {
		return nil, err
	}
	if e.policy, err = ajwt.ParsePolicy(e.text); err != nil {
		return nil, loadFault("--policy: "+quote(f.policy.value(), 200), err)
	}
	e.warnings = append(e.warnings, e.policy.Warnings()...)
	nonceKeys, err := f.readNonceKeys(c)
	if err != nil {
		return nil, err
	}
	load, err := e.start(c, f, nonceKeys)
	if err != nil {
		return nil, err
	}
	err = f.loadKeys(c, e, load, now)
	if err == nil {
		err = loadSigned(c, e, load, f.bundles, ajwt.KindBundle, now)
	}
	if err == nil {
		err = loadSigned(c, e, load, f.lists, ajwt.KindRevocations, now)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// loader is the Load of either engine.
type loader func(kind ajwt.Kind, issuer string, data []byte, now int64) ([]ajwt.Fault, error)

// start builds the engine. Its replay memory is empty and claims to have always been
// there: one request alone says nothing about earlier ones, and a cold start would
// refuse every request that this program can be given.
func (e *engine) start(c *call, f *engineFlags, nonceKeys [][]byte) (loader, error) {
	const entries = 1024 // one decision takes two at most
	memory := ajwt.NewReplayMemory(entries, entries, 0)
	v, err := ajwt.NewVerifier(e.policy, ajwt.Options{Replay: memory, NonceKeys: nonceKeys})
	if err != nil {
		return nil, engineFault(err, nonceKeys)
	}
	if e.name == "native" {
		e.verify = v.Verify
		return v.Load, nil
	}
	path := f.module.or("dist/ajwt.wasm")
	module, err := c.readFile("--module", path)
	if err != nil {
		return nil, fmt.Errorf("%w ('make wasm' builds the module)", err)
	}
	m, err := embed.New(context.Background(), module, e.text,
		embed.Options{Instances: 1, CallTimeout: maxCall, WaitTimeout: maxCall, Replay: memory, NonceKeys: nonceKeys})
	if err != nil {
		return nil, fmt.Errorf("--module: %s: %w", quote(path, 200), err)
	}
	e.verify = func(req *ajwt.Request) ajwt.Decision { return m.Verify(context.Background(), req) }
	e.close = m.Close
	return m.Load, nil
}

// engineFault names the flag that would supply what an engine misses.
func engineFault(err error, nonceKeys [][]byte) error {
	if len(nonceKeys) == 0 {
		return fmt.Errorf("%w; give --nonce-key @FILE", err)
	}
	return err
}

func (f *engineFlags) readNonceKeys(c *call) ([][]byte, error) {
	var keys [][]byte
	for i := range f.nonceKeys.values {
		text, err := c.textOrFile(&definition{name: f.nonceKeys.name, values: f.nonceKeys.values[i : i+1]})
		if err != nil {
			return nil, err
		}
		key, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil || len(key) != 32 {
			return nil, usagef("--nonce-key: want the base64url of 32 bytes")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// loadKeys loads each --keys. Issuers are URLs and may hold =, so the policy says
// where the issuer ends.
func (f *engineFlags) loadKeys(c *call, e *engine, load loader, now int64) error {
	for _, text := range f.keys.values {
		issuer, path := "", ""
		for _, id := range e.policy.Issuers() {
			if rest, ok := strings.CutPrefix(text, id+"="); ok && len(id) >= len(issuer) {
				issuer, path = id, rest
			}
		}
		switch {
		case !strings.Contains(text, "="):
			return usagef("--keys: want ISSUER=FILE, have %s", quote(text, 80))
		case issuer == "":
			return usagef("--keys: %s begins with no issuer of the policy; it knows %s", quote(text, 120), printable(strings.Join(e.policy.Issuers(), ", ")))
		case path == "":
			return usagef("--keys: the file is missing after %s=", printable(issuer))
		case e.keys[issuer] != nil:
			return usagef("--keys: %s is given twice", printable(issuer))
		}
		data, err := c.readFile("--keys", path)
		if err != nil {
			return err
		}
		data = asKeySet(data)
		warnings, err := load(ajwt.KindKeys, issuer, data, now)
		if err != nil {
			return loadFault("--keys: "+quote(path, 200), err)
		}
		e.keys[issuer] = data
		e.warnings = append(e.warnings, warnings...)
	}
	return nil
}

// loadSigned loads each --bundle or --revocations for the issuer that the document names
// itself; whether it is that issuer's is then decided by its signature.
func loadSigned(c *call, e *engine, load loader, flag *definition, kind ajwt.Kind, now int64) error {
	name := "--" + flag.name
	seen := map[string]bool{}
	for _, path := range flag.values {
		data, err := c.readFile(name, path)
		if err != nil {
			return err
		}
		data = bytes.TrimRight(data, "\r\n") // editors end a file with a line end, a compact form has none
		issuer, err := issuerOf(data)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %s: %w", name, quote(path, 200), err)
		case !slices.Contains(e.policy.Issuers(), issuer):
			return usagef("%s: %s is of %s, no issuer of the policy; it knows %s", name, quote(path, 200), quote(issuer, 120), printable(strings.Join(e.policy.Issuers(), ", ")))
		case seen[issuer]:
			return usagef("%s: %s is given twice", name, printable(issuer))
		}
		seen[issuer] = true
		warnings, err := load(kind, issuer, data, now)
		if err != nil {
			return loadFault(name+": "+quote(path, 200), err)
		}
		e.warnings = append(e.warnings, warnings...)
	}
	return nil
}

// issuerOf reads the iss of a compact JWS that nobody has verified yet.
func issuerOf(data []byte) (string, error) {
	parts := bytes.Split(data, []byte("."))
	if len(parts) != 3 {
		return "", errors.New("want the compact form of a JWS: header, payload and signature joined with dots")
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(string(parts[1]))
	if err != nil {
		return "", errors.New("want base64url without padding in the payload")
	}
	var named struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &named); err != nil || named.Issuer == "" {
		return "", errors.New("want a payload in JSON with iss, which says whose document it is")
	}
	return named.Issuer, nil
}

// asKeySet wraps a lone JWK into a set, which is what core loads.
func asKeySet(data []byte) []byte {
	doc, err := parseJSON("", data)
	if err != nil || !doc.Root().Member("kty").Exists() || doc.Root().Member("keys").Exists() {
		return data // core says what is wrong with it
	}
	return append(append([]byte(`{"keys":[`), data...), "]}"...)
}

// loadFault is an error that lists every fault of a document.
func loadFault(what string, err error) error {
	var load *ajwt.LoadError
	if !errors.As(err, &load) {
		return fmt.Errorf("%s: %w", what, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s does not load: %s\n", what, count(len(load.Faults), "fault"))
	printFaults(&b, load.Faults)
	return errors.New(strings.TrimSuffix(b.String(), "\n"))
}
