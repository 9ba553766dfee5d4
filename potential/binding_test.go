package potential

import (
	"math"
	"testing"

	"ponita/neighbor"
)

// TestBindingGoesWithTheLastNeighbor pulls a hydrogen off an oxygen. The energy
// of the binding must go from what both have together to nothing, without a
// step, and its force be its slope; the network is not looked at.
func TestBindingGoesWithTheLastNeighbor(t *testing.T) {
	m := testModel(Config{Cutoff: 5})
	m.Repulsion, m.Embedded = Repulsion{}, EmbeddedAtom{}
	m.Binding.Company = []float64{0.5, 0.8}
	at := func(r float64) (energy, force float64) {
		g, err := neighbor.Build([][3]float64{{}, {0, 0, r}}, [3][3]float64{}, [3]bool{}, m.Config.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		b := m.Baseline(g, []int{0, 1})
		if f := b.Forces[0]; math.Abs(f[2]+b.Forces[1][2]) > 1e-13 || f[0] != 0 || f[1] != 0 {
			t.Errorf("at %.2f Å: forces %v", r, b.Forces)
		}
		return b.Energy - m.ReferenceEnergies[0] - m.ReferenceEnergies[1], b.Forces[1][2]
	}
	bound := m.Binding.Energy[0] + m.Binding.Energy[1]
	for _, r := range []float64{0.5, 0.97, 1.16} {
		if e, f := at(r); math.Abs(e-bound) > 1e-12 || f != 0 {
			t.Errorf("at %.2f Å: %g eV and %g eV/Å, want %g and no force", r, e, f, bound)
		}
	}
	for _, r := range []float64{2.92, 4.9, 5.1} {
		if e, f := at(r); math.Abs(e) > 1e-12 || f != 0 {
			t.Errorf("at %.2f Å: %g eV and %g eV/Å, want none", r, e, f)
		}
	}
	const h = 1e-4
	for r := 1.0; r < 3; r += 0.05 {
		low, _ := at(r - h)
		high, _ := at(r + h)
		_, f := at(r)
		if slope := (high - low) / (2 * h); math.Abs(slope+f) > 1e-5*(1+math.Abs(f)) {
			t.Errorf("at %.2f Å: force %.8g eV/Å, slope of the energy %.8g", r, f, slope)
		}
		if high < low-1e-12 {
			t.Errorf("at %.2f Å the energy falls with the distance", r)
		}
	}
}

// TestNewBindingLeavesTheDataWithoutForce: half of the least company is enough.
func TestNewBindingLeavesTheDataWithoutForce(t *testing.T) {
	c := testModel(Config{Cutoff: 5}).Config
	var graphs []*neighbor.Graph
	var kinds [][]int
	for _, r := range []float64{0.9, 1.3, 1.8} {
		g, err := neighbor.Build([][3]float64{{}, {0, 0, r}, {0, r, 0}}, [3][3]float64{}, [3]bool{}, c.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		graphs, kinds = append(graphs, g), append(kinds, []int{1, 0, 0})
	}
	b := bindings{NewBinding(c, graphs, kinds), newBonds(&c)}
	b.Energy = []float64{-1, -2}
	for k, g := range graphs {
		for i, z := range kinds[k] {
			if e, gamma := b.of(g, kinds[k], i); e != b.Energy[z] || gamma != 0 {
				t.Errorf("frame %d, atom %d: %g eV, γ = %g", k+1, i+1, e, gamma)
			}
			if rho := b.bonds.company(g, kinds[k], i, math.Inf(1)); k == 2 && rho > 2.001*b.Company[z] {
				t.Errorf("atom %d of the loosest frame has company %g, threshold %g: want half", i+1, rho, b.Company[z])
			}
		}
	}
}

// TestBindingGoesSmoothlyWhereDataDissociate pulls two hydrogens apart in the training
// data, until hardly anything of their bond is left. The binding must not wait for that:
// its 4.5 eV have to go over 0.2 Å or more, where the steepest slope of s is 15/8.
func TestBindingGoesSmoothlyWhereDataDissociate(t *testing.T) {
	c := Config{Species: []int{1}, InputScalars: 1, Cutoff: 5}.WithDefaults()
	dimer := func(r float64) *neighbor.Graph {
		g, err := neighbor.Build([][3]float64{{}, {0, 0, r}}, [3][3]float64{}, [3]bool{}, c.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	var graphs []*neighbor.Graph
	var kinds [][]int
	for r := 0.5; r < 3; r += 0.025 { // the bond ends at 1.86 Å
		graphs, kinds = append(graphs, dimer(r)), append(kinds, []int{0, 0})
	}
	b := NewBinding(c, graphs, kinds)
	b.Energy[0] = -2.25
	of, dVec := bindings{b, newBonds(&c)}, make([][3]float64, 2)
	for r := 0.5; r < 3; r += 0.0005 {
		g := dimer(r)
		clear(dVec)
		of.add(g, []int{0, 0}, make([]float64, 2), dVec, 0, 2)
		if slope := dVec[0][2] - dVec[1][2]; math.Abs(slope) > 15./8*4.5/0.2 {
			t.Fatalf("the binding pulls with %g eV/Å at %.4f Å, ρ₀ is %g", slope, r, b.Company[0])
		}
		for z, bound := range b.Bound(c, g, []int{0, 0}) {
			energy, _ := of.of(g, []int{0, 0}, 0)
			if math.Abs(b.Energy[z]*bound-2*energy) > 1e-12 {
				t.Fatalf("%g atoms are bound at %.4f Å, where one has %g of %g eV", bound, r, energy, b.Energy[z])
			}
		}
	}
}

// TestDomainsShareLonelyAtoms: atoms without much company, whose binding pulls
// at neighbours on other domains, are there in the comparison of domains with
// the whole.
func TestDomainsShareLonelyAtoms(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Hidden: 8, Layers: 2})
	species, pos, lattice := cell(6, 12)
	s := newSplitOf(t, m, species, pos, lattice, 5, false, false, DoublePrecision())
	lonely, ghosts := 0, 0
	for d, domain := range s.domains {
		for _, g := range domain.gamma {
			if g != 0 {
				lonely++
			}
		}
		for _, j := range s.ghosts[d] {
			if s.domains[s.owner[j]].gamma[s.at[j]] != 0 {
				ghosts++
			}
		}
	}
	if lonely == 0 || ghosts == 0 {
		t.Errorf("%d lonely atoms and %d lonely ghosts, want some of both", lonely, ghosts)
	}
}
