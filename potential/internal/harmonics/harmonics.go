// Package harmonics has the real spherical harmonics Y_k, k = (l, m), l after l
// and m from −l to l, orthonormal in the mean over the sphere, and what their
// products are made of.
package harmonics

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
	slopes(degree, o, func(k int, y float64, _ [3]float64) { out[k] = y })
	return out
}
