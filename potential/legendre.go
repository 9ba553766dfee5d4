package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// legendreKernel is the band-limited family,
//
//	K_c(x_ij, o_a) = Σ_l R_lc(r) P_l(o_a·u),   R_l = A_l · φ(r) · envelope(r) n̄^(-1/2),
//
// φ = MLP(Bessel(r)), with weights that depend on the pair of species (pairs.go). P_l are Legendre polynomials. It is analytic wherever
// r > 0. In the direction of r the family always carries value and derivative
// (R, R'), so no adjoint ever passes through the MLP but those of its weights.
//
// Both directions of a bond have the same R, and P_l(−x) = (−1)^l P_l(x), so the
// kernel of the opposite edge is that of the edge with the odd degrees reversed:
// scatter is gather with P so changed. The orientations come in antipodal order.
type legendreKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]
	e   *edges
	net []radialNet[T] // [set of functions]

	degrees, width int // L+1, and (L+1)·C
	grid           []T // [3][orientation], of the first half

	phi      []T     // [2][pair, knee][basis]: φ·envelope and its derivative by r, see parabola.go for the knees
	radial   [][]T   // [layer][2][pair][degree][channel]: R and R'
	start    []int32 // [atom+1] the pairs whose first edge is of that center
	unit     []T     // [edge][3]
	p, dp    []T     // [edge][degree ≥ 1][half of the orientations]: P_l(o_a·u) and P_l'
	back     []T     // the same of the opposite edge: P_l(−o_a·u)
	pairs    pairAngles[T]
	adjoints []float64 // [pair][4]: ∂S/∂x_a summed with o_a, ∂S/∂r

	rDot     []float64 // [edge] ṙ
	pDot     []T       // [edge][degree ≥ 1][half of the orientations]: Ṗ_l
	backDot  []T       // the same of the opposite edge
	xDot     []T       // [half of the orientations]
	buffer   []T       // rows of R of the edges of an atom
	args     kernel.PairArgs[T]
	out      []T     // [edge][4]
	neighbor []int32 // of the first edges of an atom's pairs

	dRadial [][]T // [layer][2][pair][degree][channel]: adjoints of R and R'
	dPhi    []T   // [2][pair, knee][basis]
}

// pairAngles are the Legendre polynomials seen from the other end of a pair's
// first edge.
type pairAngles[T Float] struct {
	unit  []T // [pair][3]
	p, dp []T // [pair][degree ≥ 1][half of the orientations]
}

func newLegendreKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T], e *edges) *legendreKernel[T] {
	f := &legendreKernel[T]{
		cfg: cfg, set: set, w: w, e: e,
		net:     make([]radialNet[T], cfg.RadialSets()),
		degrees: cfg.Degree + 1, width: (cfg.Degree + 1) * cfg.Channels,
		radial:  make([][]T, cfg.Layers),
		dRadial: make([][]T, cfg.Layers),
	}
	for k := range f.net {
		f.net[k].mlp = newMLP(set, cfg.Bessel, cfg.Hidden, cfg.Basis)
	}
	f.grid = halfGrid[T](cfg.Grid)
	f.xDot = make([]T, f.points()/2)
	return f
}

// halfGrid returns the first half of the orientations of a grid in antipodal order as
// [3][orientation].
func halfGrid[T Float](g Grid) (out []T) {
	for k := range 3 {
		for _, o := range g.Orientations[:len(g.Orientations)/2] {
			out = append(out, T(o[k]))
		}
	}
	return out
}

// points returns N and angles the size [degree ≥ 1][half of the orientations].
func (f *legendreKernel[T]) points() int { return len(f.cfg.Grid.Orientations) }
func (f *legendreKernel[T]) angles() int { return f.cfg.Degree * f.points() / 2 }

func (f *legendreKernel[T]) forward() {
	f.forwardRadial()
	edges, pairs, angles := f.e.len(), len(f.e.first), f.angles()
	resize(&f.unit, 3*edges)
	for e := range edges {
		for k, u := range f.e.unit(e) {
			f.unit[3*e+k] = T(u)
		}
	}
	f.set.Angular(resize(&f.p, edges*angles), resize(&f.dp, edges*angles), f.unit, f.grid, f.points()/2, f.cfg.Degree, 1)
	f.set.Angular(resize(&f.back, edges*angles), nil, f.unit, f.grid, f.points()/2, f.cfg.Degree, -1)

	q := &f.pairs
	resize(&q.unit, 3*pairs)
	f.start = append(f.start[:0], 0)
	at := 0
	for i := range f.e.atoms() {
		for ; at < pairs && int(f.e.first[at]) < f.e.graph.Start[i+1]; at++ {
			copy(q.unit[3*at:], f.unit[3*f.e.first[at]:][:3])
		}
		f.start = append(f.start, int32(at))
	}
	f.set.Angular(resize(&q.p, pairs*angles), resize(&q.dp, pairs*angles), q.unit, f.grid, f.points()/2, f.cfg.Degree, -1)
}

