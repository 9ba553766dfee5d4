package integrator

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// steppers are all integrators, with every option that changes their path.
var steppers = map[string]Stepper{
	"VelocityVerlet": VelocityVerlet{Timestep: 5},
	"Langevin":       Langevin{Timestep: 5, Temperature: 100, Friction: 0.01},
	"LangevinRamp":   Langevin{Timestep: 5, Temperature: 100, Friction: 0.01, Ramp: Ramp{To: 200, From: 20, Until: 90}},
	"CSVR":           CSVR{Timestep: 5, Temperature: 100},
	"CSVRRamp":       CSVR{Timestep: 5, Temperature: 100, Ramp: Ramp{To: 200, From: 20, Until: 90}},
	"NoseHoover":     NoseHoover{Timestep: 5, Temperature: 100},
	"NoseHooverRamp": NoseHoover{Timestep: 5, Temperature: 100, Length: 5, Substeps: 2, Ramp: Ramp{To: 200, From: 20, Until: 90}},
	"Barostat":       Barostat{Thermostat: CSVR{Timestep: 5, Temperature: 100, Ramp: Ramp{To: 200, From: 20, Until: 90}}, Pressure: 0.3},
	"BarostatShape":  Barostat{Thermostat: Langevin{Timestep: 5, Temperature: 100, Friction: 0.01}, Pressure: 0.3, Cell: Triclinic, Stride: 7},
}

// estimate returns the mean of a correlated series and its standard error, from
// the scatter of the means of 40 blocks. The blocks must be long against the
// correlation time for the error to be one; 40 of them know it to 11 %.
func estimate(series []float64) (mean, standardError float64) {
	const blocks = 40
	length := len(series) / blocks
	means := make([]float64, blocks)
	for b := range means {
		means[b] = stat.Mean(series[b*length:(b+1)*length], nil)
	}
	mean, sd := stat.MeanStdDev(means, nil)
	return mean, sd / math.Sqrt(blocks)
}

// expectMean fails if the mean of series is further from want than four
// standard errors (one test in 16 000 by chance, and the seeds are fixed), or
// if the standard error is above resolution·want: then the test shows nothing.
func expectMean(t *testing.T, name string, series []float64, want, resolution float64) {
	t.Helper()
	mean, se := estimate(series)
	t.Logf("%s: %.5g ± %.2g, want %.5g", name, mean, se, want)
	if math.Abs(mean-want) > 4*se {
		t.Errorf("%s is %.5g ± %.2g, want %.5g", name, mean, se, want)
	}
	if se > resolution*math.Abs(want) {
		t.Errorf("%s is known to %.2g only, want %.2g: the run is too short to test anything", name, se, resolution*want)
	}
}

// expectMaxwellBoltzmann compares twice the kinetic energies over k_B T with the
// chi-square distribution of dof: mean dof, variance 2 dof, and the fractions
// below three quantiles. scale is what the time step makes of k_B T.
func expectMaxwellBoltzmann(t *testing.T, kinetic []float64, dof int, temperature, scale, resolution float64) {
	t.Helper()
	kT := Boltzmann * temperature * scale
	chi := distuv.ChiSquared{K: float64(dof)}
	x, squares := make([]float64, len(kinetic)), make([]float64, len(kinetic))
	for i, k := range kinetic {
		x[i] = 2 * k / kT
		squares[i] = math.Pow(x[i]-chi.Mean(), 2)
	}
	expectMean(t, "mean of 2K/kT", x, chi.Mean(), resolution)
	// Fluctuations of a variance are those of a mean times sqrt(dof) and more.
	expectMean(t, "variance of 2K/kT", squares, chi.Variance(), 10*resolution)
	for _, p := range []float64{0.1, 0.5, 0.9} {
		below := make([]float64, len(x))
		for i := range x {
			if x[i] < chi.Quantile(p) {
				below[i] = 1
			}
		}
		expectMean(t, "fraction below a quantile", below, p, 20*resolution)
	}
}

