package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBenchPrintsPhases runs both kinds of benchmark for a moment.
func TestBenchPrintsPhases(t *testing.T) {
	out, stderr, code := ponita(t, "bench", "--atoms", "8", "--channels", "16", "--layers", "1", "--threads", "1,2", "--duration", "20ms", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	var r benchResult
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Atoms != 8 || len(r.Runs) != 2 || r.Neighbours < 27 || r.Neighbours > 29 || r.Memory < 1000 || r.Intervals == 0 || !(r.Spline < 1e-6) {
		t.Errorf("got %+v", r)
	}
	for _, run := range r.Runs {
		sum := 0.
		for _, v := range run.Phases {
			sum += v
		}
		if run.Steps < 1 || sum <= 0 || sum > 1.01*float64(run.Threads)*run.Time {
			t.Errorf("%d threads: %d steps, phases add up to %g of %g µs", run.Threads, run.Steps, sum, run.Time)
		}
	}
	out, stderr, code = ponita(t, "bench", "../../potential/pretrained/acac.h5", "../mdrun/demo/acac.xyz", "--duration", "20ms", "--threads", "1")
	if code != 0 || !strings.Contains(out, "15 atoms") || !strings.Contains(out, "block adjoints") {
		t.Errorf("exit code %d: %s%s", code, out, stderr)
	}
	if _, stderr, code = ponita(t, "bench", "--channels=0"); code != 1 || !strings.Contains(stderr, "channels is 0, layers 2") {
		t.Errorf("no channels: exit code %d, %s", code, stderr)
	}
	if _, stderr, code = ponita(t, "bench", "../../potential/pretrained/acac.h5"); code != 1 || !strings.Contains(stderr, "no structure") {
		t.Errorf("without a structure: exit code %d: %s", code, stderr)
	}
}

// TestCompressMakesAModelThatEvaluates trains a polynomial model for two epochs,
// compresses it and evaluates the result.
func TestCompressMakesAModelThatEvaluates(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	if _, stderr, code := ponita(t, "train", "--train", data, "--output", dir, "--kernel", "polynomial", "--channels", "16", "--layers", "2",
		"--epochs", "2", "--cutoff", "3", "--quiet", "--reference", "fit"); code != 0 {
		t.Fatalf("training: %s", stderr)
	}
	model, small := filepath.Join(dir, "best.h5"), filepath.Join(dir, "small.h5")
	out, stderr, code := ponita(t, "compress", model, small, "--degree", "3", "--structure", data)
	if code != 0 || !strings.Contains(out, "forces by") {
		t.Fatalf("exit code %d: %s%s", code, out, stderr)
	}
	if out, stderr, code := ponita(t, "eval", small, data, "--rotations", "0"); code != 0 || !strings.Contains(out, "all") {
		t.Errorf("eval: exit code %d: %s%s", code, out, stderr)
	}
	if _, stderr, code := ponita(t, "compress", small, filepath.Join(dir, "smaller.h5")); code != 1 || !strings.Contains(stderr, "tabulated") {
		t.Errorf("compressed twice: exit code %d: %s", code, stderr)
	}
	if _, err := os.Stat(filepath.Join(dir, "smaller.h5")); err == nil {
		t.Error("a file was written in spite of the error")
	}
}
