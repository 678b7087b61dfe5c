package main

import (
	"fmt"
	"strings"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

var checksumCommand = &command{
	name:     "checksum",
	summary:  "agent checksum of a JSON file; hashes of delegation chains and step sequences",
	synopsis: "[--reading READING] FILE|-  |  chain AGENT...  |  steps STEP...",
	about: `
Computes the checksum of an agent's prompt, tools and configuration. The draft
describes it in two ways that contradict each other, so each reading has a name, and
one agent has a different checksum under each:

  jcs      RFC 8785 over agent_id, prompt_template (normalised), tools, configuration;
           tools sorted by name. What the profile means where it names none.
  jcs-raw  the same with prompt and order of tools as they stand.
  python   Python's json.dumps(sort_keys=True) over id, prompt, tools, config, as the
           draft's prototype does.

"chain" and "steps" compute intent.delegation_chain and intent.step_sequence_hash:
SHA-256 over the ids joined with |, as sha256:<64 hex> (long) or its first 16 hex
characters (short). No ids give the hash of the empty string. A file that is named
chain or steps is ./chain or ./steps.`,
	examples: `
ajwt checksum agent.json
ajwt checksum --reading all agent.json
ajwt checksum --reading python --canonical agent.json
ajwt checksum chain supervisor planner patcher --form short
ajwt checksum steps analyze plan patch`,
	run: runChecksum,
}

func runChecksum(c *call) (int, error) {
	reading := c.text("reading", "READING", "jcs, jcs-raw, python or all (default: jcs)")
	canonical := c.boolean("canonical", "print the bytes that are hashed instead of the checksum, and nothing after them")
	form := c.text("form", "FORM", "of chain and steps: long, short or both (default: both)")
	asJSON := c.boolean("json", "print JSON")
	if err := c.parse(1, 4096); err != nil {
		return 0, err
	}
	if what := c.args[0]; what == "chain" || what == "steps" {
		if reading.given() {
			return 0, usagef("--reading is for agents; chains and steps have one reading")
		}
		return c.sequenceHashes(what, c.args[1:], form, canonical.on(), asJSON.on())
	}
	switch {
	case form.given():
		return 0, usagef("--form goes with chain and steps")
	case len(c.args) > 1:
		return 0, usagef("want one file, have %d operands", len(c.args))
	}
	word, err := reading.choice("jcs", "jcs", "jcs-raw", "python", "all")
	if err != nil {
		return 0, err
	}
	readings := []ajwt.Reading{ajwt.Reading(word)}
	if word == "all" {
		readings = []ajwt.Reading{ajwt.ReadingJCS, ajwt.ReadingJCSRaw, ajwt.ReadingPython}
		if canonical.on() && !asJSON.on() {
			return 0, usagef("--canonical prints one reading; name it, or say --json")
		}
	}
	agent, err := c.readFile("checksum", c.args[0])
	if err != nil {
		return 0, err
	}
	return c.agentChecksums(agent, readings, canonical.on(), asJSON.on())
}

// agentReading is one reading of --json: a checksum, or why there is none.
type agentReading struct {
	Reading   string `json:"reading"`
	Checksum  string `json:"checksum,omitempty"`
	Canonical string `json:"canonical,omitempty"`
	Fault     string `json:"fault,omitempty"`
}

// agentChecksums prints the checksum under each reading. Of several readings those
// that fail are told apart, and the exit code is 1 if any did.
func (c *call) agentChecksums(agent []byte, readings []ajwt.Reading, canonical, asJSON bool) (int, error) {
	exit := exitOK
	var list []agentReading
	for _, r := range readings {
		a := agentReading{Reading: string(r)}
		text, err := ajwt.AgentCanonical(r, agent)
		if err == nil {
			a.Checksum, err = ajwt.AgentChecksum(r, agent)
		}
		switch {
		case err != nil && len(readings) == 1:
			return 0, fmt.Errorf("%s: %w", quote(c.args[0], 200), err)
		case err != nil:
			a.Fault, exit = strings.TrimPrefix(err.Error(), "agent checksum: "), exitReject
		case canonical && !asJSON:
			_, err := c.stdout.Write(text)
			return exitOK, err
		case canonical:
			a.Canonical = string(text)
		}
		list = append(list, a)
	}
	if asJSON {
		return exit, c.printJSON(map[string]any{"readings": list})
	}
	for _, a := range list {
		switch {
		case len(list) == 1:
			fmt.Fprintln(c.stdout, a.Checksum)
		case a.Fault != "":
			fmt.Fprintf(c.stdout, "%-8s none: %s\n", a.Reading, printable(a.Fault))
		default:
			fmt.Fprintf(c.stdout, "%-8s %s\n", a.Reading, a.Checksum)
		}
	}
	return exit, nil
}

// sequenceHashes prints the hash of a chain or a list of steps.
func (c *call) sequenceHashes(what string, ids []string, form *definition, canonical, asJSON bool) (int, error) {
	word, err := form.choice("both", "long", "short", "both")
	if err != nil {
		return 0, err
	}
	valid, alphabet := ajwt.ValidAgentID, "A-Z a-z 0-9 . _ : @ / -"
	if what == "steps" {
		valid, alphabet = ajwt.ValidStepID, "A-Z a-z 0-9 . _ : @ -"
	}
	for i, id := range ids {
		if !valid(id) {
			return 0, fmt.Errorf("%s: %s is no id: want 1 to 128 of %s", what, quote(id, 60), alphabet)
		}
		for _, before := range ids[:i] {
			if before == id {
				return 0, fmt.Errorf("%s: %s stands twice; each id may stand once", what, quote(id, 60))
			}
		}
	}
	joined := strings.Join(ids, "|")
	if canonical && !asJSON {
		_, err := fmt.Fprint(c.stdout, joined)
		return exitOK, err
	}
	hashes := map[string]string{}
	for _, f := range []ajwt.HashForm{ajwt.HashLong, ajwt.HashShort} {
		if word == "both" || word == f.String() {
			hashes[f.String()] = ajwt.SequenceHash(ids, f)
		}
	}
	if asJSON {
		if canonical {
			hashes["canonical"] = joined
		}
		return exitOK, c.printJSON(hashes)
	}
	for _, name := range []string{"long", "short"} {
		switch hash := hashes[name]; {
		case hash == "":
		case word == "both":
			fmt.Fprintf(c.stdout, "%-6s %s\n", name, hash)
		default:
			fmt.Fprintln(c.stdout, hash)
		}
	}
	return exitOK, nil
}
