package conformance

import (
	"encoding/json"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// mutationLine says on one line how the twin became the case, such as
// `header /alg: "RS256" becomes "none"`.
func mutationLine(m *vectors.Mutation) string {
	at := m.Layer
	switch {
	case strings.HasSuffix(m.Layer, "compact"):
		at += " at byte " + m.Path
	case m.Path != "":
		at += " " + m.Path
	}
	switch {
	case m.From == nil && m.To == nil:
		return at + ": changed"
	case m.From == nil:
		return at + ": added " + clipped(m.To)
	case m.To == nil:
		return at + ": removed " + clipped(m.From)
	}
	return at + ": " + clipped(m.From) + " becomes " + clipped(m.To)
}

// maxClip is the number of bytes of a value that a line shows.
const maxClip = 72

func clipped(raw json.RawMessage) string {
	text := string(raw)
	if b, err := compacted(raw); err == nil {
		text = string(b)
	}
	if len(text) <= maxClip {
		return text
	}
	cut := maxClip
	for cut > 0 && text[cut]&0xc0 == 0x80 {
		cut-- // not within a character
	}
	return text[:cut] + "…"
}
