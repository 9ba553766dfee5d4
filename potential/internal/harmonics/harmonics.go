// Package harmonics has the real spherical harmonics Y_k, k = (l, m), l after l
// and m from −l to l, orthonormal in the mean over the sphere, and what their
// products are made of.
package harmonics

import "math"

// Count is the number of harmonics up to degree l.
func Count(l int) int { return (l + 1) * (l + 1) }

// At returns the harmonics of the unit vector o up to a degree. They are
// normalised to the addition theorem
//
//	Σ_m Y_lm(o) Y_lm(o') = (2l+1) P_l(o·o'),
//
// so that the mean of Y_lm² over the sphere is one. With o = (x, y, z), P_l^(m) the
// m-th derivative of P_l and m ≥ 0,
//
//	Y_l±m = √(2 (2l+1) (l−m)!/(l+m)!) P_l^(m)(z) · (Re or Im)(x + iy)^m
//	Y_l0  = √(2l+1) P_l(z)
//	(l−m) P_l^(m) = (2l−1) z P_(l−1)^(m) − (l+m−1) P_(l−2)^(m),  P_m^(m) = (2m−1)!!
func At(degree int, o [3]float64) []float64 {
	out := make([]float64, Count(degree))
	at(degree, o, func(k int, y float64) { out[k] = y })
	return out
}

// at calls visit with Y_k(o) for all k up to a degree.
func at(degree int, o [3]float64, visit func(k int, y float64)) {
	re, im, first := 1., 0., 1. // (x + iy)^m, P_m^(m)
	for m := range degree + 1 {
		p, before := first, 0.
		factor := 1. // (l−m)!/(l+m)!
		for k := 2; k <= 2*m; k++ {
			factor /= float64(k)
		}
		for l := m; l <= degree; l++ {
			center := l * (l + 1)
			if m == 0 {
				visit(center, math.Sqrt(float64(2*l+1))*p)
			} else {
				norm := math.Sqrt(2 * float64(2*l+1) * factor)
				visit(center+m, norm*p*re)
				visit(center-m, norm*p*im)
			}
			p, before = (float64(2*l+1)*o[2]*p-float64(l+m)*before)/float64(l+1-m), p
			factor *= float64(l+1-m) / float64(l+1+m)
		}
		re, im = re*o[0]-im*o[1], re*o[1]+im*o[0]
		first *= float64(2*m + 1)
	}
}
