package pretrained

import (
	"math"
	"path/filepath"
	"testing"

	"ponita/integrator"
	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// start returns a relaxed acetylacetone molecule with velocities of 300 K.
func start(t *testing.T) (*integrator.State, *potential.Calculator) {
	t.Helper()
	m, err := AcAc()
	if err != nil {
		t.Fatal(err)
	}
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	// float64: rounding of float32 forces would hide the error of the integrator.
	calc, err := m.Calculator(f.Species, f.PBC, potential.DoublePrecision())
	if err != nil {
		t.Fatal(err)
	}
	s, err := integrator.NewState(calc, f.Pos, f.Lattice, integrator.Masses(f.Species))
	if err != nil {
		t.Fatal(err)
	}
	v := integrator.Velocities{Temperature: 300, Molecule: true, Exact: true}
	if err := v.Draw(s, integrator.NewStream(1, integrator.VelocityStream).Rand); err != nil {
		t.Fatal(err)
	}
	return s, calc
}

// TestNVEEnergyErrorFallsAsTimestepSquared follows the shipped model for 100 fs
// at halving steps: the fluctuation of the total energy must fall fourfold.
func TestNVEEnergyErrorFallsAsTimestepSquared(t *testing.T) {
	var spread []float64
	for _, h := range []float64{0.5, 0.25, 0.125} {
		s, calc := start(t)
		var sum, square, count float64
		e0 := s.Conserved()
		err := integrator.VelocityVerlet{Timestep: h}.Run(s, calc, int(100/h), func(s *integrator.State) error {
			d := s.Conserved() - e0
			sum, square, count = sum+d, square+d*d, count+1
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		spread = append(spread, math.Sqrt(square/count-sum*sum/count/count))
	}
	t.Logf("standard deviation of the total energy at 0.5, 0.25, 0.125 fs: %.3g eV", spread)
	for k := range 2 {
		if ratio := spread[k] / spread[k+1]; ratio < 3.5 || ratio > 4.5 {
			t.Errorf("halving the step divides the energy error by %.2f, want 4", ratio)
		}
	}
}

// TestShippedModelDoesNotKnowTheGrid turns frames of a trajectory of the shipped
// model: its energies and forces turn with them, to rounding.
func TestShippedModelDoesNotKnowTheGrid(t *testing.T) {
	m, err := AcAc()
	if err != nil {
		t.Fatal(err)
	}
	d := &train.Dataset{}
	s, calc := start(t)
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := (integrator.VelocityVerlet{Timestep: 0.5}).Run(s, calc, 40); err != nil {
			t.Fatal(err)
		}
		d.Frames = append(d.Frames, &xyz.Frame{Species: f.Species, Pos: append([][3]float64(nil), s.Pos...)})
	}
	r, err := train.RotationResidual(m, d, 10, 0, 1, potential.DoublePrecision())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("energy %.1e meV, forces %.1e meV/Å", r.Energy, r.Force)
	if !m.Config.Exact() || r.Energy > 1e-7 || r.Force > 1e-7 {
		t.Errorf("residual %g meV and %g meV/Å, exact: %v", r.Energy, r.Force, m.Config.Exact())
	}
}
