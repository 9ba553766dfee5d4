package harmonics

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestFillAgreesWithAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for degree := range 6 {
		u := make([]float64, 0, 30)
		for range 10 {
			o := direction(rng)
			u = append(u, o[:]...)
		}
		count := Count(degree)
		y, slopes := make([]float64, 10*count), make([]float64, 40*count)
		Fill(y, u, degree)
		FillSlopes(slopes, u, degree)
		for v := range 10 {
			o := [3]float64(u[3*v : 3*v+3])
			for k, want := range At(degree, o) {
				if got, again := y[v*count+k], slopes[4*(v*count+k)]; math.Abs(got-want) > 1e-13 || math.Abs(again-want) > 1e-13 {
					t.Errorf("degree %d: Y_%d(%.3f) = %v, with slopes %v, want %v", degree, k, o, got, again, want)
				}
			}
		}
	}
}

// Along a great circle the derivative of Y_k is its slope times the direction.
func TestSlopesAreDerivatives(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const h = 1e-5
	for degree := range 6 {
		for range 10 {
			o, other := direction(rng), direction(rng)
			var along float64
			for d := range o {
				along += o[d] * other[d]
			}
			var across [3]float64
			for d := range o {
				across[d] = other[d] - along*o[d]
			}
			moved := func(h float64) [3]float64 {
				var x [3]float64
				norm := 0.
				for d := range x {
					x[d] = o[d] + h*across[d]
					norm += x[d] * x[d]
				}
				for d := range x {
					x[d] /= math.Sqrt(norm)
				}
				return x
			}
			slopes := make([]float64, 4*Count(degree))
			FillSlopes(slopes, o[:], degree)
			forth, back := At(degree, moved(h)), At(degree, moved(-h))
			for k := range forth {
				want := (forth[k] - back[k]) / (2 * h)
				var got float64
				for d := range across {
					got += slopes[4*k+1+d] * across[d]
				}
				if math.Abs(got-want) > 1e-8*float64(1+degree*degree*degree) {
					t.Errorf("degree %d: slope of Y_%d is %v, want %v", degree, k, got, want)
				}
			}
		}
	}
}
