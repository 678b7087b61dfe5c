package embed

import (
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
}

// with gives the documents with one more, in the place of its predecessor.
func (d *documents) with(doc abi.Document) *documents {
	next := &documents{generation: d.generation + 1}
	for _, l := range d.list {
		if l.document.Kind != doc.Kind || l.document.Issuer != doc.Issuer {
			next.list = append(next.list, l)
		}
	}
	next.list = append(next.list, loaded{next.generation, doc})
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