// sampleKinetic returns the kinetic energy [eV] after every stride steps.
func sampleKinetic(t *testing.T, stepper Stepper, s *State, ff ForceField, samples, stride int) []float64 {
	t.Helper()
	run(t, stepper, s, ff, samples*stride/20) // to forget the start
	values := make([]float64, 0, samples)
	run(t, stepper, s, ff, samples*stride, Every(stride, func(s *State) error {
		values = append(values, s.KineticEnergy())
		return nil
	}))
	return values
}

// One trap frequency and friction make every moment known: the velocities of a
// harmonic mode have the variance kT/m (1 − (ωΔt/2)²) after a step B A O A B.
func TestLangevinSamplesMaxwellBoltzmann(t *testing.T) {
	const omega, dt = 0.05, 8.0
	s, field := trapped(t, 4, omega, 11)
	s.DOF = 9 // as of velocities that are drawn: the thermostat moves the whole too
	stepper := Langevin{Timestep: dt, Temperature: 300, Friction: 0.02}
	kinetic := sampleKinetic(t, stepper, s, field, 40_000, 5)
	if s.DOF != 12 {
		t.Errorf("DOF = %d for 4 atoms, want all 12", s.DOF)
	}
	expectMaxwellBoltzmann(t, kinetic, 12, 300, 1-math.Pow(omega*dt/2, 2), 0.01)
}

// The configurations of a harmonic mode are exact at any stable time step; here
// ωΔt = 1, where most splittings are wrong by tens of percent.
func TestLangevinSamplesHarmonicPositionsExactly(t *testing.T) {
	const omega, dt = 0.05, 20.0
	s, field := trapped(t, 4, omega, 12)
	var squares, fourth []float64
	run(t, Langevin{Timestep: dt, Temperature: 300, Friction: 0.02}, s, field, 100_000, func(s *State) error {
		sum2, sum4 := 0.0, 0.0
		for _, x := range s.Pos {
			for a := range 3 {
				sum2 += x[a] * x[a] / 12
				sum4 += math.Pow(x[a], 4) / 12
			}
		}
		squares, fourth = append(squares, sum2), append(fourth, sum4)
		return nil
	})
	variance := Boltzmann * 300 / field.k
	expectMean(t, "⟨x²⟩ [Å²]", squares, variance, 0.01)
	expectMean(t, "⟨x⁴⟩ [Å⁴]", fourth, 3*variance*variance, 0.02)
}

// Global thermostats leave the sharing of energy to the forces, so they are
// measured on a liquid. At 5 fs the time step lowers the kinetic energy by about
// (ωΔt/2)², 5e-4 for ω near 0.01/fs, below the resolution of 1 %.
func TestCSVRSamplesMaxwellBoltzmann(t *testing.T) {
	s := fluid(t, 120, 13)
	kinetic := sampleKinetic(t, CSVR{Timestep: 5, Temperature: 120, Tau: 50}, s, argon{}, 10_000, 4)
	expectMaxwellBoltzmann(t, kinetic, 3*32-3, 120, 1, 0.01)
}

func TestNoseHooverSamplesMaxwellBoltzmann(t *testing.T) {
	s := fluid(t, 120, 14)
	kinetic := sampleKinetic(t, NoseHoover{Timestep: 5, Temperature: 120, Tau: 100}, s, argon{}, 10_000, 4)
	expectMaxwellBoltzmann(t, kinetic, 3*32-3, 120, 1, 0.01)
}

// A free particle has no forces, so CSVR alone must make the distribution: the
// propagator is exact at a step as long as Tau.
func TestCSVRPropagatorIsExact(t *testing.T) {
	for _, dof := range []int{1, 2, 3, 6} {
		s, _ := trapped(t, 2, 0.05, 15)
		s.DOF = dof
		kinetic := sampleKinetic(t, CSVR{Timestep: 100, Temperature: 300, Tau: 100}, s, trap{k: 0}, 40_000, 1)
		expectMaxwellBoltzmann(t, kinetic, dof, 300, 1, 0.02)
	}
}

