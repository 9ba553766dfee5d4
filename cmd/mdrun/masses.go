package main

import (
	"fmt"
	"math"
	"slices"

	"ponita/integrator"
	"ponita/xyz"
)

// masses returns the column masses or mass [amu], or natural masses where there is none.
func masses(frame *xyz.Frame) (masses []float64, isotope bool, err error) {
	for _, name := range []string{"masses", "mass"} {
		switch column := frame.Column(name).(type) {
		case nil:
		case []float64:
			return column, true, nil
		case []int:
			for _, m := range column {
				masses = append(masses, float64(m))
			}
			return masses, true, nil
		default:
			return nil, false, fmt.Errorf("%s: column %s is not of one number for each atom: want masses in amu", frame.Origin, name)
		}
	}
	return integrator.Masses(frame.Species), false, nil
}

// oddMasses notes the masses of a file that are not the natural ones, of which there are few
// kinds: isotopes.
func oddMasses(species []int, masses []float64) (notes []string) {
	natural := integrator.Masses(species)
	type kind struct {
		z    int
		mass float64
	}
	var seen []kind
	for i, m := range masses {
		k := kind{species[i], m}
		if math.Abs(m-natural[i]) <= 0.01*natural[i] || slices.Contains(seen, k) || len(seen) == 5 {
			continue
		}
		seen = append(seen, k)
		notes = append(notes, fmt.Sprintf("atoms of %s with a mass of %g amu by the file, %g is natural", xyz.Symbol(k.z), m, natural[i]))
	}
	return notes
}

// checkMasses refuses masses that cannot be in amu: no isotope is so far from its element.
func checkMasses(st *start) error {
	natural := integrator.Masses(st.species)
	for i, m := range st.masses {
		if !(m > 0) {
			return fmt.Errorf("%s: atom %d has mass %g amu, want a positive one", st.origin, i+1, m)
		}
		if ratio := m / natural[i]; natural[i] > 0 && (ratio > 4 || ratio < 0.25) {
			hint := ""
			if math.Abs(ratio*integrator.PerMass-1) < 0.02 {
				hint = ", which is eV fs²/Å², as QUIP writes it: divide by 103.64"
			}
			return fmt.Errorf("%s: atom %d, %s, has a mass of %g, want amu (%g)%s", st.origin, i+1, xyz.Symbol(st.species[i]), m, natural[i], hint)
		}
	}
	return nil
}
