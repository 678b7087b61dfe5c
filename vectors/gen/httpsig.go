package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// messageSignature is an HTTP message signature (RFC 9421). It is signed for the request
// as it is before the edits of layer request.
type messageSignature struct {
	label      string
	components []string // as they stand in the list, such as "\"@method\""
	params     []field  // name, and the text of the value
	key, alg   string

	values      map[string]string                 // of components, where they are not the request's
	signed      func(params string) string        // what is signed as @signature-params
	sign        func(k *key, base []byte) []byte  // instead of the key's own signature
	input, text func(label, member string) string // what the two fields hold
	order       bool                              // Signature before Signature-Input
}

// signing returns a copy of the scene after a change of its message signature.
func (s scene) signing(change func(m *messageSignature)) scene {
	m := *s.signature
	m.components, m.params, m.values = slices.Clone(m.components), slices.Clone(m.params), maps.Clone(m.values)
	change(&m)
	s.signature = &m
	return s
}

// param gives a parameter another value, behind the others where it is new.
func (m *messageSignature) param(name, value string) {
	for i := range m.params {
		if m.params[i].name == name {
			m.params[i].value = value
			return
		}
	}
	m.params = append(m.params, field{name, value})
}

func (m *messageSignature) dropParam(name string) {
	m.params = slices.DeleteFunc(m.params, func(f field) bool { return f.name == name })
}

// cover adds components to the list.
func (m *messageSignature) cover(names ...string) {
	for _, n := range names {
		m.components = append(m.components, `"`+n+`"`)
	}
}

func (m *messageSignature) uncover(name string) {
	m.components = slices.DeleteFunc(m.components, func(c string) bool { return c == `"`+name+`"` })
}

// member is what stands in Signature-Input behind the label, and what is signed as
// @signature-params: both are the canonical form here.
func (m *messageSignature) member() string {
	var b strings.Builder
	b.WriteString("(" + strings.Join(m.components, " ") + ")")
	for _, p := range m.params {
		b.WriteString(";" + p.name)
		if p.value != "" {
			b.WriteString("=" + p.value)
		}
	}
	return b.String()
}

// base is the signature base of RFC 9421, section 2.5.
func (m *messageSignature) base(r *vectors.Request) string {
	var b strings.Builder
	for _, c := range m.components {
		name, _, _ := strings.Cut(c[1:], `"`)
		value, other := m.values[name]
		if !other {
			value = componentOf(r, name)
		}
		b.WriteString(c + ": " + value + "\n")
	}
	params := m.member()
	if m.signed != nil {
		params = m.signed(params)
	}
	return b.String() + `"@signature-params": ` + params
}

// componentOf is the value of a component (RFC 9421, sections 2.1 and 2.2), "" for one
// that the request lacks.
func componentOf(r *vectors.Request, name string) string {
	path, query, _ := strings.Cut(r.Target, "?")
	switch name {
	case "@method":
		return r.Method
	case "@target-uri":
		return r.Scheme + "://" + normalAuthority(r) + r.Target
	case "@authority":
		return normalAuthority(r)
	case "@scheme":
		return r.Scheme
	case "@request-target":
		return r.Target
	case "@path":
		return path
	case "@query":
		return "?" + query
	}
	var values []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, string(h.Value))
		}
	}
	return strings.Join(values, ", ")
}

// normalAuthority is the authority in lower case without the scheme's default port.
func normalAuthority(r *vectors.Request) string {
	port := ":443"
	if r.Scheme == "http" {
		port = ":80"
	}
	return strings.TrimSuffix(strings.ToLower(r.Authority), port)
}

// fields are the two fields of the signature.
func (m *messageSignature) fields(r *vectors.Request) []vectors.Header {
	k, base := testKey(m.key), []byte(m.base(r))
	signature := k.sign(m.alg, base)
	if m.sign != nil {
		signature = m.sign(k, base)
	}
	join := func(as func(label, member string) string, member string) []byte {
		if as != nil {
			return []byte(as(m.label, member))
		}
		return []byte(m.label + "=" + member)
	}
	list := []vectors.Header{
		{Name: "signature-input", Value: join(m.input, m.member())},
		{Name: "signature", Value: join(m.text, ":"+std64(signature)+":")},
	}
	if m.order {
		slices.Reverse(list)
	}
	return list
}

