package potential

import (
	"math"
	"unsafe"

	"ponita/neighbor"
	"ponita/potential/internal/kernel"
)

// engine evaluates energies and forces: the run-time form of a network with
// legendre kernels. It goes through the layers in stages,
//
//	geometry     u, r and spline interval of every edge
//	forward(0)   h¹ of every atom …
//	forward(T−1) the last layer, and back to the adjoint of its message, ∂E/∂m
//	backward(T−1) … backward(0): the force of the layer's edges, and ∂E/∂m of the layer below
//
// and within a stage through blocks of atoms, small enough for a block's hidden
// features to stay in the cache. What is kept between stages is, per atom, the
// input of every layer but the first, the input of every layer norm but the
// last, and ∂E/∂m of two layers; in small systems what the adjoint of the activation
// needs, too. The rest is computed again.
//
// Every atom gathers: from the features of its neighbours on the way up and from
// their ∂E/∂m on the way down, where K(x_ji, o_a) = K(x_ij, −o_a). So no two
// blocks write to the same place, and the result does not depend on the number
// of threads, to the last bit. It also means that atoms of other processes
// (ghosts) need nothing but their rows of features and of ∂E/∂m before each
// stage but backward(0). Of a bond to a ghost the message to the own atom is
// differentiated here, the one to the ghost where it is an atom, or both in one of
// the two places (edgeRole).
//
// Features are [atom][orientation][channel]. From the spherical convolution to h' they
// are spectra in networks with the quadratic activation, see spectrum.go.
type engine[T Float] struct {
	*engineWeights[T]
	scale   []float64 // [species] eV
	crew    *crew
	workers []worker[T] // [thread]

	graph  *neighbor.Graph
	number []int32 // [atom] which decide who owns a bond; nil for those of the graph
	kind   []int32 // [atom and ghost]
	ids    []int64 // [atom and ghost] which are the same in all domains; empty if they are not known
	locals int     // atoms whose energy and forces are computed

	// Edges of an atom are by their roles, in the places of its row of the graph.
	edge     []int32 // [place] in the graph
	neighbor []int32 // [place]
	unit     []T     // [place][3]
	at       []int32 // [place] spline interval
	frac     []T     // [place] position in it
	roles    []roles // [atom]

	h    [][]T        // [layer] input h: nil for layer 0, which has the embedding
	n    [][]T        // [layer] input of the layer norm: nil for the last layer
	act  [][]T        // [layer] GELU' of the hidden features or spectra of q, where kept: nil for the last layer
	dM   [2][]T       // ∂E/∂m of the even and of the odd layers
	dH   []T          // ∂E/∂h of the output of the layer last gone back through
	out  []float64    // [atom] the network's output
	dVec [][3]float64 // ∂E/∂x_ij [edge], both directions' in the owned one
	none []T          // zeros, a row of them

	keep   int // bytes that act may take
	layer  int // of the present stage
	stages struct{ geometry, forward, backward func(thread, lo, hi int) }
}

// worker is the memory of one thread.
type worker[T Float] struct {
	r, dr, p, dp, out []T // of the edges of one atom
	kinds             []int32
	role              []edgeRole
	pair              kernel.PairArgs[T]
	expand            kernel.ExpandArgs[T]

	m, next, dH []T // [atom of the block][orientation][channel]
	n, xhat     []T // the same, or spectra of n: [atom of the block][k][channel]
	rstd        []T // [row of the block], or [atom of the block] with spectra
	g, act      []T // [atom of the block][orientation][hidden], or spectra
	q, u, x     []T // spectra of adjoints, of h' − h, and in another order

	clock stopwatch
}

// blockRows is how many rows (atoms × orientations) a block has at most: its
// hidden features then fit the second-level cache. On the built-in grids that is an odd
// number of atoms, with which the harmonics of a spectrum do not compete for the same
// lines of the first.
const blockRows = 352

// mostKept is how many bytes may hold act between the ways up and down. In a
// small system it costs less to keep than to compute again; in a large one it
// would be most of the memory, and come from beyond the caches.
const mostKept = 4 << 20

