package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
)

//go:embed testkeys/*.pem
var rsaFiles embed.FS

// key is a test key pair. Exactly one of the private forms is set.
type key struct {
	name    string
	public  []field // of the JWK, in the order of RFC 7517's examples
	private []field
	rsa     *rsa.PrivateKey
	ec      *ecdsa.PrivateKey
	ed25519 ed25519.PrivateKey
	ed448   ed448.PrivateKey
	mldsa   *mldsa44.PrivateKey
	made    map[string][]byte // signatures by algorithm and input
}

// field is a string member of a JWK.
type field struct{ name, value string }

// keyNames lists every test key: whose it is (the authorization server's where nothing
// stands in front), type, size and a letter. The agents' keys sign proofs and links; agent
// is the patcher.
var keyNames = []string{
	"rsa-2048-a", "rsa-2048-b", "rsa-2048-e3", "rsa-3072-a", "rsa-1024-a",
	"p256-a", "p256-b", "p384-a", "p384-b",
	"ed25519-a", "ed25519-b", "ed448-a", "ed448-b", "mldsa44-a", "mldsa44-b",
	"agent-p256-a", "agent-p256-b", "agent-ed25519-a", "agent-ed25519-b", "agent-p384-a",
	"bundle-p256-a", "bundle-p256-b", "list-p256-a", "list-p256-b",
	"supervisor-p256-a", "supervisor-ed25519-a", "planner-p256-a", "planner-ed25519-a", "classifier-p256-a",
}

// owners are the first words of keys that are not the token signer's.
var owners = []string{"agent", "bundle", "list", "supervisor", "planner", "classifier"}

var keyCache = map[string]*key{}

// testKey returns the key of that name.
func testKey(name string) *key {
	if k, ok := keyCache[name]; ok {
		return k
	}
	k := &key{name: name}
	kind := name
	if owner, rest, _ := strings.Cut(name, "-"); slices.Contains(owners, owner) {
		kind = rest
	}
	switch {
	case strings.HasPrefix(kind, "rsa-"):
		k.makeRSA()
	case strings.HasPrefix(kind, "p256-"):
		k.makeEC(elliptic.P256(), "P-256", 32)
	case strings.HasPrefix(kind, "p384-"):
		k.makeEC(elliptic.P384(), "P-384", 48)
	case strings.HasPrefix(kind, "ed25519-"):
		k.ed25519 = ed25519.NewKeyFromSeed(seed(name, ed25519.SeedSize))
		k.edwards("Ed25519", k.ed25519.Public().(ed25519.PublicKey), k.ed25519.Seed())
	case strings.HasPrefix(kind, "ed448-"):
		k.ed448 = ed448.NewKeyFromSeed(seed(name, ed448.SeedSize))
		k.edwards("Ed448", k.ed448.Public().(ed448.PublicKey), k.ed448.Seed())
	case strings.HasPrefix(kind, "mldsa44-"):
		k.makeMLDSA()
	default:
		panic("no key " + name)
	}
	keyCache[name] = k
	return k
}

// seed gives n bytes for a label: the concatenation of
// SHA-256("ajwt-vectors/1 " || label || " " || counter as 4 bytes big-endian).
func seed(label string, n int) []byte {
	var out []byte
	for i := uint32(0); len(out) < n; i++ {
		block := sha256.Sum256(binary.BigEndian.AppendUint32([]byte("ajwt-vectors/1 "+label+" "), i))
		out = append(out, block[:]...)
	}
	return out[:n]
}

func (k *key) makeRSA() {
	text, err := rsaFiles.ReadFile("testkeys/" + k.name + ".pem")
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	k.rsa = parsed.(*rsa.PrivateKey)
	n, e := k.rsa.N.Bytes(), big.NewInt(int64(k.rsa.E)).Bytes()
	k.public = []field{{"kty", "RSA"}, {"n", b64(n)}, {"e", b64(e)}}
	k.private = []field{{"d", b64(k.rsa.D.Bytes())}, {"p", b64(k.rsa.Primes[0].Bytes())}, {"q", b64(k.rsa.Primes[1].Bytes())}}
}

// makeEC takes the seed as the private scalar; the first label that gives one in range
// counts (in practice the first one).
func (k *key) makeEC(curve elliptic.Curve, crv string, size int) {
	d := seed(k.name, size)
	private, err := ecdsa.ParseRawPrivateKey(curve, d)
	if err != nil {
		panic(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	k.ec = private
	k.public = []field{{"kty", "EC"}, {"crv", crv}, {"x", b64(point[1 : 1+size])}, {"y", b64(point[1+size:])}}
	k.private = []field{{"d", b64(d)}}
}

func (k *key) edwards(crv string, public, private []byte) {
	k.public = []field{{"kty", "OKP"}, {"crv", crv}, {"x", b64(public)}}
	k.private = []field{{"d", b64(private)}}
}

func (k *key) makeMLDSA() {
	var s [mldsa44.SeedSize]byte
	copy(s[:], seed(k.name, len(s)))
	public, private := mldsa44.NewKeyFromSeed(&s)
	k.mldsa = private
	k.public = []field{{"kty", "AKP"}, {"alg", "ML-DSA-44"}, {"pub", b64(public.Bytes())}}
	k.private = []field{{"priv", b64(s[:])}}
}

// jwk returns the public key as JSON text; extra fields go to the end, after dropping
// those of the same name.
func (k *key) jwk(extra ...field) string { return jwkText(k.public, extra) }

// jwkPrivate returns the key pair as JSON text.
func (k *key) jwkPrivate(extra ...field) string {
	return jwkText(k.public, append(k.private[:len(k.private):len(k.private)], extra...))
}

func jwkText(public, extra []field) string {
	var members []string
	for _, f := range append(public[:len(public):len(public)], extra...) {
		if f.name == "alg" && f.value == "ML-DSA-44" && len(members) > 2 {
			continue // it stands already
		}
		members = append(members, quote(f.name)+":"+quote(f.value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// entry returns the key as it stands in a JWK Set: with kid, use and alg.
func (k *key) entry(kid, alg string) string {
	return k.jwk(field{"kid", kid}, field{"use", "sig"}, field{"alg", alg})
}

// coordinate returns the bytes of a member of the public key.
func (k *key) bytes(name string) []byte {
	for _, f := range k.public {
		if f.name == name {
			b, err := base64.RawURLEncoding.DecodeString(f.value)
			if err != nil {
				panic(err)
			}
			return b
		}
	}
	panic(fmt.Sprintf("key %s has no %s", k.name, name))
}

// thumbprint is that of RFC 7638: the required members sorted by name.
func (k *key) thumbprint() string {
	required := append([]field(nil), k.public...)
	sort.Slice(required, func(i, j int) bool { return required[i].name < required[j].name })
	sum := sha256.Sum256([]byte(jwkText(required, nil)))
	return b64(sum[:])
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwks joins keys to a JWK Set.
func jwks(entries ...string) string { return `{"keys":[` + strings.Join(entries, ",") + `]}` }
