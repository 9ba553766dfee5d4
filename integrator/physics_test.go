//go:build physics

package integrator

import (
	"math"
	"testing"
)

// The ensembles of sampling_test.go, longer: errors of 0.2 % instead of 1 %, so
// that the time step must be 2 fs for its own error, (ωΔt/2)² = 1e-4, not to show.

func TestPhysicsThermostatsSampleMaxwellBoltzmann(t *testing.T) {
	for name, c := range map[string]struct {
		stepper Stepper
		dof     int
	}{
		"Langevin":   {Langevin{Timestep: 2, Temperature: 120, Friction: 0.005}, 96},
		"CSVR":       {CSVR{Timestep: 2, Temperature: 120, Tau: 50}, 93},
		"NoseHoover": {NoseHoover{Timestep: 2, Temperature: 120, Tau: 100}, 93},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fluid(t, 120, 31)
			kinetic := sampleKinetic(t, c.stepper, s, argon{}, 60_000, 10)
			expectMaxwellBoltzmann(t, kinetic, c.dof, 120, 1, 0.003)
		})
	}
}

// All thermostats must agree on what the forces make of the temperature: the
// mean potential energy of the liquid and its fluctuation, which is that of the
// heat capacity only in a canonical ensemble.
func TestPhysicsThermostatsAgreeOnTheLiquid(t *testing.T) {
	type result struct{ mean, meanError, variance, varianceError float64 }
	results := map[string]result{}
	for name, stepper := range map[string]Stepper{
		"Langevin":   Langevin{Timestep: 4, Temperature: 120, Friction: 0.002},
		"CSVR":       CSVR{Timestep: 4, Temperature: 120, Tau: 100},
		"NoseHoover": NoseHoover{Timestep: 4, Temperature: 120, Tau: 100},
	} {
		s := fluid(t, 120, 32)
		run(t, stepper, s, argon{}, 20_000)
		var energy []float64
		run(t, stepper, s, argon{}, 400_000, Every(10, func(s *State) error {
			energy = append(energy, s.Energy)
			return nil
		}))
		var r result
		r.mean, r.meanError = estimate(energy)
		squares := make([]float64, len(energy))
		for i, e := range energy {
			squares[i] = math.Pow(e-r.mean, 2)
		}
		r.variance, r.varianceError = estimate(squares)
		results[name] = r
		t.Logf("%s: ⟨U⟩ = %.5f ± %.5f eV, variance %.5f ± %.5f eV²", name, r.mean, r.meanError, r.variance, r.varianceError)
	}
	reference := results["Langevin"]
	for name, r := range results {
		if d := math.Abs(r.mean - reference.mean); d > 4*math.Hypot(r.meanError, reference.meanError)+1e-12 {
			t.Errorf("%s: mean potential energy %.5f eV, Langevin %.5f", name, r.mean, reference.mean)
		}
		if d := math.Abs(r.variance - reference.variance); d > 4*math.Hypot(r.varianceError, reference.varianceError)+1e-12 {
			t.Errorf("%s: variance of the potential energy %.5f eV², Langevin %.5f", name, r.variance, reference.variance)
		}
	}
}

// A nanosecond of argon at constant energy: a drift too slow for the short test.
func TestPhysicsNVEDoesNotDrift(t *testing.T) {
	s := fluid(t, 120, 33)
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 2000)
	var energy []float64
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 200_000, Every(10, func(s *State) error {
		energy = append(energy, s.Conserved())
		return nil
	}))
	half := len(energy) / 2
	first, firstError := estimate(energy[:half])
	second, secondError := estimate(energy[half:])
	t.Logf("first half %.8f ± %.1g eV, second %.8f ± %.1g eV", first, firstError, second, secondError)
	// No significant drift; 1e-6 eV of 0.5 eV kinetic energy is left to the
	// twice differentiable cutoff.
	if d := math.Abs(second - first); d > 4*math.Hypot(firstError, secondError)+1e-6 {
		t.Errorf("energy drifts by %.2g eV in half a nanosecond", second-first)
	}
}
