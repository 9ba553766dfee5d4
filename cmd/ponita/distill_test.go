package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential/train"
	"ponita/xyz"
)

// TestDistillTeachesOneModel makes data of two models and trains a third.
func TestDistillTeachesOneModel(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	fit := func(data, seed string) string {
		t.Helper()
		out := filepath.Join(dir, seed)
		if _, errs, code := ponita(t, "train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--no-report",
			"--epochs=20", "--seed", seed, "--output", out); code != 0 {
			t.Fatal(errs)
		}
		return filepath.Join(out, train.BestModel)
	}
	teachers := []string{fit(data, "1"), fit(data, "2")}
	file := filepath.Join(dir, "distilled.xyz")
	args := append([]string{"distill", data}, teachers...)
	out, errs, code := ponita(t, append(args, "--output", file, "--samples=3", "--time=10", "--temperature=300,600")...)
	if code != 0 || !strings.Contains(out, "41 frames of h2.xyz and 120 of the committee") || !strings.Contains(out, "deviation about an atom: median") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	d, err := train.ReadDataset(file, xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	original, err := train.ReadDataset(data, xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	for k, l := range original.Labels {
		if *d.Labels[k].Energy != *l.Energy {
			t.Errorf("frame %d lost its energy", k+1)
		}
		for _, key := range []string{"config_type", "config_weight", "config_energy_weight"} {
			if got, want := d.Frames[k].Value(key), original.Frames[k].Value(key); got != want {
				t.Errorf("frame %d: %s is %v, was %v", k+1, key, got, want)
			}
		}
	}
	if n := len(d.Labels); n != 161 || d.Labels[n-1].Energy == nil || d.Labels[n-1].Forces == nil {
		t.Errorf("%d frames, the last with %+v", n, d.Labels[n-1])
	}
	fit(file, "3")

	if out, _, _ = ponita(t, "distill", "--help"); !strings.Contains(out, "distilled.xyz") || !strings.Contains(out, "=300") {
		t.Errorf("the help has no defaults\n%s", out)
	}
	if _, errs, code = ponita(t, args[:3]...); code != exitFailure || !strings.Contains(errs, "a committee needs two models") {
		t.Errorf("one model: exit code %d, %s", code, errs)
	}
	if last := d.Frames[len(d.Frames)-1]; last.Value("config_weight") != 0.5 || last.Value("config_energy_weight") != nil {
		t.Errorf("a frame of the committee has the weights of %v", last.Info)
	}
	if _, errs, code = ponita(t, append(args, "--output", file)...); code != exitFailure || !strings.Contains(errs, "is there: want --overwrite or another --output") {
		t.Errorf("a file that is there: exit code %d, %s", code, errs)
	}
	if _, errs, code = ponita(t, append(args, "--output", filepath.Join(dir, "no", "d.xyz"))...); code != exitFailure || !strings.Contains(errs, "cannot write") {
		t.Errorf("no folder: exit code %d, %s", code, errs)
	}
	if out, errs, code = ponita(t, append(args, "--output", file, "--overwrite", "--max-deviation=1e-9")...); code != 0 || !strings.Contains(out, "400 runs given up") {
		t.Errorf("all given up: exit code %d\n%s%s", code, out, errs)
	}
	if _, errs, code = ponita(t, append(args, "--time=0")...); code != exitFailure || !strings.Contains(errs, "--time, --timestep and --max-deviation is 0") {
		t.Errorf("no time: exit code %d, %s", code, errs)
	}
	if _, errs, code = ponita(t, append(args, "--samples=-1")...); code != exitFailure || !strings.Contains(errs, "samples is -1") {
		t.Errorf("negative samples: exit code %d, %s", code, errs)
	}
}
