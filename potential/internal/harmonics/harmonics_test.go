package harmonics

import (
	"math"
	"math/rand/v2"
	"testing"
)

func direction(rng *rand.Rand) [3]float64 {
	x, y, z := rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
	r := math.Sqrt(x*x + y*y + z*z)
	return [3]float64{x / r, y / r, z / r}
}

// TestAdditionTheorem pins the normalisation, and with random directions the
// functions up to a rotation within a degree.
func TestAdditionTheorem(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const degree = 6
	for range 100 {
		o, q := direction(rng), direction(rng)
		a, b := At(degree, o), At(degree, q)
		x := o[0]*q[0] + o[1]*q[1] + o[2]*q[2]
		p, before := 1., 0.
		for l := range degree + 1 {
			sum := 0.
			for k := Count(l - 1); k < Count(l); k++ {
				sum += a[k] * b[k]
			}
			if want := float64(2*l+1) * p; math.Abs(sum-want) > 1e-12 {
				t.Fatalf("degree %d: %.15g, want %.15g", l, sum, want)
			}
			p, before = (float64(2*l+1)*x*p-float64(l)*before)/float64(l+1), p
		}
	}
}

// TestProductsAreProducts: at random directions Y_k Y_l = Σ_m G_mkl Y_m, and every
// output is there once.
func TestProductsAreProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for degree := range 4 {
		groups := Products(degree)
		seen := map[int]int{}
		for _, g := range groups {
			for _, m := range g.Outputs {
				seen[m]++
			}
		}
		if len(seen) != Count(2*degree) {
			t.Errorf("degree %d: %d outputs, want %d", degree, len(seen), Count(2*degree))
		}
		for range 20 {
			o := direction(rng)
			y := At(2*degree, o)
			got := make([]float64, Count(degree)*Count(degree))
			for _, g := range groups {
				for _, p := range g.Pairs {
					for i, m := range g.Outputs {
						got[p.K*Count(degree)+p.L] += p.G[i] * y[m] / orders(p.K, p.L)
					}
				}
			}
			for k := range Count(degree) {
				for l := k; l < Count(degree); l++ {
					if diff := got[k*Count(degree)+l] - y[k]*y[l]; math.Abs(diff) > 1e-12 {
						t.Fatalf("degree %d: Y_%d Y_%d is off by %g", degree, k, l, diff)
					}
				}
			}
		}
	}
}