// conservedError runs the liquid for 2 ps at one time step. The paths of two
// time steps differ, so the errors of two are compared with a margin.
func conservedError(t *testing.T, stepper func(dt float64) Stepper, dt float64) float64 {
	t.Helper()
	s := fluid(t, 120, 21)
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 400) // melt
	return energyError(t, stepper(dt), s, argon{}, dt, 2000)
}

func TestNoseHooverConservesExtendedEnergy(t *testing.T) {
	chain := func(dt float64) Stepper { return NoseHoover{Timestep: dt, Temperature: 120, Tau: 100} }
	previous := 0.0
	for _, dt := range []float64{8, 4, 2} {
		rms := conservedError(t, chain, dt)
		t.Logf("Δt = %g fs: rms %.3g eV", dt, rms)
		// Second order, deterministic: the same path but for the time step.
		if previous > 0 && math.Abs(math.Log2(previous/rms)-2) > 0.2 {
			t.Errorf("from %g to %g fs the error falls by %.2f, want 4", 2*dt, dt, previous/rms)
		}
		previous = rms
	}
}

// BathEnergy is summed from differences; it must be the energy of the chain as
// the extended Hamiltonian has it.
func TestNoseHooverBathEnergyIsThatOfTheChain(t *testing.T) {
	s := fluid(t, 120, 22)
	c := NoseHoover{Timestep: 5, Temperature: 120, Tau: 80, Length: 4, Substeps: 2}
	run(t, c, s, argon{}, 1000)
	kT, dof := Boltzmann*120, float64(s.DOF)
	want := 0.0
	for k, v := range s.Chain.Velocity {
		q, n := kT*80*80, 1.0
		if k == 0 {
			q, n = q*dof, dof
		}
		want += q*v*v/2 + n*kT*s.Chain.Position[k]
	}
	// 2000 sums of 1e-16 of about 1 eV.
	if math.Abs(s.BathEnergy-want) > 1e-12 {
		t.Errorf("BathEnergy %.15g eV, chain %.15g", s.BathEnergy, want)
	}
}

// With noise the error is a random walk of the energy errors of single steps,
// each of order Δt³: it falls at least as Δt².
func TestStochasticThermostatsConserveEffectiveEnergy(t *testing.T) {
	for name, stepper := range map[string]func(dt float64) Stepper{
		"Langevin": func(dt float64) Stepper { return Langevin{Timestep: dt, Temperature: 120, Friction: 0.002} },
		"CSVR":     func(dt float64) Stepper { return CSVR{Timestep: dt, Temperature: 120, Tau: 100} },
	} {
		t.Run(name, func(t *testing.T) {
			coarse, fine := conservedError(t, stepper, 8), conservedError(t, stepper, 2)
			t.Logf("rms %.3g eV at 8 fs, %.3g eV at 2 fs", coarse, fine)
			// 16 but for the noise, whose path differs: half of that allows for the
			// few correlation times in 2 ps.
			if coarse < 8*fine {
				t.Errorf("error %.3g eV at 8 fs, %.3g eV at 2 fs: want it to fall 16-fold", coarse, fine)
			}
			// (ωΔt)²/8 of the thermal energy, 5e-5 of 1 eV, is the amplitude without
			// noise. The heat exchanged is of the order of K = 0.5 eV.
			if fine > 5e-5 {
				t.Errorf("error %.3g eV at 2 fs", fine)
			}
		})
	}
}

