package integrator

import (
	"cmp"
	"fmt"
	"math"
)

// Langevin samples the canonical ensemble (NVT) with friction and noise on
// every atom, split as B A O A B: half a kick, half a drift, the exact
// Ornstein–Uhlenbeck step of the velocities, half a drift, half a kick.
//
// Positions are sampled more accurately than velocities: for a harmonic mode of
// frequency ω the variance of x is exact at any stable Δt, that of v, and so
// the temperature printed, is low by the fraction (ωΔt/2)².
//
// The noise moves the centre of mass, so all 3N degrees of freedom have
// temperature and Step sets State.DOF to 3N. Conserved is the effective energy:
// total energy less the heat the noise brought in. With Friction 0 this is
// velocity Verlet.
//
// Sources: Leimkuhler, Matthews, Appl. Math. Res. eXpress 2013, 34; J. Chem.
// Phys. 138, 174102 (2013). Effective energy: Bussi, Parrinello, Phys. Rev. E
// 75, 056707 (2007).
type Langevin struct {
	Timestep    float64 // fs; 0 means 0.5
	Temperature float64 // K
	Ramp        Ramp    // optional change of Temperature
	Friction    float64 // γ in 1/fs; 0.001 to 0.01 is usual for sampling
}

// Validate implements Stepper.
func (c Langevin) Validate() error {
	if err := setting(c.Timestep >= 0, "Langevin.Timestep", c.Timestep, "fs", "positive, or 0 for the default"); err != nil {
		return err
	}
	if err := c.Ramp.validate("Langevin", c.Temperature, false); err != nil {
		return err
	}
	return setting(c.Friction >= 0, "Langevin.Friction", c.Friction, "1/fs", "0 or more")
}

func (c Langevin) target(step int) (dt, temperature float64) {
	return cmp.Or(c.Timestep, defaultTimestep), c.Ramp.at(c.Temperature, step)
}

// Run makes a number of steps; see the function Run.
func (c Langevin) Run(s *State, ff ForceField, steps int, watchers ...Watcher) error {
	return Run(c, s, ff, steps, watchers...)
}

// Step implements Stepper. It needs State.Noise.
func (c Langevin) Step(s *State, ff ForceField) error {
	if s.Noise == nil {
		return errNoNoise("Langevin")
	}
	dt := cmp.Or(c.Timestep, defaultTimestep)
	s.begin(dt)
	s.DOF = 3 * len(s.Pos)
	s.kick(dt / 2)
	s.drift(dt / 2)
	c.exchange(s, dt)
	s.drift(dt / 2)
	if err := s.Evaluate(ff); err != nil {
		return err
	}
	s.kick(dt / 2)
	return nil
}

// exchange is the Ornstein–Uhlenbeck step:
//
//	v = e^(−γΔt) v + sqrt((1 − e^(−2γΔt)) k_B T/m) ξ,  ξ normal
func (c Langevin) exchange(s *State, dt float64) {
	keep := math.Exp(-c.Friction * dt)
	// Expm1, because 1−keep² loses the digits of a weak friction.
	noise := -math.Expm1(-2*c.Friction*dt) * Boltzmann * c.Ramp.at(c.Temperature, s.Step) * PerMass
	before := s.KineticEnergy()
	for i, m := range s.Masses {
		sigma := math.Sqrt(noise / m)
		v := &s.Vel[i]
		v[0] = keep*v[0] + sigma*s.Noise.NormFloat64()
		v[1] = keep*v[1] + sigma*s.Noise.NormFloat64()
		v[2] = keep*v[2] + sigma*s.Noise.NormFloat64()
	}
	s.BathEnergy -= s.KineticEnergy() - before
}

func errNoNoise(thermostat string) error {
	return fmt.Errorf("integrator: %s needs random numbers: State.Noise is nil, want NewStream(seed, ThermostatStream)", thermostat)
}
