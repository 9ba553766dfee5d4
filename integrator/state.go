package integrator

import (
	"fmt"
	"math"
	"slices"
)

// ForceField is what an integrator needs of a potential.
type ForceField interface {
	// Compute returns the energy in eV at positions pos [Å] in the cell lattice (rows, Å), and writes
	// forces [eV/Å] and the virial W = −∂E/∂ε [eV].
	Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (energy float64, err error)
}

// State is everything that changes during a run. Integrators hold settings
// only, so a saved State is a complete restart.
//
// Energy, Forces and Virial belong to Pos and Lattice. Whoever changes those
// calls Evaluate; velocities may be changed freely.
type State struct {
	Step int     // steps made
	Time float64 // fs

	Masses  []float64     // amu
	Pos     [][3]float64  // Å, never wrapped into the cell
	Vel     [][3]float64  // Å/fs
	Forces  [][3]float64  // eV/Å
	Lattice [3][3]float64 // rows a, b, c in Å; all zero without a cell
	Energy  float64       // eV, potential energy
	Virial  [3][3]float64 // eV, W = −∂E/∂ε

	// DOF is the number of degrees of freedom that share the kinetic energy.
	// NewState sets 3N−3 for the momentum that forces conserve (3 for one
	// atom); RemoveMomentum, RemoveRotation and Langevin set their own. A
	// caller whose forces do not conserve momentum, as in an external field,
	// sets 3N.
	DOF int

	// BathEnergy is the energy given to thermostats and barostat so far, in eV; the
	// conserved quantity is Energy + kinetic energy + BathEnergy.
	BathEnergy float64

	Chain Chain   // Nosé–Hoover chain; empty until NoseHoover fills it
	Noise *Stream // random numbers of Langevin, CSVR and Barostat, from NewStream

	kept kept // of a move of the cell that may be taken back
}

// kept is what a move of the cell changes.
type kept struct {
	pos, vel, forces [][3]float64
	lattice, virial  [3][3]float64
	energy           float64
}

// NewState returns a state at rest at step 0 with copies of pos [Å] and masses
// [amu], and its forces evaluated.
func NewState(ff ForceField, pos [][3]float64, lattice [3][3]float64, masses []float64) (*State, error) {
	n := len(pos)
	s := &State{
		Masses:  slices.Clone(masses),
		Pos:     slices.Clone(pos),
		Vel:     make([][3]float64, n),
		Forces:  make([][3]float64, n),
		Lattice: lattice,
		DOF:     translationFree(n),
	}
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("integrator: %w", err)
	}
	if err := s.Evaluate(ff); err != nil {
		return nil, err
	}
	return s, nil
}

// Evaluate computes Energy, Forces and Virial at Pos. A value that is not
// finite, in what goes in or comes out, is a *DivergedError.
func (s *State) Evaluate(ff ForceField) error {
	if atom := firstNotFinite(s.Pos); atom >= 0 {
		return s.diverged(atom, "position", largest(s.Pos[atom]), "Å", 0)
	}
	energy, err := ff.Compute(s.Pos, s.Lattice, s.Forces, &s.Virial)
	if err != nil {
		return fmt.Errorf("integrator: step %d: %w", s.Step, err)
	}
	s.Energy = energy
	// Forces first: they name the atom, which the energy cannot.
	if atom := firstNotFinite(s.Forces); atom >= 0 {
		return s.diverged(atom, "force", largest(s.Forces[atom]), "eV/Å", 0)
	}
	if !isFinite(energy) {
		return s.diverged(-1, "energy", energy, "eV", 0)
	}
	return nil
}

// validate checks what the equations of motion take for granted. The public
// fields and a restart file can break any of it.
func (s *State) validate() error {
	n := len(s.Pos)
	switch {
	case n == 0:
		return fmt.Errorf("no atoms")
	case len(s.Masses) != n || len(s.Vel) != n || len(s.Forces) != n:
		return fmt.Errorf("%d positions, %d masses, %d velocities, %d forces: want one of each per atom",
			n, len(s.Masses), len(s.Vel), len(s.Forces))
	case s.DOF < 1 || s.DOF > 3*n:
		return fmt.Errorf("DOF = %d, want 1 to %d for %d atoms", s.DOF, 3*n, n)
	}
	for i, m := range s.Masses {
		if !(m > 0) || math.IsInf(m, 0) {
			return fmt.Errorf("atom %d has mass %g amu, want a positive one", i+1, m)
		}
	}
	for _, row := range s.Lattice {
		for _, x := range row {
			if !isFinite(x) {
				return fmt.Errorf("lattice %v is not finite", s.Lattice)
			}
		}
	}
	if atom := firstNotFinite(s.Vel); atom >= 0 {
		return fmt.Errorf("atom %d has velocity %v Å/fs", atom+1, s.Vel[atom])
	}
	return nil
}

// begin counts the step about to be made, so that errors on the way name it.
func (s *State) begin(dt float64) {
	s.Step++
	s.Time += dt
}

// kick changes the velocities by the present forces acting for dt [fs].
func (s *State) kick(dt float64) {
	for i, f := range s.Forces {
		a := dt * PerMass / s.Masses[i]
		v := &s.Vel[i]
		v[0] += a * f[0]
		v[1] += a * f[1]
		v[2] += a * f[2]
	}
}

// drift moves the atoms with their present velocities for dt [fs].
func (s *State) drift(dt float64) {
	for i, v := range s.Vel {
		x := &s.Pos[i]
		x[0] += dt * v[0]
		x[1] += dt * v[1]
		x[2] += dt * v[2]
	}
}

// translationFree is the number of degrees of freedom of n atoms at zero total
// momentum. One atom alone keeps its three: it moves in a field or not at all.
func translationFree(n int) int {
	if n == 1 {
		return 3
	}
	return 3*n - 3
}

func isFinite(x float64) bool { return x-x == 0 }

// firstNotFinite returns the index of the first vector with a component that is
// NaN or infinite, or -1.
func firstNotFinite(vectors [][3]float64) int {
	for i := range vectors {
		v := &vectors[i]
		if !isFinite(v[0]) || !isFinite(v[1]) || !isFinite(v[2]) {
			return i
		}
	}
	return -1
}

// largest returns the component of v with the largest magnitude, NaN before
// any number.
func largest(v [3]float64) float64 {
	worst := v[0]
	for _, x := range v[1:] {
		if math.IsNaN(x) || math.Abs(x) > math.Abs(worst) {
			worst = x
		}
	}
	return worst
}
