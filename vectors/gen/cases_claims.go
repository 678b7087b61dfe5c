package main

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// The cases of the claim stage: registered claims, cnf, intent and agent_proof, mostly
// of bearer tokens under the profile draft-00, so that ordinary libraries take part.

var claimTopics = []topic{
	{"claims", "required", claimsRequired},
	{"claims", "numericdate", meets(claimsNumericDate, "RFC7519-4.1.4-04 RFC7519-4.1.5-04 RFC7519-4.1.6-01")},
	{"claims", "exp", meets(claimsExp, "RFC7519-4.1.4-01 RFC7519-4.1.4-02 RFC7519-4.1.4-03 D00-6.5.3-04")},
	{"claims", "iat", meets(claimsIat, "D00-6.5.3-07")},
	{"claims", "nbf", meets(claimsNbf, "RFC7519-4.1.5-01 RFC7519-4.1.5-02 RFC7519-4.1.5-03")},
	{"claims", "lifetime", meets(claimsLifetime, "D00-4.4.2-05 D00-9.2.1-01 RFC6750-5.3-01 RFC9449-11.2-01")},
	{"claims", "iss", meets(claimsIss, "D00-4.4.2-01 D00-6.5.3-05 RFC7519-4.1.1-01 RFC8725-3.8-01")},
	{"claims", "sub", meets(claimsSub, "D00-4.4.2-03 RFC7519-4.1.2-02 RFC8725-3.8-02")},
	{"claims", "jti", meets(claimsJti, "D00-4.4.2-07")},
	{"claims", "aud", meets(claimsAud, "D00-4.2.1-10 D00-4.4.2-02 D00-6.5.3-06 RFC7519-4.1.3-01 RFC7519-4.1.3-02 RFC8725-3.9-01 RFC8725-3.9-02")},
	{"claims", "scope", meets(claimsScope, "D00-4.4.2-08")},
	{"claims", "cnf", meets(claimsCnf, "D00-4.4.2-09 D00-4.4.2-10 RFC7800-3-01 RFC7800-3.1-01 RFC7800-3.2-01 RFC7800-3.2-02 RFC7800-3.2-03 RFC7800-3.4-01 RFC9449-6-01 RFC9449-6.1-01")},
	{"claims", "intent", meets(claimsIntent, "D00-4.4.2-11 D00-4.4.2-12 D00-4.4.2-13")},
	{"claims", "intent-hash", meets(claimsIntentHash, "D00-4.4.2-15 D00-4.4.2-17")},
	{"claims", "no-workflow", meets(claimsNoWorkflow, "D00-4.4.2-14 D00-4.4.2-16")},
	{"claims", "agent-proof", meets(claimsAgentProof, "D00-4.4.2-18 D00-4.4.2-19 D00-5.3.2-09 D00-6.5.3-08 D00-6.5.3-09 D00-9.1.1-04 D00-9.1.2-01 D00-9.4.1-03")},
	{"claims", "hardened", meets(claimsHardened, "RFC7519-7.2-01 D00-6.5.3-16")},
	{"profile", "cnf", meets(profileCnf, "D00-4.4.2-09 D00-9.2.2-01 D00-9.2.2-02")},
	{"profile", "scheme", meets(profileScheme, "RFC9449-7.2-01")},
	{"profile", "hash", meets(profileHash, "D00-4.4.2-15 D00-4.4.2-17")},
	{"profile", "checksum", meets(profileChecksum, "D00-9.1.1-04")},
	{"profile", "typ", meets(profileTyp, "RFC8725-3.11-02")},
}

// meets says which rows of spec/requirements the cases of a topic are about, with
// blanks between their ids.
func meets(build func(*builder), rows string) func(*builder) {
	return func(b *builder) {
		b.requirements = strings.Fields(rows)
		build(b)
	}
}

const (
	refD00Token = "D00, section 4.4.2"
	refClaims   = "profile, section 5"
)

// payload makes a row that gives a claim another JSON text.
func payload(slug, title, code, path, text string, opts ...option) row {
	return row{slug, title, code, set("payload", path, text), opts}
}

