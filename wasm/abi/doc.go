// Package abi is the wire format between a host and the verifier compiled to
// WebAssembly, in plain Go: the codec of both sides, and Module and Values, which are
// all that the wasm artefacts do behind their exports. spec/abi.md describes the same
// format for authors of hosts in other languages.
//
// Every message and every answer is a row of records: tag (one byte), length (four
// bytes, unsigned, little endian), value. An answer has a fixed head of ten bytes in
// front, except that of a computation, which is one record. All integers are little
// endian. A value of length zero is legal wherever the value's form admits it.
//
// The host encodes with AppendVerify, AppendConfigure and AppendLoad and reads with
// DecodeAnswer; the artefact that computes values takes AppendCompute and answers for
// DecodeValue. The module does the reverse. Whatever cannot be read is refused: the
// module answers with a code abi_…, and a host that cannot read an answer rejects
// with abi_answer_malformed.
package abi

import ajwt "github.com/agentic-jwt/ajwt/core"

// Version is what ajwt_abi_version returns. It rises with every change of the wire
// format; a host refuses a module with any other number.
const Version = 1

// Limits of this ABI. They bound what one message makes the module allocate, and lie
// above everything that a policy's own limits admit for a request, so that a request
// that is too long gets the code of its own limit (spec/profile.md, section 17).
const (
	// MaxMessageBytes bounds a whole message, whatever it asks for: 80 MiB, room
	// for a body of 64 MiB, the most that a policy can admit, and a key set or
	// bundle of that size.
	MaxMessageBytes = 80 << 20
	// MaxHeaders bounds the header records of one request: four times the most
	// that a policy can admit.
	MaxHeaders = 4096
	// MaxNonceKeys bounds the nonce keys of one configuration: one that issues and
	// some that are being retired.
	MaxNonceKeys = 16
	// MaxVersions bounds the versions of one configuration: a bundle's and a list's for
	// each of more issuers than a policy has room for.
	MaxVersions = 1 << 16
	// MaxCacheEntries bounds the signature cache that a configuration may ask for.
	MaxCacheEntries = 1 << 20
	// MaxIDs bounds the ids of one computation: sixteen times the longest chain that
	// a policy can admit.
	MaxIDs = 1024
	// MaxDocumentBytes bounds the document of one computation. A longer one has no
	// value.
	MaxDocumentBytes = ajwt.MaxAgentBytes
)

// Tags of the records of a request (ajwt_verify).
const (
	tagMethod       = 0x01 // text
	tagScheme       = 0x02 // text
	tagAuthority    = 0x03 // text
	tagTarget       = 0x04 // text
	tagHeader       = 0x05 // u32 length of the name, name, value; repeats
	tagBody         = 0x06 // bytes; absent where the host did not read the body
	tagNow          = 0x07 // i64 NumericDate
	tagReplayAnswer = 0x08 // u8 ReplayResult, u8 index of the key that was known
	tagReplayLost   = 0x09 // i64 NumericDate
)

// Tags of the records of a configuration (ajwt_configure).
const (
	tagPolicy       = 0x21 // bytes
	tagReplayMode   = 0x22 // u8: 0 in the module, 1 held by the host
	tagReplayStart  = 0x23 // i64 NumericDate
	tagNonceKey     = 0x24 // 32 bytes; repeats, the first one issues
	tagCacheEntries = 0x25 // u32
	tagOmit         = 0x26 // u8, bits: what answers may leave out
	tagVersion      = 0x27 // u8 kind, i64 version, 32 bytes digest, issuer; repeats
)

// Tags of the records of a document (ajwt_load).
const (
	tagKind   = 0x31 // u8
	tagIssuer = 0x32 // text
	tagData   = 0x33 // bytes
	tagNowDoc = 0x34 // i64 NumericDate
)

// Tags of the records of an answer.
const (
	tagCodeName       = 0x41 // text, code's name
	tagAnsIssuer      = 0x42 // text
	tagSubject        = 0x43 // text
	tagWorkflow       = 0x44 // text
	tagStep           = 0x45 // text
	tagRoute          = 0x46 // text
	tagChainHash      = 0x47 // text
	tagThumbprint     = 0x48 // 32 bytes
	tagJTIHash        = 0x49 // 32 bytes
	tagPolicyDigest   = 0x4a // 32 bytes
	tagWarning        = 0x4b // u16 code, name; repeats
	tagAct            = 0x4c // text
	tagBundleVersion  = 0x4d // i64
	tagReplayKey      = 0x51 // 32 bytes key, 32 bytes owner, 32 bytes tag, i64 expiry, u8 token; repeats
	tagChallenge      = 0x52 // text, WWW-Authenticate
	tagNonce          = 0x53 // text, DPoP-Nonce
	tagUpstreamHeader = 0x54 // u32 length of the name, name, value; repeats
	tagErrorBody      = 0x55 // JSON
	tagRecord         = 0x56 // JSON
	tagFault          = 0x61 // u16 code, u32 length, name, u32 length, pointer, detail; repeats
	tagLoadWarning    = 0x62 // as tagFault; repeats
	tagInForce        = 0x63 // as tagVersion
	tagStrip          = 0x64 // text, a name of the policy's forward; repeats
)

// Tags of the records of a computation (ajwt_compute).
const (
	tagOperation = 0x71 // u8
	tagReading   = 0x72 // text
	tagForm      = 0x73 // text
	tagID        = 0x74 // text; repeats
	tagDocument  = 0x75 // bytes
)

// Tags of the record that answers a computation; the third is tagFault.
const (
	tagValue   = 0x79 // text
	tagRefusal = 0x7a // u32 length of the pointer, pointer, detail
)
