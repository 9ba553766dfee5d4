package integrator

import "cmp"

// VelocityVerlet integrates Newton's equations at constant energy (NVE):
//
//	v += Δt/2 F/m;  x += Δt v;  F = F(x);  v += Δt/2 F/m
//
// It is symplectic and time reversible: the energy oscillates with an amplitude
// proportional to Δt² and does not drift while the forces are smooth.
//
// Source: Swope, Andersen, Berens, Wilson, J. Chem. Phys. 76, 637 (1982).
type VelocityVerlet struct {
	Timestep float64 // fs; 0 means 0.5
}

// Validate implements Stepper.
func (c VelocityVerlet) Validate() error {
	return setting(c.Timestep >= 0, "VelocityVerlet.Timestep", c.Timestep, "fs", "positive, or 0 for the default")
}

// Run makes a number of steps; see the function Run.
func (c VelocityVerlet) Run(s *State, ff ForceField, steps int, watchers ...Watcher) error {
	return Run(c, s, ff, steps, watchers...)
}

// Step implements Stepper.
func (c VelocityVerlet) Step(s *State, ff ForceField) error {
	dt := cmp.Or(c.Timestep, defaultTimestep)
	s.begin(dt)
	return s.verlet(ff, dt)
}

// verlet is one velocity Verlet step, the Newtonian part of the global
// thermostats too.
func (s *State) verlet(ff ForceField, dt float64) error {
	s.kick(dt / 2)
	s.drift(dt)
	if err := s.Evaluate(ff); err != nil {
		return err
	}
	s.kick(dt / 2)
	return nil
}
