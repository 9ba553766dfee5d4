package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

// polynomialKernel is the family of the paper,
//
//	K_c(x_ij, o_a) = (A · MLP(features(invariants)) · envelope(r))_c,
//
// where the invariants of a point pair are o·x and |x − o(o·x)|, or |x| alone
// for the distance family, and the features are all their monomials up to the
// degree. |x − o(o·x)| has a cone where a bond is parallel to an orientation:
// forces jump there. The family is for parity with published models; for
// dynamics there is the legendre family.
//
// The self edge of the reference, x = 0, is the last row of the MLP: all its
// features are zero, the same for every orientation.
type polynomialKernel[T Float] struct {
	rowwise[T]
	cfg         *Config
	w           *weights[T]
	mlp         *mlp[T]
	perNeighbor float64 // n̄^(-1/2)

	invariants, features int
	basis, basisDot      []T   // [edge·orientation, and the self row][basis], times envelope and n̄^(-1/2)
	selfK                [][]T // [layer][channel]
	dBasis, dBasisDot    []T   // adjoints of basis and basisDot
	dFeature             []T   // [row][feature]
	dy, dyDot            []T
	vecDot               [][3]float64 // [edge], kept for the gradient
}

func newPolynomialKernel[T Float](cfg *Config, set *kernel.Set[T], w *weights[T], e *edges) *polynomialKernel[T] {
	n := cfg.invariants()
	features := monomials(n, cfg.Degree)
	f := &polynomialKernel[T]{
		cfg: cfg, w: w,
		mlp:         newMLP(set, features, cfg.Hidden, cfg.Basis),
		perNeighbor: 1 / math.Sqrt(cfg.MeanNeighbors),
		invariants:  n, features: features,
		selfK: make([][]T, cfg.Layers),
	}
	f.rowwise = newRowwise[T](f, set, e, len(cfg.Grid.Orientations)*cfg.Channels)
	return f
}

// envelope is that of edge e, times n̄^(-1/2), and its derivative by r.
func (f *polynomialKernel[T]) envelope(e int) (u, du float64) {
	u, du = envelope(f.e.r[e], f.cfg.Cutoff, f.cfg.Envelope)
	return u * f.perNeighbor, du * f.perNeighbor
}

// invariants returns the number of invariants of a point pair.
func (c Config) invariants() int {
	if c.Kernel == Distance {
		return 1
	}
	return 2
}

// pointPair is the invariants of a pair of points and their gradients by x.
// The gradient of a norm is zero where the norm is.
type pointPair struct {
	a    [2]float64
	grad [2][3]float64
}

func (f *polynomialKernel[T]) pointPair(e, a int) (q pointPair) {
	x, o := f.e.graph.Vec[e], f.cfg.Grid.Orientations[a]
	if f.cfg.Kernel == Distance {
		q.a[0], q.grad[0] = f.e.r[e], f.e.unit(e)
		return q
	}
	along := dot(x, o)
	var across [3]float64
	for k := range across {
		across[k] = x[k] - along*o[k]
	}
	q.a = [2]float64{along, norm(across)}
	q.grad[0] = o
	if q.a[1] > 0 {
		for k := range across {
			q.grad[1][k] = across[k] / q.a[1]
		}
	}
	return q
}

// rows returns the number of rows of the MLP without the self edge.
func (f *polynomialKernel[T]) rows() int { return f.e.len() * len(f.cfg.Grid.Orientations) }

func (f *polynomialKernel[T]) forward() {
	f.vecDot = nil
	n, rows, basis := len(f.cfg.Grid.Orientations), f.rows(), f.cfg.Basis
	x := f.mlp.input(rows + 1)
	clear(x[rows*f.features:])
	for e := range f.e.len() {
		for a := range n {
			q := f.pointPair(e, a)
			at := (e*n + a) * f.features
			powers(x[at:at+f.features], q.a[:f.invariants], f.cfg.Degree)
		}
	}
	y := f.mlp.forward(f.w.spatial)
	copy(resize(&f.basis, len(y)), y)
	for e := range f.e.len() {
		u, _ := f.envelope(e)
		for k := range f.basis[e*n*basis : (e+1)*n*basis] {
			f.basis[e*n*basis+k] *= T(u)
		}
	}
	for t := range f.selfK {
		f.set.MatMul(resize(&f.selfK[t], f.cfg.Channels), f.basis[rows*basis:], f.w.layers[t].spatial,
			1, basis, f.cfg.Channels, false)
	}
}

// block returns the rows of edge e in an array of rows of the given width.
func (f *polynomialKernel[T]) block(x []T, e, width int) []T {
	n := len(f.cfg.Grid.Orientations) * width
	return x[e*n : (e+1)*n]
}

// row writes K = basis·A of edge e.
func (f *polynomialKernel[T]) row(t, e int, k []T) {
	f.set.MatMul(k, f.block(f.basis, e, f.cfg.Basis), f.w.layers[t].spatial,
		len(f.cfg.Grid.Orientations), f.cfg.Basis, f.cfg.Channels, false)
}

func (f *polynomialKernel[T]) clearAdjoint() { cleared(&f.dBasis, len(f.basis)) }

func (f *polynomialKernel[T]) adjointRow(t, e int, dk []T) {
	f.set.MatMulNT(f.block(f.dBasis, e, f.cfg.Basis), dk, f.w.layers[t].spatial,
		len(f.cfg.Grid.Orientations), f.cfg.Channels, f.cfg.Basis, true)
}

