package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// usual is the time of the vectors in this repository: 1 Jan 2026, 00:00:00 UTC.
const usual = 1767225600

// nextVariable names the environment variable that again sets.
const nextVariable = "AJWT_VECTORS_NEXT"

// now is the time of every case that does not say otherwise.
var now = clock(append(slices.Clone(os.Args), "-now="+os.Getenv(nextVariable)))

// clock finds the last -now among the arguments. Cases are made of values that follow from it and
// are made before main runs, so package flag would come too late; it refuses what is no
// number here.
func clock(args []string) int64 {
	found := int64(usual)
	for i, arg := range args {
		name, text, _ := strings.Cut(arg, "=")
		if name != "-now" && name != "--now" {
			continue
		}
		if text == "" && i+1 < len(args) {
			text = args[i+1]
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			found = n
		}
	}
	return found
}

// scene is everything of a case of op verify before it is written out. Documents are
// JSON texts with their members in order, never maps: a mutation keeps every byte that
// it does not name. A scene is a value; with returns changed copies.
type scene struct {
	policy    string            // name below policies/, for example "draft00.json"
	inline    string            // policy as JSON text, instead of the name
	keys      map[string]string // issuer to name below keys/
	keySet    string            // JSON text of a changed key set of the token's issuer, stored under the case's id
	now       int64
	nonceKeys []string
	replay    *vectors.Replay

	bundle, lists              map[string]string // issuer to name below bundles/, revocations/
	changedBundle, changedList *jws              // of the token's issuer, instead of the named ones
	loaded                     *int64            // nil: documents are loaded at the time of the request

	token  jws
	links  []jws  // delegation links, root first; the token's payload holds them at "{links}"
	proof  *jws   // nil: no proof is sent
	scheme string // of the Authorization field

	method, urlScheme, authority, target string
	fields                               []vectors.Header // after Authorization and DPoP
	body                                 []byte

	signature *messageSignature // nil: no message signature is sent
	prototype *prototypeProof   // nil: no proof of the prototype's is sent

	edits []edit // of the finished request
}

// jws is a token, a proof, a link, a bundle or a revocation list. In a proof's payload
// {ath} stands for the hash of the token as it is sent; in a link's payload {prev} for that
// of the link before; in a token's payload the string "{links}" for the array of its links.
type jws struct {
	header, payload string // JSON texts
	key, alg        string // what signs: name of a test key, and how
	signature       func(k *key, input []byte) []byte
	rewrite         func(compact string) string
}

// compact signs and joins the parts; rewrite changes the result without signing again.
func (j *jws) compact(payload string) string {
	input := b64([]byte(j.header)) + "." + b64([]byte(payload))
	k := testKey(j.key)
	var signature []byte
	if j.signature != nil {
		signature = j.signature(k, []byte(input))
	} else {
		signature = k.sign(j.alg, []byte(input))
	}
	text := input + "." + b64(signature)
	if j.rewrite != nil {
		text = j.rewrite(text)
	}
	return text
}

// compact returns the token as it is sent.
func (s *scene) compact() string { return s.token.compact(s.tokenPayload()) }

// proofPayload returns the proof's payload with the hash of the token in its place.
func (s *scene) proofPayload() string { return s.withHash(s.proof.payload) }

// withHash writes the hash of the token for each {ath}.
func (s *scene) withHash(text string) string {
	sum := sha256.Sum256([]byte(s.compact()))
	return strings.ReplaceAll(text, "{ath}", b64(sum[:]))
}

// request writes the request out and applies the edits of layer request.
func (s *scene) request() (*vectors.Request, error) {
	r := &vectors.Request{Method: s.method, Scheme: s.urlScheme, Authority: s.authority, Target: s.target}
	if s.scheme != "" {
		r.Headers = append(r.Headers, vectors.Header{Name: "authorization", Value: []byte(s.scheme + " " + s.compact())})
	}
	if s.proof != nil {
		r.Headers = append(r.Headers, vectors.Header{Name: "dpop", Value: []byte(s.proof.compact(s.proofPayload()))})
	}
	r.Headers = append(r.Headers, s.fields...)
	if s.body != nil {
		r.Body = base64.StdEncoding.EncodeToString(s.body)
	}
	if s.signature != nil {
		r.Headers = append(r.Headers, s.signature.fields(r)...)
	}
	if s.prototype != nil {
		r.Headers = append(r.Headers, s.prototype.fields(s, r)...)
	}
	for _, e := range s.edits {
		text, _ := replace(requestText(r), e.path, e.to)
		r = new(vectors.Request)
		if err := json.Unmarshal([]byte(text), r); err != nil {
			return nil, fmt.Errorf("request: %w", err)
		}
	}
	return r, nil
}

func requestText(r *vectors.Request) string {
	text, err := line(r)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// with returns a copy after the edits, without recording them: for making twins.
func (s scene) with(edits ...edit) scene {
	for _, e := range edits {
		s, _ = e.apply(s)
	}
	return s
}

// numbered returns a copy whose proof has an identifier of its own where it has the usual
// one, of the same length. Hosts that cannot be given a new replay memory for each case
// take the cases one after the other; the cases in this repository, of the usual time, are
// each for an empty memory.
func (s *scene) numbered(n int) *scene {
	changed := *s
	if s.proof != nil {
		p := *s.proof
		p.payload = strings.Replace(p.payload, `{"jti":"proof-1",`, fmt.Sprintf(`{"jti":"p%06d",`, n), 1)
		changed.proof = &p
	}
	if s.signature != nil {
		changed = changed.signing(func(m *messageSignature) {
			for i := range m.params {
				if m.params[i].value == `"nonce-1"` {
					m.params[i].value = fmt.Sprintf(`"n%06d"`, n)
				}
			}
		})
	}
	return &changed
}

// signedBy returns a copy whose token is signed by another key in another way; kid and
// alg of the header stay as they are.
func (s scene) signedBy(name, alg string) scene {
	s.token.key, s.token.alg = name, alg
	return s
}

// to returns a copy of the scene for another request; a proof is made for it.
func (s scene) to(method, target string) scene {
	s.method, s.target = method, target
	if s.proof != nil {
		p := *s.proof
		path, _, _ := strings.Cut(target, "?")
		p.payload, _ = replace(p.payload, "/htm", ptr(quote(method)))
		p.payload, _ = replace(p.payload, "/htu", ptr(quote(s.urlScheme+"://"+s.authority+path)))
		s.proof = &p
	}
	return s
}

func ptr(s string) *string { return &s }

// algorithms lists what a subject must know to take part.
func (s *scene) algorithms() []string {
	list := []string{s.token.alg}
	add := func(j *jws) {
		if j != nil && !slices.Contains(list, j.alg) {
			list = append(list, j.alg)
		}
	}
	add(s.proof)
	for i := range s.links {
		add(&s.links[i])
	}
	if s.signature != nil {
		add(&jws{alg: s.signature.alg})
	}
	if s.prototype != nil {
		add(&jws{alg: "RS256"})
	}
	if s.hasBundle() {
		add(s.bundleDocument())
	}
	if s.hasList() {
		add(s.listDocument())
	}
	return list
}
