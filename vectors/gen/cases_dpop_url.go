package main

import (
	"strings"
)

// Proofs: method and URL.

func dpopHtm(b *builder) {
	b.refs = []string{"RFC 9449, section 4.2", "RFC 9449, section 4.3", "RFC 9110, section 9.1"}
	t := b.accept("get", "A proof for the request's method is accepted.", b.proven())
	htm := func(slug, title, code, text string) row {
		return proofPayload(slug, title, code, "/htm", text, kills("htm-ignored"))
	}
	b.rejects(t, []row{
		{"missing", "The proof has no htm.", "proof_htm_missing", drop("proof.payload", "/htm"), []option{kills("htm-ignored")}},
		htm("null", "The htm is null.", "proof_htm_invalid", "null"),
		htm("number", "The htm is a number.", "proof_htm_invalid", "1"),
		htm("array", "The htm is an array that holds the method.", "proof_htm_invalid", `["GET"]`),
		htm("other", "The proof is for another method.", "proof_htm_mismatch", `"POST"`),
		htm("empty", "The htm is the empty string.", "proof_htm_mismatch", `""`),
		proofPayload("lower-case", "Methods compare with regard to case.", "proof_htm_mismatch", "/htm", `"get"`, kills("htm-ignored", "htm-case-insensitive")),
		htm("trailing-blank", "The htm has a blank behind it.", "proof_htm_mismatch", `"GET "`),
		htm("nul", "The htm goes on after a NUL.", "proof_htm_mismatch", `"GET\u0000"`),
		htm("star", "A star stands for nothing but itself.", "proof_htm_mismatch", `"*"`),
		htm("head", "A proof for HEAD is none for GET.", "proof_htm_mismatch", `"HEAD"`),
	})
	b.near("escaped", "JSON escapes in htm change nothing.", t, set("proof.payload", "/htm", `"\u0047ET"`))
	b.accept("delete", "A proof for DELETE is accepted with a DELETE.", b.proven().to("DELETE", "/repos/acme/app"))
	own := b.accept("own-method", "Any method token is compared like the usual ones.", b.proven().to("x-patch", "/repos/acme/app"))
	b.reject("own-method-case", "Any method token is compared with regard to case.", own, "proof_htm_mismatch", set("proof.payload", "/htm", `"X-PATCH"`),
		kills("htm-ignored", "htm-case-insensitive"))
	b.reject("request-method", "The request came with another method than the proof was made for.", t, "proof_htm_mismatch", set("request", "/method", `"DELETE"`),
		kills("htm-ignored"), threats("T2"))
}

