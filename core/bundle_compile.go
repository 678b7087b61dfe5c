package ajwt

import "strconv"

// The bounds of what a bundle compiles to. Whoever signs the bundle is trusted, but not
// never to slip: parallel steps and dense graphs grow faster than people expect.
const (
	maxLawful      = 1 << 16 // sequences of a step, chains of a workflow to an agent
	maxLawfulTotal = 1 << 22 // of each, in the whole bundle, unless the host wants less
)

// bundleCompiler turns the graphs of a bundle into finite sets of hashes.
type bundleCompiler struct {
	*docReader
	b      *Bundle
	lawful int // the most of each in the whole bundle
	joined []byte

	w     *bundleWorkflow
	index int32
	at    string // pointer to the workflow
	full  bool   // a limit was reached

	// of the workflow at hand
	next    map[int32][]int32 // delegation edges
	reached map[int32]int     // chains by their last agent
	path    []int32

	// of the step at hand
	step      int32
	mandatory stepSet
	awaits    []stepSet // by step: what must be placed before it
	awaited   []stepSet // by step: those that wait for it
	count     int
	visits    int // steps placed, all in all: what the walk costs
}

func (c *bundleCompiler) compile() {
	b := c.b
	b.chainAt, b.chainIn, b.reached = map[uint64]int32{}, map[pair]struct{}{}, map[pair]struct{}{}
	b.sequenceAt, b.sequenceIn = map[uint64]int32{}, map[pair]struct{}{}
	for i := range b.workflows {
		c.w, c.index, c.at = &b.workflows[i], int32(i), "/workflows/"+strconv.Itoa(i)
		c.work(workObject)
		laxGraph(c.w)
		if c.chains() && !c.full {
			c.stepsOf()
		}
		if c.full {
			return
		}
	}
}

// chains finds every path from an origin, at most max_depth edges long. It is false after a
// cycle: then nothing is known of what a chain reaches.
func (c *bundleCompiler) chains() bool {
	c.next, c.reached = make(map[int32][]int32, len(c.w.edges)), map[int32]int{}
	before := map[int32]int{} // edges that end here
	for _, e := range c.w.edges {
		c.next[e.a] = append(c.next[e.a], e.b)
		before[e.b]++
		c.work(workEntry)
	}
	if agent := c.cycle(before); agent >= 0 {
		c.fault(CodeBundleGraphCycle, c.at+"/delegation", "a delegation cycle goes through "+strconv.Quote(c.b.agents[agent].id))
		return false
	}
	for _, o := range c.w.origins {
		c.path = append(c.path[:0], o)
		c.joined = append(c.joined[:0], c.b.agents[o].id...)
		c.walk(o)
	}
	return true
}

// cycle takes away the agents that no edge ends at, and so on (Kahn); what remains lies
// on a cycle or behind one. It returns such an agent, the first in the edges, or -1.
func (c *bundleCompiler) cycle(before map[int32]int) int32 {
	var free []int32
	edges := len(c.w.edges)
	for _, e := range c.w.edges {
		c.work(workEntry)
		if before[e.a] == 0 {
			before[e.a] = -1
			free = append(free, e.a)
		}
	}
	for len(free) > 0 {
		from := free[len(free)-1]
		free = free[:len(free)-1]
		for _, to := range c.next[from] {
			edges--
			c.work(workEntry)
			if before[to]--; before[to] == 0 {
				free = append(free, to)
			}
		}
	}
	if edges == 0 {
		return -1
	}
	for _, e := range c.w.edges {
		c.work(workEntry)
		if before[e.a] > 0 && before[e.b] > 0 {
			return e.a
		}
	}
	return c.w.edges[0].a
}

// walk records the path as a chain and goes on from its last agent.
func (c *bundleCompiler) walk(agent int32) {
	if c.reached[agent]++; c.reached[agent] > maxLawful || len(c.b.chainIn) >= c.lawful {
		c.limit("/delegation", "chains to "+strconv.Quote(c.b.agents[agent].id))
		return
	}
	c.b.reached[pair{c.index, agent}] = struct{}{}
	c.recordChain()
	if len(c.path) > c.w.maxDepth {
		return
	}
	for _, to := range c.next[agent] {
		length := len(c.joined)
		c.joined = append(append(c.joined, '|'), c.b.agents[to].id...)
		c.path = append(c.path, to)
		c.walk(to)
		c.path, c.joined = c.path[:len(c.path)-1], c.joined[:length]
		if c.full {
			return
		}
	}
}

