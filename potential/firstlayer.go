package potential

import (
	"ponita/potential/internal/harmonics"
	"ponita/potential/internal/kernel"
)

// Features of the first layer are those of species, which do not depend on the
// orientation. So its messages have the degree L of the spatial kernel, the spherical
// convolution takes no more than L' of them, and where n is a spectrum the first two steps of
// the first layer are, for harmonics k = (l, m) up to the lesser of L and L',
//
//	n̂_k = φ_l/(2l+1) (s h δ_k0 + n̄^(-1/2) Σ_j Y_k(u_ij) R_l(r_ij) h_j / (2l+1)) + b δ_k0
//
// with the addition theorem for P_l(o_a·u). Nothing is approximated if the grid integrates
// degree L+L'. Edges cost K or fewer rows and not N.
type firstLayer struct {
	degree, count int // up to which harmonics go, and how many they are
}

// newFirstLayer returns nil for networks whose first layer is as the others.
func newFirstLayer(c *Config) *firstLayer {
	if !c.spectral() || c.Grid.Degree() < c.Degree+c.FiberDegree {
		return nil
	}
	degree := min(c.Degree, c.FiberDegree)
	return &firstLayer{degree: degree, count: harmonics.Count(degree)}
}

// radial takes R_l/(2l+1) of the degrees that are needed from a table of splines,
// [row][l][channel].
func (f *firstLayer) radial(table []float64, degree, channels int) (out []float64) {
	for at := 0; at < len(table); at += (degree + 1) * channels {
		for k, v := range table[at : at+(f.degree+1)*channels] {
			l := k / channels
			out = append(out, v/float64(2*l+1))
		}
	}
	return out
}

// expands tells whether layer t is in harmonics.
func (e *engine[T]) expands(t int) bool { return t == 0 && e.first != nil }

// expand writes n̂ of atoms lo to hi in the first layer.
func (e *engine[T]) expand(w *worker[T], lo, hi int, n []T) {
	f, l, c := e.first, &e.layers[0], e.channels
	width := (f.degree + 1) * c
	clear(n)
	for i := lo; i < hi; i++ {
		from, to := e.graph.Start[i], e.graph.Start[i+1]
		row := n[(i-lo)*e.inner*c : (i-lo+1)*e.inner*c]
		r, y := resize(&w.r, (to-from)*width), resize(&w.p, (to-from)*f.count)
		e.set.Spline(r, l.radial, e.at[from:to], e.frac[from:to], width)
		harmonics.Fill(y, e.unit[3*from:3*to], f.degree)
		w.clock.lap(PhaseRadial)
		e.set.Mul(row[:c], l.self, e.feature(0, i, 0))
		e.set.Expand(row[:f.count*c], r, y, e.features(0, e.senders(w, 0, e.neighbor[from:to])), c, f.degree)
		w.clock.lap(PhaseEdges)
		e.set.Mul(row, l.filter, row)
		e.set.AXPY(row[:c], l.bias, 1)
	}
}

// expandBack writes the adjoint of what expand has filtered, for that of n̂.
func (e *engine[T]) expandBack(lo, hi int, dN []T) {
	size := e.first.count * e.channels
	for i := lo; i < hi; i++ {
		at := (i - lo) * e.inner * e.channels
		e.set.Mul(e.dM[0][i*size:(i+1)*size], e.layers[0].filter[:size], dN[at:at+size])
	}
}

// expandBonds is bonds for the first layer.
func (e *engine[T]) expandBonds(w *worker[T], i int) {
	f, l, c := e.first, &e.layers[0], e.channels
	from := e.graph.Start[i]
	whole, owned := e.roles[i].bonds(0)
	to := from + owned
	index := e.neighbor[from:to]
	width, slopes, size := (f.degree+1)*c, 4*f.count, f.count*c
	r, dr, y := resize(&w.r, owned*width), resize(&w.dr, owned*width), resize(&w.p, owned*slopes)
	e.set.SplineSlope(r, dr, l.radial, e.at[from:to], e.frac[from:to], width)
	harmonics.FillSlopes(y, e.unit[3*from:3*to], f.degree)
	w.clock.lap(PhaseRadial)

	senders := e.senders(w, 0, index)
	out := resize(&w.out, 4*owned)
	w.expand = kernel.ExpandArgs[T]{
		R: r[:whole*width], DR: dr[:whole*width], Y: y[:whole*slopes],
		X: e.feature(0, i, 0), DM: e.dM[0][i*size : (i+1)*size],
		XX:  e.features(0, senders[:whole]),
		XDM: kernel.Rows[T]{X: e.dM[0], Index: index[:whole], Atom: size, Orientation: c},
		C:   c, Degree: f.degree,
	}
	e.set.ExpandPair(out[:4*whole], &w.expand)
	if whole < owned {
		// What an atom sends to a ghost is left to the ghost's domain: zero here.
		w.expand.R, w.expand.DR, w.expand.Y = r[whole*width:], dr[whole*width:], y[whole*slopes:]
		w.expand.X = e.none[:c]
		w.expand.XX = e.features(0, senders[whole:])
		w.expand.XDM = kernel.Rows[T]{X: e.none, Index: index[whole:], Orientation: c}
		e.set.ExpandPair(out[4*whole:], &w.expand)
	}
	for k, edge := range e.edge[from:to] {
		bond := out[4*k : 4*k+4]
		bond[0], bond[1], bond[2] = -bond[0], -bond[1], -bond[2] // addBond wants them by −u
		e.addBond(int(edge), bond)
	}
	w.clock.lap(PhaseEdgeAdjoints)
}
