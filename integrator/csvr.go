package integrator

import (
	"cmp"
	"math"
)

// CSVR samples the canonical ensemble (NVT) by stochastic velocity rescaling,
// which disturbs the motion of single atoms least. It scales all velocities by
// one factor, so momentum that is there stays: start from Velocities, or call
// RemoveMomentum, and State.DOF is right.
//
// Half a step of the thermostat on either side of velocity Verlet; the
// stochastic equation of the kinetic energy is solved exactly, so Tau does not
// limit the time step. An atom at rest in a system at rest stays so until
// forces move it. Conserved is the total energy less the heat brought in.
//
// Sources: Bussi, Donadio, Parrinello, J. Chem. Phys. 126, 014101 (2007); with
// the sign of the factor: Bussi, Parrinello, Comput. Phys. Commun. 179, 26 (2008).
type CSVR struct {
	Timestep    float64 // fs; 0 means 0.5
	Temperature float64 // K
	Ramp        Ramp    // optional change of Temperature
	Tau         float64 // fs, relaxation time of the kinetic energy; 0 means 100
}

// Validate implements Stepper.
func (c CSVR) Validate() error {
	if err := setting(c.Timestep >= 0, "CSVR.Timestep", c.Timestep, "fs", "positive, or 0 for the default"); err != nil {
		return err
	}
	if err := c.Ramp.validate("CSVR", c.Temperature, false); err != nil {
		return err
	}
	return setting(c.Tau >= 0, "CSVR.Tau", c.Tau, "fs", "positive, or 0 for the default")
}

func (c CSVR) target(step int) (dt, temperature float64) {
	return cmp.Or(c.Timestep, defaultTimestep), c.Ramp.at(c.Temperature, step)
}

// Run makes a number of steps; see the function Run.
func (c CSVR) Run(s *State, ff ForceField, steps int, watchers ...Watcher) error {
	return Run(c, s, ff, steps, watchers...)
}

// Step implements Stepper. It needs State.Noise.
func (c CSVR) Step(s *State, ff ForceField) error {
	if s.Noise == nil {
		return errNoNoise("CSVR")
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

// exchange scales the velocities by α, the exact solution over a time h for the
// kinetic energy K of f degrees of freedom:
//
//	α² = (√c + √b R₁)² + b Σ_{i=2..f} R_i²,  sign α = sign(√c + √b R₁)
//	c = e^(−h/τ),  b = (1 − c) k_B T / 2K,  R_i normal
func (c CSVR) exchange(s *State, h float64) {
	before := s.KineticEnergy()
	if before == 0 {
		return // nothing to scale
	}
	x := h / cmp.Or(c.Tau, defaultTau)
	b := -math.Expm1(-x) * Boltzmann * c.Ramp.at(c.Temperature, s.Step) / (2 * before)
	along := math.Exp(-x/2) + math.Sqrt(b)*s.Noise.NormFloat64()
	across := b * chiSquare(s.Noise.Rand, s.DOF-1)
	scaleVelocities(s, math.Copysign(math.Sqrt(along*along+across), along))
	s.BathEnergy -= s.KineticEnergy() - before
}
