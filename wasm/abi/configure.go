package abi

import (
	"encoding/binary"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// NonceKey is one secret of the policy's proof.nonce.
type NonceKey = [32]byte

// Omit names parts that answers to requests leave out, for hosts that build them
// from the other records; bits.
type Omit uint8

// The parts that may be left out.
const (
	OmitRecord    Omit = 1 << iota // the decision record in JSON
	OmitErrorBody                  // the JSON body of a rejection
)

// Config is what ajwt_configure takes.
type Config struct {
	Policy []byte // the policy document (spec/profile.md, section 10)
	// HostReplay tells that the host holds the replay memory: decisions that need
	// it come back as ActionTake. Otherwise it lives in the module.
	HostReplay bool
	// ReplayStart is the NumericDate at which the replay memory started empty,
	// wherever it is; 0 for a host's memory that has always been there.
	ReplayStart int64
	NonceKeys   []NonceKey // the first one issues, all verify; at most MaxNonceKeys
	// CacheEntries is the size of the signature cache; 0 for the default of
	// DefaultCacheEntries.
	CacheEntries uint32
	Omit         Omit
	// Versions are those of bundles and lists that were in force before a restart, for
	// hosts that keep them: older documents are refused.
	Versions []ajwt.DocumentVersion
}

// DefaultCacheEntries is the size of the signature cache where the configuration
// names none: smaller than a native one, since linear memory never shrinks.
const DefaultCacheEntries = 4096

// AppendConfigure appends the message of ajwt_configure.
func AppendConfigure(dst []byte, c *Config) []byte {
	dst = append(appendHead(dst, tagPolicy, len(c.Policy)), c.Policy...)
	if c.HostReplay {
		dst = appendByte(dst, tagReplayMode, 1)
	}
	if c.ReplayStart != 0 {
		dst = appendInt64(dst, tagReplayStart, c.ReplayStart)
	}
	for i := range c.NonceKeys {
		dst = append(appendHead(dst, tagNonceKey, len(NonceKey{})), c.NonceKeys[i][:]...)
	}
	if c.CacheEntries != 0 {
		dst = binary.LittleEndian.AppendUint32(appendHead(dst, tagCacheEntries, 4), c.CacheEntries)
	}
	if c.Omit != 0 {
		dst = appendByte(dst, tagOmit, byte(c.Omit))
	}
	for i := range c.Versions {
		dst = appendVersion(dst, tagVersion, &c.Versions[i])
	}
	return dst
}

// DecodeConfigure reads the message of ajwt_configure. Policy aliases the message.
// The error is an *Error.
func DecodeConfigure(message []byte) (Config, error) {
	c, err := decodeConfigure(message)
	if err != nil {
		return Config{}, err
	}
	return c, nil
}

func decodeConfigure(message []byte) (c Config, err *Error) {
	in := reader{data: message}
	if err := in.tooLarge(); err != nil {
		return c, err
	}
	var seen tagSet
	for {
		tag, value, ok, err := in.next()
		if err != nil {
			return c, err
		}
		if !ok {
			return c, seen.need(&in, tagPolicy)
		}
		if tag < tagPolicy || tag > tagVersion {
			return c, in.unknown(tag)
		}
		if !seen.add(tag) && tag != tagNonceKey && tag != tagVersion {
			return c, in.duplicate(tag)
		}
		if err := configureRecord(&in, &c, tag, value); err != nil {
			return c, err
		}
	}
}

// configureRecord takes one record of a configuration.
func configureRecord(in *reader, c *Config, tag byte, value []byte) *Error {
	switch tag {
	case tagPolicy:
		c.Policy = value
	case tagReplayMode:
		if len(value) != 1 || value[0] > 1 {
			return in.malformed(tag, "1 byte: 0 in the module, 1 held by the host")
		}
		c.HostReplay = value[0] == 1
	case tagReplayStart:
		start, ok := getInt64(value)
		if !ok || start < 0 {
			return in.malformed(tag, "8 bytes, not negative")
		}
		c.ReplayStart = start
	case tagNonceKey:
		if len(value) != len(NonceKey{}) {
			return in.malformed(tag, "32 bytes")
		}
		if len(c.NonceKeys) == MaxNonceKeys {
			return in.fail(ajwt.CodeABITooLarge, "want at most 16 nonce keys")
		}
		c.NonceKeys = append(c.NonceKeys, NonceKey(value))
	case tagCacheEntries:
		if len(value) != 4 {
			return in.malformed(tag, "4 bytes")
		}
		c.CacheEntries = binary.LittleEndian.Uint32(value)
		if c.CacheEntries > MaxCacheEntries {
			return in.fail(ajwt.CodeABITooLarge, "want a cache of at most 1048576 entries")
		}
	case tagOmit:
		if len(value) != 1 || value[0] > byte(OmitRecord|OmitErrorBody) {
			return in.malformed(tag, "1 byte, bits 0 and 1")
		}
		c.Omit = Omit(value[0])
	case tagVersion:
		v, ok := readVersion(value, alias(value))
		if !ok {
			return in.malformed(tag, "kind 2 or 3, 8 bytes of version, 32 of digest, issuer")
		}
		if len(c.Versions) == MaxVersions {
			return in.fail(ajwt.CodeABITooLarge, "want at most 65536 versions")
		}
		c.Versions = append(c.Versions, v)
	}
	return nil
}
