//go:build ajwt_faults

package ajwt

import (
	"encoding/json"
	"sort"
)

// This file exists in the build for the mutation test alone. It gives the verifier
// named faults, one of which is switched on at a time: some replace a check of the
// list, some are asked for by name where no check could be replaced.

// SeededFault is one way in which a verifier may be wrong.
type SeededFault struct {
	Name    string
	Meaning string
	check   int               // number of the list's entry that is replaced, 0 for none
	replace func(r *run) Code // nil: the check is left out
}

var (
	activeFault string
	soundChecks = append([]check(nil), checks...)
)

func injected(name string) bool { return activeFault == name }

// SeededFaults lists them by name.
func SeededFaults() []SeededFault {
	out := append([]SeededFault(nil), seededFaults...)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// SwitchFault turns one fault on, and whichever was on off; "" leaves none on. It
// answers false for an unknown name. It must not run beside a decision.
func SwitchFault(name string) bool {
	checks, activeFault = append([]check(nil), soundChecks...), name
	if name == "" {
		return true
	}
	for _, f := range seededFaults {
		if f.Name != name {
			continue
		}
		if f.check == 0 {
			return true
		}
		for i := range checks {
			if checks[i].number == f.check {
				if checks[i].run = f.replace; f.replace == nil {
					checks[i].run = func(*run) Code { return 0 }
				}
				return true
			}
		}
	}
	return false
}

// laxJSON reads a text as encoding/json does, last member wins, and writes it again.
func laxJSON(text []byte) []byte {
	if !injected("json-duplicates-last-wins") {
		return text
	}
	var v any
	if json.Unmarshal(text, &v) != nil {
		return text
	}
	again, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return again
}
