package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// forwardBlock is layer t for the atoms lo to hi.
func (e *engine[T]) forwardBlock(thread, lo, hi int) {
	w, t := &e.workers[thread], e.layer
	w.clock.start()
	size := (hi - lo) * e.rowSize()
	last := t == len(e.layers)-1
	n := resize(&w.n, (hi-lo)*e.inner*e.channels)
	if !last {
		n = e.inputs(t, lo, hi)
	}
	if e.expands(t) {
		e.expand(w, lo, hi, n)
	} else {
		e.convolve(w, t, lo, hi, resize(&w.m, size))
		e.spherical(t, n, w.m)
	}
	e.normalize(w, n)

	// h' = h + W2·GELU(W1·x̂ + b1) + b2, see lastblock.go for the last layer
	next := resize(&w.next, size)
	if !last {
		next = e.rowsOf(e.h[t+1], lo, hi)
	}
	e.residual(t, lo, next)
	if !last {
		act, kept := e.activations(w, t, lo, hi)
		e.addBlock(w, t, next, act, kept)
	}
	if l := &e.layers[t]; l.readout != nil {
		row := e.rowSize()
		for i := lo; i < hi; i++ {
			e.out[i] += float64(e.set.Dot(l.readout, next[(i-lo)*row:(i-lo+1)*row])) + l.readoutBias
		}
	}
	if !last {
		w.clock.lap(PhaseBlocks)
		return
	}
	e.read(w, lo, hi, n)
	w.clock.lap(PhaseBlocks)
	e.messageBack(w, t, lo, hi, n)
	w.clock.lap(PhaseBlockAdjoints)
}

// convolve writes the message of every atom,
//
//	m[i,a,c] = s_c h[i,a,c] + n̄^(-1/2) Σ_j K_c(x_ij, o_a) h[j,a,c]
func (e *engine[T]) convolve(w *worker[T], t, lo, hi int, m []T) {
	l, row := &e.layers[t], e.rowSize()
	for i := lo; i < hi; i++ {
		from, to := e.graph.Start[i], e.graph.Start[i+1]
		neighbors := e.neighbor[from:to]
		mi := m[(i-lo)*row : (i-lo+1)*row]
		e.addSelf(t, i, mi)
		r, p := resize(&w.r, (to-from)*e.width), resize(&w.p, (to-from)*e.angles())
		e.set.Spline(r, l.radial, e.at[from:to], e.frac[from:to], e.width)
		e.set.Angular(p, nil, e.unit[3*from:3*to], e.grid, e.points/2, e.degree, 1)
		w.clock.lap(PhaseRadial)
		e.set.Gather(mi, r, p, e.features(t, e.senders(w, t, neighbors)), e.points, e.channels, e.degree)
		w.clock.lap(PhaseEdges)
	}
}

// senders returns what the features of neighbours in layer t are found by: their
// species in layer 0.
func (e *engine[T]) senders(w *worker[T], t int, neighbors []int32) []int32 {
	if t > 0 {
		return neighbors
	}
	w.kinds = w.kinds[:0]
	for _, j := range neighbors {
		w.kinds = append(w.kinds, e.kind[j])
	}
	return w.kinds
}

// addSelf writes s∘h of atom i to m.
func (e *engine[T]) addSelf(t, i int, m []T) {
	self := e.layers[t].self
	for a := range e.points {
		e.set.Mul(m[a*e.channels:(a+1)*e.channels], self, e.feature(t, i, a))
	}
}

// feature returns h of layer t at atom i and orientation a.
func (e *engine[T]) feature(t, i, a int) []T {
	at := (i*e.points + a) * e.channels
	if t == 0 {
		at = int(e.kind[i]) * e.channels
		return e.embedding[at : at+e.channels]
	}
	return e.h[t][at : at+e.channels]
}

