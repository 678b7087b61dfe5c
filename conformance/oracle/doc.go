// Package oracle asks a second opinion on the vectors: golang-jwt, with all its strict
// options on, decides the token, key and claim cases too. Where it differs from the
// vectors the reason stands in golang-jwt.json, which its test holds to be complete and
// current. It is no part of any program.
package oracle
