package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// everySetBench runs a benchmark on every set of both precisions.
func everySetBench(b *testing.B, bench32 func(*testing.B, *Set[float32]), bench64 func(*testing.B, *Set[float64])) {
	for _, set := range Sets[float32]() {
		b.Run("precision=float32/kernel="+set.Name, func(b *testing.B) { bench32(b, set) })
	}
	for _, set := range Sets[float64]() {
		b.Run("precision=float64/kernel="+set.Name, func(b *testing.B) { bench64(b, set) })
	}
}

func normal[T Float](n int) []T {
	rng := rand.New(rand.NewPCG(5, 6))
	x := make([]T, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
	}
	return x
}

func reportFlops(b *testing.B, flops int) {
	b.ReportMetric(float64(flops)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}

func BenchmarkMatMul(b *testing.B) {
	everySetBench(b, benchMatMul[float32], benchMatMul[float64])
}

func benchMatMul[T Float](b *testing.B, set *Set[T]) {
	shapes := [][3]int{
		{4096, 64, 256}, {4096, 256, 64}, {64, 64, 256}, {64, 256, 64}, {360, 32, 128}, // block
		{12, 4, 32}, {12, 4, 64}, {32, 4, 128}, // edge kernels
	}
	for i, f := range forms[T]() {
		for _, shape := range shapes {
			m, k, n := shape[0], shape[1], shape[2]
			switch i { // the adjoints of the same shapes
			case 1:
				m, k = k, m
			case 2:
				k, n = n, k
			}
			b.Run(fmt.Sprintf("op=%s/m=%d/k=%d/n=%d", f.name, m, k, n), func(b *testing.B) {
				x, y, z := normal[T](m*n), normal[T](m*k), normal[T](k*n)
				for b.Loop() {
					f.call(set, x, y, z, m, k, n, false)
				}
				reportFlops(b, 2*m*k*n)
			})
		}
	}
}

// BenchmarkSquare has spectra of a block of atoms that fit the second-level cache.
func BenchmarkSquare(b *testing.B) {
	for _, degree := range []int{1, 2} {
		const width, atoms = 256, 12
		in, out := squareLists[degree].sizes(width)
		for _, set := range Sets[float32]() {
			q, g := make([]float32, atoms*in), make([]float32, atoms*out)
			for name, run := range map[string]func(){
				"forward": func() { set.Square(g, q, degree, width) },
				"tangent": func() { set.SquareDot(g, q, q, degree, width) },
				"adjoint": func() { set.SquareT(q, g, q, degree, width) },
			} {
				b.Run(fmt.Sprintf("degree=%d/%s/%s", degree, name, set.Name), func(b *testing.B) {
					for b.Loop() {
						run()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/atoms, "ns/atom")
				})
			}
		}
	}
}
