package pretrained

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/integrator"
	"ponita/potential"
	"ponita/potential/properties"
	"ponita/xyz"
)

// structure returns what a shipped model is about, and a temperature within its
// training data, K: a molecule, or a crystal of 64 atoms.
func structure(t *testing.T, m *potential.Model) (f *xyz.Frame, temperature float64) {
	t.Helper()
	if slices.Equal(m.Config.Species, []int{14}) {
		s, err := properties.Build("diamond", 14, 5.47)
		if err != nil {
			t.Fatal(err)
		}
		s = s.Repeat(2)
		return &xyz.Frame{Species: s.Species, Pos: s.Pos, Lattice: s.Lattice, PBC: [3]bool{true, true, true}}, 900
	}
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	return f, 300
}

// TestShippedModelsConserveEnergy runs 100 fs with every model file in this
// folder. The energy must stay within 0.5 meV per atom: the fluctuation at half a
// femtosecond is a tenth of it. All are exactly invariant under rotations.
func TestShippedModelsConserveEnergy(t *testing.T) {
	files, err := filepath.Glob("*.h5")
	if err != nil || len(files) < 2 {
		t.Fatalf("model files %v, %v", files, err)
	}
	for _, file := range files {
		m, err := potential.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Config.Exact() {
			t.Errorf("%s is not exactly invariant under rotations, as the README says", file)
		}
		f, temperature := structure(t, m)
		calc, err := m.Calculator(f.Species, f.PBC)
		if err != nil {
			t.Fatal(err)
		}
		s, err := integrator.NewState(calc, f.Pos, f.Lattice, integrator.Masses(f.Species))
		if err != nil {
			t.Fatal(err)
		}
		v := integrator.Velocities{Temperature: temperature}
		if err := v.Draw(s, integrator.NewStream(1, integrator.VelocityStream).Rand); err != nil {
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

// TestShippedModelsHaveRecipes: a model comes with how it was made.
func TestShippedModelsHaveRecipes(t *testing.T) {
	files, err := filepath.Glob("*.h5")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".h5")
		for _, suffix := range []string{".toml", ".log.csv", ".report.html"} {
			if found, err := filepath.Glob(name + suffix); err != nil || len(found) != 1 {
				t.Errorf("%s has no %s", file, name+suffix)
			}
		}
	}
}
