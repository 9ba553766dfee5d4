package distill

import (
	"errors"
	"math"

	"ponita/potential"
)

// Committee computes the mean of several models. It belongs to one goroutine.
type Committee struct {
	members    []*potential.Calculator
	forces     [][][3]float64 // [member][atom], of the last Compute
	deviations []float64      // [atom]
}

// NewCommittee returns a committee for atoms with the given atomic numbers,
// periodic in the directions of pbc. The options are those of every member.
func NewCommittee(models []*potential.Model, species []int, pbc [3]bool, options ...potential.Option) (*Committee, error) {
	if len(models) == 0 {
		return nil, errors.New("distill: a committee without members")
	}
	c := &Committee{deviations: make([]float64, len(species))}
	for _, m := range models {
		calc, err := m.Calculator(species, pbc, options...)
		if err != nil {
			return nil, err
		}
		c.members = append(c.members, calc)
		c.forces = append(c.forces, make([][3]float64, len(species)))
	}
	return c, nil
}

// Compute returns the mean energy [eV] of the members for atoms at pos [Å] in the
// cell lattice (rows a, b, c in Å), and writes the mean forces [eV/Å] and the mean
// virial −∂E/∂ε [eV].
func (c *Committee) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	share := 1 / float64(len(c.members))
	energy, mean := 0., [3][3]float64{}
	for k, m := range c.members {
		var w [3][3]float64
		e, err := m.Compute(pos, lattice, c.forces[k], &w)
		if err != nil {
			return 0, err
		}
		energy += share * e
		for a := range w {
			for b := range w[a] {
				mean[a][b] += share * w[a][b]
			}
		}
	}
	for i := range forces {
		var f [3]float64
		for _, member := range c.forces {
			for a := range f {
				f[a] += share * member[i][a]
			}
		}
		variance := 0.
		for _, member := range c.forces {
			for a := range f {
				variance += share * (member[i][a] - f[a]) * (member[i][a] - f[a])
			}
		}
		forces[i], c.deviations[i] = f, math.Sqrt(variance)
	}
	*virial = mean
	return energy, nil
}

// Deviations returns how far the members are apart about each atom in the last
// Compute: (mean over members of |f − mean f|²)^(1/2) in eV/Å, the deviation of
// forces of model_devi.out in LAMMPS. The slice is the committee's own.
func (c *Committee) Deviations() []float64 { return c.deviations }