// newEngine returns an engine that works with the crew.
func newEngine[T Float](w *engineWeights[T], scale []float64, crew *crew) *engine[T] {
	e := &engine[T]{
		engineWeights: w, scale: scale, crew: crew, keep: mostKept, workers: make([]worker[T], crew.threads),
		h: make([][]T, len(w.layers)), n: make([][]T, len(w.layers)), act: make([][]T, len(w.layers)),
	}
	// Made once: a function value made in every stage would be garbage.
	e.stages.geometry, e.stages.forward, e.stages.backward = e.geometry, e.forwardBlock, e.backwardBlock
	return e
}

// evaluate adds the energies of the network to those of the atoms and their
// derivative by the edges to ∂E/∂x_ij.
func (e *engine[T]) evaluate(g *neighbor.Graph, kind []int32, site []float64, dVec [][3]float64) {
	e.begin(g, kind, nil, dVec)
	for t := range e.layers {
		e.forward(t)
	}
	for t := len(e.layers) - 1; t >= 0; t-- {
		e.backward(t)
	}
	e.energies(site)
}

// energies adds scale·(output − isolated) to the atoms' energies.
func (e *engine[T]) energies(site []float64) {
	for i, out := range e.out {
		z := e.kind[i]
		site[i] += e.scale[z] * (out - e.isolated[z])
	}
}

// begin takes over a configuration. The graph has a row for each atom; kind
// lists the species of the atoms and of the ghosts behind them, which edges may
// lead to. An edge to a ghost has no Reverse: -1. ids may be empty, see role.
func (e *engine[T]) begin(g *neighbor.Graph, kind []int32, ids []int64, dVec [][3]float64) {
	e.graph, e.kind, e.ids, e.dVec = g, kind, ids, dVec
	e.locals = len(g.Start) - 1
	cleared(&e.none, e.rowSize())
	cleared(&e.out, e.locals)
	edges, row := len(g.Neighbor), e.rowSize()
	resize(&e.edge, edges)
	resize(&e.neighbor, edges)
	resize(&e.roles, e.locals)
	resize(&e.unit, 3*edges)
	resize(&e.at, edges)
	resize(&e.frac, edges)
	last := len(e.layers) - 1
	hidden := e.locals * e.acts
	keeps := last*hidden*int(unsafe.Sizeof(T(0))) <= e.keep
	for t := range e.layers {
		if e.act[t] = e.act[t][:0]; keeps && t < last {
			resize(&e.act[t], hidden)
		}
		if t > 0 {
			resize(&e.h[t], len(kind)*row)
		}
		if t < last {
			resize(&e.n[t], e.locals*e.inner*e.channels)
		}
	}
	resize(&e.dM[0], len(kind)*row)
	if last > 0 {
		resize(&e.dM[1], len(kind)*row)
	}
	if last > 1 {
		resize(&e.dH, e.locals*row)
	}
	e.run(e.stages.geometry, 0)
}

// run goes through all blocks of atoms in one stage.
func (e *engine[T]) run(stage func(thread, lo, hi int), layer int) {
	e.layer = layer
	e.crew.each(e.locals, max(blockRows/e.points, 1), stage)
}

// rowSize is the number of features of an atom, N·C.
func (e *engine[T]) rowSize() int { return e.points * e.channels }

// angles is the number of Legendre polynomials of an edge, [degree ≥ 1][half of the
// orientations].
func (e *engine[T]) angles() int { return e.degree * e.points / 2 }

// forward goes up through layer t. The features of ghosts, h[t], must be there.
// The last layer's also goes back down to its ∂E/∂m.
func (e *engine[T]) forward(t int) { e.run(e.stages.forward, t) }

// backward adds the forces of layer t's edges and goes down to ∂E/∂m of layer
// t−1. The ∂E/∂m of ghosts in layer t must be there, unless t is 0.
func (e *engine[T]) backward(t int) { e.run(e.stages.backward, t) }

// geometry finds role, direction and spline interval of the edges.
func (e *engine[T]) geometry(thread, lo, hi int) {
	w := &e.workers[thread]
	w.clock.start()
	for i := lo; i < hi; i++ {
		from, to := e.graph.Start[i], e.graph.Start[i+1]
		var next [edgeRoles]int // how many there are of a role, then the place in the row of the next one
		resize(&w.role, to-from)
		for k := from; k < to; k++ {
			role := e.role(i, k)
			w.role[k-from] = role
			next[role]++
		}
		e.roles[i], next = rolesOf(next)
		for k := from; k < to; k++ {
			role := w.role[k-from]
			at := from + next[role]
			next[role]++
			e.edge[at], e.neighbor[at] = int32(k), e.graph.Neighbor[k]
			v := &e.graph.Vec[k]
			r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
			inverse := 1 / r
			u := e.unit[3*at : 3*at+3]
			u[0], u[1], u[2] = T(v[0]*inverse), T(v[1]*inverse), T(v[2]*inverse)
			x := r * e.intervalsPerUnit
			interval := min(int(x), e.intervals-1)
			e.at[at], e.frac[at] = e.firstNode[int(e.kind[i])*e.species+int(e.kind[e.graph.Neighbor[k]])]+int32(interval), T(x-float64(interval))
		}
	}
	w.clock.lap(PhaseGeometry)
}

