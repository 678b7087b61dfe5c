// Command gen writes the conformance vectors: case files, policies, key sets,
// manifest and schemas below vectors/. It is deterministic: the same source gives the
// same bytes. It imports nothing of the verifier, so that the two cannot share a
// mistake.
//
//	go run ./vectors/gen          writes the files
//	go run ./vectors/gen -check   fails if a file differs, is missing or is stale
//
// Hosts whose clock cannot be set run the same cases of another moment; the program
// prints which it is:
//
//	go run ./vectors/gen -now 1800000000 -dir build/vectors-now
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

// topic is one case file: cases/<area>/<name>.json.
type topic struct {
	area, name string
	build      func(*builder)
}

// topics lists every case file, in no particular order: files are sorted by name.
func topics() []topic {
	return slices.Concat(jwsTopics, jwkTopics, requestTopics, claimTopics, dpopTopics, policyTopics,
		replayTopics, routeTopics, valueTopics, checksumTopics, gapTopics, httpsigTopics, patchetTopics, bundleTopics, revocationTopics, profileTopics, toolTopics, requirementTopics, workflowTopics, delegationTopics, replayIntentTopics, forwardTopics)
}

func main() {
	check := flag.Bool("check", false, "compare with the files instead of writing them")
	dir := flag.String("dir", "vectors", "the folder of the vectors")
	flag.Int64("now", usual, "the `time` of the cases, seconds since 1970, or one of the next seconds; see clock")
	flag.Parse()
	err := run(*dir, *check)
	if err != nil && now != usual && now < clock(os.Args)+tries {
		err = again()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vectors/gen:", err)
		os.Exit(1)
	}
}

// Some cases need a signature or a hash with a certain character in it, and not every
// second has one. The usual time has them all.
const tries = 20 // seconds

// again tries the second after this one in a process of its own.
func again() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(program, os.Args[1:]...)
	c.Env = append(os.Environ(), nextVariable+"="+num(now+1))
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

func run(dir string, check bool) (err error) {
	if now != usual {
		defer func() {
			if fault := recover(); fault != nil {
				err = fmt.Errorf("at %d: %v", now, fault)
			}
		}()
	}
	out, err := generate()
	if err != nil {
		return err
	}
	if check {
		return out.compare(dir)
	}
	if now != usual {
		fmt.Println(now)
	}
	return out.write(dir)
}