// residual copies h of layer t, from atom lo on, to next.
func (e *engine[T]) residual(t, lo int, next []T) {
	if t > 0 {
		copy(next, e.h[t][lo*e.rowSize():])
		return
	}
	for at := 0; at < len(next); at += e.channels {
		copy(next[at:at+e.channels], e.feature(0, lo+at/e.rowSize(), 0))
	}
}

// spherical writes n[p] = b + Σ_a w_a Φ(o_p·o_a) m[a] of a block, or its spectrum.
func (e *engine[T]) spherical(t int, n, m []T) {
	l, row, c := &e.layers[t], e.rowSize(), e.channels
	if s := e.spectrum; s != nil {
		for i, at := 0, 0; at < len(m); i, at = i+1, at+row {
			spectrum := n[i*s.size() : (i+1)*s.size()]
			e.set.MatMul(spectrum, s.analysis, m[at:at+row], s.count, e.points, c, false)
			e.set.Mul(spectrum, l.filter, spectrum)
			e.set.AXPY(spectrum[:c], l.bias, 1)
		}
		return
	}
	for at := 0; at < len(n); at += c {
		copy(n[at:at+c], l.bias)
	}
	for at := 0; at < len(n); at += row {
		e.set.Fiber(n[at:at+row], l.phi, m[at:at+row], e.points, c)
	}
}

// sphericalBack writes the adjoint of m for that of n, which it overwrites.
func (e *engine[T]) sphericalBack(t int, dM, dN []T) {
	l, row, c := &e.layers[t], e.rowSize(), e.channels
	if s := e.spectrum; s != nil {
		for i, at := 0, 0; at < len(dM); i, at = i+1, at+row {
			spectrum := dN[i*s.size() : (i+1)*s.size()]
			e.set.Mul(spectrum, l.filter, spectrum)
			e.set.MatMul(dM[at:at+row], s.analysisT, spectrum, e.points, s.count, c, false)
		}
		return
	}
	clear(dM)
	for at := 0; at < len(dM); at += row {
		e.set.FiberT(dM[at:at+row], l.phi, dN[at:at+row], e.points, c)
	}
}

// normalize writes x̂ and rstd of a block.
func (e *engine[T]) normalize(w *worker[T], n []T) {
	resize(&w.xhat, len(n))
	if e.spectrum != nil {
		e.spectrum.normalize(w.xhat, resize(&w.rstd, len(n)/e.spectrum.size()), n)
		return
	}
	e.set.Normalize(w.xhat, resize(&w.rstd, len(n)/e.channels), n, e.channels, e.normEpsilon)
}

// addBlock adds to h' of layer t what the block makes of x̂, and writes act if slopes is
// set.
func (e *engine[T]) addBlock(w *worker[T], t int, next, act []T, slopes bool) {
	maps := &e.layers[t].blockMaps
	if s := e.spectrum; s != nil {
		g := resize(&w.g, len(act)/s.arguments()*s.results())
		s.argue(maps, act, w.xhat, &w.x)
		s.square(g, act)
		s.addOutput(maps, next, g, &w.u, &w.x)
		return
	}
	rows, g := len(act)/e.hidden, resize(&w.g, len(act))
	if !slopes {
		act = nil
	}
	e.set.AffineGELU(g, act, nil, w.xhat, maps.in.forward[0], rows)
	e.set.Affine(next, g, maps.out.forward[0], rows, true)
}

// activateAgain writes act of layer t for x̂.
func (e *engine[T]) activateAgain(w *worker[T], t int, act []T) {
	maps := &e.layers[t].blockMaps
	if e.spectrum != nil {
		e.spectrum.argue(maps, act, w.xhat, &w.x)
		return
	}
	e.set.AffineGELU(resize(&w.g, len(act)), act, nil, w.xhat, maps.in.forward[0], len(act)/e.hidden)
}

