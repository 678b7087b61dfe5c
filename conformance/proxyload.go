package conformance

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"

	"github.com/agentic-jwt/ajwt/conformance/proxywasmhost"
)

// proxyTime is the time of cases that say none: within an interval of 1970 the filter
// fetches nothing.
const proxyTime = 1767225600

// documentLoad answers the operations that load a key set, a bundle or a list: the filter
// fetches it, and so it did with the documents before.
func (s *proxySubject) documentLoad(ctx context.Context, p *Prepared) (Answer, error) {
	in, err := readInput(p)
	if err != nil {
		return Answer{}, err
	}
	if p.Op == opKeysLoad {
		in.Policy, in.Issuer, in.Now = loadPolicy, "https://as.example", proxyTime
	}
	w, err := proxyWorld(&Prepared{Policy: []byte(in.Policy), Loaded: in.Now, NonceKeys: [][]byte{make([]byte, 32)}})
	if err != nil {
		return Answer{}, setupFault("policy", err)
	}
	if err := s.enter(ctx, w, 1); err != nil {
		return Answer{}, err
	}
	put := func(kind ajwt.Kind, data []byte) (Answer, error) {
		return fetched(w.Replace(ctx, kind, in.Issuer, data, s.workers[0]))
	}
	if p.Op == opKeysLoad {
		return put(ajwt.KindKeys, []byte(in.Keys))
	}
	var answer Answer
	_, err = in.load(p.Op, func(kind ajwt.Kind, data []byte) error {
		var err error
		if answer, err = put(kind, data); err == nil && answer.Verdict == verdictReject {
			code, _ := ajwt.ParseCode(answer.Code)
			err = &ajwt.LoadError{Faults: []ajwt.Fault{{Code: code}}}
		}
		return err
	})
	return answer, err
}

// fetched turns what became of a document into an answer.
func fetched(f proxywasmhost.Fetched, err error) (Answer, error) {
	switch {
	case err != nil:
		return Answer{}, &Fault{FaultProtocol, err.Error()}
	case f.Taken:
		return Answer{Verdict: verdictAccept}, nil
	case f.Failed != "":
		// The filter itself refuses what is too long, and names a code.
		code, _, _ := strings.Cut(f.Failed, ": ")
		if _, ok := ajwt.ParseCode(code); !ok {
			return Answer{}, &Fault{FaultProtocol, "not fetched: " + f.Failed}
		}
		return Answer{Verdict: verdictReject, Code: code, Pointers: []string{""}}, nil
	}
	return refusal(f.Faults), nil
}

// refusal reads the faults that the filter has logged.
func refusal(faults []string) Answer {
	a := Answer{Verdict: verdictReject}
	for n, text := range faults {
		pointer, code, _ := proxywasmhost.SplitFault(text)
		if n == 0 {
			a.Code = code
		}
		a.Pointers = append(a.Pointers, pointer)
	}
	return a
}

// policyLoad answers the operation that loads a policy: it is the filter's configuration,
// with hosts.proxywasm added at the end where it has no hosts. What this host alone asks for,
// or cannot do, is taken from the faults; where nothing else is left, the policy must be
// accepted with that mended.
func (s *proxySubject) policyLoad(ctx context.Context, p *Prepared) (Answer, error) {
	in, err := readInput(p)
	if err != nil {
		return Answer{}, err
	}
	text := []byte(in.Policy)
	faults, accepted, err := s.configure(ctx, withHost(text))
	if err != nil || accepted {
		return Answer{Verdict: verdictAccept}, err
	}
	own := hostWants(text)
	named := make(map[string]bool)
	faults = slices.DeleteFunc(faults, func(f string) bool {
		pointer, code, _ := proxywasmhost.SplitFault(f)
		again := named[pointer] && strings.HasPrefix(pointer, "/hosts/proxywasm/")
		named[pointer] = true
		return again || slices.Contains(own, code+" "+pointer)
	})
	if len(faults) > 0 {
		return refusal(faults), nil
	}
	mended, err := proxywasmhost.NewWorld(&proxywasmhost.Setting{Policy: localScope(text)}, "")
	if err != nil {
		return Answer{}, err
	}
	if faults, accepted, err = s.configure(ctx, mended.Policy()); err != nil || accepted {
		return Answer{Verdict: verdictAccept}, err
	}
	return refusal(faults), nil
}

// anyPolicy is a configuration that is accepted.
var anyPolicy = `{"hosts":{"proxywasm":{"fetch":[{"origin":"https://as.example","cluster":"documents"}]}},` + loadPolicy[1:]