// payloadNear is an accepting case in which a claim has another JSON text.
func payloadNear(slug, title, path, text string, opts ...option) accepted {
	return accepted{slug, title, set("payload", path, text), opts}
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

// at is an edit of the time of the request.
func at(t int64) edit { return set("now", "", num(t)) }

// es256Policy is a policy in place with one issuer that signs with ES256; members, such
// as "clock_skew_seconds":0, join those of the issuer.
func es256Policy(profile, members, routes string) string {
	issuer := issuerText(issuerID, profile, []string{"ES256"}, serverKeys("ES256"))
	if members != "" {
		issuer = issuer[:len(issuer)-1] + "," + members + "}"
	}
	return policyDoc(routes, issuer)
}

// bearer is an ordinary bearer token, proven a bound one with a proof. Their jti names
// area and topic, so that each file has twins of its own.
func (b *builder) bearer() scene { return draft("ES256").claiming("/jti", b.name()) }
func (b *builder) proven() scene { return hardened("ES256").claiming("/jti", b.name()) }
func (b *builder) name() string  { return quote(b.area + "-" + b.topic) }

// under returns a copy of the scene under a policy in place.
func (s scene) under(policy string) scene {
	s.policy, s.inline = "", policy
	return s
}

// claiming returns a copy of the scene after edits of the token's payload, given as
// pairs of pointer and JSON text.
func (s scene) claiming(pairs ...string) scene {
	for i := 0; i < len(pairs); i += 2 {
		s = s.with(set("payload", pairs[i], pairs[i+1]))
	}
	return s
}

func claimsRequired(b *builder) {
	b.refs = []string{refD00Token, refClaims}
	t := b.accept("all-present", "A token with every required claim is accepted.", b.bearer())
	for _, c := range []struct{ name, code, ref, row string }{
		{"iss", "key_iss_missing", "RFC 7519, section 4.1.1", "D00-4.4.2-01"},
		{"sub", "claim_sub_missing", "RFC 7519, section 4.1.2", "D00-4.4.2-03"},
		{"aud", "claim_aud_missing", "RFC 7519, section 4.1.3", "D00-4.4.2-02"},
		{"exp", "claim_exp_missing", "RFC 7519, section 4.1.4", "D00-4.4.2-04"},
		{"iat", "claim_iat_missing", "RFC 7519, section 4.1.6", "D00-4.4.2-06"},
		{"jti", "claim_jti_missing", "RFC 7519, section 4.1.7", "D00-4.4.2-07"},
		{"scope", "claim_scope_missing", "RFC 6749, section 3.3", "D00-4.4.2-08"},
	} {
		b.reject(c.name+"-missing", "A token without "+c.name+" is refused.", t, c.code, drop("payload", "/"+c.name),
			refs(refD00Token, refClaims, c.ref), requirements(c.row), kills("claim-"+c.name+"-optional"))
	}
	cased := b.accept("other-case-beside", "Claims whose names differ by case from the required ones are ignored beside them.",
		b.bearer().claiming("/EXP", num(now+290), "/Sub", `"patcher"`, "/AUD", quote(audience), "/Scope", `"repo:read"`, "/JTI", `"token-1"`, "/Iat", num(now-10)))
	for _, name := range []string{"exp", "iat", "sub", "jti", "aud", "scope"} {
		b.reject("other-case-of-"+name, "A claim that differs from "+name+" by case does not stand for it.", cased, "claim_"+name+"_missing",
			drop("payload", "/"+name), refs("RFC 7519, section 4", refClaims), kills("members-case-insensitive"))
	}
}

// notNumericDates are JSON texts that are no NumericDate of this profile; %d stands for
// a value that would be right.
var notNumericDates = []struct{ slug, what, text string }{
	{"string", "a string of digits", `"%d"`},
	{"fraction", "a number with the fraction .0", "%d.0"},
	{"half", "a number with a fraction", "%d.5"},
	{"exponent", "a number with the exponent 0", "%de0"},
	{"scientific", "a number in scientific notation", "1.7672256e9"},
	{"negative", "a negative number", "-1"},
	{"negative-zero", "minus zero", "-0"},
	{"null", "null", "null"},
	{"true", "true", "true"},
	{"array", "an array", "[%d]"},
	{"object", "an object", `{"seconds":%d}`},
	{"beyond-2-53", "2^53, one more than the greatest admissible value", "9007199254740992"},
	{"beyond-2-63", "2^63", "9223372036854775808"},
	{"huge", "a number that no double holds", "1e400"},
	{"milliseconds-as-string", "a date in ISO 8601", `"2026-01-01T00:04:50Z"`},
}

func claimsNumericDate(b *builder) {
	b.refs = []string{"RFC 7519, section 2", refClaims}
	t := b.accept("plain-digits", "Times of plain digits are accepted.", b.bearer().claiming("/nbf", num(now-10)))
	for _, claim := range []struct {
		name string
		good int64
	}{{"exp", now + 290}, {"iat", now - 10}, {"nbf", now - 10}} {
		for _, v := range notNumericDates {
			text := strings.ReplaceAll(v.text, "%d", num(claim.good))
			b.reject(claim.name+"-"+v.slug, "The claim "+claim.name+" is "+v.what+".", t, "claim_"+claim.name+"_invalid",
				set("payload", "/"+claim.name, text), kills("numericdate-lax"))
		}
	}
	b.nears(t, []accepted{
		payloadNear("nbf-zero", "The time 0 is a NumericDate.", "/nbf", "0"),
	})
	early := b.bearer().claiming("/iat", "0", "/exp", "300").with(at(100))
	b.accept("iat-zero", "An iat of 0 is accepted in the year 1970.", early)
	const last = 1<<53 - 1
	b.accept("range-end", "Times at the end of the range do not overflow: now and exp are 2^53-1.",
		b.bearer().claiming("/iat", num(last-10), "/exp", num(last)).with(at(last)))
	b.reject("exp-2-53-1", "2^53-1 is a NumericDate: an exp of it fails for the lifetime and not for its form.", t, "claim_lifetime_exceeded",
		set("payload", "/exp", num(last)))
	b.reject("nbf-2-53-1", "2^53-1 is a NumericDate: an nbf of it is in the future.", t, "claim_nbf_future", set("payload", "/nbf", num(last)))
	b.reject("iat-2-53-1", "2^53-1 is a NumericDate: an iat of it is in the future.", t, "claim_iat_future", set("payload", "/iat", num(last)))
}

// skews are the settings of clock_skew_seconds whose boundaries are tried.
var skews = []int64{0, 30, 60}

// skewed is a bearer scene under a policy with that skew.
func (b *builder) skewed(skew int64) scene {
	return b.bearer().under(es256Policy("draft-00", `"clock_skew_seconds":`+num(skew), anyBearer))
}

func claimsExp(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.4", refClaims}
	for _, skew := range skews {
		s := "skew-" + num(skew)
		t := b.accept(s+"-last-second", fmt.Sprintf("With a skew of %d s a token is accepted until one second before exp + skew.", skew),
			b.skewed(skew).with(at(now+290+skew-1)))
		b.reject(s+"-over", fmt.Sprintf("With a skew of %d s a token is over at now = exp + skew.", skew), t, "claim_exp_expired",
			at(now+290+skew), kills("skip-exp", "exp-inclusive"))
		b.reject(s+"-by-payload", fmt.Sprintf("With a skew of %d s an exp one second earlier is over at the same time.", skew), t, "claim_exp_expired",
			set("payload", "/exp", num(now+289)), kills("skip-exp", "exp-inclusive"))
	}
	t := b.accept("usual", "Under a policy without clock_skew_seconds a token is accepted before its exp.", b.bearer())
	b.reject("long-over", "A token is refused a day after its exp.", t, "claim_exp_expired", at(now+290+86400), kills("skip-exp"))
	last := b.near("default-skew-last-second", "The default skew is 30 s: one second before exp + 30 a token is accepted.", t, at(now+290+29))
	b.reject("default-skew-over", "The default skew is 30 s: at exp + 30 a token is over.", last, "claim_exp_expired", at(now+290+30),
		kills("skip-exp", "exp-inclusive"))
	escaped := b.near("escaped-name", `The member name "\u0065xp" is exp.`, t,
		whole("payload", fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"patcher","iat":%d,"\u0065xp":%d,"jti":"token-1","scope":"repo:read"}`, issuerID, audience, now-100, now+200)),
		refs("RFC 8259, section 7", "RFC 7519, section 4.1.4"))
	b.reject("escaped-name-over", `An exp that is written "\u0065xp" counts: this one is over.`, escaped, "claim_exp_expired",
		set("payload", "/exp", num(now-50)), refs("RFC 8259, section 7", "RFC 7519, section 4.1.4"), kills("skip-exp"))
	b.near("other-case-over", "An EXP that is over is an unknown member and means nothing.", t, set("payload", "/EXP", num(now-86400)), kills("members-case-insensitive"))
}

func claimsIat(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.6", refClaims}
	for _, skew := range skews {
		s := "skew-" + num(skew)
		t := b.accept(s+"-latest", fmt.Sprintf("With a skew of %d s an iat of now + skew is accepted.", skew),
			b.skewed(skew).claiming("/iat", num(now+skew)))
		b.reject(s+"-future", fmt.Sprintf("With a skew of %d s an iat of now + skew + 1 is in the future.", skew), t, "claim_iat_future",
			set("payload", "/iat", num(now+skew+1)), kills("skip-iat-future"))
		b.reject(s+"-future-by-clock", fmt.Sprintf("With a skew of %d s the same token is from the future one second earlier.", skew), t, "claim_iat_future",
			at(now-1), kills("skip-iat-future"))
	}
	t := b.accept("usual", "An iat in the past is accepted.", b.bearer())
	b.reject("far-future", "An iat hours ahead, of a token with the usual lifetime but for that, is refused.", t, "claim_iat_future", at(now-7200),
		kills("skip-iat-future"))
	b.near("default-skew", "The default skew admits an iat of now + 30.", t, set("payload", "/iat", num(now+30)))
	latest := b.near("exp-after-iat", "An exp one second after an iat in the near future is accepted.", t,
		whole("payload", fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"patcher","iat":%d,"exp":%d,"jti":"token-1","scope":"repo:read"}`, issuerID, audience, now+5, now+6)))
	b.reject("exp-equals-iat", "A token that expires when it was issued is refused.", latest, "claim_exp_before_iat", set("payload", "/exp", num(now+5)), kills("skip-exp-before-iat"))
	b.reject("exp-before-iat", "A token that expires before it was issued is refused.", latest, "claim_exp_before_iat", set("payload", "/exp", num(now+4)), kills("skip-exp-before-iat"))
}

