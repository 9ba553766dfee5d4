package potential

import "math"

// envelope returns the cutoff function u(r) and its derivative du/dr [1/Å] at
// distance r [Å] for cutoff rc [Å]:
//
//	u = 1 - (p+1)(p+2)/2 x^p + p(p+2) x^(p+1) - p(p+1)/2 x^(p+2),  x = r/rc
//
// u, u' and u” vanish at rc, which keeps forces and their first derivatives
// continuous when an edge leaves the graph. Beyond rc both results are zero; a
// cutoff of zero means none, u = 1.
//
// Source: Gasteiger, Groß, Günnemann, ICLR 2020, Eq. 8 (arXiv:2003.03123).
func envelope(r, rc float64, p int) (u, dudr float64) {
	if rc == 0 {
		return 1, 0
	}
	x := r / rc
	if x >= 1 {
		return 0, 0
	}
	if x == 0 {
		return 1, 0
	}
	q := float64(p)
	xp1 := power(x, p-1)
	xp := xp1 * x
	u = 1 - (q+1)*(q+2)/2*xp + q*(q+2)*xp*x - q*(q+1)/2*xp*x*x
	// The derivative factorises: three terms of a binomial square.
	dudr = -q * (q + 1) * (q + 2) / 2 * xp1 * (1 - x) * (1 - x) / rc
	return u, dudr
}

// power returns x^n for n ≥ 0, in a fraction of the time of math.Pow.
func power(x float64, n int) float64 {
	y := 1.
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			y *= x
		}
		x *= x
	}
	return y
}

// bessel writes the radial Bessel functions b_n(r), n = 1…len(b), and their
// derivatives [1/Å]:
//
//	b_n = sin(n x)/x,  x = π r/rc
//
// sin(n x) follows from the Chebyshev recurrence
// sin((n+1)x) = 2 cos x sin(nx) − sin((n−1)x).
//
// Source: Gasteiger, Groß, Günnemann, ICLR 2020 (arXiv:2003.03123), up to the
// constant factor.
func bessel[T Float](b, db []T, r, rc float64) {
	k := math.Pi / rc
	if r == 0 { // the limit
		for n := range b {
			b[n], db[n] = T(n+1), 0
		}
		return
	}
	sin, cos := math.Sincos(k * r)
	s0, s1 := 0., sin // sin((n−1)x), sin(nx)
	c0, c1 := 1., cos
	for n := range b {
		x := k * r
		b[n] = T(s1 / x)
		db[n] = T(k * (float64(n+1)*c1 - s1/x) / x)
		s0, s1 = s1, 2*cos*s1-s0
		c0, c1 = c1, 2*cos*c1-c0
	}
}