// Conserved must not see the work of a changing target.
func TestRampKeepsConservedQuantity(t *testing.T) {
	ramp := Ramp{To: 60, Until: 1000}
	for name, stepper := range map[string]Stepper{
		"Langevin":   Langevin{Timestep: 2, Temperature: 120, Friction: 0.01, Ramp: ramp},
		"CSVR":       CSVR{Timestep: 2, Temperature: 120, Tau: 50, Ramp: ramp},
		"NoseHoover": NoseHoover{Timestep: 2, Temperature: 120, Tau: 50, Ramp: ramp},
	} {
		t.Run(name, func(t *testing.T) {
			s := fluid(t, 120, 23)
			run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 400)
			s.Step = 0
			rms := energyError(t, stepper, s, argon{}, 2, 2000)
			t.Logf("rms %.3g eV, now %.4g K", rms, s.Temperature())
			if rms > 5e-5 { // as without a ramp
				t.Errorf("conserved quantity scatters by %.3g eV during a ramp", rms)
			}
			// The relaxation time of 50 to 100 fs is short against the ramp's 2 ps:
			// the mean lags by a few kelvin, the scatter is 60 K·sqrt(2/93) = 9 K.
			if temperature := s.Temperature(); math.Abs(temperature-60) > 35 {
				t.Errorf("%.4g K at the end of a ramp to 60 K", temperature)
			}
		})
	}
}

func TestRampIsLinearBetweenItsSteps(t *testing.T) {
	ramp := Ramp{To: 500, From: 100, Until: 300}
	for step, want := range map[int]float64{0: 300, 100: 300, 150: 350, 200: 400, 300: 500, 1000: 500} {
		if got := ramp.at(300, step); math.Abs(got-want) > 1e-12 { // rounding
			t.Errorf("step %d: %g K, want %g", step, got, want)
		}
	}
	if got := (Ramp{}).at(300, 7); got != 300 {
		t.Errorf("zero Ramp gives %g K, want 300", got)
	}
}

func TestLangevinWithoutFrictionIsVelocityVerlet(t *testing.T) {
	a, b := fluid(t, 100, 5), fluid(t, 100, 5)
	run(t, Langevin{Timestep: 5, Temperature: 100}, a, argon{}, 100)
	run(t, VelocityVerlet{Timestep: 5}, b, argon{}, 100)
	for i := range a.Pos {
		// Two half drifts round otherwise than one: 1e-15 Å per step, and 0.5 ps
		// of chaos.
		if d := math.Sqrt(norm2(sub(a.Pos[i], b.Pos[i]))); d > 1e-11 {
			t.Fatalf("atom %d: %.2g Å apart", i, d)
		}
	}
	if a.BathEnergy != 0 {
		t.Errorf("heat %g eV without friction", a.BathEnergy)
	}
}

func TestGlobalThermostatsKeepZeroMomentum(t *testing.T) {
	for _, name := range []string{"CSVR", "NoseHoover"} {
		s := fluid(t, 100, 6)
		run(t, steppers[name], s, argon{}, 500)
		for a, p := range s.Momentum() {
			if math.Abs(p) > 1e-12 { // rounding; single momenta are 0.1 amu Å/fs
				t.Errorf("%s: momentum %d is %.2g amu Å/fs", name, a, p)
			}
		}
	}
}

func TestThermostatsNeedNoise(t *testing.T) {
	for _, name := range []string{"Langevin", "CSVR"} {
		s := fluid(t, 100, 1)
		s.Noise = nil
		if err := Run(steppers[name], s, argon{}, 1); err == nil || s.Step != 0 {
			t.Errorf("%s without State.Noise: error %v after %d steps", name, err, s.Step)
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, stepper := range steppers {
		s := fluid(t, 100, 1)
		guard := new(Guard)
		step := func() {
			if err := stepper.Step(s, argon{}); err != nil {
				t.Fatal(err)
			}
			if err := guard.Check(s); err != nil {
				t.Fatal(err)
			}
			_ = s.Thermo()
		}
		step() // the chain and the guard's copy
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %g allocations per step", name, n)
		}
	}
}
