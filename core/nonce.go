package ajwt

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

const (
	nonceKeyBytes = 32
	nonceMacBytes = 16
	nonceBytes    = 8 + nonceMacBytes
	nonceLabel    = "ajwt-nonce-1"
)

// appendNonce appends the nonce of a slot under a key: base64url of the slot (8
// bytes, big-endian) and the first 16 bytes of HMAC-SHA-256(key, label || slot).
func appendNonce(dst, key []byte, slot int64) []byte {
	var raw [nonceBytes]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(slot))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(nonceLabel))
	mac.Write(raw[:8])
	copy(raw[8:], mac.Sum(nil))
	return appendBase64URLEncode(dst, raw[:])
}

// nonceHolds accepts the nonces of the current and the previous slot under any key.
func (v *Verifier) nonceHolds(nonce []byte, now int64) bool {
	slot := now / v.policy.nonceSlot
	var buf [64]byte
	for _, key := range v.nonceKeys {
		for s := slot; s >= slot-1 && s >= 0; s-- {
			if hmac.Equal(appendNonce(buf[:0], key, s), nonce) {
				return true
			}
		}
	}
	return false
}

// freshNonce is the nonce that an answer carries, "" where the policy asks for none.
func (v *Verifier) freshNonce(now int64) string {
	if v.policy.nonceSlot == 0 || len(v.nonceKeys) == 0 {
		return ""
	}
	return string(appendNonce(nil, v.nonceKeys[0], now/v.policy.nonceSlot))
}
