package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// With the quadratic activation, everything between the spatial convolution and h' is in
// spherical harmonics Y_k, k = (l, m): n up to the degree L' of the spherical kernel, K of
// them (see [harmonicKernel]), and what the activation makes of it to 2L', M of them. The
// products with W1 and W2 have K and M rows for an atom and not N, and only their result
// is laid out on the grid:
//
//	x̂ = (n̂ − mean_c(n̂_0) δ_k0) rstd,  rstd = (Σ_kc (…)²/C + ε)^(-1/2)
//	q = x̂·W1' + b1' δ_k0
//	g = the spectrum of q(o)/2 + q(o)²/√(2π)
//	h' = h + Σ_m Y_m(o_a) (g·W2' + b2' δ_m0)
//
// The norm is over the channels and harmonics of an atom together. Y_k² has the mean
// one, so it is a layer norm over channels and all of S², which does not know how the
// atom is turned. The activation is the Taylor polynomial of the GELU: the square of a
// function has twice its degree, and no more. Its spectrum is exact, see
// [kernel.Set.Square], and has M values in the place of the N on a grid that integrates
// degree 4L'.

// Of h' in the last layer only the mean over the orientations is read out, unless there
// are vectors out. Then g_0 is all that W2 acts on.

// spectrumBlock is this as a block.
type spectrumBlock[T Float] struct {
	spectrum[T]
	u, gDot, dG, dQ, dX []T // of a part: spectra of h' − h or its adjoint, of ġ, adjoints
}

// newSpectrumBlock returns the block of all layers, or the one for the mean of h'.
func newSpectrumBlock[T Float](cfg *Config, set *kernel.Set[T], mean bool) *spectrumBlock[T] {
	b := &spectrumBlock[T]{spectrum: newSpectrum(cfg, set)}
	if mean {
		b.out = newBasis[T](cfg.Grid, 0)
	}
	return b
}

func (e *spectrumBlock[T]) prepare(s *layerState[T], atoms int, second bool) {
	resize(&s.rstd, atoms)
	resize(&s.xhat, atoms*e.size())
	resize(&s.dXHat, atoms*e.size())
	resize(&s.q, atoms*e.arguments())
	resize(&s.dQ, atoms*e.arguments())
	resize(&s.g, atoms*e.results())
	resize(&s.dG, atoms*e.results())
	resize(&s.dU, atoms*e.out.count*e.channels)
	if second {
		resize(&s.slope, atoms)
		resize(&s.xhatDot, atoms*e.size())
		resize(&s.qDot, atoms*e.arguments())
	}
}

func (e *spectrumBlock[T]) forward(s *layerState[T], maps *blockMaps[T], b part, next, n []T) {
	xhat, q, g := of(b, s.xhat), of(b, s.q), of(b, s.g)
	e.normalize(xhat, of(b, s.rstd), n)
	e.argue(maps, q, xhat)
	e.square(g, q)
	e.addOutput(maps, next, g, &e.u)
}

func (e *spectrumBlock[T]) backward(s *layerState[T], maps *blockMaps[T], b part, dN []T) {
	dX, dQ, dG, dU := of(b, s.dXHat), of(b, s.dQ), of(b, s.dG), of(b, s.dU) // kept for gradient
	e.out.synthesiseT(e.set, dU, of(b, s.dH), e.channels)
	e.back(maps, dX, dQ, dG, dU, of(b, s.q))
	e.normalizeT(dN, nil, dX, of(b, s.xhat), of(b, s.rstd))
}

func (e *spectrumBlock[T]) tangent(s *layerState[T], maps *blockMaps[T], b part, nextDot, nDot []T) {
	xhatDot, qDot := of(b, s.xhatDot), of(b, s.qDot)
	e.normalizeT(xhatDot, of(b, s.slope), nDot, of(b, s.xhat), of(b, s.rstd))
	e.set.Affine(qDot, xhatDot, maps.inDot, len(xhatDot)/e.channels, false)
	gDot := resize(&e.gDot, len(of(b, s.g)))
	e.squareDot(gDot, of(b, s.q), qDot)
	rows := len(gDot) / e.hidden
	e.set.Affine(resize(&e.u, rows*e.channels), gDot, maps.outDot, rows, false)
	e.out.synthesise(e.set, nextDot, e.u, e.channels, true)
}

