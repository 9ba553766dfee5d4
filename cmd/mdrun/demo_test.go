package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"ponita/integrator"
	"ponita/potential/pretrained"
)

func needModel(t *testing.T) {
	t.Helper()
	if _, err := pretrained.AcAc(); err != nil {
		t.Skip(err)
	}
}

func TestDemoNeedsNoFiles(t *testing.T) {
	needModel(t)
	dir := t.TempDir()
	args := []string{"demo", "--out=here", "--time=0.05", "--equilibrate=0.05"}
	stdout := mustRun(t, dir, args...)
	for _, ending := range []string{".thermo.csv", ".traj.xyz", ".final.xyz", ".ckpt", ".effective.toml", ".png"} {
		if read(t, dir, "here/acac"+ending) == "" || !strings.Contains(stdout, ending) {
			t.Errorf("%s is empty or not mentioned", ending)
		}
	}
	mustRun(t, dir, args...) // and may be repeated
	mustRun(t, dir, filepath.Join("here", "acac.effective.toml"))
}

// TestDemoMoleculeIsRelaxed: a demonstration that starts with a jump in
// temperature would show a bad structure, not the model.
func TestDemoMoleculeIsRelaxed(t *testing.T) {
	needModel(t)
	s := &Settings{Model: builtin, Structure: builtin, Frame: -1, Repeat: []int{1, 1, 1}, Precision: "float64", Skin: 0.5}
	st, err := readStart(s)
	if err != nil {
		t.Fatal(err)
	}
	model, err := loadModel(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	calc, err := newCalculator(model, &st.system, s)
	if err != nil {
		t.Fatal(err)
	}
	state, err := integrator.NewState(calc, st.pos, st.lattice, st.masses)
	if err != nil {
		t.Fatal(err)
	}
	// A vibration at 300 K has forces of about 1 eV/Å.
	for i, f := range state.Forces {
		if size := math.Hypot(f[0], math.Hypot(f[1], f[2])); size > 0.3 {
			t.Errorf("atom %d: force %.3f eV/Å", i+1, size)
		}
	}
}
