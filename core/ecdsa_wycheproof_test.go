package ajwt_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// The native build verifies with the standard library (TestWycheproofES256), WebAssembly
// with our own code.
func TestWycheproofES256Twin(t *testing.T) {
	const file = "ecdsa_secp256r1_sha256_test.json"
	accepted, rejected := 0, 0
	for _, g := range wycheproof(t, file).TestGroups {
		coordinate := func(text string) []byte {
			b, err := hex.DecodeString(text)
			assert.NoError(t, err)
			for len(b) > 32 && b[0] == 0 {
				b = b[1:]
			}
			return append(make([]byte, 32-len(b)), b...)
		}
		x, y := coordinate(g.PublicKey.WX), coordinate(g.PublicKey.WY)
		for _, tc := range g.Tests {
			signature, ok := fixedFromDER(unhex(t, tc.Sig))
			if !ok {
				continue // counted by TestWycheproofES256
			}
			digest := sha256.Sum256(unhex(t, tc.Msg))
			got := ajwt.TwinECDSAVerify(x, y, digest[:], signature)
			assert.Equal(t, wanted(t, file, tc), got, "%d: %s %v", tc.TcID, tc.Comment, tc.Flags)
			if got {
				accepted++
			} else {
				rejected++
			}
		}
	}
	t.Logf("%d accepted, %d rejected", accepted, rejected)
	assert.Positive(t, accepted)
	assert.Positive(t, rejected)
}
