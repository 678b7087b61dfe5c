package main

import (
	"fmt"
	"io"
)

// checkEntry is one check of spec/verify-order.md in words.
type checkEntry struct {
	Number  int      `json:"number"`
	Stage   string   `json:"stage"`
	Reads   string   `json:"reads"`
	Decides string   `json:"decides"`
	Codes   []string `json:"codes"`
}

// checkWords says for each check what it reads and what it decides. The stages and
// the codes come from the registry.
var checkWords = []struct {
	number         int
	reads, decides string
}{
	{101, "target", "is not too long"},
	{102, "header fields", "are not too many"},
	{103, "body", "is not too long"},
	{104, "method", "is a token of 1 to 32 characters"},
	{105, "scheme", "is http or https"},
	{106, "authority", "is a host with an optional port"},
	{107, "header fields", "are well-formed"},
	{108, "Authorization", "stands once, without a comma"},
	{109, "Authorization", "is Bearer or DPoP and one token"},
	{110, "token", "is not too long"},
	{111, "DPoP", "stands once at most, without a comma"},
	{112, "proof", "is not too long"},
	{113, "target", "is a path with an optional query, in RFC 3986's characters"},
	{114, "target", "has one reading: no dot segments, no escaped slash"},

	{201, "token", "is not encrypted (five parts)"},
	{202, "token", "has three parts"},
	{203, "header", "is strict base64url"},
	{204, "payload", "is strict base64url"},
	{205, "signature", "is strict base64url and not empty"},
	{206, "header", "is one strict JSON object within the limits"},
	{207, "header alg", "is a non-empty string"},
	{208, "header alg", "is neither none nor symmetric"},
	{209, "header crit, b64, zip, jwk, jku, x5*", "are absent"},
	{210, "header kid", "is a string of 1 to 256 bytes"},
	{211, "header typ", "is a string, where it is there"},
	{212, "payload", "is one strict JSON object within the limits"},

	{301, "iss", "is a non-empty string"},
	{302, "iss", "is an issuer of the policy, byte for byte"},
	{303, "header typ", "is one of the issuer's types"},
	{304, "header alg", "is one of the issuer's algorithms"},
	{305, "key set of iss", "is in force"},
	{306, "header kid", "names a usable key of that set"},
	{307, "header alg, key", "fit each other"},
	{401, "signature", "holds over the bytes as received"},

	{501, "exp, iat, nbf, sub, jti, aud, scope", "are there and well-formed"},
	{502, "aud", "names one of the issuer's audiences"},
	{503, "exp", "is not over: now < exp + skew"},
	{504, "nbf", "has come: now >= nbf - skew"},
	{505, "iat", "is not in the future: iat <= now + skew"},
	{506, "exp, iat", "exp > iat"},
	{507, "exp, iat", "exp - iat is within the policy's bound"},
	{508, "sub", "is an agent id, where the route needs an agent"},
	{509, "cnf", "names one usable key, where it is there"},
	{510, "intent", "is well-formed, where it is there"},
	{511, "intent.executed_by, sub", "are equal"},
	{512, "agent_proof", "is well-formed, where it is there"},

	{601, "cnf, DPoP", "are both there, where a proof is expected"},
	{602, "cnf, Authorization", "a token that binds a key comes under DPoP (hardened)"},
	{603, "proof", "has three parts"},
	{604, "proof", "is strict base64url"},
	{605, "proof header", "is one strict JSON object within the limits"},
	{606, "proof header typ", "is dpop+jwt"},
	{607, "proof header alg", "is one of proof.algorithms"},
	{608, "proof header crit, b64, zip", "are absent"},
	{609, "proof header jwk", "is a sound public key"},
	{610, "proof header alg, jwk", "fit each other"},
	{611, "proof payload", "is one strict JSON object within the limits"},
	{612, "proof jti", "is a string of 1 to 256 bytes"},
	{613, "proof htm, method", "are equal"},
	{614, "proof htu, URL", "are the same without query and fragment"},
	{615, "proof iat", "is fresh"},
	{616, "proof ath, token", "ath is the token's hash"},
	{617, "proof nonce", "is ours, where the policy asks for one"},
	{618, "proof header jwk, cnf", "are the same key"},
	{619, "proof header jwk", "is a point on its curve"},
	{620, "proof signature", "holds over the bytes as received"},
	{621, "Signature", "has a byte sequence for the label of tag ajwt"},
	{622, "signature components", "are those that must be covered, and no odd ones"},
	{623, "signature created", "is fresh"},
	{624, "signature expires", "has not passed, where it is there"},
	{625, "signature nonce", "is a string of 1 to 256 bytes"},
	{626, "signature keyid, cnf", "are the same key"},
	{627, "cnf, bundle", "give the key itself"},
	{628, "signature alg, key", "fit each other and proof.algorithms"},
	{629, "Content-Digest, body", "agree, where there is a body"},
	{630, "signature", "holds over the signature base"},
	{631, "PoP, X-PoP-Timestamp", "are there once each, and base64"},
	{632, "X-PoP-Timestamp", "is fresh"},
	{633, "cnf, bundle", "give the key itself, and it is RSA"},
	{634, "agent_proof.agent_checksum", "is there for the signed text"},
	{635, "body", "is strict JSON, or empty"},
	{636, "PoP", "holds over the prototype's text"},

	{701, "method, authority, target", "match a route of the policy"},
	{702, "iss", "is admitted by the route"},
	{703, "bundle of iss", "is in force and not expired, above level jwt"},
	{704, "revocation list of iss", "is there and fresh, where the policy requires it"},
	{705, "agent_proof", "is there, above level jwt"},
	{706, "sub, bundle", "the bundle lists the agent"},
	{707, "agent_proof.registration_id, bundle", "is the agent's, and its time is now"},
	{708, "agent_proof.agent_checksum, bundle", "is the registration's"},
	{709, "agent_proof.shim_checksum, bundle", "is a listed one, where shims are listed"},
	{710, "cnf, bundle", "is a listed key, where keys are listed"},
	{711, "sub, registration, jti, cnf", "are revoked neither by bundle nor list"},

	{801, "intent.workflow_id", "is there, at level ajwt"},
	{802, "intent.workflow_id, bundle", "is a workflow, or an alias for our audience"},
	{803, "intent.delegation_chain", "is there with a workflow, and the agent alone without"},
	{804, "intent.delegation_chain, bundle", "is a lawful chain to sub"},
	{805, "intent.delegation_links", "are there, where the route requires them"},
	{806, "links", "are JWSs of delegation assertions with a key"},
	{807, "link payloads", "are strict JSON with all claims"},
	{808, "link iss, sub, prev, jwk", "connect each link with the one before"},
	{809, "link jwk, bundle", "is a listed key of the delegator"},
	{810, "link aud", "is the token's issuer"},
	{811, "link workflow_id, workflow_step", "are the token's"},
	{812, "link scope", "never grows, and holds the token's"},
	{813, "link iat, exp", "hold, and the life never grows"},
	{814, "links", "are at most as many as the workflow's depth"},
	{815, "last link sub, cnf", "are the token's"},
	{816, "link iss, sub, chain", "the agents hash to the chain"},
	{817, "link signatures", "hold over the bytes as received"},
	{818, "links, chain", "hold nothing that is revoked"},

	{901, "intent.workflow_step, bundle", "is a step that a token may name"},
	{902, "sub, bundle", "is the step's agent"},
	{903, "intent.step_sequence_hash", "is there with a workflow, and empty without"},
	{904, "intent.step_sequence_hash, bundle", "is a lawful sequence of the step"},
	{905, "scope, bundle", "is within the step's scopes"},
	{906, "intent.execution_context, bundle", "has the members that the step needs"},
	{907, "scope", "holds the route's scopes"},
	{908, "intent.workflow_id, workflow_step", "are a step of the route"},
	{909, "sub", "is an agent of the route"},
	{910, "body, bundle", "calls a tool that the step allows"},
	{911, "intent.execution_context, target", "agree where the route binds them"},

	{1001, "iat, proof iat", "are after the start of the replay memory"},
	{1002, "jti, proof jti", "were not used before"},
	{1003, "replay memory", "takes them"},
}

// allChecks joins the words with the registry.
func allChecks() []checkEntry {
	codes := map[int][]string{}
	for _, c := range codeTable() {
		codes[c.Check] = append(codes[c.Check], c.Code)
	}
	var out []checkEntry
	for _, w := range checkWords {
		e := checkEntry{Number: w.number, Reads: w.reads, Decides: w.decides, Codes: codes[w.number]}
		if len(e.Codes) > 0 {
			e.Stage = stageOf(e.Codes[0])
		}
		out = append(out, e)
	}
	return out
}

// printChecks lists the checks stage by stage.
func printChecks(w io.Writer) {
	fmt.Fprintln(w, "checks  what a verifier decides, in this order; the first that fails gives the code (spec/verify-order.md)")
	stage := ""
	for _, c := range allChecks() {
		if c.Stage != stage {
			stage = c.Stage
			fmt.Fprintf(w, "  %s\n", stage)
		}
		fmt.Fprintf(w, "    %-5d %-38s %s\n", c.Number, c.Reads, c.Decides)
	}
}
