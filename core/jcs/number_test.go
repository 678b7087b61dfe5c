package jcs

import (
	"math"
	"testing"
)

// TestAppendixB is the whole table of RFC 8785, appendix B; its last two rows, NaN
// and Infinity, cannot be written in JSON (TestTransformRefuses).
func TestAppendixB(t *testing.T) {
	for _, row := range []struct {
		name string
		bits uint64
		want string
	}{
		{"zero", 0x0000000000000000, "0"},
		{"minus zero", 0x8000000000000000, "0"},
		{"min pos number", 0x0000000000000001, "5e-324"},
		{"min neg number", 0x8000000000000001, "-5e-324"},
		{"max pos number", 0x7fefffffffffffff, "1.7976931348623157e+308"},
		{"max neg number", 0xffefffffffffffff, "-1.7976931348623157e+308"},
		{"max pos int", 0x4340000000000000, "9007199254740992"},
		{"max neg int", 0xc340000000000000, "-9007199254740992"},
		{"~2**68", 0x4430000000000000, "295147905179352830000"},
		{"below 1e+23", 0x44b52d02c7e14af5, "9.999999999999997e+22"},
		{"1e+23", 0x44b52d02c7e14af6, "1e+23"},
		{"above 1e+23", 0x44b52d02c7e14af7, "1.0000000000000001e+23"},
		{"two below 1e+21", 0x444b1ae4d6e2ef4e, "999999999999999700000"},
		{"below 1e+21", 0x444b1ae4d6e2ef4f, "999999999999999900000"},
		{"1e+21", 0x444b1ae4d6e2ef50, "1e+21"},
		{"below 1e-6", 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
		{"1e-6", 0x3eb0c6f7a0b5ed8d, "0.000001"},
		{"a third, two below", 0x41b3de4355555553, "333333333.3333332"},
		{"a third, below", 0x41b3de4355555554, "333333333.33333325"},
		{"a third", 0x41b3de4355555555, "333333333.3333333"},
		{"a third, above", 0x41b3de4355555556, "333333333.3333334"},
		{"a third, two above", 0x41b3de4355555557, "333333333.33333343"},
		{"small negative", 0xbecbf647612f3696, "-0.0000033333333333333333"},
		{"round to even", 0x43143ff3c1cb0959, "1424953923781206.2"},
		// Beyond the appendix: exponents of three digits with a zero in the middle.
		{"1e+100", math.Float64bits(1e100), "1e+100"},
		{"1e-100", math.Float64bits(1e-100), "1e-100"},
		{"1e-307", math.Float64bits(1e-307), "1e-307"},
		{"halfway of two shortest forms", 0x3d30000000000000, "5.684341886080802e-14"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := string(appendDouble(nil, math.Float64frombits(row.bits))); got != row.want {
				t.Errorf("%016x: got %s, want %s", row.bits, got, row.want)
			}
		})
	}
}

func TestNumberText(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"minus zero", "-0", "0"},
		{"minus zero with a fraction", "-0.0e5", "0"},
		{"integral value with a fraction", "1.0", "1"},
		{"exponent written out", "1E2", "100"},
		{"last exact integer", "9007199254740993", "9007199254740992"},
		{"integer rounded to the double", "123456789012345678901234567890", "1.2345678901234568e+29"},
		{"below the smallest double", "1e-400", "0"},
		{"below the smallest double, negative", "-1e-400", "0"},
		{"largest double", "1.7976931348623157e308", "1.7976931348623157e+308"},
		{"rounds down to the largest double", "1.797693134862315807e308", "1.7976931348623157e+308"},
		{"fraction", "0.1", "0.1"},
		{"one digit of exponent", "1e-7", "1e-7"},
		{"plain integer below 1e21", "100000000000000000000", "100000000000000000000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := Transform([]byte(row.in))
			if err != nil || string(got) != row.want {
				t.Errorf("%s: got %s (%v), want %s", row.in, got, err, row.want)
			}
		})
	}
}
