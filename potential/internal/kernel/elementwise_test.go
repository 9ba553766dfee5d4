package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestElementwiseMatchesDefinition(t *testing.T) {
	everySet(t, testElementwise[float32], testElementwise[float64])
}

func testElementwise[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(9, 10))
	for n := range 200 { // beyond three groups of four registers
		x, y, z := random[T](t, rng, n), random[T](t, rng, n), random[T](t, rng, n)
		axpy, mulAdd, mul, square, mulSum := clone(t, y), clone(t, y), clone(t, y), clone(t, y), clone(t, y)
		a := T(rng.NormFloat64())
		set.AXPY(axpy, x, a)
		set.MulAdd(mulAdd, x, z)
		set.Mul(mul, x, z)
		set.Mul(square, square, square)
		set.MulSum(mulSum, x, z, y, y, z)
		var product sum
		for i := range n {
			xi, yi, zi := float64(x[i]), float64(y[i]), float64(z[i])
			product.add(xi, yi)
			for _, c := range []struct {
				what string
				got  T
				want [][]float64
			}{
				{"AXPY", axpy[i], [][]float64{{yi}, {float64(a), xi}}},
				{"MulAdd", mulAdd[i], [][]float64{{yi}, {xi, zi}}},
				{"Mul", mul[i], [][]float64{{xi, zi}}},
				{"MulSum", mulSum[i], [][]float64{{xi, zi}, {yi, yi, zi}}},
				{"square in place", square[i], [][]float64{{yi, yi}}},
			} {
				var want sum
				for _, term := range c.want {
					want.add(term...)
				}
				if !check(t, fmt.Sprintf("%s of %d", c.what, n), i, c.got, want, 3) {
					return
				}
			}
		}
		check(t, fmt.Sprintf("Dot of %d", n), 0, set.Dot(x, y), product, n)
	}
}

func TestFiberMatchesDefinition(t *testing.T) {
	everySet(t, testFiber[float32], testFiber[float64])
}

func testFiber[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(11, 12))
	for c := range 66 {
		for _, n := range []int{0, 1, 2, 3, 5, 12} {
			x, y, phi := random[T](t, rng, n*c), random[T](t, rng, n*c), random[T](t, rng, n*n*c)
			forward, backward, grad := clone(t, y), clone(t, y), clone(t, phi)
			set.Fiber(forward, phi, x, n, c)
			set.FiberT(backward, phi, x, n, c)
			set.FiberGrad(grad, y, x, n, c)
			for p := range n {
				for j := range c {
					pj := p*c + j
					fiber, fiberT := sum{}, sum{}
					fiber.add(float64(y[pj]))
					fiberT.add(float64(y[pj]))
					for a := range n {
						aj, paj, apj := a*c+j, (p*n+a)*c+j, (a*n+p)*c+j
						fiber.add(float64(phi[paj]), float64(x[aj]))
						fiberT.add(float64(phi[apj]), float64(x[aj]))
						gradient := sum{}
						gradient.add(float64(phi[paj]))
						gradient.add(float64(y[pj]), float64(x[aj]))
						check(t, fmt.Sprintf("FiberGrad n=%d c=%d", n, c), paj, grad[paj], gradient, 2)
					}
					check(t, fmt.Sprintf("Fiber n=%d c=%d", n, c), pj, forward[pj], fiber, n+1)
					check(t, fmt.Sprintf("FiberT n=%d c=%d", n, c), pj, backward[pj], fiberT, n+1)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	everySetBench(b, benchElementwise[float32], benchElementwise[float64])
}

func benchElementwise[T Float](b *testing.B, set *Set[T]) {
	for _, n := range []int{32, 4096} {
		x, y, z := normal[T](n), normal[T](n), make([]T, n)
		for _, op := range []struct {
			name  string
			flops int
			call  func()
		}{
			{"AXPY", 2, func() { set.AXPY(z, x, 1e-9) }},
			{"Dot", 2, func() { set.Dot(x, y) }},
			{"MulAdd", 2, func() { set.MulAdd(z, x, y) }},
			{"Mul", 1, func() { set.Mul(z, x, y) }},
		} {
			b.Run(fmt.Sprintf("op=%s/n=%d", op.name, n), func(b *testing.B) {
				for b.Loop() {
					op.call()
				}
				reportFlops(b, op.flops*n)
			})
		}
	}
}

func BenchmarkFiber(b *testing.B) {
	everySetBench(b, benchFiber[float32], benchFiber[float64])
}

func benchFiber[T Float](b *testing.B, set *Set[T]) {
	for _, shape := range [][2]int{{12, 32}, {12, 64}, {20, 64}, {32, 128}} {
		n, c := shape[0], shape[1]
		x, y, phi := normal[T](n*c), make([]T, n*c), normal[T](n*n*c)
		for _, op := range []struct {
			name string
			call func()
		}{
			{"Fiber", func() { set.Fiber(y, phi, x, n, c) }},
			{"FiberT", func() { set.FiberT(y, phi, x, n, c) }},
			{"FiberGrad", func() { set.FiberGrad(phi, y, x, n, c) }},
		} {
			clear(y)
			b.Run(fmt.Sprintf("op=%s/n=%d/c=%d", op.name, n, c), func(b *testing.B) {
				for b.Loop() {
					op.call()
				}
				reportFlops(b, 2*n*n*c)
			})
		}
	}
}
