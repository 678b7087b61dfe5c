package main

import (
	"crypto/sha256"
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/strictjson"
)

// explain puts a rejection into words, with what was compared.
func (ev *evidence) explain(code ajwt.Code, route string) explanation {
	e := explainCode(code)
	e.Facts = append(ev.facts(e.Code, e.Check), ev.requirement(e.Check, route)...)
	return e
}

// facts says what a check compared: the value that the request has beside the one
// that was wanted. Values of the request are shown in bounded length and escaped;
// signatures, private members and nonces are not shown.
func (ev *evidence) facts(code string, check int) []fact {
	switch {
	case check < 200:
		return ev.inputFacts(check)
	case check < 300:
		return ev.formFacts(check)
	case check < 500:
		return ev.keyFacts(check)
	case check < 600:
		return ev.claimFacts(code, check)
	case check < 700:
		return ev.proofFacts(check)
	case check < 1000:
		return ev.routeFacts(check)
	}
	return nil
}

func (ev *evidence) inputFacts(check int) []fact {
	switch check {
	case 101, 113, 114:
		return []fact{{"target", shown(ev.req.Target, 200)}}
	case 104:
		return []fact{{"method", shown(ev.req.Method, 60)}}
	case 105:
		return []fact{{"scheme", shown(ev.req.Scheme, 60)}}
	case 106:
		return []fact{{"authority", shown(ev.req.Authority, 200)}}
	case 109:
		return []fact{{"scheme of the Authorization field", shown(ev.scheme, 60)}}
	case 110:
		return []fact{{"length of the token", fmt.Sprint(len(ev.tokenText), " bytes")}}
	}
	return nil
}

func (ev *evidence) formFacts(check int) []fact {
	t := ev.token
	if t == nil {
		return nil
	}
	switch check {
	case 201, 202:
		return []fact{{"parts", fmt.Sprint(t.segments)}}
	case 206, 212:
		p := t.header
		if check == 212 {
			p = t.payload
		}
		if p.fault != nil {
			return []fact{{"fault", p.fault.Error()}}
		}
	case 207, 208:
		return []fact{{"alg", raw(ev.header("alg"))}}
	case 209:
		var names []string
		for m := t.header.value.First(); m.Exists(); m = m.Next() {
			names = append(names, string(m.Key()))
		}
		return []fact{{"members of the header", shown(strings.Join(names, ", "), 200)}}
	case 210:
		return []fact{{"kid", raw(ev.header("kid"))}}
	case 211:
		return []fact{{"typ", raw(ev.header("typ"))}}
	}
	return nil
}

func (ev *evidence) keyFacts(check int) []fact {
	alg := fact{"alg of the token", raw(ev.header("alg"))}
	kid := fact{"kid of the token", raw(ev.header("kid"))}
	switch check {
	case 301:
		return []fact{{"iss", raw(ev.claim("iss"))}}
	case 302:
		return []fact{{"iss", raw(ev.claim("iss"))}, {"issuers of the policy", names(ev.policy.Member("issuers"), "issuer")}}
	case 303:
		types := "JWT, at+jwt (default)"
		if t := ev.issuer.Member("types"); t.Exists() {
			types = raw(t)
		}
		return []fact{{"typ of the token", raw(ev.header("typ"))}, {"types of the issuer", types}}
	case 304:
		return []fact{alg, {"algorithms of the issuer", raw(ev.issuer.Member("algorithms"))}}
	case 305:
		return []fact{{"issuer without a key set", raw(ev.claim("iss"))}, {"give", "--keys ISSUER=FILE"}}
	case 306:
		return []fact{kid, {"kids of the key set", names(ev.keys.Member("keys"), "kid")}}
	case 307, 401:
		return []fact{alg, kid}
	}
	return nil
}

// names lists one member of each entry of an array.
func names(list strictjson.Value, member string) string {
	const most = 20
	var out []string
	for e := list.First(); e.Exists(); e = e.Next() {
		if len(out) == most {
			out = append(out, fmt.Sprintf("and %d more", list.Len()-most))
			break
		}
		out = append(out, raw(e.Member(member)))
	}
	if out == nil {
		return "(none)"
	}
	return strings.Join(out, ", ")
}

