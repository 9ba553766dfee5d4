package main

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// picture fails unless the file is a PNG.
func picture(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if c, err := png.DecodeConfig(file); err != nil || c.Width < 400 {
		t.Errorf("%s: %v, %v", path, c, err)
	}
}

// TestCoordcheckFindsTheReadout looks at the sharpest difference: after one step
// from zero the energy read out moves by C^0 under mup, by C^1 under sp.
func TestCoordcheckFindsTheReadout(t *testing.T) {
	plot := filepath.Join(t.TempDir(), "check.png")
	args := []string{"coordcheck", "--widths=8,32,128", "--parametrizations=mup,sp", "--steps=1", "--seeds=10",
		"--layers=1", "--hidden=8", "--learning-rate=0.001", "--plot", plot, "--json"}
	out, errs, code := ponita(t, args...)
	var found struct {
		Powers []struct {
			Parametrization, Quantity string
			Step                      int
			Power                     float64 `json:"change_power"`
		}
	}
	if err := json.Unmarshal([]byte(out), &found); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	want := map[string]float64{"mup": 0, "sp": 1}
	tests := 0
	for _, p := range found.Powers {
		if p.Quantity != "e" || p.Step != 1 {
			continue
		}
		tests++
		// Half of what separates the two, and half again for scatter between seeds.
		if w := want[p.Parametrization]; p.Power < w-0.25 || p.Power > w+0.25 {
			t.Errorf("%s: e moves as C^%.2f, want C^%g", p.Parametrization, p.Power, w)
		}
	}
	if tests != 2 {
		t.Errorf("%d powers of e, want 2", tests)
	}
	picture(t, plot)
	out, errs, code = ponita(t, args[:len(args)-1]...)
	if code != 0 || !strings.Contains(out, "sp: changes after step 1 at learning rate 0.001") || !strings.Contains(out, "C=128") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func TestSweepFindsBestRatesAndContinues(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	run := filepath.Join(dir, "run.toml")
	text := "train = \"" + data + "\"\nlayers = 1\nhidden = 8\nepochs = 2\ncutoff = 3\naverage = 0.9\nbase_channels = 4\n" +
		"widths = [4, 8]\nrate_from = -8\nrate_to = -7\nparametrizations = [\"mup\", \"sp\"]\noutput = \"" + dir + "\"\n"
	if err := os.WriteFile(run, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := ponita(t, "sweep", run, "--threads=2")
	if code != 0 || strings.Count(out, "/8  ") != 8 || strings.Count(out, "best rates of all widths") != 2 || strings.Count(out, "*") != 4 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	picture(t, filepath.Join(dir, "sweep.png"))
	// One rate more: two cells for each parametrization, the rest is there.
	out, errs, code = ponita(t, "sweep", run, "--rate-to=-6")
	if code != 0 || strings.Count(out, "/12  ") != 4 {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	out, errs, code = ponita(t, "sweep", run, "--rate-to=-6", "--json")
	var found struct {
		Cells  []map[string]any
		Curves []map[string]any
	}
	if err := json.Unmarshal([]byte(out), &found); code != 0 || err != nil || len(found.Cells) != 12 || len(found.Curves) != 4 {
		t.Errorf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	// What a training would warn about is said once.
	_, errs, code = ponita(t, "sweep", run, "--reference-energies=H=-13.6,N=-50", "--output", filepath.Join(dir, "warned"))
	if code != 0 || strings.Count(errs, "warning: reference_energies has N, which is not in the training data") != 1 {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

func TestWrongUseOfWidthsIsNamed(t *testing.T) {
	data := writeData(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"sweep"}, "no training file"},
		{[]string{"sweep", "--train", data, "--rate-from=-3", "--rate-to=-5"}, "learning rates from 2^-3 to 2^-5, want exponents from -30 to 3, the least first"},
		{[]string{"sweep", "--train", data, "--parametrizations=mu"}, `parametrization is "mu", want one of mup, sp, ntk`},
		{[]string{"sweep", "--train", data, "--widths=8,16,8"}, "width 8 is listed twice"},
		{[]string{"coordcheck", "--parametrizations=mup,mup"}, `parametrization mup is listed twice`},
		{[]string{"coordcheck", "--widths=8"}, "1 widths and 3 parametrizations to check"},
		{[]string{"coordcheck", "--parametrizations=mup,standard"}, `parametrization is "standard", want one of mup, sp, ntk`},
		{[]string{"train", "--train", data, "--base-channels=0"}, "base_channels is 0, want 1 to 16384"},
	} {
		if _, errs, code := ponita(t, test.args...); code != exitUsage || !strings.Contains(errs, test.want) {
			t.Errorf("%v: exit code %d, message\n%swant %d and %q", test.args, code, errs, exitUsage, test.want)
		}
	}
}
