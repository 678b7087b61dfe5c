// Command ajwt verifies, inspects and mints intent tokens, computes agent checksums,
// and runs the conformance suite. Run "ajwt help" for its commands.
//
// Exit codes: 0 accepted or done, 1 rejected or failed, 2 the command could not be
// carried out as it was given (flags, files, malformed input). "ajwt conformance"
// adds 3 for an incomplete run.
package main

import (
	"io"
	"os"
	"time"
)

// The exit codes.
const (
	exitOK     = 0
	exitReject = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// commands in the order in which help lists them.
func commands() []*command {
	return []*command{
		verifyCommand, inspectCommand, mintCommand, keygenCommand, checksumCommand,
		policyCommand, bundleCommand, revocationsCommand, linkCommand, codesCommand, receiptsCommand, conformanceCommand, benchCommand, replayStoreCommand, versionCommand,
	}
}

// run carries out one command line and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	w := &world{stdin: stdin, stdout: stdout, stderr: stderr, clock: func() int64 { return time.Now().Unix() }}
	return w.run(args)
}
