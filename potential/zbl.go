package potential

import (
	"fmt"
	"math"

	"ponita/neighbor"
)

// Repulsion is the short-range pair repulsion of Ziegler, Biersack and
// Littmark (ZBL), switched off smoothly between an inner and an outer radius
// for each pair of species. The zero value is none.
//
//	E = ½ Σ_edges S(r) k Z_i Z_j/r φ(r/a),   a = 0.4685 Å/(Z_i^0.23 + Z_j^0.23)
//
// S is one below the inner radius and zero from the outer on, with two
// continuous derivatives at both.
//
// Source: Ziegler, Biersack, Littmark, The Stopping and Range of Ions in
// Solids (Pergamon, 1985).
type Repulsion struct {
	Inner [][]float64 `json:"inner,omitempty"` // Å, [species][species]
	Outer [][]float64 `json:"outer,omitempty"` // Å, [species][species]
}

// coulomb is e²/(4πε₀) in eV Å, CODATA 2018.
const coulomb = 14.399645478

// zblTerms are the coefficients and exponents of the universal screening
// function φ(x) = Σ c exp(−d x).
var zblTerms = [4][2]float64{
	{0.18175, 3.19980}, {0.50986, 0.94229}, {0.28022, 0.40290}, {0.02817, 0.20162},
}

// innerFraction is the inner radius over the outer one, outerFraction the outer
// over the shortest distance in the training data, or over the sum of the
// covalent radii for a pair that is not in them: so far below that the data
// never meet the repulsion, and close enough to leave no room for a hole.
const (
	innerFraction = 0.6
	outerFraction = 0.85
)

// NewRepulsion chooses the radii for the species, below the shortest distance
// of each pair in the training data (`shortest` [species][species], Å, 0 for a
// pair that is not there).
func NewRepulsion(species []int, shortest [][]float64, cutoff float64) Repulsion {
	var r Repulsion
	for i, zi := range species {
		inner, outer := make([]float64, len(species)), make([]float64, len(species))
		for j, zj := range species {
			distance := shortest[i][j]
			if distance == 0 {
				distance = CovalentRadius(zi) + CovalentRadius(zj)
			}
			outer[j] = min(outerFraction*distance, cutoff)
			inner[j] = innerFraction * outer[j]
		}
		r.Inner, r.Outer = append(r.Inner, inner), append(r.Outer, outer)
	}
	return r
}

// wallFraction is the length of the shortest bonds over the sum of the covalent radii:
// 0.79 in C₂H₂ and CO, 0.77 in N₂.
const wallFraction = 0.8

// Wall returns the distances [Å] between which two atoms of a pair of species must not
// attract each other, and what data the radii were chosen for does not tell: from where the
// repulsion is full to the shortest distance in the data, or to the shortest bonds there
// are, if these are shorter. There are none where from is not below to: what is not
// bonded in the data may be bonded at less.
func (m *Model) Wall(i, j int) (from, to float64) {
	if len(m.Repulsion.Outer) == 0 {
		return 0, 0
	}
	length := CovalentRadius(m.Config.Species[i]) + CovalentRadius(m.Config.Species[j])
	return m.Repulsion.Inner[i][j], min(m.Repulsion.Outer[i][j]/outerFraction, wallFraction*length)
}

// validate checks the radii against the number of species and the cutoff.
func (r Repulsion) validate(species int, cutoff float64) error {
	if len(r.Outer) == 0 && len(r.Inner) == 0 {
		return nil
	}
	if len(r.Outer) != species || len(r.Inner) != species {
		return fmt.Errorf("potential: repulsion has %d rows of radii, want one for each of %d species", len(r.Outer), species)
	}
	for i := range species {
		if len(r.Outer[i]) != species || len(r.Inner[i]) != species {
			return fmt.Errorf("potential: repulsion row %d has %d radii, want one for each of %d species", i+1, len(r.Outer[i]), species)
		}
		for j := range species {
			in, out := r.Inner[i][j], r.Outer[i][j]
			if !(0 <= in && in < out && (cutoff == 0 || out <= cutoff)) || out != r.Outer[j][i] || in != r.Inner[j][i] {
				return fmt.Errorf("potential: repulsion radii %d,%d are %g and %g Å, want inner < outer <= cutoff %g Å, the same for both orders",
					i+1, j+1, in, out, cutoff)
			}
		}
	}
	return nil
}

// pair returns the energy of a pair [eV] and its derivative by r [eV/Å].
func (r Repulsion) pair(si, sj, zi, zj int, distance float64) (e, dedr float64) {
	inner, outer := r.Inner[si][sj], r.Outer[si][sj]
	if distance >= outer {
		return 0, 0
	}
	a := 0.46850 / (math.Pow(float64(zi), 0.23) + math.Pow(float64(zj), 0.23))
	x := distance / a
	phi, dphi := 0., 0.
	for _, t := range zblTerms {
		v := t[0] * math.Exp(-t[1]*x)
		phi += v
		dphi -= t[1] * v
	}
	k := coulomb * float64(zi) * float64(zj) / distance
	e, dedr = k*phi, k*(dphi/a-phi/distance)
	if distance > inner {
		// quintic step from 1 at the inner to 0 at the outer radius
		width := outer - inner
		q := (distance - inner) / width
		s := 1 - q*q*q*(10+q*(6*q-15))
		ds := -30 * q * q * (1 - q) * (1 - q) / width
		e, dedr = e*s, dedr*s+e*ds
	}
	return e, dedr
}

// add adds the repulsion to the site energies of atoms lo to hi−1 and to ∂E/∂x_ij
// of their edges: half of a pair's energy belongs to each atom. kind is each
// atom's index into the species z.
func (r Repulsion) add(g *neighbor.Graph, kind, z []int, site []float64, dVec [][3]float64, lo, hi int) {
	if len(r.Outer) == 0 {
		return
	}
	for i := lo; i < hi; i++ {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			si, sj := kind[i], kind[g.Neighbor[e]]
			v := g.Vec[e]
			d2 := dot(v, v)
			if outer := r.Outer[si][sj]; d2 >= outer*outer {
				continue
			}
			d := math.Sqrt(d2)
			energy, slope := r.pair(si, sj, z[si], z[sj], d)
			site[i] += energy / 2
			for k := range v {
				dVec[e][k] += slope / 2 * v[k] / d
			}
		}
	}
}
