package integrator

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func TestDegreesOfFreedom(t *testing.T) {
	line := func(n int) [][3]float64 {
		pos := make([][3]float64, n)
		for i := range pos { // along (1, 2, 3), off the origin
			for a := range 3 {
				pos[i][a] = 5 + float64(i)*float64(a+1)
			}
		}
		return pos
	}
	bent := line(3)
	bent[1][0] += 0.01
	for _, c := range []struct {
		name             string
		pos              [][3]float64
		crystal, isolate int
	}{
		{"atom", line(1), 3, 3},
		{"dimer", line(2), 3, 1},
		{"linear molecule", line(3), 6, 4},
		{"linear chain", line(5), 12, 10},
		{"bent by 0.01 Å", bent, 6, 3},
		{"all in one place", make([][3]float64, 3), 6, 6},
	} {
		for _, molecule := range []bool{false, true} {
			want := c.crystal
			if molecule {
				want = c.isolate
			}
			s, err := NewState(trap{}, c.pos, [3][3]float64{}, Masses([]int{8, 6, 1, 7, 16}[:len(c.pos)]))
			if err != nil {
				t.Fatal(err)
			}
			if s.DOF != c.crystal {
				t.Errorf("%s: new state has %d degrees of freedom, want %d", c.name, s.DOF, c.crystal)
			}
			rng := NewStream(1, VelocityStream).Rand
			dof := 0.0
			const draws = 2000
			for range draws {
				if err := (Velocities{Temperature: 300, Molecule: molecule}).Draw(s, rng); err != nil {
					t.Fatal(err)
				}
				dof += 2 * s.KineticEnergy() / (Boltzmann * 300) / draws
			}
			if s.DOF != want {
				t.Errorf("%s, molecule %v: DOF = %d, want %d", c.name, molecule, s.DOF, want)
			}
			// The energy that is there must be that of the count: 2K/kT has mean
			// dof and variance 2 dof, so four standard errors are
			if tolerance := 4 * math.Sqrt(2*float64(want)/draws); math.Abs(dof-float64(want)) > tolerance {
				t.Errorf("%s, molecule %v: kinetic energy of %.3f degrees of freedom, want %d ± %.2f", c.name, molecule, dof, want, tolerance)
			}
		}
	}
}

// Independent draws, so Kolmogorov's distribution of the distance applies as it
// stands: below 1.95/sqrt(n) in 999 of 1000 cases.
func TestDrawnKineticEnergyIsChiSquare(t *testing.T) {
	s := warmCluster(t)
	rng := NewStream(2, VelocityStream).Rand
	const draws = 5000
	x := make([]float64, draws)
	for i := range x {
		if err := (Velocities{Temperature: 300, Molecule: true}).Draw(s, rng); err != nil {
			t.Fatal(err)
		}
		x[i] = 2 * s.KineticEnergy() / (Boltzmann * 300)
	}
	expectChiSquare(t, x, 3*13-6)
}

func expectChiSquare(t *testing.T, x []float64, dof int) {
	t.Helper()
	chi := distuv.ChiSquared{K: float64(dof)}
	exact := make([]float64, len(x))
	for i := range exact {
		exact[i] = chi.Quantile((float64(i) + 0.5) / float64(len(x)))
	}
	stat.SortWeighted(x, nil)
	if d := stat.KolmogorovSmirnov(x, nil, exact, nil); d > 1.95/math.Sqrt(float64(len(x))) {
		t.Errorf("%d degrees of freedom: distance %.4f from the chi-square distribution", dof, d)
	}
}

func TestRemovedMomentaAreZero(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(r, "atoms")
		flat := rapid.IntRange(1, 3).Draw(r, "dimensions")
		pos, masses := make([][3]float64, n), make([]float64, n)
		for i := range pos {
			for a := range flat {
				pos[i][a] = rapid.Float64Range(-20, 20).Draw(r, "x")
			}
			masses[i] = rapid.Float64Range(1, 240).Draw(r, "mass")
		}
		s, err := NewState(trap{}, pos, [3][3]float64{}, masses)
		if err != nil {
			r.Fatal(err)
		}
		rng := NewStream(rapid.Uint64().Draw(r, "seed"), VelocityStream).Rand
		if err := (Velocities{Temperature: 300, Molecule: true}).Draw(s, rng); err != nil {
			r.Fatal(err)
		}
		momentum, angular := s.Momentum(), s.AngularMomentum()
		size := 0.0 // of what was removed: rms momentum of all atoms
		inertia := 0.0
		centre := s.centreOfMass()
		for i, m := range masses {
			size += m * Boltzmann * 300 * PerMass
			inertia += m * norm2(sub(pos[i], centre))
		}
		// Rounding of sums of six terms; what is left about the axis of a nearly
		// linear molecule is linear = 1e-8 in the moment, 1e-4 in the momentum.
		if p := math.Sqrt(norm2(momentum)); p > 1e-13*math.Sqrt(size*float64(n)*240) {
			r.Errorf("momentum %g amu Å/fs is left", p)
		}
		if l := math.Sqrt(norm2(angular)); l > 1e-3*math.Sqrt(inertia*Boltzmann*300*PerMass) {
			r.Errorf("angular momentum %g amu Å²/fs is left", l)
		}
		// An inverted inertia tensor near singularity would show as heat.
		if s.DOF > 0 && s.Temperature() > 300*100 {
			r.Errorf("%g K after removing rotation from 300 K", s.Temperature())
		}
	})
}

func TestExactDrawHasTheTemperatureAsked(t *testing.T) {
	for _, molecule := range []bool{false, true} {
		s := cluster(t)
		if err := (Velocities{Temperature: 300, Molecule: molecule, Exact: true}).Draw(s, NewStream(1, VelocityStream).Rand); err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.Temperature()-300) > 1e-10 { // rounding
			t.Errorf("%.12g K, want 300", s.Temperature())
		}
	}
	s := cluster(t)
	if err := (Velocities{Exact: true}).Draw(s, NewStream(1, VelocityStream).Rand); err != nil || s.KineticEnergy() != 0 {
		t.Errorf("at 0 K: error %v, kinetic energy %g", err, s.KineticEnergy())
	}
}
