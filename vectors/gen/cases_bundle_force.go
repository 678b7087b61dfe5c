package main

import (
	"fmt"

	"github.com/agentic-jwt/ajwt/vectors"
)

// bundleInForce: none loaded, expired, replaced between two requests.
func bundleInForce(b *builder) {
	b.refs = []string{refBundle}
	t, agent := b.lawful(), b.twin("bundle.request.agent")
	none := drop("bundle", "")
	b.reject("none", "Without a bundle a route of level ajwt fails closed.", t, "agent_bundle_missing", none, status(503), kills("bundle-missing-passes", "bundle-missing-accepted"))
	b.reject("none-agent", "And one of level agent.", agent, "agent_bundle_missing", none, status(503), kills("bundle-missing-passes", "bundle-missing-accepted"))
	b.reject("none-hardened", "In hardened too.", b.twin("bundle.request.lawful-hardened"), "agent_bundle_missing", none, status(503), kills("bundle-missing-passes"))
	b.reject("none-observed", "Where the stage agent is observed, a missing bundle is not.", b.twin("bundle.request.observed-route"), "agent_bundle_missing", none, status(503))
	b.near("none-jwt", "A route of level jwt works without a bundle; the level is no more.", b.twin("bundle.request.more-than-asked"), none, decides(vectors.Decision{Level: "jwt"}))
	b.accept("none-jwt-checksum", "Without a bundle nobody can say that a checksum is wrong.", asJWT().with(none, set("payload", "/agent_proof/agent_checksum", quote(checksumOf("planner")))), decides(vectors.Decision{Level: "jwt"}))
	// exp has no skew
	loaded := set("loaded", "", fmt.Sprint(now-60))
	last := b.near("last-second", "In the last second before exp the bundle is in force.", t.with(loaded), set("bundle", "/exp", fmt.Sprint(now+1)), decides(vectors.Decision{Bundle: version(7)}))
	b.reject("expired", "At exp it is not; the skew does not count.", last, "agent_bundle_expired", set("bundle", "/exp", fmt.Sprint(now)), status(503), kills("bundle-expired-passes", "bundle-exp-skewed"))
	b.reject("expired-by-now", "A second later it is not either.", last, "agent_bundle_expired", set("now", "", fmt.Sprint(now+1)), status(503), kills("bundle-expired-passes", "bundle-exp-skewed"))
	soon := b.near("agent-last-second", "The same at level agent.", agent.with(loaded), set("bundle", "/exp", fmt.Sprint(now+1)))
	b.reject("expired-agent", "At level agent an expired bundle fails closed too.", soon, "agent_bundle_expired", set("bundle", "/exp", fmt.Sprint(now-1)), status(503), kills("bundle-expired-passes"))
	b.accept("expired-jwt", "On a route of level jwt an expired bundle is as good as none.", asJWT().with(loaded, set("bundle", "/exp", fmt.Sprint(now)), set("payload", "/agent_proof/agent_checksum", quote(checksumOf("planner")))),
		decides(vectors.Decision{Level: "jwt"}))
	b.near("loaded-long-ago", "A bundle that was loaded an hour ago is in force as long as exp has not come.", t, set("loaded", "", fmt.Sprint(now-3600)))
	// between two requests
	s, id := t.scene, t.id
	v8 := []edit{set("bundle", "/version", "8")}
	revoked := []edit{set("bundle", "/version", "8"), set("bundle", patcherAt+"/status", `"revoked"`)}
	b.sequence("revoked-by-next", "The next bundle revokes the agent: the same token is refused from then on.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: revoked}, no(now+2, "agent_status_revoked")}, kills("status-revoked-passes"))
	b.sequence("registered-by-next", "The next bundle registers the build: a token is accepted from then on.", s.with(set("payload", "/agent_proof/registration_id", `"reg_patcher_2"`)), id,
		[]step{no(now, "agent_registration_unknown"), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", patcherAt+"/registrations/0/registration_id", `"reg_patcher_2"`)}}, ok(now + 2)})
	b.sequence("arrives-late", "Requests are refused until the bundle arrives.", s.with(none), id,
		[]step{no(now, "agent_bundle_missing"), {now: now + 1, load: "bundle", file: "world.jws"}, ok(now + 2)}, kills("bundle-missing-passes"))
	b.sequence("expires-and-renewed", "A bundle expires between two requests; the next one is in force at once.", s.with(loaded, set("bundle", "/exp", fmt.Sprint(now+10))), id,
		[]step{ok(now + 9), no(now+10, "agent_bundle_expired"), {now: now + 11, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", "/exp", fmt.Sprint(now+900))}}, ok(now + 12)})
	b.sequence("rollback", "An older bundle is refused and the one in force stays: what it revoked stays revoked.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: revoked}, {now: now + 2, load: "bundle", file: "world.jws", code: "bundle_version_old", at: []string{"/version"}}, no(now+3, "agent_status_revoked")},
		kills("bundle-version-rollback"), threats("T6"))
	b.sequence("same-version", "Another bundle of the same version is refused and the one in force stays.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: []edit{set("bundle", patcherAt+"/status", `"revoked"`)}, code: "bundle_version_conflict", at: []string{"/version"}}, ok(now + 2)},
		kills("bundle-version-reused"), threats("T6"))
	b.sequence("refused-stays", "A bundle that has a fault is refused and the one in force stays.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: append(v8, drop("bundle", "/workflows/0/max_depth")), code: "bundle_member_missing", at: []string{"/workflows/0/max_depth"}}, ok(now + 2)})
	b.sequence("refused-raises-nothing", "A bundle that was refused does not raise the version: the one after it may have the same.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "9"), set("bundle", patcherAt+"/status", `"gone"`)}, code: "bundle_member_value", at: []string{patcherAt + "/status"}},
			{now: now + 2, load: "bundle", edits: v8}, ok(now + 3)})
	b.sequence("same-again", "The same bundle once more changes nothing.", s, id,
		[]step{ok(now), {now: now + 1, load: "bundle", file: "world.jws"}, ok(now + 2)})
	b.sequence("expired-arrives", "A bundle that has expired on arrival is refused and the one in force stays.", s, id,
		[]step{ok(now), {now: now + 5, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", "/exp", fmt.Sprint(now+5))}, code: "bundle_expired", at: []string{"/exp"}}, ok(now + 6)}, kills("bundle-expired-taken"))
	b.sequence("keys-rotate", "An agent's key that the next bundle no longer lists is refused from then on.", b.twin("bundle.request.lawful-hardened").scene, "bundle.request.lawful-hardened",
		[]step{ok(now), {now: now + 1, load: "bundle", edits: []edit{set("bundle", "/version", "8"), set("bundle", patcherAt+"/keys", "["+testKey("agent-p256-b").jwk()+"]")}},
			no(now+2, "agent_key_unpinned", set("proof.payload", "/jti", `"proof-2"`))}, kills("key-unpinned-passes"))
}
