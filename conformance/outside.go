package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The times that a program has, and the number of faults after which it is given up.
const (
	startTimeout  = 30 * time.Second // from start to the answer to hello
	answerTimeout = 2 * time.Second  // for every other message
	maxInARow     = 10               // faults without an answer in between
	maxFaults     = 100              // faults in all
)

// Outside is an implementation that runs as a program of its own and speaks JSON
// lines (spec/runner-protocol.md). It is killed and started anew after each fault.
type Outside struct {
	argv     []string
	name     string
	features Features
	process  *process
	inARow   int
	faults   int

	start, answer time.Duration
}

// StartOutside starts the program and exchanges hello. A *Fault says what went wrong.
func StartOutside(ctx context.Context, argv []string) (*Outside, error) {
	return startOutside(ctx, argv, startTimeout, answerTimeout)
}

func startOutside(ctx context.Context, argv []string, start, answer time.Duration) (*Outside, error) {
	if len(argv) == 0 {
		return nil, errors.New("no program")
	}
	o := &Outside{argv: argv, start: start, answer: answer}
	if err := o.restart(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

// Name implements Subject.
func (o *Outside) Name() string { return o.name }

// Features implements Subject.
func (o *Outside) Features() Features { return o.features }

// restart starts the program, says hello and reset.
func (o *Outside) restart(ctx context.Context) error {
	p, err := startProcess(ctx, o.argv)
	if err != nil {
		return &Fault{FaultCrash, "it does not start: " + err.Error()}
	}
	o.process = p
	r, err := o.exchange(ctx, &message{Op: "hello", Protocol: ProtocolVersion}, o.start)
	if err != nil {
		return err
	}
	name, features, err := r.features()
	if err == nil && o.name != "" && (name != o.name || fmt.Sprint(features) != fmt.Sprint(o.features)) {
		err = errors.New("hello: another answer than at the first start")
	}
	if err != nil {
		o.kill()
		return &Fault{FaultProtocol, err.Error()}
	}
	o.name, o.features = name, features
	return o.reset(ctx)
}

// reset begins a case. It also ends the one before: an answer counts only once the
// reset that follows it was answered.
func (o *Outside) reset(ctx context.Context) error {
	r, err := o.exchange(ctx, &message{Op: "reset"}, o.answer)
	if err != nil {
		return err
	}
	return o.plain(r, "reset")
}

// plain holds an answer that may have nothing but seq.
func (o *Outside) plain(r *reply, op string) error {
	if r.hasFeatures() || r.hasAnswer() {
		o.kill()
		return &Fault{FaultProtocol, op + ": the answer has more than seq"}
	}
	return nil
}

// Run implements Subject.
func (o *Outside) Run(ctx context.Context, p *Prepared) (Answer, error) {
	answer, err := o.run(ctx, p)
	if err == nil {
		o.inARow = 0
		return answer, nil
	}
	o.inARow++
	o.faults++
	if o.inARow >= maxInARow || o.faults >= maxFaults || ctx.Err() != nil {
		o.kill()
		return Answer{}, fmt.Errorf("%w: %w", err, ErrGone)
	}
	return Answer{}, err
}

func (o *Outside) run(ctx context.Context, p *Prepared) (Answer, error) {
	all, err := messages(p)
	if err != nil {
		return Answer{}, err
	}
	if o.process == nil {
		if err := o.restart(ctx); err != nil {
			return Answer{}, err
		}
	}
	var answers []Answer
	for _, m := range all {
		r, err := o.exchange(ctx, m, o.answer)
		if err != nil {
			return Answer{}, err
		}
		a, err := r.answer(m.Op, o.features.Codes)
		if err != nil {
			o.kill()
			return Answer{}, &Fault{FaultProtocol, err.Error()}
		}
		answers = append(answers, a)
	}
	if err := o.reset(ctx); err != nil {
		return Answer{}, err
	}
	if p.Op == opSequence {
		return Answer{Steps: answers}, nil
	}
	return answers[0], nil
}

// exchange sends a message and reads its answer. After a fault the program is gone.
func (o *Outside) exchange(ctx context.Context, m *message, timeout time.Duration) (*reply, error) {
	m.Seq = newSeq()
	text, err := m.encode()
	if err != nil {
		return nil, err
	}
	line, fault := o.process.exchange(ctx, text, timeout)
	if fault == nil {
		var r *reply
		if r, err = parseReply(line); err != nil {
			fault = &Fault{FaultProtocol, err.Error() + ": " + clip(line)}
		} else if r.Seq != m.Seq {
			fault = &Fault{FaultProtocol, "seq is not that of the message: " + clip(line)}
		} else {
			return r, nil
		}
	}
	o.kill()
	return nil, fault
}

func (o *Outside) kill() {
	if o.process != nil {
		o.process.kill()
		o.process = nil
	}
}

// Close says bye and waits for the program to end. It implements Subject.
func (o *Outside) Close() error {
	if o.process == nil {
		return nil
	}
	r, err := o.exchange(context.Background(), &message{Op: "bye"}, o.answer)
	if err == nil {
		err = o.plain(r, "bye")
	}
	if err != nil || o.process == nil {
		return err
	}
	fault := o.process.finish(o.answer)
	o.process = nil
	if fault != nil {
		return fault
	}
	return nil
}

// SplitCommand splits a command line into words. Single and double quotes group
// words, a backslash outside single quotes takes the next character; no shell runs.
func SplitCommand(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quote, escaped := false, rune(0), false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			in, escaped = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			in, quote = true, r
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if in {
				words = append(words, word.String())
			}
			word.Reset()
			in = false
		default:
			in = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if in {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, errors.New("no program")
	}
	return words, nil
}