func (f *polynomialKernel[T]) backward(dVec [][3]float64) {
	n, basis := len(f.cfg.Grid.Orientations), f.cfg.Basis
	dy := cleared(&f.dy, len(f.dBasis))
	for e := range dVec {
		// basis = y u(r)
		u, du := f.envelope(e)
		d, y := f.block(f.dBasis, e, basis), f.block(f.mlp.y, e, basis)
		out := f.block(dy, e, basis)
		dr := 0.
		for k := range d {
			out[k] = d[k] * T(u)
			dr += float64(d[k]*y[k]) * du
		}
		unit := f.e.unit(e)
		for k := range unit {
			dVec[e][k] += dr * unit[k]
		}
	}
	dx := resize(&f.dFeature, (f.rows()+1)*f.features)
	f.mlp.backward(f.w.spatial, dx, dy)
	for e := range dVec {
		for a := range n {
			q := f.pointPair(e, a)
			at := (e*n + a) * f.features
			dq := powersAdjoint(dx[at:at+f.features], q.a[:f.invariants], f.cfg.Degree)
			for i, grad := range q.grad[:f.invariants] {
				for k := range grad {
					dVec[e][k] += dq[i] * grad[k]
				}
			}
		}
	}
}

func (f *polynomialKernel[T]) tangent(vecDot [][3]float64) {
	n, basis := len(f.cfg.Grid.Orientations), f.cfg.Basis
	f.vecDot = vecDot
	x := f.mlp.inputDot()
	clear(x[f.rows()*f.features:])
	for e, v := range vecDot {
		for a := range n {
			q := f.pointPair(e, a)
			var aDot [2]float64
			for i := range f.invariants {
				aDot[i] = dot(q.grad[i], v)
			}
			at := (e*n + a) * f.features
			powersTangent(x[at:at+f.features], q.a[:f.invariants], aDot[:f.invariants], f.cfg.Degree)
		}
	}
	yDot := f.mlp.tangent(f.w.spatial)
	copy(resize(&f.basisDot, len(yDot)), yDot)
	for e, v := range vecDot {
		// d(y u) = ẏ u + y u' ṙ
		u, du := f.envelope(e)
		rDot := dot(f.e.unit(e), v)
		out, y := f.block(f.basisDot, e, basis), f.block(f.mlp.y, e, basis)
		for k := range out {
			out[k] = out[k]*T(u) + y[k]*T(du*rDot)
		}
	}
}

func (f *polynomialKernel[T]) rowDot(t, e int, kDot []T) {
	f.set.MatMul(kDot, f.block(f.basisDot, e, f.cfg.Basis), f.w.layers[t].spatial,
		len(f.cfg.Grid.Orientations), f.cfg.Basis, f.cfg.Channels, false)
}

func (f *polynomialKernel[T]) clearGradient() {
	if f.vecDot == nil { // no tangent is one of zero
		f.tangent(make([][3]float64, f.e.len()))
	}
	cleared(&f.dBasis, len(f.basis))
	cleared(&f.dBasisDot, len(f.basis))
}

func (f *polynomialKernel[T]) gradientRow(t, e int, dk, dkDot []T, grad *weights[T]) {
	n, basis, channels := len(f.cfg.Grid.Orientations), f.cfg.Basis, f.cfg.Channels
	a, da := f.w.layers[t].spatial, grad.layers[t].spatial
	// K = basis·A
	f.set.MatMulTN(da, f.block(f.basis, e, basis), dk, basis, n, channels, true)
	f.set.MatMulNT(f.block(f.dBasis, e, basis), dk, a, n, channels, basis, true)
	// K̇ = basisDot·A
	f.set.MatMulTN(da, f.block(f.basisDot, e, basis), dkDot, basis, n, channels, true)
	f.set.MatMulNT(f.block(f.dBasisDot, e, basis), dkDot, a, n, channels, basis, true)
}

func (f *polynomialKernel[T]) gradient(grad *weights[T]) {
	basis := f.cfg.Basis
	dy, dyDot := resize(&f.dy, len(f.dBasis)), resize(&f.dyDot, len(f.dBasis))
	copy(dy, f.dBasis) // the self row has u = 1
	copy(dyDot, f.dBasisDot)
	for e := range f.e.len() {
		// basis = y u, basisDot = ẏ u + y u' ṙ
		u, du := f.envelope(e)
		rDot := dot(f.e.unit(e), f.vecDot[e])
		out, outDot := f.block(dy, e, basis), f.block(dyDot, e, basis)
		for k := range out {
			out[k] = out[k]*T(u) + outDot[k]*T(du*rDot)
			outDot[k] *= T(u)
		}
	}
	f.mlp.gradient(f.w.spatial, grad.spatial, dy, dyDot)
}

func (f *polynomialKernel[T]) self(t int) []T { return f.selfK[t] }

func (f *polynomialKernel[T]) gradientSelf(t int, ds []T, grad *weights[T]) {
	basis, rows := f.cfg.Basis, f.rows()
	f.set.MatMulTN(grad.layers[t].spatial, f.basis[rows*basis:], ds, basis, 1, f.cfg.Channels, true)
	f.set.MatMulNT(f.dBasis[rows*basis:], ds, f.w.layers[t].spatial, 1, f.cfg.Channels, basis, true)
}
