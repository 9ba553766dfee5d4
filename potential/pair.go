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
// near zero. It is made of the functions that the network itself sees, so that
// the network can follow it everywhere. The zero value is none.
//
//	E = ½ Σ_edges V(r),  V(r) = u(r) Σ_n c_n b_n(r)
//
// with the envelope u and the radial Bessel functions b_n.
type Pair struct {
	Coefficients [][][]float64 `json:"coefficients,omitempty"` // c in eV: [species][species][n]
}

// RadialBasis writes u(r) b_n(r) and the derivatives by r [1/Å] for a pair of
// atoms at distance r [Å].
func (c *Config) RadialBasis(value, slope []float64, r float64) {
	u, du := envelope(r, c.Cutoff, c.Envelope)
	bessel(value, slope, r, c.Cutoff)
	for n := range value {
		value[n], slope[n] = u*value[n], du*value[n]+u*slope[n]
	}
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
			case len(c) != len(p.Coefficients[0][0]):
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

// pairTable holds V as polynomials of degree 5 in equidistant intervals, which
// meet with equal values, slopes and curvatures, for each pair of species. The
// force is their exact derivative.
type pairTable struct {
	perLength float64          // intervals per Å
	intervals [][][][6]float64 // eV: [species][species][interval][power of the position in it]
}

// pairIntervals leaves an error below 1e-9 eV for functions of Å:
// h⁶/46080 d⁶V/dr⁶, of which (nπ/r_c)⁶ V is the most.
const pairIntervals = 256

// table returns the table of the pair potential, nil if there is none.
func (m *Model) table() *pairTable {
	if len(m.Pair.Coefficients) == 0 {
		return nil
	}
	t, _ := m.pairs.get(func() (*pairTable, error) {
		t := &pairTable{perLength: pairIntervals / m.Config.Cutoff}
		for i, row := range m.Pair.Coefficients {
			t.intervals = append(t.intervals, make([][][6]float64, len(row)))
			for j, c := range row {
				t.intervals[i][j] = tabulatePair(&m.Config, c)
			}
		}
		return t, nil
	})
	return t
}

// tabulatePair returns the polynomials of one pair of species.
func tabulatePair(cfg *Config, c []float64) [][6]float64 {
	h := cfg.Cutoff / pairIntervals
	var out [][6]float64
	a := pairNode(cfg, c, 0, h)
	for k := range pairIntervals {
		b := pairNode(cfg, c, float64(k+1)*h, h)
		// What the first three terms leave to be met at the end of the interval.
		d0, d1, d2 := b[0]-a[0]-a[1]-a[2], b[1]-a[1]-2*a[2], b[2]-a[2]
		out = append(out, [6]float64{a[0], a[1], a[2], 10*d0 - 4*d1 + d2, -15*d0 + 7*d1 - 2*d2, 6*d0 - 3*d1 + d2})
		a = b
	}
	return out
}

// pairNode returns V, h V' and h² V”/2 at r.
func pairNode(cfg *Config, c []float64, r, h float64) (node [3]float64) {
	value, slope := make([]float64, len(c)), make([]float64, len(c))
	bessel(value, slope, r, cfg.Cutoff)
	var b, db, d2b float64
	for n, c := range c {
		wave := float64(n+1) * math.Pi / cfg.Cutoff
		b, db = b+c*value[n], db+c*slope[n]
		if r > 0 { // (r b)” = −wave² r b
			d2b -= c * (wave*wave*value[n] + 2/r*slope[n])
		} else {
			d2b -= c * wave * wave * value[n] / 3
		}
	}
	u, du, d2u := envelopeCurvature(r, cfg.Cutoff, cfg.Envelope)
	return [3]float64{u * b, h * (du*b + u*db), h * h / 2 * (d2u*b + 2*du*db + u*d2b)}
}

// at returns the energy of a pair [eV] and its derivative by r [eV/Å]; r is
// below the cutoff.
func (t *pairTable) at(si, sj int, r float64) (e, dedr float64) {
	x := r * t.perLength
	k := min(int(x), pairIntervals-1)
	x -= float64(k)
	c := &t.intervals[si][sj][k]
	e = c[0] + x*(c[1]+x*(c[2]+x*(c[3]+x*(c[4]+x*c[5]))))
	dedr = c[1] + x*(2*c[2]+x*(3*c[3]+x*(4*c[4]+x*5*c[5])))
	return e, dedr * t.perLength
}

// addPairs adds repulsion and pair potential to the site energies of atoms lo to
// hi−1 and to ∂E/∂x_ij of their edges: half of a pair's energy belongs to each
// atom. An edge without its reverse, to the ghost of an atom elsewhere, carries
// the force of both. kind is each atom's index into the species.
func (m *Model) addPairs(g *neighbor.Graph, kind []int, site []float64, dVec [][3]float64, lo, hi int) {
	repulsion, pair := len(m.Repulsion.Outer) > 0, m.table()
	if !repulsion && pair == nil {
		return
	}
	z := m.Config.Species
	for i := lo; i < hi; i++ {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			si, sj := kind[i], kind[g.Neighbor[e]]
			v := g.Vec[e]
			d2 := dot(v, v)
			close := repulsion && d2 < m.Repulsion.Outer[si][sj]*m.Repulsion.Outer[si][sj]
			if !close && pair == nil {
				continue
			}
			energy, slope, d := 0., 0., math.Sqrt(d2)
			if pair != nil {
				energy, slope = pair.at(si, sj, d)
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
