package kernel

import "math"

// Reference returns the kernels in plain Go. They define what every other set
// computes, and they are the set of machines without assembly.
func Reference[T Float]() *Set[T] {
	return &Set[T]{
		Name:      "reference",
		matMul:    matMul[T],
		matMulTN:  matMulTN[T],
		matMulNT:  matMulNT[T],
		axpy:      axpy[T],
		dot:       dot[T],
		mulAdd:    mulAdd[T],
		mul:       mul[T],
		gelu:      gelu[T],
		fiber:     fiber[T],
		fiberGrad: fiberGrad[T],
		fiberT:    fiberT[T],
	}
}

func matMul[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for i := range m {
		for p := range k {
			axpy(c[i*n:][:n], b[p*n:][:n], a[i*k+p])
		}
	}
}

func matMulTN[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for p := range k {
		for i := range m {
			axpy(c[i*n:][:n], b[p*n:][:n], a[p*m+i])
		}
	}
}

func matMulNT[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for i := range m {
		for j := range n {
			c[i*n+j] += dot(a[i*k:][:k], b[j*k:][:k])
		}
	}
}

func axpy[T Float](y, x []T, a T) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

func dot[T Float](x, y []T) (sum T) {
	y = y[:len(x)]
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func mulAdd[T Float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] += a[i] * b[i]
	}
}

func mul[T Float](y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = a[i] * b[i]
	}
}

func gelu[T Float](y, dy, d2y, x []T) {
	for i, v := range x {
		// φ(40) is zero in float64; the bound keeps 0·Inf from appearing.
		f := float64(v)
		t := max(-40, min(40, f))
		density := math.Exp(-t*t/2) / math.Sqrt(2*math.Pi)
		distribution := math.Erfc(-t/math.Sqrt2) / 2
		y[i] = T(max(-40, f) * distribution)
		if len(dy) != 0 {
			dy[i] = T(distribution + t*density)
		}
		if len(d2y) != 0 {
			d2y[i] = T((2 - t*t) * density)
		}
	}
}

func fiber[T Float](y, phi, x []T, n, c int) {
	for p := range n {
		for a := range n {
			mulAdd(y[p*c:][:c], phi[(p*n+a)*c:][:c], x[a*c:][:c])
		}
	}
}

func fiberGrad[T Float](dphi, dy, x []T, n, c int) {
	for p := range n {
		for a := range n {
			mulAdd(dphi[(p*n+a)*c:][:c], dy[p*c:][:c], x[a*c:][:c])
		}
	}
}

func fiberT[T Float](dx, phi, dy []T, n, c int) {
	for p := range n {
		for a := range n {
			mulAdd(dx[a*c:][:c], phi[(p*n+a)*c:][:c], dy[p*c:][:c])
		}
	}
}
