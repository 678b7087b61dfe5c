package ajwt

import "bytes"

// template is a path of a route: literal segments, placeholders that take one whole
// non-empty segment, and at the end perhaps /** for one or more segments.
type template struct {
	segments []templateSegment
	rest     bool // ends in /**
}

type templateSegment struct {
	literal string // normalised; unused for a placeholder
	name    string // of the placeholder, "" for a literal
}

// isZero tells that match.path was absent or faulty.
func (t *template) isZero() bool { return len(t.segments) == 0 && !t.rest }

func (t *template) placeholder(name string) int {
	for i := range t.segments {
		if name != "" && t.segments[i].name == name {
			return i
		}
	}
	return -1
}

// parseTemplate reads match.path; why says what is wrong.
func parseTemplate(text string) (t template, why string) {
	const shape = "want a path such as /repos/{owner}/{repo} or /files/**"
	if text[0] != '/' {
		return t, shape
	}
	segments := bytes.Split([]byte(text[1:]), []byte("/"))
	if len(segments) > maxSegments {
		return t, "want at most 256 segments"
	}
	var plain []byte // what a request would send, to hold literals to the rules of paths
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case string(s) == "**":
			if !last {
				return t, "** may stand only at the end"
			}
			t.rest = true
			continue
		case len(s) > 2 && s[0] == '{' && s[len(s)-1] == '}':
			name := string(s[1 : len(s)-1])
			for j := range name {
				if c := name[j]; !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
					return t, "want placeholders of A-Z a-z 0-9 _"
				}
			}
			if t.placeholder(name) >= 0 {
				return t, "a placeholder stands twice"
			}
			t.segments = append(t.segments, templateSegment{name: name})
			plain = append(plain, "/x"...)
			continue
		case bytes.ContainsAny(s, "{}*"):
			return t, "a placeholder takes a whole segment, and ** stands only at the end"
		}
		plain = append(append(plain, '/'), s...)
		t.segments = append(t.segments, templateSegment{})
	}
	if len(plain) == 0 {
		return t, ""
	}
	var p requestPath
	if p.parse(plain) != targetOK || bytes.IndexByte(plain, '?') >= 0 {
		return t, "no request can have this path: it is malformed or ambiguous"
	}
	if t.rest && len(t.segments) > 0 && t.segments[len(t.segments)-1].name == "" && len(p.segment(len(p.segments)-1)) == 0 {
		return t, shape
	}
	for i := range t.segments {
		if t.segments[i].name == "" {
			t.segments[i].literal = string(p.segment(i))
		}
	}
	return t, ""
}

// routeNode is a node of the tree over all templates. It makes the cost of finding
// a route depend on the path's segments and not on the number of routes.
type routeNode struct {
	literals    map[string]*routeNode // names come from the policy
	placeholder *routeNode
	here        []int32 // routes that end here, in order
	rest        []int32 // routes that go on with /**, in order
	first       int32   // the least index in this subtree
}

func (p *Policy) buildIndex() {
	p.index.first = int32(len(p.routes))
	for i := range p.routes {
		n := &p.index
		n.first = min(n.first, int32(i))
		for _, s := range p.routes[i].template.segments {
			next := n.placeholder
			if s.name == "" {
				next = n.literals[s.literal]
			}
			if next == nil {
				next = &routeNode{first: int32(i)}
				if s.name != "" {
					n.placeholder = next
				} else {
					if n.literals == nil {
						n.literals = map[string]*routeNode{}
					}
					n.literals[s.literal] = next
				}
			}
			n = next
		}
		if p.routes[i].template.rest {
			n.rest = append(n.rest, int32(i))
		} else {
			n.here = append(n.here, int32(i))
		}
	}
}

// routeQuery is one search for the first route that matches.
type routeQuery struct {
	policy    *Policy
	path      *requestPath
	method    string
	scheme    string
	authority []byte // normalised
	best      int32
}

// findRoute returns the index of the first route that matches, -1 for none.
func (p *Policy) findRoute(q *routeQuery) int {
	q.policy, q.best = p, int32(len(p.routes))
	q.visit(&p.index, 0)
	if int(q.best) == len(p.routes) {
		return -1
	}
	return int(q.best)
}

func (q *routeQuery) visit(n *routeNode, depth int) {
	if n.first >= q.best {
		return
	}
	if depth == len(q.path.segments) {
		q.take(n.here)
		return
	}
	segment := q.path.segment(depth)
	if len(segment) > 0 {
		q.take(n.rest)
	}
	if next := n.literals[string(segment)]; next != nil {
		q.visit(next, depth+1)
	}
	if n.placeholder != nil && len(segment) > 0 {
		q.visit(n.placeholder, depth+1)
	}
}

// take considers routes whose template matched, in order.
func (q *routeQuery) take(routes []int32) {
	for _, i := range routes {
		if i >= q.best {
			return
		}
		r := &q.policy.routes[i]
		if len(r.methods) > 0 && !contains(r.methods, q.method) {
			continue
		}
		if r.hostHTTP != "" {
			host := r.hostHTTPS
			if q.scheme == "http" {
				host = r.hostHTTP
			}
			if string(q.authority) != host {
				continue
			}
		}
		q.best = i
		return
	}
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