// sort gives every set of functions its rows of φ: pairs, and knees behind them.
func (f *legendreKernel[T]) sort() {
	for k := range f.net {
		f.net[k].rows = f.net[k].rows[:0]
	}
	for q, k := range f.e.set {
		f.net[k].rows = append(f.net[k].rows, q)
	}
	for k := range f.cfg.knees() {
		if net := &f.net[k/knees]; len(net.rows) > 0 {
			net.rows = append(net.rows, len(f.e.first)+k)
		}
	}
}

// eachNet visits the sets of functions that have pairs.
func (f *legendreKernel[T]) eachNet(visit func(k int, net *radialNet[T])) {
	for k := range f.net {
		if net := &f.net[k]; len(net.rows) > 0 {
			visit(k, net)
		}
	}
}

// forwardRadial evaluates R and R' of all layers for all pairs.
func (f *legendreKernel[T]) forwardRadial() {
	f.sort()
	pairs, basis := len(f.e.first), f.cfg.Basis
	rows := pairs + f.cfg.knees()
	phi := resize(&f.phi, 2*rows*basis)
	dphi := phi[rows*basis:]
	f.eachNet(func(k int, net *radialNet[T]) {
		b := net.input(len(net.rows))
		db := net.inputDot()
		for i, q := range net.rows {
			at := i * f.cfg.Bessel
			bessel(b[at:at+f.cfg.Bessel], db[at:at+f.cfg.Bessel], f.distance(q), f.cfg.Cutoff)
		}
		net.shift(f.w, k)
		y := net.forward(net.w)
		yDot := net.tangent(net.w)
		for i, q := range net.rows {
			u, du := f.envelope(q)
			for n := range basis {
				y, yDot := y[i*basis+n], yDot[i*basis+n]
				phi[q*basis+n] = y * u
				dphi[q*basis+n] = yDot*u + y*du
			}
		}
	})
	f.bend(phi, dphi)
	for t := range f.radial {
		radial, a := resize(&f.radial[t], 2*pairs*f.width), f.w.layers[t].spatial
		f.set.MatMul(radial[:pairs*f.width], phi[:pairs*basis], a, pairs, basis, f.width, false)
		f.set.MatMul(radial[pairs*f.width:], dphi[:pairs*basis], a, pairs, basis, f.width, false)
	}
}

// distance is that of pair q, or of a knee after them.
func (f *legendreKernel[T]) distance(q int) float64 {
	if pairs := len(f.e.first); q >= pairs {
		return f.cfg.Parabola[(q-pairs)/knees] + float64((q-pairs)%knees)*kneeStep
	}
	return f.e.r[f.e.first[q]]
}

// envelope is that of pair q, or of a knee, times n̄^(-1/2), and its derivative by r.
func (f *legendreKernel[T]) envelope(q int) (u, du T) {
	u64, du64 := envelope(f.distance(q), f.cfg.Cutoff, f.cfg.Envelope)
	n := 1 / math.Sqrt(f.cfg.MeanNeighbors)
	return T(u64 * n), T(du64 * n)
}

// Rows of R as a gather wants them, for the edges of one atom.
type rowsOfR int

const (
	plainR   rowsOfR = iota // R_l
	slopeR                  // ṙ R'_l
	withoutZ                // R_l without l = 0, where P_0 has no tangent
)

// rows writes the rows of the edges of atom i in layer t.
func (f *legendreKernel[T]) rows(t, i int, what rowsOfR) []T {
	first, last := f.e.graph.Start[i], f.e.graph.Start[i+1]
	r, c := resize(&f.buffer, (last-first)*f.width), f.cfg.Channels
	source := f.radial[t]
	if what == slopeR {
		source = source[len(source)/2:]
	}
	for e := first; e < last; e++ {
		at := int(f.e.pair[e]) * f.width
		to, from := r[(e-first)*f.width:(e-first+1)*f.width], source[at:at+f.width]
		switch what {
		case plainR:
			copy(to, from)
		case slopeR:
			clear(to)
			f.set.AXPY(to, from, T(f.rDot[e]))
		case withoutZ:
			clear(to[:c])
			copy(to[c:], from[c:])
		}
	}
	return r
}

// sum adds to y_i, for every atom, the rows of its neighbours in x, with kernels
// of the given R and angular part.
func (f *legendreKernel[T]) sum(t int, y, x []T, what rowsOfR, p []T) {
	n, size := f.angles(), f.points()*f.cfg.Channels
	for i := range f.e.atoms() {
		from, to := f.e.graph.Start[i], f.e.graph.Start[i+1]
		f.set.Gather(y[i*size:(i+1)*size], f.rows(t, i, what), p[from*n:to*n],
			f.neighbors(x, from, to), f.points(), f.cfg.Channels, f.cfg.Degree)
	}
}

