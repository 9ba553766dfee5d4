package potential

import (
	"ponita/potential/internal/harmonics"
	"ponita/potential/internal/kernel"
)

// sphericalKernel convolves every atom's features over the orientations with the
// kernels Φ_c(o_p·o_a) of all layers, which depend on the weights alone:
//
//	n[i,p,c] = b_c + Σ_a w_a Φ_c(o_p·o_a) m[i,a,c]
//
// n and m are [atom][orientation][channel]. A family without orientations has no Φ
// and adds the bias alone.
type sphericalKernel[T Float] interface {
	forward()                    // prepare for the current weights
	convolve(t int, n, m []T)    // n = b + Φ m, or its spectrum
	onGrid(n []T) []T            // what convolve wrote, as [atom][orientation][channel]
	convolveDot(t int, n, m []T) // ṅ = Φ ṁ
	transpose(t int, dm, dn []T) // dm = Φᵀ dn of Backward
	clearGradient()              //
	gradient(grad *weights[T])   // after all layers: the weights of Φ
	// transposeGradient is transpose for the adjoint of n in the pair (n, ṅ). It
	// takes in ∂S/∂Φ = dn m + dnDot ṁ, dnDot being the dn of Backward, and ∂S/∂b.
	transposeGradient(t int, dm, dn []T, grad *weights[T])
}

// newSphericalKernel chooses the one with less to do.
func newSphericalKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T]) sphericalKernel[T] {
	if cfg.spectral() || cfg.Kernel == Legendre && harmonics.Count(cfg.FiberDegree) <= len(cfg.Grid.Orientations) {
		return newHarmonicKernel(cfg, set, w)
	}
	return newFiberKernel(cfg, set, w)
}

// fiberKernel is the convolution as the equation reads, with
//
//	Φ_c(o_p·o_a) = Σ_k basis_k(o_p·o_a) φ_kc,
//
// and Legendre polynomials as the basis, or MLP(q, q², …) in the polynomial
// family. The quadrature weight w_a is part of Φ.
type fiberKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]
	mlp *mlp[T] // polynomial family only

	count   int   // basis functions
	basis   []T   // [orientation p][orientation a][basis]
	phi     [][]T // [layer][orientation p][orientation a][channel]
	dPhi    [][]T
	m, mDot [][]T // [layer] what was convolved, and
	dn      [][]T // the adjoints of Backward, kept by reference
	dBasis  []T
	zeroDot []T // the fiber has no tangent
}

func newFiberKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T]) *fiberKernel[T] {
	f := &fiberKernel[T]{
		cfg: cfg, set: set, w: w,
		phi: make([][]T, cfg.Layers), dPhi: make([][]T, cfg.Layers),
		m: make([][]T, cfg.Layers), mDot: make([][]T, cfg.Layers), dn: make([][]T, cfg.Layers),
	}
	if !cfg.hasFiber() {
		return f
	}
	grid := cfg.Grid.Orientations
	n := len(grid)
	if cfg.Kernel == Polynomial {
		f.count = cfg.Basis
		f.mlp = newMLP(set, cfg.FiberDegree, cfg.Hidden, cfg.Basis)
		x := f.mlp.input(n * n)
		clear(f.mlp.inputDot())
		for k := range n * n {
			powers(x[k*cfg.FiberDegree:(k+1)*cfg.FiberDegree], []float64{dot(grid[k/n], grid[k%n])}, cfg.FiberDegree)
		}
		return f
	}
	f.count = cfg.FiberDegree + 1
	f.basis = make([]T, n*n*f.count)
	derivative := make([]T, f.count)
	for k := range n * n {
		legendre(f.basis[k*f.count:(k+1)*f.count], derivative, dot(grid[k/n], grid[k%n]))
	}
	return f
}

func (f *fiberKernel[T]) forward() {
	n, channels := len(f.cfg.Grid.Orientations), f.cfg.Channels
	if f.mlp != nil {
		f.basis = f.mlp.forward(f.w.fiber)
	}
	if !f.cfg.hasFiber() {
		return
	}
	for t := range f.phi {
		f.set.MatMul(resize(&f.phi[t], n*n*channels), f.basis, f.w.layers[t].fiber, n*n, f.count, channels, false)
		f.weigh(f.phi[t])
	}
}

