package ajwt

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTargets(t *testing.T) {
	for _, row := range []struct {
		target string
		fault  targetFault
		text   string
	}{
		{"/", targetOK, "/"},
		{"/a/b", targetOK, "/a/b"},
		{"/a/", targetOK, "/a/"},
		{"/a?b=//../%zz%", targetOK, "/a"},
		{"/%61%7e", targetOK, "/a~"},
		{"/%c3%a9", targetOK, "/%C3%A9"},
		{"/a;x=1", targetOK, "/a;x=1"},
		{"/...", targetOK, "/..."},
		{"/%252F", targetOK, "/%252F"},
		{"", targetMalformed, ""},
		{"*", targetMalformed, ""},
		{"https://api.example/", targetMalformed, ""},
		{"/a#b", targetMalformed, ""},
		{"/a?b#c", targetMalformed, ""},
		{"/%", targetMalformed, ""},
		{"/%4", targetMalformed, ""},
		{"/%g0", targetMalformed, ""},
		{"/a b", targetMalformed, ""},
		{"/é", targetMalformed, ""},
		{"/a|b", targetMalformed, ""},
		{"/a?é", targetMalformed, ""},
		{"//", targetAmbiguous, ""},
		{"//a", targetAmbiguous, ""},
		{"/a//", targetAmbiguous, ""},
		{"/a//b", targetAmbiguous, ""},
		{"/.", targetAmbiguous, ""},
		{"/a/..", targetAmbiguous, ""},
		{"/../a", targetAmbiguous, ""},
		{"/%2e/a", targetAmbiguous, ""},
		{"/%2E%2e", targetAmbiguous, ""},
		{"/..;x/a", targetAmbiguous, ""},
		{"/.;/a", targetAmbiguous, ""},
		{"/;x/a", targetAmbiguous, ""},
		{"/a%2fb", targetAmbiguous, ""},
		{"/a%5Cb", targetAmbiguous, ""},
		{"/a%00", targetAmbiguous, ""},
		{"/a%7f", targetAmbiguous, ""},
		{"/a\\b", targetAmbiguous, ""},
		{"/a\x01b", targetAmbiguous, ""},
		{"/a?b\x7f", targetMalformed, ""},
	} {
		var p requestPath
		require.Equal(t, row.fault, p.parse([]byte(row.target)), "%q", row.target)
		if row.fault == targetOK {
			require.Equal(t, row.text, string(p.text), "%q", row.target)
		}
	}
}

func TestHTU(t *testing.T) {
	for _, row := range []struct {
		htu, scheme, authority, target string
		match, ok                      bool
	}{
		{"https://api.example/a", "https", "api.example", "/a", true, true},
		{"HTTPS://API.Example:443/a?x#y", "https", "api.example", "/a?z", true, true},
		{"https://api.example:/a", "https", "api.example", "/a", true, true},
		{"https://api.example", "https", "api.example", "/", true, true},
		{"https://api.example?x", "https", "api.example", "/", true, true},
		{"https://api.example/b/../a", "https", "api.example", "/a", true, true},
		{"https://api.example/../a", "https", "api.example", "/a", true, true},
		{"https://api.example/%61", "https", "api.example", "/a", true, true},
		{"https://api.example/%c3%a9", "https", "api.example", "/%C3%A9", true, true},
		{"https://[2001:DB8::1]:8443/a", "https", "[2001:db8::1]:8443", "/a", true, true},
		{"http://api.example:80/a", "http", "api.example", "/a", true, true},
		{"http://api.example/a", "https", "api.example", "/a", false, true},
		{"https://api.example/A", "https", "api.example", "/a", false, true},
		{"https://api.example/a/", "https", "api.example", "/a", false, true},
		{"https://api.example:444/a", "https", "api.example", "/a", false, true},
		{"https://api.example//a", "https", "api.example", "/a", false, true},
		{"https://u@api.example/a", "https", "api.example", "/a", false, false},
		{"https://api.example/%zz", "https", "api.example", "/a", false, false},
		{"https://api.example/a b", "https", "api.example", "/a", false, false},
		{"https:///a", "https", "api.example", "/a", false, false},
		{"/a", "https", "api.example", "/a", false, false},
		{"ftp://api.example/a", "https", "api.example", "/a", false, false},
		{"https://api.example:65536/a", "https", "api.example", "/a", false, false},
		{"", "https", "api.example", "/a", false, false},
	} {
		var s scratch
		authority, ok := appendAuthority(nil, []byte(row.authority), row.scheme)
		require.True(t, ok)
		require.Equal(t, targetOK, s.path.parse([]byte(row.target)))
		match, ok := s.htuMatches([]byte(row.htu), row.scheme, authority, s.path.text)
		require.Equal(t, row.ok, ok, "%q", row.htu)
		require.Equal(t, row.match, match, "%q", row.htu)
	}
}

// FuzzHTU holds htu to three properties: a request's own URL matches it, whatever is
// said to match has the same URL in net/url's reading, and nothing panics.
func FuzzHTU(f *testing.F) {
	for _, s := range []string{"https://api.example/a/b", "https://api.example:443/%61/../b?c#d", "http://[::1]:80", "https://a/..//b"} {
		f.Add(s, "/a/b")
	}
	f.Fuzz(func(t *testing.T, htu, target string) {
		var s scratch
		if s.path.parse([]byte(target)) != targetOK {
			return
		}
		own := "https://api.example" + target
		match, ok := s.htuMatches([]byte(own), "https", []byte("api.example"), s.path.text)
		require.True(t, ok && match, "%q", own)
		match, ok = s.htuMatches([]byte(htu), "https", []byte("api.example"), s.path.text)
		if !match {
			return
		}
		require.True(t, ok)
		u, err := url.Parse(strings.SplitN(strings.SplitN(htu, "?", 2)[0], "#", 2)[0])
		require.NoError(t, err)
		require.True(t, strings.EqualFold(u.Hostname(), "api.example"), htu)
		want, err := url.PathUnescape(string(s.path.text))
		require.NoError(t, err)
		clean := path.Clean("/" + u.Path)
		if strings.Trim(want, "/") != "" && !strings.Contains(u.Path, "//") {
			require.Equal(t, strings.TrimSuffix(want, "/"), strings.TrimSuffix(clean, "/"), htu)
		}
	})
}
