package integrator

import (
	"math"
	"testing"
)

// Two particles without forces: P V = Σ m v⊗v by hand.
func TestPressureOfFreeParticles(t *testing.T) {
	s, err := NewState(trap{}, make([][3]float64, 2), [3][3]float64{{10, 0, 0}, {0, 10, 0}, {0, 0, 10}}, []float64{2, 4})
	if err != nil {
		t.Fatal(err)
	}
	s.Vel = [][3]float64{{0.1, 0, 0}, {0, 0.05, 0.02}}
	th := s.Thermo()
	unit := GPa / PerMass / 1000 // GPa for 1 amu Å²/fs² in 1000 Å³
	want := [3][3]float64{
		{2 * 0.01 * unit, 0, 0},
		{0, 4 * 0.0025 * unit, 4 * 0.001 * unit},
		{0, 4 * 0.001 * unit, 4 * 0.0004 * unit},
	}
	for a := range 3 {
		for b := range 3 {
			if math.Abs(th.PressureTensor[a][b]-want[a][b]) > 1e-15*unit { // rounding
				t.Errorf("P[%d][%d] = %g GPa, want %g", a, b, th.PressureTensor[a][b], want[a][b])
			}
		}
	}
	// P = 2K/3V: the pressure is that of the kinetic energy, with no DOF in it.
	if p := 2 * th.Kinetic / 3 / th.Volume * GPa; math.Abs(th.Pressure-p) > 1e-14*p {
		t.Errorf("P = %g GPa, 2K/3V = %g", th.Pressure, p)
	}
	if want := 6 * GramPerCC / 1000; math.Abs(th.Density-want) > 1e-15 {
		t.Errorf("density %g g/cm³, want %g", th.Density, want)
	}
}

// A crystal squeezed below its equilibrium volume pushes outward: positive
// pressure, negative stress.
func TestSqueezedCrystalHasPositivePressure(t *testing.T) {
	s := fluid(t, 0, 1)
	// Nearest neighbours from 4.11 Å to 3.29 Å, inside σ, where they repel.
	for i := range s.Pos {
		for a := range 3 {
			s.Pos[i][a] *= 0.8
		}
	}
	s.Lattice = scaled(s.Lattice, 0.8)
	// The cell is now smaller than twice the cutoff and nearest images miss some
	// pairs; those attract, by far less than the neighbours repel.
	if err := s.Evaluate(argon{}); err != nil {
		t.Fatal(err)
	}
	if p, sigma := s.Thermo().Pressure, s.Stress(); p <= 0 || sigma[0][0] >= 0 {
		t.Errorf("squeezed: P = %g GPa, σ_xx = %g eV/Å³, want P > 0 > σ", p, sigma[0][0])
	}
}

// A box of vacuum around a molecule, or a slab, has no volume to divide by.
func TestPressureWithoutCellIsNaN(t *testing.T) {
	s := cluster(t)
	th := s.Thermo()
	if !math.IsNaN(th.Pressure) || !math.IsNaN(th.Volume) || !math.IsNaN(th.Density) || !math.IsNaN(s.Stress()[0][0]) {
		t.Errorf("without a cell: %+v, want NaN for what needs a volume", th)
	}
	if math.IsNaN(th.Temperature) || math.IsNaN(th.Conserved) {
		t.Errorf("without a cell: %+v", th)
	}
	s.Lattice = [3][3]float64{{10, 0, 0}, {0, 10, 0}}
	if v := s.Volume(); !math.IsNaN(v) {
		t.Errorf("two lattice vectors span %g Å³", v)
	}
}

// The virial theorem of the trap, 2⟨K⟩ = ⟨k x²⟩, makes kinetic and virial parts
// cancel: a container of springs exerts no pressure beyond itself.
func TestVirialTheoremInTrap(t *testing.T) {
	const omega, dt = 0.05, 1.0
	s, field := trapped(t, 1, omega, 3)
	const lattice = 10
	s.Lattice = [3][3]float64{{lattice, 0, 0}, {0, lattice, 0}, {0, 0, lattice}}
	period := 2 * math.Pi / omega
	steps := int(math.Round(1000 * period / dt))
	mean, scale := 0.0, 0.0
	run(t, VelocityVerlet{Timestep: dt}, s, field, steps, func(s *State) error {
		th := s.Thermo()
		mean += th.Pressure / float64(steps)
		scale += 2 * th.Kinetic / 3 / th.Volume * GPa / float64(steps)
		return nil
	})
	// The two parts differ by (ωΔt/2)², 6e-4, and the last unfinished period of a
	// thousand adds 1e-3 at most.
	if math.Abs(mean) > 2e-3*scale {
		t.Errorf("mean pressure %g GPa of a kinetic part of %g", mean, scale)
	}
}
