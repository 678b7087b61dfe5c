package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/receipts"
)

var receiptsCommand = &command{
	name:     "receipts",
	summary:  "verify a log of decisions: nothing altered, missing or out of place",
	synopsis: "verify FILE|-... [--key FILE] [--head [SEQ:]HASH] [--json]",
	about: `
"ajwt receipts verify" reads the files of a log (spec/receipts.md) in the order in
which they were written, of any length, and names the first line that is altered,
missing or out of place.

The chain of hashes shows changes by anyone who did not compute it anew. With --key,
the signed checkpoints show those as well, up to the last checkpoint. With --head, a
line that was noted elsewhere must be there: only that shows that the end was cut off.
What was not verified is said in the notes.

Exit code 0: the log verifies; 1: it does not; 2: a file or key cannot be read. An
incomplete last line, as a crash leaves it, is no fault.`,
	examples: `
ajwt receipts verify receipts.jsonl
ajwt receipts verify 2026-01.jsonl 2026-02.jsonl --key receipts.public.jwk
ajwt receipts verify receipts.jsonl --key receipts.public.jwk --head 1041:m2Zt5Hc0...`,
	run: runReceipts,
}

// mostReceiptFiles bounds the operands.
const mostReceiptFiles = 1 << 16

func runReceipts(c *call) (int, error) {
	keys := c.list("key", "FILE|-", "a public JWK (Ed25519 or P-256) that the log's signer had; a checkpoint must verify with\none of those given")
	head := c.text("head", "[SEQ:]HASH", "a line that must be there: its hash in base64url or hexadecimal, with or without its\nnumber")
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, mostReceiptFiles); err != nil {
		return 0, err
	}
	switch {
	case c.args[0] != "verify":
		return 0, usagef("there is no subcommand %s%s", quote(c.args[0], 40), didYouMean(c.args[0], []string{"verify"}))
	case len(c.args) < 2:
		return 0, usagef("a file is missing; usage: ajwt receipts verify FILE")
	}
	o, err := c.receiptsOptions(keys, head)
	if err != nil {
		return 0, err
	}
	v := receipts.NewVerifier(o)
	for _, path := range c.args[1:] {
		if err := c.readReceipts(v, path); err != nil {
			return 0, err
		}
	}
	r := v.Finish()
	if asJSON.on() {
		err = c.printJSON(struct {
			*receipts.Report
			Notes []string `json:"notes,omitempty"`
		}{r, r.Notes()})
	} else {
		c.printReceipts(r)
	}
	if !r.Valid {
		return exitReject, err
	}
	return exitOK, err
}

// receiptsOptions reads --key and --head.
func (c *call) receiptsOptions(keys, head *definition) (o receipts.VerifyOptions, err error) {
	for _, path := range keys.values {
		data, err := c.readFile("--key", path)
		if err != nil {
			return o, err
		}
		key, err := ajwt.ParseKey(data)
		if err != nil {
			return o, fmt.Errorf("--key: %s: %w; want one public JWK, as 'ajwt keygen' prints it", quote(path, 200), err)
		}
		if a := key.Algorithms(); !a.Has(ajwt.AlgEd25519) && !a.Has(ajwt.AlgES256) {
			return o, fmt.Errorf("--key: %s: checkpoints are signed with Ed25519 or ES256, which this key does not verify", quote(path, 200))
		}
		o.Keys = append(o.Keys, key)
	}
	if !head.given() {
		return o, nil
	}
	number, text, ok := strings.Cut(head.value(), ":")
	h := receipts.Head{Seq: receipts.AnySeq}
	if !ok {
		text = number
	} else if h.Seq, err = strconv.ParseInt(number, 10, 64); err != nil || h.Seq < 0 || h.Seq > maxNumericDate {
		return o, usagef("--head: want a line's number before the colon, have %s", quote(number, 40))
	}
	if h.Hash, ok = receipts.ParseHash(text); !ok {
		return o, usagef("--head: want a hash of 43 characters of base64url or 64 hexadecimal digits, have %s", quote(text, 80))
	}
	o.Head = &h
	return o, nil
}

// readReceipts passes one file on, however long it is.
func (c *call) readReceipts(v *receipts.Verifier, path string) error {
	const by = "receipts verify"
	if path == "-" {
		if c.stdinBy != "" {
			return usagef("%s and %s both read standard input; give one of them a file", c.stdinBy, by)
		}
		c.stdinBy = by
		if err := v.ReadFile("standard input", c.stdin); err != nil {
			return fmt.Errorf("%s: standard input: %s", by, fileFault(err))
		}
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %s: %s", by, quote(path, 200), fileFault(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %s is a directory; want a file", by, quote(path, 200))
	}
	if err := v.ReadFile(path, f); err != nil {
		return fmt.Errorf("%s: %s: %s", by, quote(path, 200), fileFault(err))
	}
	return nil
}

func (c *call) printReceipts(r *receipts.Report) {
	w := c.stdout
	if f := r.Fault; f != nil {
		fmt.Fprintf(w, "BROKEN  %s: line %d: %s\n", printable(f.File), f.Line, f.Reason)
		line(w, "wrong", f.Detail)
		line(w, "expected", fmt.Sprintf("line %d of the log", f.Seq))
		if r.Lines > 0 {
			line(w, "before it", fmt.Sprintf("%d lines to number %d", r.Lines, r.Last.Seq))
		}
	} else {
		fmt.Fprintf(w, "OK  the log verifies: %s, %s\n", count(int(r.Decisions), "decision"), count(int(r.Checkpoints), "checkpoint"))
		line(w, "lines", fmt.Sprintf("%d to %d, in %s", r.FirstSeq, r.Last.Seq, count(r.Files, "file")))
		line(w, "head", fmt.Sprintf("%d:%s", r.Last.Seq, r.Last.Hash))
	}
	if r.Log != "" {
		line(w, "log", r.Log)
	}
	if r.Signed != nil {
		line(w, "signed", fmt.Sprintf("to line %d; %d after it", r.Signed.Seq, r.AfterCheckpoint))
	}
	if r.Fault == nil {
		for _, n := range r.Notes() {
			line(w, "note", n)
		}
	}
}

// receiptsFlags are those of a command that records its decision.
type receiptsFlags struct{ file, key *definition }

func newReceiptsFlags(c *call) *receiptsFlags {
	return &receiptsFlags{
		file: c.text("receipts", "FILE", "append the decision to this log (spec/receipts.md); without a receipt the command fails"),
		key:  c.text("receipts-key", "FILE", "the private JWK that signs the log's checkpoints (Ed25519 or ES256)"),
	}
}

// append records a decision. A log that ends here ends with a checkpoint.
func (f *receiptsFlags) append(c *call, d *ajwt.Decision) error {
	if !f.file.given() {
		if f.key.given() {
			return usagef("--receipts-key goes with --receipts")
		}
		return nil
	}
	var o receipts.Options
	if f.key.given() {
		key, err := c.readSigningKey("--receipts-key", f.key.value(), "")
		if err != nil {
			return err
		}
		o.Signer = key.signer
	}
	w, err := receipts.Open(f.file.value(), o)
	if err == nil {
		_, err = w.Append(d)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return fmt.Errorf("--receipts: %s: %s; the decision has no receipt", quote(f.file.value(), 200), fileFault(err))
	}
	return nil
}
