package ajwt

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBase64URLRejects(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"one character", "A"},
		{"remainder 1", "AAAAA"},
		{"padding", "QQ=="},
		{"padding within", "QQ==QQ=="},
		{"line feed", "AA\nAA"},
		{"carriage return at the end", "AAAA\r"},
		{"four characters with a line break", "AA\r\n"},
		{"space", "AA A"},
		{"standard alphabet plus", "AA+A"},
		{"standard alphabet slash", "AA/A"},
		{"not ASCII", "AA\xc3\xa4"},
		{"NUL", "AAA\x00"},
		{"slack bits of two characters", "QR"},
		{"slack bits of three characters", "QUF"},
		{"highest slack bit of two", "QY"},
		{"highest slack bit of three", "QUG"},
		{"fault in the tail of two", "AAAAQ*"},
		{"fault in the tail of three", "AAAAQQ*"},
		{"dot", "AAAA.AAA"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dst := []byte("kept")
			out, ok := appendBase64URL(dst, []byte(row.text))
			assert.False(t, ok)
			assert.Equal(t, "kept", string(out))
		})
	}
}

func TestBase64URLKnownValues(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "QQ": "A", "QUI": "AB", "QUJD": "ABC", "-_-_": "\xfb\xff\xbf",
		// RFC 7515, appendix C
		"A-z_4ME": "\x03\xec\xff\xe0\xc1",
	} {
		out, ok := appendBase64URL(nil, []byte(text))
		require.True(t, ok, text)
		assert.Equal(t, want, string(out))
		assert.Equal(t, text, string(appendBase64URLEncode(nil, []byte(want))))
	}
}

// Every single character in every place, against the standard library's strict
// decoder, which differs in one point only: it skips line breaks.
func TestBase64URLEveryCharacter(t *testing.T) {
	std := base64.RawURLEncoding.Strict()
	for length := 1; length <= 9; length++ {
		for place := range length {
			for c := range 256 {
				src := bytes.Repeat([]byte("A"), length)
				src[place] = byte(c)
				want, err := std.DecodeString(string(src))
				got, ok := appendBase64URL(nil, src)
				require.Equal(t, err == nil && c != '\r' && c != '\n', ok, "%q", src)
				if ok {
					require.True(t, bytes.Equal(want, got), "%q", src)
				}
			}
		}
	}
}

func TestBase64URLAllocatesNothing(t *testing.T) {
	src := []byte(strings.Repeat("QUJD", 256))
	dst, back := make([]byte, 0, 768), make([]byte, 0, 1024)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		out, _ := appendBase64URL(dst, src)
		appendBase64URLEncode(back, out)
	}))
}

func FuzzBase64URL(f *testing.F) {
	for _, s := range []string{"", "QQ", "QR", "QUI", "AAAA", "AA\n", "AA==", "-_8"} {
		f.Add([]byte(s))
	}
	std := base64.RawURLEncoding.Strict()
	f.Fuzz(func(t *testing.T, src []byte) {
		got, ok := appendBase64URL([]byte("x"), src)
		want, err := std.DecodeString(string(src))
		if ok != (err == nil && !bytes.ContainsAny(src, "\r\n")) {
			t.Fatalf("%q: accepted %v, the standard library says %v", src, ok, err)
		}
		if !ok {
			if string(got) != "x" {
				t.Fatal("a rejected text changed dst")
			}
			return
		}
		if string(got[1:]) != string(want) || !bytes.Equal(appendBase64URLEncode(nil, want), src) {
			t.Fatalf("%q: one spelling per value does not hold", src)
		}
	})
}

func BenchmarkBase64URL(b *testing.B) {
	src := []byte(strings.Repeat("QUJDabc_", 128)) // a payload of about 1 KB
	dst := make([]byte, 768)
	b.Run("core", func(b *testing.B) {
		b.SetBytes(1024)
		for b.Loop() {
			decodeBase64URL(dst, src)
		}
	})
	b.Run("std", func(b *testing.B) {
		b.SetBytes(1024)
		for b.Loop() {
			base64.RawURLEncoding.Decode(dst, src)
		}
	})
}
