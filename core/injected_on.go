//go:build ajwt_faults

package ajwt

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
)

// The files injected_*.go exist in the build for the mutation test alone (tag
// ajwt_faults). They give the verifier named faults, one of which is switched on at a
// time. Most replace a check of the list or move it; a few change what a check is given,
// or are asked for by name where there is no check (injected_off.go lists those places).

// SeededFault is one way in which a verifier may be wrong.
type SeededFault struct {
	Name    string
	Meaning string // what the faulty verifier does
	change  change
}

// change makes the faulty order of checks out of the sound one; nil where the fault is
// asked for by name.
type change func(order []check) []check

var (
	activeFault string
	soundChecks = all(at(401, remembered401), at(619, remembered619))(slices.Clone(checks))
)

// SeededFaults lists all faults, by subject.
func SeededFaults() []SeededFault {
	return slices.Concat(inputFaults, targetFaults, tokenFaults, jsonFaults, keyFaults, keySetFaults, signatureFaults,
		claimFaults, intentFaults, proofFaults, proofTimeFaults, httpsigFaults, patchetFaults, routeFaults, replayFaults, answerFaults, valueFaults, profileFaults, toolFaults,
		bundleFaults, delegationFaults, workflowFaults, forwardFaults)
}

// SwitchFault turns one fault on, and whichever was on off; "" leaves none on. It
// answers false for an unknown name. It must not run beside a decision.
func SwitchFault(name string) bool {
	checks, activeFault = slices.Clone(soundChecks), ""
	for _, f := range SeededFaults() {
		if f.Name == name {
			activeFault = name
			if f.change != nil {
				checks = f.change(checks)
			}
			return true
		}
	}
	return name == ""
}

// faulty is a check that is wrong; sound is the one that it stands for.
type faulty func(r *run, sound func(*run) Code) Code

// at replaces the check of that number.
func at(number int, wrong faulty) change {
	return func(order []check) []check {
		c := &order[place(order, number)]
		was := *c
		sound := was.of
		c.run, c.token = func(r *run) Code { return wrong(r, sound) }, nil
		return order
	}
}

// skip leaves checks out.
func skip(numbers ...int) change {
	return func(order []check) []check {
		for _, n := range numbers {
			order = at(n, func(*run, func(*run) Code) Code { return 0 })(order)
		}
		return order
	}
}

// forgive lets a check pass where it would give one of the codes.
func forgive(number int, codes ...Code) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		code := sound(r)
		if slices.Contains(codes, code) {
			return 0
		}
		return code
	})
}

// instead gives another code in place of one.
func instead(number int, of, other Code) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		if code := sound(r); code != of {
			return code
		}
		return other
	})
}

// earlier moves a check before another one. On a request without a route it passes.
func earlier(number, before int) change {
	return func(order []check) []check {
		i := place(order, number)
		c := order[i]
		order = slices.Delete(order, i, i+1)
		was := c
		c.token = nil
		c.run = func(r *run) Code {
			if r.route == nil {
				return 0
			}
			return was.of(r)
		}
		return slices.Insert(order, place(order, before), c)
	}
}

// all makes several changes.
func all(changes ...change) change {
	return func(order []check) []check {
		for _, c := range changes {
			order = c(order)
		}
		return order
	}
}

func place(order []check, number int) int {
	i := slices.IndexFunc(order, func(c check) bool { return c.number == number })
	if i < 0 {
		panic(fmt.Sprintf("the order has no check %d", number))
	}
	return i
}

// policyChanged runs a check under a copy of the policy that change has spoilt.
func policyChanged(number int, spoil func(p *Policy)) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		kept, p := r.policy, *r.policy
		spoil(&p)
		r.policy = &p
		code := sound(r)
		r.policy = kept
		return code
	})
}

// issuerChanged does the same with the token's issuer.
func issuerChanged(number int, spoil func(i *issuer)) change {
	return at(number, func(r *run, sound func(*run) Code) Code {
		kept, i := r.issuer, *r.issuer
		spoil(&i)
		r.issuer = &i
		code := sound(r)
		r.issuer = kept
		return code
	})
}

const endless = 1 << 20 // a limit that no vector reaches

// rememberedSignatures holds the verdicts of the two checks of signatures, since the same
// vectors run for each fault: key, algorithm, input and signature to code.
var rememberedSignatures sync.Map

type signatureQuestion struct {
	key  [32]byte
	alg  Algorithm
	text [sha256.Size]byte
}

func ask(k *Key, alg Algorithm, input, signature []byte, sound func() Code) Code {
	if slices.ContainsFunc(keySetFaults, func(f SeededFault) bool { return f.Name == activeFault }) {
		return sound() // keys are not what their thumbprints say
	}
	q := signatureQuestion{k.Thumbprint(), alg, sha256.Sum256(slices.Concat(input, []byte{0}, signature))}
	if code, known := rememberedSignatures.Load(q); known {
		return code.(Code)
	}
	code := sound()
	rememberedSignatures.Store(q, code)
	return code
}

const remembersTexts = false

func remembered401(r *run, sound func(*run) Code) Code {
	r.tokenHash = sha256.Sum256(bytesOf(r.tokenText))
	return ask(r.key, r.verify, r.s.token.input, r.s.token.signature, func() Code { return sound(r) })
}

func remembered619(r *run, sound func(*run) Code) Code {
	code := ask(r.proof.key, r.proof.verify, r.s.proof.input, r.s.proof.signature, func() Code { return sound(r) })
	if code == 0 {
		return r.proofHolds()
	}
	return code
}
