package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// harmonicKernel is the spherical convolution of the legendre family in spherical
// harmonics. With those of sphericalHarmonics, k = (l, m),
//
//	Φ_c(o_p·o_a) = Σ_l φ_lc P_l(o_p·o_a) = Σ_k Y_k(o_p) φ_l(k)c Y_k(o_a),
//
// so the convolution multiplies spectra by φ:
//
//	m̂[i,k,c] = Σ_a w_a Y_k(o_a) m[i,a,c]
//	n[i,p,c] = b_c + Σ_k Y_k(o_p) φ_l(k)c m̂[i,k,c]
//
// These are 2KN products instead of N² for K harmonics, and the spectra, which
// are small, are kept: with them the adjoint of φ costs next to nothing. The bias
// belongs to Y_0 = 1.
type harmonicKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]

	count           int   // K
	analysis        []T   // [k][orientation]: w_a Y_k(o_a)
	synthesis       []T   // [orientation][k]: Y_k(o_p)
	analysisT       []T   // the transpose of synthesis
	synthesisT      []T   // the transpose of analysis
	filter, dFilter [][]T // [layer][k][channel]: φ and its adjoint
	m, mDot, dn     [][]T // [layer][atom][k][channel]: spectra of m, ṁ and ∂S/∂n
	dnLate          []T   // of the adjoint of n in Gradient
	filtered        []T   // [k][channel]
}

func newHarmonicKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T]) *harmonicKernel[T] {
	n, count := len(cfg.Grid.Orientations), harmonics(cfg.FiberDegree)
	f := &harmonicKernel[T]{
		cfg: cfg, set: set, w: w, count: count,
		analysis: make([]T, count*n), synthesis: make([]T, n*count),
		analysisT: make([]T, count*n), synthesisT: make([]T, n*count),
		filtered: make([]T, count*cfg.Channels),
	}
	for _, x := range []*[][]T{&f.filter, &f.dFilter, &f.m, &f.mDot, &f.dn} {
		*x = make([][]T, cfg.Layers)
	}
	for a, o := range cfg.Grid.Orientations {
		for k, y := range sphericalHarmonics(cfg.FiberDegree, o) {
			weighted := T(cfg.Grid.Weights[a] * y)
			f.analysis[k*n+a], f.synthesisT[a*count+k] = weighted, weighted
			f.synthesis[a*count+k], f.analysisT[k*n+a] = T(y), T(y)
		}
	}
	return f
}

func (f *harmonicKernel[T]) forward() {
	c := f.cfg.Channels
	for t := range f.filter {
		filter := resize(&f.filter[t], f.count*c)
		for l := range f.cfg.FiberDegree + 1 {
			for k := harmonics(l - 1); k < harmonics(l); k++ {
				copy(filter[k*c:(k+1)*c], f.w.layers[t].fiber[l*c:(l+1)*c])
			}
		}
	}
}

// apply writes y = synthesis·(φ∘(analysis·x)) + bias of every atom and keeps the
// spectra analysis·x.
func (f *harmonicKernel[T]) apply(t int, y, x, analysis, synthesis, bias []T, spectra *[]T) {
	n, c := len(f.cfg.Grid.Orientations), f.cfg.Channels
	size := f.count * c
	atoms := len(x) / (n * c)
	resize(spectra, atoms*size)
	for i := range atoms {
		spectrum := (*spectra)[i*size : (i+1)*size]
		f.set.MatMul(spectrum, analysis, x[i*n*c:(i+1)*n*c], f.count, n, c, false)
		f.set.Mul(f.filtered, f.filter[t], spectrum)
		if bias != nil {
			f.set.AXPY(f.filtered[:c], bias, 1)
		}
		f.set.MatMul(y[i*n*c:(i+1)*n*c], synthesis, f.filtered, n, f.count, c, false)
	}
}

func (f *harmonicKernel[T]) convolve(t int, n, m []T) {
	f.apply(t, n, m, f.analysis, f.synthesis, f.w.layers[t].bias, &f.m[t])
	f.mDot[t] = f.mDot[t][:0]
}

func (f *harmonicKernel[T]) convolveDot(t int, nDot, mDot []T) {
	f.apply(t, nDot, mDot, f.analysis, f.synthesis, nil, &f.mDot[t])
}

func (f *harmonicKernel[T]) transpose(t int, dm, dn []T) {
	f.apply(t, dm, dn, f.analysisT, f.synthesisT, nil, &f.dn[t])
}

func (f *harmonicKernel[T]) clearGradient() {
	for t := range f.dFilter {
		cleared(&f.dFilter[t], len(f.filter[t]))
	}
}

func (f *harmonicKernel[T]) transposeGradient(t int, dm, dn []T, grad *weights[T]) {
	f.apply(t, dm, dn, f.analysisT, f.synthesisT, nil, &f.dnLate)
	c, size := f.cfg.Channels, f.count*f.cfg.Channels
	for at := 0; at < len(f.dnLate); at += size {
		// n̂ = φ∘m̂ + b
		f.set.MulAdd(f.dFilter[t], f.dnLate[at:at+size], f.m[t][at:at+size])
		f.set.AXPY(grad.layers[t].bias, f.dnLate[at:at+c], 1)
	}
	for at := 0; at < len(f.mDot[t]); at += size { // the same of the tangent
		f.set.MulAdd(f.dFilter[t], f.dn[t][at:at+size], f.mDot[t][at:at+size])
	}
}

func (f *harmonicKernel[T]) gradient(grad *weights[T]) {
	c := f.cfg.Channels
	for t := range f.dFilter {
		for l := range f.cfg.FiberDegree + 1 {
			for k := harmonics(l - 1); k < harmonics(l); k++ {
				f.set.AXPY(grad.layers[t].fiber[l*c:(l+1)*c], f.dFilter[t][k*c:(k+1)*c], 1)
			}
		}
	}
}

// harmonics is the number of spherical harmonics up to degree l.
func harmonics(l int) int { return (l + 1) * (l + 1) }

// sphericalHarmonics returns the real spherical harmonics of the unit vector o up
// to a degree, l after l, normalised to the addition theorem
//
//	Σ_m Y_lm(o) Y_lm(o') = P_l(o·o').
//
// With o = (x, y, z), P_l^(m) the m-th derivative of P_l and m ≥ 0,
//
//	Y_l±m = √(2 (l−m)!/(l+m)!) P_l^(m)(z) · (Re or Im)(x + iy)^m,  Y_l0 = P_l(z)
//	(l−m) P_l^(m) = (2l−1) z P_(l−1)^(m) − (l+m−1) P_(l−2)^(m),  P_m^(m) = (2m−1)!!
func sphericalHarmonics(degree int, o [3]float64) []float64 {
	out := make([]float64, harmonics(degree))
	re, im, first := 1., 0., 1. // (x + iy)^m, P_m^(m)
	for m := range degree + 1 {
		p, before := first, 0.
		factor := 1. // (l−m)!/(l+m)!
		for k := 2; k <= 2*m; k++ {
			factor /= float64(k)
		}
		for l := m; l <= degree; l++ {
			center := l * (l + 1)
			if m == 0 {
				out[center] = p
			} else {
				norm := math.Sqrt(2 * factor)
				out[center+m], out[center-m] = norm*p*re, norm*p*im
			}
			p, before = (float64(2*l+1)*o[2]*p-float64(l+m)*before)/float64(l+1-m), p
			factor *= float64(l+1-m) / float64(l+1+m)
		}
		re, im = re*o[0]-im*o[1], re*o[1]+im*o[0]
		first *= float64(2*m + 1)
	}
	return out
}
