// Command gen writes the conformance vectors: case files, policies, key sets,
// manifest and schemas below vectors/. It is deterministic: the same source gives the
// same bytes. It imports nothing of the verifier, so that the two cannot share a
// mistake.
//
//	go run ./vectors/gen          writes the files
//	go run ./vectors/gen -check   fails if a file differs, is missing or is stale
package main

import (
	"flag"
	"fmt"
	"os"
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
		replayTopics, routeTopics, valueTopics, checksumTopics, gapTopics, httpsigTopics, patchetTopics, bundleTopics, revocationTopics, profileTopics, toolTopics, requirementTopics, workflowTopics, delegationTopics, replayIntentTopics)
}

func main() {
	check := flag.Bool("check", false, "compare with the files instead of writing them")
	dir := flag.String("dir", "vectors", "the folder of the vectors")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "vectors/gen:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	out, err := generate()
	if err != nil {
		return err
	}
	if check {
		return out.compare(dir)
	}
	return out.write(dir)
}
