package embed

import "errors"

// yieldModule and yieldName are the import through which a module comes back to the
// program: Go's run-time system has it anyway.
const (
	yieldModule = "wasi_snapshot_preview1"
	yieldName   = "sched_yield"
)

// breath is the number of loops between two returns: well below a millisecond.
const breath = 50000

// interruptible changes a module so that it comes back to the program now and then,
// which can stop it there, and whose other goroutines run meanwhile. At the head of
// every loop a new global is counted down; at zero, a new function fills it up and
// calls the import sched_yield. Code without a loop ends by itself, or by its stack.
//
// Why not wazero's WithCloseOnContextDone? It leaves the compiled code at every loop,
// and Go compiles a function into a loop over its blocks: decisions took four to
// seven times as long. Counting costs less than ten percent. Why come back at all,
// and not look at a flag that a timer sets? Go cannot interrupt compiled code: a
// garbage collection that begins during an endless loop would stop every goroutine
// for ever, the timer's included.
func interruptible(module []byte) (out []byte, err error) {
	defer func() {
		if recover() != nil { // an index beyond the module's end
			out, err = nil, errors.New("embed: the module is malformed")
		}
	}()
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("embed: the module is not WebAssembly, version 1")
	}
	r := rewriter{in: module[8:], out: append(make([]byte, 0, len(module)+len(module)/8), module[:8]...)}
	for len(r.in) > 0 {
		id := r.byte()
		r.section(id, r.take(r.u32()))
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.out, nil
}

// Sections of a module (WebAssembly Core Specification 2.0, section 5.5).
const (
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionGlobal   = 6
	sectionExport   = 7
	sectionCode     = 10
)

// Instructions and types that interruptible writes or looks for (sections 5.3, 5.4).
const (
	opLoop       = 0x03
	opIf         = 0x04
	opEnd        = 0x0b
	opCall       = 0x10
	opDrop       = 0x1a
	opGlobalGet  = 0x23
	opGlobalSet  = 0x24
	opI32Const   = 0x41
	opI32Eqz     = 0x45
	opI32Sub     = 0x6b
	prefixMulti  = 0xfc
	typeI32      = 0x7f
	typeVoid     = 0x40
	kindFunction = 0
	kindTable    = 1
	kindMemory   = 2
	kindGlobal   = 3
	mutable      = 1
)

// rewriter copies a module. The counts are those of the sections so far, imports
// included; then each is the index of what was added.
type rewriter struct {
	in, out   []byte
	types     uint32
	functions uint32
	globals   uint32
	declared  bool   // the global section is written
	yield     uint32 // index of the import, plus one; 0 for none
	check     []byte // what stands at the head of a loop
	err       error
}

func (r *rewriter) section(id byte, content []byte) {
	rest := r.in
	r.in = content
	switch id {
	case sectionType:
		r.types, content = r.extended([]byte{0x60, 0, 0})
	case sectionImport:
		r.countImports()
	case sectionFunction:
		var n uint32
		n, content = r.extended(appendU32(nil, r.types))
		r.functions += n
	case sectionGlobal:
		content = r.addGlobal()
	case sectionExport, sectionCode:
		if !r.declared { // no global of the module's own
			r.in = []byte{0}
			r.write(sectionGlobal, r.addGlobal())
			r.in = content
		}
		if id == sectionCode {
			content = r.addChecks()
		}
	}
	r.write(id, content)
	r.in = rest
}

// extended gives a section's content with an entry more, and how many there were.
func (r *rewriter) extended(entry []byte) (n uint32, content []byte) {
	n = r.u32()
	content = append(appendU32(nil, n+1), r.in...)
	return n, append(content, entry...)
}

func (r *rewriter) write(id byte, content []byte) {
	r.out = append(appendU32(append(r.out, id), uint32(len(content))), content...)
}

func (r *rewriter) countImports() {
	for range r.u32() {
		module, name := r.take(r.u32()), r.take(r.u32())
		switch r.byte() {
		case kindFunction:
			r.u32()
			r.functions++
			if string(module) == yieldModule && string(name) == yieldName {
				r.yield = r.functions
			}
		case kindTable:
			r.byte()
			r.limits()
		case kindMemory:
			r.limits()
		case kindGlobal:
			r.take(2)
			r.globals++
		default:
			panic("import kind")
		}
	}
}

func (r *rewriter) limits() {
	if r.byte()&1 == 1 {
		r.u32()
	}
	r.u32()
}

func (r *rewriter) addGlobal() []byte {
	n, content := r.extended([]byte{typeI32, mutable, opI32Const, 1, opEnd})
	r.globals += n
	r.declared = true
	return content
}

func (r *rewriter) addChecks() []byte {
	if r.yield == 0 {
		r.err = errors.New("embed: the module does not import " + yieldModule + "." + yieldName)
		return nil
	}
	get, set := appendU32([]byte{opGlobalGet}, r.globals), appendU32([]byte{opGlobalSet}, r.globals)
	r.check = join(get, []byte{opI32Const, 1, opI32Sub}, set, get, []byte{opI32Eqz, opIf, typeVoid},
		appendU32([]byte{opCall}, r.functions), []byte{opEnd})
	breathe := join([]byte{0}, // no locals
		[]byte{opI32Const, breath&0x7f | 0x80, breath>>7&0x7f | 0x80, breath >> 14}, set,
		appendU32([]byte{opCall}, r.yield-1), []byte{opDrop, opEnd})

	n := r.u32()
	out := appendU32(make([]byte, 0, len(r.in)+len(r.in)/4), n+1)
	var body []byte
	for range n {
		function := r.take(r.u32())
		rest := r.in
		r.in = function
		body = r.function(body[:0])
		r.in = rest
		out = append(appendU32(out, uint32(len(body))), body...)
	}
	return append(appendU32(out, uint32(len(breathe))), breathe...)
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// function copies a function's locals and instructions, each loop with its check.
func (r *rewriter) function(out []byte) []byte {
	copied := r.in
	flush := func() {
		n := len(copied) - len(r.in)
		out = append(out, copied[:n]...)
		copied = r.in
	}
	for range r.u32() {
		r.u32()
		r.byte()
	}
	for len(r.in) > 0 {
		op := r.byte()
		r.operands(op)
		if op == opLoop {
			flush()
			out = append(out, r.check...)
		}
	}
	flush()
	return out
}
