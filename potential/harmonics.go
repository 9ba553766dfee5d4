package potential

import (
	"ponita/potential/internal/harmonics"
	"ponita/potential/internal/kernel"
)

// basis holds the spherical harmonics Y_k, k = (l, m), of a grid, orthonormal in the
// mean over the sphere: the matrices that take features to spectra and back.
//
//	x̂[k,c] = Σ_a w_a Y_k(o_a) x[a,c],  x[a,c] = Σ_k Y_k(o_a) x̂[k,c]
type basis[T Float] struct {
	points, count int // N and K
	analysis      []T // [k][orientation]: w_a Y_k(o_a)
	synthesis     []T // [orientation][k]: Y_k(o_a)
	analysisT     []T // the transpose of analysis
	synthesisT    []T // the transpose of synthesis
}

func newBasis[T Float](g Grid, degree int) basis[T] {
	n, count := len(g.Orientations), harmonics.Count(degree)
	b := basis[T]{
		points: n, count: count,
		analysis: make([]T, count*n), synthesis: make([]T, n*count),
		analysisT: make([]T, n*count), synthesisT: make([]T, count*n),
	}
	for a, o := range g.Orientations {
		for k, y := range harmonics.At(degree, o) {
			b.synthesis[a*count+k], b.synthesisT[k*n+a] = T(y), T(y)
			weighted := T(g.Weights[a] * y)
			b.analysis[k*n+a], b.analysisT[a*count+k] = weighted, weighted
		}
	}
	return b
}

// synthesise lays spectra [atom][k][width] out on the grid, [atom][orientation][width],
// or adds them to what is there.
func (b *basis[T]) synthesise(set *kernel.Set[T], x, spectra []T, width int, add bool) {
	for i := range len(x) / (b.points * width) {
		set.MatMul(x[i*b.points*width:][:b.points*width], b.synthesis, spectra[i*b.count*width:][:b.count*width], b.points, b.count, width, add)
	}
}

// synthesiseT is the adjoint of synthesise.
func (b *basis[T]) synthesiseT(set *kernel.Set[T], spectra, x []T, width int) {
	for i := range len(x) / (b.points * width) {
		set.MatMul(spectra[i*b.count*width:][:b.count*width], b.synthesisT, x[i*b.points*width:][:b.points*width], b.count, b.points, width, false)
	}
}

// filter returns the spherical kernel as the factors it multiplies a spectrum by,
// [k][channel]: with φ, [degree][channel], by the addition theorem
//
//	Φ_c(o_p·o_a) = Σ_l φ_lc P_l(o_p·o_a) = Σ_k Y_k(o_p) φ_l(k)c/(2l+1) Y_k(o_a)
func filter[T, W Float](out []T, phi []W, degree int) []T {
	c := len(phi) / (degree + 1)
	for l := range degree + 1 {
		for k := harmonics.Count(l - 1); k < harmonics.Count(l); k++ {
			for j, v := range phi[l*c : (l+1)*c] {
				out[k*c+j] = T(v / W(2*l+1))
			}
		}
	}
	return out
}

// filterGradient adds the adjoint of a filter to that of φ.
func filterGradient[T Float](set *kernel.Set[T], dPhi, dFilter []T, degree int) {
	c := len(dPhi) / (degree + 1)
	for l := range degree + 1 {
		for k := harmonics.Count(l - 1); k < harmonics.Count(l); k++ {
			set.AXPY(dPhi[l*c:(l+1)*c], dFilter[k*c:(k+1)*c], 1/T(2*l+1))
		}
	}
}

// harmonicKernel is the spherical convolution of the legendre family, which
// multiplies spectra by a filter:
//
//	m̂[i,k,c] = Σ_a w_a Y_k(o_a) m[i,a,c]
//	n̂[i,k,c] = φ_l(k)c/(2l+1) m̂[i,k,c] + b_c δ_k0
//	n[i,p,c] = Σ_k Y_k(o_p) n̂[i,k,c]
//
// These are 2KN products instead of N² for K harmonics, and the spectra, which
// are small, are kept: with them the adjoint of φ costs next to nothing. The bias
// belongs to Y_0 = 1. If spectral is set, n̂ is the result in the place of n, and KN
// products are left.
type harmonicKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]
	basis[T]

	spectral        bool
	filter, dFilter [][]T // [layer][k][channel] and its adjoint
	m, mDot, dn     [][]T // [layer][atom][k][channel]: spectra of m, ṁ and ∂S/∂n
	dnLate          []T   // of the adjoint of n in Gradient
	filtered        []T   // [k][channel]
}

func newHarmonicKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T]) *harmonicKernel[T] {
	f := &harmonicKernel[T]{
		cfg: cfg, set: set, w: w, basis: newBasis[T](cfg.Grid, cfg.FiberDegree), spectral: cfg.spectral(),
		filtered: make([]T, harmonics.Count(cfg.FiberDegree)*cfg.Channels),
	}
	for _, x := range []*[][]T{&f.filter, &f.dFilter, &f.m, &f.mDot, &f.dn} {
		*x = make([][]T, cfg.Layers)
	}
	return f
}

func (f *harmonicKernel[T]) forward() {
	for t := range f.filter {
		filter(resize(&f.filter[t], f.count*f.cfg.Channels), f.w.layers[t].fiber, f.cfg.FiberDegree)
	}
}

// eachAtom calls body with the number of each atom of m and the size of its
// spectrum.
func (f *harmonicKernel[T]) eachAtom(m []T, body func(i, size int)) {
	for i := range len(m) / (f.points * f.cfg.Channels) {
		body(i, f.count*f.cfg.Channels)
	}
}

// convolution writes n, or n̂, and keeps the spectra of m.
func (f *harmonicKernel[T]) convolution(t int, n, m, bias []T, spectra *[]T) {
	c, row := f.cfg.Channels, f.points*f.cfg.Channels
	resize(spectra, len(m)/f.points*f.count)
	f.eachAtom(m, func(i, size int) {
		spectrum, filtered := (*spectra)[i*size:(i+1)*size], f.filtered
		if f.spectral {
			filtered = n[i*size : (i+1)*size]
		}
		f.set.MatMul(spectrum, f.analysis, m[i*row:(i+1)*row], f.count, f.points, c, false)
		f.set.Mul(filtered, f.filter[t], spectrum)
		if bias != nil {
			f.set.AXPY(filtered[:c], bias, 1)
		}
		if !f.spectral {
			f.set.MatMul(n[i*row:(i+1)*row], f.synthesis, filtered, f.points, f.count, c, false)
		}
	})
}

func (f *harmonicKernel[T]) convolve(t int, n, m []T) {
	f.convolution(t, n, m, f.w.layers[t].bias, &f.m[t])
	f.mDot[t] = f.mDot[t][:0]
}

func (f *harmonicKernel[T]) onGrid(n []T) []T {
	if !f.spectral {
		return n
	}
	grid := make([]T, len(n)/f.count*f.points)
	f.synthesise(f.set, grid, n, f.cfg.Channels, false)
	return grid
}

func (f *harmonicKernel[T]) convolveDot(t int, nDot, mDot []T) {
	f.convolution(t, nDot, mDot, nil, &f.mDot[t])
}

// adjoint writes dm and keeps the spectra of dn.
func (f *harmonicKernel[T]) adjoint(t int, dm, dn []T, spectra *[]T) {
	c, row := f.cfg.Channels, f.points*f.cfg.Channels
	resize(spectra, len(dm)/f.points*f.count)
	f.eachAtom(dm, func(i, size int) {
		spectrum := (*spectra)[i*size : (i+1)*size]
		if f.spectral {
			copy(spectrum, dn[i*size:(i+1)*size])
		} else {
			f.set.MatMul(spectrum, f.synthesisT, dn[i*row:(i+1)*row], f.count, f.points, c, false)
		}
		f.set.Mul(f.filtered, f.filter[t], spectrum)
		f.set.MatMul(dm[i*row:(i+1)*row], f.analysisT, f.filtered, f.points, f.count, c, false)
	})
}

func (f *harmonicKernel[T]) transpose(t int, dm, dn []T) { f.adjoint(t, dm, dn, &f.dn[t]) }

func (f *harmonicKernel[T]) clearGradient() {
	for t := range f.dFilter {
		cleared(&f.dFilter[t], len(f.filter[t]))
	}
}

func (f *harmonicKernel[T]) transposeGradient(t int, dm, dn []T, grad *weights[T]) {
	f.adjoint(t, dm, dn, &f.dnLate)
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
	for t := range f.dFilter {
		filterGradient(f.set, grad.layers[t].fiber, f.dFilter[t], f.cfg.FiberDegree)
	}
}
