package proxywasmhost

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // a name that Envoy knows
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"strings"

	"github.com/tetratelabs/wazero/api"
)

// callForeign calls a function of the proxy's own. What a function gives lies in memory of
// the plugin, whatever its status is.
func (p *Process) callForeign(ctx context.Context, m api.Module, name, nameSize, argument, argumentSize, at, size uint32) uint32 {
	text, ok := read(m, name, nameSize)
	data, also := read(m, argument, argumentSize)
	if !ok || !also {
		return statusMemory
	}
	if p.Plain || string(text) != "verify_signature" {
		return statusNotFound
	}
	result, status := verifySignature(data)
	p.Foreign++
	if given := p.give(ctx, m, "proxy_call_foreign_function", result, at, size); given != statusOK {
		return given
	}
	return status
}

// verifySignature is Envoy's function of that name (source/extensions/common/wasm/foreign.cc).
// Its argument is a protocol buffer: 1 the name of the hash, 2 the key as
// SubjectPublicKeyInfo, 3 the signature, in DER for ECDSA, 4 the text. Its result is one
// too: 1 a truth value, 2 what went wrong. Only an argument or a key that cannot be read
// has another status than 0.
func verifySignature(argument []byte) (result []byte, status uint32) {
	fields, ok := protoFields(argument)
	if !ok || len(fields[2]) == 0 {
		return nil, statusBadArgument
	}
	key, err := x509.ParsePKIXPublicKey(fields[2])
	if err != nil {
		return nil, statusBadArgument
	}
	if wrong := verifyWith(string(fields[1]), key, fields[3], fields[4]); wrong != "" {
		return append([]byte{2<<3 | 2, byte(len(wrong))}, wrong...), statusOK
	}
	return []byte{1 << 3, 1}, statusOK
}

var hashes = map[string]crypto.Hash{"sha1": crypto.SHA1, "sha224": crypto.SHA224, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

func verifyWith(name string, key any, signature, text []byte) (wrong string) {
	hash, ok := hashes[strings.ToLower(name)]
	if !ok {
		return name[:min(len(name), 32)] + " is not supported."
	}
	h := hash.New()
	h.Write(text)
	switch key := key.(type) {
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), signature) == nil
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, h.Sum(nil), signature)
	default:
		return "Failed to initialize digest verify."
	}
	if !ok {
		return "Failed to verify digital signature. Error code: 0"
	}
	return ""
}

// protoFields reads a protocol buffer of byte fields; of several with one number, the last
// counts. Fields of other wire types are skipped.
func protoFields(data []byte) (fields map[uint64][]byte, ok bool) {
	fields = make(map[uint64][]byte)
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 || tag>>3 == 0 {
			return nil, false
		}
		data = data[n:]
		number, n := uint64(0), 0
		switch tag & 7 {
		case 0: // varint
			if _, n = binary.Uvarint(data); n <= 0 {
				return nil, false
			}
		case 1:
			n = 8
		case 5:
			n = 4
		case 2:
			if number, n = binary.Uvarint(data); n <= 0 || number > uint64(len(data)-n) {
				return nil, false
			}
			fields[tag>>3] = data[n : n+int(number)]
			n += int(number)
		default:
			return nil, false
		}
		if n > len(data) {
			return nil, false
		}
		data = data[n:]
	}
	return fields, true
}
