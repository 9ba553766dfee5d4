package potential

import "ponita/potential/internal/kernel"

// fiberKernel is the kernel of the spherical convolution,
//
//	Φ_c(o_p·o_a) = Σ_k basis_k(o_p·o_a) φ_kc,
//
// with Legendre polynomials as the basis, or MLP(q, q², …) in the polynomial
// family. It depends on the weights alone, not on the configuration. The
// quadrature weight w_a of the sum over orientations is part of it.
type fiberKernel[T Float] struct {
	cfg *Config
	set *kernel.Set[T]
	w   *weights[T]
	mlp *mlp[T] // polynomial family only

	count   int   // basis functions
	basis   []T   // [orientation p][orientation a][basis]
	phi     [][]T // [layer][orientation p][orientation a][channel]
	dPhi    [][]T
	dBasis  []T
	zeroDot []T // the fiber has no tangent
}

func newFiberKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T]) *fiberKernel[T] {
	f := &fiberKernel[T]{
		cfg: cfg, set: set, w: w,
		phi: make([][]T, cfg.Layers), dPhi: make([][]T, cfg.Layers),
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

// sphericalForward convolves every atom's features over the orientations:
//
//	n[i,p,c] = b_c + Σ_a w_a Φ_c(o_p·o_a) m[i,a,c]
//
// n and m are [atom][orientation][channel]. A family without orientations has
// no Φ and adds the bias alone.
func (p *Pass[T]) sphericalForward(t int, n, m []T) {
	bias := p.net.w.layers[t].bias
	for r := 0; r < len(n); r += len(bias) {
		copy(n[r:r+len(bias)], bias)
	}
	p.fiberApply(p.net.set.Fiber, t, n, m)
}

// sphericalTangent is the same without the bias: ṅ from ṁ.
func (p *Pass[T]) sphericalTangent(t int, nDot, mDot []T) {
	clear(nDot)
	p.fiberApply(p.net.set.Fiber, t, nDot, mDot)
}

// sphericalBackward is the transpose, dM from dN:
//
//	// n[ipc] += phi[pac] * m[iac]
//	dm[iac] += phi[pac] * dn[ipc]
func (p *Pass[T]) sphericalBackward(t int, dM, dN []T) {
	clear(dM)
	p.fiberApply(p.net.set.FiberT, t, dM, dN)
}

// fiberApply adds phi·x of every atom to y with the given product.
func (p *Pass[T]) fiberApply(product func(y, phi, x []T, n, c int), t int, y, x []T) {
	if !p.net.cfg.hasFiber() {
		p.net.set.AXPY(y, x, 1)
		return
	}
	n, c := p.orientations(), p.net.cfg.Channels
	for at := 0; at < len(y); at += n * c {
		product(y[at:at+n*c], p.fiber.phi[t], x[at:at+n*c], n, c)
	}
}

// sphericalGradient accumulates the adjoint of phi and of the bias, where dN
// and dNDot are the adjoints of n and ṅ.
func (p *Pass[T]) sphericalGradient(t int, dN, dNDot []T, grad *weights[T]) {
	s := &p.layers[t]
	addRows(p.net.set, grad.layers[t].bias, dN)
	if !p.net.cfg.hasFiber() {
		return
	}
	n, c := p.orientations(), p.net.cfg.Channels
	for at := 0; at < len(dN); at += n * c {
		p.net.set.FiberGrad(p.fiber.dPhi[t], dN[at:at+n*c], s.m[at:at+n*c], n, c)
		p.net.set.FiberGrad(p.fiber.dPhi[t], dNDot[at:at+n*c], s.mDot[at:at+n*c], n, c)
	}
}
