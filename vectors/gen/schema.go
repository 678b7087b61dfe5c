package main

import (
	"sort"

	"github.com/agentic-jwt/ajwt/spec"
)

// object is a JSON object of a schema. encoding/json sorts the names, so the bytes are
// always the same.
type object = map[string]any

const schemaBase = "https://agentic-jwt.github.io/ajwt/vectors/"

// schemas adds the JSON Schemas of case files and manifest. The codes come from
// spec/codes.json.
func schemas(out output) error {
	for name, doc := range map[string]object{"cases.schema.json": caseSchema(), "manifest.schema.json": manifestSchema()} {
		doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		doc["$id"] = schemaBase + name
		text, err := indented(doc)
		if err != nil {
			return err
		}
		out["schema/"+name] = text
	}
	return nil
}

func manifestSchema() object {
	return closed("A-JWT vectors: the manifest", "The only index of the vectors: a file that it does not list is refused.", object{
		"format": object{"const": "ajwt-manifest/1"},
		"spec":   listOf(str(1)),
		"files": object{"type": "array", "minItems": 1, "items": closed("", "", object{
			"file":   pattern(`^((cases|policies|keys)/([a-z0-9-]+/)*[A-Za-z0-9.-]+\.json|(bundles|revocations)/[A-Za-z0-9.-]+\.(json|jws))$`),
			"sha256": pattern("^[0-9a-f]{64}$"),
			"area":   pattern("^[a-z0-9-]+$"),
			"count":  object{"type": "integer", "minimum": 1},
		}, "file", "sha256")},
	}, "format", "spec", "files")
}

func caseSchema() object {
	s := closed("A-JWT vectors: a case file", "Cases of one topic; vectors/README.md explains every member.", object{
		"format": object{"const": "ajwt-vectors/1"},
		"area":   pattern("^[a-z0-9-]+$"),
		"spec":   listOf(str(1)),
		"cases":  object{"type": "array", "minItems": 1, "items": object{"$ref": "#/$defs/case"}},
	}, "format", "area", "spec", "cases")
	s["$defs"] = object{
		"case": oneCase(), "request": requestSchema(), "header": headerSchema(), "expect": expectSchema(), "decision": decisionSchema(), "code": object{"enum": codes()},
		"step": stepSchema(),
		"now":  object{"type": "integer", "description": "NumericDate: seconds since 1970."},
		"mutation": closed("", "How the twin becomes the case.", object{
			"layer": object{"enum": []string{"policy", "key", "now", "loaded", "request", "compact", "header", "payload", "proof.compact", "proof.header", "proof.payload",
				"bundle", "bundle.header", "bundle.compact", "list", "list.header", "list.compact", "link", "link.compact", "input"}},
			"path": object{"type": "string", "description": "A JSON pointer, that of a link behind its place and part; an offset in layers that end in compact."},
			"from": object{"description": "What stands in the twin; absent: nothing."},
			"to":   object{"description": "What stands in the case; absent: nothing."},
		}, "layer", "path"),
		"replay": closed("", "The replay memory at the start; absent: an empty one that has always been there.", object{
			"start": object{"type": "integer", "minimum": 0}, "capacity": object{"type": "integer", "minimum": 1}, "per_key": object{"type": "integer", "minimum": 1},
		}),
	}
	return s
}

// oneCase is a case: each operation has its own members.
func oneCase() object {
	slug := "[a-z0-9]+(-[a-z0-9]+)*"
	c := closed("", "", object{
		"id":    pattern("^" + slug + `\.` + slug + `\.` + slug + "$"),
		"title": object{"type": "string", "minLength": 10, "maxLength": 320},
		"op":    object{"enum": []string{"verify", "sequence", "checksum", "thumbprint", "chain_hash", "step_hash", "jcs", "policy_load", "keys_load", "bundle_load", "revocations_load"}},
		"policy": object{"description": "Name of a file below policies/, or the policy itself.",
			"oneOf": []object{pattern(`^[A-Za-z0-9.-]+\.json$`), {"type": "object"}}},
		"keys":         object{"type": "object", "additionalProperties": pattern(`^[A-Za-z0-9.-]+\.json$`), "description": "Issuer to the name of a file below keys/."},
		"bundle":       signedFile("bundles"),
		"revocations":  signedFile("revocations"),
		"loaded":       object{"$ref": "#/$defs/now"},
		"nonce_keys":   listOf(pattern("^[A-Za-z0-9_-]{43}$")),
		"replay":       object{"$ref": "#/$defs/replay"},
		"now":          object{"$ref": "#/$defs/now"},
		"request":      object{"$ref": "#/$defs/request"},
		"requests":     object{"type": "array", "minItems": 2, "items": object{"$ref": "#/$defs/step"}},
		"input":        object{"type": "object"},
		"expect":       object{"$ref": "#/$defs/expect"},
		"level":        object{"enum": []string{"MUST", "SHOULD", "MAY", "PROFILE"}},
		"refs":         listOf(str(5)),
		"requirements": listOf(str(5)),
		"threats":      listOf(pattern("^T([1-9]|1[0-2])$")),
		"cves":         listOf(pattern("^CVE-[0-9]{4}-[0-9]{4,}$")),
		"twin":         pattern("^" + slug + `\.` + slug + `\.` + slug + "$"),
		"mutation":     object{"$ref": "#/$defs/mutation"},
		"kills":        listOf(pattern("^" + slug + "$")),
		"since":        pattern(`^[0-9]+\.[0-9]+$`),
		"algorithms":   listOf(str(1)),
	}, "id", "title", "op", "level", "refs", "since")
	c["oneOf"] = []object{
		{"properties": object{"op": object{"const": "verify"}, "requests": false, "input": false}, "required": []string{"policy", "now", "request", "expect"}},
		{"properties": object{"op": object{"const": "sequence"}, "now": false, "request": false, "expect": false, "input": false}, "required": []string{"policy", "requests"}},
		{"properties": object{"op": object{"not": object{"enum": []string{"verify", "sequence"}}}, "policy": false, "now": false, "bundle": false, "revocations": false, "loaded": false, "request": false, "requests": false},
			"required": []string{"input", "expect"}},
	}
	return c
}

