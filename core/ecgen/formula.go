package main

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
)

// field is a prime field in limbs. p = sum of sign·2^(limb·width+shift) - 1, and p
// ends in at least width one bits.
type field struct {
	name  string
	limbs int
	width int
	terms []term
	// calls: the formulas call a function for each product. A third of the code, at half
	// the speed.
	calls bool
}

// term is one power of two in p.
type term struct {
	limb, shift int
	sign        string
}

var fields = []field{
	{"p256", 9, 29, []term{{3, 9, "+"}, {6, 18, "+"}, {7, 21, "-"}, {8, 24, "+"}}, false},  // 2^256 - 2^224 + 2^192 + 2^96 - 1
	{"p384", 14, 28, []term{{1, 4, "+"}, {3, 12, "-"}, {4, 16, "-"}, {13, 20, "+"}}, true}, // 2^384 - 2^128 - 2^96 + 2^32 - 1
}

// writer writes the body of a function in which the element x is the variables x0, x1, …,
// or with calls an array.
type writer struct {
	field
	bytes.Buffer
}

func (w *writer) line(text string, a ...any) { fmt.Fprintf(w, text+"\n", a...) }

// each joins one piece of text for each limb.
func (w *writer) each(piece func(limb int) string) string {
	var all []string
	for i := range w.limbs {
		all = append(all, piece(i))
	}
	return strings.Join(all, ", ")
}

// limbsOf names the variables of an element: x0, x1, ….
func (w *writer) limbsOf(x string) string {
	return w.each(func(i int) string { return fmt.Sprint(x, i) })
}

func (w *writer) indexed(from string) string {
	return w.each(func(i int) string { return fmt.Sprintf("%s[%d]", from, i) })
}

func (w *writer) load(x, from string) {
	if w.calls {
		w.line("%s := %s", x, from)
	} else {
		w.line("%s := %s", w.limbsOf(x), w.indexed(from))
	}
}

func (w *writer) store(to, x string) {
	if w.calls {
		w.line("%s = %s", to, x)
	} else {
		w.line("%s = %s", w.indexed(to), w.limbsOf(x))
	}
}

func (w *writer) declare(x string) {
	if w.calls {
		w.line("var %s ecElement", x)
	} else {
		w.line("var %s int64", w.limbsOf(x))
	}
}

// sum sets z to an expression for each limb, in which @ stands for the limb.
func (w *writer) sum(z, assign, expression string) {
	if w.calls {
		if assign == ":=" {
			w.declare(z)
			assign = "="
		}
		w.line("for i := range %s {\n%s[i] %s %s\n}", z, z, assign, strings.ReplaceAll(expression, "@", "[i]"))
		return
	}
	for i := range w.limbs {
		w.line("%s%d %s %s", z, i, assign, at(expression, i))
	}
}

func at(expression string, limb int) string {
	return strings.ReplaceAll(expression, "@", fmt.Sprint(limb))
}

// product sets z, which is declared, to x·y/R - less; less is an expression as in sum,
// or empty. Products are summed column by column. The lower columns are made zero by
// multiples of p (Montgomery's reduction). Since p ends in a limb of ones, the multiple
// that clears a limb is the limb itself, and adding it times p is one shifted addition
// for each power of two in p, further up.
func (w *writer) product(z, x, y, less string) {
	if w.calls {
		switch {
		case less == "":
			less = "ecZero"
		case strings.Contains(less, "*"):
			w.sum("less", ":=", less)
			less = "less"
		default:
			less = strings.TrimSuffix(less, "@")
		}
		w.line("%sMulSub(&%s, &%s, &%s, &%s)", w.name, z, x, y, less)
		return
	}
	comment := fmt.Sprintf("%s = %s·%s", z, x, y)
	if less != "" {
		comment += " - " + strings.ReplaceAll(less, "@", "")
	}
	w.line("{ // %s", comment)
	top := w.limbs - 1
	for k := range 2*w.limbs - 1 {
		assign := "+="
		if k == 0 {
			assign = ":="
		}
		w.line("c %s %s%s", assign, w.column(x, y, k), w.reduction(k))
		if k <= top {
			w.line("m%d := c & mask", k)
		} else {
			if less != "" {
				w.line("c -= %s", at(less, k-w.limbs))
			}
			w.line("%s%d = c & mask", z, k-w.limbs)
		}
		w.line("c >>= %d", w.width)
	}
	last := fmt.Sprintf("%s%d = c%s", z, top, w.reduction(2*w.limbs-1))
	if less != "" {
		last += " - " + at(less, top)
	}
	w.line("%s", last)
	w.line("}")
}

// column is the sum of the products of limbs that stand at place k.
func (w *writer) column(x, y string, k int) string {
	var all, crossed []string
	for i := max(0, k-w.limbs+1); i <= min(k, w.limbs-1); i++ {
		if j := k - i; x != y || i == j {
			all = append(all, fmt.Sprintf("%s%d*%s%d", x, i, y, j))
		} else if i < j {
			crossed = append(crossed, fmt.Sprintf("%s%d*%s%d", x, i, y, j))
		}
	}
	if len(crossed) > 0 {
		all = append(all, "2*("+strings.Join(crossed, " + ")+")")
	}
	return strings.Join(all, " + ")
}

