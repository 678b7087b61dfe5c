package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// programEnv turns the test binary into an outside program: its value says which.
const programEnv = "AJWT_CONFORMANCE_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programEnv); name != "" {
		toyProgram(name, os.Stdin, os.Stdout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// toy is the state of a toy program between a reset and the next.
type toy struct {
	name string
	out  *bufio.Writer
	seen map[string]bool // requests since the reset
}

// toyProgram answers the toy suite: honestly, or as the liar of that name.
func toyProgram(name string, in io.Reader, out io.Writer) {
	if name == "mute-at-start" {
		time.Sleep(time.Minute)
	}
	p := &toy{name: name, out: bufio.NewWriter(out), seen: make(map[string]bool)}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			fmt.Fprintln(os.Stderr, "not JSON:", err)
			os.Exit(7)
		}
		answer := p.answer(m)
		p.lie(m, answer)
		if err := p.out.Flush(); err != nil {
			return
		}
		if m["op"] == "bye" {
			return
		}
	}
}

// answer is the honest answer.
func (p *toy) answer(m map[string]any) map[string]any {
	a := map[string]any{"seq": m["seq"]}
	reject := func(code string, status int) {
		a["verdict"], a["code"], a["status"] = "reject", code, status
	}
	switch m["op"] {
	case "hello":
		a["name"], a["version"], a["codes"] = "toy-"+p.name, "1.2", true
		a["operations"], a["algorithms"], a["profiles"] = []string{"verify", "sequence", "jcs"}, []string{"ES256"}, []string{"draft-00"}
		if p.name == "no-codes" {
			a["codes"] = false
		}
		if p.name == "verify-only" {
			a["operations"], a["algorithms"] = []string{"verify"}, []string{"ES256", "RS256"}
		}
		if p.name == "other-algorithm" {
			a["algorithms"] = []string{"RS256"}
		}
	case "reset":
		clear(p.seen)
	case "verify":
		token := fmt.Sprint(m["request"].(map[string]any)["headers"])
		switch {
		case !strings.Contains(token, "Bearer good"):
			reject("signature_invalid", 401)
		case p.seen[token]:
			reject("replay_proof_seen", 401)
		default:
			p.seen[token] = true
			a["verdict"], a["decision"] = "accept", map[string]any{"level": "jwt"}
		}
		if p.name == "no-codes" {
			delete(a, "code")
		}
	case "jcs":
		var b bytes.Buffer
		_ = json.Compact(&b, []byte(m["input"].(map[string]any)["json"].(string)))
		a["verdict"], a["value"] = "accept", b.String()
	}
	return a
}

// lie writes the honest answer, or what the liar makes of it.
func (p *toy) lie(m, a map[string]any) {
	asked := m["op"] != "hello" && m["op"] != "reset" && m["op"] != "bye"
	set := func(verdict, code string) {
		for _, name := range []string{"verdict", "code", "status", "decision", "value"} {
			delete(a, name)
		}
		a["verdict"] = verdict
		if code != "" {
			a["code"], a["status"] = code, 401
		} else if m["op"] == "jcs" {
			a["value"] = "x"
		}
	}
	write := func() {
		line, _ := json.Marshal(a)
		p.out.Write(append(line, '\n'))
	}
	switch {
	case p.name == "reject-all" && asked:
		set("reject", "signature_invalid")
	case p.name == "accept-all" && asked:
		set("accept", "")
	case p.name == "echo-a-code" && asked:
		set("reject", "claim_exp_expired")
	case p.name == "no-reason" && asked && a["verdict"] == "reject":
		delete(a, "code")
	case p.name == "crash" && asked:
		p.out.WriteString(`{"seq":`)
		p.out.Flush()
		fmt.Fprintln(os.Stderr, "segmentation fault, or so it says")
		os.Exit(3)
	case p.name == "crash-on-bad" && a["verdict"] == "reject":
		os.Exit(0)
	case p.name == "hang" && asked, p.name == "hang-on-bad" && a["verdict"] == "reject":
		time.Sleep(time.Minute)
	case p.name == "late" && asked:
		time.Sleep(400 * time.Millisecond)
	case p.name == "duplicate-answers":
		write()
	case p.name == "duplicate-verify" && asked:
		write()
	case p.name == "noise":
		p.out.WriteString("INFO starting up\n")
	case p.name == "noise-after" && asked:
		defer p.out.WriteString("\n")
	case p.name == "wrong-seq" && asked:
		a["seq"] = "AAAAAAAAAAAAAAAAAAAAAA"
	case p.name == "flood" && asked:
		for range 3 << 20 {
			p.out.WriteByte('x')
		}
	case p.name == "stderr-flood":
		for range 200 {
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 1000))
		}
	case p.name == "unknown-member" && asked:
		a["case"] = "jws.alg.none"
	case p.name == "wrong-case" && asked:
		a["Verdict"] = a["verdict"]
		delete(a, "verdict")
	case p.name == "duplicate-member" && asked:
		p.out.WriteString(`{"verdict":"reject","code":"signature_invalid","seq":"` + fmt.Sprint(a["seq"]) + `","verdict":"accept"}` + "\n")
		return
	case p.name == "bad-hello" && m["op"] == "hello":
		delete(a, "codes")
	case p.name == "bye-and-stay" && m["op"] == "bye":
		write()
		p.out.Flush()
		time.Sleep(time.Minute)
	case p.name == "bye-and-fail" && m["op"] == "bye":
		write()
		p.out.Flush()
		os.Exit(9)
	}
	write()
}
