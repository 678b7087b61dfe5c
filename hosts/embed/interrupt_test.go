package embed

import (
	"bytes"
	"testing"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// TestEndless holds that whatever never ends is stopped, compiled or interpreted.
func TestEndless(t *testing.T) {
	const opBlock, opBrIf, opBrTable, void = 0x02, 0x0d, 0x0e, typeVoid
	verifyIndex := byte(7) // of ajwt_verify among the functions of a testModule
	for _, row := range []struct {
		name string
		body []byte
		want ajwt.Code
	}{
		{"loop", loopForever(), ajwt.CodeInternalTimeout},
		{"loop in a loop", []byte{opLoop, void, opLoop, void, opBr, 1, opEnd, opEnd, 0x42, 0}, ajwt.CodeInternalTimeout},
		{"loop in a block", []byte{opBlock, void, opLoop, void, opI32Const, 1, opBrIf, 0, opEnd, opEnd, 0x42, 0}, ajwt.CodeInternalTimeout},
		{"loop by a table", []byte{opLoop, void, opI32Const, 3, opBrTable, 1, 0, 0, opEnd, 0x42, 0}, ajwt.CodeInternalTimeout},
		{"loop after constants that look like loops", []byte{
			0x42, 0x83, 0x83, 0x03, opDrop, 0x44, 3, 3, 3, 3, 3, 3, 3, 3, opDrop, 0x43, 3, 3, 3, 3, opDrop,
			opLoop, typeI64, opBr, 0, opEnd}, ajwt.CodeInternalTimeout},
		{"recursion", []byte{0x20, 0, 0x20, 1, opCall, verifyIndex}, ajwt.CodeInternalTrap},
	} {
		for _, interpreter := range []bool{false, true} {
			v := with(t, testModule{verify: row.body}, Options{Instances: 1, CallTimeout: 20 * time.Millisecond, Interpreter: interpreter})
			if row.want == ajwt.CodeInternalTrap {
				v.pool.options.CallTimeout = time.Minute
			}
			wantReject(t, row.name, v.Verify(t.Context(), request), row.want)
		}
	}
}

// TestInterruptibleMalformed holds that no prefix of a module, and no module with a
// byte changed, makes interruptible panic, and that it refuses what it cannot read.
func TestInterruptibleMalformed(t *testing.T) {
	whole := testModule{verify: loopForever()}.build()
	for n := range len(whole) {
		interruptible(whole[:n])
		changed := bytes.Clone(whole)
		changed[n] ^= 0xff
		interruptible(changed)
	}
	for _, row := range []struct {
		name   string
		module []byte
	}{
		{"empty", nil},
		{"version 2", append([]byte("\x00asm\x02\x00\x00\x00"), whole[8:]...)},
		{"cut off", whole[:len(whole)-1]},
		{"vector instruction", testModule{verify: []byte{0xfd, 0x0c}}.build()},
		{"unknown instruction", testModule{verify: []byte{0x06}}.build()},
	} {
		if out, err := interruptible(row.module); err == nil || out != nil {
			t.Errorf("%s: no error", row.name)
		}
	}
	if out, err := interruptible(whole); err != nil || len(out) <= len(whole) {
		t.Errorf("%d bytes become %d, %v", len(whole), len(out), err)
	}
}
