package kernel

import "fmt"

// Float is the precision of a kernel set.
type Float interface{ ~float32 | ~float64 }

// Set is one complete family of kernels in one precision. It holds no mutable
// state: any number of goroutines may share one.
//
// Every method checks the lengths of its slices against the dimensions once and
// panics if they differ, so all sets agree on bad input. No method allocates in
// steady state. Unless a method says otherwise its output must not overlap its
// inputs.
type Set[T Float] struct {
	Name string // "reference", "avx2" or "avx512"

	matMul   func(c, a, b []T, m, k, n int, accumulate bool)
	matMulTN func(c, a, b []T, m, k, n int, accumulate bool)
	matMulNT func(c, a, b []T, m, k, n int, accumulate bool)

	axpy   func(y, x []T, a T)
	dot    func(x, y []T) T
	mulAdd func(y, a, b []T)
	mul    func(y, a, b []T)
	mulSum func(y, a, b, c, d, e []T)
	gelu   func(y, dy, d2y, x []T)

	square    func(g, q []T, degree, atoms, width int)
	squareDot func(gDot, q, qDot []T, degree, atoms, width int)
	squareT   func(dq, dg, q []T, degree, atoms, width int, add bool)

	fiber     func(y, phi, x []T, n, c int)
	fiberGrad func(dphi, dy, x []T, n, c int)
	fiberT    func(dx, phi, dy []T, n, c int)

	spline  func(r, dr, table []T, at []int32, frac []T, width int)
	angular func(p, dp, u, grid []T, n, degree int, sign T)
	gather  func(y, r, p []T, x Rows[T], n, c, degree int)

	gatherGrad func(dr, p, dy []T, x Rows[T], n, c, degree int)
	pair       func(out []T, a *PairArgs[T])
	expand     func(m, r, y []T, x Rows[T], c, degree int)
	expandPair func(out []T, a *ExpandArgs[T])

	normalize  func(xhat, rstd, x []T, c int, epsilon T)
	normalizeT func(y, slope, v, xhat, rstd []T, c int)

	normalizeGrad func(dx []T, a *NormArgs[T], c int)

	linear func(l *Linear[T], w []T, transposed bool)
	affine func(y, x []T, l *Linear[T], rows int, accumulate bool)
}

// MatMul computes c = a·b, or c += a·b if accumulate is set. The matrices are
// row-major with contiguous rows: a is [m][k], b is [k][n] and c is [m][n].
//
// A row of c depends on the same row of a and on b only, to the last bit: how
// rows are shared among workers does not change the result.
func (s *Set[T]) MatMul(c, a, b []T, m, k, n int, accumulate bool) {
	mustMatch("MatMul: c", len(c), m, n)
	mustMatch("MatMul: a", len(a), m, k)
	mustMatch("MatMul: b", len(b), k, n)
	s.matMul(c, a, b, m, k, n, accumulate)
}

// MatMulTN computes c = aᵀ·b, or c += aᵀ·b if accumulate is set: a is [k][m],
// b is [k][n] and c is [m][n]. It is the weight adjoint of MatMul, where k
// counts atoms and is by far the largest dimension.
func (s *Set[T]) MatMulTN(c, a, b []T, m, k, n int, accumulate bool) {
	mustMatch("MatMulTN: c", len(c), m, n)
	mustMatch("MatMulTN: a", len(a), k, m)
	mustMatch("MatMulTN: b", len(b), k, n)
	s.matMulTN(c, a, b, m, k, n, accumulate)
}

// MatMulNT computes c = a·bᵀ, or c += a·bᵀ if accumulate is set: a is [m][k],
// b is [n][k] and c is [m][n]. It is the input adjoint of MatMul, and like
// there a row of c does not depend on the other rows.
func (s *Set[T]) MatMulNT(c, a, b []T, m, k, n int, accumulate bool) {
	mustMatch("MatMulNT: c", len(c), m, n)
	mustMatch("MatMulNT: a", len(a), m, k)
	mustMatch("MatMulNT: b", len(b), n, k)
	s.matMulNT(c, a, b, m, k, n, accumulate)
}

// AXPY adds a·x to y. Here x may be y.
func (s *Set[T]) AXPY(y, x []T, a T) {
	mustMatch("AXPY: x", len(x), len(y), 1)
	s.axpy(y, x, a)
}

