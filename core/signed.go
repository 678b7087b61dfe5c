package ajwt

import (
	"bytes"
	"crypto/sha256"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// signedCodes are the codes of one kind of signed document.
type signedCodes struct {
	member memberCodes

	tooLarge, compact, header, forbidden, typ, alg, kid, key, signature, json, issuer, iat Code
}

// signedDocument is a compact JWS that a policy's keys sign: a bundle or a list.
type signedDocument struct {
	payload strictjson.Document
	digest  [sha256.Size]byte // of the compact form
}

// A signed document nests no deeper than a JWK in an agent. Its values are bounded by its
// length alone, and a value takes two bytes.
const (
	signedDepth  = 8
	signedFaults = 100 // of a document of millions of members, enough to find what is wrong
)

// openSigned verifies a signed document and parses its payload (RFC 7515, section 5.2).
func openSigned(data []byte, limit int, typ string, keys *KeySet, algs AlgorithmSet, codes *signedCodes, p *pace) (*signedDocument, *LoadError) {
	if len(data) > limit {
		return nil, loadError(codes.tooLarge, "", "want at most "+strconv.Itoa(limit)+" bytes (limits.bundle_bytes)")
	}
	var c compact
	if c.split(data) != 3 || c.decode() >= 0 || len(c.signature) == 0 {
		return nil, loadError(codes.compact, "", "want three parts of base64url without padding")
	}
	header := c.header
	if header.Parse(c.headerRaw, strictjson.Limits{Depth: signedDepth, Members: 256, Values: 1024}) != nil || header.Root().Kind() != strictjson.Object {
		return nil, loadError(codes.header, "", "want a strict JSON object")
	}
	m := readHeaderMembers(header.Root())
	switch {
	case len(m.alg.Bytes()) == 0 || len(m.kid.Bytes()) == 0:
		return nil, loadError(codes.header, "", "want alg and kid, both strings")
	case (m.crit || m.b64 || m.zip || m.foreign) && !laxLoad(codes.forbidden):
		return nil, loadError(codes.forbidden, "", "want no crit, b64 or zip, and no key or address of one")
	case !mediaTypeIs(m.typ.Bytes(), typ) && !laxLoad(codes.typ):
		return nil, loadError(codes.typ, "", "want typ "+typ)
	}
	admitted := resolveAlg(m.alg.Bytes(), algs)
	if admitted == 0 {
		return nil, loadError(codes.alg, "", "the issuer's algorithms do not list it")
	}
	key, usable, _ := keys.lookup(m.kid.Bytes())
	if !usable {
		return nil, loadError(codes.kid, "", "the keys of this document in the policy have no usable one with this kid")
	}
	alg := key.Algorithms().pick(admitted)
	if alg == 0 {
		return nil, loadError(codes.key, "", "the key is of another kind than alg")
	}
	p.rest() // decoding, the signature and the digest are a piece each
	if !key.VerifySignature(alg, c.input, c.signature) && !laxLoad(codes.signature) {
		return nil, loadError(codes.signature, "", "the document was changed, or another key signed it")
	}
	p.rest()
	d := &signedDocument{digest: sum256(data)}
	p.rest()
	if fault := readPayload(&d.payload, c.payRaw, codes.json, p); fault != nil {
		return nil, fault
	}
	return d, nil
}

// readPayload parses the payload of such a document. Its values are bounded by its length
// alone: whoever could sign a long one is trusted.
func readPayload(doc *strictjson.Document, payload []byte, code Code, p *pace) *LoadError {
	if p != nil {
		doc.Work = p.work
		// Hosts that load in steps are short of memory: room for as many values as the
		// text has, or seems to; commas in strings do not cost much.
		doc.Reserve(min(atMostValues(payload), len(payload)/8))
	}
	if err := doc.Parse(payload, strictjson.Limits{Depth: signedDepth, Values: len(payload)/2 + 1}); err != nil {
		return loadError(code, "", err.Error())
	}
	if doc.Root().Kind() != strictjson.Object {
		return loadError(code, "", "want a JSON object")
	}
	return nil
}

// atMostValues is no less than the number of values in a JSON text.
func atMostValues(text []byte) int {
	values := 1
	for _, mark := range [...]string{",", "[", "{"} {
		values += bytes.Count(text, []byte(mark))
	}
	return values
}

// documentTerms is what holds every signed document of one issuer.
type documentTerms struct {
	issuer string
	skew   int64
	now    int64
}

func (r *docReader) issuerIs(v strictjson.Value, at string, want string, code Code) {
	if s := r.text(v, at, 512); s != "" && s != want {
		r.fault(code, at, "want "+want)
	}
}

func (r *docReader) issuedAt(v strictjson.Value, at string, t *documentTerms, code Code) int64 {
	iat := r.integer(v, at, 0, strictjson.MaxInteger)
	if iat > t.now+t.skew {
		r.fault(code, at, "want a time that is not in the future")
	}
	return iat
}

// id reads an id of the given alphabet.
func (r *docReader) id(v strictjson.Value, at string, set *[256]bool) string {
	if !r.kind(v, at, strictjson.String) {
		return ""
	}
	if !validID(v.Bytes(), set) {
		r.fault(r.codes.value, at, "want an id: 1-128 of A-Z a-z 0-9 . _ : @ -, for agents / too")
		return ""
	}
	return string(v.Bytes())
}

// checksum reads "sha256:" and 64 lowercase hex characters.
func (r *docReader) checksum(v strictjson.Value, at string) (digest [sha256.Size]byte) {
	if !r.kind(v, at, strictjson.String) {
		return digest
	}
	digest, ok := parseChecksum(v.Bytes(), false)
	if !ok {
		r.fault(r.codes.value, at, "want sha256: and 64 lowercase hex characters")
	}
	return digest
}

// entries reads an array that may be empty, entry by entry, until no more faults are kept:
// a document has millions of entries, and each may be wrong.
func (r *docReader) entries(v strictjson.Value, at string, read func(v strictjson.Value, at string)) {
	if !r.kind(v, at, strictjson.Array) {
		return
	}
	i := 0
	for e := v.First(); e.Exists() && len(r.faults) < r.most; e = e.Next() {
		read(e, at+"/"+strconv.Itoa(i))
		r.work(workEntry)
		i++
	}
}

// distinct reads an array, perhaps empty, of distinct strings; read gives "" after a
// fault of its own.
func (r *docReader) distinct(v strictjson.Value, at string, read func(v strictjson.Value, at string) string) (out []string) {
	seen := map[string]bool{}
	r.distinctInto(seen, v, at, func(e strictjson.Value, at string) string {
		s := read(e, at)
		if s != "" && !seen[s] {
			out = append(out, s)
		}
		return s
	})
	return out
}

// distinctInto is distinct for a large array whose order does not matter.
func (r *docReader) distinctInto(set map[string]bool, v strictjson.Value, at string, read func(v strictjson.Value, at string) string) {
	r.entries(v, at, func(e strictjson.Value, at string) {
		switch s := read(e, at); {
		case s == "":
		case set[s]:
			r.fault(r.codes.duplicate, at, "this entry stands twice")
		default:
			set[s] = true
		}
	})
}
