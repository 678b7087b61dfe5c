// Package strictjson reads one JSON text (RFC 8259) the way a verifier must:
// exactly one reading exists, or the text is refused.
//
// Refused are: duplicate member names at any depth (compared after unescaping),
// text that is not UTF-8, escapes that form a lone surrogate, a byte order mark,
// anything after the value, and texts that exceed the caller's limits. Numbers
// are held to the grammar only; whoever reads one decides about its range.
//
// A Document keeps a flat list of the values that it met and points into the
// source, so reading it copies nothing and a reused Document allocates nothing.
package strictjson