// edgeRole is what an edge is to its center: one of the two edges of a bond stands for both.
type edgeRole uint8

const (
	ownBond    edgeRole = iota // it stands for a bond between atoms of the domain
	ownToGhost                 // it stands for a bond to a ghost
	halfBond                   // of a bond to a ghost, whose domain has the other for the other direction
	otherGhost                 // the edge of the ghost's domain stands for it
	otherBond                  // its reverse stands for it
	edgeRoles  = iota
)

// roles are the places in the row of an atom where the roles but the last end.
type roles [edgeRoles - 1]int32

// rolesOf returns the ends in a row with so many edges of each role, and where the
// roles begin.
func rolesOf(count [edgeRoles]int) (ends roles, begins [edgeRoles]int) {
	at := 0
	for role, n := range count {
		begins[role] = at
		at += n
		if role < len(ends) {
			ends[role] = int32(at)
		}
	}
	return ends, begins
}

// bonds returns how many edges stand for bonds in layer t, which are the first of the
// row, and how many there are with those that stand for one direction, which follow. In
// layer 0 a ghost has no ∂E/∂m, so that bonds to ghosts are those of both domains.
func (r *roles) bonds(t int) (whole, owned int) {
	if t == 0 {
		return int(r[ownBond]), int(r[otherGhost])
	}
	return int(r[ownToGhost]), int(r[halfBond])
}

// role tells what edge k of atom i is. Which edge stands for a bond is
// rounded into the result, so that it may not depend on the order of rows in the graph.
// A bond to a ghost is one domain's where both can tell whose by the ids of its atoms.
func (e *engine[T]) role(i, k int) edgeRole {
	back := int(e.graph.Reverse[k])
	if back < 0 {
		if len(e.ids) == 0 {
			return halfBond
		}
		own, other := e.ids[i], e.ids[e.graph.Neighbor[k]]
		switch {
		case own == other: // an image of itself
			return halfBond
		case (own < other) == (own&1 == other&1): // half of them for either
			return ownToGhost
		}
		return otherGhost
	}
	owned := back > k
	if e.number != nil {
		own, other := e.number[i], e.number[e.graph.Neighbor[k]]
		owned = own < other || own == other && back > k
	}
	if owned {
		return ownBond
	}
	return otherBond
}

// readers of features: rows of h of layer t, of neighbours or in layer 0 of their
// species, and of ∂E/∂m.

func (e *engine[T]) features(t int, index []int32) kernel.Rows[T] {
	if t == 0 {
		return kernel.Rows[T]{X: e.embedding, Index: index, Atom: e.channels}
	}
	return kernel.Rows[T]{X: e.h[t], Index: index, Atom: e.rowSize(), Orientation: e.channels}
}

func (e *engine[T]) adjoints(t int, neighbors []int32) kernel.Rows[T] {
	return kernel.Rows[T]{X: e.dM[t%2], Index: neighbors, Atom: e.rowSize(), Orientation: e.channels}
}

// activations returns act of layer t in the atoms lo to hi, in memory of the worker if
// it is not kept.
func (e *engine[T]) activations(w *worker[T], t, lo, hi int) (act []T, kept bool) {
	if len(e.act[t]) > 0 {
		return e.act[t][lo*e.acts : hi*e.acts], true
	}
	return resize(&w.act, (hi-lo)*e.acts), false
}

// rowsOf returns the part of x that belongs to atoms lo to hi.
func (e *engine[T]) rowsOf(x []T, lo, hi int) []T {
	row := e.rowSize()
	return x[lo*row : hi*row]
}

// inputs returns the input n of the layer norm of layer t in atoms lo to hi.
func (e *engine[T]) inputs(t, lo, hi int) []T {
	row := e.inner * e.channels
	return e.n[t][lo*row : hi*row]
}
