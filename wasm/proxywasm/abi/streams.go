package abi

// streamTable has the streams by the numbers of their contexts. Hosts count these up, so
// those that live at a time mostly have a place of their own. The map, which is dear in
// WebAssembly, has those whose place another holds: of streams that live long, or of more
// than there are places. The zero streamTable is ready.
type streamTable struct {
	near [nearStreams]placedStream
	far  map[uint32]*stream // of numbers whose place was taken
}

const nearStreams = 256

type placedStream struct {
	id     uint32
	taken  bool
	stream stream
}

func (t *streamTable) place(id uint32) *placedStream { return &t.near[id%nearStreams] }

// find gives the stream of that number, nil where there is none.
func (t *streamTable) find(id uint32) *stream {
	if p := t.place(id); p.taken && p.id == id {
		return &p.stream
	}
	if len(t.far) == 0 {
		return nil
	}
	return t.far[id]
}

// set puts a stream under a number, in the place of the one before.
func (t *streamTable) set(id uint32, s stream) {
	if before := t.find(id); before != nil {
		*before = s
		return
	}
	if p := t.place(id); !p.taken {
		*p = placedStream{id, true, s}
		return
	}
	if t.far == nil {
		t.far = make(map[uint32]*stream)
	}
	kept := s // else every s would be one of the heap
	t.far[id] = &kept
}

// take removes the stream of that number, and tells whether there was one.
func (t *streamTable) take(id uint32) (stream, bool) {
	if p := t.place(id); p.taken && p.id == id {
		s := p.stream
		*p = placedStream{}
		return s, true
	}
	s, ok := t.far[id]
	if !ok {
		return stream{}, false
	}
	delete(t.far, id)
	return *s, true
}
