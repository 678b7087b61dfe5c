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

	{701, "method, authority, target", "match a route of the policy"},
	{702, "iss", "is admitted by the route"},
	{703, "bundle of iss", "is in force, above level jwt"},
	{801, "intent.delegation_chain", "is there, where a workflow is named"},
	{802, "intent.delegation_chain, sub", "is the agent alone, where no workflow is named"},
	{901, "intent.step_sequence_hash", "is there with a workflow, and empty without"},
	{902, "scope", "holds the route's scopes"},
	{903, "intent.workflow_id, workflow_step", "are a step of the route"},
	{904, "sub", "is an agent of the route"},
	{905, "intent.execution_context, target", "agree where the route binds them"},

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