func claimsNbf(b *builder) {
	b.refs = []string{"RFC 7519, section 4.1.5", refClaims}
	for _, skew := range skews {
		s := "skew-" + num(skew)
		t := b.accept(s+"-first-second", fmt.Sprintf("With a skew of %d s a token is accepted at now = nbf - skew.", skew),
			b.skewed(skew).claiming("/nbf", num(now+skew)))
		b.reject(s+"-future", fmt.Sprintf("With a skew of %d s an nbf of now + skew + 1 is in the future.", skew), t, "claim_nbf_future",
			set("payload", "/nbf", num(now+skew+1)), kills("skip-nbf"))
		b.reject(s+"-future-by-clock", fmt.Sprintf("With a skew of %d s the same token is not valid one second earlier.", skew), t, "claim_nbf_future",
			at(now-1), kills("skip-nbf"))
	}
	t := b.accept("absent", "A token without nbf is accepted.", b.bearer())
	b.nears(t, []accepted{
		payloadNear("past", "An nbf in the past is accepted.", "/nbf", num(now-3600)),
		payloadNear("default-skew", "The default skew admits an nbf of now + 30.", "/nbf", num(now+30)),
		payloadNear("other-case", "An NBF in the future is an unknown member and means nothing.", "/NBF", num(now+3600), kills("members-case-insensitive")),
	})
	b.reject("far-future", "An nbf an hour ahead is refused.", t, "claim_nbf_future", set("payload", "/nbf", num(now+3600)), kills("skip-nbf"))
}

