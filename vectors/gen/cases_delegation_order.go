package main

import (
	"crypto"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// line of agents: a0 delegates to a1, a1 to a2, and so on. The bundle lists a key for a0
// alone; the others sign with what the link before names.

// lineAgent is agent number i.
func lineAgent(i int) string { return fmt.Sprintf("a%d", i) }

// lineKey is the test key of agent number i.
func lineKey(i int) *key {
	return testKey([]string{"supervisor-ed25519-a", "planner-ed25519-a", "agent-ed25519-a", "agent-ed25519-b"}[(i+3)%4])
}

// lineDeed is the deed of agent number n, at the end of the line.
func lineDeed(n int) deed {
	d := deed{workflow: "line", steps: []string{"work"}, scope: "repo:read"}
	for i := range n + 1 {
		d.chain = append(d.chain, lineAgent(i))
	}
	return d
}

// lineBundle knows a line of 16 agents with max_depth.
func lineBundle(depth int) jws {
	agents := []string{agentText(lineAgent(0), `,"keys":[`+lineKey(0).jwk()+`]`)}
	var edges []string
	for i := 1; i < 16; i++ {
		agents = append(agents, agentText(lineAgent(i), ""))
		edges = append(edges, quoteAll([]string{lineAgent(i - 1), lineAgent(i)}))
	}
	workflow := fmt.Sprintf(`{"workflow_id":"line","version":1,"origins":["a0"],"delegation":[%s],"max_depth":%d,"steps":[%s]}`,
		strings.Join(edges, ","), depth, stepText("work", "", "", "", "repo:read", `,"tools":[],"context":[]`))
	return signedBundle(bundlePayload(7, agents, []string{workflow}))
}

// lineLinks are the links along agents of the line.
func lineLinks(agents ...int) []jws {
	var list []jws
	for i := range len(agents) - 1 {
		from, prev := lineKey(agents[i]), ""
		if i > 0 {
			prev = `,"prev":"{prev}"`
		}
		list = append(list, jws{
			header: `{"alg":"Ed25519","typ":"ajwt-delegation+jwt","jwk":` + from.jwk() + `}`,
			payload: fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"cnf":{"jkt":%q},"workflow_id":"line","workflow_step":"work","scope":"repo:read","iat":%d,"exp":%d,"jti":"link-%d"%s}`,
				lineAgent(agents[i]), lineAgent(agents[i+1]), issuerID, lineKey(agents[i+1]).thumbprint(), now-60, now+600, i+1, prev),
			key: from.name, alg: "Ed25519",
		})
	}
	return list
}

// inLine is the scene of agent number n, whose token has n links.
func (b *builder) inLine(n, depth int) scene {
	s := hardened("ES256")
	s.policy = "world-linked.json"
	d, k := lineBundle(depth), lineKey(n)
	s.changedBundle = &d
	s = s.minted(lineDeed(n), longHash).claiming("/jti", b.name(), "/cnf", jkt(k.name))
	s.proof.header, s.proof.key, s.proof.alg = `{"typ":"dpop+jwt","alg":"Ed25519","jwk":`+k.jwk()+`}`, k.name, "Ed25519"
	if s.links = lineLinks(lineDeedPlaces(n)...); n > 0 {
		s = s.claiming(linksAt, `"{links}"`)
	}
	return s
}

func lineDeedPlaces(n int) []int {
	var list []int
	for i := range n + 1 {
		list = append(list, i)
	}
	return list
}

// delegationOrder: the links are one line from the root to the token, none left out, none
// twice, none of another line.
func delegationOrder(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const order, previous = "delegation_link_order_mismatch", "delegation_link_prev_mismatch"
	th, ko, kp := threats("T11"), kills("link-order-ignored"), kills("link-prev-ignored")
	t := b.accept("two", "Two links in their order are accepted.", b.hops())
	three := b.accept("three", "Three links in their order are accepted.", b.inLine(3, 3))
	pair, list := t.scene.linkTexts(), three.scene.linkTexts()
	put := func(slug, title string, t twin, code string, links ...string) {
		faults := ko
		if code == previous {
			faults = kp
		}
		b.reject(slug, title, t, code, otherLinks(links...), th, faults, status(403))
	}
	put("reversed", "Two links in the other order are refused.", t, previous, pair[1], pair[0])
	put("front-left-out", "Without its root a chain is refused.", t, previous, pair[1])
	put("front-left-out-of-three", "Without the first of three links too.", three, previous, list[1], list[2])
	put("middle-left-out", "Without the link in the middle the next one has the wrong delegator.", three, order, list[0], list[2])
	b.reject("end-left-out", "Without the last link the chain does not reach the token's agent.", t, "delegation_link_subject_mismatch", otherLinks(pair[0]), th, kills("link-subject-ignored"))
	b.reject("end-left-out-of-three", "Without the last of three links neither.", three, "delegation_link_subject_mismatch", otherLinks(list[0], list[1]), th, kills("link-subject-ignored"))
	put("root-twice", "A root that stands twice is refused.", t, order, pair[0], pair[0], pair[1])
	put("last-twice", "A last link that stands twice is refused.", t, order, pair[0], pair[1], pair[1])
	put("middle-twice", "So is one in the middle.", three, order, list[0], list[1], list[1], list[2])
	put("swapped-last", "Of three links the last two in the other order are refused.", three, order, list[0], list[2], list[1])
	put("swapped-first", "So are the first two.", three, previous, list[1], list[0], list[2])
	put("whole-twice", "A chain that stands twice is refused.", t, order, pair[0], pair[1], pair[0], pair[1])
	// links of another chain, as genuine as these
	renewed := t.scene.with(set("link", "/0/payload/jti", `"link-7"`)).linked()
	put("spliced-root", "The root of another chain of the same agents is refused.", t, previous, renewed[0], pair[1])
	put("spliced-last", "So is the last link of another chain.", t, previous, pair[0], renewed[1])
	later := three.scene.with(set("link", "/1/payload/jti", `"link-7"`)).linked()
	put("spliced-middle", "So is a link in the middle of another one.", three, previous, list[0], later[1], list[2])
	b.near("other-chain", "Each of the other links is accepted within its own chain.", t, otherLinks(renewed...))
	// prev
	sum := func(text string) string { h := sha256.Sum256([]byte(text)); return quote(b64(h[:])) }
	input := pair[0][:strings.LastIndexByte(pair[0], '.')]
	back := func(i int, slug, title, text string) row {
		return linkClaim(i, slug, title, previous, "/prev", text, kp, th)
	}
	b.rejects(t, []row{
		{"prev-missing", "A second link without prev is refused.", previous, drop("link", "/1/payload/prev"), []option{kp, th}},
		back(0, "prev-on-root", "A root with a prev is refused.", sum("")),
		back(1, "prev-other", "A prev that is the hash of something else is refused.", sum("link")),
		back(1, "prev-of-signing-input", "A prev that is the hash of the link without its signature is refused.", sum(input)),
		back(1, "prev-of-payload", "A prev that is the hash of the payload is refused.", sum(t.scene.links[0].payload)),
		back(1, "prev-of-jti", "A prev that is the hash of the jti is refused.", sum("link-1")),
		back(1, "prev-other-case", "A prev counts byte for byte.", quote(swapCase(firstHash(t.scene)))),
	})
	b.reject("prev-of-root", "The third link's prev is the second and not the root.", three, previous, set("link", "/2/payload/prev", sum(list[0])), kp, th)
	b.reject("prev-missing-last-of-three", "Each later link has a prev.", three, previous, drop("link", "/2/payload/prev"), kp, th)
	// delegators and delegates
	agent := func(i int, slug, title, pointer, id string, more ...option) row {
		return linkClaim(i, slug, title, order, pointer, quote(id), append(more, ko)...)
	}
	b.rejects(t, []row{
		agent(1, "iss-other", "The second link's delegator is the first one's delegate.", "/iss", "classifier", th),
		agent(1, "iss-root", "The second link cannot be the root's again.", "/iss", "supervisor", th),
		agent(1, "iss-case", "Ids count byte for byte.", "/iss", "Planner"),
		agent(0, "sub-other", "The first link's delegate is the second one's delegator.", "/sub", "classifier", th),
		agent(0, "sub-self", "Nobody delegates to itself.", "/sub", "supervisor", th),
		agent(1, "sub-origin", "A chain does not come back to its root.", "/sub", "supervisor", th),
		agent(1, "sub-self-last", "Nor does the last agent delegate to itself.", "/sub", "planner", th),
	})
	b.rejects(three, []row{
		agent(2, "sub-back-to-middle", "No agent stands twice in a chain.", "/sub", "a1", th),
		agent(1, "gap-in-the-middle", "No agent of the chain may be missing between two links.", "/sub", "a3", th),
	})
}

// linked returns the links of a scene as they are sent.
func (s scene) linked() []string { return s.linkTexts() }

// swapCase changes the case of the first letter.
func swapCase(text string) string {
	for i := range text {
		if c := text[i] | 0x20; c >= 'a' && c <= 'z' {
			return text[:i] + string(text[i]^0x20) + text[i+1:]
		}
	}
	panic("no letter in " + text)
}

// linkHeaderOf is the header of a link signed with that key.
func linkHeaderOf(name string) string {
	return `{"alg":` + quote(algOf(name)) + `,"typ":"ajwt-delegation+jwt","jwk":` + testKey(name).jwk() + `}`
}

// delegationSigner: whose key signs a link. The root's is one that the bundle lists for
// the delegator; later ones are named by the link before, and listed where keys are.
func delegationSigner(b *builder) {
	b.refs = []string{refLinks, refDelegation}
	const unlisted, mismatch = "delegation_link_key_unlisted", "delegation_link_signer_mismatch"
	t := b.accept("listed", "Links signed with the keys that the bundle lists are accepted.", b.hops())
	ku, ks := kills("link-key-unlisted-taken"), kills("link-signer-ignored")
	by := func(i int, name string) edit {
		return set("link", fmt.Sprintf("/%d/header", i), linkHeaderOf(name)).signed(name, algOf(name))
	}
	b.rejects(t, []row{
		{"root-other-key", "A root signed with a key that the bundle does not list is refused.", unlisted, by(0, "supervisor-ed25519-a"), []option{ku, threats("T1", "T10", "T11"), status(403)}},
		{"root-key-of-another-agent", "A root signed with a listed key of another agent is refused.", unlisted, by(0, "planner-ed25519-a"), []option{ku, threats("T7", "T10")}},
		{"root-key-of-patcher", "An agent cannot sign the root of its own chain in the name of another.", unlisted, by(0, "agent-p256-a"), []option{ku, threats("T7", "T10")}},
		{"root-key-of-server", "A root signed with the authorization server's key is refused.", unlisted, by(0, "p256-a"), []option{ku, threats("T10")}},
		{"root-key-of-bundle", "A root signed with the bundle's key is refused.", unlisted, by(0, "bundle-p256-a"), []option{ku, threats("T10")}},
		{"root-not-pinned", "An agent without listed keys cannot sign a root.", unlisted, drop("bundle", supervisorAt+"/keys"), []option{ku, threats("T10")}},
		{"root-none-listed", "Nor can one with an empty list.", unlisted, set("bundle", supervisorAt+"/keys", "[]"), []option{ku, threats("T10")}},
		{"root-key-replaced", "A root signed with a key that the next bundle no longer lists is refused.", unlisted, set("bundle", supervisorAt+"/keys/0", testKey("supervisor-ed25519-a").jwk()), []option{ku, threats("T1")}},
		{"root-other-agent", "A root in the name of another agent is refused.", unlisted, set("link", "/0/payload/iss", `"classifier"`), []option{ku, threats("T10")}},
		{"root-agent-unknown", "A root in the name of an agent that the bundle does not list is refused.", unlisted, set("link", "/0/payload/iss", `"intruder"`), []option{ku, threats("T1", "T10")}},
		{"later-other-key", "A later signer with listed keys must use one of them, also where the link before names its key.", unlisted, set("bundle", plannerAt+"/keys/0", testKey("planner-p256-a").jwk()), []option{ku, threats("T1", "T11")}},
		{"later-none-listed", "An empty list of a later signer admits no key.", unlisted, set("bundle", plannerAt+"/keys", "[]"), []option{ku}},
		{"later-key-of-another-agent", "A key that is listed for another agent alone is none of the later signer's.", unlisted, set("bundle", plannerAt+"/keys/0", testKey("supervisor-p256-a").jwk()), []option{ku, threats("T7")}},
		{"delegated-to-other-key", "A link signed with another key than the link before names is refused.", mismatch, set("link", "/0/payload/cnf/jkt", quote(testKey("planner-p256-a").thumbprint())), []option{ks, threats("T11"), status(403)}},
		{"signed-with-other-key", "A second link signed with a key of its own is refused.", mismatch, by(1, "planner-p256-a"), []option{ks, threats("T11")}},
		{"signed-with-root-key", "A second link signed with the root's key is refused.", mismatch, by(1, "supervisor-p256-a"), []option{ks, threats("T11")}},
		{"signed-with-own-key", "The agent that acts cannot sign the link to itself.", mismatch, by(1, "agent-p256-a"), []option{ks, threats("T7", "T11")}},
	})
	b.nears(t, []accepted{
		{"root-second-key", "Any of several listed keys may sign the root.", set("bundle", supervisorAt+"/keys", "["+testKey("supervisor-ed25519-a").jwk()+","+testKey("supervisor-p256-a").jwk()+"]"), nil},
		{"root-key-with-kid", "A listed key may have a kid and a use.", set("bundle", supervisorAt+"/keys", "["+testKey("supervisor-p256-a").entry("k", "ES256")+"]"), nil},
		{"later-not-pinned", "A later signer without listed keys signs with the key that the link before names.", drop("bundle", plannerAt+"/keys"), nil},
		{"later-second-key", "Any of several listed keys may sign a later link.", set("bundle", plannerAt+"/keys", "["+testKey("planner-p256-a").jwk()+","+testKey("planner-ed25519-a").jwk()+"]"), nil},
	})
	free := b.accept("later-own-key", "Without listed keys that may be a key which nobody knows.", t.scene.with(drop("bundle", plannerAt+"/keys"), by(1, "planner-p256-a"), set("link", "/0/payload/cnf/jkt", quote(testKey("planner-p256-a").thumbprint()))))
	b.reject("later-own-key-listed", "Once the bundle lists the signer's keys, another one is refused.", free, unlisted, set("bundle", plannerAt+"/keys", "["+testKey("planner-ed25519-a").jwk()+"]"), ku, threats("T1"))
	three := b.accept("line", "In a line of four agents the root's key alone is listed.", b.inLine(3, 3))
	b.reject("line-last-signer", "The third link too is signed by the key that the second names.", three, mismatch, by(2, "planner-p256-a"), ks, threats("T11"))
	b.reject("line-middle-jkt", "A link in the middle names the key of the next one.", three, mismatch, set("link", "/1/payload/cnf/jkt", quote(testKey("planner-p256-a").thumbprint())), ks, threats("T11"))
}

// delegationSignature: every link's signature holds.
func delegationSignature(b *builder) {
	b.refs = []string{refLinks, refDelegation, "RFC 7515, section 5.2"}
	const code = "delegation_link_signature_invalid"
	t := b.accept("hold", "Links whose signatures hold are accepted.", b.hops())
	k, th := kills("link-signature-unverified"), threats("T11")
	pair := t.scene.linked()
	signatureOf := func(i int) string { return pair[i][strings.LastIndexByte(pair[i], '.')+1:] }
	text := func(slug, title string, i int, rewrite func(string) string, more ...option) {
		b.reject(slug, title, t, code, link(i, rewrite), append(more, k, th)...)
	}
	payload := func(old, changed string) func(string) string {
		return part(1, func(p string) string {
			s := string(decode64(p))
			if !strings.Contains(s, old) {
				panic("no " + old)
			}
			return b64([]byte(strings.Replace(s, old, changed, 1)))
		})
	}
	text("root-last-byte", "A root whose signature is altered at its end is refused.", 0, part(2, flippedLast), status(403))
	text("root-first-byte", "A root whose signature is altered at its beginning is refused.", 0, part(2, flippedFirst))
	text("last-last-byte", "A last link whose signature is altered is refused.", 1, part(2, flippedLast))
	text("last-first-byte", "At its beginning too.", 1, part(2, flippedFirst))
	text("root-payload", "A root whose jti was changed after it was signed is refused.", 0, payload(`"link-1"`, `"link-9"`))
	text("root-scope", "A root whose scope was widened after it was signed is refused.", 0, payload("repo:write", "repo:write admin"), threats("T9", "T11"))
	text("root-exp", "A root that was extended after it was signed is refused.", 0, payload(fmt.Sprint(now+600), fmt.Sprint(now+6000)))
	text("last-payload", "A last link whose jti was changed after it was signed is refused.", 1, payload(`"link-2"`, `"link-9"`))
	text("last-step", "So is one to which a claim was added.", 1, payload(`"jti"`, `"x":1,"jti"`))
	text("root-header", "A root whose header was changed after it was signed is refused.", 0, part(0, func(p string) string {
		return b64([]byte(strings.TrimSuffix(string(decode64(p)), "}") + `,"kid":"k"}`))
	}))
	text("root-of-last", "A root with the signature of the last link is refused.", 0, part(2, to(signatureOf(1))))
	text("last-of-root", "A last link with the signature of the root is refused.", 1, part(2, to(signatureOf(0))))
	text("root-short", "A signature that lacks a byte is refused.", 0, part(2, func(p string) string { s := decode64(p); return b64(s[:len(s)-1]) }))
	text("root-long", "A signature with a byte more is refused.", 0, part(2, func(p string) string { return b64(append(decode64(p), 0)) }))
	text("root-zero", "A signature of zeros is refused.", 0, part(2, to(b64(make([]byte, 64)))), cves("CVE-2022-21449"))
	text("last-zero", "An Edwards signature of zeros is refused.", 1, part(2, to(b64(make([]byte, 64)))))
	text("root-one-byte", "A signature of one byte is refused.", 0, part(2, to("AA")))
	b.reject("root-der", "An ECDSA signature in DER is refused.", t, code, link(0, part(2, to(b64(derOf(&t.scene))))), k)
	other := func(i int, name string) edit {
		alg := algOf(t.scene.links[i].key)
		return set("link", fmt.Sprintf("/%d/payload/jti", i), `"link-8"`).signedWith(func(_ *key, input []byte) []byte { return testKey(name).sign(alg, input) })
	}
	b.reject("root-other-signer", "A root whose header names the listed key and that another one signed is refused.", t, code, other(0, "agent-p256-b"), k, threats("T1", "T10", "T11"))
	b.reject("last-other-signer", "So is a last link.", t, code, other(1, "agent-ed25519-b"), k, threats("T1", "T11"))
	three := b.accept("line", "All three signatures of a line are verified.", b.inLine(3, 3))
	for i, where := range []string{"first", "second", "third"} {
		b.reject("line-"+where, "An altered signature of the "+where+" of three links is refused.", three, code, link(i, part(2, flippedLast)), k, th)
	}
	// a token that was accepted once is not trusted again when the bundle changes
	s, id := t.scene, t.id
	b.sequence("key-withdrawn", "A root's key that the next bundle no longer lists is refused from then on.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", supervisorAt+"/keys", "["+testKey("supervisor-ed25519-a").jwk()+"]")}},
			no(now+2, "delegation_link_key_unlisted", proofJTI("proof-2"))}, kills("link-key-unlisted-taken"), threats("T1"))
	b.sequence("again", "A token with links is accepted again with a new proof, and refused once a link has expired.", s, id,
		[]step{ok(now), ok(now+1, proofJTI("proof-2")), no(now+2, "delegation_link_expired", proofJTI("proof-3"), set("link", "/1/payload/exp", fmt.Sprint(now+2)))}, kills("link-expired-taken"))
}

// derOf is the signature of the root in DER.
func derOf(s *scene) []byte {
	text := s.linkTexts()[0]
	sum := sha256.Sum256([]byte(text[:strings.LastIndexByte(text, '.')]))
	return testKey(s.links[0].key).ecdsaDER(slices.Clone(sum[:]), crypto.SHA256)
}
