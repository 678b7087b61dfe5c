package ajwt

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func headerOf(proof string) []byte {
	header, _, _ := strings.Cut(proof, ".")
	return []byte(header)
}

// The header of a proof is remembered after one by its key held, and only then; what is
// remembered verifies as what was read.
func TestRememberedHeader(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	stranger := newSigner("stranger")
	request := func(s signer, jti string) *Request {
		r := withProof(boundToken(), jti)
		r.Headers[1].Value = s.proof(boundToken(), "GET", "https://api.example/repos/a", jti, testNow)
		return r
	}
	require.Equal(t, CodeProofBindingMismatch, v.Verify(request(stranger, "p1")).Code)
	require.Nil(t, v.headers.find(headerOf(request(stranger, "p").Headers[1].Value)))

	header := headerOf(request(agentKey, "p").Headers[1].Value)
	forged := request(agentKey, "p2")
	forged.Headers[1].Value = forged.Headers[1].Value[:len(forged.Headers[1].Value)-8] + "AAAAAAAA"
	require.NotZero(t, v.Verify(forged).Code)
	require.Nil(t, v.headers.find(header))

	require.Zero(t, v.Verify(request(agentKey, "p3")).Code)
	known := v.headers.find(header)
	require.NotNil(t, known)
	require.Equal(t, agentKey.thumb, b64(known.key.thumbprint[:]))
	require.Zero(t, v.Verify(request(agentKey, "p4")).Code)
	require.NotZero(t, v.Verify(forged).Code, "a known key does not make a signature hold")
	require.Same(t, known, v.headers.find(header))

	// Another token binds another key.
	other := testToken(`,"cnf":{"jkt":"` + stranger.thumb + `"}`)
	r := withProof(other, "p5")
	require.Equal(t, CodeProofBindingMismatch, v.Verify(r).Code)
	require.Nil(t, v.headers.find(nil))
	require.Nil(t, v.headers.find(header[:len(header)-1]))
}

// A token is remembered when it is seen again; its text counts to the last character, and
// every check of the request, the time and the key set is made as ever.
func TestRememberedToken(t *testing.T) {
	v := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	token := testToken("")
	text := []byte(token)
	require.Zero(t, v.Verify(bearer(token)).Code)
	require.Nil(t, v.tokens.find(text), "a token that is used once costs nothing more")
	first := v.Verify(bearer(token))
	known := v.tokens.find(text)
	require.NotNil(t, known)
	again := v.Verify(bearer(token))
	require.Equal(t, first, again)

	forged := token[:len(token)-6] + "AAAAAA"
	require.Equal(t, CodeSignatureInvalid, v.Verify(bearer(forged)).Code)
	require.Equal(t, CodeSignatureInvalid, v.Verify(bearer(forged)).Code)
	require.Nil(t, v.tokens.find([]byte(forged)))

	late := bearer(token)
	late.Now = testNow + 1000
	lawful := testToken(lawfulClaims(true))
	late.Headers = bearer(lawful).Headers
	for range 2 {
		v.Verify(bearer(lawful))
	}
	require.NotNil(t, v.tokens.find([]byte(lawful)))
	expired := v.Verify(late)
	require.Equal(t, CodeClaimExpExpired, expired.Code)
	fresh := newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	require.Equal(t, fresh.Verify(late), expired, "a decision tells no more of a token that is known")

	// A token whose signature nobody remembers is not remembered either.
	v = newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{SignatureCache: noCache{}})
	for range 3 {
		require.Zero(t, v.Verify(bearer(token)).Code)
	}
	require.Nil(t, v.tokens.find(text))

	// Nor is one that a check of the token rejects.
	v = newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	wrong := testToken(`,"agent_proof":7`)
	for range 3 {
		require.Equal(t, CodeClaimAgentProofInvalid, v.Verify(bearer(wrong)).Code)
	}
	require.Nil(t, v.tokens.find([]byte(wrong)))
	request := bearer(wrong)
	require.LessOrEqual(t, leastAllocs(func() { v.Verify(request) }), 3.0, "nothing is made for it")

	v = newTestVerifier(t, testPolicy("draft-00", bearerRoute, ""), Options{})
	for _, more := range []string{`"` + strings.Repeat("x", maxTokenText) + `"`, "[" + strings.Repeat("1,", maxTokenValues) + "1]"} {
		large := testToken(`,"x":` + more)
		for range 3 {
			require.Zero(t, v.Verify(bearer(large)).Code)
		}
		require.Nil(t, v.tokens.find([]byte(large)))
	}
}

