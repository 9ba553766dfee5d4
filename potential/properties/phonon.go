package properties

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"ponita/integrator"
)

// Phonons are the harmonic frequencies of a crystal at all points of its zone
// that are commensurate with a supercell, the centre included.
type Phonons struct {
	Atoms     int     `json:"atoms"` // of the supercell
	Imaginary int     `json:"imaginary"`
	Lowest    float64 `json:"lowest_THz"`
	Highest   float64 `json:"highest_THz"`
	// Frequencies are ascending, 3N−3 without the translations; an imaginary one
	// is a negative number.
	Frequencies []float64 `json:"frequencies_THz"`
}

const (
	displacement = 0.005 // Å
	// still is a frequency in THz that is rounding.
	still = 0.02
	// mostPhonons is how many atoms the dynamical matrix may be of: its
	// eigenvalues take N³.
	mostPhonons = 300
)

// Phonons computes the frequencies of n×n×n cells of a crystal at its minimum.
// The atoms of one cell are displaced by ±0.005 Å; the rest of the dynamical matrix
//
//	D = −∂F/∂x /√(m m')
//
// follows from translations. That of the whole supercell has the frequencies at
// all commensurate points for eigenvalues, and is real.
func (f Field) Phonons(s Structure, n int) (*Phonons, error) {
	super := s.Repeat(n)
	atoms, basis := len(super.Pos), len(s.Pos)
	if atoms > mostPhonons {
		return nil, fmt.Errorf("properties: phonons of %d atoms, want %d or fewer: choose a smaller supercell", atoms, mostPhonons)
	}
	w, err := f.work(super)
	if err != nil {
		return nil, err
	}
	mass := integrator.Masses(super.Species)
	d := mat.NewSymDense(3*atoms, nil)
	for b := range basis {
		for k := range 3 {
			slope, err := w.slope(super, b, k)
			if err != nil {
				return nil, err
			}
			for home := range n * n * n {
				row := 3*(home*basis+b) + k
				for i, g := range slope {
					j := translated(i/basis, home, n)*basis + i%basis
					for l := range 3 {
						// Both orders of a pair are visited: each is half of the mean.
						v := d.At(row, 3*j+l) - g[l]/math.Sqrt(mass[b]*mass[i])/2
						if row == 3*j+l {
							v -= g[l] / mass[b] / 2
						}
						d.SetSym(row, 3*j+l, v)
					}
				}
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(withoutTranslations(d, mass), false) {
		return nil, fmt.Errorf("properties: the eigenvalues of the dynamical matrix of %d atoms do not converge", atoms)
	}
	return phonons(eigen.Values(nil), atoms), nil
}

// slope returns ∂F/∂x [eV/Å²] of all forces by component k of an atom.
func (w *work) slope(s Structure, atom, k int) ([][3]float64, error) {
	slope, x := make([][3]float64, len(s.Pos)), s.Pos[atom][k]
	for _, sign := range []float64{1, -1} {
		s.Pos[atom][k] = x + sign*displacement
		if _, err := w.at(s); err != nil {
			return nil, err
		}
		for i, force := range w.forces {
			for l := range force {
				slope[i][l] += sign * force[l] / (2 * displacement)
			}
		}
	}
	s.Pos[atom][k] = x
	return slope, nil
}

// translated returns the number of a cell of n×n×n moved by the place of another.
func translated(cell, by, n int) int {
	i, j, k := cell/(n*n)+by/(n*n), cell/n%n+by/n%n, cell%n+by%n
	return (i%n*n+j%n)*n + k%n
}

// withoutTranslations projects the three translations out of a dynamical matrix:
// of their frequencies differences leave a rest.
func withoutTranslations(d *mat.SymDense, mass []float64) *mat.SymDense {
	total := 0.
	for _, m := range mass {
		total += m
	}
	size := d.SymmetricDim()
	keep := mat.NewDense(size, size, nil)
	for i := range size {
		for j := range size {
			if i%3 == j%3 {
				keep.Set(i, j, -math.Sqrt(mass[i/3]*mass[j/3])/total)
			}
		}
		keep.Set(i, i, keep.At(i, i)+1)
	}
	var half, full mat.Dense
	half.Mul(keep, d)
	full.Mul(&half, keep)
	out := mat.NewSymDense(size, nil)
	for i := range size {
		for j := range i + 1 {
			out.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
	}
	return out
}

// phonons turns ascending eigenvalues [eV/(Å² amu)] into frequencies, less the
// three nearest to zero, which are the translations.
func phonons(values []float64, atoms int) *Phonons {
	p := &Phonons{Atoms: atoms}
	first := 0
	for first+3 < len(values) && math.Abs(values[first]) > math.Abs(values[first+3]) {
		first++
	}
	for i, v := range values {
		if i >= first && i < first+3 {
			continue
		}
		// √(1/fs²) is 1000 rad/ps.
		frequency := math.Copysign(1000/(2*math.Pi)*math.Sqrt(math.Abs(v)*integrator.PerMass), v)
		p.Frequencies = append(p.Frequencies, frequency)
		if frequency < -still {
			p.Imaginary++
		}
	}
	if len(p.Frequencies) > 0 {
		p.Lowest, p.Highest = p.Frequencies[0], p.Frequencies[len(p.Frequencies)-1]
	}
	return p
}
