package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// show prints a case, its twin and how they differ.
func (c *command) show(args []string) int {
	words, code, done := c.parse(c.flags("show"), args, 1)
	if done {
		return code
	}
	suite, code := c.load()
	if suite == nil {
		return code
	}
	k := suite.Case(words[0])
	if k == nil {
		return c.fail(ExitUsage, fmt.Errorf("no case has the id %q (see ajwt conformance list)", words[0]))
	}
	var twin *vectors.Case
	if k.Twin != "" {
		twin = suite.Case(k.Twin)
	}
	if c.json {
		e := json.NewEncoder(c.stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		if err := e.Encode(map[string]*vectors.Case{"case": k, "twin": twin}); err != nil {
			return c.fail(ExitIncomplete, err)
		}
		return ExitConformant
	}
	writeCase(c.stdout, k)
	if twin == nil {
		return ExitConformant
	}
	fmt.Fprintf(c.stdout, "\nIts twin, which must be accepted:\n\n")
	writeCase(c.stdout, twin)
	fmt.Fprintf(c.stdout, "\nHow they differ:\n")
	if k.Mutation != nil {
		fmt.Fprintf(c.stdout, "  %s\n", mutationWords(k.Mutation))
	}
	for _, d := range diffCases(twin, k) {
		from, to := shownPair(d.Want, d.Got)
		fmt.Fprintf(c.stdout, "  %s: %s becomes %s\n", d.Field, from, to)
	}
	return ExitConformant
}

// shownPair shortens two pieces to what a reader can compare: where both begin with
// the same long text, only its end is shown.
func shownPair(a, b string) (string, string) {
	const keep = 12 // bytes of the common text
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	cut := func(text string) string {
		if len(text) > maxClip && same > keep {
			text = "…" + strings.ToValidUTF8(text[same-keep:], "")
		}
		return orNone(clipped([]byte(text)))
	}
	return cut(a), cut(b)
}

// writeCase prints a case for people, its tokens decoded.
func writeCase(w io.Writer, c *vectors.Case) {
	fmt.Fprintf(w, "%s  [%s, %s, since %s]\n%s\n", c.ID, c.Op, c.Level, c.Since, c.Title)
	line := func(name string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			fmt.Fprintf(w, "  %-12s %s\n", name, text)
		}
	}
	line("references", c.Refs...)
	line("requirements", c.Requirements...)
	line("threats", c.Threats...)
	line("CVEs", c.CVEs...)
	line("algorithms", c.Algorithms...)
	line("kills", c.Kills...)
	if name, ok := rawString(c.Policy); ok {
		line("policy", name)
	} else if len(c.Policy) > 0 {
		line("policy", string(c.Policy))
	}
	for _, issuer := range sortedKeys(c.Keys) {
		line("keys", issuer+" from "+c.Keys[issuer])
	}
	for _, issuer := range sortedKeys(c.Bundle) {
		line("bundle", issuer+" from "+c.Bundle[issuer])
	}
	for _, issuer := range sortedKeys(c.Revocations) {
		line("revocations", issuer+" from "+c.Revocations[issuer])
	}
	if c.Loaded != nil {
		line("loaded", fmt.Sprint(*c.Loaded))
	}
	if len(c.Input) > 0 {
		line("input", string(c.Input))
	}
	if c.Request != nil {
		line("now", fmt.Sprint(*c.Now))
		writeRequest(w, c.Request)
	}
	line("expect", wants(c))
	for i := range c.Requests {
		if l := c.Requests[i].Load; l != nil {
			fmt.Fprintf(w, "  request %d at %d loads the %s of %s from %s\n", i, c.Requests[i].Now, l.Kind, l.Issuer, l.File)
			continue
		}
		fmt.Fprintf(w, "  request %d at %d\n", i, c.Requests[i].Now)
		writeRequest(w, c.Requests[i].Request)
	}
}

func writeRequest(w io.Writer, r *vectors.Request) {
	fmt.Fprintf(w, "    %s %s://%s%s\n", r.Method, r.Scheme, r.Authority, r.Target)
	for _, h := range r.Headers {
		fmt.Fprintf(w, "    %s: %s\n", h.Name, strings.ToValidUTF8(string(h.Value), "?"))
	}
	if r.Body != "" {
		fmt.Fprintf(w, "    body (base64): %s\n", r.Body)
	}
	for _, part := range requestParts(r, true) {
		if strings.HasPrefix(part.name, "token ") || strings.HasPrefix(part.name, "proof ") {
			fmt.Fprintf(w, "    %s: %s\n", part.name, part.value)
		}
	}
}
