package potential

import (
	"fmt"
	"math"
	"slices"

	"ponita/neighbor"
)

// Binding is the mean binding energy of atoms in the training data, set aside so
// that the network need not make several eV per atom out of nothing, which every
// step of an optimiser would disturb by some hundredths. It is there while an
// atom has company and goes smoothly as the last of it leaves:
//
//	E_i = B[z_i] s(ρ_i/ρ₀[z_i]),   ρ_i = Σ_j w(r_ij/ℓ)
//
// ℓ is the sum of the covalent radii, w falls from one at 1.2 to zero at 3 (the
// cutoff, if that is nearer), and s rises from s(0) = 0 to s = 1 from one on,
// both with two continuous derivatives. ρ₀ is half of the least ρ in the
// training data: nothing there, or near it, feels a force. Where the data have
// atoms that leave, ρ₀ is half a bond (half of the mean ρ where that is less): an
// atom at the very end of its last bond is no measure of company, and made one
// would have all of the binding go within thousandths of an Å. The zero value is
// none.
type Binding struct {
	Energy  []float64 `json:"energy,omitempty"`  // B in eV: [species]
	Company []float64 `json:"company,omitempty"` // ρ₀: [species]
}

// The range of w, in covalent bonds, and ρ₀ over the least ρ in the data.
const (
	companyInner    = 1.2
	companyOuter    = 3
	companyFraction = 0.5
)

// NewBinding returns a binding of no energy yet, with ρ₀ by the graphs of training data;
// kinds are the atoms' indices into the species.
func NewBinding(c Config, graphs []*neighbor.Graph, kinds [][]int) Binding {
	species := len(c.Species)
	least, sum, atoms := make([]float64, species), make([]float64, species), make([]float64, species)
	bonds := newBonds(&c)
	for k, g := range graphs {
		for i, z := range kinds[k] {
			rho := bonds.company(g, kinds[k], i, math.Inf(1))
			if rho == 0 {
				continue
			}
			if least[z] == 0 || rho < least[z] {
				least[z] = rho
			}
			sum[z], atoms[z] = sum[z]+rho, atoms[z]+1
		}
	}
	b := Binding{Energy: make([]float64, species)}
	for z, rho := range least {
		usual := 1.0 // of an element that is alone in all of the data
		if atoms[z] > 0 {
			usual = min(1, sum[z]/atoms[z])
		}
		b.Company = append(b.Company, companyFraction*max(rho, usual))
	}
	return b
}

// Bound returns how many atoms of each species are bound, Σ_i s(ρ_i/ρ₀), of a
// configuration with the given kinds of atoms. A binding of no species counts all.
func (b Binding) Bound(c Config, g *neighbor.Graph, kind []int) []float64 {
	count := make([]float64, len(c.Species))
	of := bindings{b, newBonds(&c)}
	for i, z := range kind {
		share := 1.0
		if len(b.Company) > 0 {
			share, _ = of.share(g, kind, i)
		}
		count[z] += share
	}
	return count
}

func (b Binding) validate(species int) error {
	switch {
	case len(b.Energy) == 0 && len(b.Company) == 0:
		return nil
	case len(b.Energy) != species || len(b.Company) != species:
		return fmt.Errorf("potential: binding has %d energies and %d companies, want one for each of %d species", len(b.Energy), len(b.Company), species)
	case slices.ContainsFunc(b.Energy, notFinite):
		return fmt.Errorf("potential: a binding energy is not finite")
	}
	for z, rho := range b.Company {
		if !(rho > 0) || math.IsInf(rho, 1) {
			return fmt.Errorf("potential: the company of species %d is %g, want a positive number", z+1, rho)
		}
	}
	return nil
}

// bonds holds the range of w for each pair of species.
type bonds struct {
	species      int
	inner, outer []float64 // Å: [species][species]
}

func newBonds(c *Config) *bonds {
	b := &bonds{species: len(c.Species)}
	for _, zi := range c.Species {
		for _, zj := range c.Species {
			length := CovalentRadius(zi) + CovalentRadius(zj)
			outer := min(companyOuter*length, c.Cutoff)
			b.outer = append(b.outer, outer)
			b.inner = append(b.inner, min(companyInner*length, outer/2))
		}
	}
	return b
}

// weight returns w of an edge and its derivative by the distance [1/Å], and the
// distance [Å].
func (b *bonds) weight(si, sj int, v [3]float64) (w, slope, r float64) {
	pair := si*b.species + sj
	r2, outer := dot(v, v), b.outer[pair]
	if r2 >= outer*outer {
		return 0, 0, 0
	}
	r = math.Sqrt(r2)
	inner := b.inner[pair]
	if r <= inner {
		return 1, 0, r
	}
	w, slope = smoothStep((outer - r) / (outer - inner))
	return w, -slope / (outer - inner), r
}

// smoothStep rises from 0 at 0 to 1 at 1 with two derivatives zero at both.
func smoothStep(q float64) (s, slope float64) {
	return q * q * q * (10 + q*(6*q-15)), 30 * q * q * (1 - q) * (1 - q)
}

// company returns ρ of atom i, or a number that is not below enough.
func (b *bonds) company(g *neighbor.Graph, kind []int, i int, enough float64) (rho float64) {
	for e := g.Start[i]; e < g.Start[i+1] && rho < enough; e++ {
		w, _, _ := b.weight(kind[i], kind[g.Neighbor[e]], g.Vec[e])
		rho += w
	}
	return rho
}

// bindings evaluates the binding of a model, nil if there is none.
type bindings struct {
	Binding
	bonds *bonds
}

func (m *Model) bindings() *bindings {
	if len(m.Binding.Energy) == 0 {
		return nil
	}
	return &bindings{m.Binding, newBonds(&m.Config)}
}

// share returns s of atom i and its derivative by ρ/ρ₀.
func (b *bindings) share(g *neighbor.Graph, kind []int, i int) (s, slope float64) {
	full := b.Company[kind[i]]
	rho := b.bonds.company(g, kind, i, full)
	if rho >= full {
		return 1, 0
	}
	return smoothStep(rho / full)
}

// of returns the binding energy of atom i [eV] and γ, its derivative by ρ, which
// is zero for an atom that has company.
func (b *bindings) of(g *neighbor.Graph, kind []int, i int) (energy, gamma float64) {
	z := kind[i]
	s, slope := b.share(g, kind, i)
	return b.Energy[z] * s, b.Energy[z] * slope / b.Company[z]
}

// pull adds γ w' of an atom to ∂E/∂x_ij of its edges.
func (b *bindings) pull(g *neighbor.Graph, kind []int, i int, gamma float64, dVec [][3]float64) {
	for e := g.Start[i]; e < g.Start[i+1]; e++ {
		if _, slope, r := b.bonds.weight(kind[i], kind[g.Neighbor[e]], g.Vec[e]); slope != 0 {
			for k, x := range g.Vec[e] {
				dVec[e][k] += gamma * slope * x / r
			}
		}
	}
}

// add adds the binding of atoms lo to hi−1 to the site energies and to ∂E/∂x_ij.
func (b *bindings) add(g *neighbor.Graph, kind []int, site []float64, dVec [][3]float64, lo, hi int) {
	for i := lo; i < hi; i++ {
		energy, gamma := b.of(g, kind, i)
		site[i] += energy
		if gamma != 0 {
			b.pull(g, kind, i, gamma, dVec)
		}
	}
}
