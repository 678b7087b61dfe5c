package embed

import (
	"slices"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// documents is what has been loaded, immutable: one document of each kind for each
// issuer, in the order in which they were loaded.
type documents struct {
	generation uint64 // rises by one with each document
	list       []loaded
}

type loaded struct {
	generation uint64 // at which it came in
	document   abi.Document
	version    ajwt.DocumentVersion // of a bundle or list
}

// with gives the documents with one more, in the place of its predecessor.
func (d *documents) with(doc abi.Document) *documents {
	next := &documents{generation: d.generation + 1}
	for _, l := range d.list {
		if l.document.Kind != doc.Kind || l.document.Issuer != doc.Issuer {
			next.list = append(next.list, l)
		}
	}
	next.list = append(next.list, loaded{generation: next.generation, document: doc})
	return next
}

// newest is the document that came in last.
func (d *documents) newest() *abi.Document { return &d.list[len(d.list)-1].document }

// bring loads into an instance what it lacks, and returns a code where that fails:
// the documents were taken by another instance, so this one is broken.
func (d *documents) bring(i *instance) ajwt.Code {
	for n := range d.list {
		if d.list[n].generation <= i.generation {
			continue
		}
		answer, code := i.load(&d.list[n].document)
		if code == 0 && answer.Action != abi.ActionPass {
			code = ajwt.CodeInternalTrap
		}
		if code != 0 {
			return code
		}
		i.generation = d.list[n].generation
	}
	i.generation = d.generation
	return 0
}

// versions are those of the bundles and lists in force, and of resumed ones of which no
// successor was loaded yet.
func (d *documents) versions(resumed []ajwt.DocumentVersion) []ajwt.DocumentVersion {
	var all []ajwt.DocumentVersion
	for n := range d.list {
		if v := d.list[n].version; v.Kind != 0 {
			all = append(all, v)
		}
	}
	for _, v := range resumed {
		if !slices.ContainsFunc(all, func(w ajwt.DocumentVersion) bool { return w.Kind == v.Kind && w.Issuer == v.Issuer }) {
			all = append(all, v)
		}
	}
	return all
}
