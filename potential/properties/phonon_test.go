package properties

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// dynamical is that of one atom per point: 1/m Σ (1 − cos q·x) Φ(x).
func dynamical(s sums, q [3]float64, mass float64) *mat.SymDense {
	d := mat.NewSymDense(3, nil)
	for _, x := range s.points {
		r := length(x)
		_, dv, d2v := pairPotential(r)
		phase := 1 - math.Cos(q[0]*x[0]+q[1]*x[1]+q[2]*x[2])
		for a := range 3 {
			for b := range a + 1 {
				v := (d2v - dv/r) * x[a] * x[b] / (r * r)
				if a == b {
					v += dv / r
				}
				d.SetSym(a, b, d.At(a, b)+phase*v/mass)
			}
		}
	}
	return d
}

func eigenvalues(d *mat.SymDense) []float64 {
	var e mat.EigenSym
	e.Factorize(d, false)
	return e.Values(nil)
}

func TestTranslationsAreNearestToZero(t *testing.T) {
	p := phonons([]float64{-2, -1e-9, 0, 1e-9, 1, 3}, 2)
	if len(p.Frequencies) != 3 || p.Imaginary != 1 || !(p.Frequencies[0] < 0) || !(p.Lowest < 0) || !(p.Highest > p.Frequencies[1]) {
		t.Errorf("%+v", p)
	}
}
