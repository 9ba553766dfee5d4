package potential

import "ponita/potential/internal/kernel"

// legendreKernel is the band-limited family,
//
//	K_c(x_ij, o_a) = Σ_l R_lc(r) P_l(o_a·u),   R_l = A_l · φ(r) · envelope(r),
//
// φ = MLP(Bessel(r)). P_l are Legendre polynomials. It is analytic wherever
// r > 0. In the direction of r the family always carries value and derivative
// (R, R'), so no adjoint ever passes through the MLP but those of its weights.
type legendreKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]
	e   *edges
	mlp *mlp[T]

	degrees int   // L+1
	phi     []T   // [pair][2][basis]: φ·envelope and its derivative by r
	radial  [][]T // [layer][pair][2][degree][channel]: R and R'
	p, dp   []T   // [edge][orientation][degree]: P_l(o_a·u) and P_l'

	dCos    []T   // [edge][orientation]: ∂S/∂(o_a·u)
	dRadius []T   // [pair]: ∂S/∂r
	tmp     []T   // [orientation][degree] or [2][degree][channel]
	pDot    []T   // [edge][orientation][2][degree]: Ṗ_l, and ṙ P_l
	dRadial [][]T // [layer][pair][2][degree][channel]: adjoints of R and R'
	dPhi    []T   // [pair][2][basis]
	dy, dyd []T   // [pair][basis]
}

func newLegendreKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T], e *edges) *legendreKernel[T] {
	return &legendreKernel[T]{
		cfg: cfg, set: set, w: w, e: e,
		mlp:     newMLP(set, cfg.Bessel, cfg.Hidden, cfg.Basis),
		degrees: cfg.Degree + 1,
		radial:  make([][]T, cfg.Layers),
		dRadial: make([][]T, cfg.Layers),
	}
}

// blockSize is the number of values R and R' of one pair in one layer.
func (f *legendreKernel[T]) blockSize() int { return 2 * f.degrees * f.cfg.Channels }

func (f *legendreKernel[T]) forward() {
	f.forwardRadial()
	n, d := len(f.cfg.Grid.Orientations), f.degrees
	resize(&f.p, f.e.len()*n*d)
	resize(&f.dp, f.e.len()*n*d)
	for e := range f.e.len() {
		u := f.e.unit(e)
		for a, o := range f.cfg.Grid.Orientations {
			at := (e*n + a) * d
			legendre(f.p[at:at+d], f.dp[at:at+d], dot(o, u))
		}
	}
}

// forwardRadial evaluates R and R' of all layers for all pairs.
func (f *legendreKernel[T]) forwardRadial() {
	pairs, basis := len(f.e.first), f.cfg.Basis
	b := f.mlp.input(pairs)
	db := f.mlp.inputDot()
	for q, e := range f.e.first {
		at := q * f.cfg.Bessel
		bessel(b[at:at+f.cfg.Bessel], db[at:at+f.cfg.Bessel], f.e.r[e], f.cfg.Cutoff)
	}
	y := f.mlp.forward(f.w.spatial)
	yDot := f.mlp.tangent(f.w.spatial)
	resize(&f.phi, pairs*2*basis)
	for q, e := range f.e.first {
		u64, du64 := envelope(f.e.r[e], f.cfg.Cutoff, f.cfg.Envelope)
		u, du := T(u64), T(du64)
		for k := range basis {
			v, dv := y[q*basis+k], yDot[q*basis+k]
			f.phi[(2*q)*basis+k] = v * u
			f.phi[(2*q+1)*basis+k] = dv*u + v*du
		}
	}
	for t := range f.radial {
		f.set.MatMul(resize(&f.radial[t], pairs*f.blockSize()), f.phi, f.w.layers[t].spatial,
			2*pairs, basis, f.degrees*f.cfg.Channels, false)
	}
}

// pairOf returns R and R' of edge e in layer t: [2][degree][channel].
func (f *legendreKernel[T]) pairOf(x [][]T, t, e int) []T {
	at := int(f.e.pair[e]) * f.blockSize()
	return x[t][at : at+f.blockSize()]
}

// row writes K[a,c] = Σ_l P_l[a] R_l[c] of edge e.
func (f *legendreKernel[T]) row(t, e int, k []T) {
	n, d := len(f.cfg.Grid.Orientations), f.degrees
	r := f.pairOf(f.radial, t, e)
	f.set.MatMul(k, f.p[e*n*d:(e+1)*n*d], r[:len(r)/2], n, d, f.cfg.Channels, false)
}

func (f *legendreKernel[T]) clearAdjoint() {
	cleared(&f.dCos, f.e.len()*len(f.cfg.Grid.Orientations))
	cleared(&f.dRadius, len(f.e.first))
}

