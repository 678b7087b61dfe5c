// Package wasmcheck lists what a WebAssembly module imports and exports. A host that
// lacks an import cannot load the module at all, so the lists are part of what a
// release promises; wasm/golden holds them and make check compares.
package wasmcheck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Sections and kinds of the binary format (WebAssembly Core Specification 2.0,
// sections 5.5 and 5.5.5).
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionExport   = 7

	kindFunction = 0
	kindTable    = 1
	kindMemory   = 2
	kindGlobal   = 3
)

// Interface lists imports and exports, sorted, one line each: "import
// wasi_snapshot_preview1.fd_write (i32 i32 i32 i32) -> (i32)", "export memory
// memory". An export that is not a function has its kind in front of its name.
func Interface(module []byte) (lines []string, err error) {
	defer func() {
		if r := recover(); r != nil { // an index beyond the module's end
			lines, err = nil, fmt.Errorf("wasmcheck: malformed module: %v", r)
		}
	}()
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("wasmcheck: not a WebAssembly module, version 1")
	}
	m := parser{data: module[8:]}
	for len(m.data) > 0 {
		id := m.byte()
		m.section(id, m.take(m.u32()))
	}
	slices.Sort(m.lines)
	return slices.Compact(m.lines), nil // Go imports fd_write twice
}

type parser struct {
	data  []byte
	types []string // signatures by type index
	funcs []uint32 // type index by function index, imported ones first
	lines []string
}

func (p *parser) byte() byte { return p.take(1)[0] }

func (p *parser) take(n uint32) []byte {
	out := p.data[:n]
	p.data = p.data[n:]
	return out
}

func (p *parser) u32() uint32 {
	v, n := binary.Uvarint(p.data)
	if n <= 0 || v > 1<<32-1 {
		panic("integer")
	}
	p.data = p.data[n:]
	return uint32(v)
}

func (p *parser) name() string { return string(p.take(p.u32())) }

// section reads one section with the parser standing in its content.
func (p *parser) section(id byte, content []byte) {
	if id != sectionType && id != sectionImport && id != sectionFunction && id != sectionExport {
		return
	}
	rest := p.data
	p.data = content
	for range p.u32() {
		switch id {
		case sectionType:
			p.funcType()
		case sectionImport:
			p.importEntry()
		case sectionFunction:
			p.funcs = append(p.funcs, p.u32())
		case sectionExport:
			p.exportEntry()
		}
	}
	p.data = rest
}

func (p *parser) funcType() {
	if p.byte() != 0x60 {
		panic("type form")
	}
	in, out := p.valueTypes(), p.valueTypes()
	p.types = append(p.types, "("+in+") -> ("+out+")")
}

func (p *parser) valueTypes() string {
	names := map[byte]string{0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128", 0x70: "funcref", 0x6f: "externref"}
	var out []string
	for _, t := range p.take(p.u32()) {
		out = append(out, names[t])
	}
	return strings.Join(out, " ")
}

func (p *parser) importEntry() {
	name := p.name() + "." + p.name()
	switch p.byte() {
	case kindFunction:
		t := p.u32()
		p.funcs = append(p.funcs, t)
		p.lines = append(p.lines, "import "+name+" "+p.types[t])
	case kindTable:
		p.byte()
		p.limits()
		p.lines = append(p.lines, "import table "+name)
	case kindMemory:
		p.limits()
		p.lines = append(p.lines, "import memory "+name)
	case kindGlobal:
		p.take(2)
		p.lines = append(p.lines, "import global "+name)
	default:
		panic("import kind")
	}
}

func (p *parser) limits() {
	if p.byte()&1 == 1 {
		p.u32()
	}
	p.u32()
}

func (p *parser) exportEntry() {
	name := p.name()
	kind, index := p.byte(), p.u32()
	switch kind {
	case kindFunction:
		p.lines = append(p.lines, "export "+name+" "+p.types[p.funcs[index]])
	case kindTable, kindMemory, kindGlobal:
		p.lines = append(p.lines, "export "+[...]string{"", "table", "memory", "global"}[kind]+" "+name)
	default:
		panic("export kind")
	}
}
