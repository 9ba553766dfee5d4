package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential/train"
)

func TestFrontIsWhatNoOtherBeats(t *testing.T) {
	row := func(e, cost float64) comparison { return comparison{Errors: train.Errors{ForceRMSE: &e}, Cost: cost} }
	rows := []comparison{row(10, 5), row(20, 1), row(20, 2), row(9, 7), row(30, 0.5), row(9, 8), row(10, 5)}
	markFront(rows)
	for k, want := range []bool{true, true, false, true, true, false, true} {
		if rows[k].Front != want {
			t.Errorf("row %d (%g, %g): on the front is %v", k, rows[k].error(), rows[k].Cost, rows[k].Front)
		}
	}
}

// TestCompareMeasuresModels compares a model before and after training.
func TestCompareMeasuresModels(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	var models []string
	for _, epochs := range []string{"1", "30"} {
		out := filepath.Join(dir, epochs)
		if _, errs, code := ponita(t, "train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--no-report",
			"--epochs="+epochs, "--output", out); code != 0 {
			t.Fatal(errs)
		}
		models = append(models, filepath.Join(out, train.BestModel))
	}
	plot := filepath.Join(dir, "front.png")
	args := append([]string{"compare", "--duration=50ms", "--plot", plot, data}, models...)
	out, errs, code := ponita(t, append(args, "--json")...)
	var rows []comparison
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 2 {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if rows[0].error() <= rows[1].error() || !rows[1].Front || rows[0].Cost <= 0 || rows[0].Rotation == nil || rows[0].Timed != "frame 40, 2 atoms" {
		t.Errorf("%+v", rows)
	}
	picture(t, plot)
	if out, _, code = ponita(t, args...); code != 0 || strings.Count(out, ".h5") != 2 {
		t.Errorf("exit code %d\n%s", code, out)
	}
	out, errs, code = ponita(t, append(args, "--mean", "--json")...)
	if err := json.Unmarshal([]byte(out), &rows); code != 0 || err != nil || len(rows) != 3 {
		t.Fatalf("with the mean: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if mean := rows[2]; mean.Model != "mean of 2" || mean.error() >= rows[0].error() || mean.Cost != rows[0].Cost+rows[1].Cost {
		t.Errorf("mean: %+v", mean)
	}
	for flag, want := range map[string]string{"--duration=-1s": "duration is -1s", "--rotations=-2": "rotations is -2, want 2 or more", "--rotations=1": "rotations is 1"} {
		if _, errs, code = ponita(t, append(args, flag)...); code != exitFailure || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, %s", flag, code, errs)
		}
	}
	if _, errs, code = ponita(t, "compare", data); code != exitFailure || !strings.Contains(errs, "no model") {
		t.Errorf("without a model: exit code %d, %s", code, errs)
	}
}
