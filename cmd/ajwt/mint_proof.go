package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/golang-jwt/jwt/v5"
)

// proof makes the DPoP proof for one request with one token (RFC 9449, section 4.2).
func (f *mintFlags) proof(key *signingKey, token string, now int64) (string, error) {
	if _, _, _, err := splitURL(f.url.value()); err != nil {
		return "", usagef("--url: %v", err)
	}
	htu, _, _ := strings.Cut(f.url.value(), "#")
	htu, _, _ = strings.Cut(htu, "?")
	ath := sha256.Sum256([]byte(token))
	claims := jwt.MapClaims{
		"jti": f.proofJTI.or(rand.Text()),
		"htm": f.method.or("GET"),
		"htu": htu,
		"iat": now,
		"ath": base64url(ath[:]),
	}
	if f.nonce.given() {
		claims["nonce"] = f.nonce.value()
	}
	header := map[string]any{"jwk": json.RawMessage(jwkText(key.thumbprintMembers()))}
	return key.sign("dpop+jwt", header, claims)
}

// splitURL takes a URL apart into what a request consists of, and changes nothing in
// its parts: the verifier is to see what a server would. An empty path is sent as /
// (RFC 9112, section 3.2.1).
func splitURL(url string) (scheme, authority, target string, err error) {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || scheme == "" {
		return "", "", "", fmt.Errorf("want https://host/path, have %s", quote(url, 80))
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, target = rest[:end], rest[end:]
	if authority == "" {
		return "", "", "", fmt.Errorf("the host is missing; want https://host/path")
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return scheme, authority, target, nil
}

// publicMembers are the members of a public JWK by kty, in lexicographic order.
var publicMembers = map[string][]string{
	"OKP": {"crv", "kty", "x"},
	"EC":  {"crv", "kty", "x", "y"},
	"RSA": {"e", "kty", "n"},
	"AKP": {"alg", "kty", "pub"},
}

// readPublicKey reads a JWK, public or private, and returns its public part as core
// admits it.
func (c *call) readPublicKey(by, path string) ([]byte, error) {
	text, _, err := c.publicPart(by, path)
	return text, err
}

// parsePublicKey is readPublicKey for those who need the key itself.
func (c *call) parsePublicKey(by, path string) (*ajwt.Key, error) {
	_, key, err := c.publicPart(by, path)
	return key, err
}

func (c *call) publicPart(by, path string) ([]byte, *ajwt.Key, error) {
	data, err := c.readFile(by, path)
	if err != nil {
		return nil, nil, err
	}
	doc, err := parseJSON(by, data)
	if err != nil {
		return nil, nil, err
	}
	root := doc.Root()
	names, ok := publicMembers[string(root.Member("kty").Bytes())]
	if !ok {
		hint := ""
		if root.Member("keys").Exists() {
			hint = "; this is a JWK Set, want one of its keys"
		}
		return nil, nil, fmt.Errorf("%s: %s: want a JWK of kty OKP, EC, RSA or AKP%s", by, quote(path, 200), hint)
	}
	var members []jwkMember
	for _, name := range names {
		members = append(members, jwkMember{name, string(root.Member(name).Bytes())})
	}
	text := jwkText(members)
	key, err := ajwt.ParseKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %s: not a usable public key: %w", by, quote(path, 200), err)
	}
	return text, key, nil
}
