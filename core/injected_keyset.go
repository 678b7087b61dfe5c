//go:build ajwt_faults

package ajwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"sort"
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// The places in reading a JWK and a key set at which faults of keys sit.

func laxSet(data []byte, limits KeySetLimits) ([]byte, KeySetLimits) {
	data = laxJSON(data)
	var doc strictjson.Document
	if doc.Parse(data, strictjson.Limits{}) != nil {
		return data, limits
	}
	root := membersOf(doc.Root())
	keys := doc.Root().Member("keys")
	if keys.Kind() != strictjson.Array {
		return data, limits
	}
	switch activeFault {
	case "key-set-unlimited":
		limits.Keys = endless
	case "key-skipped-refuses-set":
		for e := keys.First(); e.Exists(); e = e.Next() {
			if new(Key).parse(e, false) != keyOK {
				return []byte("{}"), limits
			}
		}
	case "kid-optional-in-set":
		data = root.with("keys", entries(keys, func(i int, e strictjson.Value, l memberList) memberList {
			if validKid(e.Member("kid")) {
				return l
			}
			return l.with("kid", quoted("#"+strconv.Itoa(i)))
		})).text()
	case "kid-duplicate-accepted":
		data = root.with("keys", entries(keys, func(_ int, e strictjson.Value, l memberList) memberList {
			for later := e.Next(); later.Exists(); later = later.Next() {
				if string(later.Member("kid").Bytes()) == string(e.Member("kid").Bytes()) {
					return nil
				}
			}
			return l
		})).text()
	case "kid-case-fold":
		data = root.with("keys", entries(keys, func(_ int, e strictjson.Value, l memberList) memberList {
			return l.with("kid", quoted(strings.ToLower(string(e.Member("kid").Bytes()))))
		})).text()
	case "private-key-accepted":
		data = root.with("keys", entries(keys, func(_ int, e strictjson.Value, l memberList) memberList {
			return publicPart(e, l)
		})).text()
	}
	return data, limits
}

// publicPart is a JWK without what is secret; a symmetric key becomes one of an unknown
// type.
func publicPart(v strictjson.Value, l memberList) memberList {
	if v.Member("kty").Is("oct") {
		l = l.with("kty", `"unknown"`)
	}
	return l.without(privateNames...)
}

// entries writes the array of keys again; a nil list leaves a key out.
func entries(keys strictjson.Value, change func(i int, e strictjson.Value, l memberList) memberList) string {
	var out []string
	i := 0
	for e := keys.First(); e.Exists(); e = e.Next() {
		if l := change(i, e, membersOf(e)); l != nil {
			out = append(out, string(l.text()))
		}
		i++
	}
	return "[" + strings.Join(out, ",") + "]"
}

func laxKey(v strictjson.Value) strictjson.Value {
	if v.Kind() != strictjson.Object {
		return v
	}
	list := membersOf(v)
	if dropsPrivate {
		return publicPart(v, list).value()
	}
	switch activeFault {
	case "key-use-ignored":
		list = list.without("use")
	case "key-ops-ignored":
		list = list.without("key_ops")
	case "key-alg-ignored":
		if !v.Member("kty").Is("AKP") {
			list = list.without("alg")
		}
	case "jwk-base64-lax":
		for i, m := range list {
			if len(m.text) > 2 && strings.Contains(" x y n e pub ", " "+m.name+" ") && m.text[0] == '"' {
				list[i].text = quoted(canonical(strings.TrimRight(m.text[1:len(m.text)-1], "=")))
			}
		}
	case "jwk-base64-newlines":
		for i, m := range list {
			list[i].text = strings.NewReplacer(`\n`, "", `\r`, "").Replace(m.text)
		}
	default:
		return v
	}
	return list.value()
}

// anyPoint is the key that stands for every point that is on no curve.
var anyPoint = func() *ecdsa.PublicKey {
	p := elliptic.P256().Params()
	return &ecdsa.PublicKey{Curve: elliptic.P256(), X: p.Gx, Y: p.Gy}
}()

// laxMaterial looks once more at a key whose material was refused, and at the
// thumbprint of one that was not.
func laxMaterial(k *Key, v strictjson.Value, kind keyKind, fault keyFault) keyFault {
	switch activeFault {
	case "thumbprint-of-all-members":
		list := membersOf(v)
		sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
		k.thumbprint = sha256.Sum256(list.text())
	case "thumbprint-order-as-given":
		list := membersOf(v)
		rest := list.without("crv", "kty", "x", "y", "n", "e", "pub")
		for _, m := range rest {
			if m.name != "alg" || kind != kindMLDSA44 {
				list = list.without(m.name)
			}
		}
		k.thumbprint = sha256.Sum256(list.text())
	case "edwards-small-order-accepted":
		if fault == keyWeak && (kind == kindEd25519 || kind == kindEd448) {
			k.thumbprint = thumbprintOKP(keyKinds[kind].crv, v.Member("x").Bytes())
			return keyOK
		}
	case "ec-point-unchecked":
		if fault == keyOffCurve && (kind == kindP256 || kind == kindP384) {
			k.ecdsa = anyPoint
			k.thumbprint = thumbprintEC(keyKinds[kind].crv, v.Member("x").Bytes(), v.Member("y").Bytes())
			return keyOK
		}
	case "rsa-size-unchecked", "rsa-exponent-unchecked", "rsa-weak-accepted":
		if fault != keyOK && kind == kindRSA && k.readAnyRSA(v) {
			return keyOK
		}
	}
	return fault
}

// readAnyRSA reads n and e whatever they are, as far as the fault that is on goes.
func (k *Key) readAnyRSA(v strictjson.Value) bool {
	nText, eText := string(v.Member("n").Bytes()), string(v.Member("e").Bytes())
	n, e := anyNumber(nText), anyNumber(eText)
	if i, ok := v.Member("e").Integer(); ok {
		e = big.NewInt(i)
	}
	sound := e.IsInt64() && e.Int64() >= 3 && e.Int64() <= maxRSAExponent && e.Bit(0) == 1
	if activeFault == "rsa-size-unchecked" && !sound {
		return false
	}
	sound = n.BitLen() >= minRSABits && n.BitLen() <= maxRSABits && n.Bit(0) == 1
	if activeFault == "rsa-exponent-unchecked" && !sound || n.BitLen() == 0 || !e.IsInt64() {
		return false
	}
	k.rsa = &rsaKey{modulus: *n, size: (n.BitLen() + 7) / 8}
	k.rsa.public.N, k.rsa.public.E = &k.rsa.modulus, int(e.Int64())
	k.thumbprint = thumbprintRSA([]byte(eText), []byte(nText))
	return true
}

func anyNumber(text string) *big.Int {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(raw)
}
