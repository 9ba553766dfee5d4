package harmonics

import "math"

// Fill writes the harmonics of unit vectors u, [vector][3], up to a degree: y is
// [vector][k].
func Fill[T ~float32 | ~float64](y, u []T, degree int) {
	count := Count(degree)
	for v := range len(u) / 3 {
		o, to := u[3*v:3*v+3], y[v*count:(v+1)*count]
		if degree > 2 {
			slopes(degree, [3]float64{float64(o[0]), float64(o[1]), float64(o[2])}, func(k int, value float64, _ [3]float64) { to[k] = T(value) })
			continue
		}
		to[0] = 1
		if degree > 0 {
			linear(to[1:4], o)
		}
		if degree > 1 {
			quadratic(to[4:9], o)
		}
	}
}

// The harmonics of degrees 1 and 2, which are needed most, spelled out.

var (
	root3, root5, root15 = math.Sqrt(3), math.Sqrt(5), math.Sqrt(15)
)

func linear[T ~float32 | ~float64](y, o []T) {
	root := T(root3)
	y[0], y[1], y[2] = root*o[1], root*o[2], root*o[0]
}

func quadratic[T ~float32 | ~float64](y, o []T) {
	root := T(root15)
	x, z := root*o[0], o[2]
	y[0], y[1], y[3] = x*o[1], root*o[1]*z, x*z
	y[2] = T(root5/2) * (3*z*z - 1)
	y[4] = (x*o[0] - root*o[1]*o[1]) / 2
}

// FillSlopes writes the harmonics of unit vectors u and derivatives whose components across
// u are those of Y_k: y is [vector][k][4], Y_k before the three. The components along u are of
// one of the functions that agree with Y_k on the sphere.
func FillSlopes[T ~float32 | ~float64](y, u []T, degree int) {
	count := Count(degree)
	for v := range len(u) / 3 {
		o, to := u[3*v:3*v+3], y[4*v*count:4*(v+1)*count]
		if degree > 2 {
			slopes(degree, [3]float64{float64(o[0]), float64(o[1]), float64(o[2])}, func(k int, value float64, slope [3]float64) {
				to[4*k], to[4*k+1], to[4*k+2], to[4*k+3] = T(value), T(slope[0]), T(slope[1]), T(slope[2])
			})
			continue
		}
		to[0], to[1], to[2], to[3] = 1, 0, 0, 0
		if degree > 0 {
			linearSlopes(to[4:16], o)
		}
		if degree > 1 {
			quadraticSlopes(to[16:36], o)
		}
	}
}

func linearSlopes[T ~float32 | ~float64](y, o []T) {
	root := T(root3)
	y[0], y[1], y[2], y[3] = root*o[1], 0, root, 0
	y[4], y[5], y[6], y[7] = root*o[2], 0, 0, root
	y[8], y[9], y[10], y[11] = root*o[0], root, 0, 0
}

func quadraticSlopes[T ~float32 | ~float64](y, o []T) {
	root, five := T(root15), T(root5)
	x, py, z := root*o[0], root*o[1], root*o[2]
	y[0], y[1], y[2], y[3] = x*o[1], py, x, 0
	y[4], y[5], y[6], y[7] = py*o[2], 0, z, py
	y[8], y[9], y[10], y[11] = five/2*(3*o[2]*o[2]-1), 0, 0, 3*five*o[2]
	y[12], y[13], y[14], y[15] = x*o[2], z, 0, x
	y[16], y[17], y[18], y[19] = (x*o[0]-py*o[1])/2, x, -py, 0
}

// slopes calls visit with Y_k and a derivative, that of the expression in [At], for all
// k up to a degree.
func slopes(degree int, o [3]float64, visit func(k int, value float64, slope [3]float64)) {
	re, im, reBefore, imBefore := 1., 0., 0., 0. // (x + iy)^m and ^(m−1)
	first := 1.                                  // P_m^(m)
	for m := range degree + 1 {
		order := float64(m)
		factor := 1. // (l−m)!/(l+m)!
		for k := 2; k <= 2*m; k++ {
			factor /= float64(k)
		}
		// P_l^(m)(z) and its derivative P_l^(m+1)
		p, before, next, nextBefore := first, 0., 0., 0.
		for l := m; l <= degree; l++ {
			center := l * (l + 1)
			if m == 0 {
				norm := math.Sqrt(float64(2*l + 1))
				visit(center, norm*p, [3]float64{0, 0, norm * next})
			} else {
				norm := math.Sqrt(2 * float64(2*l+1) * factor)
				visit(center+m, norm*p*re, [3]float64{norm * p * order * reBefore, -norm * p * order * imBefore, norm * next * re})
				visit(center-m, norm*p*im, [3]float64{norm * p * order * imBefore, norm * p * order * reBefore, norm * next * im})
			}
			up, down := float64(2*l+1), float64(l+1-m)
			p, before, next, nextBefore = (up*o[2]*p-float64(l+m)*before)/down, p, (up*(p+o[2]*next)-float64(l+m)*nextBefore)/down, next
			factor *= down / float64(l+1+m)
		}
		re, im, reBefore, imBefore = re*o[0]-im*o[1], re*o[1]+im*o[0], re, im
		first *= float64(2*m + 1)
	}
}
