package ajwt

// maxIDBytes bounds ids of agents, workflows and steps: with a chain of at most 16
// agents, what is hashed stays below 2.1 kB.
const maxIDBytes = 128

// The characters of ids. None of them is '|', which joins ids before they are
// hashed, so ["a|b"] and ["a","b"] cannot be taken for each other; none is a control
// character or has a look-alike in another script. Ids of workflows and steps also
// go without '/', which joins them to "workflow/step".
var agentIDByte, stepIDByte = idBytes("._:@/-"), idBytes("._:@-")

func idBytes(marks string) (set [256]bool) {
	for c := range set {
		set[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	for i := range len(marks) {
		set[marks[i]] = true
	}
	return set
}

// ValidAgentID tells whether id is an agent id of the profile (spec/profile.md):
// 1 to 128 bytes of A-Z a-z 0-9 . _ : @ / -.
func ValidAgentID(id string) bool { return validID(id, &agentIDByte) }

// ValidStepID tells whether id is a workflow id or a step id of the profile
// (spec/profile.md): 1 to 128 bytes of A-Z a-z 0-9 . _ : @ -, so without the slash.
func ValidStepID(id string) bool { return validID(id, &stepIDByte) }

func validAgentID(id []byte) bool { return validID(id, &agentIDByte) }

func validStepID(id []byte) bool { return validID(id, &stepIDByte) }

func validID[T ~string | ~[]byte](id T, set *[256]bool) bool {
	if len(id) == 0 || len(id) > maxIDBytes {
		return false
	}
	for i := 0; i < len(id); i++ {
		if !set[id[i]] {
			return false
		}
	}
	return true
}
