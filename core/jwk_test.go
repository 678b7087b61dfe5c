package ajwt

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/agentic-jwt/ajwt/core/strictjson"
	"github.com/cloudflare/circl/sign/mldsa/mldsa44"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Published keys. RFC 8037, appendix A.2; RFC 8032, section 7.4 ("1 octet"); RFC 7517,
// appendix A.1; RFC 6979, appendix A.2.6; RFC 7638, section 3.1.
const (
	jwkEd25519 = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	jwkEd448   = `{"kty":"OKP","crv":"Ed448","x":"Q7oo9DDN_0Vq5TFUX37NCsg0pV2TWMA3K_oMbGeYwIZq6gHrAHQoArhDjqTLghacI1FgYntMOpSA"}`
	jwkP256    = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}`
	jwkP384    = `{"kty":"EC","crv":"P-384","x":"7DpOQVtOGaRWhhgCn0J_pdqai8SukuAuBqrlKGswDGTe-PDqkFWGYGSiVFFUgLwT","y":"gBXZty19VyROqO-awMYhiWcIpZNn-d-59UyoSz8cnbEoiyMcOuDU_nNE_SUzJkcg"}`
	jwkRSA     = `{"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}`
)

// jwkMLDSA44 is the key of RFC 9964's examples: the seed of all zeros.
var jwkMLDSA44 = func() string {
	public, _ := mldsa44.NewKeyFromSeed(new([mldsa44.SeedSize]byte))
	return `{"kty":"AKP","alg":"ML-DSA-44","pub":"` + b64url(public.Bytes()) + `"}`
}()

func allKeys() map[string]string {
	return map[string]string{"Ed25519": jwkEd25519, "Ed448": jwkEd448, "P-256": jwkP256,
		"P-384": jwkP384, "RSA": jwkRSA, "ML-DSA-44": jwkMLDSA44}
}

// with adds members to a JWK.
func with(jwk, members string) string { return strings.TrimSuffix(jwk, "}") + "," + members + "}" }

// replace changes one piece of a JWK, which must be there.
func replace(t *testing.T, jwk, old, new string) string {
	t.Helper()
	require.Contains(t, jwk, old)
	return strings.Replace(jwk, old, new, 1)
}

// recomputedThumbprint is RFC 7638 by another way: encoding/json, which sorts members.
func recomputedThumbprint(t testing.TB, jwk []byte) [32]byte {
	var all map[string]any
	require.NoError(t, json.Unmarshal(jwk, &all))
	required := map[string][]string{"OKP": {"crv", "kty", "x"}, "EC": {"crv", "kty", "x", "y"},
		"RSA": {"e", "kty", "n"}, "AKP": {"alg", "kty", "pub"}}[all["kty"].(string)]
	picked := map[string]any{}
	for _, name := range required {
		picked[name] = all[name]
	}
	canonical, err := json.Marshal(picked)
	require.NoError(t, err)
	return sha256.Sum256(canonical)
}

