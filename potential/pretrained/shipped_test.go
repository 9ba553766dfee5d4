package pretrained

import (
	"math"
	"path/filepath"
	"testing"

	"ponita/integrator"
	"ponita/potential"
	"ponita/xyz"
)

// TestShippedModelsConserveEnergy runs 100 fs with every model file in this
// folder. The energy must stay within 0.5 meV per atom: the fluctuation at half a
// femtosecond is a tenth of it.
func TestShippedModelsConserveEnergy(t *testing.T) {
	files, err := filepath.Glob("*.h5")
	if err != nil || len(files) < 2 {
		t.Fatalf("model files %v, %v", files, err)
	}
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		m, err := potential.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		calc, err := m.Calculator(f.Species, f.PBC)
		if err != nil {
			t.Fatal(err)
		}
		s, err := integrator.NewState(calc, f.Pos, f.Lattice, integrator.Masses(f.Species))
		if err != nil {
			t.Fatal(err)
		}
		e0 := s.Conserved()
		if err := (integrator.VelocityVerlet{Timestep: 0.5}).Run(s, calc, 200); err != nil {
			t.Fatal(err)
		}
		if d := 1e3 * math.Abs(s.Conserved()-e0) / float64(len(f.Species)); d > 0.5 {
			t.Errorf("%s: the energy changed by %.3g meV/atom", file, d)
		}
	}
}
