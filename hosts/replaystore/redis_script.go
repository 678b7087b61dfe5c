package replaystore

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"sync"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// The names of keys. What stands in braces decides about the slot of a cluster (Redis
// Cluster specification, hash tags), so all keys of a decision lie in one.
const (
	prefix     = "ajwt:1:"
	startName  = prefix + "start"  // when the server was first seen empty
	runName    = prefix + "run"    // the run id of the server that was seen last
	startOf    = prefix + "start:" // the same for one slot of a cluster
	slotNumber = 16384
)

// appendName appends the name of a key's entry: ajwt:1:{tag}:key, both base64url.
func appendName(dst []byte, k *ajwt.ReplayKey) []byte {
	dst = append(dst, prefix+"{"...)
	dst = base64.RawURLEncoding.AppendEncode(dst, k.Tag[:])
	dst = append(dst, "}:"...)
	return base64.RawURLEncoding.AppendEncode(dst, k.Key[:])
}

// marker is the name of the key that tells when the memory that holds an entry was
// first seen empty. It must lie in the entry's slot, since a script may touch one alone.
func (r *Redis) marker(k *ajwt.ReplayKey) string {
	if !r.o.Cluster {
		return startName
	}
	var text [43]byte
	base64.RawURLEncoding.Encode(text[:], k.Tag[:])
	return slotMarkers()[crc16(text[:])%slotNumber]
}

// slotMarkers are the names of the markers of all slots: the hash tag of each is the
// first number in base 36 that falls into the slot.
var slotMarkers = sync.OnceValue(func() []string {
	names := make([]string, slotNumber)
	for i, left := int64(0), slotNumber; left > 0; i++ {
		text := strconv.FormatInt(i, 36)
		if slot := crc16([]byte(text)) % slotNumber; names[slot] == "" {
			names[slot] = startOf + "{" + text + "}"
			left--
		}
	}
	return names
})

// crc16 is CRC-16/XMODEM, as the slots of a Redis Cluster are computed.
func crc16(data []byte) (crc uint16) {
	for _, c := range data {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// script is a Lua program that the server runs as one step.
type script struct{ text, hash string }

func newScript(text string) *script {
	sum := sha1.Sum([]byte(text)) // how Redis names scripts
	return &script{text, hex.EncodeToString(sum[:])}
}

// recordScript takes all keys or none. KEYS: the marker, then the entries. ARGV: a nonce
// of this call, now, the clock difference, then each entry's last second. It answers the
// index of the first entry that was known or -1, and the marker.
//
// An entry leaves when both say so: the server's clock against the last second, and the
// time that has passed since the caller's now. An entry with the nonce of this very call
// is no stranger: a cluster's client may send a call again when it follows a slot.
var recordScript = newScript(`
local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
local start = redis.call('GET', KEYS[1])
if not start then
  start = string.format('%.0f', math.max(time[1] + 1, ARGV[2]))
  redis.call('SET', KEYS[1], start)
end
for i = 2, #KEYS do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= ARGV[1] then return {i - 2, tonumber(start)} end
end
for i = 2, #KEYS do
  local last = ARGV[i + 2] + ARGV[3] + 1
  local life = math.max(last * 1000 - clock, (last - ARGV[2]) * 1000, 1000)
  redis.call('SET', KEYS[i], ARGV[1], 'PX', string.format('%.0f', life))
end
return {-1, tonumber(start)}
`)

// startScript notes that the server has the run id ARGV[1]. A server that is empty, or
// that runs anew, starts now: what it read from a disk or from another server may lack
// what was recorded last. ARGV[2] is the caller's now. It answers the start.
var startScript = newScript(`
local start, run = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if not start or run ~= ARGV[1] then
  start = string.format('%.0f', math.max(redis.call('TIME')[1] + 1, ARGV[2], start or 0))
  redis.call('SET', KEYS[1], start)
  redis.call('SET', KEYS[2], ARGV[1])
end
return {tonumber(start)}
`)