func (e *spectrumBlock[T]) gradient(s *layerState[T], maps *blockMaps[T], dw *layerWeights[T], b part, dN, dH []T, dual bool) {
	xhat, rstd, q, g, c := of(b, s.xhat), of(b, s.rstd), of(b, s.q), of(b, s.g), e.channels
	inputs, outputs := len(q)/e.hidden, len(g)/e.hidden
	// h' = h + Y (g·W2' + b2' Y_0)
	dU := resize(&e.u, outputs*c)
	e.out.synthesiseT(e.set, dU, dH, c)
	e.set.MatMulTN(dw.w2, g, dU, e.hidden, outputs, c, true)
	e.constants(dw.b2, dU, e.out.count)
	dX, dQ, dG := resize(&e.dX, len(xhat)), resize(&e.dQ, len(q)), resize(&e.dG, len(g))
	e.set.Affine(dG, dU, maps.outT, outputs, false)
	e.squareT(dQ, dG, q)
	if dual {
		// ḣ' = ḣ + Y ġ·W2'
		qDot, gDot := of(b, s.qDot), dG // which has been used
		e.addCurvature(dQ, of(b, s.dG), qDot)
		e.squareDot(gDot, q, qDot)
		e.set.MatMulTN(dw.w2, gDot, of(b, s.dU), e.hidden, outputs, c, true)
	}
	// q = x̂·W1' + b1' Y_0
	e.set.MatMulTN(dw.w1, xhat, dQ, c, inputs, e.hidden, true)
	e.constants(dw.b1, dQ, e.count)
	e.set.Affine(dX, dQ, maps.inT, inputs, false)
	if !dual {
		e.normalizeT(dN, nil, dX, xhat, rstd)
		return
	}
	// q̇ = x̂̇·W1'
	e.set.MatMulTN(dw.w1, of(b, s.xhatDot), of(b, s.dQ), c, inputs, e.hidden, true)
	e.normalizeGrad(dN, &kernel.NormArgs[T]{XHat: xhat, RStd: rstd, XHatDot: of(b, s.xhatDot), Slope: of(b, s.slope), D: dX, DDot: of(b, s.dXHat)})
}

// constants adds the constant harmonics of spectra with count of them to the adjoint of
// a bias.
func (e *spectrumBlock[T]) constants(db, spectra []T, count int) {
	for at := 0; at < len(spectra); at += count * len(db) {
		e.set.AXPY(db, spectra[at:at+len(db)], 1)
	}
}

// spectrum are the steps between n̂ and h'. Spectra are [atom][k][channel] or
// [atom][k][hidden].
type spectrum[T Float] struct {
	set      *kernel.Set[T]
	basis[T]          // of n and q
	out      basis[T] // of g and h' − h
	degree   int      // L'
	channels int
	hidden   int
	epsilon  T
	ones     []T // [channel]
}

func newSpectrum[T Float](cfg *Config, set *kernel.Set[T]) spectrum[T] {
	s := spectrum[T]{
		set: set, basis: newBasis[T](cfg.Grid, cfg.FiberDegree), out: newBasis[T](cfg.Grid, 2*cfg.FiberDegree),
		degree: cfg.FiberDegree, channels: cfg.Channels, hidden: cfg.Widening * cfg.Channels,
		epsilon: T(cfg.NormEpsilon), ones: make([]T, cfg.Channels),
	}
	for k := range s.ones {
		s.ones[k] = 1
	}
	return s
}

// size is that of the spectrum n̂ of an atom, K·C; arguments that of q, results that of g.
func (s *spectrum[T]) size() int      { return s.count * s.channels }
func (s *spectrum[T]) arguments() int { return s.count * s.hidden }
func (s *spectrum[T]) results() int   { return s.out.count * s.hidden }

// mean returns that over the channels.
func (s *spectrum[T]) mean(x []T) T { return s.set.Dot(x, s.ones) / T(s.channels) }

// center subtracts the mean over channels of the constant harmonic from y.
func (s *spectrum[T]) center(y []T) {
	s.set.AXPY(y[:s.channels], s.ones, -s.mean(y[:s.channels]))
}

// along is the inner product that the variance is made of.
func (s *spectrum[T]) along(x, y []T) T { return s.set.Dot(x, y) / T(s.channels) }

// normalize writes x̂ and rstd, [atom].
func (s *spectrum[T]) normalize(xhat, rstd, n []T) {
	size := s.size()
	for i := range rstd {
		x := xhat[i*size : (i+1)*size]
		copy(x, n[i*size:(i+1)*size])
		s.center(x)
		rstd[i] = T(1 / math.Sqrt(float64(s.along(x, x)+s.epsilon)))
		scaled(s.set, x, rstd[i])
	}
}

// normalizeT is the adjoint of normalize and, being symmetric, its tangent:
//
//	y = rstd (v − mean_c(v_0) δ_k0 − x̂ slope),  slope = Σ_kc x̂ v / C
//
// y may be v.
func (s *spectrum[T]) normalizeT(y, slope, v, xhat, rstd []T) {
	size := s.size()
	for i, r := range rstd {
		x, y := xhat[i*size:(i+1)*size], y[i*size:(i+1)*size]
		copy(y, v[i*size:(i+1)*size])
		along := s.along(x, y)
		if slope != nil {
			slope[i] = along
		}
		scaled(s.set, y, r)
		s.set.AXPY(y, x, -r*along)
		s.center(y)
	}
}

