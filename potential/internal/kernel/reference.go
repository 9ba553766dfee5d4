package kernel

import (
	"math"
	"unsafe"
)

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
		mulSum:    mulSum[T],
		gelu:      gelu[T],
		fiber:     fiber[T],
		fiberGrad: fiberGrad[T],
		fiberT:    fiberT[T],

		spline:     spline[T],
		angular:    angular[T],
		gather:     gather[T],
		gatherGrad: gatherGrad[T],
		pair:       pair[T],
		normalize:  normalize[T],
		normalizeT: normalizeT[T],

		normalizeGrad: normalizeGrad[T],

		linear: linear[T],
		affine: affine[T],
	}
}

func matMul[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for i := range m {
		addRows(c[i*n:][:n], a[i*k:], b, k, 1)
	}
}

func matMulTN[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for p := 0; p < k; p += 4 { // b passes once, c stays in the cache
		for i := range m {
			addRows(c[i*n:][:n], a[p*m+i:], b[p*n:], min(4, k-p), m)
		}
	}
}

// addRows adds sum_p a[p*stride] x[p] to y, where x has k rows. Four rows at a
// time load and store y once, in the same order of summation.
func addRows[T Float](y, a, x []T, k, stride int) {
	n := len(y)
	p := 0
	for ; p+4 <= k; p += 4 {
		a0, a1, a2, a3 := a[p*stride], a[(p+1)*stride], a[(p+2)*stride], a[(p+3)*stride]
		x0, x1, x2, x3 := x[p*n:][:n], x[(p+1)*n:][:n], x[(p+2)*n:][:n], x[(p+3)*n:][:n]
		for j, sum := range y {
			y[j] = sum + a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j]
		}
	}
	for ; p < k; p++ {
		axpy(y, x[p*n:][:n], a[p*stride])
	}
}

func matMulNT[T Float](c, a, b []T, m, k, n int, accumulate bool) {
	if !accumulate {
		clear(c)
	}
	for i := range m {
		x, j := a[i*k:][:k], 0
		for ; j+4 <= n; j += 4 { // four independent sums hide the latency
			b0, b1, b2, b3 := b[j*k:][:k], b[(j+1)*k:][:k], b[(j+2)*k:][:k], b[(j+3)*k:][:k]
			var s0, s1, s2, s3 T
			for p, v := range x {
				s0, s1, s2, s3 = s0+v*b0[p], s1+v*b1[p], s2+v*b2[p], s3+v*b3[p]
			}
			y := c[i*n+j:][:4]
			y[0], y[1], y[2], y[3] = y[0]+s0, y[1]+s1, y[2]+s2, y[3]+s3
		}
		for ; j < n; j++ {
			c[i*n+j] += dot(x, b[j*k:][:k])
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

func mulSum[T Float](y, a, b, c, d, e []T) {
	for i := range y {
		y[i] = a[i]*b[i] + c[i]*d[i]*e[i]
	}
}

func gelu[T Float](y, dy, d2y, x []T) {
	tail := upperTail
	if unsafe.Sizeof(T(0)) == 4 {
		tail = upperTail32
	}
	for i, v := range x {
		f := float64(v)
		m := min(math.Abs(f), 40) // φ(40) is zero in float64; the bound keeps 0·Inf from appearing
		beyond, bell := tail(m)
		density := bell * (1 / (math.SqrtPi * math.Sqrt2)) // a product, not a division
		y[i] = T(max(f, 0) - m*beyond)
		if len(dy) != 0 {
			if f < 0 {
				dy[i] = T(beyond - m*density)
			} else {
				dy[i] = T(1 - beyond + m*density)
			}
		}
		if len(d2y) != 0 {
			d2y[i] = T((2 - m*m) * density)
		}
	}
}

// upperTail is Φ(−m) for m >= 0, and exp(−m²/2).
func upperTail(m float64) (beyond, bell float64) {
	return math.Erfc(m/math.Sqrt2) / 2, math.Exp(-m * m / 2)
}

// upperTail32 is the same with a relative error of 7.5e-9: the polynomial of the
// assembly, see asm/gelu.go, times exp(−m²/2) = 2^k e^f, |f| ≤ ln(2)/2. The error
// function would take most of the time of a network in plain Go.
func upperTail32(m float64) (beyond, bell float64) {
	const round = 3 << 51 // adding it leaves an integer in the last bits
	m = min(m, 16)        // exp(−128) is zero in float32
	x := -m * m / 2
	k := x*math.Log2E + round
	f := x - (k-round)*math.Ln2
	e := 1 + f*(1+f*(1./2+f*(1./6+f*(1./24+f*(1./120+f*(1./720+f*(1./5040+f*(1./40320))))))))
	bell = e * math.Float64frombits((math.Float64bits(k)+1023)<<52)
	t := 1 / (1 + m/4)
	p := ((((((((0.0160883136135*t-0.0600353473541)*t+0.0449318895648)*t+0.0377629145937)*t+0.00460379606094)*t+
		0.0912274968468)*t+0.0703313528569)*t+0.0958952045953)*t+0.0994437837326)*t + 0.0997505992211
	return bell * t * p, bell
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
