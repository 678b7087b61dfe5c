package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// prototypeProof is the proof of the author's prototype (profile, section 16.5).
type prototypeProof struct {
	key       string
	python    string  // what Python's json.dumps makes of the parsed body; "" where Python finds it false
	timestamp string  // as it is sent; as it is signed where members has none
	members   []field // of what is signed, in place of the request's: JSON texts
	pop       func(base64 string) string
	more      []vectors.Header // behind the two fields
	unsent    string           // the field that is left out
}

// proving returns a copy of the scene after a change of the prototype's proof.
func (s scene) proving(change func(p *prototypeProof)) scene {
	p := *s.prototype
	p.members = slices.Clone(p.members)
	change(&p)
	s.prototype = &p
	return s
}

// fields are PoP and X-PoP-Timestamp.
func (p *prototypeProof) fields(s *scene, r *vectors.Request) []vectors.Header {
	data := ""
	if p.python != "" {
		sum := sha256.Sum256([]byte(p.python))
		data = hex.EncodeToString(sum[:])
	}
	checksum, _ := lookup(s.token.payload, "/agent_proof/agent_checksum")
	members := []field{
		{"checksum", checksum}, {"data", quote(data)}, {"method", quote(r.Method)}, {"timestamp", p.timestamp},
		{"url", quote(r.Scheme + "://" + normalAuthority(r) + r.Target)},
	}
	var texts []string
	for _, m := range members {
		for _, other := range p.members {
			if other.name == m.name {
				m.value = other.value
			}
		}
		texts = append(texts, quote(m.name)+": "+m.value)
	}
	pop := std64(testKey(p.key).sign("RS256", []byte("{"+strings.Join(texts, ", ")+"}")))
	if p.pop != nil {
		pop = p.pop(pop)
	}
	list := []vectors.Header{
		{Name: "pop", Value: []byte(pop)},
		{Name: "x-pop-timestamp", Value: []byte(p.timestamp)},
	}
	list = slices.DeleteFunc(list, func(h vectors.Header) bool { return h.Name == p.unsent })
	return append(list, p.more...)
}

// provingBy adds the member proof to a policy.
func provingBy(members, policy string) string {
	return policy[:len(policy)-1] + `,"proof":{` + members + `}}`
}

const prototypeChecksum = "fe7d0ce288d695cdc6769855b50bea0aef1e132bbae8badb4f384de752a7aa10"

// prototyped is a token of the prototype with its proof, under patchet.json. The body is
// empty unless the caller gives one, with what Python makes of it.
func (b *builder) prototyped(body, python string) scene {
	s := b.bearer().claiming("/cnf", jwkOf("rsa-2048-b"),
		"/agent_proof", fmt.Sprintf(`{"agent_checksum":%q,"registration_id":"reg_patcher_1"}`, prototypeChecksum))
	s.policy, s.method, s.target = "patchet.json", "POST", "/repos/acme/app/pulls?draft=1"
	s.body = []byte(body)
	s.prototype = &prototypeProof{key: "rsa-2048-b", python: python, timestamp: num(now - 2)}
	if body == "" {
		s.body = nil
		s.fields = []vectors.Header{{Name: "content-length", Value: []byte("0")}}
	}
	return s
}

// prototypeRow is a rejecting case made by a change of the twin's proof.
type prototypeRow struct {
	slug, title, code string
	change            func(p *prototypeProof)
	opts              []option
}

func (b *builder) prototypes(t twin, rows []prototypeRow) {
	for _, r := range rows {
		b.resigned(r.slug, r.title, t, r.code, t.scene.proving(r.change), r.opts...)
	}
}
