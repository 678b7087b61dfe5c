package replaystore

import (
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// The protocol of spec/replay.md; the caller's half stands in core/replaywire.
const (
	path        = replaywire.Path
	healthPath  = "/healthz"
	startHeader = replaywire.StartHeader
	maxBody     = replaywire.MaxBody
)

// requestFault says what is wrong with a request, in words for its sender.
type requestFault string

func (f requestFault) Error() string { return string(f) }

// parseRequest reads a body strictly: an unknown or repeated member, or anything after
// the object, refuses it. The owner of each key is its tag.
func parseRequest(body []byte) ([]ajwt.ReplayKey, error) {
	var doc strictjson.Document
	if err := doc.Parse(body, strictjson.Limits{Depth: 3, Members: 1 + 2*MaxKeys}); err != nil {
		return nil, requestFault("the body is not JSON as this service reads it: " + err.Error())
	}
	root := doc.Root()
	list := root.Member("keys")
	if root.Len() != 1 || list.Kind() != strictjson.Array || list.Len() < 1 || list.Len() > MaxKeys {
		return nil, requestFault("want one member, keys, with 1 to " + strconv.Itoa(MaxKeys) + " entries")
	}
	keys := make([]ajwt.ReplayKey, 0, list.Len())
	for e := list.First(); e.Exists(); e = e.Next() {
		text, last := e.Member("k"), e.Member("exp")
		k, ok := parseKey(string(text.Bytes()))
		exp, whole := last.Integer()
		switch {
		case e.Kind() != strictjson.Object || e.Len() != 2 || !text.Exists() || !last.Exists():
			return nil, requestFault("an entry has the members k and exp, and no other")
		case !ok:
			return nil, requestFault("k: want base64url of 32 bytes, a full stop, base64url of 32 bytes")
		case !whole:
			return nil, requestFault("exp: want a NumericDate")
		}
		k.Owner, k.Expires = k.Tag, exp
		keys = append(keys, k)
	}
	if !ajwt.OneTag(keys) {
		return nil, requestFault("k: want one tag for all keys of a request")
	}
	return keys, nil
}