func TestParseKey(t *testing.T) {
	for _, row := range []struct {
		name, jwk, kty, crv string
		algs                []string
		thumbprint          string // published, or "" where only the recomputation says so
	}{
		{"RFC 8037 A.3", jwkEd25519, "OKP", "Ed25519", []string{"Ed25519"}, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{"Ed25519 alg", with(jwkEd25519, `"alg":"Ed25519"`), "OKP", "Ed25519", []string{"Ed25519"}, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{"Ed25519 alg EdDSA", with(jwkEd25519, `"alg":"EdDSA"`), "OKP", "Ed25519", []string{"Ed25519"}, ""},
		{"Ed448", jwkEd448, "OKP", "Ed448", []string{"Ed448"}, ""},
		{"Ed448 alg EdDSA", with(jwkEd448, `"alg":"EdDSA"`), "OKP", "Ed448", []string{"Ed448"}, ""},
		{"P-256", jwkP256, "EC", "P-256", []string{"ES256"}, ""},
		{"P-256 alg", with(jwkP256, `"alg":"ES256"`), "EC", "P-256", []string{"ES256"}, ""},
		{"P-384", jwkP384, "EC", "P-384", []string{"ES384"}, ""},
		{"RFC 7638 3.1", jwkRSA, "RSA", "", []string{"RS256", "PS256"}, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RSA alg RS256", with(jwkRSA, `"alg":"RS256"`), "RSA", "", []string{"RS256"}, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RSA alg PS256", with(jwkRSA, `"alg":"PS256"`), "RSA", "", []string{"PS256"}, ""},
		{"RFC 9964", jwkMLDSA44, "AKP", "", []string{"ML-DSA-44"}, "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"},
		{"use sig", with(jwkP256, `"use":"sig"`), "EC", "P-256", []string{"ES256"}, ""},
		{"key_ops verify", with(jwkP256, `"key_ops":["verify"]`), "EC", "P-256", []string{"ES256"}, ""},
		{"key_ops among others", with(jwkP256, `"use":"sig","key_ops":["sign","verify"]`), "EC", "P-256", []string{"ES256"}, ""},
		{"certificates are ignored", with(jwkP256, `"x5c":["not a certificate"],"x5u":1,"x5t":null,"x5t#S256":{}`), "EC", "P-256", []string{"ES256"}, ""},
		{"other case is another member", with(jwkP256, `"D":"x","ALG":"none","Kty":"oct"`), "EC", "P-256", []string{"ES256"}, ""},
		{"escapes", `{"\u006bty":"O\u004bP","crv":"Ed25519","x":"\u0031\u0031qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "OKP", "Ed25519", []string{"Ed25519"}, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := ParseKey([]byte(with(row.jwk, `"kid":"k\u00e9y"`)))
			require.NoError(t, err)
			assert.Equal(t, "kéy", k.ID())
			assert.Equal(t, row.kty, k.Type())
			assert.Equal(t, row.crv, k.Curve())
			assert.Equal(t, row.algs, k.Algorithms().Names())
			thumbprint := k.Thumbprint()
			assert.Equal(t, recomputedThumbprint(t, []byte(row.jwk)), thumbprint)
			if row.thumbprint != "" {
				assert.Equal(t, row.thumbprint, b64url(thumbprint[:]))
			}
		})
	}
	k, err := ParseKey([]byte(jwkEd25519))
	require.NoError(t, err)
	assert.Empty(t, k.ID(), "no kid")
}

// Every refusal with its reason. Each row changes a key that is accepted.
func TestParseKeyRefuses(t *testing.T) {
	short := func(jwk, member string) string { // the member's value loses its last four characters
		i := strings.Index(jwk, `"`+member+`":"`) + len(member) + 4
		end := i + strings.Index(jwk[i:], `"`)
		return jwk[:end-4] + jwk[end:]
	}
	long := func(jwk, member string) string {
		return strings.Replace(jwk, `"`+member+`":"`, `"`+member+`":"AAAA`, 1)
	}
	rsaKey := func(n *big.Int, e string) string {
		return `{"kty":"RSA","n":"` + b64url(n.Bytes()) + `","e":"` + e + `"}`
	}
	odd := func(bits uint) *big.Int { // 2^(bits-1) + 1
		return new(big.Int).SetBit(big.NewInt(1), int(bits-1), 1)
	}
	n2048 := odd(2048)
	for _, row := range []struct{ name, jwk, reason string }{
		{"not JSON", `{`, KeyReasonMalformed},
		{"duplicate member", with(jwkP256, `"crv":"P-256"`), KeyReasonMalformed},
		{"duplicate member in an ignored one", with(jwkP256, `"z":{"a":1,"a":1}`), KeyReasonMalformed},
		{"bytes after the key", jwkP256 + "x", KeyReasonMalformed},
		{"array", `[` + jwkP256 + `]`, KeyReasonMalformed},
		{"string", `"kty"`, KeyReasonMalformed},
		{"null", `null`, KeyReasonMalformed},
		{"empty object", `{}`, KeyReasonMalformed},

		{"kty number", `{"kty":1}`, KeyReasonMalformed},
		{"kty unknown", replace(t, jwkP256, `"EC"`, `"EC2"`), KeyReasonUnsupported},
		{"kty other case", replace(t, jwkP256, `"EC"`, `"ec"`), KeyReasonUnsupported},
		{"crv absent", `{"kty":"EC","x":"AA","y":"AA"}`, KeyReasonMalformed},
		{"crv number", `{"kty":"EC","crv":256}`, KeyReasonMalformed},
		{"crv P-521", replace(t, jwkP256, `P-256`, `P-521`), KeyReasonUnsupported},
		{"crv secp256k1", replace(t, jwkP256, `P-256`, `secp256k1`), KeyReasonUnsupported},
		{"crv X25519", replace(t, jwkEd25519, `Ed25519`, `X25519`), KeyReasonUnsupported},
		{"crv of another kty", replace(t, jwkEd25519, `OKP`, `EC`), KeyReasonUnsupported},

		{"alg number", with(jwkP256, `"alg":7`), KeyReasonMalformed},
		{"alg null", with(jwkP256, `"alg":null`), KeyReasonMalformed},
		{"alg unknown", with(jwkP256, `"alg":"ES256K"`), KeyReasonUnsupported},
		{"alg HS256", with(jwkRSA, `"alg":"HS256"`), KeyReasonUnsupported},
		{"alg none", with(jwkRSA, `"alg":"none"`), KeyReasonUnsupported},
		{"alg RS512", with(jwkRSA, `"alg":"RS512"`), KeyReasonUnsupported},
		{"alg empty", with(jwkRSA, `"alg":""`), KeyReasonUnsupported},
		{"alg of another curve", with(jwkP256, `"alg":"ES384"`), KeyReasonMalformed},
		{"alg of another family", with(jwkP256, `"alg":"RS256"`), KeyReasonMalformed},
		{"alg EdDSA on EC", with(jwkP256, `"alg":"EdDSA"`), KeyReasonMalformed},
		{"alg EdDSA on RSA", with(jwkRSA, `"alg":"EdDSA"`), KeyReasonMalformed},
		{"alg Ed448 on Ed25519", with(jwkEd25519, `"alg":"Ed448"`), KeyReasonMalformed},
		{"alg other case", with(jwkEd25519, `"alg":"ed25519"`), KeyReasonUnsupported},
		{"AKP without alg", replace(t, jwkMLDSA44, `"alg":"ML-DSA-44",`, ``), KeyReasonMalformed},
		{"AKP ML-DSA-65", replace(t, jwkMLDSA44, `ML-DSA-44`, `ML-DSA-65`), KeyReasonUnsupported},
		{"AKP with ES256", replace(t, jwkMLDSA44, `ML-DSA-44`, `ES256`), KeyReasonMalformed},

		{"use enc", with(jwkP256, `"use":"enc"`), KeyReasonUse},
		{"use other case", with(jwkP256, `"use":"Sig"`), KeyReasonUse},
		{"use number", with(jwkP256, `"use":1`), KeyReasonMalformed},
		{"use null", with(jwkP256, `"use":null`), KeyReasonMalformed},
		{"key_ops string", with(jwkP256, `"key_ops":"verify"`), KeyReasonMalformed},
		{"key_ops empty", with(jwkP256, `"key_ops":[]`), KeyReasonUse},
		{"key_ops without verify", with(jwkP256, `"key_ops":["sign"]`), KeyReasonUse},
		{"key_ops twice", with(jwkP256, `"key_ops":["verify","verify"]`), KeyReasonMalformed},
		{"key_ops twice by escape", with(jwkP256, `"key_ops":["verify","sign","\u0073ign"]`), KeyReasonMalformed},
		{"key_ops number", with(jwkP256, `"key_ops":["verify",1]`), KeyReasonMalformed},
		{"key_ops too many", with(jwkP256, `"key_ops":["verify"`+strings.Repeat(`,"a"`, 32)+`]`), KeyReasonMalformed},

		{"kid empty", with(jwkP256, `"kid":""`), KeyReasonMalformed},
		{"kid number", with(jwkP256, `"kid":1`), KeyReasonMalformed},
		{"kid null", with(jwkP256, `"kid":null`), KeyReasonMalformed},
		{"kid of 257 bytes", with(jwkP256, `"kid":"`+strings.Repeat("k", 257)+`"`), KeyReasonMalformed},

		{"oct", `{"kty":"oct","k":"AAAA"}`, KeyReasonPrivate},
		{"oct without k", `{"kty":"oct"}`, KeyReasonPrivate},
		{"d", with(jwkEd25519, `"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"`), KeyReasonPrivate},
		{"d null", with(jwkP256, `"d":null`), KeyReasonPrivate},
		{"p", with(jwkRSA, `"p":"AQ"`), KeyReasonPrivate},
		{"q", with(jwkRSA, `"q":"AQ"`), KeyReasonPrivate},
		{"dp", with(jwkRSA, `"dp":"AQ"`), KeyReasonPrivate},
		{"dq", with(jwkRSA, `"dq":"AQ"`), KeyReasonPrivate},
		{"qi", with(jwkRSA, `"qi":"AQ"`), KeyReasonPrivate},
		{"oth", with(jwkRSA, `"oth":[]`), KeyReasonPrivate},
		{"k", with(jwkP256, `"k":"AQ"`), KeyReasonPrivate},
		{"priv", with(jwkMLDSA44, `"priv":"AA"`), KeyReasonPrivate},
		{"d by escape", with(jwkP256, `"\u0064":"AQ"`), KeyReasonPrivate},
		{"private before unknown kty", `{"kty":"XX","d":"AQ"}`, KeyReasonPrivate},
		{"private before use", with(jwkP256, `"d":"AQ","use":"enc"`), KeyReasonPrivate},

		{"x absent", `{"kty":"OKP","crv":"Ed25519"}`, KeyReasonMalformed},
		{"x number", `{"kty":"OKP","crv":"Ed25519","x":1}`, KeyReasonMalformed},
		{"x short", short(jwkEd25519, "x"), KeyReasonMalformed},
		{"x long", long(jwkEd25519, "x"), KeyReasonMalformed},
		{"x padded", replace(t, jwkEd25519, `HURo"`, `HURo="`), KeyReasonMalformed},
		{"x with slack bits", replace(t, jwkEd25519, `HURo"`, `HURp"`), KeyReasonMalformed},
		{"x in the standard alphabet", replace(t, jwkEd25519, `S_7`, `S/7`), KeyReasonMalformed},
		{"x of Ed448 short", short(jwkEd448, "x"), KeyReasonMalformed},
		{"x of Ed448 under Ed25519", replace(t, jwkEd448, `Ed448`, `Ed25519`), KeyReasonMalformed},
		{"Ed448 unused bit", replace(t, jwkEd448, `OpSA"`, `OpSB"`), KeyReasonWeak},
		{"x y absent", `{"kty":"EC","crv":"P-256"}`, KeyReasonMalformed},
		{"y absent", `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}`, KeyReasonMalformed},
		{"EC x short", short(jwkP256, "x"), KeyReasonMalformed},
		{"EC y long", long(jwkP256, "y"), KeyReasonMalformed},
		{"EC y with slack bits", replace(t, jwkP256, `4IFyM"`, `4IFyN"`), KeyReasonMalformed},
		{"EC point moved", replace(t, jwkP256, `"4Etl`, `"4Etm`), KeyReasonOffCurve},
		{"P-384 point moved", replace(t, jwkP384, `"gBXZ`, `"gBXa`), KeyReasonOffCurve},
		{"EC zero point", `{"kty":"EC","crv":"P-256","x":"` + b64url(make([]byte, 32)) + `","y":"` + b64url(make([]byte, 32)) + `"}`, KeyReasonOffCurve},
		{"EC coordinate beyond p", `{"kty":"EC","crv":"P-256","x":"` + b64url(make([]byte, 32)) + `","y":"` + strings.Repeat("_", 42) + `8"}`, KeyReasonOffCurve},
		{"Ed25519 off the curve", `{"kty":"OKP","crv":"Ed25519","x":"` + b64url(append([]byte{2}, make([]byte, 31)...)) + `"}`, KeyReasonOffCurve},
		{"Ed25519 neutral point", `{"kty":"OKP","crv":"Ed25519","x":"` + b64url(append([]byte{1}, make([]byte, 31)...)) + `"}`, KeyReasonWeak},

		{"n absent", `{"kty":"RSA","e":"AQAB"}`, KeyReasonMalformed},
		{"e absent", `{"kty":"RSA","n":"AQAB"}`, KeyReasonMalformed},
		{"n empty", `{"kty":"RSA","n":"","e":"AQAB"}`, KeyReasonMalformed},
		{"e number", `{"kty":"RSA","n":"AQAB","e":65537}`, KeyReasonMalformed},
		{"n leading zero", `{"kty":"RSA","e":"AQAB","n":"` + b64url(append([]byte{0}, n2048.Bytes()...)) + `"}`, KeyReasonMalformed},
		{"e leading zero", rsaKey(n2048, "AAEAAQ"), KeyReasonMalformed},
		{"n bad base64", `{"kty":"RSA","e":"AQAB","n":"!!!!"}`, KeyReasonMalformed},
		{"e bad base64", rsaKey(n2048, "A"), KeyReasonMalformed},
		{"n 2047 bits", rsaKey(odd(2047), "AQAB"), KeyReasonWeak},
		{"n 8193 bits", rsaKey(odd(8193), "AQAB"), KeyReasonWeak},
		{"n 100,000 bits", rsaKey(odd(100_000), "AQAB"), KeyReasonWeak},
		{"n even", rsaKey(new(big.Int).Lsh(big.NewInt(1), 2047), "AQAB"), KeyReasonWeak},
		{"e 1", rsaKey(n2048, "AQ"), KeyReasonWeak},
		{"e 2", rsaKey(n2048, "Ag"), KeyReasonWeak},
		{"e even", rsaKey(n2048, b64url([]byte{1, 0, 0})), KeyReasonWeak},
		{"e 2^31+1", rsaKey(n2048, b64url([]byte{0x80, 0, 0, 1})), KeyReasonWeak},
		{"e of 8 octets", rsaKey(n2048, b64url([]byte{1, 0, 0, 0, 0, 0, 0, 3})), KeyReasonWeak},
		{"e of 9 octets", rsaKey(n2048, b64url([]byte{1, 0, 0, 0, 0, 0, 0, 0, 3})), KeyReasonWeak},

		{"pub absent", `{"kty":"AKP","alg":"ML-DSA-44"}`, KeyReasonMalformed},
		{"pub short", short(jwkMLDSA44, "pub"), KeyReasonMalformed},
		{"pub long", long(jwkMLDSA44, "pub"), KeyReasonMalformed},
		{"pub bad base64", replace(t, jwkMLDSA44, `"pub":"unH5`, `"pub":"u.H5`), KeyReasonMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			k, err := ParseKey([]byte(row.jwk))
			require.Nil(t, k, "never both")
			var keyError *KeyError
			require.ErrorAs(t, err, &keyError)
			assert.Equal(t, row.reason, keyError.Reason(), err.Error())
			assert.NotEmpty(t, keyError.Detail)
			assert.LessOrEqual(t, len(keyError.Detail), 120)
		})
	}
}

func TestParseKeyRSABounds(t *testing.T) {
	for _, row := range []struct {
		bits uint
		e    string
	}{
		{2048, "Aw"}, {2048, "AQAB"}, {2048, b64url([]byte{0x7f, 0xff, 0xff, 0xff})}, {2049, "AQAB"}, {4096, "AQAB"}, {8192, "AQAB"},
	} {
		n := new(big.Int).SetBit(big.NewInt(1), int(row.bits-1), 1)
		jwk := `{"kty":"RSA","n":"` + b64url(n.Bytes()) + `","e":"` + row.e + `"}`
		k, err := ParseKey([]byte(jwk))
		require.NoError(t, err, "%d bits, e %s", row.bits, row.e)
		assert.Equal(t, recomputedThumbprint(t, []byte(jwk)), k.Thumbprint())
	}
}

// A Key that parse fills again holds nothing of the key before, and after a fault it
// verifies nothing.
func TestKeyParseReuse(t *testing.T) {
	var k Key
	var doc strictjson.Document
	for name, jwk := range allKeys() {
		require.NoError(t, doc.Parse([]byte(with(jwk, `"kid":"x"`)), keyLimits))
		require.Equal(t, keyOK, k.parse(doc.Root(), true), name)
		fresh, err := ParseKey([]byte(jwk))
		require.NoError(t, err)
		assert.Equal(t, fresh.Thumbprint(), k.Thumbprint())
		assert.Equal(t, fresh.Algorithms(), k.Algorithms())
		assert.Empty(t, k.ID())
		assert.True(t, k.onCurve())
		require.NoError(t, doc.Parse([]byte(with(jwk, `"use":"enc"`)), keyLimits))
		require.Equal(t, keyUse, k.parse(doc.Root(), true), name)
		assert.Equal(t, Key{}, k)
	}
	require.Equal(t, keyMalformed, k.parse(strictjson.Value{}, true), "an absent value")
}

func TestKeyParseLazyPoint(t *testing.T) {
	var k Key
	var doc strictjson.Document
	for _, jwk := range []string{
		`{"kty":"OKP","crv":"Ed25519","x":"` + b64url(append([]byte{2}, make([]byte, 31)...)) + `"}`,
		`{"kty":"OKP","crv":"Ed448","x":"` + b64url(append([]byte{2}, make([]byte, 56)...)) + `"}`,
	} {
		require.NoError(t, doc.Parse([]byte(jwk), keyLimits))
		require.Equal(t, keyOffCurve, k.parse(doc.Root(), false))
		require.Equal(t, keyOK, k.parse(doc.Root(), true))
		assert.False(t, k.onCurve())
		for a := AlgEd25519; a <= AlgMLDSA44; a++ {
			assert.False(t, k.VerifySignature(a, nil, make([]byte, a.SignatureSize())))
		}
	}
}

func TestKeyParseAllocations(t *testing.T) {
	for name, most := range map[string]float64{"Ed25519": 0, "Ed448": 0, "P-256": 8, "P-384": 11, "RSA": 2, "ML-DSA-44": 1} {
		var k Key
		var doc strictjson.Document
		require.NoError(t, doc.Parse([]byte(with(allKeys()[name], `"kid":"a","use":"sig","key_ops":["verify"]`)), keyLimits))
		for _, lazy := range []bool{true, false} {
			got := testing.AllocsPerRun(10, func() { k.parse(doc.Root(), lazy) })
			assert.LessOrEqual(t, got, most, name)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	var all AlgorithmSet
	for a := AlgEd25519; a <= AlgMLDSA44; a++ {
		parsed, ok := ParseAlgorithm(a.String())
		require.True(t, ok)
		require.Equal(t, a, parsed)
		require.False(t, all.Has(a))
		all = all.Add(a)
		require.True(t, all.Has(a))
		require.LessOrEqual(t, a.SignatureSize(), maxSignatureSize)
	}
	assert.Equal(t, []string{"Ed25519", "Ed448", "ES256", "ES384", "RS256", "PS256", "ML-DSA-44"}, all.Names())
	for _, name := range []string{"", "EdDSA", "none", "None", "HS256", "RS384", "PS512", "ES512", "ES256K", "ed25519", "ES256 ", "ML-DSA-65"} {
		a, ok := ParseAlgorithm(name)
		assert.False(t, ok, name)
		assert.Zero(t, a)
	}
	assert.False(t, AlgorithmSet(0xffff).Has(0))
	assert.False(t, all.Has(200))
	assert.Equal(t, all, all.Add(0).Add(200))
	assert.Empty(t, Algorithm(200).String())
	assert.Nil(t, AlgorithmSet(0).Names())
}

// ParseKey on any text: an error or a key, never both and never neither; the key's
// thumbprint is the one that encoding/json gives.
func FuzzParseKey(f *testing.F) {
	seeds := 0
	for _, jwk := range allKeys() {
		f.Add([]byte(jwk))
		f.Add([]byte(with(jwk, `"kid":"1","use":"sig","key_ops":["verify"],"x5c":["a"]`)))
		seeds += 2
	}
	f.Add([]byte(`{"kty":"oct","k":"AAAA"}`))
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, jwk []byte) {
		k, err := ParseKey(jwk)
		if (k == nil) == (err == nil) {
			t.Fatal("want exactly one of key and error")
		}
		if err != nil {
			if err.(*KeyError).Reason() == "" {
				t.Fatal("an error without a reason")
			}
			return
		}
		if k.Thumbprint() != recomputedThumbprint(t, jwk) {
			t.Fatal("thumbprint differs from the recomputed one")
		}
		if len(k.Algorithms().Names()) == 0 || !k.onCurve() {
			t.Fatal("a key that verifies nothing")
		}
		for a := AlgEd25519; a <= AlgMLDSA44; a++ {
			size := a.SignatureSize()
			if size == 0 && k.rsa != nil {
				size = k.rsa.size
			}
			if k.VerifySignature(a, jwk, make([]byte, size)) {
				t.Fatal("zeros are a signature")
			}
		}
	})
}

func BenchmarkKeyParse(b *testing.B) {
	for name, jwk := range allKeys() {
		b.Run(name, func(b *testing.B) {
			var k Key
			var doc strictjson.Document
			require.NoError(b, doc.Parse([]byte(jwk), keyLimits))
			b.ReportAllocs()
			for b.Loop() {
				if k.parse(doc.Root(), true) != keyOK {
					b.Fatal()
				}
			}
		})
	}
}

func newRSA(t testing.TB, bits int) (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key, `{"kty":"RSA","n":"` + b64url(key.N.Bytes()) + `","e":"AQAB"}`
}
