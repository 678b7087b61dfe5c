package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/issue"
	"github.com/golang-jwt/jwt/v5"
)

// mintToken signs a token and describes it in m.
func (c *call) mintToken(f *mintFlags, now int64, proofKey *signingKey, m *minted) error {
	key, err := c.readSigningKey("--key", f.key.value(), f.alg.value())
	if err != nil {
		return err
	}
	claims, err := c.mintClaims(f, now, proofKey)
	if err != nil {
		return err
	}
	header := map[string]any{"kid": f.kid.or(key.kid)}
	if m.Token, err = key.sign(f.typ.or("JWT"), header, claims); err != nil {
		return err
	}
	if m.Claims, err = json.Marshal(claims); err != nil {
		return err
	}
	if claims["cnf"] != nil {
		m.TokenType = "DPoP"
	}
	iat, ok1 := wholeNumber(claims["iat"])
	exp, ok2 := wholeNumber(claims["exp"])
	if life := exp - iat; ok1 && ok2 {
		m.ExpiresIn = &life
	}
	return nil
}

func wholeNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case json.Number:
		i, err := strconv.ParseInt(n.String(), 10, 64)
		return i, err == nil
	}
	return 0, false
}

// mintClaims builds the payload: the claims of the file, the flags over them, and
// the defaults where neither says anything.
func (c *call) mintClaims(f *mintFlags, now int64, proofKey *signingKey) (jwt.MapClaims, error) {
	claims, err := c.claimsFile(f.claims)
	if err != nil {
		return nil, err
	}
	for name, d := range map[string]*definition{"iss": f.iss, "sub": f.sub, "jti": f.jti} {
		if d.given() {
			claims[name] = d.value()
		}
	}
	switch len(f.aud.values) {
	case 0:
	case 1:
		claims["aud"] = f.aud.value()
	default:
		claims["aud"] = f.aud.values
	}
	if f.scope.given() {
		claims["scope"] = strings.Join(f.scope.values, " ")
	}
	if !f.claims.given() {
		for _, d := range []*definition{f.iss, f.sub, f.aud, f.scope} {
			if !d.given() {
				return nil, usagef("--%s is missing: every intent token has it (or give --claims FILE)", d.name)
			}
		}
	}
	if err := f.times(claims, now); err != nil {
		return nil, err
	}
	if _, ok := claims["jti"]; !ok {
		claims["jti"] = rand.Text()
	}
	if err := c.intent(f, claims); err != nil {
		return nil, err
	}
	if err := c.agentProof(f, claims); err != nil {
		return nil, err
	}
	return claims, c.confirmation(f, claims, proofKey)
}

// claimsFile reads --claims. Numbers keep their spelling.
func (c *call) claimsFile(d *definition) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	if !d.given() {
		return claims, nil
	}
	data, err := c.readFile("--claims", d.value())
	if err != nil {
		return nil, err
	}
	if _, err := parseJSON("--claims", data); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("--claims: %w", err)
	}
	return claims, nil
}

// times sets iat and exp. --now and --ttl win over the file, which wins over the
// clock and 300 seconds (draft-00, section 4.4.2).
func (f *mintFlags) times(claims jwt.MapClaims, now int64) error {
	const longest = 10 * 365 * 86400 // seconds; verifiers admit minutes, tests may want more
	ttl, err := f.ttl.integer(300, 1, longest)
	if err != nil {
		return err
	}
	if _, ok := claims["iat"]; !ok || f.now.given() {
		claims["iat"] = now
	}
	if _, ok := claims["exp"]; !ok || f.ttl.given() {
		iat, whole := wholeNumber(claims["iat"])
		if !whole || iat < 0 || iat > maxNumericDate-ttl {
			return fmt.Errorf("--claims: iat is not a whole number of seconds, so exp cannot follow from it; write exp into the file")
		}
		claims["exp"] = iat + ttl
	}
	return nil
}

