//go:build ajwt_faults

// Command mutants shows that the vectors catch bugs: it gives the verifier one seeded
// fault after the other (core/injected_*.go) and runs every vector against it. A fault
// that no vector notices is a gap of the suite and fails the run; so does a vector that
// claims to kill a fault and does not. Run it with the build tag:
//
//	go run -tags ajwt_faults ./conformance/mutants [-v] [-fault NAME]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/agentic-jwt/ajwt/conformance"
	ajwt "github.com/agentic-jwt/ajwt/core"
)

func main() {
	verbose := flag.Bool("v", false, "list every vector that kills a fault, not the first three")
	only := flag.String("fault", "", "run this fault alone")
	flag.Parse()
	os.Exit(run(*verbose, *only))
}

func run(verbose bool, only string) int {
	suite, err := conformance.LoadSuite("")
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		return 2
	}
	if failed, err := failures(suite); err != nil || len(failed) > 0 {
		fmt.Fprintf(os.Stderr, "mutants: without a fault every vector must pass; %d fail: %v %v\n", len(failed), failed, err)
		return 2
	}
	claims := map[string][]string{}
	for _, c := range suite.Cases() {
		for _, name := range c.Kills {
			claims[name] = append(claims[name], c.ID)
		}
	}
	killed, survived, wrong := 0, 0, 0
	for _, f := range ajwt.SeededFaults() {
		claimed := claims[f.Name]
		delete(claims, f.Name)
		if only != "" && f.Name != only {
			continue
		}
		ajwt.SwitchFault(f.Name)
		failed, err := failures(suite)
		ajwt.SwitchFault("")
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, "mutants:", f.Name, err)
			return 2
		case len(failed) == 0:
			survived++
			fmt.Printf("SURVIVED  %-28s %s\n", f.Name, f.Meaning)
		default:
			killed++
			fmt.Printf("killed    %-28s by %s\n", f.Name, list(failed, verbose))
		}
		for _, id := range claimed {
			if !slices.Contains(failed, id) {
				wrong++
				fmt.Printf("          %s says that it kills %s and passes\n", id, f.Name)
			}
		}
	}
	for name, ids := range claims {
		if only == "" {
			wrong++
			fmt.Printf("unknown fault %s, named by %s\n", name, list(ids, verbose))
		}
	}
	if killed+survived == 0 {
		fmt.Fprintln(os.Stderr, "mutants: no fault to run")
		return 2
	}
	fmt.Printf("%d faults killed, %d survived, %d wrong claims\n", killed, survived, wrong)
	if survived+wrong > 0 {
		return 1
	}
	return 0
}

// failures runs every vector on the native core and returns the ids that fail.
func failures(suite *conformance.Suite) ([]string, error) {
	report, err := conformance.Run(context.Background(), suite, []conformance.Subject{conformance.Native()}, conformance.Options{Seed: 1})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range report.Subjects[0].Results {
		if r.Result != conformance.ResultPassed {
			ids = append(ids, r.Case)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func list(ids []string, all bool) string {
	const few = 3
	if all || len(ids) <= few {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:few], " "), len(ids)-few)
}
