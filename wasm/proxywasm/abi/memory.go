package abi

import (
	"math/bits"
	"unsafe"
)

// Slot says what a block of Memory is for. Every use has its own, so that header fields
// outlive a look into the shared data.
type Slot uint8

// The slots.
const (
	SlotOther Slot = iota
	SlotPairs
	SlotBuffer
	SlotShared
	slots
)

// keepBytes is the size up to which a block is used again. A larger one, for a body or a
// bundle, goes with its result.
const keepBytes = 64 << 10

// spareBytes stand behind each block, so that whoever changes a result can make it longer
// where it is.
const spareBytes = 64

// MaxBlock bounds what the host may ask for: more than any body or document.
const MaxBlock = 80 << 20

// Memory gives the host blocks for its results: it asks for one while a call runs. A
// block is good until the next call for the same slot. The zero Memory is ready.
type Memory struct {
	blocks [slots][]byte
	slot   Slot
}

// For names the slot of the call that follows, and forgets a large block there.
func (m *Memory) For(slot Slot) {
	m.slot = slot
	if cap(m.blocks[slot]) > keepBytes {
		m.blocks[slot] = nil
	}
}

// Allocate gives the address of a block of size bytes, 0 where that is too much. A size
// of zero is legal and has an address.
func (m *Memory) Allocate(size uint32) uint32 {
	if size > MaxBlock {
		return 0
	}
	block := m.blocks[m.slot]
	if uint64(cap(block)) < uint64(size)+spareBytes {
		room := max(size+spareBytes, 4096)
		if room <= keepBytes/2 {
			room = 1 << bits.Len32(room-1) // values that grow by little need no new one each time
		}
		block = make([]byte, room)
	}
	m.blocks[m.slot] = block[:cap(block)]
	return address(block[:cap(block)])
}

// Result returns what the host wrote: size bytes at an address that must be that of the
// slot's block, which the caller may change, and lengthen within its capacity. No bytes
// may stand anywhere.
func (m *Memory) Result(slot Slot, at, size uint32) ([]byte, bool) {
	if size == 0 {
		return nil, true
	}
	block := m.blocks[slot]
	if len(block) == 0 || address(block) != at || uint64(size) > uint64(len(block)) {
		return nil, false
	}
	if cap(block) > keepBytes {
		m.blocks[slot] = nil // whoever has the result keeps it
	}
	return block[:size], true
}

func address(block []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(block)))) }