// neighbors returns the rows of the neighbours of some edges.
func (f *legendreKernel[T]) neighbors(x []T, from, to int) kernel.Rows[T] {
	return kernel.Rows[T]{X: x, Index: f.e.graph.Neighbor[from:to], Atom: f.points() * f.cfg.Channels, Orientation: f.cfg.Channels}
}

func (f *legendreKernel[T]) gather(t int, m, h []T)    { f.sum(t, m, h, plainR, f.p) }
func (f *legendreKernel[T]) scatter(t int, dh, dm []T) { f.sum(t, dh, dm, plainR, f.back) }

// K̇ = Σ_l (Ṗ_l R_l + P_l ṙ R'_l), and Ṗ_0 = 0.

func (f *legendreKernel[T]) gatherDot(t int, m, h []T) {
	f.sum(t, m, h, slopeR, f.p)
	f.sum(t, m, h, withoutZ, f.pDot)
}

func (f *legendreKernel[T]) scatterDot(t int, dh, dm []T) {
	f.sum(t, dh, dm, slopeR, f.back)
	f.sum(t, dh, dm, withoutZ, f.backDot)
}

func (f *legendreKernel[T]) clearAdjoint() { cleared(&f.adjoints, 4*len(f.e.first)) }

// adjoint takes both directions of a bond at once: see [kernel.Set.Pair].
func (f *legendreKernel[T]) adjoint(t int, dm, h []T) {
	n, size, half := f.angles(), f.points()*f.cfg.Channels, len(f.radial[t])/2
	for i := range f.e.atoms() {
		from, to := int(f.start[i]), int(f.start[i+1])
		f.neighbor = f.neighbor[:0]
		for _, e := range f.e.first[from:to] {
			f.neighbor = append(f.neighbor, f.e.graph.Neighbor[e])
		}
		rows := kernel.Rows[T]{X: h, Index: f.neighbor, Atom: size, Orientation: f.cfg.Channels}
		f.args = kernel.PairArgs[T]{
			R: f.radial[t][from*f.width : to*f.width], DR: f.radial[t][half+from*f.width : half+to*f.width],
			P: f.pairs.p[from*n : to*n], DP: f.pairs.dp[from*n : to*n],
			H: h[i*size : (i+1)*size], DM: dm[i*size : (i+1)*size], XH: rows, XDM: rows,
			Grid: f.grid, N: f.points(), C: f.cfg.Channels, Degree: f.cfg.Degree,
		}
		f.args.XDM.X = dm
		f.set.Pair(resize(&f.out, 4*(to-from)), &f.args)
		for k, v := range f.out {
			f.adjoints[4*from+k] += float64(v)
		}
	}
}

// backward adds ∂S/∂x_ij of all edges to dVec, that of both directions to the
// first edge of a pair. With x_a = −o_a·u and u = x_ij/r,
// ∂x_a/∂x_ij = −(o_a + x_a u)/r.
func (f *legendreKernel[T]) backward(dVec [][3]float64) {
	for q, e := range f.e.first {
		u, r := f.e.unit(int(e)), f.e.r[e]
		g := [3]float64(f.adjoints[4*q : 4*q+3])
		along, radius := dot(g, u), f.adjoints[4*q+3]
		for k := range g {
			dVec[e][k] += radius*u[k] - (g[k]-along*u[k])/r
		}
	}
}

func (f *legendreKernel[T]) tangent(vecDot [][3]float64) {
	n := f.points() / 2
	resize(&f.pDot, f.e.len()*f.angles())
	resize(&f.backDot, f.e.len()*f.angles())
	resize(&f.rDot, f.e.len())
	for e, v := range vecDot {
		u := f.e.unit(e)
		f.rDot[e] = dot(u, v)
		var uDot [3]T
		for k := range uDot {
			uDot[k] = T((v[k] - f.rDot[e]*u[k]) / f.e.r[e])
		}
		for a := range f.xDot {
			f.xDot[a] = f.grid[a]*uDot[0] + f.grid[n+a]*uDot[1] + f.grid[2*n+a]*uDot[2]
		}
		for l := range f.cfg.Degree {
			at := e*f.angles() + l*n
			f.set.Mul(f.pDot[at:at+n], f.dp[at:at+n], f.xDot)
			sign := T(2*(l%2) - 1) // l is one less than the degree
			for a, v := range f.pDot[at : at+n] {
				f.backDot[at+a] = sign * v
			}
		}
	}
}

func (f *legendreKernel[T]) clearGradient() {
	for t := range f.dRadial {
		cleared(&f.dRadial[t], 2*len(f.e.first)*f.width)
	}
}