func (ev *evidence) claimFacts(code string, check int) []fact {
	now := fact{"now", dateText(ev.req.Now)}
	skew := fact{"clock_skew_seconds", fmt.Sprint(ev.skew)}
	switch check {
	case 501:
		name, _, _ := strings.Cut(strings.TrimPrefix(code, "claim_"), "_")
		return []fact{{name, raw(ev.claim(name))}}
	case 502:
		return []fact{{"aud of the token", raw(ev.claim("aud"))}, {"audiences of the issuer", raw(ev.issuer.Member("audiences"))}}
	case 503:
		return []fact{ev.date("exp"), now, skew}
	case 504:
		return []fact{ev.date("nbf"), now, skew}
	case 505:
		return []fact{ev.date("iat"), now, skew}
	case 506:
		return []fact{ev.date("iat"), ev.date("exp")}
	case 507:
		most := number(ev.issuer.Member("max_token_lifetime_seconds"), defaultLifetime)
		life := number(ev.claim("exp"), 0) - number(ev.claim("iat"), 0)
		return []fact{{"exp - iat", fmt.Sprint(life, " s")}, {"max_token_lifetime_seconds", fmt.Sprint(most)}}
	case 508:
		return []fact{{"sub", raw(ev.claim("sub"))}}
	case 509:
		return []fact{{"cnf", raw(ev.claim("cnf"))}}
	case 510:
		return []fact{{"intent", raw(ev.claim("intent"))}}
	case 511:
		return []fact{{"executed_by", raw(ev.claim("intent").Member("executed_by"))}, {"sub", raw(ev.claim("sub"))}}
	case 512:
		return []fact{{"agent_proof", raw(ev.claim("agent_proof"))}}
	}
	return nil
}

func (ev *evidence) date(name string) fact {
	if n, ok := ev.claim(name).Integer(); ok {
		return fact{name, dateText(n)}
	}
	return fact{name, raw(ev.claim(name))}
}

func (ev *evidence) proofFacts(check int) []fact {
	switch check {
	case 601, 602:
		return []fact{{"scheme", shown(ev.scheme, 60)}, {"cnf of the token", raw(ev.claim("cnf"))}, {"DPoP field", fmt.Sprint(ev.proof != nil)}}
	}
	p := ev.proof
	if p == nil {
		return nil
	}
	switch check {
	case 603:
		return []fact{{"parts", fmt.Sprint(p.segments)}}
	case 605, 611:
		part := p.header
		if check == 611 {
			part = p.payload
		}
		if part.fault != nil {
			return []fact{{"fault", part.fault.Error()}}
		}
	case 606:
		return []fact{{"typ of the proof", raw(ev.proofHeader("typ"))}}
	case 607, 610:
		list := "Ed25519, ES256 (default)"
		if l := ev.policy.Member("proof").Member("algorithms"); l.Exists() {
			list = raw(l)
		}
		return []fact{{"alg of the proof", raw(ev.proofHeader("alg"))}, {"proof.algorithms", list}, {"jwk of the proof", raw(ev.proofHeader("jwk"))}}
	case 609, 619:
		return []fact{{"jwk of the proof", raw(ev.proofHeader("jwk"))}}
	case 612:
		return []fact{{"jti of the proof", raw(ev.proofClaim("jti"))}}
	case 613:
		return []fact{{"htm of the proof", raw(ev.proofClaim("htm"))}, {"method of the request", shown(ev.req.Method, 60)}}
	case 614:
		path, _, _ := strings.Cut(ev.req.Target, "?")
		return []fact{{"htu of the proof", raw(ev.proofClaim("htu"))},
			{"URL of the request", shown(ev.req.Scheme+"://"+ev.req.Authority+path, 240)}}
	case 615:
		iat := raw(ev.proofClaim("iat"))
		if n, ok := ev.proofClaim("iat").Integer(); ok {
			iat = dateText(n)
		}
		age := number(ev.policy.Member("proof").Member("max_age_seconds"), defaultMaxAge)
		return []fact{{"iat of the proof", iat}, {"now", dateText(ev.req.Now)},
			{"proof.max_age_seconds", fmt.Sprint(age)}, {"clock_skew_seconds", fmt.Sprint(ev.skew)}}
	case 616:
		sum := sha256.Sum256([]byte(ev.tokenText))
		return []fact{{"ath of the proof", raw(ev.proofClaim("ath"))}, {"hash of the token", base64url(sum[:])}}
	case 618:
		return []fact{{"key of the proof", thumbprintOf(ev.proofHeader("jwk"))}, {"key that the token binds", ev.bound()}}
	case 620:
		return []fact{{"alg of the proof", raw(ev.proofHeader("alg"))}, {"key of the proof", thumbprintOf(ev.proofHeader("jwk"))}}
	}
	return nil
}