func std64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// digest256 and digest512 are members of Content-Digest (RFC 9530, section 2).
func digest256(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha-256=:" + std64(sum[:]) + ":"
}

func digest512(body string) string {
	sum := sha512.Sum512([]byte(body))
	return "sha-512=:" + std64(sum[:]) + ":"
}

// signedBy is a bound token with a message signature by a test key, under httpsig.json.
func (b *builder) signedBy(name, alg string) scene {
	s := b.bearer().claiming("/cnf", jwkOf(name))
	s.policy = "httpsig.json"
	s.signature = signatureOf(name, alg)
	return s
}

// signatureOf is a message signature by a test key with the mandatory components.
func signatureOf(name, alg string) *messageSignature {
	return &messageSignature{
		label: "sig", components: []string{`"@method"`, `"@target-uri"`, `"authorization"`},
		params: []field{
			{"created", num(now - 2)}, {"keyid", quote(testKey(name).thumbprint())},
			{"nonce", quote("nonce-1")}, {"tag", quote("ajwt")},
		},
		key: name, alg: alg,
	}
}

func (b *builder) signed() scene { return b.signedBy("agent-ed25519-a", "Ed25519") }

// posting returns a copy of the scene with a body, its digest and a signature over both.
func (s scene) posting(body, digests string) scene {
	s.method, s.body = "POST", []byte(body)
	s = s.withField("content-digest", digests)
	return s.signing(func(m *messageSignature) { m.cover("content-digest") })
}

// withField returns a copy with one more field before the signature's.
func (s scene) withField(name, value string) scene {
	s.fields = append(s.fields[:len(s.fields):len(s.fields)], vectors.Header{Name: name, Value: []byte(value)})
	return s
}

// resigned adds a rejecting case whose header fields are the twin's but for one fault,
// signed again. The mutation replaces the one field that differs, or all of them.
func (b *builder) resigned(slug, title string, t twin, code string, s scene, opts ...option) {
	c := b.start(slug, title, "verify")
	c.Expect = &vectors.Expect{Verdict: "reject", Code: code}
	c.Twin = t.id
	c.Algorithms = t.scene.algorithms()
	old, err := t.scene.request()
	b.note(c.ID, err)
	changed, err := s.request()
	b.note(c.ID, err)
	path := "/headers"
	if len(old.Headers) == len(changed.Headers) {
		var differ []int
		for i := range old.Headers {
			if old.Headers[i].Name != changed.Headers[i].Name || string(old.Headers[i].Value) != string(changed.Headers[i].Value) {
				differ = append(differ, i)
			}
		}
		if len(differ) == 1 {
			path += "/" + strconv.Itoa(differ[0])
		}
	}
	from, _ := lookup(requestText(old), path)
	to, _ := lookup(requestText(changed), path)
	rest, _ := replace(requestText(old), path, &to)
	if rest != requestText(changed) || from == to {
		panic(c.ID + " differs in more than its header fields, or in nothing")
	}
	c.Mutation = &vectors.Mutation{Layer: "request", Path: path, From: recorded(&from, false), To: recorded(&to, false)}
	b.fill(&c, &s)
	b.add(c, opts)
}

// signatureRow is a rejecting case made by a change of the twin's message signature.
type signatureRow struct {
	slug, title, code string
	change            func(m *messageSignature)
	opts              []option
}

func (b *builder) signatures(t twin, rows []signatureRow) {
	for _, r := range rows {
		b.resigned(r.slug, r.title, t, r.code, t.scene.signing(r.change), r.opts...)
	}
}

// signatureAccepts adds an accepting case for every row.
func (b *builder) signatureAccepts(s scene, rows []signatureRow) {
	for _, r := range rows {
		b.accept(r.slug, r.title, s.signing(r.change), r.opts...)
	}
}
