package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// wasmSubject is this project's WebAssembly modules under one engine. The verifier's
// module runs in hosts/embed for policies that many cases share. Since a Verifier of
// hosts/embed takes a tenth of a second to make, policies of few cases, and sequences,
// whose instances come and go, are put to the module over its ABI alone.
type wasmSubject struct {
	name        string
	interpreter bool
	embed       *embedHost
	bare        *bareHost
	values      *compiled
	computer    *instance       // of values
	shared      map[string]bool // groups for hosts/embed
	temporary   string          // folder to be removed at the end, "" for none
}

// sharedBy is the number of cases from which on a policy is put to hosts/embed.
const sharedBy = 16

func startWasmCompiler(ctx context.Context, files wasmFiles) (Subject, error) {
	return startWasm(ctx, "wasm-compiler", files, false)
}

func startWasmInterpreter(ctx context.Context, files wasmFiles) (Subject, error) {
	return startWasm(ctx, "wasm-interpreter", files, true)
}

func startWasm(ctx context.Context, name string, files wasmFiles, interpreter bool) (subject Subject, err error) {
	s := &wasmSubject{name: name, interpreter: interpreter, bare: new(bareHost)}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if files.cache == "" {
		if s.temporary, err = os.MkdirTemp("", "ajwt-conformance-"); err != nil {
			return nil, err
		}
		files.cache = s.temporary
	}
	pruneCache(files.cache)
	if s.bare.module, err = compile(ctx, files.module, files.cache, interpreter); err != nil {
		return nil, err
	}
	if s.values, err = compile(ctx, files.valuesModule(), files.cache, interpreter); err != nil {
		return nil, fmt.Errorf("%w (--values-module names the module that computes values; make wasm writes it to dist/%s)", err, valuesModule)
	}
	wasm, err := os.ReadFile(files.module)
	if err != nil {
		return nil, err
	}
	s.embed = &embedHost{wasm: wasm, cache: files.cache, interpreter: interpreter}
	return s, nil
}

// maxCached is the number of compiled modules that the cache keeps: three of this
// build, and some of builds that may come back. Each has about 20 MB.
const maxCached = 9

// pruneCache removes the oldest compiled modules.
func pruneCache(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "wazero-*", "*"))
	if err != nil || len(files) <= maxCached {
		return
	}
	age := func(file string) time.Time {
		info, err := os.Stat(file)
		if err != nil {
			return time.Time{}
		}
		return info.ModTime()
	}
	slices.SortFunc(files, func(a, b string) int { return age(b).Compare(age(a)) })
	for _, file := range files[maxCached:] {
		_ = os.Remove(file)
	}
}

// Name implements Subject.
func (s *wasmSubject) Name() string { return s.name }

// Features implements Subject.
func (s *wasmSubject) Features() Features {
	return Features{Version: "core", Operations: Operations, Codes: true, Own: true, Subset: s.interpreter}
}

// Plan keeps the cases of one policy together, those of many cases first, and notes
// which policies are for hosts/embed.
func (s *wasmSubject) Plan(cases []*Prepared) []int {
	s.shared = make(map[string]bool)
	return inGroups(cases, group, func(g string, n int) { s.shared[g] = n >= sharedBy })
}

// inGroups keeps the cases of verify that have the same group together, the largest groups
// first. each, if not nil, is told of every group and its size.
func inGroups(cases []*Prepared, group func(*Prepared) string, each func(group string, size int)) []int {
	size := make(map[string]int)
	order := make([]int, len(cases))
	groups := make([]string, len(cases))
	for i, p := range cases {
		order[i] = i
		if p.Op == opVerify {
			groups[i] = group(p)
			size[groups[i]]++
		}
	}
	for g, n := range size {
		if each != nil {
			each(g, n)
		}
	}
	sort.SliceStable(order, func(a, b int) bool {
		x, y := groups[order[a]], groups[order[b]]
		if size[x] != size[y] {
			return size[x] > size[y]
		}
		return x < y
	})
	return order
}

// group names what instances are made or configured for: the policy and the secrets, the
// signed documents, whose versions never go back, and which issuers' keys are loaded. The
// key sets change from case to case.
func group(p *Prepared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%x\n", p.Policy, p.Replay.Start, p.NonceKeys)
	for _, d := range p.signedDocuments() {
		fmt.Fprintf(&b, "%d %s %s %d\n", d.kind, d.issuer, d.data, p.Loaded)
	}
	issuers := make([]string, 0, len(p.Keys))
	for issuer := range p.Keys {
		issuers = append(issuers, issuer)
	}
	sort.Strings(issuers)
	b.WriteString(strings.Join(issuers, "\n"))
	return b.String()
}

// Run implements Subject.
func (s *wasmSubject) Run(ctx context.Context, p *Prepared) (Answer, error) {
	var answer Answer
	var err error
	switch {
	case p.Op == opVerify && s.shared[group(p)]:
		return s.embed.verify(ctx, p)
	case p.Op == opVerify:
		answer, err = s.bare.verify(ctx, p)
	case p.Op == opSequence:
		answer, err = s.bare.sequence(ctx, p)
	case isLoad(p.Op):
		answer, err = s.bare.loads(ctx, p)
	default:
		return s.compute(ctx, p)
	}
	if err != nil {
		s.bare.discardAll(ctx)
	}
	return answer, err
}

// compute answers a value operation with the module for values.
func (s *wasmSubject) compute(ctx context.Context, p *Prepared) (Answer, error) {
	c, err := computation(p)
	if err != nil {
		return Answer{}, err
	}
	if s.computer == nil {
		if s.computer, err = s.values.instantiate(ctx); err != nil {
			return Answer{}, err
		}
	}
	data, err := s.computer.send(ctx, "ajwt_compute", abi.AppendCompute(make([]byte, 0, abi.ComputeSize(c)), c))
	if err != nil {
		s.computer.discard(ctx)
		s.computer = nil
		return Answer{}, err
	}
	return computed(abi.DecodeValue(data))
}

// Close implements Subject.
func (s *wasmSubject) Close() error {
	ctx := context.Background()
	var failed error
	if s.embed != nil {
		failed = s.embed.drop()
	}
	for _, c := range []*compiled{s.bare.module, s.values} {
		if c == nil {
			continue
		}
		if err := c.close(ctx); err != nil && failed == nil {
			failed = &Fault{FaultCrash, "close: " + err.Error()}
		}
	}
	if s.temporary != "" {
		_ = os.RemoveAll(s.temporary)
	}
	return failed
}