func claimsLifetime(b *builder) {
	b.refs = []string{refClaims}
	t := b.accept("longest", "exp - iat of 600 s, the default bound, is accepted.", b.bearer().claiming("/exp", num(now+590)))
	b.reject("too-long", "exp - iat of 601 s is more than the default bound.", t, "claim_lifetime_exceeded", set("payload", "/exp", num(now+591)),
		level("PROFILE"), kills("lifetime-unbounded"))
	b.reject("too-long-by-iat", "A token of 601 s is refused whatever time of it is left.", t, "claim_lifetime_exceeded", set("payload", "/iat", num(now-11)),
		level("PROFILE"), kills("lifetime-unbounded"))
	b.reject("years", "A token that lives for ten years is refused.", t, "claim_lifetime_exceeded", set("payload", "/exp", num(now+315360000)),
		level("PROFILE"), kills("lifetime-unbounded"))
	short := b.accept("policy-300", "A policy with a bound of 300 s admits a token of 300 s.",
		b.bearer().under(es256Policy("draft-00", `"max_token_lifetime_seconds":300`, anyBearer)))
	b.reject("policy-299", "A policy with a bound of 299 s refuses a token of 300 s.", short, "claim_lifetime_exceeded",
		set("policy", "/issuers/0/max_token_lifetime_seconds", "299"), level("PROFILE"), kills("lifetime-unbounded"))
	day := b.accept("policy-day", "A policy with the greatest bound, a day, admits a token of a day.",
		b.bearer().claiming("/exp", num(now-10+86400)).under(es256Policy("draft-00", `"max_token_lifetime_seconds":86400`, anyBearer)))
	b.reject("policy-day-over", "A token of a day and a second is refused.", day, "claim_lifetime_exceeded", set("payload", "/exp", num(now-9+86400)),
		level("PROFILE"), kills("lifetime-unbounded"))
	b.accept("shortest", "A token of one second is accepted.", b.bearer().claiming("/iat", num(now), "/exp", num(now+1)))
}

// decode64 decodes base64url text of the generator's own.
func decode64(text string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return raw
}
