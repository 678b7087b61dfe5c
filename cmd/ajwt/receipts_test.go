package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// receiptsBed is a log that verify wrote: two accepted requests and a rejected one.
func receiptsBed(t *testing.T) (b *bed, log, key string) {
	t.Helper()
	b = newBed(t, "Ed25519", "Ed25519")
	log, private := filepath.Join(b.dir, "receipts.jsonl"), filepath.Join(b.dir, "receipts.jwk")
	key = write(t, b.dir, "receipts.public.jwk", keygen(t, "ES256", "--out", private))
	headers := b.mint()
	for i, extra := range [][]string{nil, {"--method", "HEAD"}, {"--json"}} {
		want := exitOK
		if i == 1 {
			want = exitReject
		}
		if r := b.verify(headers, append(extra, "--receipts", log, "--receipts-key", private)...); r.code != want {
			t.Fatalf("request %d: exit code %d\n%s%s", i, r.code, r.out, r.err)
		}
	}
	return b, log, key
}

func TestReceipts(t *testing.T) {
	b, log, key := receiptsBed(t)
	plain := must(t, "receipts", "verify", log)
	for _, want := range []string{"OK  the log verifies: 3 decisions, 4 checkpoints", "checkpoints not verified: no --key", "no --head was given"} {
		if !strings.Contains(plain, want) {
			t.Errorf("want %q\n%s", want, plain)
		}
	}
	v := decode(t, must(t, "receipts", "verify", log, "--key", key, "--json"))
	head, _ := at(v, "last", "hash").(string)
	if at(v, "valid") != true || at(v, "checkpoints_verified") != true || at(v, "decisions") != 3.0 || at(v, "signed", "seq") != 7.0 || len(head) != 43 {
		t.Errorf("unexpected report %v", v)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	lines := strings.SplitAfter(text, "\n")
	if !strings.Contains(text, `"code":"proof_htm_mismatch"`) || strings.Contains(text, "eyJ0eXAi") {
		t.Errorf("not the decisions, or a token among them:\n%s", text)
	}
	if r := execute(text, "receipts", "verify", "-", "--head", "7:"+head); r.code != exitOK || strings.Contains(r.out, "no --head") {
		t.Errorf("standard input: exit code %d\n%s%s", r.code, r.out, r.err)
	}

	// lines: header, checkpoint, and a decision with its checkpoint three times
	rows := []struct {
		name, text, want string
		args             []string
	}{
		{"altered", strings.Replace(text, `"verdict":"reject"`, `"verdict":"accept"`, 1), "line 5: altered", nil},
		{"missing", strings.Join(append(append([]string{}, lines[:4]...), lines[5:]...), ""), "line 5: missing", nil},
		{"reordered", lines[0] + lines[1] + lines[3] + lines[2] + strings.Join(lines[4:], ""), "line 3: reordered", nil},
		{"cut", strings.Join(lines[:6], ""), "line 7: head", []string{"--head", "7:" + head}},
		{"cut, hash alone", strings.Join(lines[:6], ""), "line 7: head", []string{"--head", head}},
		{"another key", text, "line 2: checkpoint", []string{"--key", write(t, b.dir, "other.jwk", keygen(t, "Ed25519", "--out", filepath.Join(b.dir, "other-private.jwk")))}},
		{"garbage", text + "garbage", "line 9: malformed", nil},
		{"not a log", "{}\n", "line 1: malformed", nil},
		{"empty", "", "line 1: missing", nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			path := write(t, b.dir, "changed.jsonl", row.text)
			args := append([]string{"receipts", "verify", path}, row.args...)
			r := execute("", args...)
			if r.code != exitReject || !strings.HasPrefix(r.out, "BROKEN  "+path+": ") || !strings.Contains(r.out, row.want) {
				t.Errorf("want %q and exit code 1, have %d\n%s%s", row.want, r.code, r.out, r.err)
			}
			_, reason, _ := strings.Cut(row.want, ": ")
			r = execute("", append(args, "--json")...)
			if v := decode(t, r.out); r.code != exitReject || at(v, "valid") != false || at(v, "fault", "reason") != reason {
				t.Errorf("want reason %s and exit code 1, have %d\n%s%s", reason, r.code, r.out, r.err)
			}
		})
	}
	path := write(t, b.dir, "crash.jsonl", text[:len(text)-9])
	if out := must(t, "receipts", "verify", path, "--key", key); !strings.Contains(out, "are an incomplete line") || !strings.Contains(out, "no signature vouches for the end, 1 line:") {
		t.Errorf("an incomplete last line:\n%s", out)
	}
	if r := execute("", "receipts", "verify", log, log); r.code != exitReject || !strings.Contains(r.out, "line 1: previous_file") {
		t.Errorf("a file twice: exit code %d\n%s", r.code, r.out)
	}
}

func TestReceiptsUsage(t *testing.T) {
	b, log, key := receiptsBed(t)
	headers := filepath.Join(b.dir, "headers.txt")
	data, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	public := string(data)
	rsa := write(t, b.dir, "rsa.jwk", keygen(t, "PS256", "--out", filepath.Join(b.dir, "rsa-private.jwk")))
	for _, row := range []struct {
		message string
		args    []string
	}{
		{"an operand is missing", nil},
		{"did you mean verify", []string{"verfy", log}},
		{"a file is missing", []string{"verify"}},
		{"no such file", []string{"verify", filepath.Join(b.dir, "none")}},
		{"is a directory", []string{"verify", b.dir}},
		{"--key and receipts verify both read", []string{"verify", "-", "--key", "-"}},
		{"jwk: private", []string{"verify", log, "--key", filepath.Join(b.dir, "receipts.jwk")}},
		{"Ed25519 or ES256", []string{"verify", log, "--key", rsa}},
		{"want a hash of 43", []string{"verify", log, "--head", "abc"}},
		{"number before the colon", []string{"verify", log, "--head", "-1:abc"}},
		{"--head is given 2 times", []string{"verify", log, "--head", "a", "--head", "b"}},
	} {
		if r := execute(public, append([]string{"receipts"}, row.args...)...); r.code != exitUsage || !strings.Contains(r.err, row.message) || r.out != "" {
			t.Errorf("%v: want %q and exit code 2, have %d\n%s%s", row.args, row.message, r.code, r.out, r.err)
		}
	}
	// Without a receipt there is no verdict.
	for _, row := range []struct {
		message string
		args    []string
	}{
		{"--receipts-key goes with --receipts", []string{"--receipts-key", key}},
		{"no signer was given", []string{"--receipts", log}},
		{"line 1: malformed", []string{"--receipts", headers}},
		{"no such file", []string{"--receipts", filepath.Join(b.dir, "none", "log")}},
		{"this is no private key", []string{"--receipts", log, "--receipts-key", key}},
	} {
		if r := b.verify(headers, row.args...); r.code != exitUsage || !strings.Contains(r.err, row.message) || r.out != "" {
			t.Errorf("%v: want %q and exit code 2, have %d\n%s%s", row.args, row.message, r.code, r.out, r.err)
		}
	}
}
