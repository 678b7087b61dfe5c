package ajwt

import (
	"strconv"
	"strings"

	"github.com/agentic-jwt/ajwt/core/ascii"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// memberCodes are the codes of one kind of document for what can be wrong with a
// member.
type memberCodes struct{ missing, unknown, kind, value, duplicate Code }

// docReader walks a document whose members the schema knows, and collects its faults.
type docReader struct {
	codes  *memberCodes
	faults []Fault
	most   int // faults that are kept; 0: all
	*pace      // nil: read in one go
}

func (r *docReader) fault(code Code, pointer, detail string) {
	if laxLoad(code) {
		return
	}
	if r.most == 0 || len(r.faults) < r.most {
		r.faults = append(r.faults, Fault{code, pointer, detail})
	}
}

// full tells that no more faults are kept.
func (r *docReader) full() bool { return r.most > 0 && len(r.faults) >= r.most }

// member is one member of an object that the schema knows.
type member struct {
	name      string
	mandatory bool
	read      func(v strictjson.Value, pointer string)
}

// object reads an object whose members are exactly the given ones, in their order;
// what it does not know it names last.
func (r *docReader) object(v strictjson.Value, pointer string, members ...member) bool {
	if !r.kind(v, pointer, strictjson.Object) {
		return false
	}
	r.work(workObject)
	for _, m := range members {
		r.work(v.Len()) // to find it
		if value := v.Member(m.name); value.Exists() {
			m.read(value, pointer+"/"+m.name)
		} else if m.mandatory {
			r.missing(pointer+"/"+m.name, "this member is mandatory")
		}
	}
	for m := v.First(); m.Exists() && !r.full(); m = m.Next() {
		r.work(len(members))
		if !knows(members, m.Key()) {
			r.work(workEntry)
			r.fault(r.codes.unknown, pointer+"/"+escapePointer(string(m.Key())), "known members: "+memberNames(members))
		}
	}
	return true
}

func knows(members []member, name []byte) bool {
	for i := range members {
		if members[i].name == string(name) {
			return true
		}
	}
	return false
}

func (r *docReader) missing(pointer, why string) {
	r.fault(r.codes.missing, pointer, why)
}

func memberNames(members []member) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.name
	}
	return strings.Join(names, ", ")
}

// escapePointer writes a reference token of a JSON pointer (RFC 6901, section 3).
func escapePointer(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

func (r *docReader) kind(v strictjson.Value, pointer string, want strictjson.Kind) bool {
	if v.Kind() == want {
		return true
	}
	r.fault(r.codes.kind, pointer, "want "+want.String()+", have "+v.Kind().String())
	return false
}

// text reads a string of 1 to max bytes without control characters.
func (r *docReader) text(v strictjson.Value, pointer string, max int) string {
	if !r.kind(v, pointer, strictjson.String) {
		return ""
	}
	b := v.Bytes()
	if len(b) == 0 || len(b) > max || hasControl(b) {
		r.fault(r.codes.value, pointer, "want 1 to "+strconv.Itoa(max)+" bytes without control characters")
		return ""
	}
	return string(b)
}

func hasControl(b []byte) bool {
	return ascii.Text(b) != len(b)
}

func (r *docReader) integer(v strictjson.Value, pointer string, min, max int64) int64 {
	if !r.kind(v, pointer, strictjson.Number) {
		return 0
	}
	n, ok := v.Integer()
	if !ok || n < min || n > max {
		r.fault(r.codes.value, pointer, "want an integer from "+strconv.FormatInt(min, 10)+" to "+strconv.FormatInt(max, 10))
		return 0
	}
	return n
}

func (r *docReader) boolean(v strictjson.Value, pointer string) bool {
	b, ok := v.Bool()
	if !ok {
		r.fault(r.codes.kind, pointer, "want true or false, have "+v.Kind().String())
	}
	return b
}

// choice reads one of the given words and returns its index, -1 after a fault.
func (r *docReader) choice(v strictjson.Value, pointer string, words ...string) int {
	if !r.kind(v, pointer, strictjson.String) {
		return -1
	}
	for i, w := range words {
		if v.Is(w) {
			return i
		}
	}
	r.fault(r.codes.value, pointer, "want one of: "+strings.Join(words, ", "))
	return -1
}

// list reads a non-empty array, entry by entry.
func (r *docReader) list(v strictjson.Value, pointer string, read func(v strictjson.Value, pointer string)) {
	if !r.kind(v, pointer, strictjson.Array) {
		return
	}
	if v.Len() == 0 {
		r.fault(r.codes.value, pointer, "want at least one entry")
	}
	i := 0
	for e := v.First(); e.Exists(); e = e.Next() {
		read(e, pointer+"/"+strconv.Itoa(i))
		i++
	}
}

// texts reads a non-empty array of distinct strings; valid may be nil.
func (r *docReader) texts(v strictjson.Value, pointer string, max int, want string, valid func(string) bool) []string {
	var out []string
	seen := map[string]bool{}
	r.list(v, pointer, func(e strictjson.Value, p string) {
		s := r.text(e, p, max)
		switch {
		case s == "":
		case valid != nil && !valid(s):
			r.fault(r.codes.value, p, "want "+want)
		case seen[s]:
			r.fault(r.codes.duplicate, p, "this entry stands twice")
		default:
			seen[s] = true
			out = append(out, s)
		}
	})
	return out
}
