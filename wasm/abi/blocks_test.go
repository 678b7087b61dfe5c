package abi

import "testing"

func TestBlocks(t *testing.T) {
	var b Blocks
	at := b.Alloc(8)
	empty := b.Alloc(0)
	if at == 0 || empty == 0 || at == empty {
		t.Fatalf("addresses %#x, %#x", at, empty)
	}
	for _, row := range []struct {
		name     string
		at, size uint32
		want     int // length, -1 for a message that cannot be read
	}{
		{"all", at, 8, 8},
		{"part", at, 3, 3},
		{"nothing of a block", at, 0, 0},
		{"nothing of an empty block", empty, 0, 0},
		{"nothing of nowhere", 0, 0, 0},
		{"more than there is", at, 9, -1},
		{"more than nothing", empty, 1, -1},
		{"within a block", at + 1, 1, -1},
		{"nowhere", 0, 1, -1},
		{"beyond all memory", 0xffffffff, 0xffffffff, -1},
	} {
		m := b.Message(row.at, row.size)
		if row.want < 0 && (len(m) != 1 || m[0] != 0xff) || row.want >= 0 && len(m) != row.want {
			t.Errorf("%s: %x", row.name, m)
		}
	}
	b.Free(0)
	b.Free(at + 1)
	b.Free(at)
	b.Free(at)
	if m := b.Message(at, 8); len(m) != 1 {
		t.Error("a freed block can be read")
	}
	if b.Alloc(MaxMessageBytes+1) != 0 {
		t.Error("a block beyond the limit")
	}
	for range MaxBlocks - 1 {
		if b.Alloc(0) == 0 {
			t.Fatal("no block within the limit")
		}
	}
	if b.Alloc(0) != 0 {
		t.Error("more blocks than the limit")
	}
}

func TestResult(t *testing.T) {
	answer := make([]byte, 10)
	r := Result(answer)
	if uint32(r) != 10 || uint32(r>>32) != address(answer) {
		t.Errorf("%#x", r)
	}
}
