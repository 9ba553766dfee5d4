package integrator

import (
	"math"
	"testing"
)

// Velocity Verlet solves the harmonic oscillator exactly as a recurrence: with
// cos θ = 1 − (ωΔt)²/2 and ω' = ω sqrt(1 − (ωΔt/2)²),
//
//	x_n = x₀ cos nθ + v₀/ω' sin nθ,  v_n = v₀ cos nθ − x₀ω' sin nθ
//
// A missing first half kick shifts the phase by Δt/2 and no energy shows it.
func TestVelocityVerletMatchesHarmonicOscillator(t *testing.T) {
	const omega, dt, steps = 0.05, 4.0, 1000 // 1/fs, fs: 31 steps per period
	s, field := trapped(t, 1, omega, 1)
	x0, v0 := s.Pos[0][0], s.Vel[0][0]
	theta := math.Acos(1 - math.Pow(omega*dt, 2)/2)
	effective := omega * math.Sqrt(1-math.Pow(omega*dt/2, 2))
	amplitude := math.Hypot(x0, v0/effective)
	// Rounding: 1e-16 per step, and a phase that grows with it.
	const tolerance = 1e-16 * steps * steps
	for n := 1; n <= steps; n++ {
		run(t, VelocityVerlet{Timestep: dt}, s, field, 1)
		sin, cos := math.Sincos(float64(n) * theta)
		x, v := x0*cos+v0/effective*sin, v0*cos-x0*effective*sin
		if d := math.Hypot(s.Pos[0][0]-x, (s.Vel[0][0]-v)/effective); d > tolerance*amplitude {
			t.Fatalf("step %d: x = %.15g v = %.15g, want %.15g and %.15g", n, s.Pos[0][0], s.Vel[0][0], x, v)
		}
	}
	if s.Step != steps || s.Time != steps*dt {
		t.Errorf("step %d, time %g fs, want %d and %g", s.Step, s.Time, steps, steps*dt)
	}
}

// A unit conversion that is wrong in the recurrence and in the trap alike
// cancels there; a free fall in SI numbers does not. 1 eV/Å on 1 amu for 10 fs:
// e/m_u = 9.6485e7 C/kg gives 9.6485e17 m/s², and a t²/2 = 0.48243 Å.
func TestFreeFallInSIUnits(t *testing.T) {
	s, err := NewState(fall{}, [][3]float64{{}}, [3][3]float64{}, []float64{1})
	if err != nil {
		t.Fatal(err)
	}
	run(t, VelocityVerlet{}, s, fall{}, 20) // at the default of 0.5 fs
	// The five digits quoted above.
	if math.Abs(s.Pos[0][0]-0.48243) > 5e-6 {
		t.Errorf("fell %.7f Å, want 0.48243", s.Pos[0][0])
	}
	if math.Abs(s.KineticEnergy()-s.Pos[0][0]) > 1e-13 { // 1 eV/Å times the way, but for rounding
		t.Errorf("kinetic energy %.15g eV, work done %.15g", s.KineticEnergy(), s.Pos[0][0])
	}
}

// fall is a constant force of 1 eV/Å along x.
type fall struct{}

func (fall) Compute(pos [][3]float64, _ [3][3]float64, forces [][3]float64, _ *[3][3]float64) (float64, error) {
	energy := 0.0
	for i := range pos {
		energy -= pos[i][0]
		forces[i] = [3]float64{1, 0, 0}
	}
	return energy, nil
}

// warmCluster is the cluster at about 24 K after drawing 40 K: it vibrates and
// does not evaporate.
func warmCluster(t testing.TB) *State {
	s := cluster(t)
	if err := (Velocities{Temperature: 40, Molecule: true, Exact: true}).Draw(s, NewStream(7, VelocityStream).Rand); err != nil {
		t.Fatal(err)
	}
	return s
}

// energyError returns the rms deviation of the conserved quantity [eV] from its
// mean in a run of the given length.
func energyError(t testing.TB, stepper Stepper, s *State, ff ForceField, dt, duration float64) float64 {
	t.Helper()
	var values []float64
	run(t, stepper, s, ff, int(math.Round(duration/dt)), func(s *State) error {
		values = append(values, s.Conserved())
		return nil
	})
	return math.Sqrt(centralMoment(values))
}

func centralMoment(values []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, x := range values {
		mean += x / float64(len(values))
	}
	for _, x := range values {
		sum += (x - mean) * (x - mean) / float64(len(values))
	}
	return sum
}

func TestNVEConservesEnergy(t *testing.T) {
	s := warmCluster(t)
	start := s.Conserved()
	worst := 0.0
	run(t, VelocityVerlet{Timestep: 4}, s, argon{}, 25_000, func(s *State) error {
		worst = max(worst, math.Abs(s.Conserved()-start))
		return nil
	})
	// The shadow Hamiltonian differs from H by about (ωΔt)²/8 of the thermal
	// energy of a mode, ω near 0.01/fs here: 2e-4 of 33 kT/2 at 40 K, 1e-5 eV. The
	// largest of 25 000 values and the start are both off; a drift comes on top.
	if worst > 2e-5 {
		t.Errorf("energy left its start by %.2g eV of %.3g eV", worst, start)
	}
}

func TestNVEEnergyErrorFallsAsTimestepSquared(t *testing.T) {
	timesteps := []float64{16, 8, 4, 2}
	var previous float64
	for i, dt := range timesteps {
		rms := energyError(t, VelocityVerlet{Timestep: dt}, warmCluster(t), argon{}, dt, 4000)
		t.Logf("Δt = %4.1f fs: rms %.3g eV", dt, rms)
		if i > 0 {
			// The next term of the shadow Hamiltonian is (ωΔt)² of the first,
			// 3 % at 16 fs; chaos changes the path within 4 ps by little more.
			if slope := math.Log2(previous / rms); math.Abs(slope-2) > 0.1 {
				t.Errorf("from %g to %g fs the error falls as Δt^%.2f, want 2", timesteps[i-1], dt, slope)
			}
		}
		previous = rms
	}
}

func TestNVEIsTimeReversible(t *testing.T) {
	s := warmCluster(t)
	start := append([][3]float64(nil), s.Pos...)
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 500)
	scaleVelocities(s, -1)
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 500)
	for i := range s.Pos {
		// Rounding of 1e-15 Å per step, 1000 steps, grown by chaos (about e per
		// picosecond in a warm cluster) over the 2.5 ps back: below 1e-10.
		if d := math.Sqrt(norm2(sub(s.Pos[i], start[i]))); d > 1e-10 {
			t.Fatalf("atom %d comes back %.2g Å from where it started", i, d)
		}
	}
}

func TestNVEKeepsMomenta(t *testing.T) {
	s := warmCluster(t)
	s.Vel[4][0] += 1e-3 // so that neither momentum is zero
	p, l := s.Momentum(), s.AngularMomentum()
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 2000)
	for a := range 3 {
		// Rounding only: 2000 steps of 1e-16 of the momenta of 13 atoms, times
		// radii of 10 Å for the second.
		if d := math.Abs(s.Momentum()[a] - p[a]); d > 1e-12 {
			t.Errorf("momentum along %d changed by %.2g amu Å/fs", a, d)
		}
		if d := math.Abs(s.AngularMomentum()[a] - l[a]); d > 1e-11 {
			t.Errorf("angular momentum along %d changed by %.2g amu Å²/fs", a, d)
		}
	}
}