// intent lays the workflow flags over the intent claim (draft-00, section 4.4.2).
func (c *call) intent(f *mintFlags, claims jwt.MapClaims) error {
	if !f.workflow.given() && !f.chain.given() && !f.initiated.given() && !f.context.given() {
		return nil
	}
	intent, err := claimObject(claims, "intent")
	if err != nil {
		return err
	}
	form, ok := ajwt.ParseHashForm(f.form.or("long"))
	if !ok {
		return usagef("--form: want long or short, have %s", quote(f.form.value(), 40))
	}
	sub, ok := claims["sub"].(string)
	if !ok {
		return usagef("--sub is missing: the chain ends with it")
	}
	intent["executed_by"] = sub
	chain, err := c.links(f, intent)
	if err != nil {
		return err
	}
	if f.workflow.given() || f.chain.given() {
		list := ajwt.ChainList(chain, sub)
		if list == nil {
			return usagef("--chain: want agent ids (1 to 128 of A-Z a-z 0-9 . _ : @ / -), each once, with --sub at the end or not at all")
		}
		intent["delegation_chain"] = ajwt.SequenceHash(list, form)
	}
	if f.workflow.given() {
		steps := splitList(f.steps.value())
		if len(steps) == 0 || steps[len(steps)-1] != f.step.value() {
			steps = append(steps, f.step.value())
		}
		for _, id := range append([]string{f.workflow.value()}, steps...) {
			if !ajwt.ValidStepID(id) {
				return usagef("%s is no id of a workflow or step: want 1 to 128 of A-Z a-z 0-9 . _ : @ -", quote(id, 40))
			}
		}
		intent["workflow_id"], intent["workflow_step"] = f.workflow.value(), f.step.value()
		intent["step_sequence_hash"] = ajwt.SequenceHash(steps, form)
	}
	if f.aliasSecret.given() {
		aliases, err := c.readAliases("--alias-secret", f.aliasSecret.value())
		if err != nil {
			return err
		}
		intent["workflow_id"] = aliases.Workflow(f.aud.value(), f.workflow.value())
		intent["workflow_step"] = aliases.Step(f.aud.value(), f.workflow.value(), f.step.value())
	}
	if f.initiated.given() {
		intent["initiated_by"] = f.initiated.value()
	}
	return f.executionContext(intent)
}

// links puts the links of --link into the intent, and returns the chain: that of --chain,
// else theirs. Faulty links are minted too where --chain is given, so that tests can
// have a verifier refuse them.
func (c *call) links(f *mintFlags, intent map[string]any) (chain []string, err error) {
	chain = splitList(f.chain.value())
	if !f.link.given() {
		return chain, nil
	}
	links, err := c.readLinks("--link", f.link.values)
	if err != nil {
		return nil, err
	}
	intent["delegation_links"] = links
	if !f.chain.given() {
		if chain, err = issue.ChainOf(links); err != nil {
			return nil, fmt.Errorf("--link: %w; say --chain to mint with them all the same", err)
		}
	}
	return chain, nil
}

func (f *mintFlags) executionContext(intent map[string]any) error {
	if !f.context.given() {
		return nil
	}
	context, err := claimObject(intent, "execution_context")
	if err != nil {
		return err
	}
	for _, pair := range f.context.values {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return usagef("--context: want NAME=TEXT, have %s", quote(pair, 40))
		}
		context[name] = text
	}
	return nil
}

// claimObject returns the object under a name, a new one where there is none.
func claimObject(in map[string]any, name string) (map[string]any, error) {
	if have, ok := in[name]; ok {
		object, ok := have.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("--claims: %s is no object, so flags cannot be laid over it", name)
		}
		return object, nil
	}
	object := map[string]any{}
	in[name] = object
	return object, nil
}

// splitList reads a list of ids separated by commas, which no id contains.
func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// agentProof sets agent_proof. A checksum that is given as text is taken as it is.
func (c *call) agentProof(f *mintFlags, claims jwt.MapClaims) error {
	if !f.checksum.given() {
		return nil
	}
	sum := f.checksum.value()
	if path, ok := strings.CutPrefix(sum, "@"); ok {
		reading, known := ajwt.ParseReading(f.reading.or("jcs"))
		if !known {
			return usagef("--reading: want jcs, jcs-raw or python, have %s", quote(f.reading.value(), 40))
		}
		agent, err := c.readFile("--checksum", path)
		if err != nil {
			return err
		}
		if sum, err = ajwt.AgentChecksum(reading, agent); err != nil {
			return fmt.Errorf("--checksum: %w", err)
		}
	}
	claims["agent_proof"] = map[string]any{"agent_checksum": sum, "registration_id": f.registration.value()}
	return nil
}

// confirmation binds a key (RFC 7800, section 3.1; RFC 9449, section 6.1).
func (c *call) confirmation(f *mintFlags, claims jwt.MapClaims, proofKey *signingKey) error {
	switch {
	case f.cnf.given():
		key, err := c.readPublicKey("--cnf", f.cnf.value())
		if err != nil {
			return err
		}
		claims["cnf"] = map[string]any{"jwk": json.RawMessage(key)}
	case f.jkt.given():
		claims["cnf"] = map[string]any{"jkt": f.jkt.value()}
	case proofKey != nil && claims["cnf"] == nil:
		claims["cnf"] = map[string]any{"jwk": json.RawMessage(jwkText(proofKey.thumbprintMembers()))}
	}
	return nil
}
