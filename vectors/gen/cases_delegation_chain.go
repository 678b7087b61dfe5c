package main

import (
	"strings"

	"github.com/agentic-jwt/ajwt/vectors"
)

// delegationChain: the chain's hash is one of a path of the workflow from an origin to the
// token's agent.
func delegationChain(b *builder) {
	b.refs = []string{refBundle, "profile, section 7", refDelegation}
	b.requirements = []string{"D00-6.5.3-13"}
	const code, at = "delegation_chain_unknown", "/intent/delegation_chain"
	t := b.accept("known", "A chain that the workflow allows is accepted.", lawful().claiming("/jti", b.name()), decides(vectors.Decision{Level: "ajwt", ChainHash: shortHash(patch.chain...)}))
	long := b.accept("known-long", "And in the long form.", lawfulHardened().claiming("/jti", b.name()), decides(vectors.Decision{Level: "ajwt+pop", ChainHash: longHash(patch.chain...)}))
	k := kills("chain-unchecked")
	for _, c := range []struct {
		slug, title string
		chain       []string
		opts        []option
	}{
		{"no-edge", "A delegation that the workflow does not allow is refused.", []string{"supervisor", "patcher"}, []option{threats("T7", "T11")}},
		{"foreign-origin", "A chain that begins with another agent than an origin is refused.", []string{"intruder", "planner", "patcher"}, []option{threats("T10", "T11")}},
		{"origin-left-out", "A chain that begins with a delegate is refused.", []string{"planner", "patcher"}, []option{threats("T10")}},
		{"alone", "An agent that is no origin cannot act on its own.", []string{"patcher"}, []option{threats("T7", "T10")}},
		{"foreign-middle", "A chain through another agent is refused.", []string{"supervisor", "intruder", "patcher"}, []option{threats("T11")}},
		{"no-edge-to-agent", "A chain through an agent that does not delegate is refused.", []string{"supervisor", "classifier", "patcher"}, []option{threats("T7", "T11")}},
		{"exchanged", "The order of a chain counts.", []string{"planner", "supervisor", "patcher"}, []option{threats("T11")}},
		{"reversed", "A chain does not read backwards.", []string{"patcher", "planner", "supervisor"}, []option{threats("T11")}},
		{"end-left-out", "A chain without its last agent is refused.", []string{"supervisor", "planner"}, []option{threats("T11")}},
		{"other-agent", "A chain to another agent is refused, though it is lawful for that one.", []string{"supervisor", "planner", "classifier"}, []option{threats("T7"), kills("chain-of-any-agent")}},
		{"longer", "A chain with an agent more is refused.", []string{"user", "supervisor", "planner", "patcher"}, []option{threats("T10")}},
		{"empty", "The hash of nothing is no chain.", nil, nil},
		{"case", "Ids count byte for byte.", []string{"Supervisor", "planner", "patcher"}, nil},
		{"joined-with-comma", "Ids are joined with a bar.", []string{"supervisor,planner,patcher"}, nil},
		{"with-line-end", "Nothing follows the last id.", []string{"supervisor", "planner", "patcher\n"}, nil},
	} {
		b.reject(c.slug, c.title, t, code, set("payload", at, quote(shortHash(c.chain...))), append(c.opts, k, status(403))...)
		b.reject(c.slug+"-long", c.title+" In the long form.", long, code, set("payload", at, quote(longHash(c.chain...))), append(c.opts, k)...)
	}
	lawfulLong := longHash(patch.chain...)
	digit := func(text string, i int) string {
		to := "0"
		if text[i] == '0' {
			to = "1"
		}
		return text[:i] + to + text[i+1:]
	}
	ks := kills("chain-short-compared", "chain-unchecked")
	for _, c := range []struct {
		slug, title string
		place       int
	}{
		{"long-last-digit", "A long hash that differs in its last digit is refused.", len(lawfulLong) - 1},
		{"long-bit-65", "Of a long hash the 65th bit counts too.", len("sha256:") + 16},
	} {
		b.reject(c.slug, c.title, long, code, set("payload", at, quote(digit(lawfulLong, c.place))), ks, threats("T11"))
	}
	b.reject("long-rest-zero", "A short hash with zeros behind it is no long one.", long, code, set("payload", at, quote("sha256:"+shortHash(patch.chain...)+strings.Repeat("0", 48))), ks, threats("T11"))
	b.reject("long-rest-zero-draft", "In draft-00 neither.", b.near("long-draft", "draft-00 takes the long form.", t, set("payload", at, quote(lawfulLong))), code,
		set("payload", at, quote("sha256:"+shortHash(patch.chain...)+strings.Repeat("0", 48))), ks, threats("T11"))
	b.reject("long-first-digit", "A long hash that differs in its first digit is refused.", long, code, set("payload", at, quote(digit(lawfulLong, len("sha256:")))), k)
	b.reject("short-last-digit", "A short hash that differs in its last digit is refused.", t, code, set("payload", at, quote(digit(shortHash(patch.chain...), 15))), k, threats("T11"))
	b.reject("rest-of-long", "The last 16 digits of a long hash are no short one.", t, code, set("payload", at, quote(lawfulLong[len(lawfulLong)-16:])), k)
	// which chains there are, the bundle says
	direct := b.accept("direct-edge", "Where the workflow allows the delegation, the same chain is accepted.", t.scene.with(set("bundle", "/workflows/0/delegation/-", `["supervisor","patcher"]`), set("payload", at, quote(shortHash("supervisor", "patcher")))))
	b.reject("other-edge", "And where it allows another delegation to the same agent, it is refused.", direct, code, set("bundle", "/workflows/0/delegation/4", `["classifier","patcher"]`), k, threats("T7", "T11"))
	origin := b.accept("second-origin", "Each of several origins may begin a chain.", t.scene.with(set("bundle", "/workflows/0/origins/-", `"planner"`), set("payload", at, quote(shortHash("planner", "patcher")))))
	b.reject("second-origin-other", "And no other agent.", origin, code, set("bundle", "/workflows/0/origins/1", `"classifier"`), k, threats("T10"))
	sort := lawful().to("GET", "/repos/acme/app").minted(deed{"triage", []string{"supervisor", "classifier"}, []string{"sort"}, "repo:read"}, shortHash).claiming("/jti", b.name())
	triage := b.accept("triage", "A chain of another workflow is accepted within that one.", sort)
	b.reject("of-another-workflow", "A chain of another workflow is none of this one, though it ends with the same agent.", triage, code, set("payload", at, quote(shortHash("supervisor", "planner", "classifier"))),
		kills("chain-of-any-workflow", "chain-unchecked"), threats("T6", "T11"), status(403))
	jwt := b.accept("jwt-route", "On a route of level jwt a known chain is accepted.", t.scene.to("GET", "/status"), decides(vectors.Decision{Level: "ajwt"}))
	b.reject("jwt-route-unknown", "And an unknown one refused while a bundle is in force.", jwt, code, set("payload", at, quote(shortHash("intruder", "planner", "patcher"))), kills("checkable-not-enforced", "chain-unchecked"), level("PROFILE"), threats("T10"))
}

