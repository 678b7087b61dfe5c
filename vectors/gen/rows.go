package main

import (
	"strings"
)

// row is a rejecting case without its twin, so that the same edit can be tried on
// several ones.
type row struct {
	slug, title, code string
	edit              edit
	opts              []option
}

// rejects adds a case for every row.
func (b *builder) rejects(t twin, rows []row) {
	for _, r := range rows {
		b.reject(r.slug, r.title, t, r.code, r.edit, r.opts...)
	}
}

// accepted is an accepting case close to a rejection.
type accepted struct {
	slug, title string
	edit        edit
	opts        []option
}

// nears adds a case for every row.
func (b *builder) nears(t twin, rows []accepted) {
	for _, r := range rows {
		b.near(r.slug, r.title, t, r.edit, r.opts...)
	}
}

// pick returns the rows with these slugs, in their order.
func pick(rows []row, slugs ...string) []row {
	var found []row
	for _, slug := range slugs {
		n := len(found)
		for _, r := range rows {
			if r.slug == slug {
				found = append(found, r)
			}
		}
		if len(found) != n+1 {
			panic("no single row " + slug)
		}
	}
	return found
}

// base64url's alphabet in the order of its values.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// slack sets the lowest spare bit of the last character, which decodes to the same
// bytes in a lax decoder.
func slack(part string) string {
	if len(part)%4 < 2 {
		panic("no spare bits in " + part)
	}
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + alphabet[last+1:last+2]
}

// padded adds the padding that a standard encoder would write.
func padded(part string) string {
	if len(part)%4 == 0 {
		panic("no padding for " + part)
	}
	return part + strings.Repeat("=", 4-len(part)%4)
}

// standard writes the first - or _ as the + or / of the standard alphabet.
func standard(part string) string {
	i := strings.IndexAny(part, "-_")
	if i < 0 {
		panic("neither - nor _ in " + part)
	}
	to := "+"
	if part[i] == '_' {
		to = "/"
	}
	return part[:i] + to + part[i+1:]
}

// insert puts text into the middle of a part.
func insert(text string) func(string) string {
	return func(part string) string { return part[:len(part)/2] + text + part[len(part)/2:] }
}

// to replaces a part.
func to(text string) func(string) string { return func(string) string { return text } }

// cutToRest1 shortens a part to a length that no byte string encodes to.
func cutToRest1(part string) string {
	for len(part)%4 != 1 {
		part = part[:len(part)-1]
	}
	return part
}

// nested is an array of n levels.
func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// nestedObjects is an object of n levels.
func nestedObjects(n int) string {
	return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1)
}
