package train

import (
	"math"

	"ponita/potential/internal/kernel"
)

// newtonSchulz are the coefficients of an odd polynomial a s + b s³ + c s⁵ that takes
// singular values from (0, 1] to about one, to 0.7 to 1.2 when applied five times,
// and raises small ones fast. Source: Jordan et al. 2024,
// https://kellerjordan.github.io/posts/muon.
var newtonSchulz = struct {
	a, b, c float32
	times   int
}{3.4445, -4.7750, 2.0315, 5}

// orthogonalize replaces x = USVᵀ [row][column] by U S' Vᵀ with singular values S'
// of about one; those of less than a thousandth of the norm of x fall behind. Zero
// stays zero.
func orthogonalize(set *kernel.Set[float32], x []float64, rows, columns int) {
	norm := 0.
	for _, v := range x {
		norm += v * v
	}
	norm = math.Sqrt(norm)
	if norm == 0 {
		return
	}
	// With the short side as rows: X becomes (a + b XXᵀ + c (XXᵀ)²) X.
	m, n := min(rows, columns), max(rows, columns)
	at := func(i, j int) int { return i*n + j }
	if rows > columns {
		at = func(i, j int) int { return j*n + i }
	}
	y, next := make([]float32, m*n), make([]float32, m*n)
	for i := range rows {
		for j := range columns {
			y[at(i, j)] = float32(x[i*columns+j] / norm)
		}
	}
	gram, square := make([]float32, m*m), make([]float32, m*m)
	for range newtonSchulz.times {
		set.MatMulNT(gram, y, y, m, n, m, false)
		set.MatMul(square, gram, gram, m, m, m, false)
		for k, g := range gram {
			square[k] = newtonSchulz.b*g + newtonSchulz.c*square[k]
		}
		for i := range m {
			square[i*m+i] += newtonSchulz.a
		}
		set.MatMul(next, square, y, m, m, n, false)
		y, next = next, y
	}
	for i := range rows {
		for j := range columns {
			x[i*columns+j] = float64(y[at(i, j)])
		}
	}
}