func (c *bundleCompiler) limit(member, what string) {
	if !c.full {
		c.fault(CodeBundleLimitExceeded, c.at+member, "workflow "+strconv.Quote(c.w.id)+": more than "+
			strconv.Itoa(maxLawful)+" "+what+", or "+strconv.Itoa(c.lawful)+" in the whole bundle")
	}
	c.full = true
}

func (c *bundleCompiler) recordChain() {
	b := c.b
	c.work(workHash + len(c.joined))
	digest := sum256(laxJoined(c.joined))
	i, known := b.chainAt[shortOf(&digest)]
	if known && b.chains[i].digest != digest {
		c.collision("/delegation", "chain", string(c.joined))
		return
	}
	if !known {
		i = int32(len(b.chains))
		b.chainAt[shortOf(&digest)] = i
		b.chains = append(b.chains, bundleChain{digest, int32(len(b.chainPool)), int32(len(c.path))})
		b.chainPool = append(b.chainPool, c.path...)
	}
	b.chainIn[pair{c.index, i}] = struct{}{}
}

func (c *bundleCompiler) collision(member, kind, joined string) {
	c.fault(CodeBundleHashCollision, c.at+member, "the "+kind+" "+strconv.Quote(joined)+" has the short hash of another known one")
}

// stepsOf compiles the steps of the workflow at hand.
func (c *bundleCompiler) stepsOf() {
	steps := c.b.steps[c.w.firstStep : c.w.firstStep+c.w.stepCount]
	c.work(len(steps) * len(steps))
	if !closeAncestors(steps) {
		c.fault(CodeBundleGraphCycle, c.at+"/steps", "the steps wait for each other")
		return
	}
	laxSteps(steps)
	for i := range steps {
		s, at := &steps[i], "/steps/"+strconv.Itoa(i)
		c.work(workEntry)
		if s.agent != anyAgent && c.reached[s.agent] == 0 {
			c.fault(CodeBundleStepUnreachable, c.at+at, "no chain from an origin reaches "+strconv.Quote(c.b.agents[s.agent].id))
		}
		if s.needsApproval && latestGates(steps, i) == (stepSet{}) {
			c.fault(CodeBundleGateMissing, c.at+at, "it requires approval and no step before it is an approval gate")
		}
	}
	if len(c.faults) > 0 {
		return
	}
	for i := range steps {
		c.step, c.count, c.joined = int32(i), 0, c.joined[:0]
		c.eachSequence(steps, i, func() bool { return c.recordSequence(steps, i) })
		if c.full {
			return
		}
	}
}

// closeAncestors fills in the transitive closure of after; false: a cycle.
func closeAncestors(steps []bundleStep) bool {
	var done stepSet
	for range steps {
		progress := false
		for i := range steps {
			s := &steps[i]
			if done.has(i) || !s.after.within(&done) {
				continue
			}
			s.ancestors = s.after
			for j := range steps {
				if s.after.has(j) {
					s.ancestors.union(&steps[j].ancestors)
				}
			}
			done.add(i)
			progress = true
		}
		if !progress {
			break
		}
	}
	for i := range steps {
		if !done.has(i) {
			return false
		}
	}
	return true
}

// latestGates are the approval gates before a step that come before no other gate that
// is before it.
func latestGates(steps []bundleStep, i int) (latest stepSet) {
	before := steps[i].ancestors
	for j := before.next(0); j >= 0; j = before.next(j + 1) {
		if steps[j].approvalGate {
			latest.add(j)
		}
	}
	gates := latest
	for j := gates.next(0); j >= 0; j = gates.next(j + 1) {
		latest.subtract(&steps[j].ancestors)
	}
	return latest
}

