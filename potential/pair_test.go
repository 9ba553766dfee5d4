package potential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestPairTableHoldsItsFunctions compares the table with the sum of functions,
// in between the nodes too, and with nothing at the cutoff.
func TestPairTableHoldsItsFunctions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	m := testModel(Config{Cutoff: 5})
	for i := range 2 {
		for j := range i + 1 {
			c := make([]float64, 8)
			for n := range c {
				c[n] = rng.NormFloat64()
			}
			m.Pair.Coefficients[i][j], m.Pair.Coefficients[j][i] = c, c
		}
	}
	table := m.table()
	value, slope := make([]float64, 8), make([]float64, 8)
	for range 2000 {
		i, j, r := rng.IntN(2), rng.IntN(2), 5*rng.Float64()
		m.Config.RadialBasis(value, slope, r)
		want, dwant := 0., 0.
		for n, c := range m.Pair.Coefficients[i][j] {
			want, dwant = want+c*value[n], dwant+c*slope[n]
		}
		e, de := table.at(i, j, r)
		if math.Abs(e-want) > 1e-8 || math.Abs(de-dwant) > 1e-6 {
			t.Errorf("pair %d,%d at %.4f Å: %.10g eV and %.10g eV/Å, want %.10g and %.10g", i, j, r, e, de, want, dwant)
		}
	}
	if e, de := table.at(0, 1, math.Nextafter(5, 0)); math.Abs(e) > 1e-12 || math.Abs(de) > 1e-12 {
		t.Errorf("at the cutoff: %g eV, %g eV/Å", e, de)
	}
}