// configure tells an instance its configuration and reads from the log what is wrong with
// it.
func (s *proxySubject) configure(ctx context.Context, policy []byte) (faults []string, accepted bool, err error) {
	p := s.process
	if !s.configuring {
		s.discard(ctx)
		s.configuring = true
		p.Forget("")
		p.Env = []string{"AJWT_NONCE_KEYS=" + base64.RawURLEncoding.EncodeToString(make([]byte, 32))}
		i, err := p.Instance(ctx, []byte(anyPolicy))
		if err != nil {
			return nil, false, setupFault("policy", err)
		}
		s.workers = append(s.workers, i)
	}
	p.Lines()
	if err := s.workers[0].Configure(ctx, policy); err == nil {
		return nil, true, nil
	} else if !errors.Is(err, proxywasmhost.ErrRefused) {
		return nil, false, err
	}
	for _, line := range p.Lines() {
		if text, ok := strings.CutPrefix(line, "ajwt: the policy is refused: "); ok {
			if _, _, ok := proxywasmhost.SplitFault(text); !ok {
				return nil, false, &Fault{FaultProtocol, "a fault without a code: " + line}
			}
			faults = append(faults, text)
		}
	}
	if len(faults) == 0 {
		return nil, false, &Fault{FaultProtocol, "a policy is refused without a reason"}
	}
	return faults, false, nil
}

// policyForHost is what of a policy the filter itself reads, as far as it can be read.
type policyForHost struct {
	Hosts   map[string]json.RawMessage `json:"hosts"`
	Issuers []map[string]any           `json:"issuers"`
}

func hostPart(text []byte) (p policyForHost) {
	_ = json.Unmarshal(text, &p) // what is malformed is core's affair
	return p
}

// withHost adds hosts.proxywasm to the text of a policy that has no hosts. The rest stays
// as it is, to the byte.
func withHost(text []byte) []byte {
	end := strings.LastIndexByte(string(text), '}')
	var members map[string]json.RawMessage
	if end < 0 || json.Unmarshal(text, &members) != nil || members == nil || members["hosts"] != nil {
		return text
	}
	origins := make(map[string]bool)
	var fetch []string
	for _, uri := range uris(text) {
		scheme, rest, _ := strings.Cut(uri, "://")
		authority, _, _ := strings.Cut(rest, "/")
		authority, _, _ = strings.Cut(authority, "?")
		name, err := json.Marshal(scheme + "://" + authority)
		if scheme == "https" && !strings.Contains(authority, "@") && authority != "" && err == nil && !origins[string(name)] {
			origins[string(name)] = true
			fetch = append(fetch, `{"origin":`+string(name)+`,"cluster":"documents"}`)
		}
	}
	host := `"hosts":{"proxywasm":{"body":true`
	if len(fetch) > 0 {
		host += `,"fetch":[` + strings.Join(fetch, ",") + `]`
	}
	host += "}}"
	if len(members) > 0 {
		host = "," + host
	}
	// It takes the place of white space, so that the length stays where that is possible.
	start := max(len(strings.TrimRight(string(text[:end]), " ")), end-len(host))
	return slices.Concat(text[:start], []byte(host), text[end:])
}

// uris are those of the documents that a policy names.
func uris(text []byte) (list []string) {
	for _, issuer := range hostPart(text).Issuers {
		add := func(v any) {
			if s, ok := v.(string); ok {
				list = append(list, s)
			}
		}
		add(issuer["jwks_uri"])
		for _, name := range []string{"bundle", "revocation"} {
			if m, ok := issuer[name].(map[string]any); ok {
				add(m["uri"])
			}
		}
	}
	return list
}

// hostWants lists, as code and pointer, what the filter refuses and core does not: documents
// that are not fetched, origins without a cluster, a memory that others share, and bodies
// where they are not admitted.
func hostWants(text []byte) (list []string) {
	missing := ajwt.CodePolicyMemberMissing.String() + " "
	for n, issuer := range hostPart(text).Issuers {
		at := "/issuers/" + strconv.Itoa(n)
		if issuer["jwks_uri"] != nil {
			list = append(list, missing+at+"/jwks_uri")
		}
		for _, name := range []string{"bundle", "revocation"} {
			if _, ok := issuer[name]; ok {
				list = append(list, missing+at+"/"+name+"/uri")
			}
		}
	}
	list = append(list, ajwt.CodePolicyFeatureUnsupported.String()+" /replay/scope", missing+"/hosts/proxywasm/replay")
	conflict := ajwt.CodePolicyMemberConflict.String() + " "
	for n := range 64 {
		list = append(list, fmt.Sprintf("%s/proof/methods/%d", conflict, n), fmt.Sprintf("%s/routes/%d/require/tool", conflict, n))
	}
	return list
}

// localScope gives the policy with the scope of the replay memory that the filter has.
func localScope(text []byte) []byte {
	return []byte(strings.Replace(string(text), `"scope":"shared"`, `"scope":"local"`, 1))
}