// seed adds what the readout of layer t gives to ∂E/∂h'.
func (e *engine[T]) seed(t, lo, hi int, dH []T) {
	l, row := &e.layers[t], e.rowSize()
	if l.readout == nil {
		return
	}
	for i := lo; i < hi; i++ {
		e.set.AXPY(dH[(i-lo)*row:(i-lo+1)*row], l.readout, T(e.scale[e.kind[i]]))
	}
}

// blockBack goes back through a block and its spherical convolution: ∂E/∂m of atoms lo
// to hi from ∂E/∂h'. The worker holds x̂ and rstd of the block.
//
//	n = Φm + b; q = W1·x̂ + b1; h' = h + W2·GELU(q) + b2
func (e *engine[T]) blockBack(w *worker[T], t, lo, hi int, act, dH []T) {
	maps, dN := &e.layers[t].blockMaps, resize(&w.n, len(w.xhat))
	if s := e.spectrum; s != nil {
		atoms := len(dN) / s.size()
		dU, dG, dQ := resize(&w.u, atoms*s.out.count*s.channels), resize(&w.g, atoms*s.results()), resize(&w.q, atoms*s.arguments())
		s.analyse(dU, dH, &w.x)
		s.back(maps, dN, dQ, dG, dU, act, &w.x)
	} else {
		rows := len(dH) / e.channels
		dG := resize(&w.g, rows*e.hidden)
		e.set.Affine(dG, dH, maps.out.adjoint[0], rows, false)
		e.set.Mul(dG, dG, act)
		e.set.Affine(dN, dG, maps.in.adjoint[0], rows, false)
	}
	e.messageBack(w, t, lo, hi, dN)
	w.clock.lap(PhaseBlockAdjoints)
}

// messageBack writes ∂E/∂m of atoms lo to hi for ∂E/∂x̂ of the block, which it overwrites.
func (e *engine[T]) messageBack(w *worker[T], t, lo, hi int, dX []T) {
	if e.spectrum != nil {
		e.spectrum.normalizeT(dX, nil, dX, w.xhat, w.rstd)
	} else {
		e.set.NormalizeT(dX, nil, dX, w.xhat, w.rstd, e.channels)
	}
	if e.expands(t) {
		e.expandBack(lo, hi, dX)
		return
	}
	e.sphericalBack(t, e.rowsOf(e.dM[t%2], lo, hi), dX)
}

// backwardBlock is the way down through the convolution of layer t and the block
// of layer t−1, for the atoms lo to hi.
func (e *engine[T]) backwardBlock(thread, lo, hi int) {
	w, t := &e.workers[thread], e.layer
	w.clock.start()
	row, size := e.rowSize(), (hi-lo)*e.rowSize()
	dH := resize(&w.dH, size)
	if t > 0 {
		// ∂E/∂h' of layer t: h' = h + …, so the residual comes first
		if t == len(e.layers)-1 {
			clear(dH)
			e.seed(t, lo, hi, dH)
		} else {
			copy(dH, e.rowsOf(e.dH, lo, hi))
		}
		e.seed(t-1, lo, hi, dH)
	}
	for i := lo; i < hi; i++ {
		if e.expands(t) {
			e.expandBonds(w, i)
			continue
		}
		e.bonds(w, t, i, dH[(i-lo)*row:(i-lo+1)*row])
	}
	if t == 0 {
		return
	}
	if t > 1 {
		copy(e.rowsOf(e.dH, lo, hi), dH)
	}
	e.normalize(w, e.inputs(t-1, lo, hi))
	act, kept := e.activations(w, t-1, lo, hi)
	if !kept {
		e.activateAgain(w, t-1, act)
	}
	e.blockBack(w, t-1, lo, hi, act, dH)
}

