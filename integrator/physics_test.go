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

// What the volume does at one pressure must be what a scan of pressures finds:
// −(dV/dp)/V is the variance of V over k_BT V, and the mean of P is p₀. A liquid of
// 32 atoms at 120 K, with CSVR and with Langevin.
func TestPhysicsVolumeFluctuationsAreTheCompressibility(t *testing.T) {
	kT := Boltzmann * 120 * GPa // GPa·Å³
	for name, bath := range map[string]Thermostat{
		"CSVR":     CSVR{Timestep: 5, Temperature: 120},
		"Langevin": Langevin{Timestep: 5, Temperature: 120, Friction: 0.002},
	} {
		t.Run(name, func(t *testing.T) {
			mean, meanError := map[float64]float64{}, map[float64]float64{}
			var variance, varianceError float64
			for _, pressure := range []float64{0.35, 0.4, 0.45} {
				c := Barostat{Thermostat: bath, Pressure: pressure, Compressibility: 0.5, Tau: 500}
				s := solid(t, 5.7, 120, 43)
				run(t, c, s, crystal{}, 20_000)
				var volume, virial []float64
				run(t, c, s, crystal{}, 400_000, Every(10, func(s *State) error {
					volume = append(volume, s.Volume())
					virial = append(virial, s.Thermo().Pressure)
					return nil
				}))
				mean[pressure], meanError[pressure] = estimate(volume)
				t.Logf("%g GPa: %.2f ± %.2f Å³", pressure, mean[pressure], meanError[pressure])
				expectMean(t, "pressure [GPa]", virial, pressure, 0.01)
				if pressure == 0.4 {
					for i, v := range volume {
						volume[i] = math.Pow(v-mean[pressure], 2)
					}
					variance, varianceError = estimate(volume)
				}
			}
			fluctuation, fluctuationError := variance/(kT*mean[0.4]), varianceError/(kT*mean[0.4])
			scan := (mean[0.35] - mean[0.45]) / 0.1 / mean[0.4]
			scanError := math.Hypot(meanError[0.35], meanError[0.45]) / 0.1 / mean[0.4]
			t.Logf("compressibility %.4f ± %.4f 1/GPa from fluctuations, %.4f ± %.4f from the scan", fluctuation, fluctuationError, scan, scanError)
			// The curvature of V(p) makes the scan a percent or so too large.
			if d := math.Abs(fluctuation - scan); d > 4*math.Hypot(fluctuationError, scanError)+0.01*scan {
				t.Errorf("compressibility %.4f 1/GPa from fluctuations, %.4f from the scan", fluctuation, scan)
			}
			if error := math.Hypot(fluctuationError, scanError); error > 0.1*scan {
				t.Errorf("known to %.2g of %.2g 1/GPa only", error, scan)
			}
		})
	}
}

// The strain of a cold crystal whose cell is free fluctuates by its compliance:
// with every atom at a centre of inversion, ⟨ε_ij²⟩ = k_BT/4VC₄₄ for i ≠ j and
// ⟨(ε_xx − ε_yy)²⟩ = 2k_BT/(V(C₁₁−C₁₂)), elastic constants from the stress of a
// strained crystal at rest.
func TestPhysicsStrainFluctuationsAreTheCompliance(t *testing.T) {
	const temperature, pressure = 2.0, 0.3 // K, GPa: ten times the heat of the volume's zero
	rest := solid(t, 5.2, 0, 8)
	run(t, Barostat{Thermostat: CSVR{Timestep: 5}, Pressure: pressure, Tau: 200, Compressibility: 0.5}, rest, crystal{}, 8000)
	start := encoded(t, rest)
	// stiffness is the change of the stress, taken along the strain, per strain;
	// under pressure that is the stiffness that the strain at that pressure feels.
	stiffness := func(strain [3][3]float64) float64 {
		const h = 1e-4
		stress := func(h float64) float64 {
			s, _, err := decodeRestart(start)
			if err != nil {
				t.Fatal(err)
			}
			s.deform(scaled(strain, h))
			if err := s.Evaluate(crystal{}); err != nil {
				t.Fatal(err)
			}
			p := s.PressureTensor()
			for a := range 3 {
				p[a][a] -= pressure
			}
			return -contract(p, strain) * s.Volume() // −∂(E+pV) per strain, GPa·Å³
		}
		return (stress(h) - stress(-h)) / (2 * h)
	}
	kT := Boltzmann * temperature * GPa
	shear := kT / stiffness([3][3]float64{{0, 1, 0}, {1, 0, 0}})
	tetragonal := 4 * kT / stiffness([3][3]float64{{1, 0, 0}, {0, -1, 0}})

	s, _, err := decodeRestart(start)
	if err != nil {
		t.Fatal(err)
	}
	s.Noise = NewStream(44, ThermostatStream)
	origin := inverted(rest.Lattice)
	c := Barostat{
		Thermostat: Langevin{Timestep: 5, Temperature: temperature, Friction: 0.005},
		Pressure:   pressure, Cell: Triclinic, Compressibility: 0.5, Tau: 500,
	}
	run(t, c, s, crystal{}, 20_000)
	var shears, tetragonals []float64
	run(t, c, s, crystal{}, 400_000, Every(10, func(s *State) error {
		// exp(2ε) = FᵀF of the deformation F does not see how the cell has turned.
		var metric [3][3]float64
		for a := range 3 {
			row := times(origin[a], &s.Lattice)
			for b := range 3 {
				metric[a][b] = dot(row, times(origin[b], &s.Lattice))
			}
		}
		for a := range 3 {
			b := (a + 1) % 3
			shears = append(shears, math.Pow(metric[a][b]/2, 2))
			tetragonals = append(tetragonals, math.Pow((metric[a][a]-metric[b][b])/2, 2))
		}
		return nil
	}))
	// Anharmonicity at 2 K: a percent or so of the stiffness, beside the error of
	// some percent that the test has.
	expectNear := func(name string, series []float64, want float64) {
		mean, se := estimate(series)
		t.Logf("%s: %.4g ± %.1g, want %.4g", name, mean, se, want)
		if math.Abs(mean-want) > 4*se+0.02*want || se > 0.05*want {
			t.Errorf("%s is %.4g ± %.1g, want %.4g", name, mean, se, want)
		}
	}
	expectNear("⟨ε_xy²⟩", shears, shear)
	expectNear("⟨(ε_xx−ε_yy)²⟩", tetragonals, tetragonal)
}
