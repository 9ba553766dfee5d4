package train

import "ponita/potential/internal/kernel"

// newtonSchulz are the coefficients of an odd polynomial a s + b s³ + c s⁵ that takes
// singular values from (0, 1] to about one, to 0.7 to 1.2 when applied five times,
// and raises small ones fast. Source: Jordan et al. 2024,
// https://kellerjordan.github.io/posts/muon.
var newtonSchulz = struct {
	a, b, c float32
	times   int
}{3.4445, -4.7750, 2.0315, 5}

// orthogonalizer is memory for matrices of one size or less.
type orthogonalizer struct {
	x, y                             []float32 // as the matrix
	gram, square, factor, product, p []float32 // of the short side
}

// matrix returns memory for a matrix of so many elements.
func (o *orthogonalizer) matrix(size int) []float32 { return sized(&o.x, size) }

func sized(x *[]float32, size int) []float32 {
	if cap(*x) < size {
		*x = make([]float32, size)
	}
	*x = (*x)[:size]
	return *x
}

// orthogonalize returns for x = USVᵀ [row][column], whose singular values are at most one,
// U S' Vᵀ with singular values S' of about one, valid until the next call; those of less than a
// thousandth of the largest fall behind. Zero stays zero.
//
// The polynomials X ← P X with P = a + b G + c G², G = XXᵀ, are all polynomials of the
// first G. So they are multiplied with each other, G ← P² G, and with X in the end only:
// with the short side a quarter of the long one that is half of the work. With columns as the
// short side G is XᵀX, and they come from the right.
func (o *orthogonalizer) orthogonalize(set *kernel.Set[float32], x []float32, rows, columns int) []float32 {
	n := min(rows, columns)
	gram, square, factor, product, p := sized(&o.gram, n*n), sized(&o.square, n*n), sized(&o.factor, n*n), sized(&o.product, n*n), sized(&o.p, n*n)
	if rows <= columns {
		set.MatMulNT(gram, x, x, rows, columns, rows, false)
	} else {
		set.MatMulTN(gram, x, x, columns, rows, columns, false)
	}
	for k := range newtonSchulz.times {
		set.MatMul(square, gram, gram, n, n, n, false)
		for k, g := range gram {
			p[k] = newtonSchulz.b*g + newtonSchulz.c*square[k]
		}
		for i := range n {
			p[i*n+i] += newtonSchulz.a
		}
		if k == 0 {
			copy(factor, p)
		} else {
			set.MatMul(product, p, factor, n, n, n, false)
			factor, product = product, factor
		}
		if k+1 < newtonSchulz.times {
			set.MatMul(square, p, gram, n, n, n, false)
			set.MatMul(gram, square, p, n, n, n, false)
		}
	}
	y := sized(&o.y, len(x))
	if rows <= columns {
		set.MatMul(y, factor, x, n, n, columns, false)
	} else {
		set.MatMul(y, x, factor, rows, n, n, false)
	}
	return y
}