// signedFile maps issuers to compact JWSs of a folder.
func signedFile(folder string) object {
	return object{"type": "object", "additionalProperties": pattern(`^[A-Za-z0-9.-]+\.jws$`), "description": "Issuer to the name of a file below " + folder + "/."}
}

// stepSchema is a request of a sequence, or a document that is loaded between two.
func stepSchema() object {
	s := closed("", "One request of a sequence, or a document that is loaded.", object{
		"now": object{"$ref": "#/$defs/now"}, "request": object{"$ref": "#/$defs/request"}, "expect": object{"$ref": "#/$defs/expect"},
		"load": closed("", "A document for one issuer.", object{
			"kind": object{"enum": []string{"keys", "bundle", "revocations"}}, "issuer": str(1),
			"file": pattern(`^[A-Za-z0-9.-]+\.(json|jws)$`),
		}, "kind", "issuer", "file"),
	}, "now", "expect")
	s["oneOf"] = []object{{"required": []string{"request"}}, {"required": []string{"load"}}}
	return s
}

func requestSchema() object {
	return closed("", "A request as a host describes it to a verifier.", object{
		"method": str(0), "scheme": str(0), "authority": str(0),
		"target":  object{"type": "string", "description": "Path and query as received."},
		"headers": object{"type": []string{"array", "null"}, "items": object{"$ref": "#/$defs/header"}},
		"body":    object{"type": "string", "contentEncoding": "base64"},
	}, "method", "scheme", "authority", "target", "headers")
}

func headerSchema() object {
	value := object{"oneOf": []object{{"type": "string"}, closed("", "A value that is not UTF-8.", object{"base64": str(1)}, "base64")}}
	return object{"type": "array", "prefixItems": []object{str(0), value}, "items": false, "minItems": 2, "description": "A field as the pair of name and value."}
}

func expectSchema() object {
	return closed("", "What a conformant implementation answers.", object{
		"verdict": object{"enum": []string{"accept", "reject"}}, "enforced": object{"const": false},
		"code":   object{"$ref": "#/$defs/code"},
		"status": object{"type": "integer", "minimum": 400, "maximum": 599},
		"value":  str(1), "pointers": object{"type": "array", "items": object{"type": "string"}},
		"decision": object{"$ref": "#/$defs/decision"},
		"headers":  object{"type": "object", "additionalProperties": str(0)},
		"forward":  object{"type": "array", "items": object{"$ref": "#/$defs/header"}, "description": "Fields that are set for the upstream, in order."},
		"strip":    object{"type": "array", "items": str(1), "description": "Names of the request's fields that do not reach the upstream, as they were sent."},
	})
}

func decisionSchema() object {
	members := object{"warnings": listOf(str(1)), "bundle_version": object{"type": "integer", "minimum": 0}}
	for _, name := range []string{"level", "issuer", "agent", "workflow", "step", "act", "chain_hash", "route", "key_thumbprint"} {
		members[name] = str(1)
	}
	return closed("", "Members of the decision record that the case pins.", members)
}

func codes() []string {
	list, err := spec.Codes()
	if err != nil {
		panic(err)
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Code
	}
	sort.Strings(names)
	return names
}

// closed is an object without other members.
func closed(title, description string, members object, required ...string) object {
	s := object{"type": "object", "properties": members, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if title != "" {
		s["title"] = title
	}
	if description != "" {
		s["description"] = description
	}
	return s
}

func pattern(p string) object { return object{"type": "string", "pattern": p} }

func str(min int) object { return object{"type": "string", "minLength": min} }

func listOf(item object) object { return object{"type": "array", "items": item} }