// gradientRows takes in the adjoints of R and R':
//
//	K = Σ_l P_l R_l,  K̇ = Σ_l (Ṗ_l R_l + P_l ṙ R'_l)
func (f *legendreKernel[T]) gradientRows(t int, g gradientRows[T], _ *weights[T]) {
	n, size, half, c := f.angles(), f.points()*f.cfg.Channels, len(f.dRadial[t])/2, f.cfg.Channels
	for i := range f.e.atoms() {
		from, to := f.e.graph.Start[i], f.e.graph.Start[i+1]
		dm, p := g.dm[i*size:(i+1)*size], f.p[from*n:to*n]
		h := f.neighbors(g.h, from, to)
		add := func(into int, zeroth bool, factor func(e int) T) {
			for e := from; e < to; e++ {
				row := f.buffer[(e-from)*f.width : (e-from+1)*f.width]
				at := into + int(f.e.pair[e])*f.width
				skip := 0
				if !zeroth {
					skip = c
				}
				f.set.AXPY(f.dRadial[t][at+skip:at+f.width], row[skip:], factor(e))
			}
		}
		one := func(int) T { return 1 }

		dr := cleared(&f.buffer, (to-from)*f.width)
		f.set.GatherGrad(dr, p, dm, h, f.points(), c, f.cfg.Degree)
		if g.dmDot == nil {
			add(0, true, one)
			continue
		}
		dmDot, pDot := g.dmDot[i*size:(i+1)*size], f.pDot[from*n:to*n]
		if t > 0 { // ḣ of the first layer is zero
			f.set.GatherGrad(dr, p, dmDot, f.neighbors(g.hDot, from, to), f.points(), c, f.cfg.Degree)
		}
		add(0, true, one)
		clear(dr)
		f.set.GatherGrad(dr, pDot, dmDot, h, f.points(), c, f.cfg.Degree)
		add(0, false, one)
		clear(dr)
		f.set.GatherGrad(dr, p, dmDot, h, f.points(), c, f.cfg.Degree)
		add(half, true, func(e int) T { return T(f.rDot[e]) })
	}
}

func (f *legendreKernel[T]) gradient(grad *weights[T]) {
	pairs, basis := len(f.e.first), f.cfg.Basis
	rows := pairs + f.cfg.knees()
	dPhi := cleared(&f.dPhi, 2*rows*basis)
	dPhiDot, ends := dPhi[rows*basis:], pairs*basis
	phi, phiDot := f.phi[:ends], f.phi[rows*basis:][:ends]
	for t := range f.dRadial {
		// R = φ A, R' = φ' A
		d, dDot, a, dA := f.dRadial[t][:pairs*f.width], f.dRadial[t][pairs*f.width:], f.w.layers[t].spatial, grad.layers[t].spatial
		f.set.MatMulTN(dA, phi, d, basis, pairs, f.width, true)
		f.set.MatMulTN(dA, phiDot, dDot, basis, pairs, f.width, true)
		f.set.MatMulNT(dPhi[:ends], d, a, pairs, f.width, basis, true)
		f.set.MatMulNT(dPhiDot[:ends], dDot, a, pairs, f.width, basis, true)
	}
	f.bendGradient(dPhi, dPhiDot)
	f.eachNet(func(k int, net *radialNet[T]) {
		dy, dyDot := resize(&net.dy, len(net.rows)*basis), resize(&net.dyd, len(net.rows)*basis)
		for i, q := range net.rows {
			u, du := f.envelope(q)
			for n := range basis {
				// φ = y u; φ' = y' u + y u'
				dy[i*basis+n] = dPhi[q*basis+n]*u + dPhiDot[q*basis+n]*du
				dyDot[i*basis+n] = dPhiDot[q*basis+n] * u
			}
		}
		net.gradients(grad, k)
	})
}

// self returns s, the kernel of an atom's message to itself: [channel].
func (f *legendreKernel[T]) self(t int) []T { return f.w.layers[t].self }

func (f *legendreKernel[T]) gradientSelf(t int, ds []T, grad *weights[T]) {
	f.set.AXPY(grad.layers[t].self, ds, 1)
}

// legendre writes the Legendre polynomials P_l(x) and their derivatives,
// l = 0…len(p)-1, by Bonnet's recurrence
//
//	(l+1) P_(l+1) = (2l+1) x P_l − l P_(l−1),   P'_(l+1) = P'_(l−1) + (2l+1) P_l.
func legendre[T Float](p, dp []T, x float64) {
	p0, p1 := 1., x
	d0, d1 := 0., 1.
	for l := range p {
		p[l], dp[l] = T(p0), T(d0)
		k := float64(l + 1)
		p0, p1 = p1, ((2*k+1)*x*p1-k*p0)/(k+1)
		d0, d1 = d1, d0+(2*k+1)*p0 // p0 is P_(l+1) by now
	}
}
