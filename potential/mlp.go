package potential

import "ponita/potential/internal/kernel"

// mlp is the small network behind the kernels of every family,
//
//	y = GELU(GELU(x·w1 + b1)·w2 + b2),
//
// for many rows at once. After forward it can carry a tangent ẋ to ẏ, an
// adjoint ∂S/∂y back to ∂S/∂x, and the adjoints of a pair (y, ẏ) back to the
// weights. Shapes: x [row][input], y [row][basis].
type mlp[T Float] struct {
	set                     *kernel.Set[T]
	inputs, hidden, outputs int
	rows                    int

	x, q1, g1, dg1, d2g1 []T // input; first linear map; GELU and its derivatives
	y, q2, dg2, d2g2     []T
	xDot, q1Dot, g1Dot   []T // the same along the tangent
	yDot, q2Dot          []T
	dq1, dq2, dg1Adj     []T // adjoints
	dq1Dot, dq2Dot       []T
	dg1AdjDot            []T
}

func newMLP[T Float](set *kernel.Set[T], inputs, hidden, outputs int) *mlp[T] {
	return &mlp[T]{set: set, inputs: inputs, hidden: hidden, outputs: outputs}
}

// input returns the buffer for the rows of x.
func (m *mlp[T]) input(rows int) []T {
	m.rows = rows
	return resize(&m.x, rows*m.inputs)
}

// forward returns y for the rows in input.
func (m *mlp[T]) forward(w mlpWeights[T]) []T {
	n := m.rows * m.hidden
	affine(m.set, resize(&m.q1, n), m.x, w.w1, w.b1, m.rows)
	m.set.GELU(resize(&m.g1, n), resize(&m.dg1, n), resize(&m.d2g1, n), m.q1)
	n = m.rows * m.outputs
	affine(m.set, resize(&m.q2, n), m.g1, w.w2, w.b2, m.rows)
	m.set.GELU(resize(&m.y, n), resize(&m.dg2, n), resize(&m.d2g2, n), m.q2)
	return m.y
}

// inputDot returns the buffer for the rows of ẋ.
func (m *mlp[T]) inputDot() []T { return resize(&m.xDot, m.rows*m.inputs) }

// tangent returns ẏ for the tangent in inputDot.
func (m *mlp[T]) tangent(w mlpWeights[T]) []T {
	n := m.rows * m.hidden
	m.set.MatMul(resize(&m.q1Dot, n), m.xDot, w.w1, m.rows, m.inputs, m.hidden, false)
	m.set.Mul(resize(&m.g1Dot, n), m.dg1, m.q1Dot)
	n = m.rows * m.outputs
	m.set.MatMul(resize(&m.q2Dot, n), m.g1Dot, w.w2, m.rows, m.hidden, m.outputs, false)
	m.set.Mul(resize(&m.yDot, n), m.dg2, m.q2Dot)
	return m.yDot
}

// backward writes dx = ∂S/∂x for dy = ∂S/∂y.
func (m *mlp[T]) backward(w mlpWeights[T], dx, dy []T) {
	// y = g(q2); q2 = g1·w2 + b2
	m.set.Mul(resize(&m.dq2, len(dy)), m.dg2, dy)
	m.set.MatMulNT(resize(&m.dg1Adj, m.rows*m.hidden), m.dq2, w.w2, m.rows, m.outputs, m.hidden, false)
	// g1 = g(q1); q1 = x·w1 + b1
	m.set.Mul(resize(&m.dq1, m.rows*m.hidden), m.dg1, m.dg1Adj)
	m.set.MatMulNT(dx, m.dq1, w.w1, m.rows, m.hidden, m.inputs, false)
}

// gradient accumulates the adjoints of the weights for a scalar that depends on
// y with ∂S/∂y = dy and on ẏ with ∂S/∂ẏ = dyDot.
func (m *mlp[T]) gradient(w, grad mlpWeights[T], dy, dyDot []T) {
	n := m.rows * m.outputs
	geluGradient(m.set, resize(&m.dq2, n), resize(&m.dq2Dot, n), dy, dyDot, m.dg2, m.d2g2, m.q2Dot)
	affineGradient(m.set, grad.w2, grad.b2, m.g1, m.dq2, m.rows)
	m.set.MatMulTN(grad.w2, m.g1Dot, m.dq2Dot, m.hidden, m.rows, m.outputs, true)
	n = m.rows * m.hidden
	m.set.MatMulNT(resize(&m.dg1Adj, n), m.dq2, w.w2, m.rows, m.outputs, m.hidden, false)
	m.set.MatMulNT(resize(&m.dg1AdjDot, n), m.dq2Dot, w.w2, m.rows, m.outputs, m.hidden, false)
	geluGradient(m.set, resize(&m.dq1, n), resize(&m.dq1Dot, n), m.dg1Adj, m.dg1AdjDot, m.dg1, m.d2g1, m.q1Dot)
	affineGradient(m.set, grad.w1, grad.b1, m.x, m.dq1, m.rows)
	m.set.MatMulTN(grad.w1, m.xDot, m.dq1Dot, m.inputs, m.rows, m.hidden, true)
}

// affine writes y = x·w + b; y [row][output], x [row][input].
func affine[T Float](set *kernel.Set[T], y, x, w, b []T, rows int) {
	outputs := len(b)
	for r := range rows {
		copy(y[r*outputs:(r+1)*outputs], b)
	}
	set.MatMul(y, x, w, rows, len(w)/outputs, outputs, true)
}

// affineGradient accumulates the weight adjoints of y = x·w + b for dy = ∂S/∂y.
func affineGradient[T Float](set *kernel.Set[T], dw, db, x, dy []T, rows int) {
	set.MatMulTN(dw, x, dy, len(dw)/len(db), rows, len(db), true)
	addRows(set, db, dy)
}

// geluGradient writes the adjoints of q and q̇ in the pair
//
//	g = GELU(q), ġ = GELU'(q) q̇
//
// for dg = ∂S/∂g and dgDot = ∂S/∂ġ; d1 and d2 are GELU'(q) and GELU”(q).
func geluGradient[T Float](set *kernel.Set[T], dq, dqDot, dg, dgDot, d1, d2, qDot []T) {
	set.MulSum(dq, d1, dg, d2, qDot, dgDot)
	set.Mul(dqDot, d1, dgDot)
}

// addRows adds every row of x to y.
func addRows[T Float](set *kernel.Set[T], y, x []T) {
	for r := 0; r < len(x); r += len(y) {
		set.AXPY(y, x[r:r+len(y)], 1)
	}
}

// resize returns *buf with length n, its contents undefined, allocating only to
// grow, with some room to spare for a number of edges that comes and goes.
func resize[T any](buf *[]T, n int) []T {
	if cap(*buf) < n {
		*buf = make([]T, n+n/32)
	}
	*buf = (*buf)[:n]
	return *buf
}

// cleared is resize with the contents set to zero.
func cleared[T any](buf *[]T, n int) []T {
	b := resize(buf, n)
	clear(b)
	return b
}
