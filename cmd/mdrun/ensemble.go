package main

import (
	"slices"

	"ponita/integrator"
)

// stage is a part of a run with one integrator.
type stage struct {
	name    string
	until   int // step at which it ends
	stepper integrator.Stepper
}

// stages returns the parts of a run. Which one a step belongs to follows from
// its number, so a restart needs to know nothing else.
func stages(s *Settings) []stage {
	var list []stage
	from, until := s.equilibration(), s.total()
	if from > 0 {
		list = append(list, stage{"csvr", from, s.atPressure(integrator.CSVR{
			Timestep: s.Timestep, Temperature: s.Temperature, Tau: s.Relaxation,
		})})
	}
	var ramp integrator.Ramp
	if s.TemperatureEnd != nil {
		ramp = integrator.Ramp{To: *s.TemperatureEnd, From: from, Until: until}
	}
	return append(list, stage{s.Ensemble, until, stepper(s, ramp)})
}

func stepper(s *Settings, ramp integrator.Ramp) integrator.Stepper {
	switch s.Ensemble {
	case "nve":
		return integrator.VelocityVerlet{Timestep: s.Timestep}
	case "langevin":
		return s.atPressure(integrator.Langevin{Timestep: s.Timestep, Temperature: s.Temperature, Ramp: ramp, Friction: s.Friction})
	case "nose-hoover":
		return s.atPressure(integrator.NoseHoover{Timestep: s.Timestep, Temperature: s.Temperature, Ramp: ramp, Tau: s.Relaxation})
	}
	return s.atPressure(integrator.CSVR{Timestep: s.Timestep, Temperature: s.Temperature, Ramp: ramp, Tau: s.Relaxation})
}

// atPressure adds the barostat, if there is a pressure.
func (s *Settings) atPressure(thermostat integrator.Thermostat) integrator.Stepper {
	if s.Pressure == nil {
		return thermostat
	}
	b := integrator.Barostat{
		Thermostat: thermostat, Pressure: *s.Pressure, Tau: s.BarostatTime, Compressibility: s.Compressibility,
		Cell: map[string]integrator.Cell{"iso": integrator.Isotropic, "aniso": integrator.Anisotropic, "tri": integrator.Triclinic}[s.Cell],
	}
	for k, axis := range []string{"x", "y", "z"} {
		b.Fixed[k] = slices.Contains(s.FixedAxes, axis)
	}
	return b
}
