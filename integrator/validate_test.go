package integrator

import (
	"math"
	"testing"
)

func TestValidateNamesFieldAndValue(t *testing.T) {
	for _, c := range []struct {
		config interface{ Validate() error }
		want   string
	}{
		{VelocityVerlet{Timestep: -1}, "integrator: VelocityVerlet.Timestep = -1 fs, want positive, or 0 for the default"},
		{VelocityVerlet{Timestep: math.Inf(1)}, "integrator: VelocityVerlet.Timestep = +Inf fs, want positive, or 0 for the default"},
		{Langevin{Timestep: math.NaN()}, "integrator: Langevin.Timestep = NaN fs, want positive, or 0 for the default"},
		{Langevin{Temperature: -5}, "integrator: Langevin.Temperature = -5 K, want 0 or more"},
		{Langevin{Friction: -0.1}, "integrator: Langevin.Friction = -0.1 1/fs, want 0 or more"},
		{CSVR{Tau: -2}, "integrator: CSVR.Tau = -2 fs, want positive, or 0 for the default"},
		{CSVR{Ramp: Ramp{To: 300}}, "integrator: CSVR.Ramp.Until = 0, want a step after Ramp.From"},
		{CSVR{Ramp: Ramp{To: -1, Until: 5}}, "integrator: CSVR.Ramp.To = -1 K, want 0 or more"},
		{NoseHoover{}, "integrator: NoseHoover.Temperature = 0 K, want positive"},
		{NoseHoover{Temperature: 300, Length: -3}, "integrator: NoseHoover.Length = -3, want positive, or 0 for the default"},
		{NoseHoover{Temperature: 300, Ramp: Ramp{Until: 5}}, "integrator: NoseHoover.Ramp.To = 0 K, want positive"},
		{Barostat{}, "integrator: Barostat.Thermostat is nil, want CSVR, Langevin or NoseHoover"},
		{Barostat{Thermostat: CSVR{Tau: -2}}, "integrator: CSVR.Tau = -2 fs, want positive, or 0 for the default"},
		{Barostat{Thermostat: CSVR{}, Pressure: math.NaN()}, "integrator: Barostat.Pressure = NaN GPa, want a finite pressure"},
		{Barostat{Thermostat: CSVR{}, Tau: -1}, "integrator: Barostat.Tau = -1 fs, want positive, or 0 for the default"},
		{Barostat{Thermostat: CSVR{}, Compressibility: -1}, "integrator: Barostat.Compressibility = -1 1/GPa, want positive, or 0 for the default"},
		{Barostat{Thermostat: CSVR{}, Stride: -1}, "integrator: Barostat.Stride = -1, want positive, or 0 for the default"},
		{Barostat{Thermostat: CSVR{}, Cell: 7}, "integrator: Barostat.Cell = 7, want Isotropic, Anisotropic or Triclinic"},
		{Barostat{Thermostat: CSVR{}, Fixed: [3]bool{true, true, true}}, "integrator: Barostat.Fixed holds x, y and z: want one that moves, or no barostat"},
		{Velocities{Temperature: -1}, "integrator: Velocities.Temperature = -1 K, want 0 or more"},
	} {
		if err := c.config.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("%+v: error %q, want %q", c.config, err, c.want)
		}
	}
	for _, config := range []Stepper{VelocityVerlet{}, Langevin{}, CSVR{}, NoseHoover{Temperature: 300}, Barostat{Thermostat: CSVR{}}} {
		if err := config.Validate(); err != nil {
			t.Errorf("%T with defaults: %v", config, err)
		}
	}
}

func TestRunRefusesAStateThatDoesNotFit(t *testing.T) {
	for name, spoil := range map[string]func(*State){
		"velocities": func(s *State) { s.Vel = s.Vel[:2] },
		"mass":       func(s *State) { s.Masses[1] = math.NaN() },
		"DOF":        func(s *State) { s.DOF = 0 },
		"lattice":    func(s *State) { s.Lattice[1][1] = math.Inf(1) },
		"velocity":   func(s *State) { s.Vel[0][0] = math.NaN() },
	} {
		s, field := trapped(t, 3, 0.05, 1)
		spoil(s)
		if err := Run(VelocityVerlet{}, s, field, 1); err == nil || s.Step != 0 {
			t.Errorf("%s: error %v after %d steps", name, err, s.Step)
		}
	}
	s, field := trapped(t, 3, 0.05, 1)
	s.Chain = Chain{make([]float64, 2), make([]float64, 2)}
	if err := Run(NoseHoover{Temperature: 300}, s, field, 1); err == nil {
		t.Error("a chain of two links passed for one of three")
	}
}

func TestEverySamplesMultiplesOfTheStepCount(t *testing.T) {
	s, field := trapped(t, 1, 0.05, 1)
	s.Step = 7 // as after a restart
	var seen []int
	run(t, VelocityVerlet{}, s, field, 10, Every(5, func(s *State) error {
		seen = append(seen, s.Step)
		return nil
	}))
	if len(seen) != 2 || seen[0] != 10 || seen[1] != 15 {
		t.Errorf("sampled steps %v, want [10 15]", seen)
	}
}
