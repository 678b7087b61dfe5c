package main

var jwsTopics = []topic{{"jws", "compact", jwsCompact}}
var jwkTopics, requestTopics []topic

// jwsCompact: three parts joined with dots.
func jwsCompact(b *builder) {
	b.refs = []string{"RFC 7515, section 7.1"}
	t := b.accept("three-parts", "A token of three parts is accepted.", draft("RS256"))
	b.reject("two-parts", "A token without the dot and the signature is refused.", t, "jws_compact_segments",
		token(func(c string) string { return c[:len(c)-343] }))
	h := b.accept("hardened", "A bound token with a proof is accepted.", hardened("RS256"))
	b.reject("hardened-two-parts", "A token without the dot and the signature is refused.", h, "jws_compact_segments",
		token(func(c string) string { return c[:len(c)-343] }))
}
