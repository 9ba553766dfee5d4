package properties

import (
	"fmt"
	"math/rand/v2"
)

// Vacancy is the energy that it costs to take an atom out of a crystal and put
// it back into the bulk, E_f = E(N−1) − (N−1)/N E(N), at the lattice constant of
// the crystal.
type Vacancy struct {
	Atoms     int     `json:"atoms"` // N, of the supercell without the vacancy
	Unrelaxed float64 `json:"unrelaxed_eV"`
	Relaxed   float64 `json:"relaxed_eV"`
}

// rattle is how far atoms around a vacancy start from their places, Å: a
// relaxation from the symmetric place would end on the saddle between
// distortions of lower symmetry, as in silicon.
const rattle = 0.02

// Vacancy computes the formation energy in n×n×n cells of a crystal at its
// minimum, with the ions relaxed at constant cell and without. A supercell is
// finite: the vacancy interacts with its images.
func (f Field) Vacancy(s Structure, n int) (*Vacancy, error) {
	bulk, err := f.Evaluate(s.Repeat(n))
	if err != nil {
		return nil, err
	}
	atoms := len(bulk.Pos)
	if atoms < 2 {
		return nil, fmt.Errorf("properties: a vacancy in %d atom leaves none: want a larger supercell", atoms)
	}
	formation := func(s State) float64 { return s.Energy - float64(atoms-1)*bulk.PerAtom() }
	hole := bulk.Without(0)
	unrelaxed, err := f.Evaluate(hole)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range hole.Pos {
		for k := range 3 {
			hole.Pos[i][k] += rattle * (2*rng.Float64() - 1)
		}
	}
	relaxed, err := f.RelaxIons(hole)
	if err != nil {
		return nil, err
	}
	return &Vacancy{Atoms: atoms, Unrelaxed: formation(unrelaxed), Relaxed: formation(relaxed)}, nil
}