// A new key set holds for tokens that are remembered.
func TestRememberedTokenNewKeys(t *testing.T) {
	policy := strings.Replace(testPolicy("draft-00", bearerRoute, ""), `"jwks":`+issuerKey.keySet("k1"), `"jwks_uri":"https://as.example/jwks"`, 1)
	v := newTestVerifier(t, policy, Options{})
	load := func(keys string) {
		_, err := v.Load(KindKeys, "https://as.example", []byte(keys), testNow)
		require.NoError(t, err)
	}
	load(issuerKey.keySet("k1"))
	token := testToken("")
	for range 3 {
		require.Zero(t, v.Verify(bearer(token)).Code)
	}
	require.NotNil(t, v.tokens.find([]byte(token)))
	before := v.tokens.find([]byte(token))
	load(issuerKey.keySet("k1"))
	for range 3 {
		require.Zero(t, v.Verify(bearer(token)).Code)
	}
	require.NotSame(t, before, v.tokens.find([]byte(token)), "what was found under the old keys is gone")
	places := 0
	for i := range v.tokens.sets {
		for j := range v.tokens.sets[i] {
			if v.tokens.sets[i][j].Load() != nil {
				places++
			}
		}
	}
	require.Equal(t, 1, places)
	load(newSigner("next").keySet("k1"))
	require.Equal(t, CodeSignatureInvalid, v.Verify(bearer(token)).Code)
	load(newSigner("next").keySet("k2"))
	require.Equal(t, CodeKeyKidUnknown, v.Verify(bearer(token)).Code)
}

func TestTextTableIsBounded(t *testing.T) {
	var table textTable[Key]
	fill := func(text string, k *Key) bool {
		key, err := ParseKey([]byte(text))
		*k = *key
		return err == nil
	}
	held := 0
	const texts = 4 * rememberedTexts
	for i := range texts {
		table.remember([]byte(newSigner(fmt.Sprint(i)).jwk), 0, forever, fill)
	}
	for i := range texts {
		s := newSigner(fmt.Sprint(i))
		if k := table.find([]byte(s.jwk)); k != nil {
			held++
			require.True(t, k.VerifySignature(AlgEd25519, []byte("x"), ed25519.Sign(s.private, []byte("x"))))
		}
	}
	require.Greater(t, held, rememberedTexts/2)
	require.LessOrEqual(t, held, rememberedTexts)

	// What is in use stays; what is not goes for what comes.
	var small textTable[int]
	set := func(n int) func(string, *int) bool {
		return func(_ string, v *int) bool { *v = n; return true }
	}
	text := func(i int) []byte { return []byte(fmt.Sprintf("text number %d", i)) }
	var rivals [][]byte // that share the places of the first
	for i := 0; len(rivals) < textWays+2; i++ {
		if small.set(text(i)) == small.set(text(0)) {
			rivals = append(rivals, text(i))
		}
	}
	late := rivals[textWays]
	for i, r := range rivals[:textWays] {
		small.remember(r, 0, forever, set(i))
	}
	// Those that came first are found, however they and others take turns.
	for range 3 * maxTextUses {
		for i, r := range rivals[:textWays] {
			require.NotNil(t, small.find(r))
			require.Equal(t, i, *small.find(r))
		}
		small.remember(late, 0, forever, set(9))
		require.Nil(t, small.find(late))
	}
	for small.find(late) == nil {
		small.remember(late, 0, forever, set(9))
	}
	require.Equal(t, 9, *small.find(late))
	last := rivals[textWays+1]
	for range 2 * textWays * (maxTextUses + 1) {
		small.remember(last, 0, forever, func(string, *int) bool { return false })
	}
	require.Nil(t, small.find(last))

	// What is over goes, wherever it stands.
	var short textTable[int]
	for i := range 20 {
		short.remember(text(i), 0, int64(10+i), set(i))
	}
	short.remember(text(20), 20, 100, set(20))
	for i := range 21 {
		require.Equal(t, i > 10, short.find(text(i)) != nil, i)
	}
}

func TestRememberedTogether(t *testing.T) {
	v := newTestVerifier(t, testPolicy("hardened", hardenedRoute, ""), Options{})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for i := range 50 {
				if d := v.Verify(withProof(boundToken(), fmt.Sprint(n, " ", i))); d.Code != 0 {
					t.Error(d.Code)
				}
			}
		})
	}
	all.Wait()
}
