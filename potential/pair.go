package potential

import (
	"fmt"
	"math"
	"slices"

	"ponita/neighbor"
)

// Pair is a pair potential that a model carries beside its network, fitted to
// the training data before the network is: what bonds and packing explain need
// not be learned, most of the binding energy above all, and the network starts
// near zero. The zero value is none.
//
//	E = ½ Σ_edges V(r),  V(r) = Σ_k c_k B(r/h − k),  k = 0…K−1,  h = r_c/K
//
// with B the cubic B-spline on [−3, 1], so that V and its first two derivatives
// vanish at the cutoff.
type Pair struct {
	// Coefficients are c in eV, [species][species][k], the same for both orders.
	Coefficients [][][]float64 `json:"coefficients,omitempty"`
}

// CubicSplines returns the four cubic B-splines B(x−k) that are not zero at
// x ≥ 0, from number first on, and their derivatives by x. The first three
// reach below zero.
func CubicSplines(x float64) (first int, value, slope [4]float64) {
	floor := math.Floor(x)
	t := x - floor
	u := 1 - t
	value = [4]float64{u * u * u / 6, (3*t*t*t - 6*t*t + 4) / 6, (3*u*u*u - 6*u*u + 4) / 6, t * t * t / 6}
	slope = [4]float64{-u * u / 2, (9*t*t - 12*t) / 6, -(9*u*u - 12*u) / 6, t * t / 2}
	return int(floor), value, slope
}

// validate checks the shape and the symmetry.
func (p Pair) validate(species int) error {
	if len(p.Coefficients) == 0 {
		return nil
	}
	if len(p.Coefficients) != species {
		return fmt.Errorf("potential: the pair potential has %d rows, want one for each of %d species", len(p.Coefficients), species)
	}
	for i, row := range p.Coefficients {
		if len(row) != species {
			return fmt.Errorf("potential: row %d of the pair potential has %d entries, want one for each of %d species", i+1, len(row), species)
		}
	}
	for i, row := range p.Coefficients {
		for j, c := range row {
			switch {
			case len(c) == 0 || len(c) != len(p.Coefficients[0][0]):
				return fmt.Errorf("potential: the pair potential %d,%d has %d coefficients, the first %d: want as many for all", i+1, j+1, len(c), len(p.Coefficients[0][0]))
			case slices.ContainsFunc(c, notFinite):
				return fmt.Errorf("potential: a coefficient of the pair potential %d,%d is not finite", i+1, j+1)
			case !slices.Equal(c, p.Coefficients[j][i]):
				return fmt.Errorf("potential: the pair potentials %d,%d and %d,%d differ", i+1, j+1, j+1, i+1)
			}
		}
	}
	return nil
}

// at returns the energy of a pair [eV] and its derivative by r [eV/Å].
func (p Pair) at(si, sj int, distance, cutoff float64) (e, dedr float64) {
	c := p.Coefficients[si][sj]
	perLength := float64(len(c)) / cutoff
	first, value, slope := CubicSplines(distance * perLength)
	for k, c := range c[min(first, len(c)):min(first+4, len(c))] {
		e += c * value[k]
		dedr += c * slope[k] * perLength
	}
	return e, dedr
}

// addPairs adds repulsion and pair potential to the site energies of atoms lo to
// hi−1 and to ∂E/∂x_ij of their edges: half of a pair's energy belongs to each
// atom. An edge without its reverse, to the ghost of an atom elsewhere, carries
// the force of both. kind is each atom's index into the species.
func (m *Model) addPairs(g *neighbor.Graph, kind []int, site []float64, dVec [][3]float64, lo, hi int) {
	repulsion, pair := len(m.Repulsion.Outer) > 0, len(m.Pair.Coefficients) > 0
	if !repulsion && !pair {
		return
	}
	z := m.Config.Species
	for i := lo; i < hi; i++ {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			si, sj := kind[i], kind[g.Neighbor[e]]
			v := g.Vec[e]
			d2 := dot(v, v)
			close := repulsion && d2 < m.Repulsion.Outer[si][sj]*m.Repulsion.Outer[si][sj]
			if !close && !pair {
				continue
			}
			energy, slope, d := 0., 0., math.Sqrt(d2)
			if pair {
				energy, slope = m.Pair.at(si, sj, d, m.Config.Cutoff)
			}
			if close {
				zbl, dzbl := m.Repulsion.pair(si, sj, z[si], z[sj], d)
				energy, slope = energy+zbl, slope+dzbl
			}
			site[i] += energy / 2
			if g.Reverse[e] >= 0 {
				slope /= 2
			}
			for k := range v {
				dVec[e][k] += slope * v[k] / d
			}
		}
	}
}
