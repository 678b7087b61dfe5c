package replaystore

import (
	"strconv"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// The protocol of spec/replay.md.
const (
	path        = "/v1/replay"
	healthPath  = "/healthz"
	startHeader = "Replay-Start"
	// maxBody is the most bytes of a request: 16 keys take less than 2,300.
	maxBody = 4096
)

// appendRequest appends the body {"keys":[{"k":"…","exp":…},…]}.
func appendRequest(dst []byte, keys []ajwt.ReplayKey) []byte {
	dst = append(dst, `{"keys":[`...)
	for i := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"k":"`...)
		dst = appendKey(dst, &keys[i])
		dst = append(dst, `","exp":`...)
		dst = append(strconv.AppendInt(dst, keys[i].Expires, 10), '}')
	}
	return append(dst, "]}"...)
}

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

// appendSeen is the body of 409.
func appendSeen(dst []byte, index int) []byte {
	return append(strconv.AppendInt(append(dst, `{"seen":`...), int64(index), 10), '}')
}

// parseSeen reads it: which of so many keys was known.
func parseSeen(body []byte, keys int) (int, bool) {
	var doc strictjson.Document
	if doc.Parse(body, strictjson.Limits{Depth: 1, Members: 1}) != nil {
		return 0, false
	}
	index, ok := doc.Root().Member("seen").Integer()
	return int(index), ok && index < int64(keys)
}

// parseStart reads the header that every answer of the store carries.
func parseStart(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= strictjson.MaxInteger && text == strconv.FormatInt(n, 10)
}
