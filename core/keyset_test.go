package ajwt

import (
	"bytes"
	"crypto/ed25519"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keySetOf(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

func withKid(jwk, kid string) string { return with(jwk, `"kid":"`+kid+`"`) }

func TestParseKeySet(t *testing.T) {
	var jwks []string
	for name, jwk := range allKeys() {
		jwks = append(jwks, withKid(jwk, name))
	}
	data := []byte(`{"issuer":"ignored","keys":[` + strings.Join(jwks, ",") + `],"more":{"keys":1}}`)
	set, warnings, err := ParseKeySet(data, KeySetLimits{})
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, len(jwks), set.Len())
	clear(data) // the set keeps no reference to its source
	for name, jwk := range allKeys() {
		key, usable, known := set.lookup([]byte(name))
		require.True(t, usable && known, name)
		assert.Equal(t, name, key.ID())
		assert.Equal(t, recomputedThumbprint(t, []byte(jwk)), key.Thumbprint())
		assert.Same(t, key, set.Key(name))
	}
	for _, unknown := range []string{"", "ed25519", "Ed25519 ", "RSA\x00"} {
		key, usable, known := set.lookup([]byte(unknown))
		assert.True(t, key == nil && !usable && !known, unknown)
		assert.Nil(t, set.Key(unknown))
	}
}

func TestParseKeySetKidByEscape(t *testing.T) {
	set, _, err := ParseKeySet([]byte(keySetOf(withKid(jwkP256, `\u0061\n`), withKid(jwkRSA, `b`))), KeySetLimits{})
	require.NoError(t, err)
	assert.NotNil(t, set.Key("a\n"))
	assert.NotNil(t, set.Key("b"))
}

func TestKeySetWithoutKeys(t *testing.T) {
	for _, set := range []*KeySet{nil, {}} {
		key, usable, known := set.lookup([]byte("a"))
		assert.True(t, key == nil && !usable && !known)
		assert.Zero(t, set.Len())
		assert.Nil(t, set.Key("a"))
	}
	set, warnings, err := ParseKeySet([]byte(keySetOf()), KeySetLimits{})
	require.NoError(t, err)
	assert.Zero(t, set.Len())
	require.Len(t, warnings, 1)
	assert.Equal(t, "/keys", warnings[0].Pointer)
}

// Keys that are skipped do not hurt the others, and their kid stays known.
func TestParseKeySetSkips(t *testing.T) {
	skipped := []struct{ name, jwk, reason string }{
		{"unknown kty", `{"kty":"XX"}`, KeyReasonUnsupported},
		{"unknown curve", replace(t, jwkP256, "P-256", "P-521"), KeyReasonUnsupported},
		{"unknown alg", with(jwkRSA, `"alg":"RS512"`), KeyReasonUnsupported},
		{"use enc", with(jwkRSA, `"use":"enc"`), KeyReasonUse},
		{"key_ops", with(jwkRSA, `"key_ops":["encrypt"]`), KeyReasonUse},
		{"malformed", replace(t, jwkEd25519, `"x":"11q`, `"x":"1q`), KeyReasonMalformed},
		{"alg of another family", with(jwkEd25519, `"alg":"ES256"`), KeyReasonMalformed},
		{"no kty", `{"a":1}`, KeyReasonMalformed},
		{"too weak", replace(t, jwkRSA, "AQAB", "AQ"), KeyReasonWeak},
		{"small order", `{"kty":"OKP","crv":"Ed25519","x":"` + b64url(make([]byte, 32)) + `"}`, KeyReasonWeak},
		{"off the curve", `{"kty":"OKP","crv":"Ed25519","x":"` + b64url(append([]byte{2}, make([]byte, 31)...)) + `"}`, KeyReasonOffCurve},
	}
	jwks := []string{withKid(jwkEd25519, "first")}
	for _, row := range skipped {
		jwks = append(jwks, withKid(row.jwk, row.name))
	}
	jwks = append(jwks, withKid(jwkP256, "last"))
	set, warnings, err := ParseKeySet([]byte(keySetOf(jwks...)), KeySetLimits{})
	require.NoError(t, err)
	assert.Equal(t, 2, set.Len())
	assert.Equal(t, "OKP", set.Key("first").Type())
	assert.Equal(t, "EC", set.Key("last").Type())
	require.Len(t, warnings, len(skipped))
	for i, row := range skipped {
		key, usable, known := set.lookup([]byte(row.name))
		assert.True(t, key == nil && !usable && known, row.name)
		assert.Equal(t, CodeKeysKeySkipped, warnings[i].Code)
		assert.Equal(t, "/keys/"+strconv.Itoa(i+1), warnings[i].Pointer)
		assert.True(t, strings.HasPrefix(warnings[i].Detail, row.reason+": "), warnings[i].Detail)
	}
}

// Whatever refuses a set, with every fault of the kind that concerns the whole set.
func TestParseKeySetRefuses(t *testing.T) {
	type fault struct {
		code    Code
		pointer string
	}
	good := withKid(jwkEd25519, "good")
	for _, row := range []struct {
		name, data string
		faults     []fault
	}{
		{"empty", ``, []fault{{CodeKeysJSONInvalid, ""}}},
		{"not JSON", `{"keys":[}`, []fault{{CodeKeysJSONInvalid, ""}}},
		{"duplicate keys", `{"keys":[],"keys":[]}`, []fault{{CodeKeysJSONInvalid, ""}}},
		{"duplicate member in a key", keySetOf(with(good, `"crv":"Ed25519"`)), []fault{{CodeKeysJSONInvalid, ""}}},
		{"not UTF-8", "{\"keys\":[],\"a\":\"\xff\"}", []fault{{CodeKeysJSONInvalid, ""}}},
		{"too deep", `{"keys":[],"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, []fault{{CodeKeysJSONInvalid, ""}}},
		{"too many values", `{"keys":[],"a":[` + strings.Repeat("1,", 66_560) + `1]}`, []fault{{CodeKeysJSONInvalid, ""}}},
		{"array", `[` + good + `]`, []fault{{CodeKeysNotSet, ""}}},
		{"one key", good, []fault{{CodeKeysNotSet, ""}}},
		{"keys object", `{"keys":{}}`, []fault{{CodeKeysNotSet, ""}}},
		{"keys null", `{"keys":null}`, []fault{{CodeKeysNotSet, ""}}},
		{"Keys", `{"Keys":[]}`, []fault{{CodeKeysNotSet, ""}}},
		{"too many keys", keySetOf(strings.Repeat(`{},`, 1024) + `{}`), []fault{{CodeKeysTooMany, "/keys"}}},
		{"too long", keySetOf() + strings.Repeat(" ", 32<<20), []fault{{CodeKeysTooLarge, ""}}},
		{"kid absent", keySetOf(good, jwkP256), []fault{{CodeKeysKidMissing, "/keys/1/kid"}}},
		{"kid absent where the key would be skipped", keySetOf(good, `{"kty":"XX"}`), []fault{{CodeKeysKidMissing, "/keys/1/kid"}}},
		{"kid empty", keySetOf(withKid(jwkP256, "")), []fault{{CodeKeysKidMissing, "/keys/0/kid"}}},
		{"kid number", keySetOf(with(jwkP256, `"kid":1`)), []fault{{CodeKeysKidMissing, "/keys/0/kid"}}},
		{"kid too long", keySetOf(withKid(jwkP256, strings.Repeat("k", 257))), []fault{{CodeKeysKidMissing, "/keys/0/kid"}}},
		{"entry no object", keySetOf(good, `"key"`), []fault{{CodeKeysKidMissing, "/keys/1"}}},
		{"kid twice", keySetOf(good, withKid(jwkP256, "good")), []fault{{CodeKeysKidDuplicate, "/keys/1/kid"}}},
		{"kid twice, one to be skipped", keySetOf(withKid(`{"kty":"XX"}`, "good"), good), []fault{{CodeKeysKidDuplicate, "/keys/1/kid"}}},
		{"kid twice by escape", keySetOf(good, withKid(jwkP256, `g\u006fod`)), []fault{{CodeKeysKidDuplicate, "/keys/1/kid"}}},
		{"private", keySetOf(good, with(withKid(jwkP256, "p"), `"d":"AQ"`)), []fault{{CodeKeysPrivateMember, "/keys/1/d"}}},
		{"private where the key would be skipped", keySetOf(withKid(`{"kty":"XX","priv":"AQ"}`, "p")), []fault{{CodeKeysPrivateMember, "/keys/0/priv"}}},
		{"symmetric", keySetOf(good, withKid(`{"kty":"oct"}`, "p")), []fault{{CodeKeysPrivateMember, "/keys/1/kty"}}},
		{"all at once", keySetOf(jwkP256, good, `{"kty":"oct","k":"AA","kid":"good"}`, `7`, withKid(jwkP384, "good")), []fault{
			{CodeKeysKidMissing, "/keys/0/kid"}, {CodeKeysPrivateMember, "/keys/2/kty"}, {CodeKeysKidDuplicate, "/keys/2/kid"},
			{CodeKeysKidMissing, "/keys/3"}, {CodeKeysKidDuplicate, "/keys/4/kid"}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			set, warnings, err := ParseKeySet([]byte(row.data), KeySetLimits{})
			assert.Nil(t, set)
			assert.Empty(t, warnings)
			var load *LoadError
			require.ErrorAs(t, err, &load)
			var got []fault
			for _, f := range load.Faults {
				got = append(got, fault{f.Code, f.Pointer})
				assert.LessOrEqual(t, len(f.Detail), 120)
				assert.NotEmpty(t, f.Detail)
			}
			assert.Equal(t, row.faults, got)
		})
	}
}

// Limits are inclusive.
func TestParseKeySetLimits(t *testing.T) {
	data := keySetOf(withKid(jwkEd25519, "1"), withKid(jwkP256, "2"))
	for _, limits := range []KeySetLimits{{Keys: 2}, {Bytes: len(data)}, {Depth: 3}} {
		_, _, err := ParseKeySet([]byte(data), limits)
		assert.NoError(t, err)
	}
	for code, limits := range map[Code]KeySetLimits{CodeKeysTooMany: {Keys: 1}, CodeKeysTooLarge: {Bytes: len(data) - 1}, CodeKeysJSONInvalid: {Depth: 2}} {
		_, _, err := ParseKeySet([]byte(data), limits)
		var load *LoadError
		require.ErrorAs(t, err, &load)
		assert.Equal(t, code, load.Code())
	}
}

// manyKeys is a set of n valid Ed25519 keys: 256 different points under n kids.
func manyKeys(n int) []byte {
	var points [256][]byte
	for i := range points {
		points[i] = appendBase64URLEncode(nil, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, 32))[32:])
	}
	b := []byte(`{"keys":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"issuer-key-`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `","x":"`...)
		b = append(b, points[i%len(points)]...)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestKeySetOf100000(t *testing.T) {
	const n = 100_000
	data := manyKeys(n)
	before := heap()
	start := time.Now()
	set, warnings, err := ParseKeySet(data, KeySetLimits{Keys: n})
	elapsed := time.Since(start)
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, n, set.Len())
	kept := heap() - before
	t.Logf("%d keys: %v, %d bytes kept for each, source %d bytes", n, elapsed, kept/n, len(data))
	assert.Less(t, kept, uint64(30<<20))
	for _, i := range []int{0, 1, n / 2, n - 1} {
		key, usable, _ := set.lookup([]byte("issuer-key-" + strconv.Itoa(i)))
		require.True(t, usable)
		require.Equal(t, "issuer-key-"+strconv.Itoa(i), key.ID())
	}
	kid := []byte("issuer-key-77777")
	assert.Zero(t, testing.AllocsPerRun(10, func() { set.lookup(kid) }))
	runtime.KeepAlive(data)
}

func BenchmarkKeySetLookup(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		set, _, err := ParseKeySet(manyKeys(n), KeySetLimits{Keys: n})
		require.NoError(b, err)
		kid := []byte("issuer-key-" + strconv.Itoa(n/2))
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, usable, _ := set.lookup(kid); !usable {
					b.Fatal()
				}
			}
		})
	}
}