// weigh multiplies phi, or its adjoint, by the quadrature weights w_a.
func (f *fiberKernel[T]) weigh(phi []T) {
	channels := f.cfg.Channels
	for at := 0; at < len(phi); {
		for _, w := range f.cfg.Grid.Weights {
			for k := range phi[at : at+channels] {
				phi[at+k] *= T(w)
			}
			at += channels
		}
	}
}

func (f *fiberKernel[T]) clearGradient() {
	for t := range f.dPhi {
		cleared(&f.dPhi[t], len(f.phi[t]))
	}
}

func (f *fiberKernel[T]) gradient(grad *weights[T]) {
	if !f.cfg.hasFiber() {
		return
	}
	n := len(f.cfg.Grid.Orientations)
	if f.mlp != nil {
		cleared(&f.dBasis, len(f.basis))
	}
	for t := range f.dPhi {
		f.weigh(f.dPhi[t])
		// phi = basis·φ
		f.set.MatMulTN(grad.layers[t].fiber, f.basis, f.dPhi[t], f.count, n*n, f.cfg.Channels, true)
		if f.mlp != nil {
			f.set.MatMulNT(f.dBasis, f.dPhi[t], f.w.layers[t].fiber, n*n, f.cfg.Channels, f.count, true)
		}
	}
	if f.mlp != nil {
		f.mlp.tangent(f.w.fiber)
		f.mlp.gradient(f.w.fiber, grad.fiber, f.dBasis, cleared(&f.zeroDot, len(f.dBasis)))
	}
}

// apply adds Φ·x of every atom, by the given product, to y.
func (f *fiberKernel[T]) apply(product func(y, phi, x []T, n, c int), t int, y, x []T) {
	if !f.cfg.hasFiber() {
		f.set.AXPY(y, x, 1)
		return
	}
	n, c := len(f.cfg.Grid.Orientations), f.cfg.Channels
	for at := 0; at < len(y); at += n * c {
		product(y[at:at+n*c], f.phi[t], x[at:at+n*c], n, c)
	}
}

func (f *fiberKernel[T]) convolve(t int, n, m []T) {
	f.m[t], f.mDot[t] = m, nil
	bias := f.w.layers[t].bias
	for r := 0; r < len(n); r += len(bias) {
		copy(n[r:r+len(bias)], bias)
	}
	f.apply(f.set.Fiber, t, n, m)
}

func (f *fiberKernel[T]) onGrid(n []T) []T { return n }

func (f *fiberKernel[T]) convolveDot(t int, nDot, mDot []T) {
	f.mDot[t] = mDot
	clear(nDot)
	f.apply(f.set.Fiber, t, nDot, mDot)
}

func (f *fiberKernel[T]) transpose(t int, dm, dn []T) {
	f.dn[t] = dn
	f.transposed(t, dm, dn)
}

// transposed is the adjoint of convolve:
//
//	// n[ipc] += phi[pac] * m[iac]
//	dm[iac] += phi[pac] * dn[ipc]
func (f *fiberKernel[T]) transposed(t int, dm, dn []T) {
	clear(dm)
	f.apply(f.set.FiberT, t, dm, dn)
}

func (f *fiberKernel[T]) transposeGradient(t int, dm, dn []T, grad *weights[T]) {
	f.transposed(t, dm, dn)
	addRows(f.set, grad.layers[t].bias, dn)
	if !f.cfg.hasFiber() {
		return
	}
	n, c := len(f.cfg.Grid.Orientations), f.cfg.Channels
	for at := 0; at < len(dn); at += n * c {
		f.set.FiberGrad(f.dPhi[t], dn[at:at+n*c], f.m[t][at:at+n*c], n, c)
	}
	for at := 0; at < len(f.mDot[t]); at += n * c {
		f.set.FiberGrad(f.dPhi[t], f.dn[t][at:at+n*c], f.mDot[t][at:at+n*c], n, c)
	}
}
