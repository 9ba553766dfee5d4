package integrator

import (
	"cmp"
	"fmt"
	"math"
)

// defaultTau is the relaxation time of the global thermostats: several periods
// of a bond, well below the time in which a liquid forgets its structure.
const defaultTau = 100 // fs

// suzukiYoshida are the weights that make a second-order splitting one of
// fourth order: Yoshida, Phys. Lett. A 150, 262 (1990).
var suzukiYoshida = func() [3]float64 {
	w := 1 / (2 - math.Cbrt(2))
	return [3]float64{w, 1 - 2*w, w}
}()

// NoseHoover samples the canonical ensemble (NVT) with a chain of Nosé–Hoover
// thermostats, without random numbers. It does not sample a harmonic system, or
// one of few atoms, reliably: use Langevin there. Like CSVR it keeps momentum
// that is there, so start from Velocities or call RemoveMomentum.
//
// Half a step of the chain on either side of velocity Verlet. Conserved is the
// Hamiltonian of the extended system, up to the constant it starts from, also
// while a Ramp changes the target.
//
// Sources: Martyna, Klein, Tuckerman, J. Chem. Phys. 97, 2635 (1992); Martyna,
// Tuckerman, Tobias, Klein, Mol. Phys. 87, 1117 (1996).
type NoseHoover struct {
	Timestep    float64 // fs; 0 means 0.5
	Temperature float64 // K, positive: it sets the masses of the chain
	Ramp        Ramp    // optional change of Temperature
	Tau         float64 // fs, masses of the chain are k_B T τ² (times DOF for the first); 0 means 100
	Length      int     // thermostats in the chain; 0 means 3
	Substeps    int     // parts of the step of the chain, for a Tau of a few steps; 0 means 1
}

// Chain holds the variables of a Nosé–Hoover chain, the thermostat of the atoms
// first. Assigning Chain{} starts it anew.
type Chain struct {
	Position []float64 // η
	Velocity []float64 // dη/dt in 1/fs
}

// Validate implements Stepper.
func (c NoseHoover) Validate() error {
	if err := setting(c.Timestep >= 0, "NoseHoover.Timestep", c.Timestep, "fs", "positive, or 0 for the default"); err != nil {
		return err
	}
	if err := c.Ramp.validate("NoseHoover", c.Temperature, true); err != nil {
		return err
	}
	if err := setting(c.Tau >= 0, "NoseHoover.Tau", c.Tau, "fs", "positive, or 0 for the default"); err != nil {
		return err
	}
	if err := setting(c.Length >= 0, "NoseHoover.Length", float64(c.Length), "", "positive, or 0 for the default"); err != nil {
		return err
	}
	return setting(c.Substeps >= 0, "NoseHoover.Substeps", float64(c.Substeps), "", "positive, or 0 for the default")
}

func (c NoseHoover) target(step int) (dt, temperature float64) {
	return cmp.Or(c.Timestep, defaultTimestep), c.Ramp.at(c.Temperature, step)
}

// Run makes a number of steps; see the function Run.
func (c NoseHoover) Run(s *State, ff ForceField, steps int, watchers ...Watcher) error {
	return Run(c, s, ff, steps, watchers...)
}

// Step implements Stepper. It fills an empty State.Chain and refuses one of
// another length.
func (c NoseHoover) Step(s *State, ff ForceField) error {
	length := cmp.Or(c.Length, 3)
	if len(s.Chain.Velocity) == 0 {
		s.Chain = Chain{make([]float64, length), make([]float64, length)}
	}
	if n := len(s.Chain.Velocity); n != length {
		return fmt.Errorf("integrator: NoseHoover.Length = %d, but State.Chain has %d links: want the same, or an empty chain", length, n)
	}
	dt := cmp.Or(c.Timestep, defaultTimestep)
	s.begin(dt)
	c.exchange(s, dt/2)
	if err := s.verlet(ff, dt); err != nil {
		return err
	}
	c.exchange(s, dt/2)
	return nil
}

// exchange advances the chain and scales the velocities over a time h.
func (c NoseHoover) exchange(s *State, h float64) {
	kT := Boltzmann * c.Ramp.at(c.Temperature, s.Step)
	tau := cmp.Or(c.Tau, defaultTau)
	link := links{Chain: s.Chain, kT: kT, dof: float64(s.DOF), mass: kT * tau * tau}
	twoK := 2 * s.KineticEnergy()

	// What the chain gains within this call, at one temperature, is what the
	// atoms lose. Summing that keeps Conserved constant while a ramp changes
	// the masses from call to call.
	before := link.energy()
	substeps := cmp.Or(c.Substeps, 1)
	scale := 1.0
	for range substeps {
		for _, w := range suzukiYoshida {
			d := w * h / float64(substeps)
			factor := link.advance(twoK, d)
			twoK *= factor * factor
			scale *= factor
		}
	}
	scaleVelocities(s, scale)
	s.BathEnergy += link.energy() - before
}

// links is a chain with its masses: mass for every link but the first, whose
// mass is dof·mass.
type links struct {
	Chain
	kT, dof, mass float64 // eV, 1, eV·fs²
}

// advance propagates the chain over a time d, twoK being twice the kinetic
// energy of the atoms, and returns the factor for their velocities:
//
//	links M…1 kicked for d/2;  v *= e^(−η̇₁d), η += η̇ d;  links 1…M kicked for d/2
func (c *links) advance(twoK, d float64) (factor float64) {
	last := len(c.Velocity) - 1
	for k := last; k >= 0; k-- {
		c.kick(k, twoK, d/2)
	}
	factor = math.Exp(-c.Velocity[0] * d)
	for k, v := range c.Velocity {
		c.Position[k] += v * d
	}
	for k := 0; k <= last; k++ {
		c.kick(k, twoK*factor*factor, d/2)
	}
	return factor
}

// kick changes the velocity of link k over a time d, the link above it acting
// as friction:
//
//	Q₁ dη̇₁/dt = 2K − dof·k_BT − Q₁ η̇₁η̇₂,  Q_k dη̇_k/dt = Q_(k−1) η̇²_(k−1) − k_BT − Q_k η̇_k η̇_(k+1)
func (c *links) kick(k int, twoK, d float64) {
	var force float64
	switch k {
	case 0:
		force = (twoK/c.dof - c.kT) / c.mass
	case 1:
		force = (c.dof*c.mass*c.Velocity[0]*c.Velocity[0] - c.kT) / c.mass
	default:
		force = (c.mass*c.Velocity[k-1]*c.Velocity[k-1] - c.kT) / c.mass
	}
	friction := 1.0
	if k+1 < len(c.Velocity) {
		friction = math.Exp(-c.Velocity[k+1] * d / 2)
	}
	c.Velocity[k] = (c.Velocity[k]*friction + d*force) * friction
}

// energy returns ½ Σ Q η̇² + k_BT (dof·η₁ + Σ_{k>1} η_k) in eV.
func (c *links) energy() float64 {
	sum := 0.0
	for k, v := range c.Velocity {
		weight := 1.0
		if k == 0 {
			weight = c.dof
		}
		sum += weight * (c.mass*v*v/2 + c.kT*c.Position[k])
	}
	return sum
}
