package integrator

import (
	"math"
	"strings"
	"testing"
)

// Values printed by NIST from CODATA 2022: k_B in eV/K to ten digits, and
// e/m_u = 9.648533212e7 C/kg from e and m_u; the hartree in eV.
func TestUnitsMatchCODATA2022(t *testing.T) {
	for _, c := range []struct {
		name           string
		got, published float64
	}{
		{"Boltzmann", Boltzmann, 8.617333262e-5},
		{"PerMass", PerMass, 1.602176634e-19 / 1.66053906892e-27 * 1e-10},
		{"GPa", GPa, 160.2176634},
		{"Bohr", Bohr, 0.529177210544},
		{"Hartree", Hartree, 27.211386245981},
		{"GramPerCC", GramPerCC, 1.66053906892},
	} {
		// The ten digits published.
		if math.Abs(c.got/c.published-1) > 1e-10 {
			t.Errorf("%s = %.12g, want %.12g", c.name, c.got, c.published)
		}
	}
}

func TestMassesAreCompleteAndOrdered(t *testing.T) {
	species := make([]int, 118)
	for i := range species {
		species[i] = i + 1
	}
	masses := Masses(species)
	// The elements known to be lighter than their predecessor, or as heavy, by
	// the values of 2021; any other inversion is a slip in the table.
	inversions := map[int]bool{19: true, 28: true, 53: true, 91: true, 93: true, 95: true, 97: true, 108: true, 115: true, 118: true}
	for i := 1; i < len(masses); i++ {
		if z := i + 1; (masses[i] <= masses[i-1]) != inversions[z] {
			t.Errorf("element %d has mass %g after %g", z, masses[i], masses[i-1])
		}
	}
	// Between hydrogen and the heaviest, A/Z grows from 1.99 to 2.64.
	for i, m := range masses[1:] {
		if ratio := m / float64(i+2); ratio < 1.9 || ratio > 2.65 {
			t.Errorf("element %d has mass %g", i+2, m)
		}
	}
}

func TestUnknownElementIsRefusedByName(t *testing.T) {
	_, err := NewState(trap{}, make([][3]float64, 3), [3][3]float64{}, Masses([]int{1, 8, 119}))
	if err == nil || !strings.Contains(err.Error(), "atom 3 has mass 0 amu") {
		t.Errorf("error %v, want one that names atom 3", err)
	}
}
