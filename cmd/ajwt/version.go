package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

var versionCommand = &command{
	name:     "version",
	summary:  "print the version of the program and of what it implements",
	synopsis: "[--json]",
	about:    "Prints the program's version, the revision of the draft that it implements, and the toolchain.",
	examples: "ajwt version\najwt version --json",
	run:      runVersion,
}

// draftRevision is what this version implements; another revision may differ.
const draftRevision = "draft-goswami-agentic-jwt-00"

func runVersion(c *call) (int, error) {
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(0, 0); err != nil {
		return 0, err
	}
	version, revision := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if asJSON.on() {
		return exitOK, c.printJSON(map[string]any{
			"version": version, "revision": revision, "draft": draftRevision, "go": runtime.Version(), "platform": platform,
		})
	}
	fmt.Fprintf(c.stdout, "ajwt %s (%s, %s, %s)\n", version, draftRevision, runtime.Version(), platform)
	return exitOK, nil
}
