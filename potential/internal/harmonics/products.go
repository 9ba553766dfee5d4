package harmonics

import (
	"math"
	"slices"
)

// Group is a part of what the products of two functions of a degree are made of,
// harmonics to twice the degree:
//
//	Y_k Y_l = Σ_m G_mkl Y_m,  G_mkl = mean over the sphere of Y_m Y_k Y_l
//
// G_mkl is zero unless the product of the three has no sign
// under any of the reflections of x, y and z, so few pairs matter to an m.
type Group struct {
	Outputs []int // m, at most [Together]
	Pairs   []Pair
}

// Pair is one with k ≤ l. It stands for (l, k) too.
type Pair struct {
	K, L int
	G    []float64 // [output] G_mkl + G_mlk, or G_mkk
}

// Together is how many outputs a group has at most: as many as kernels have
// registers for.
const Together = 3

// Products returns the groups of a degree, every m up to twice the degree once.
func Products(degree int) []Group {
	gaunt := coefficients(degree)
	byClass := map[int][]int{}
	for m := range Count(2 * degree) {
		byClass[reflections(2*degree, m)] = append(byClass[reflections(2*degree, m)], m)
	}
	var groups []Group
	for class := range 8 {
		for outputs := range slices.Chunk(byClass[class], Together) {
			g := Group{Outputs: outputs}
			for k := range Count(degree) {
				for l := k; l < Count(degree); l++ {
					p := Pair{K: k, L: l}
					some := false
					for _, m := range outputs {
						p.G = append(p.G, orders(k, l)*gaunt(m, k, l))
						some = some || gaunt(m, k, l) != 0
					}
					if some {
						g.Pairs = append(g.Pairs, p)
					}
				}
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// orders is how many products a pair stands for.
func orders(k, l int) float64 {
	if k < l {
		return 2
	}
	return 1
}

// reflections returns a bit for each axis whose reflection turns the sign of Y_m.
func reflections(degree, m int) (class int) {
	o := [3]float64{0.48, 0.6, 0.64}
	for axis := range 3 {
		mirrored := o
		mirrored[axis] = -o[axis]
		if At(degree, o)[m]*At(degree, mirrored)[m] < 0 {
			class |= 1 << axis
		}
	}
	return class
}

// coefficients returns G_mkl, integrated by a rule that is exact for its degree.
func coefficients(degree int) func(m, k, l int) float64 {
	outputs, inputs := Count(2*degree), Count(degree)
	table := make([]float64, outputs*inputs*inputs)
	n := 2*degree + 1 // z; twice as many angles
	z, weights := legendreRule(n)
	for i := range n {
		ring := math.Sqrt(1 - z[i]*z[i])
		for j := range 2 * n {
			sin, cos := math.Sincos(2 * math.Pi * float64(j) / float64(2*n))
			y := At(2*degree, [3]float64{ring * cos, ring * sin, z[i]})
			w := weights[i] / 2 / float64(2*n)
			for m := range outputs {
				for k := range inputs {
					for l := range inputs {
						table[(m*inputs+k)*inputs+l] += w * y[m] * y[k] * y[l]
					}
				}
			}
		}
	}
	return func(m, k, l int) float64 {
		if g := table[(m*inputs+k)*inputs+l]; math.Abs(g) > 1e-12 {
			return g
		}
		return 0
	}
}

// legendreRule returns the places and weights of Gauss' rule with n points, which is
// exact to degree 2n−1 on [−1, 1], from Newton's iteration for the roots of P_n.
func legendreRule(n int) (places, weights []float64) {
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		var slope float64
		for range 20 {
			p, before := x, 1.
			for l := 2; l <= n; l++ {
				p, before = (float64(2*l-1)*x*p-float64(l-1)*before)/float64(l), p
			}
			slope = float64(n) * (x*p - before) / (x*x - 1)
			x -= p / slope
		}
		places, weights = append(places, x), append(weights, 2/((1-x*x)*slope*slope))
	}
	return places, weights
}
