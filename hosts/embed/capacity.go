package embed

import (
	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// The defaults of the policy's replay member (spec/profile.md, section 9).
const (
	defaultCapacity = 262144
	quotaShare      = 16
)

// replayCapacity reads replay.capacity and replay.per_key out of a policy that
// ParsePolicy has found without fault.
func replayCapacity(_ *ajwt.Policy, policy []byte) (capacity, perKey int) {
	capacity = defaultCapacity
	var doc strictjson.Document
	if doc.Parse(policy, strictjson.Limits{Depth: 32, Values: 4 << 20}) == nil {
		replay := doc.Root().Member("replay")
		if n, ok := replay.Member("capacity").Integer(); ok {
			capacity = int(n)
		}
		if n, ok := replay.Member("per_key").Integer(); ok {
			perKey = int(n)
		}
	}
	if perKey == 0 {
		perKey = max(1, capacity/quotaShare)
	}
	return capacity, perKey
}