// reduction is what the multiples of p add at place k.
func (w *writer) reduction(k int) (text string) {
	for _, t := range w.terms {
		if m := k - t.limb; m >= 0 && m < w.limbs {
			text += fmt.Sprintf(" %s m%d<<%d", t.sign, m, t.shift)
		}
	}
	return text
}

// threeHalves sets x to 3x/2: 3x, or 3x + p where that is odd, is halved limb by limb,
// and the bit that a limb loses is the top one of the limb below.
func (w *writer) threeHalves(x string) {
	limb := func(i int) string {
		if w.calls {
			return fmt.Sprintf("%s[%d]", x, i)
		}
		return fmt.Sprint(x, i)
	}
	w.line("{ // %s = 3%s/2", x, x)
	w.line("odd := %s & 1", limb(0))
	w.line("low := 3*%s - odd", limb(0))
	w.line("c := int64(0)")
	for i := 1; i < w.limbs; i++ {
		next := "3*" + limb(i)
		for _, t := range w.terms {
			if t.limb == i {
				next += fmt.Sprintf(" %s odd<<%d", t.sign, t.shift)
			}
		}
		w.line("next%d := %s", i, next)
		w.line("c += low>>1 + next%d&1<<%d", i, w.width-1)
		w.line("%s = c & mask", limb(i-1))
		w.line("c >>= %d", w.width)
		w.line("low = next%d", i)
	}
	w.line("%s = c + low>>1", limb(w.limbs-1))
	w.line("}")
}

func (w *writer) function(doc, name, parameters string, body func()) {
	w.line("\n%s\nfunc %s%s(%s) {\nconst mask = 1<<%d - 1", doc, w.name, name, parameters, w.width)
	body()
	w.line("}")
}

func (w *writer) functions() {
	calls := w.calls
	w.calls = false
	w.function("// See ecCurve.mulSub.", "MulSub", "z, x, y, t *ecElement", func() {
		w.load("x", "x")
		w.load("y", "y")
		w.load("t", "t")
		w.declare("z")
		w.product("z", "x", "y", "t@")
		w.store("z", "z")
	})
	w.calls = calls
	w.function("// See ecSum.double.", "Double", "s *ecSum", func() {
		w.load("z", "s.z")
		w.declare("t")
		w.product("t", "z", "z", "")
		w.load("x", "s.x")
		w.sum("a", ":=", "x@ - t@")
		w.sum("b", ":=", "x@ + t@")
		w.declare("l") // 3(x-z^2)(x+z^2)/2
		w.product("l", "a", "b", "")
		w.threeHalves("l")
		w.load("y", "s.y")
		w.product("z", "z", "y", "")
		w.store("s.z", "z")
		w.product("t", "y", "y", "")
		w.declare("v") // x·y^2
		w.product("v", "x", "t", "")
		w.product("x", "l", "l", "2*v@")
		w.store("s.x", "x")
		w.sum("v", "-=", "x@")
		w.product("t", "t", "t", "")
		w.product("y", "l", "v", "t@")
		w.store("s.y", "y")
	})
	w.function("// See ecSum.add.", "Meet", "s *ecSum, q *ecAffine, powers *ecPowers, sign int64", func() {
		w.load("z", "s.z")
		w.declare("h")
		w.product("h", "z", "z", "")
		w.declare("r")
		w.product("r", "h", "z", "")
		w.load("x", "s.x")
		w.load("y", "s.y")
		w.line("if powers != nil {")
		for _, p := range []struct{ element, by string }{{"x", "zz"}, {"y", "zzz"}, {"z", "z"}} {
			w.line("{")
			w.load("b", "powers."+p.by)
			w.product(p.element, p.element, "b", "")
			w.store("s."+p.element, p.element)
			w.line("}")
		}
		w.line("}")
		w.load("a", "q.x")
		w.product("h", "h", "a", "x@")
		w.store("s.h", "h")
		w.load("b", "q.y")
		w.sum("b", "*=", "sign")
		w.product("r", "r", "b", "y@")
		w.store("s.r", "r")
	})
	w.function("// See ecSum.add.", "Join", "s *ecSum", func() {
		w.load("h", "s.h")
		w.load("z", "s.z")
		w.product("z", "z", "h", "")
		w.store("s.z", "z")
		w.declare("t")
		w.product("t", "h", "h", "")
		w.load("x", "s.x")
		w.declare("v") // x1·h^2
		w.product("v", "x", "t", "")
		w.product("h", "h", "t", "")
		w.load("r", "s.r")
		w.product("x", "r", "r", "(2*v@ + h@)")
		w.store("s.x", "x")
		w.sum("v", "-=", "x@")
		w.load("y", "s.y")
		w.product("t", "h", "y", "")
		w.product("y", "r", "v", "t@")
		w.store("s.y", "y")
	})
}

// file is the whole text of one curve's file.
func file(f field) ([]byte, error) {
	w := &writer{field: f}
	w.line("// Code generated by go run ./core/ecgen; DO NOT EDIT.\n\npackage ajwt\n")
	w.numbers()
	w.functions()
	return format.Source(w.Bytes())
}