func dpopHtu(b *builder) {
	b.refs = []string{"RFC 9449, section 4.3", "RFC 3986, section 6.2.2", "RFC 3986, section 6.2.3"}
	t := b.accept("exact", "A proof for the request's URL is accepted.", b.proven())
	dpopHtuForms(b, t)
	htu := func(slug, title, url string) row {
		return proofPayload(slug, title, "proof_htu_mismatch", "/htu", quote(url), kills("htu-ignored"))
	}
	b.rejects(t, []row{
		htu("scheme", "The proof is for http.", "http://api.example/repos/acme/app"),
		htu("host", "The proof is for another host.", "https://api2.example/repos/acme/app"),
		htu("host-longer", "The proof is for a host that begins with ours.", "https://api.example.evil.example/repos/acme/app"),
		htu("host-trailing-dot", "A host with a dot behind it is another one.", "https://api.example./repos/acme/app"),
		htu("port", "The proof is for another port.", "https://api.example:8443/repos/acme/app"),
		htu("port-of-http", "The default port of http is not that of https.", "https://api.example:80/repos/acme/app"),
		htu("path", "The proof is for another path.", "https://api.example/repos/acme/other"),
		htu("path-shorter", "The proof is for a path above.", "https://api.example/repos/acme"),
		htu("path-longer", "The proof is for a path below.", "https://api.example/repos/acme/app/pulls"),
		htu("path-empty", "The proof is for the root.", "https://api.example"),
		htu("path-case", "Paths compare with regard to case.", "https://api.example/Repos/acme/app"),
		htu("trailing-slash", "The trailing slash counts.", "https://api.example/repos/acme/app/"),
		htu("double-slash", "An empty segment counts.", "https://api.example//repos/acme/app"),
		htu("escaped-slash", "An escaped slash is no slash.", "https://api.example/repos%2Facme/app"),
		htu("escaped-twice", "Escapes are decoded once.", "https://api.example/repos/acme/%2561pp"),
		htu("path-parameter", "A parameter behind ; belongs to its segment.", "https://api.example/repos/acme/app;v=1"),
		htu("dots-beyond-root", "Dots that lead above the root stop there: the rest is another path.", "https://api.example/../acme/app"),
		htu("prefix-path", "A URL of which ours is a part is another one.", "https://api.example/x/repos/acme/app"),
	})
	near := func(slug, title, url string, opts ...option) accepted {
		return proofPayloadNear(slug, title, "/htu", quote(url), opts...)
	}
	query := []option{refs("RFC 9449, section 4.3", refDPoP)}
	b.nears(t, []accepted{
		near("scheme-upper-case", "Schemes compare without regard to case.", "HTTPS://api.example/repos/acme/app"),
		near("host-upper-case", "Hosts compare without regard to case.", "https://API.Example/repos/acme/app"),
		near("default-port", "The default port may be written out.", "https://api.example:443/repos/acme/app"),
		near("empty-port", "An empty port is the default one.", "https://api.example:/repos/acme/app"),
		near("escaped-letter", "An escaped letter is the letter.", "https://api.example/%72epos/acme/app"),
		near("escaped-letter-digits-upper-case", "An escaped letter is the letter whatever the case of its digits: %6F.", "https://api.example/rep%6Fs/acme/app"),
		near("escaped-letter-digits-lower-case", "An escaped letter is the letter whatever the case of its digits: %6f.", "https://api.example/rep%6fs/acme/app"),
		near("escaped-host", "An escaped letter in the host is the letter.", "https://api.ex%61mple/repos/acme/app"),
		near("dot-segment", "A dot segment goes.", "https://api.example/./repos/acme/app"),
		near("dot-dot-segment", "Two dots take the segment before them along.", "https://api.example/x/../repos/acme/app"),
		near("dot-dot-at-root", "Two dots at the root go.", "https://api.example/../repos/acme/app"),
		near("escaped-dots", "Escaped dots are dots.", "https://api.example/x/%2e%2E/repos/acme/app"),
		{"query", "A query in htu is ignored.", set("proof.payload", "/htu", `"https://api.example/repos/acme/app?page=2"`), query},
		{"empty-query", "An empty query in htu is ignored.", set("proof.payload", "/htu", `"https://api.example/repos/acme/app?"`), query},
		{"fragment", "A fragment in htu is ignored.", set("proof.payload", "/htu", `"https://api.example/repos/acme/app#top"`), query},
		{"query-and-fragment", "A query with a slash and a fragment in htu are ignored.", set("proof.payload", "/htu", `"https://api.example/repos/acme/app?a=/../b#?c"`), query},
		{"json-escapes", "JSON escapes in htu change nothing.", set("proof.payload", "/htu", `"https:\/\/api.example\/repos\/\u0061cme\/app"`), nil},
		{"request-query", "A query of the request is ignored.", set("request", "/target", `"/repos/acme/app?page=2"`), query},
		{"request-host-upper-case", "The case of the request's host does not count.", set("request", "/authority", `"API.example"`), nil},
		{"request-default-port", "The request's authority may have the default port.", set("request", "/authority", `"api.example:443"`), nil},
		{"request-escaped-letter", "An escaped letter in the request's path is the letter.", set("request", "/target", `"/%72epos/acme/app"`), nil},
	})
	b.rejects(t, []row{
		{"request-path", "The request came for another path than the proof was made for.", "proof_htu_mismatch", set("request", "/target", `"/repos/acme/other"`), []option{kills("htu-ignored"), threats("T2")}},
		{"request-authority", "The request came to another host than the proof was made for.", "proof_htu_mismatch", set("request", "/authority", `"b.example"`), []option{kills("htu-ignored"), threats("T2")}},
		{"request-scheme", "The request came over http and the proof was made for https.", "proof_htu_mismatch", set("request", "/scheme", `"http"`), []option{kills("htu-ignored")}},
	})
	dpopHtuOthers(b)
}

// dpopHtuForms: what is no absolute http or https URL.
func dpopHtuForms(b *builder, t twin) {
	bad := func(slug, title, url string) row {
		return proofPayload(slug, title, "proof_htu_invalid", "/htu", quote(url), refs("RFC 9449, section 4.2", "RFC 3986, section 3"), kills("htu-form-unchecked"))
	}
	b.rejects(t, []row{
		{"missing", "The proof has no htu.", "proof_htu_missing", drop("proof.payload", "/htu"), []option{kills("htu-ignored")}},
		proofPayload("null", "The htu is null.", "proof_htu_invalid", "/htu", "null"),
		proofPayload("number", "The htu is a number.", "proof_htu_invalid", "/htu", "1"),
		proofPayload("array", "The htu is an array that holds the URL.", "proof_htu_invalid", "/htu", `["https://api.example/repos/acme/app"]`),
		bad("empty", "The htu is the empty string.", ""),
		bad("path-alone", "The htu is the path alone.", "/repos/acme/app"),
		bad("scheme-missing", "The htu has no scheme.", "api.example/repos/acme/app"),
		bad("network-path", "The htu is relative to the scheme.", "//api.example/repos/acme/app"),
		bad("other-scheme", "The htu has a scheme that is neither http nor https.", "ftp://api.example/repos/acme/app"),
		bad("scheme-without-slashes", "The htu lacks the slashes before its authority.", "https:api.example/repos/acme/app"),
		bad("authority-empty", "The htu has an empty authority.", "https:///repos/acme/app"),
		bad("userinfo", "The htu has user information.", "https://user@api.example/repos/acme/app"),
		bad("userinfo-password", "The htu has user information with a password.", "https://user:secret@api.example/repos/acme/app"),
		bad("userinfo-empty", "The htu has empty user information.", "https://@api.example/repos/acme/app"),
		bad("port-letters", "The htu's port is no number.", "https://api.example:https/repos/acme/app"),
		bad("port-65536", "The htu's port is beyond 65535.", "https://api.example:65536/repos/acme/app"),
		bad("escape-not-hexadecimal", "The htu holds an escape that is not hexadecimal.", "https://api.example/repos/acme/%zzapp"),
		bad("escape-truncated", "The htu ends within an escape.", "https://api.example/repos/acme/app%6"),
		bad("percent-alone", "The htu holds a percent sign that begins no escape.", "https://api.example/repos/acme/100%"),
		bad("blank", "The htu holds a blank.", "https://api.example/repos/acme/a p"),
		bad("leading-blank", "The htu begins with a blank.", " https://api.example/repos/acme/app"),
		bad("backslash", "The htu holds a backslash.", `https://api.example\repos/acme/app`),
		bad("unicode", "The htu holds a letter outside ASCII.", "https://api.example/repos/acmé/app"),
		bad("tab", "The htu holds a tab.", "https://api.example/repos/acme/\tapp"),
		bad("brackets", "The htu's host is in brackets and no IP address.", "https://[api.example]/repos/acme/app"),
	})
}

