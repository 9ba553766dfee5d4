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
		square:    square[T],
		squareDot: squareDot[T],
		squareT:   squareT[T],
		fiber:     fiber[T],
		fiberGrad: fiberGrad[T],
		fiberT:    fiberT[T],

		spline:     spline[T],
		angular:    angular[T],
		gather:     gather[T],
		gatherGrad: gatherGrad[T],
		pair:       pair[T],
		expand:     expand[T],
		expandPair: expandPair[T],
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
	for p := 0; p < k; p += 8 { // b passes once, c stays in the cache
		for i := range m {
			addRows(c[i*n:][:n], a[p*m+i:], b[p*n:], min(8, k-p), m)
		}
	}
}

// addRows adds sum_p a[p*stride] x[p] to y, where x has k rows. Eight rows at a
// time load and store y once, in the same order of summation.
func addRows[T Float](y, a, x []T, k, stride int) {
	n := len(y)
	p := 0
	for ; p+8 <= k; p += 8 {
		a0, a1, a2, a3 := a[p*stride], a[(p+1)*stride], a[(p+2)*stride], a[(p+3)*stride]
		a4, a5, a6, a7 := a[(p+4)*stride], a[(p+5)*stride], a[(p+6)*stride], a[(p+7)*stride]
		x0, x1, x2, x3 := x[p*n:][:n], x[(p+1)*n:][:n], x[(p+2)*n:][:n], x[(p+3)*n:][:n]
		x4, x5, x6, x7 := x[(p+4)*n:][:n], x[(p+5)*n:][:n], x[(p+6)*n:][:n], x[(p+7)*n:][:n]
		for j, sum := range y {
			y[j] = sum + a0*x0[j] + a1*x1[j] + a2*x2[j] + a3*x3[j] + a4*x4[j] + a5*x5[j] + a6*x6[j] + a7*x7[j]
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
	single := unsafe.Sizeof(T(0)) == 4
	for i, v := range x {
		f := float64(v)
		m := min(math.Abs(f), 40) // φ(40) is zero in float64; the bound keeps 0·Inf from appearing
		var beyond, bell float64
		if single {
			beyond, bell = upperTail32(m)
		} else {
			beyond, bell = upperTail(m)
		}
		density := bell * (1 / (math.SqrtPi * math.Sqrt2)) // a product, not a division
		y[i] = T(max(f, 0) - m*beyond)
		if len(dy) != 0 {
			// s or 1 − s by the sign of f, which no branch predictor guesses
			s, one := beyond-m*density, positive[math.Float64bits(f)>>63]
			dy[i] = T(one + s*(1-2*one))
		}
		if len(d2y) != 0 {
			d2y[i] = T((2 - m*m) * density)
		}
	}
}

// positive is 1 for a sign bit of 0, else 0.
var positive = [2]float64{1, 0}

// upperTail is Φ(−m) for m >= 0, and exp(−m²/2).
func upperTail(m float64) (beyond, bell float64) {
	return math.Erfc(m/math.Sqrt2) / 2, math.Exp(-m * m / 2)
}

// upperTail32 is the same with a relative error of 7.5e-9: the polynomial of the
// assembly, see asm/gelu.go, times exp(−m²/2) = 2^(k/16) e^f, |f| ≤ ln(2)/32. The
// error function would take most of the time of a network in plain Go.
func upperTail32(m float64) (beyond, bell float64) {
	const round = 3 << 51 // adding it leaves an integer in the last bits
	m = min(m, 16)        // exp(−128) is zero in float32
	x := -m * m / 2
	k := x*(16*math.Log2E) + round
	f := x - (k-round)*(math.Ln2/16)
	e := 1 + f*(1+f*(1./2+f*(1./6+f*(1./24))))
	bits := math.Float64bits(k)
	// A shift of the whole part to the exponent leaves the sixteenths out.
	bell = e * sixteenths[bits&15] * math.Float64frombits((bits>>4+1023)<<52)
	t := 1 / (1 + m/4)
	p := ((((((((0.0160883136135*t-0.0600353473541)*t+0.0449318895648)*t+0.0377629145937)*t+0.00460379606094)*t+
		0.0912274968468)*t+0.0703313528569)*t+0.0958952045953)*t+0.0994437837326)*t + 0.0997505992211
	return bell * t * p, bell
}

// sixteenths are 2^(k/16).
var sixteenths = func() (s [16]float64) {
	for k := range s {
		s[k] = math.Exp2(float64(k) / 16)
	}
	return s
}()

func fiber[T Float](y, phi, x []T, n, c int) {
	for p := range n {
		a, sum, row := 0, y[p*c:][:c], phi[p*n*c:][:n*c]
		for ; a+4 <= n; a += 4 { // sums are loaded and stored once for four
			f0, f1, f2, f3 := row[a*c:][:c], row[(a+1)*c:][:c], row[(a+2)*c:][:c], row[(a+3)*c:][:c]
			x0, x1, x2, x3 := x[a*c:][:c], x[(a+1)*c:][:c], x[(a+2)*c:][:c], x[(a+3)*c:][:c]
			for k, v := range sum {
				sum[k] = v + f0[k]*x0[k] + f1[k]*x1[k] + f2[k]*x2[k] + f3[k]*x3[k]
			}
		}
		for ; a < n; a++ {
			mulAdd(sum, row[a*c:][:c], x[a*c:][:c])
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
	for a := range n {
		p, sum := 0, dx[a*c:][:c]
		for ; p+4 <= n; p += 4 {
			f0, f1, f2, f3 := phi[(p*n+a)*c:][:c], phi[((p+1)*n+a)*c:][:c], phi[((p+2)*n+a)*c:][:c], phi[((p+3)*n+a)*c:][:c]
			d0, d1, d2, d3 := dy[p*c:][:c], dy[(p+1)*c:][:c], dy[(p+2)*c:][:c], dy[(p+3)*c:][:c]
			for k, v := range sum {
				sum[k] = v + f0[k]*d0[k] + f1[k]*d1[k] + f2[k]*d2[k] + f3[k]*d3[k]
			}
		}
		for ; p < n; p++ {
			mulAdd(sum, phi[(p*n+a)*c:][:c], dy[p*c:][:c])
		}
	}
}