// bonds adds to dVec the derivative by the bonds that stand with atom i and by its
// edges to ghosts, and to dH what comes back from the messages that i sent:
//
//	dH[i,a,c] += s_c dM[i,a,c] + n̄^(-1/2) Σ_j K_c(x_ji, o_a) dM[j,a,c]
func (e *engine[T]) bonds(w *worker[T], t, i int, dH []T) {
	l, n, width, angles := &e.layers[t], e.points, e.width, e.angles()
	from, to := e.graph.Start[i], e.graph.Start[i+1]
	whole, owned := e.roles[i].bonds(t)
	ownedEnd := from + owned
	if t == 0 {
		to = ownedEnd // nothing comes back
	}
	all := to - from
	r, dr := resize(&w.r, all*width), resize(&w.dr, owned*width)
	p, dp := resize(&w.p, all*angles), resize(&w.dp, owned*angles)
	e.set.SplineSlope(r[:owned*width], dr, l.radial, e.at[from:ownedEnd], e.frac[from:ownedEnd], width)
	e.set.Spline(r[owned*width:], l.radial, e.at[ownedEnd:to], e.frac[ownedEnd:to], width)
	e.set.Angular(p[:owned*angles], dp, e.unit[3*from:3*ownedEnd], e.grid, n/2, e.degree, -1)
	e.set.Angular(p[owned*angles:], nil, e.unit[3*ownedEnd:3*to], e.grid, n/2, e.degree, -1)
	w.clock.lap(PhaseRadial)

	dM, index := e.rowsOf(e.dM[t%2], i, i+1), e.neighbor[from:to]
	if t > 0 {
		for at := 0; at < len(dH); at += e.channels {
			e.set.MulAdd(dH[at:at+e.channels], l.self, dM[at:at+e.channels])
		}
		e.set.Gather(dH, r, p, e.adjoints(t, index), n, e.channels, e.degree)
	}
	senders := e.senders(w, t, index[:owned])
	out := resize(&w.out, 4*owned)
	center := e.feature(t, i, 0)
	if t > 0 {
		center = e.rowsOf(e.h[t], i, i+1)
	}
	w.pair = kernel.PairArgs[T]{
		R: r[:whole*width], DR: dr[:whole*width], P: p[:whole*angles], DP: dp[:whole*angles],
		H: center, DM: dM,
		XH: e.features(t, senders[:whole]), XDM: e.adjoints(t, index[:whole]),
		Grid: e.grid, N: n, C: e.channels, Degree: e.degree,
	}
	e.set.Pair(out[:4*whole], &w.pair)
	if whole < owned {
		// What an atom sends to a ghost is left to the ghost's domain: zero here.
		w.pair.R, w.pair.DR = r[whole*width:owned*width], dr[whole*width:]
		w.pair.P, w.pair.DP = p[whole*angles:owned*angles], dp[whole*angles:]
		w.pair.H = e.none[:len(center)]
		w.pair.XH = e.features(t, senders[whole:])
		w.pair.XDM = kernel.Rows[T]{X: e.none, Index: index[whole:owned], Orientation: e.channels}
		e.set.Pair(out[4*whole:], &w.pair)
	}
	for k, edge := range e.edge[from:ownedEnd] {
		e.addBond(int(edge), out[4*k:4*k+4])
	}
	w.clock.lap(PhaseEdgeAdjoints)
}

// addBond adds ∂E/∂x_ij of edge k, from the derivatives (g, ds) by x_a = −o_a·u,
// summed with o_a, and by the place s in the spline:
//
//	∂E/∂x = −(g − (g·u)u)/r + ds · ∂s/∂r u
func (e *engine[T]) addBond(k int, out []T) {
	v, d := &e.graph.Vec[k], &e.dVec[k]
	square := v[0]*v[0] + v[1]*v[1] + v[2]*v[2]
	inverse := 1 / math.Sqrt(square)
	g := [3]float64{float64(out[0]), float64(out[1]), float64(out[2])}
	along := (g[0]*v[0] + g[1]*v[1] + g[2]*v[2]) * inverse * inverse
	alongV := (along + float64(out[3])*e.intervalsPerUnit) * inverse
	for k := range g {
		d[k] += alongV*v[k] - g[k]*inverse
	}
}