// normalizeGrad is the adjoint of n in the pair of normalize and its tangent, see
// [kernel.Set.NormalizeGrad].
func (s *spectrum[T]) normalizeGrad(dx []T, a *kernel.NormArgs[T]) {
	size := s.size()
	for i, r := range a.RStd {
		atom := func(x []T) []T { return x[i*size : (i+1)*size] }
		y, x, xDot, dDot := atom(dx), atom(a.XHat), atom(a.XHatDot), atom(a.DDot)
		copy(y, atom(a.D))
		late, early, cross := s.along(x, y), s.along(x, dDot), s.along(xDot, dDot)
		tilt := r * a.Slope[i]
		s.set.AXPY(y, x, tilt*early-late-cross)
		s.set.AXPY(y, xDot, -early)
		s.set.AXPY(y, dDot, -tilt)
		scaled(s.set, y, r)
		s.center(y)
	}
}

// argue writes q for x̂.
func (s *spectrum[T]) argue(maps *blockMaps[T], q, xhat []T) {
	s.set.Affine(q, xhat, maps.inDot, len(xhat)/s.channels, false)
	for at := 0; at < len(q); at += s.arguments() {
		s.set.AXPY(q[at:at+s.hidden], maps.b1, 1)
	}
}

// The activation, its tangent and adjoints are those of [kernel.Set.Square], or where g_0
// is all that is wanted
//
//	g_0 = q_0/2 + Σ_k q_k²/√(2π)

func (s *spectrum[T]) square(g, q []T) {
	if s.out.count > 1 {
		s.set.Square(g, q, s.degree, s.hidden)
		return
	}
	s.inner(g, q, q, kernel.SquareTerm)
}

func (s *spectrum[T]) squareDot(gDot, q, qDot []T) {
	if s.out.count > 1 {
		s.set.SquareDot(gDot, q, qDot, s.degree, s.hidden)
		return
	}
	s.inner(gDot, q, qDot, 2*kernel.SquareTerm)
}

// inner writes y_0/2 + factor·Σ_k x_k y_k of every atom.
func (s *spectrum[T]) inner(g, x, y []T, factor T) {
	for i := range len(g) / s.hidden {
		to, row := g[i*s.hidden:(i+1)*s.hidden], func(x []T, k int) []T { return x[i*s.arguments()+k*s.hidden:][:s.hidden] }
		clear(to)
		for k := range s.count {
			s.set.MulAdd(to, row(x, k), row(y, k))
		}
		scaled(s.set, to, factor)
		s.set.AXPY(to, row(y, 0), kernel.LinearTerm)
	}
}

func (s *spectrum[T]) squareT(dQ, dG, q []T) {
	if s.out.count > 1 {
		s.set.SquareT(dQ, dG, q, s.degree, s.hidden)
		return
	}
	for i := range len(dG) / s.hidden {
		from, d := dG[i*s.hidden:(i+1)*s.hidden], dQ[i*s.arguments():(i+1)*s.arguments()]
		for k := range s.count {
			s.set.Mul(d[k*s.hidden:(k+1)*s.hidden], from, q[i*s.arguments()+k*s.hidden:][:s.hidden])
		}
		scaled(s.set, d, 2*kernel.SquareTerm)
		s.set.AXPY(d[:s.hidden], from, kernel.LinearTerm)
	}
}

// scaled multiplies x by a.
func scaled[T Float](set *kernel.Set[T], x []T, a T) { set.AXPY(x, x, a-1) }

func (e *spectrumBlock[T]) addCurvature(dQ, dGDot, qDot []T) {
	if e.out.count > 1 {
		e.set.AddCurvature(dQ, dGDot, qDot, e.degree, e.hidden)
		return
	}
	twice := resize(&e.gDot, e.hidden)
	for i := range len(dGDot) / e.hidden {
		copy(twice, dGDot[i*e.hidden:])
		scaled(e.set, twice, 2*kernel.SquareTerm)
		for k := range e.count {
			at := i*e.arguments() + k*e.hidden
			e.set.MulAdd(dQ[at:at+e.hidden], twice, qDot[at:at+e.hidden])
		}
	}
}

// addOutput adds what W2 makes of g to h', by way of spectra u.
func (s *spectrum[T]) addOutput(maps *blockMaps[T], next, g []T, u *[]T) {
	rows := len(g) / s.hidden
	resize(u, rows*s.channels)
	s.set.Affine(*u, g, maps.outDot, rows, false)
	for at := 0; at < len(*u); at += s.out.count * s.channels {
		s.set.AXPY((*u)[at:at+s.channels], maps.b2, 1)
	}
	s.out.synthesise(s.set, next, *u, s.channels, true)
}

// back writes the adjoints of g, q and x̂ for that of the spectrum of h'.
func (s *spectrum[T]) back(maps *blockMaps[T], dX, dQ, dG, dU, q []T) {
	s.set.Affine(dG, dU, maps.outT, len(dG)/s.hidden, false)
	s.squareT(dQ, dG, q)
	s.set.Affine(dX, dQ, maps.inT, len(dQ)/s.hidden, false)
}
