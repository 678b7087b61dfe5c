package conformance

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// startToy starts the test binary as the toy program of that name.
func startToy(t *testing.T, name string, answer time.Duration) (*Outside, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(programEnv, name)
	o, err := startOutside(context.Background(), []string{self}, answer+3*time.Second, answer)
	if o != nil {
		t.Cleanup(o.kill)
	}
	return o, err
}

func runToy(t *testing.T, name string, answer time.Duration, o Options) *Report {
	t.Helper()
	subject, err := startToy(t, name, answer)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), toySuite(t), []Subject{subject}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPrograms runs the toy suite (27 cases) against an honest program and against
// each liar.
func TestPrograms(t *testing.T) {
	const all = 27
	tests := []struct {
		name    string // of the program
		exit    int
		passed  int
		failed  int
		classes string // of the failures and faults, each once, in the order of the report
		skipped int
	}{
		{"honest", ExitConformant, all, 0, "", 0},
		{"no-codes", ExitConformant, all, 0, "", 0},
		{"stderr-flood", ExitConformant, all, 0, "", 0},
		{"verify-only", ExitConformant, all - 3, 0, "", 3},
		{"other-algorithm", ExitConformant, 3, 0, "", 24},
		{"reject-all", ExitFailures, 0, all, "false-reject twin", 0},
		{"echo-a-code", ExitFailures, 0, all, "false-reject wrong-code", 0},
		{"accept-all", ExitFailures, 0, all, "false-accept wrong-value wrong-detail", 0},
		{"crash", ExitIncomplete, 0, all, "crash not-run", 0},
		{"crash-on-bad", ExitIncomplete, -1, -1, "crash not-run", 0},
		{"hang", ExitIncomplete, 0, all, "hang not-run", 0},
		{"late", ExitIncomplete, 0, all, "hang not-run", 0},
		{"no-reason", ExitUsage, -1, -1, "protocol", 0},
		{"duplicate-verify", ExitUsage, 0, all, "protocol not-run", 0},
		{"noise-after", ExitUsage, 0, all, "protocol not-run", 0},
		{"wrong-seq", ExitUsage, 0, all, "protocol not-run", 0},
		{"flood", ExitUsage, 0, all, "protocol not-run", 0},
		{"unknown-member", ExitUsage, 0, all, "protocol not-run", 0},
		{"wrong-case", ExitUsage, 0, all, "protocol not-run", 0},
		{"duplicate-member", ExitUsage, 0, all, "protocol not-run", 0},
		{"bye-and-stay", ExitFailures, all, 1, "hang", 0},
		{"bye-and-fail", ExitFailures, all, 1, "crash", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := 2 * time.Second
			switch tt.name {
			case "hang", "late":
				answer = 150 * time.Millisecond
			case "bye-and-stay":
				answer = time.Second
			}
			r := runToy(t, tt.name, answer, toyOptions())
			s := r.Subjects[0]
			if r.Exit != tt.exit || r.Skipped != tt.skipped {
				t.Errorf("exit %d, %d skipped; want %d and %d", r.Exit, r.Skipped, tt.exit, tt.skipped)
			}
			if tt.passed >= 0 && (r.Passed != tt.passed || r.Failed != tt.failed) {
				t.Errorf("%d passed, %d failed; want %d and %d", r.Passed, r.Failed, tt.passed, tt.failed)
			}
			classes := classesOf(s)
			for _, class := range strings.Fields(tt.classes) {
				if !strings.Contains(" "+classes+" ", " "+class+" ") {
					t.Errorf("classes %q lack %q", classes, class)
				}
			}
			if tt.classes == "" && classes != "" {
				t.Errorf("classes %q, want none", classes)
			}
			if t.Failed() {
				var b strings.Builder
				_ = r.WriteText(&b)
				t.Log(b.String())
			}
		})
	}
}

// classesOf lists each class that the report has once.
func classesOf(s *SubjectReport) string {
	var classes []string
	add := func(class string) {
		for _, c := range classes {
			if c == class {
				return
			}
		}
		classes = append(classes, class)
	}
	for _, r := range s.failures() {
		add(r.Class)
	}
	for _, f := range s.Faults {
		add(f.Class)
	}
	return strings.Join(classes, " ")
}

// TestStart holds that a program which does not start properly is no subject.
func TestStart(t *testing.T) {
	tests := []struct{ name, class string }{
		{"noise", FaultProtocol},
		{"bad-hello", FaultProtocol},
		{"duplicate-answers", FaultProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := startToy(t, tt.name, time.Second)
			var f *Fault
			if !errors.As(err, &f) || f.Class != tt.class {
				t.Errorf("got %v, want %s", err, tt.class)
			}
		})
	}
	t.Run("mute", func(t *testing.T) {
		self, _ := os.Executable()
		t.Setenv(programEnv, "mute-at-start")
		_, err := startOutside(context.Background(), []string{self}, 100*time.Millisecond, time.Second)
		var f *Fault
		if !errors.As(err, &f) || f.Class != FaultHang {
			t.Errorf("got %v, want hang", err)
		}
	})
	t.Run("no such program", func(t *testing.T) {
		if _, err := StartOutside(context.Background(), []string{"./no-such-program"}); err == nil {
			t.Error("it started")
		}
	})
}

func TestSplitCommand(t *testing.T) {
	tests := []struct {
		name, in, want string // words joined with |
	}{
		{"words", "python3  adapter.py", "python3|adapter.py"},
		{"double quotes", `"my program" -x "a b"`, "my program|-x|a b"},
		{"single quotes keep backslashes", `p 'a\b c'`, `p|a\b c`},
		{"escaped blank", `p a\ b`, "p|a b"},
		{"empty word", `p ""`, "p|"},
		{"open quote", `p "a`, "error"},
		{"nothing", "  ", "error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			words, err := SplitCommand(tt.in)
			got := strings.Join(words, "|")
			if err != nil {
				got = "error"
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
