// Package python_test installs the wheel beside ASE and runs the tests in tests/
// with it. They are skipped, and say why, where that cannot be had.
package python_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential"
)

// writeModel writes a model that knows hydrogen, oxygen and silicon, but not from
// data: what the tests check holds whatever the weights. Its repulsion keeps atoms
// apart.
func writeModel(t *testing.T, path string) {
	t.Helper()
	c := potential.Config{Species: []int{1, 8, 14}, Cutoff: 4, Channels: 8, Layers: 2, Hidden: 8, MeanNeighbors: 16}.WithDefaults()
	rng := rand.New(rand.NewPCG(2, 1))
	w := c.Initialize(rng)
	for k := range w {
		w[k] += 0.05 * rng.NormFloat64()
	}
	shortest := [][]float64{{1.2, 0.9, 1.5}, {0.9, 1.2, 1.6}, {1.5, 1.6, 2.2}}
	m := potential.Model{
		Config: c, ReferenceEnergies: []float64{-0.5, -1, -2}, Scale: []float64{0.7, 1.1, 60},
		Repulsion: potential.NewRepulsion(c.Species, shortest, c.Cutoff), Weights: w,
	}
	var file bytes.Buffer
	if err := m.Encode(&file, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPython runs pytest. What fails is in its output.
func TestPython(t *testing.T) {
	depend(t, ".", "../cgo", "../lammps", "../cmd/mdrun")
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	if out, err := command("..", "make", "--no-print-directory", "python", "BIN="+work); err != nil {
		if strings.Contains(out, "Error 3") {
			t.Skip("no Python for tests here: ", out)
		}
		t.Fatal(out)
	}
	args := []string{filepath.Join(here, "tests"), "-q", "-p", "no:cacheprovider", "--durations=5", "-r", "s"}
	model := filepath.Join(work, "test.h5")
	writeModel(t, model)
	args = append(args, "--model", model)
	mdrun := filepath.Join(work, "mdrun")
	if out, err := command("..", "go", "build", "-o", mdrun, "./cmd/mdrun"); err != nil {
		t.Fatal(out)
	}
	args = append(args, "--mdrun", mdrun)
	if out, err := command("..", "make", "--no-print-directory", "lmp_ponita", "BIN="+work); err == nil {
		args = append(args, "--lammps", filepath.Join(work, "lmp_ponita"))
	} else if !strings.Contains(out, "Error 3") {
		t.Fatal(out)
	}
	if data := filepath.Join(here, "../../shared/data"); exists(data) {
		args = append(args, "--data", data)
	}
	// NumPy's threads would wait for each other, in matrices of a few rows.
	t.Setenv("OMP_NUM_THREADS", "1")
	// Not in this folder, whose ponita has no library in it.
	out, err := command(work, filepath.Join(here, ".venv/bin/pytest"), args...)
	t.Log("\n" + out)
	if err != nil {
		t.Fatal(err)
	}
}

func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		out = fmt.Appendf(out, "%s: %v", name, err)
	}
	return string(out), err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// depend opens all files of folders, which tells the go command that the result
// of the test depends on them: it keeps results and sees no files that other
// programs open.
func depend(t *testing.T, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if name := d.Name(); err == nil && d.IsDir() && len(name) > 1 && name != ".." && (name[0] == '.' || name == "__pycache__") {
				return filepath.SkipDir
			}
			if err != nil || d.IsDir() {
				return err
			}
			_, err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
