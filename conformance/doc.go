// Package conformance runs the vectors against subjects: this project's own builds
// (native, WebAssembly under two engines, and the filter for proxies in an emulated proxy)
// and outside implementations that speak JSON lines on standard input and output
// (spec/runner-protocol.md).
//
// A subject never learns which case it decides: it gets a policy, keys, a time and
// a request, in an order that a seed shuffles, and its answer is held against the
// case's expectation afterwards. Verdict, code, enforcement and every pinned detail
// must agree. A rejection counts only if the accepting twin of the case was accepted
// in the same run, so a subject that rejects everything scores nothing. A crash, a
// hang and a broken protocol are failures of their own, never rejections, and what a
// subject does not declare is skipped, which is not a pass.
//
// Main is the command (ajwt conformance run|list|show|lint); Run is the library.
package conformance