// dpopHtuOthers: URLs that the usual request does not have.
func dpopHtuOthers(b *builder) {
	root := b.proven().under(es256Policy("hardened", "", `[{"id":"root","match":{"path":"/"},"require":{"level":"jwt"}}]`)).to("GET", "/")
	r := b.accept("root", "A proof for the root is accepted.", root)
	b.near("root-empty-path", "An empty path is the root.", r, set("proof.payload", "/htu", `"https://api.example"`))
	b.near("root-empty-path-query", "An empty path before a query is the root.", r, set("proof.payload", "/htu", `"https://api.example?x=1"`))
	b.reject("root-other-path", "A path is not the root.", r, "proof_htu_mismatch", set("proof.payload", "/htu", `"https://api.example/x"`), kills("htu-ignored"))
	ported := b.proven()
	ported.authority = "api.example:8443"
	p := b.accept("other-port", "A proof for a port that is not the default is accepted there.", ported.to("GET", ported.target))
	b.reject("other-port-missing", "The htu lacks the port that is not the default.", p, "proof_htu_mismatch", set("proof.payload", "/htu", `"https://api.example/repos/acme/app"`), kills("htu-ignored"))
	plain := b.proven()
	plain.urlScheme = "http"
	h := b.accept("http", "A proof for http is accepted with a request over http.", plain.to("GET", plain.target))
	b.near("http-default-port", "The default port of http is 80.", h, set("proof.payload", "/htu", `"http://api.example:80/repos/acme/app"`))
	b.reject("http-port-443", "The default port of https is not that of http.", h, "proof_htu_mismatch", set("proof.payload", "/htu", `"http://api.example:443/repos/acme/app"`), kills("htu-ignored"))
	six := b.proven()
	six.authority = "[2001:db8::1]"
	v6 := b.accept("ipv6", "A proof for an IPv6 address is accepted.", six.to("GET", six.target))
	b.near("ipv6-upper-case", "The digits of an IPv6 address compare without regard to case.", v6, set("proof.payload", "/htu", `"https://[2001:DB8::1]:443/repos/acme/app"`))
	b.reject("ipv6-other", "The proof is for another IPv6 address.", v6, "proof_htu_mismatch", set("proof.payload", "/htu", `"https://[2001:db8::2]/repos/acme/app"`), kills("htu-ignored"))
	escaped := b.accept("reserved-escape", "An escaped reserved character in the path is compared as an escape.", b.proven().to("GET", "/repos/acme/a%3Fb"))
	b.near("reserved-escape-lower-case", "The digits of an escape compare without regard to case.", escaped, set("proof.payload", "/htu", `"https://api.example/repos/acme/a%3fb"`))
	b.reject("reserved-escape-decoded", "An escaped question mark is no question mark: what follows one is a query.", escaped, "proof_htu_mismatch",
		set("proof.payload", "/htu", `"https://api.example/repos/acme/a?b"`), kills("htu-ignored"))
	semi := b.accept("sub-delimiter", "A character that may stand unescaped is accepted so.", b.proven().to("GET", "/repos/acme/a+b"))
	b.reject("sub-delimiter-escaped", "An escaped reserved character is not the character.", semi, "proof_htu_mismatch",
		set("proof.payload", "/htu", `"https://api.example/repos/acme/a%2Bb"`), kills("htu-ignored"))
	long := b.accept("trailing-slash-of-both", "A trailing slash on both sides is accepted.", b.proven().to("GET", "/repos/acme/app/"))
	b.reject("trailing-slash-missing", "The htu lacks the request's trailing slash.", long, "proof_htu_mismatch",
		set("proof.payload", "/htu", quote(strings.TrimSuffix("https://api.example/repos/acme/app/", "/"))), kills("htu-ignored"))
}
