package main

import (
	"crypto/elliptic"
	"fmt"
	"math/big"
	"strings"
)

// multiples is how many odd multiples of the base point are written (ecBaseWidth).
const multiples = 16

// numbers writes the variable that holds a curve's numbers (see ecCurve).
func (w *writer) numbers() {
	curve := elliptic.P256()
	if w.name == "p384" {
		curve = elliptic.P384()
	}
	c := curve.Params()
	p, n, one := c.P, c.N, big.NewInt(1)
	r := new(big.Int).Lsh(one, uint(w.limbs*w.width))
	inField := func(x *big.Int) *big.Int { return new(big.Int).Mod(new(big.Int).Mul(x, r), p) }
	word := new(big.Int).Lsh(one, uint(w.width))
	inverse := new(big.Int).Sub(word, new(big.Int).ModInverse(n, word))

	w.line("// %s holds the numbers of %s.", w.name, c.Name)
	w.line("var %s = ecCurve{", w.name)
	w.line("limbs: %d,\nwidth: %d,", w.limbs, w.width)
	w.line("field: %s,", octets(p, p))
	w.line("order: %sOrder,", w.name)
	w.line("wrap: %s,", octets(new(big.Int).Sub(p, n), p))
	for _, x := range []struct {
		name  string
		value *big.Int
	}{
		{"p", p}, {"n", n}, {"one", inField(one)}, {"square", inField(r)}, {"b", inField(c.B)},
		{"cube", new(big.Int).Exp(r, big.NewInt(3), n)},
	} {
		w.line("%s: %s,", x.name, w.element(x.value))
	}
	w.line("inverse: %#x,", inverse)
	w.line("base: [1 << (ecBaseWidth - 2)]ecAffine{")
	x, y := c.Gx, c.Gy
	twoX, twoY := add(c, x, y, x, y)
	for range multiples {
		w.line("{\n%s,\n%s,\n},", w.element(inField(x)), w.element(inField(y)))
		x, y = add(c, x, y, twoX, twoY)
	}
	w.line("},\n}")
}

// add adds points that are not opposite.
func add(c *elliptic.CurveParams, x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	above, below := new(big.Int).Sub(y2, y1), new(big.Int).Sub(x2, x1)
	if below.Sign() == 0 {
		above.Mul(x1, x1).Sub(above, big.NewInt(1)).Mul(above, big.NewInt(3))
		below.Lsh(y1, 1)
	}
	slope := below.ModInverse(below.Mod(below, c.P), c.P)
	slope.Mul(slope, above).Mod(slope, c.P)
	x = new(big.Int).Mul(slope, slope)
	x.Sub(x, x1).Sub(x, x2).Mod(x, c.P)
	y = new(big.Int).Sub(x1, x)
	y.Mul(y, slope).Sub(y, y1).Mod(y, c.P)
	return x, y
}

// octets is a string constant of n, big-endian and as long as p.
func octets(n, p *big.Int) string {
	var lines []string
	b := n.FillBytes(make([]byte, (p.BitLen()+7)/8))
	for ; len(b) > 0; b = b[16:] {
		text := ""
		for _, octet := range b[:16] {
			text += fmt.Sprintf(`\x%02x`, octet)
		}
		lines = append(lines, `"`+text+`"`)
	}
	return strings.Join(lines, " +\n")
}

// element is a composite literal of n in limbs, seven a line.
func (w *writer) element(n *big.Int) string {
	text, rest, mask := "ecElement{", new(big.Int).Set(n), big.NewInt(1<<w.width-1)
	for i := range w.limbs {
		if w.limbs > 9 && i%7 == 0 {
			text += "\n"
		}
		text += fmt.Sprintf("%#x, ", new(big.Int).And(rest, mask))
		rest.Rsh(rest, uint(w.width))
	}
	if w.limbs > 9 {
		return text + "\n}"
	}
	return strings.TrimSuffix(text, ", ") + "}"
}
