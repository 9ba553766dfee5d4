package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential/forensics"
	"ponita/xyz"
)

func TestCheckNamesWhatIsWrong(t *testing.T) {
	data := writeData(t)
	out, errs, code := ponita(t, "check", data)
	if code != 0 || !strings.Contains(out, "0 errors, 0 warnings") || !strings.Contains(out, "H–H") {
		t.Errorf("good data: exit code %d\n%s%s", code, out, errs)
	}
	frames, err := xyz.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(t.TempDir(), "test.xyz")
	if err := xyz.WriteFile(test, frames[3], frames[5]); err != nil {
		t.Fatal(err)
	}
	out, errs, code = ponita(t, "check", "--json", data, test)
	var result forensics.Result
	if err := json.Unmarshal([]byte(out), &result); code != exitFailure || err != nil {
		t.Fatalf("leak: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	f := result.Findings[0]
	if f.Kind != "leak" || len(f.Where) != 2 || f.Where[0].Frames[0] != 4 || f.Where[1].Frames[1] != 2 {
		t.Errorf("leak: %+v", f)
	}
	if !strings.Contains(errs, "errors in the data: 1") {
		t.Errorf("leak: %s", errs)
	}
	if _, errs, code = ponita(t, "check", "--energy-key=dft", data); code != exitFailure || !strings.Contains(errs, "errors in the data") {
		t.Errorf("no such key: exit code %d\n%s", code, errs)
	}

	// Training looks first, and goes on.
	frames[7].Set("REF_energy", 40.)
	if err := xyz.WriteFile(data, frames...); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--epochs=1", "--output", t.TempDir()}
	if out, errs, code = ponita(t, args...); code != 0 || !strings.Contains(errs, "energy far from the median") {
		t.Errorf("train: exit code %d\n%s%s", code, out, errs)
	}
	if out, errs, code = ponita(t, append(args, "--no-check", "--overwrite")...); code != 0 || strings.Contains(errs, "median") {
		t.Errorf("train --no-check: exit code %d\n%s%s", code, out, errs)
	}
}
