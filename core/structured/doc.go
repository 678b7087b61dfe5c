// Package structured reads Structured Field Values for HTTP (RFC 9651): dictionaries,
// lists, items, parameters and every type of value.
//
// One thing is stricter than the RFC: a key that stands twice in a dictionary, or in the
// parameters of one value, is a fault of its own. The RFC lets the last one win, which
// is how two readers of one field come to see different values.
//
// A Document keeps a flat list of the values that it met, so a reused one allocates
// nothing.
package structured