// eachSequence walks through every lawful sequence of a step: every order that the
// prerequisites permit, with every admissible choice of optional ancestors, and the step
// itself last. found is called with the ids joined; it returns false to stop.
//
// What must be there is closed over first: required ancestors, and the latest gates of
// everything that is there and requires approval. Then each branch of the walk ends in a
// sequence, and a branch looks only at steps that may come next, so the cost is bounded
// by the number of sequences times their length.
func (c *bundleCompiler) eachSequence(steps []bundleStep, i int, found func() bool) {
	c.work(len(steps) * len(steps))
	gates := make([]stepSet, len(steps))
	for j := range steps {
		if steps[j].needsApproval {
			gates[j] = latestGates(steps, j)
		}
	}
	before := steps[i].ancestors
	c.mandatory = gates[i]
	for j := before.next(0); j >= 0; j = before.next(j + 1) {
		if steps[j].required {
			c.mandatory.add(j)
		}
	}
	for grown := true; grown; {
		was := c.mandatory
		for j := was.next(0); j >= 0; j = was.next(j + 1) {
			c.mandatory.union(&gates[j])
		}
		grown = c.mandatory != was
	}
	c.await(steps, before, gates)
	var ready stepSet
	for j := before.next(0); j >= 0; j = before.next(j + 1) {
		if c.awaits[j] == (stepSet{}) {
			ready.add(j)
		}
	}
	c.place(steps, i, stepSet{}, ready, found)
}

// await finds what each step before the one at hand waits for: what must be there and
// comes before it, and its own gates. Of those it keeps the ones that no other of them
// waits for in turn, so that a step becomes ready once and not at each of its ancestors.
func (c *bundleCompiler) await(steps []bundleStep, before stepSet, gates []stepSet) {
	c.awaits, c.awaited = make([]stepSet, len(steps)), make([]stepSet, len(steps))
	need := make([]stepSet, len(steps))
	for j := before.next(0); j >= 0; j = before.next(j + 1) {
		need[j] = steps[j].ancestors
		need[j].intersect(&c.mandatory)
		need[j].union(&gates[j])
	}
	for j := before.next(0); j >= 0; j = before.next(j + 1) {
		c.awaits[j] = need[j]
		for k := need[j].next(0); k >= 0; k = need[j].next(k + 1) {
			c.awaits[j].subtract(&need[k])
		}
		for k := c.awaits[j].next(0); k >= 0; k = c.awaits[j].next(k + 1) {
			c.awaited[k].add(j)
		}
	}
}

// place records the sequence where all that must be there is, and goes on with each step
// that may come next: ready are those that wait for nothing and come before nothing that
// was placed.
func (c *bundleCompiler) place(steps []bundleStep, i int, placed, ready stepSet, found func() bool) bool {
	c.visits++
	c.work(workEntry + i) // i steps at most are looked at
	length := len(c.joined)
	if c.mandatory.within(&placed) {
		c.append(steps[i].id)
		more := found()
		c.joined = c.joined[:length]
		if !more {
			return false
		}
	}
	for j := ready.next(0); j >= 0; j = ready.next(j + 1) {
		placed.add(j)
		next := ready
		next.remove(j)
		for k := c.awaited[j].next(0); k >= 0; k = c.awaited[j].next(k + 1) {
			if c.awaits[k].within(&placed) {
				next.add(k)
			}
		}
		next.subtract(&steps[j].ancestors)
		c.append(steps[j].id)
		more := c.place(steps, i, placed, next, found)
		c.joined = c.joined[:length]
		placed.remove(j)
		if !more {
			return false
		}
	}
	return true
}

func (c *bundleCompiler) append(id string) {
	if len(c.joined) > 0 {
		c.joined = append(c.joined, '|')
	}
	c.joined = append(c.joined, id...)
}

func (c *bundleCompiler) recordSequence(steps []bundleStep, i int) bool {
	b := c.b
	if c.count++; c.count > maxLawful || len(b.sequenceIn) >= c.lawful {
		c.limit("/steps/"+strconv.Itoa(i), "sequences of step "+strconv.Quote(steps[i].id))
		return false
	}
	c.work(workHash + len(c.joined))
	digest := sum256(laxJoined(c.joined))
	at, known := b.sequenceAt[shortOf(&digest)]
	if known && b.sequences[at] != digest {
		c.collision("/steps/"+strconv.Itoa(i), "sequence", string(c.joined))
		return true
	}
	if !known {
		at = int32(len(b.sequences))
		b.sequenceAt[shortOf(&digest)] = at
		b.sequences = append(b.sequences, digest)
	}
	b.sequenceIn[pair{c.w.firstStep + c.step, at}] = struct{}{}
	return true
}
