//go:build ajwt_faults

package ajwt

import (
	"bytes"
	"strings"
)

func init() { seededFaults = append(seededFaults, proofFaults...) }

var proofFaults = []SeededFault{
	// The proof.
	{"missing-proof-accepted", "a request without the proof that it needs passes", 601, func(r *run) Code {
		code := r.checkPresence()
		if code == CodeProofHeaderMissing {
			r.proof.expected = false
			return 0
		}
		return code
	}},
	{"unbound-token-accepted", "a token without cnf passes where a proof is needed", 601, func(r *run) Code {
		code := r.checkPresence()
		if code == CodeProofCnfMissing {
			r.proof.expected = false
			return 0
		}
		return code
	}},
	{"skip-proof-scheme", "a bound token passes under Bearer in hardened", 602, nil},
	{"proof-typ-ignored", "a proof of any typ is taken", 0, nil},
	{"proof-crit-ignored", "crit in a proof is ignored", 0, nil},
	{"proof-private-key-ignored", "a proof may show its private key", 0, nil},
	{"proof-alg-list-ignored", "an algorithm outside proof.algorithms is taken", 606, func(r *run) Code {
		p := *r.policy
		p.proof.algorithms = ^AlgorithmSet(0)
		kept := r.policy
		r.policy = &p
		code := r.checkProofMembers()
		r.policy = kept
		return code
	}},
	{"proof-jti-optional", "a proof without jti is taken", 612, nil},
	{"skip-htm", "htm is not compared", 613, nil},
	{"htm-case-fold", "htm compares without regard to case", 613, func(r *run) Code {
		if strings.EqualFold(string(r.proof.members.htm.Bytes()), r.req.Method) {
			return 0
		}
		return r.checkProofMethod()
	}},
	{"skip-htu", "htu is not compared", 614, nil},
	{"htu-prefix", "a htu that the URL begins with is taken", 614, func(r *run) Code {
		url := r.req.Scheme + "://" + string(r.s.authority) + string(r.s.path.text)
		if htu := r.proof.members.htu.Bytes(); len(htu) > len("https://x") && strings.HasPrefix(url, string(htu)) {
			return 0
		}
		return r.checkProofURL()
	}},
	{"htu-host-ignored", "only the path of htu is compared", 614, func(r *run) Code {
		if code := r.checkProofURL(); code != CodeProofHtuMismatch {
			return code
		}
		if bytes.HasSuffix(r.proof.members.htu.Bytes(), r.s.path.text) {
			return 0
		}
		return CodeProofHtuMismatch
	}},
	{"htu-query-compared", "a query in htu is not ignored", 614, func(r *run) Code {
		if bytes.IndexByte(r.proof.members.htu.Bytes(), '?') >= 0 {
			return CodeProofHtuMismatch
		}
		return r.checkProofURL()
	}},
	{"htu-not-normalised", "htu compares byte for byte", 614, func(r *run) Code {
		url := r.req.Scheme + "://" + string(r.s.authority) + string(r.s.path.text)
		if code := r.checkProofURL(); code != 0 || string(r.proof.members.htu.Bytes()) == url {
			return code
		}
		return CodeProofHtuMismatch
	}},
	{"skip-proof-age", "an old proof is taken", 615, func(r *run) Code {
		code := r.checkProofTime()
		if code == CodeProofIatExpired {
			return 0
		}
		return code
	}},
	{"skip-proof-future", "a proof from the future is taken", 615, func(r *run) Code {
		code := r.checkProofTime()
		if code == CodeProofIatFuture {
			return 0
		}
		return code
	}},
	{"proof-window-exclusive", "the first second of the window is refused", 615, func(r *run) Code {
		code := r.checkProofTime()
		if code == 0 && r.proof.iat == r.now-r.policy.proof.maxAge-r.issuer.skew {
			return CodeProofIatExpired
		}
		return code
	}},
	{"ath-optional", "a proof without ath is taken", 0, nil},
	{"skip-ath", "ath is not compared", 616, nil},
	{"skip-nonce", "the nonce is not asked for", 617, nil},
	{"nonce-first-key-only", "only the first nonce key verifies", 617, func(r *run) Code {
		code := r.checkProofNonce()
		if code == 0 && r.policy.nonceSlot > 0 {
			slot, first := r.now/r.policy.nonceSlot, r.v.nonceKeys[0]
			nonce := string(r.proof.members.nonce.Bytes())
			if nonce != string(appendNonce(nil, first, slot)) && nonce != string(appendNonce(nil, first, slot-1)) {
				return CodeProofNonceMismatch
			}
		}
		return code
	}},
	{"nonce-current-slot-only", "the nonce of the previous slot is refused", 617, func(r *run) Code {
		code := r.checkProofNonce()
		if code == 0 && r.policy.nonceSlot > 0 {
			slot := r.now / r.policy.nonceSlot
			for _, k := range r.v.nonceKeys {
				if string(r.proof.members.nonce.Bytes()) == string(appendNonce(nil, k, slot)) {
					return 0
				}
			}
			return CodeProofNonceMismatch
		}
		return code
	}},
	{"skip-binding", "a proof by any key is taken", 618, nil},
	{"proof-signature-skipped", "the proof's signature is not verified", 0, nil},

	// Routes and what they compare.
	{"skip-route", "a request that no route matches is taken for the first route", 701, func(r *run) Code {
		if r.route == nil {
			r.route = &r.policy.routes[0]
		}
		return 0
	}},
	{"skip-admission", "a route takes any issuer", 702, nil},
	{"skip-bundle", "a route above level jwt passes without a bundle", 703, nil},
	{"skip-chain", "a chain may be absent, or be another's", 801, nil},
	{"skip-sequence", "a sequence may be absent, or be of steps without a workflow", 901, nil},
	{"skip-scopes", "the route's scopes are not asked for", 902, nil},
	{"scope-any", "one of the route's scopes is enough", 902, func(r *run) Code {
		for _, s := range r.route.scopes {
			if hasScope(r.claims.scope.Bytes(), s) {
				return 0
			}
		}
		return r.checkScopes()
	}},
	{"scope-substring", "a scope that holds the route's is taken", 902, func(r *run) Code {
		for _, s := range r.route.scopes {
			if !bytes.Contains(r.claims.scope.Bytes(), []byte(s)) {
				return CodeWorkflowScopeInsufficient
			}
		}
		return 0
	}},
	{"skip-step", "the route's steps are not compared", 903, nil},
	{"step-workflow-ignored", "only the step's name is compared", 903, func(r *run) Code {
		for _, s := range r.route.steps {
			if s.step == string(r.intent.step) {
				return 0
			}
		}
		return r.checkStep()
	}},
	{"absent-step-accepted", "a token without a step passes where a step is asked for", 903, func(r *run) Code {
		code := r.checkStep()
		if code == CodeWorkflowStepMissing {
			return 0
		}
		return code
	}},
	{"skip-agent", "the route's agents are not compared", 904, nil},
	{"skip-bind", "bind is not compared", 905, nil},
	{"bind-absent-accepted", "an absent member of execution_context passes", 905, func(r *run) Code {
		code := r.checkBind()
		if code == CodeWorkflowContextMissing {
			return 0
		}
		return code
	}},

	// Replay.
	{"skip-cold-start", "what was issued before the memory started is taken", 1001, nil},
	{"cold-start-exclusive", "the last refused second after a start passes", 1001, func(r *run) Code {
		code := r.checkColdStart()
		start := r.v.replay.Start() + r.issuer.skew
		if code == CodeReplayProofColdStart && r.proof.iat == start || code == CodeReplayTokenColdStart && r.claims.iatAt == start {
			return 0
		}
		return code
	}},
	{"replay-cache-off", "nothing is remembered", 1002, nil},
	{"single-use-ignored", "a single-use token may be used again", 1002, func(r *run) Code {
		rt := *r.route
		rt.singleUse = false
		r.route = &rt
		return r.checkReplay()
	}},
	{"replay-jti-only", "proofs of two keys with one jti are taken for one", 1002, func(r *run) Code {
		kept := r.binding
		r.binding = [32]byte{}
		code := r.checkReplay()
		r.binding = kept
		return code
	}},
	{"replay-full-accepts", "a full memory lets requests pass", 1002, func(r *run) Code {
		code := r.checkReplay()
		if code == CodeReplayMemoryFull || code == CodeReplayQuotaExceeded {
			return 0
		}
		return code
	}},
	{"replay-recorded-early", "a proof is used up before the route is judged", 701, func(r *run) Code {
		if r.proof.held {
			result, seen := r.v.replay.Record([]ReplayKey{r.proofReplayKey()}, r.now)
			if code := replayCode(result, []ReplayKey{{}}, seen); code != 0 {
				return code
			}
			r.proof.held = false
		}
		return r.checkRoute()
	}},
	{"observe-for-ever", "a route observes beyond its end", 0, nil},
	{"observe-everything", "codes that may never be observed are observed too", 0, nil},
}