// bound is the thumbprint that cnf names.
func (ev *evidence) bound() string {
	cnf := ev.claim("cnf")
	if jkt := cnf.Member("jkt"); jkt.Exists() {
		return raw(jkt)
	}
	return thumbprintOf(cnf.Member("jwk"))
}

// thumbprintOf is a JWK's RFC 7638 thumbprint, or says that there is none.
func thumbprintOf(jwk strictjson.Value) string {
	key, err := ajwt.ParseKey(jwk.Raw())
	if err != nil {
		return "(not a usable key)"
	}
	t := key.Thumbprint()
	return base64url(t[:])
}

func (ev *evidence) routeFacts(check int) []fact {
	switch check {
	case 701:
		facts := []fact{{"request", shown(ev.req.Method+" "+ev.req.Authority+ev.req.Target, 240)}}
		const most = 10
		for r := ev.policy.Member("routes").First(); r.Exists(); r = r.Next() {
			if len(facts) > most {
				return append(facts, fact{"route", "... and more"})
			}
			facts = append(facts, fact{"route " + raw(r.Member("id")), raw(r.Member("match"))})
		}
		return facts
	case 702:
		return []fact{{"iss", raw(ev.claim("iss"))}}
	case 803:
		sub := string(ev.claim("sub").Bytes())
		return []fact{{"delegation_chain", raw(ev.claim("intent").Member("delegation_chain"))},
			{"hash of sub alone", ajwt.SequenceHash([]string{sub}, ajwt.HashLong) + ", " + ajwt.SequenceHash([]string{sub}, ajwt.HashShort)}}
	case 903:
		return []fact{{"step_sequence_hash", raw(ev.claim("intent").Member("step_sequence_hash"))}}
	case 907:
		return []fact{{"scope of the token", raw(ev.claim("scope"))}}
	case 908:
		intent := ev.claim("intent")
		return []fact{{"workflow_id", raw(intent.Member("workflow_id"))}, {"workflow_step", raw(intent.Member("workflow_step"))}}
	case 909:
		return []fact{{"sub", raw(ev.claim("sub"))}}
	case 911:
		return []fact{{"execution_context", raw(ev.claim("intent").Member("execution_context"))}, {"target", shown(ev.req.Target, 200)}}
	}
	return nil
}

// requirement shows what the route of a decision asks for, beside the facts.
func (ev *evidence) requirement(check int, route string) []fact {
	member := map[int]string{702: "issuers", 703: "level", 907: "scopes", 908: "steps", 909: "agents"}[check]
	r := ev.route(route)
	switch {
	case !r.Exists():
		return nil
	case check == 911:
		return []fact{{"bind of the route", raw(r.Member("bind"))}, {"path of the route", raw(r.Member("match").Member("path"))}}
	case member != "":
		value := raw(r.Member("require").Member(member))
		if check == 703 && !r.Member("require").Member(member).Exists() {
			value = "ajwt (default)"
		}
		return []fact{{member + " of the route", value}}
	}
	return nil
}