// Dot returns the sum of x[i]·y[i]. The order of summation depends on the length
// only.
func (s *Set[T]) Dot(x, y []T) T {
	mustMatch("Dot: y", len(y), len(x), 1)
	return s.dot(x, y)
}

// MulAdd adds the elementwise product a∘b to y. Here a and b may be y.
func (s *Set[T]) MulAdd(y, a, b []T) {
	mustMatch("MulAdd: a", len(a), len(y), 1)
	mustMatch("MulAdd: b", len(b), len(y), 1)
	s.mulAdd(y, a, b)
}

// Mul sets y to the elementwise product a∘b. Here a and b may be y.
func (s *Set[T]) Mul(y, a, b []T) {
	mustMatch("Mul: a", len(a), len(y), 1)
	mustMatch("Mul: b", len(b), len(y), 1)
	s.mul(y, a, b)
}

// MulSum sets y to the sum a∘b + c∘d∘e of elementwise products.
func (s *Set[T]) MulSum(y, a, b, c, d, e []T) {
	mustMatch("MulSum: a", len(a), len(y), 1)
	mustMatch("MulSum: b", len(b), len(y), 1)
	mustMatch("MulSum: c", len(c), len(y), 1)
	mustMatch("MulSum: d", len(d), len(y), 1)
	mustMatch("MulSum: e", len(e), len(y), 1)
	s.mulSum(y, a, b, c, d, e)
}

// GELU evaluates the Gaussian error linear unit in its exact form and, where dy
// and d2y are not empty, its first and second derivatives:
//
//	y   = x Φ(x)
//	dy  = Φ(x) + x φ(x)
//	d2y = (2 - x²) φ(x)
//
// with φ and Φ the density and distribution function of the standard normal.
// y may be x. The limits hold at ±Inf, and NaN gives NaN.
//
// Source: Hendrycks, Gimpel (arXiv:1606.08415).
func (s *Set[T]) GELU(y, dy, d2y, x []T) {
	mustMatch("GELU: y", len(y), len(x), 1)
	if len(dy) != 0 {
		mustMatch("GELU: dy", len(dy), len(x), 1)
	}
	if len(d2y) != 0 {
		mustMatch("GELU: d2y", len(d2y), len(x), 1)
	}
	s.gelu(y, dy, d2y, x)
}

// Fiber adds the spherical convolution of one atom, with n orientations and c
// channels, to y:
//
//	y[p,c] += sum_a phi[p,a,c] x[a,c]
//
// phi is [n][n][c], x and y are [n][c].
func (s *Set[T]) Fiber(y, phi, x []T, n, c int) {
	mustMatch("Fiber: y", len(y), n, c)
	mustMatch("Fiber: phi", len(phi), n, n*c)
	mustMatch("Fiber: x", len(x), n, c)
	s.fiber(y, phi, x, n, c)
}

// FiberGrad adds the adjoint of Fiber in its weights to dphi:
//
//	dphi[p,a,c] += dy[p,c] x[a,c]
func (s *Set[T]) FiberGrad(dphi, dy, x []T, n, c int) {
	mustMatch("FiberGrad: dphi", len(dphi), n, n*c)
	mustMatch("FiberGrad: dy", len(dy), n, c)
	mustMatch("FiberGrad: x", len(x), n, c)
	s.fiberGrad(dphi, dy, x, n, c)
}

// FiberT adds the adjoint of Fiber in its input to dx:
//
//	dx[a,c] += sum_p phi[p,a,c] dy[p,c]
func (s *Set[T]) FiberT(dx, phi, dy []T, n, c int) {
	mustMatch("FiberT: dx", len(dx), n, c)
	mustMatch("FiberT: phi", len(phi), n, n*c)
	mustMatch("FiberT: dy", len(dy), n, c)
	s.fiberT(dx, phi, dy, n, c)
}

// mustMatch is small enough to be inlined: the edge kernels are called millions
// of times with a few hundred elements.
func mustMatch(what string, got, rows, columns int) {
	if got != rows*columns || rows < 0 {
		panicMismatch(what, got, rows, columns)
	}
}

//go:noinline
func panicMismatch(what string, got, rows, columns int) {
	panic(fmt.Sprintf("kernel: %s has %d elements, the call wants %d x %d", what, got, rows, columns))
}
