package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// form is one of the three products, with the places of its elements.
type form[T Float] struct {
	name string
	call func(s *Set[T], c, a, b []T, m, k, n int, accumulate bool)
	a    func(m, k, i, p int) int
	b    func(k, n, p, j int) int
}

func forms[T Float]() []form[T] {
	rowMajor := func(_, columns, i, j int) int { return i*columns + j }
	transposed := func(rows, _, i, j int) int { return j*rows + i }
	return []form[T]{
		{"MatMul", (*Set[T]).MatMul, rowMajor, rowMajor},
		{"MatMulTN", (*Set[T]).MatMulTN, transposed, rowMajor},
		{"MatMulNT", (*Set[T]).MatMulNT, rowMajor, transposed},
	}
}

func testMatMul[T Float](t *testing.T, set *Set[T], f form[T], m, k, n int, rng *rand.Rand) bool {
	a, b, c := random[T](t, rng, m*k), random[T](t, rng, k*n), random[T](t, rng, m*n)
	for _, accumulate := range []bool{false, true} {
		got := clone(t, c)
		f.call(set, got, a, b, m, k, n, accumulate)
		for i := range m {
			for j := range n {
				var want sum
				if accumulate {
					want.add(float64(c[i*n+j]))
				}
				for p := range k {
					want.add(float64(a[f.a(m, k, i, p)]), float64(b[f.b(k, n, p, j)]))
				}
				what := fmt.Sprintf("%s of %d x %d x %d, accumulate %t", f.name, m, k, n, accumulate)
				if !check(t, what, i*n+j, got[i*n+j], want, k+1) {
					return false
				}
			}
		}
	}
	return true
}

func TestMatMulMatchesDefinition(t *testing.T) {
	everySet(t, testMatMulShapes[float32], testMatMulShapes[float64])
}

func testMatMulShapes[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, f := range forms[T]() {
		// All tails of one dimension at a time, below and above the size from
		// which b is packed.
		for size := range 66 {
			for _, shape := range [][3]int{{size, 7, 21}, {5, size, 19}, {27, size, 35}, {3, 9, size}, {25, 10, size}} {
				if !testMatMul(t, set, f, shape[0], shape[1], shape[2], rng) {
					return
				}
			}
		}
		// Beyond one block of k and of n, and the shapes of the edge kernels.
		for _, shape := range [][3]int{{26, 300, 40}, {3, 515, 70}, {40, 3, 520}, {25, 260, 515}, {12, 4, 64}, {4, 12, 64}, {32, 64, 4}} {
			testMatMul(t, set, f, shape[0], shape[1], shape[2], rng)
		}
	}
}

// The rows of a product may be shared among workers in any way.
func TestMatMulRowsAreIndependent(t *testing.T) {
	everySet(t, testRowSplit[float32], testRowSplit[float64])
}

func testRowSplit[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(3, 4))
	const m = 61
	for _, f := range forms[T]() {
		if f.name == "MatMulTN" {
			continue // the rows of its a are the terms of the sum
		}
		for _, shape := range [][2]int{{64, 96}, {300, 33}, {5, 4}, {17, 100}} {
			k, n := shape[0], shape[1]
			a, b := random[T](t, rng, m*k), random[T](t, rng, k*n)
			whole, parts := make([]T, m*n), make([]T, m*n)
			f.call(set, whole, a, b, m, k, n, false)
			for from := 0; from < m; {
				to := min(m, from+1+rng.IntN(30))
				f.call(set, parts[from*n:to*n], a[from*k:to*k], b, to-from, k, n, false)
				from = to
			}
			if !slices.Equal(whole, parts) {
				t.Errorf("%s with k=%d, n=%d depends on how the rows are split", f.name, k, n)
			}
		}
	}
}

func TestMatMulDoesNotAllocate(t *testing.T) {
	const m, k, n = 48, 64, 96
	c, a, b := make([]float32, m*n), make([]float32, m*k), make([]float32, k*n)
	for _, set := range Sets[float32]() {
		if got := testing.AllocsPerRun(10, func() {
			set.MatMul(c, a, b, m, k, n, false)
			set.MatMulTN(c, a, b, m, k, n, true)
			set.MatMulNT(c, a, b, m, k, n, true)
		}); got != 0 {
			t.Errorf("%s: %v allocations per run", set.Name, got)
		}
	}
}
