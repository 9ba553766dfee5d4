package properties

import (
	"ponita/integrator"
	"ponita/potential"
)

// ForceField is what a property needs of a potential for a list of atoms:
// [potential.Calculator] is one.
type ForceField interface {
	// Compute returns the energy in eV at positions pos [Å] in the cell lattice
	// (rows, Å), and writes forces [eV/Å] and the virial W = −∂E/∂ε [eV].
	Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (energy float64, err error)
}

// Field evaluates structures: it returns the force field for atoms with the given
// atomic numbers, periodic in all directions.
type Field func(species []int) (ForceField, error)

// NewField returns the field of a model, in double precision, on so many threads;
// 0 is all cores.
func NewField(m *potential.Model, threads int) Field {
	return func(species []int) (ForceField, error) {
		return m.Calculator(species, [3]bool{true, true, true}, potential.DoublePrecision(), potential.Threads(threads))
	}
}

// State is a structure with its energy and the derivatives.
type State struct {
	Structure
	Energy float64      // eV
	Forces [][3]float64 // eV/Å
	Stress [6]float64   // GPa, positive in tension
}

// PerAtom returns the energy in eV/atom.
func (s State) PerAtom() float64 { return s.Energy / float64(len(s.Pos)) }

// Evaluate returns the state of a structure as it is. It fails as
// [potential.Calculator.Compute] does.
func (f Field) Evaluate(s Structure) (State, error) {
	w, err := f.work(s)
	if err != nil {
		return State{}, err
	}
	return w.state(s)
}

// work evaluates structures of the same atoms one after another.
type work struct {
	calc   ForceField
	forces [][3]float64
	virial [3][3]float64 // −∂E/∂ε, eV
}

func (f Field) work(s Structure) (*work, error) {
	calc, err := f(s.Species)
	return &work{calc: calc, forces: make([][3]float64, len(s.Pos))}, err
}

// at returns the energy [eV] of a structure, and leaves forces and virial.
func (w *work) at(s Structure) (float64, error) {
	return w.calc.Compute(s.Pos, s.Lattice, w.forces, &w.virial)
}

func (w *work) state(s Structure) (State, error) {
	energy, err := w.at(s)
	out := State{Structure: s, Energy: energy, Forces: w.forces}
	for k, p := range voigt {
		out.Stress[k] = -w.virial[p[0]][p[1]] / s.Volume() * integrator.GPa
	}
	w.forces = make([][3]float64, len(s.Pos))
	return out, err
}