func (f *legendreKernel[T]) backwardRow(t, e int, dk []T) {
	n, d, channels := len(f.cfg.Grid.Orientations), f.degrees, f.cfg.Channels
	r := f.pairOf(f.radial, t, e)
	p, dp := f.p[e*n*d:(e+1)*n*d], f.dp[e*n*d:(e+1)*n*d]
	half := len(r) / 2
	// K[ac] += P[al] R[lc], by way of P
	dP := resize(&f.tmp, n*d)
	f.set.MatMulNT(dP, dk, r[:half], n, channels, d, false)
	dCos := f.dCos[e*n : (e+1)*n]
	for a := range dCos {
		for l := 1; l < d; l++ { // P_0 is constant
			dCos[a] += dp[a*d+l] * dP[a*d+l]
		}
	}
	// and by way of R(r)
	f.set.MatMulNT(dP, dk, r[half:], n, channels, d, false)
	f.dRadius[f.e.pair[e]] += f.set.Dot(p, dP)
}

// backward adds ∂S/∂x_ij of all edges to dVec. With x = o·u and u = x_ij/r,
// ∂x/∂x_ij = (o − x u)/r.
func (f *legendreKernel[T]) backward(dVec [][3]float64) {
	n := len(f.cfg.Grid.Orientations)
	for e := range dVec {
		u := f.e.unit(e)
		var g [3]float64
		for a, o := range f.cfg.Grid.Orientations {
			dx := float64(f.dCos[e*n+a])
			for k := range g {
				g[k] += dx * o[k]
			}
		}
		along := dot(g, u)
		radius := 0.
		if int(f.e.first[f.e.pair[e]]) == e {
			radius = float64(f.dRadius[f.e.pair[e]])
		}
		for k := range g {
			dVec[e][k] += (g[k]-along*u[k])/f.e.r[e] + radius*u[k]
		}
	}
}

func (f *legendreKernel[T]) tangent(vecDot [][3]float64) {
	n, d := len(f.cfg.Grid.Orientations), f.degrees
	resize(&f.pDot, f.e.len()*n*2*d)
	for e, v := range vecDot {
		u := f.e.unit(e)
		rDot := dot(u, v)
		var uDot [3]float64
		for k := range uDot {
			uDot[k] = (v[k] - rDot*u[k]) / f.e.r[e]
		}
		for a, o := range f.cfg.Grid.Orientations {
			xDot := T(dot(o, uDot))
			at := (e*n + a) * d
			for l := range d {
				f.pDot[2*at+l] = f.dp[at+l] * xDot
				f.pDot[2*at+d+l] = f.p[at+l] * T(rDot)
			}
		}
	}
}

// rowDot writes K̇ = Σ_l (Ṗ_l R_l + P_l R_l' ṙ) of edge e, one product because R
// and R' lie one behind the other.
func (f *legendreKernel[T]) rowDot(t, e int, kDot []T) {
	n, d := len(f.cfg.Grid.Orientations), f.degrees
	f.set.MatMul(kDot, f.pDot[e*n*2*d:(e+1)*n*2*d], f.pairOf(f.radial, t, e), n, 2*d, f.cfg.Channels, false)
}

func (f *legendreKernel[T]) clearGradient() {
	for t := range f.dRadial {
		cleared(&f.dRadial[t], len(f.e.first)*f.blockSize())
	}
}

func (f *legendreKernel[T]) gradientRow(t, e int, dk, dkDot []T, _ *weights[T]) {
	n, d, channels := len(f.cfg.Grid.Orientations), f.degrees, f.cfg.Channels
	dr := f.pairOf(f.dRadial, t, e)
	// K̇[ac] += [Ṗ, ṙP][al] [R; R'][lc]
	f.set.MatMulTN(dr, f.pDot[e*n*2*d:(e+1)*n*2*d], dkDot, 2*d, n, channels, true)
	// K[ac] += P[al] R[lc]
	f.set.MatMulTN(dr[:len(dr)/2], f.p[e*n*d:(e+1)*n*d], dk, d, n, channels, true)
}

func (f *legendreKernel[T]) gradient(grad *weights[T]) {
	pairs, basis, width := len(f.e.first), f.cfg.Basis, f.degrees*f.cfg.Channels
	dPhi := cleared(&f.dPhi, pairs*2*basis)
	for t := range f.dRadial {
		// [R; R'] = [φ; φ'] A
		f.set.MatMulTN(grad.layers[t].spatial, f.phi, f.dRadial[t], basis, 2*pairs, width, true)
		f.set.MatMulNT(dPhi, f.dRadial[t], f.w.layers[t].spatial, 2*pairs, width, basis, true)
	}
	dy, dyDot := resize(&f.dy, pairs*basis), resize(&f.dyd, pairs*basis)
	for q, e := range f.e.first {
		u64, du64 := envelope(f.e.r[e], f.cfg.Cutoff, f.cfg.Envelope)
		u, du := T(u64), T(du64)
		for k := range basis {
			// φ = y u; φ' = y' u + y u'
			dv, dvDot := dPhi[(2*q)*basis+k], dPhi[(2*q+1)*basis+k]
			dy[q*basis+k] = dv*u + dvDot*du
			dyDot[q*basis+k] = dvDot * u
		}
	}
	f.mlp.gradient(f.w.spatial, grad.spatial, dy, dyDot)
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
