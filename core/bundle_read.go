package ajwt

import (
	"math/bits"
	"strconv"

	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// bundleReader reads the members of a bundle; what they mean together is the compiler's
// work.
type bundleReader struct {
	docReader
	b             *Bundle
	registrations map[string]bool // of all agents: a list names them without their agent
	pending       []pendingAlias  // until all workflows are known
}

type pendingAlias struct {
	at, key string
	id      string
}

const (
	unboundedEnd       = strictjson.MaxInteger + 1
	maxWorkflowSteps   = 256
	maxDelegationDepth = 15
)

func (r *bundleReader) document(root strictjson.Value, t *documentTerms) {
	b := r.b
	b.agentAt, b.keys = map[string]int32{}, map[[32]byte]*Key{}
	b.workflowAt, b.stepAt, b.aliases = map[string]int32{}, map[string]int32{}, map[string]bundleAlias{}
	r.registrations = map[string]bool{}
	r.object(root, "",
		member{"iss", true, func(v strictjson.Value, at string) { r.issuerIs(v, at, t.issuer, CodeBundleIssuerMismatch) }},
		member{"iat", true, func(v strictjson.Value, at string) { b.issuedAt = r.issuedAt(v, at, t, CodeBundleIatFuture) }},
		member{"exp", true, func(v strictjson.Value, at string) {
			before := len(r.faults)
			b.expires = r.integer(v, at, 0, strictjson.MaxInteger)
			switch {
			case len(r.faults) > before:
			case b.expires <= t.now:
				r.fault(CodeBundleExpired, at, "want a time that is still to come")
			case b.expires <= b.issuedAt:
				r.fault(CodeBundleMemberValue, at, "want a time after iat")
			}
		}},
		member{"version", true, func(v strictjson.Value, at string) { b.version = r.integer(v, at, 0, strictjson.MaxInteger) }},
		member{"agents", true, r.agents},
		member{"workflows", true, r.workflows},
	)
	for _, p := range r.pending {
		r.work(workEntry)
		if _, real := b.workflowAt[p.id]; real {
			r.fault(CodeBundleIDDuplicate, p.at, "a workflow has this id")
		}
	}
}

func (r *bundleReader) agents(v strictjson.Value, at string) {
	r.entries(v, at, func(e strictjson.Value, at string) {
		a := bundleAgent{}
		r.object(e, at,
			member{"agent_id", true, func(v strictjson.Value, at string) {
				a.id = r.id(v, at, &agentIDByte)
				if _, twice := r.b.agentAt[a.id]; twice && a.id != "" {
					r.fault(CodeBundleIDDuplicate, at, "another agent has this id")
				}
			}},
			member{"status", true, func(v strictjson.Value, at string) { a.revoked = r.choice(v, at, "active", "revoked") == 1 }},
			member{"registrations", true, func(v strictjson.Value, at string) {
				r.entries(v, at, func(e strictjson.Value, at string) { r.registration(&a, e, at) })
			}},
			member{"keys", false, func(v strictjson.Value, at string) {
				a.pinned = true
				seen := map[[32]byte]bool{}
				r.entries(v, at, func(e strictjson.Value, at string) { r.agentKey(&a, seen, e, at) })
			}},
			member{"shim_checksums", false, func(v strictjson.Value, at string) {
				a.shimPinned = true
				seen := map[[32]byte]bool{}
				r.entries(v, at, func(e strictjson.Value, at string) {
					shim := r.checksum(e, at)
					if seen[shim] {
						r.fault(CodeBundleIDDuplicate, at, "this entry stands twice")
					}
					seen[shim] = true
					a.shims = append(a.shims, shim)
				})
			}},
		)
		r.b.agentAt[a.id] = int32(len(r.b.agents))
		r.b.agents = append(r.b.agents, a)
	})
}

func (r *bundleReader) registration(a *bundleAgent, v strictjson.Value, at string) {
	g := registration{notAfter: unboundedEnd}
	r.object(v, at,
		member{"registration_id", true, func(v strictjson.Value, at string) {
			g.id = r.id(v, at, &agentIDByte)
			if g.id != "" && r.registrations[g.id] {
				r.fault(CodeBundleIDDuplicate, at, "another registration has this id")
			}
			r.registrations[g.id] = true
		}},
		member{"checksum", true, func(v strictjson.Value, at string) { g.checksum = r.checksum(v, at) }},
		member{"not_before", false, func(v strictjson.Value, at string) { g.notBefore = r.integer(v, at, 0, strictjson.MaxInteger) }},
		member{"not_after", false, func(v strictjson.Value, at string) {
			if g.notAfter = r.integer(v, at, 0, strictjson.MaxInteger); g.notAfter <= g.notBefore {
				r.fault(CodeBundleMemberValue, at, "want a time after not_before")
			}
		}},
	)
	a.registrations = append(a.registrations, g)
}

func (r *bundleReader) agentKey(a *bundleAgent, seen map[[32]byte]bool, v strictjson.Value, at string) {
	k := new(Key)
	r.work(workKey + v.Len())
	if fault, detail := k.read(v, false); fault != keyOK {
		r.fault(CodeBundleKeyInvalid, at, keyReasons[fault]+": "+detail)
		return
	}
	thumbprint := k.Thumbprint()
	if seen[thumbprint] {
		r.fault(CodeBundleIDDuplicate, at, "this key stands twice")
	}
	seen[thumbprint] = true
	a.keys = append(a.keys, thumbprint)
	r.b.keys[thumbprint] = k
}

func (r *bundleReader) workflows(v strictjson.Value, at string) {
	r.entries(v, at, func(e strictjson.Value, at string) {
		w := bundleWorkflow{firstStep: int32(len(r.b.steps))}
		var after [][]string
		var aliases strictjson.Value
		aliasesAt := ""
		r.object(e, at,
			member{"workflow_id", true, func(v strictjson.Value, at string) {
				w.id = r.id(v, at, &stepIDByte)
				if _, twice := r.b.workflowAt[w.id]; twice && w.id != "" {
					r.fault(CodeBundleIDDuplicate, at, "another workflow has this id")
				}
			}},
			member{"version", true, func(v strictjson.Value, at string) { w.version = r.integer(v, at, 0, strictjson.MaxInteger) }},
			member{"origins", true, func(v strictjson.Value, at string) {
				if v.Kind() == strictjson.Array && v.Len() == 0 {
					r.list(v, at, nil) // says that it wants an entry
				}
				r.distinct(v, at, func(v strictjson.Value, at string) string {
					id, agent := r.agentRef(v, at)
					w.origins = append(w.origins, agent)
					return id
				})
			}},
			member{"delegation", true, func(v strictjson.Value, at string) { r.delegation(&w, v, at) }},
			member{"max_depth", true, func(v strictjson.Value, at string) {
				w.maxDepth = int(r.integer(v, at, 0, maxDelegationDepth))
			}},
			member{"steps", true, func(v strictjson.Value, at string) { after = r.steps(&w, v, at) }},
			member{"aliases", false, func(v strictjson.Value, at string) { aliases, aliasesAt = v, at }},
		)
		w.stepCount = int32(len(r.b.steps)) - w.firstStep
		index := int32(len(r.b.workflows))
		r.b.workflowAt[w.id] = index
		r.b.workflows = append(r.b.workflows, w)
		r.afters(&w, after, at)
		if aliases.Exists() {
			r.entries(aliases, aliasesAt, func(e strictjson.Value, at string) { r.alias(&w, index, e, at) })
		}
	})
}

// agentRef reads the id of an agent of the bundle.
func (r *bundleReader) agentRef(v strictjson.Value, at string) (string, int32) {
	id := r.id(v, at, &agentIDByte)
	agent, known := r.b.agentAt[id]
	if id != "" && !known {
		r.fault(CodeBundleAgentUnknown, at, "agents does not list "+strconv.Quote(id))
		return "", anyAgent
	}
	return id, agent
}

func (r *bundleReader) delegation(w *bundleWorkflow, v strictjson.Value, at string) {
	seen := map[pair]bool{}
	r.entries(v, at, func(e strictjson.Value, at string) {
		if !r.kind(e, at, strictjson.Array) {
			return
		}
		if e.Len() != 2 {
			r.fault(CodeBundleMemberValue, at, "want delegator and delegate")
			return
		}
		from, delegator := r.agentRef(e.First(), at+"/0")
		to, delegate := r.agentRef(e.First().Next(), at+"/1")
		edge := pair{delegator, delegate}
		switch {
		case from == "" || to == "":
		case seen[edge]:
			r.fault(CodeBundleIDDuplicate, at, "this edge stands twice")
		default:
			seen[edge] = true
			w.edges = append(w.edges, edge)
		}
	})
}

func (r *bundleReader) steps(w *bundleWorkflow, v strictjson.Value, at string) (after [][]string) {
	if v.Len() > maxWorkflowSteps {
		r.fault(CodeBundleLimitExceeded, at, "want at most "+strconv.Itoa(maxWorkflowSteps)+" steps")
		return nil
	}
	text := func(v strictjson.Value, at string) string { return r.text(v, at, 256) }
	r.list(v, at, func(e strictjson.Value, at string) {
		s := bundleStep{agent: anyAgent}
		var names []string
		r.object(e, at,
			member{"step_id", true, func(v strictjson.Value, at string) {
				s.id = r.id(v, at, &stepIDByte)
				key := w.id + "/" + s.id
				if _, twice := r.b.stepAt[key]; twice && s.id != "" && w.id != "" {
					r.fault(CodeBundleIDDuplicate, at, "another step has this id")
				}
				r.b.stepAt[key] = int32(len(r.b.steps))
			}},
			member{"agent_id", false, func(v strictjson.Value, at string) { _, s.agent = r.agentRef(v, at) }},
			member{"after", true, func(v strictjson.Value, at string) {
				names = r.distinct(v, at, func(v strictjson.Value, at string) string { return r.id(v, at, &stepIDByte) })
			}},
			member{"required", true, func(v strictjson.Value, at string) { s.required = r.boolean(v, at) }},
			member{"approval_gate", true, func(v strictjson.Value, at string) { s.approvalGate = r.boolean(v, at) }},
			member{"requires_approval", true, func(v strictjson.Value, at string) { s.needsApproval = r.boolean(v, at) }},
			member{"scopes", true, func(v strictjson.Value, at string) {
				s.scopes = r.distinct(v, at, func(v strictjson.Value, at string) string {
					scope := r.text(v, at, 256)
					if scope != "" && !isScopeToken(scope) {
						r.fault(CodeBundleMemberValue, at, "want a scope-token")
						return ""
					}
					return scope
				})
			}},
			member{"tools", true, func(v strictjson.Value, at string) { s.tools = r.distinct(v, at, text) }},
			member{"context", true, func(v strictjson.Value, at string) { s.context = r.distinct(v, at, text) }},
		)
		r.b.steps = append(r.b.steps, s)
		after = append(after, names)
	})
	return after
}

// afters resolves the names of prerequisites, now that all steps are known.
func (r *bundleReader) afters(w *bundleWorkflow, after [][]string, at string) {
	for i, names := range after {
		for j, name := range names {
			if r.full() {
				return
			}
			r.work(workEntry)
			step, known := r.b.stepAt[w.id+"/"+name]
			if !known {
				r.fault(CodeBundleStepUnknown, at+"/steps/"+strconv.Itoa(i)+"/after/"+strconv.Itoa(j), "the workflow has no step "+strconv.Quote(name))
				continue
			}
			r.b.steps[int(w.firstStep)+i].after.add(int(step - w.firstStep))
		}
	}
}

func (r *bundleReader) alias(w *bundleWorkflow, index int32, v strictjson.Value, at string) {
	audience, id := "", ""
	a := bundleAlias{workflow: index, steps: map[string]int32{}}
	r.object(v, at,
		member{"audience", true, func(v strictjson.Value, at string) { audience = r.text(v, at, 512) }},
		member{"workflow_id", true, func(v strictjson.Value, at string) { id = r.id(v, at, &stepIDByte) }},
		member{"steps", true, func(v strictjson.Value, at string) {
			if !r.kind(v, at, strictjson.Object) {
				return
			}
			for m := v.First(); m.Exists() && !r.full(); m = m.Next() {
				at := at + "/" + escapePointer(string(m.Key()))
				r.work(workEntry + len(at))
				name := r.id(m, at, &stepIDByte)
				step, known := r.b.stepAt[w.id+"/"+name]
				switch {
				case name == "":
				case !known:
					r.fault(CodeBundleStepUnknown, at, "the workflow has no step "+strconv.Quote(name))
				case !validStepID(m.Key()):
					r.fault(CodeBundleMemberValue, at, "want the alias of a step: 1-128 of A-Z a-z 0-9 . _ : @ -")
				default:
					a.steps[string(m.Key())] = step
				}
			}
		}},
	)
	if audience == "" || id == "" {
		return
	}
	key := aliasKey(audience, id)
	if _, twice := r.b.aliases[key]; twice {
		r.fault(CodeBundleIDDuplicate, at+"/workflow_id", "another workflow has this alias for the audience")
	}
	r.b.aliases[key] = a
	r.pending = append(r.pending, pendingAlias{at + "/workflow_id", key, id})
}

// aliasKey joins audience and alias; an alias holds no control character.
func aliasKey(audience, id string) string { return audience + "\x00" + id }

// stepSet is a set of steps of one workflow, by place.
type stepSet [maxWorkflowSteps / 64]uint64

func (s *stepSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *stepSet) remove(i int)   { s[i/64] &^= 1 << (i % 64) }
func (s *stepSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *stepSet) union(o *stepSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// within tells whether every step of s is in o.
func (s *stepSet) within(o *stepSet) bool {
	for i := range s {
		if s[i]&^o[i] != 0 {
			return false
		}
	}
	return true
}

func (s *stepSet) intersect(o *stepSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *stepSet) subtract(o *stepSet) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// next returns the first step of s at or after i, -1 where there is none.
func (s *stepSet) next(i int) int {
	for w := i / 64; w < len(s); w++ {
		if rest := s[w] >> (i % 64) << (i % 64); rest != 0 {
			return w*64 + bits.TrailingZeros64(rest)
		}
		i = 0
	}
	return -1
}
