package ajwt

// pace divides a long load into pieces for hosts whose requests wait meanwhile: it counts
// the work and calls pause when a piece is done. A nil pace, and one without pause, do
// nothing.
type pace struct {
	pause func()
	spent int
}

// A unit of work is what one byte of JSON costs to read: about 50 ns in WebAssembly. Counts
// are estimates, and on the high side for what is cheap.
const (
	pieceWork  = 1 << 15 // of a piece
	workEntry  = 64      // an entry of an array: its pointer, a look into a map
	workObject = 512     // an object whose members are read
	workKey    = 4096    // a key: its point and thumbprint
	workHash   = 256     // a short hash and its entries in the sets
)

// work counts n units that were done.
func (p *pace) work(n int) {
	if p == nil || p.pause == nil {
		return
	}
	if p.spent += n; p.spent >= pieceWork {
		p.rest()
	}
}

// rest ends a piece, after work that cannot be divided and before more of that kind.
func (p *pace) rest() {
	if p == nil || p.pause == nil {
		return
	}
	p.spent = 0
	p.pause()
}
