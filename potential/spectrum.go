package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// With the quadratic activation, n never leaves the spherical harmonics Y_k, k = (l, m),
// up to the degree L' of the spherical kernel: it is kept as its spectrum n̂ (see
// [harmonicKernel]). Layer norm and W1 act on spectra, K rows for an atom and not N, and
// only their result is laid out on the grid:
//
//	x̂ = (n̂ − mean_c(n̂_0) δ_k0) rstd,  rstd = (Σ_kc (…)²/C + ε)^(-1/2)
//	q[i,a,·] = Σ_k Y_k(o_a) x̂[i,k,·]·W1' + b1'
//	g = q/2 + q²/√(2π)
//
// The norm is over the channels and harmonics of an atom together. Y_k² has the mean
// one, so it is a layer norm over channels and all of S², which does not know how the
// atom is turned. g is the Taylor polynomial of the GELU: the square of n has twice the
// degree of n, and no more.

// spectrumEntry is this as the entry of a block. Spectra are [atom][k][channel] or
// [atom][k][hidden].
type spectrumEntry[T Float] struct {
	spectrum[T]
	hidden    int
	q, dX, dQ []T // of a part: spectra of q, adjoints of x̂ and of q
	constant  []T // the curvature, as often as is needed
}

func newSpectrumEntry[T Float](cfg *Config, set *kernel.Set[T]) *spectrumEntry[T] {
	return &spectrumEntry[T]{spectrum: newSpectrum(cfg, set), hidden: cfg.Widening * cfg.Channels}
}

func (e *spectrumEntry[T]) prepare(s *layerState[T], atoms int, second bool) {
	resize(&s.rstd, atoms)
	resize(&s.xhat, atoms*e.size())
	resize(&s.dXHat, atoms*e.size())
	resize(&s.dQ, atoms*e.count*e.hidden)
	resize(&s.g, atoms*e.points*e.hidden)
	resize(&s.dg, atoms*e.points*e.hidden)
	if second {
		resize(&s.slope, atoms)
		resize(&s.xhatDot, atoms*e.size())
	}
}

func (e *spectrumEntry[T]) forward(s *layerState[T], maps *blockMaps[T], b part, n []T) {
	xhat, g := of(b, s.xhat), of(b, s.g)
	e.normalize(xhat, of(b, s.rstd), n)
	e.activate(maps, g, of(b, s.dg), xhat, &e.q)
}

func (e *spectrumEntry[T]) backward(s *layerState[T], maps *blockMaps[T], b part, dN, dQ []T) {
	dX, dSpectrum := of(b, s.dXHat), of(b, s.dQ) // kept for gradient
	e.synthesiseT(e.set, dSpectrum, dQ, e.hidden)
	e.set.Affine(dX, dSpectrum, maps.inT, len(dX)/e.channels, false)
	e.normalizeT(dN, nil, dX, of(b, s.xhat), of(b, s.rstd))
}

func (e *spectrumEntry[T]) tangent(s *layerState[T], maps *blockMaps[T], b part, nDot []T) {
	xhatDot := of(b, s.xhatDot)
	e.normalizeT(xhatDot, of(b, s.slope), nDot, of(b, s.xhat), of(b, s.rstd))
	rows := len(xhatDot) / e.channels
	e.set.Affine(resize(&e.q, rows*e.hidden), xhatDot, maps.inDot, rows, false)
	e.synthesise(e.set, of(b, s.qDot), e.q, e.hidden)
}

func (e *spectrumEntry[T]) curvature(s *layerState[T], b part) []T {
	n := len(of(b, s.g))
	for k := len(e.constant); k < n; k++ {
		e.constant = append(e.constant, kernel.Curvature)
	}
	return e.constant[:n]
}

func (e *spectrumEntry[T]) gradient(s *layerState[T], maps *blockMaps[T], dw *layerWeights[T], b part, dN, dQ []T, dual bool) {
	xhat, rstd, hidden := of(b, s.xhat), of(b, s.rstd), e.hidden
	rows := len(xhat) / e.channels
	dSpectrum := resize(&e.dQ, rows*hidden)
	e.synthesiseT(e.set, dSpectrum, dQ, hidden)
	// q = x̂·W1' + b1' Y_0
	e.set.MatMulTN(dw.w1, xhat, dSpectrum, e.channels, rows, hidden, true)
	for at := 0; at < len(dSpectrum); at += e.count * hidden {
		e.set.AXPY(dw.b1, dSpectrum[at:at+hidden], 1)
	}
	dX := resize(&e.dX, len(xhat))
	e.set.Affine(dX, dSpectrum, maps.inT, rows, false)
	if !dual {
		e.normalizeT(dN, nil, dX, xhat, rstd)
		return
	}
	// q̇ = x̂̇·W1', and the spectrum of the adjoint of q̇ is that of q in backward
	e.set.MatMulTN(dw.w1, of(b, s.xhatDot), of(b, s.dQ), e.channels, rows, hidden, true)
	e.normalizeGrad(dN, &kernel.NormArgs[T]{XHat: xhat, RStd: rstd, XHatDot: of(b, s.xhatDot), Slope: of(b, s.slope), D: dX, DDot: of(b, s.dXHat)})
}

// spectrum are the steps between n̂ and g.
type spectrum[T Float] struct {
	set *kernel.Set[T]
	basis[T]
	channels int
	epsilon  T
	ones     []T // [channel]
}

func newSpectrum[T Float](cfg *Config, set *kernel.Set[T]) spectrum[T] {
	s := spectrum[T]{
		set: set, basis: newBasis[T](cfg.Grid, cfg.FiberDegree), channels: cfg.Channels,
		epsilon: T(cfg.NormEpsilon), ones: make([]T, cfg.Channels),
	}
	for k := range s.ones {
		s.ones[k] = 1
	}
	return s
}

// size is that of the spectrum of an atom, K·C.
func (s *spectrum[T]) size() int { return s.count * s.channels }

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
		s.set.AXPY(x, x, rstd[i]-1)
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
		s.set.AXPY(y, y, r-1)
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
		s.set.AXPY(y, y, r-1)
		s.center(y)
	}
}

// activate writes g and its derivative by q for x̂, by way of the spectrum of q.
func (s *spectrum[T]) activate(maps *blockMaps[T], g, dg, xhat []T, q *[]T) {
	rows, hidden := len(xhat)/s.channels, maps.in.Out
	resize(q, rows*hidden)
	s.set.Affine(*q, xhat, maps.inDot, rows, false)
	for at := 0; at < len(*q); at += s.count * hidden {
		s.set.AXPY((*q)[at:at+hidden], maps.b1, 1)
	}
	row := s.points * hidden
	for i := range rows / s.count { // an atom's at a time, which are in the first-level cache
		gi := g[i*row : (i+1)*row]
		s.synthesise(s.set, gi, (*q)[i*s.count*hidden:(i+1)*s.count*hidden], hidden)
		if len(dg) == 0 {
			s.set.Quadratic(gi, nil, gi)
		} else {
			s.set.Quadratic(gi, dg[i*row:(i+1)*row], gi)
		}
	}
}

// activateT writes the adjoint of the spectrum of q for that of g, which it overwrites.
func (s *spectrum[T]) activateT(dQ, dG, dg []T, hidden int) {
	row := s.points * hidden
	for i := range len(dG) / row {
		d := dG[i*row : (i+1)*row]
		s.set.Mul(d, d, dg[i*row:(i+1)*row])
		s.synthesiseT(s.set, dQ[i*s.count*hidden:(i+1)*s.count*hidden], d, hidden)
	}
}
