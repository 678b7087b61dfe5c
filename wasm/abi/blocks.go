package abi

import "unsafe"

// Blocks are the pieces of linear memory that a host has asked for: it writes its
// messages there. A host keeps one and uses it again; a handful is the usual number.
// The zero Blocks is ready.
type Blocks struct {
	blocks [][]byte // kept here so that the garbage collector leaves them alone
}

// MaxBlocks bounds the blocks in use at once; a host that needs more leaks.
const MaxBlocks = 1024

// Alloc gives the address of a block of size bytes, which may be zero; 0 where size
// or the number of blocks is too large. The bytes are zero.
func (b *Blocks) Alloc(size uint32) uint32 {
	if size > MaxMessageBytes || len(b.blocks) == MaxBlocks {
		return 0
	}
	block := make([]byte, size, max(size, 1)) // an address of its own even when empty
	b.blocks = append(b.blocks, block)
	return address(block)
}

// Free gives a block back. It does nothing for an address that Alloc did not give,
// 0 included.
func (b *Blocks) Free(at uint32) {
	for i, block := range b.blocks {
		if address(block) == at {
			last := len(b.blocks) - 1
			b.blocks[i], b.blocks[last] = b.blocks[last], nil
			b.blocks = b.blocks[:last]
			return
		}
	}
}

// Message gives the first size bytes of the block at an address. A size of zero is
// the empty message wherever the address points. Where there is no such block, or it
// is shorter, the result is a message that cannot be read.
func (b *Blocks) Message(at, size uint32) []byte {
	if size == 0 {
		return nil
	}
	for _, block := range b.blocks {
		if address(block) == at && uint64(size) <= uint64(len(block)) {
			return block[:size:size]
		}
	}
	return unreadable
}

// unreadable is shorter than a record's head: every decoder refuses it.
var unreadable = []byte{0xff}

// Result packs an answer for the host: its address in the upper 32 bits, its length
// in the lower.
func Result(answer []byte) uint64 {
	return uint64(address(answer))<<32 | uint64(uint32(len(answer)))
}

func address(block []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(block)))) }