// listed is lawful under the profile paper, whose chains are lists; chain is JSON text.
func (b *builder) listed(chain string) scene {
	s := lawful().claiming("/jti", b.name(), "/intent/delegation_chain", chain)
	return s.under(policyDoc(worldRoutes("optional", "optional"), worldIssuer("paper", "")))
}

// delegationPaper: the chains of paper are lists and are compared with the same set.
func delegationPaper(b *builder) {
	b.refs = []string{refProfiles, refBundle, refDelegation}
	b.requirements = []string{"D00-6.5.3-13"}
	const code, at = "delegation_chain_unknown", "/intent/delegation_chain"
	record := decides(vectors.Decision{Level: "ajwt", Agent: "patcher", ChainHash: longHash(patch.chain...)})
	ids := b.accept("ids", "A list of ids that the workflow allows is accepted.", b.listed(quoteAll(patch.chain)), record, kills("paper-chain-unhashed"))
	objects := b.accept("objects", "So is a list of delegators before sub.", b.listed(delegators("supervisor", "planner")), record, kills("paper-chain-sub-missing"))
	k := kills("chain-unchecked")
	for _, c := range []struct {
		slug, title string
		before      []string // of sub
		opts        []option
	}{
		{"no-edge", "A list with a delegation that the workflow does not allow is refused.", []string{"supervisor"}, []option{threats("T7", "T11"), status(403)}},
		{"foreign-origin", "A list that begins with another agent than an origin is refused.", []string{"intruder", "planner"}, []option{threats("T10", "T11")}},
		{"origin-left-out", "A list that begins with a delegate is refused.", []string{"planner"}, []option{threats("T10")}},
		{"alone", "A list of the agent alone is refused where it is no origin.", nil, []option{threats("T7", "T10")}},
		{"foreign-middle", "A list through another agent is refused.", []string{"supervisor", "intruder"}, []option{threats("T11")}},
		{"no-edge-to-agent", "A list through an agent that does not delegate is refused.", []string{"supervisor", "classifier"}, []option{threats("T7")}},
		{"exchanged", "The order of a list counts.", []string{"planner", "supervisor"}, []option{threats("T11")}},
		{"longer", "A list with an agent more is refused.", []string{"user", "supervisor", "planner"}, []option{threats("T10")}},
		{"case", "Ids in lists count byte for byte.", []string{"Supervisor", "planner"}, nil},
	} {
		b.reject("ids-"+c.slug, c.title, ids, code, set("payload", at, quoteAll(append(c.before[:len(c.before):len(c.before)], "patcher"))), append(c.opts, k)...)
		b.reject("objects-"+c.slug, c.title+" As objects.", objects, code, set("payload", at, delegators(c.before...)), append(c.opts, k)...)
	}
	b.reject("hash", "A hash is no chain of paper, though it is that of a lawful one.", ids, "claim_intent_chain_invalid", set("payload", at, quote(shortHash(patch.chain...))), kills("paper-chain-hash-accepted"))
	b.reject("not-sub", "A lawful list of another agent is refused for its end.", ids, "claim_intent_chain_not_sub", set("payload", at, `["supervisor","planner","classifier"]`), kills("paper-chain-end-unchecked"), threats("T7"))
	b.near("permissions", "What delegations say about permissions does not widen or narrow anything.", objects, set("payload", at, `[{"delegated_by":"supervisor","permissions":[]},{"delegated_by":"planner","permissions":["admin"]}]`), record)
	scan := deed{"vuln-patching", []string{"supervisor", "classifier"}, []string{"analyze", "scan"}, "repo:read"}
	s := b.listed("[]").to("GET", "/repos/acme/app").minted(scan, shortHash).claiming(at, quoteAll(scan.chain))
	several := b.accept("second-path", "Each of several lawful paths to an agent is accepted.", s, decides(vectors.Decision{Level: "ajwt", ChainHash: longHash(scan.chain...)}))
	b.near("second-path-longer", "The longer one too.", several, set("payload", at, `["supervisor","planner","classifier"]`))
	alone := deed{"triage", []string{"supervisor"}, []string{"sort"}, "repo:read"}
	empty := b.accept("origin-alone", "The empty list is the agent alone, which is lawful where it is an origin.", s.minted(alone, shortHash).claiming(at, "[]"), decides(vectors.Decision{Level: "ajwt", Agent: "supervisor", ChainHash: longHash("supervisor")}))
	b.near("origin-alone-by-id", "So is the list of its id.", empty, set("payload", at, `["supervisor"]`))
	b.reject("delegator-revoked", "A list through an agent that the bundle revokes is refused.", ids, "delegation_chain_revoked", set("bundle", plannerAt+"/status", `"revoked"`), kills("chain-revoked-passes"), threats("T11"), status(403))
	b.reject("objects-delegator-revoked", "As objects too.", objects, "delegation_chain_revoked", set("bundle", supervisorAt+"/status", `"revoked"`), kills("chain-revoked-passes"), threats("T10"))
	// with links
	p := b.hopsDraft().claiming(at, quoteAll(patch.chain)).under(policyDoc(worldRoutes("optional", "required"), worldIssuer("paper", "")))
	linked := b.accept("linked", "Links that agree with the list are accepted.", p, decides(vectors.Decision{Level: "ajwt+links", ChainHash: longHash(patch.chain...)}))
	b.near("linked-objects", "Or with the objects.", linked, set("payload", at, delegators("supervisor", "planner")), decides(vectors.Decision{Level: "ajwt+links"}))
	detour := b.hopsDraft().with(set("link", "/0/payload/sub", `"classifier"`), set("link", "/1/payload/iss", `"classifier"`))
	b.reject("linked-other", "Links by way of another agent than the list has are refused.", linked, "delegation_link_chain_mismatch", otherLinks(detour.linked()...), kills("link-chain-ignored"), threats("T11"))
	b.reject("linked-missing", "A list in clear is no delegation that anybody signed.", linked, "delegation_links_missing", drop("payload", linksAt), kills("links-optional"), threats("T11"))
}
