package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential/report"
	"ponita/potential/train"
)

// TestTrainingEndsWithItsReport follows a model from training to its page, its
// numbers, and what the file knows about itself.
func TestTrainingEndsWithItsReport(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	args := []string{"train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--epochs=12", "--output", dir}
	page := filepath.Join(dir, "report.html")
	if out, errs, code := ponita(t, append(args, "--no-report")...); code != 0 {
		t.Fatalf("train: exit code %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("--no-report wrote a report")
	}
	out, errs, code := ponita(t, append(args, "--overwrite")...)
	text, err := os.ReadFile(page)
	if code != 0 || err != nil || !strings.Contains(out, "wrote "+page) {
		t.Fatalf("train: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if !strings.Contains(string(text), "best.h5 on 4 validation frames of h2.xyz") || !strings.Contains(string(text), "held back from training") {
		t.Error("the page does not say what it is about")
	}

	model := filepath.Join(dir, train.BestModel)
	other := filepath.Join(t.TempDir(), "page.html")
	out, errs, code = ponita(t, "report", model, data, "-o", other, "--time=0.05", "--json")
	var r report.Report
	if err := json.Unmarshal([]byte(out), &r); code != 0 || err != nil {
		t.Fatalf("report --json: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if r.Provenance.Mark != report.Fail || r.Test.Frames != 41 || r.Model.Name != train.BestModel || r.Drift.Length != 0.05 {
		t.Errorf("report on the training data: %+v, %d frames, %g ps", r.Provenance, r.Test.Frames, r.Drift.Length)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("no page: %v", err)
	}
	if out, errs, code = ponita(t, "report", model, data, "-o", other, "--time=-1"); code != 0 || !strings.Contains(out, "fail     provenance") || !strings.Contains(out, "wrote "+other) {
		t.Errorf("report: exit code %d\n%s%s", code, out, errs)
	}
	if _, errs, code = ponita(t, "report", model, data, "-o", filepath.Join(dir, "nowhere", "page.html"), "--time=-1"); code != exitFailure || !strings.Contains(errs, "nowhere") {
		t.Errorf("no folder: exit code %d\n%s", code, errs)
	}

	out, _, code = ponita(t, "info", model)
	for _, want := range []string{"h2.xyz, 41 frames, 4 held back", "reference energy -13.600000 eV", "repulsion   H–H", "12 epochs", "seed 1", "force RMSE, meV/Å", "1 layer of 8 channels"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("info has no %q: exit code %d\n%s", want, code, out)
		}
	}
	out, _, code = ponita(t, "info", "--json", model)
	var info modelInfo
	if err := json.Unmarshal([]byte(out), &info); code != 0 || err != nil || len(info.Held) != 4 || info.Bytes == 0 || info.Cutoff != 3 {
		t.Errorf("info --json: exit code %d, %v\n%s", code, err, out)
	}
}

// TestReportThatFailsKeepsTheModel puts a folder where the page should be.
func TestReportThatFailsKeepsTheModel(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "report.html", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, errs, code := ponita(t, "train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--epochs=1", "--output", dir)
	if code != 0 || !strings.Contains(errs, "warning: no report:") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	for _, name := range []string{train.BestModel, train.LastModel} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("the model is lost: %v", err)
		}
	}
}
