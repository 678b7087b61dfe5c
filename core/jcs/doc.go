// Package jcs writes JSON in the one form that RFC 8785 (JSON Canonicalization
// Scheme) gives to a value: no white space, members sorted by the UTF-16 code
// units of their names, the fewest escapes, and numbers as ECMAScript writes them.
//
// Every number is read as an IEEE 754 double first, as RFC 8785, section 3.2.2.3
// demands: 9007199254740993 becomes 9007199254740992, and two texts that differ
// only beyond a double's precision have one canonical form. A number that no
// double can hold is refused.
//
// Input is read by strictjson, so what it refuses (duplicate members, strings that
// are not Unicode) has no canonical form either.
package jcs
