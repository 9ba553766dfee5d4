package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ponita/internal/lock"
	"ponita/potential/train"
	"ponita/xyz"
)

// program is the built command.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ponita")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "ponita")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// ponita runs the program and returns its outputs and exit code.
func ponita(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// writeData writes hydrogen molecules on springs around 0.8 Å, and hydrogen
// itself: a data set that costs nothing.
func writeData(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	var frames []*xyz.Frame
	for range 40 {
		d := 0.8 + 0.1*rng.NormFloat64()
		f := &xyz.Frame{Species: []int{1, 1}, Pos: [][3]float64{{}, {d, 0, 0}}}
		f.Set("REF_energy", -30+5*(d-0.8)*(d-0.8))
		f.Set("config_type", []string{"left", "right"}[rng.IntN(2)])
		f.Set("config_weight", 0.5)
		f.Set("config_energy_weight", 2)
		f.SetColumn(xyz.Column{Name: "REF_forces", Data: [][3]float64{{10 * (d - 0.8)}, {-10 * (d - 0.8)}}})
		frames = append(frames, f)
	}
	atom := &xyz.Frame{Species: []int{1}, Pos: make([][3]float64, 1)}
	atom.Set("REF_energy", -13.6)
	path := filepath.Join(t.TempDir(), "h2.xyz")
	if err := xyz.WriteFile(path, append(frames, atom)...); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTrainEvaluateInspect(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	run := filepath.Join(dir, "run.toml")
	text := "train = \"" + data + "\"\nchannels = 8\nlayers = 1\nhidden = 8\nepochs = 20\ncutoff = 3\noutput = \"" + filepath.Join(dir, "out") + "\"\n"
	if err := os.WriteFile(run, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := ponita(t, "train", run, "--epochs", "2")
	if code != 0 || !strings.Contains(out, "epoch    2/2") || !strings.Contains(out, "reference energy -13.600000 eV") {
		t.Fatalf("train: exit code %d\n%s%s", code, out, errs)
	}
	if _, errs, code := ponita(t, "train", run); code == 0 || !strings.Contains(errs, "is there from an earlier run: want --resume, --overwrite or another --output") {
		t.Errorf("train into the folder of an earlier run: exit code %d\n%s", code, errs)
	}
	if _, errs, code := ponita(t, "train", run, "--resume", "--output", filepath.Join(dir, "nothing")); code == 0 || !strings.Contains(errs, "nothing to resume") {
		t.Errorf("resume nothing: exit code %d\n%s", code, errs)
	}
	effective, err := os.ReadFile(filepath.Join(dir, "out", "effective.toml"))
	if err != nil || !strings.Contains(string(effective), "\nepochs = 2 ") || !strings.Contains(string(effective), "\nchannels = 8 ") {
		t.Errorf("effective settings: %v\n%s", err, effective)
	}
	// The effective file is a run file: it resumes and extends the run.
	if out, errs, code = ponita(t, "train", filepath.Join(dir, "out", "effective.toml"), "--epochs=3", "--resume"); code != 0 || !strings.Contains(out, "epoch    3/3") {
		t.Fatalf("resume: exit code %d\n%s%s", code, out, errs)
	}
	out, errs, code = ponita(t, "train", run, "--epochs=1", "--json", "--output", filepath.Join(dir, "json"))
	var epoch map[string]any
	if err := json.Unmarshal([]byte(out), &epoch); code != 0 || err != nil || epoch["epoch"] != 1. {
		t.Errorf("train --json: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	if _, errs, code = ponita(t, "train", run, "--epochs=1", "--overwrite", "--no-report", "--output", filepath.Join(dir, "json")); code != 0 {
		t.Errorf("train --overwrite: exit code %d\n%s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "json", "report.html")); err == nil {
		t.Error("train --overwrite leaves the report of the earlier run, which is one of another model")
	}
	model := filepath.Join(dir, "out", "best.h5")
	out, errs, code = ponita(t, "eval", model, data, "--json")
	var ev map[string]map[string]any
	if err := json.Unmarshal([]byte(out), &ev); code != 0 || err != nil {
		t.Fatalf("eval: exit code %d, %v\n%s%s", code, err, out, errs)
	}
	for _, key := range []string{"energy_rmse_meV", "energy_mae_meV", "energy_rmse_meV_per_atom", "energy_mae_meV_per_atom", "force_rmse_meV_per_A", "force_mae_meV_per_A"} {
		if v, ok := ev["all"][key].(float64); !ok || v < 0 {
			t.Errorf("eval --json has %s = %v", key, ev["all"][key])
		}
	}
	if len(ev["by_config_type"]) != 3 || ev["by_config_type"]["(none)"] == nil || ev["rotation_residual"]["force_meV_per_A"] == nil {
		t.Errorf("eval --json: %s", out)
	}
	if out, _, code = ponita(t, "eval", model, data); code != 0 || !strings.Contains(out, "rotation residual: energy") {
		t.Errorf("eval: exit code %d\n%s", code, out)
	}
	for _, n := range []string{"1", "-3"} {
		if _, errs, code = ponita(t, "eval", model, data, "--rotations="+n); code != exitFailure || !strings.Contains(errs, "rotations is "+n+", want 2 or more, or 0") {
			t.Errorf("eval --rotations=%s: exit code %d\n%s", n, code, errs)
		}
	}
	// A label under another name is not left out in silence.
	renamed, plain := filepath.Join(dir, "renamed.xyz"), filepath.Join(dir, "plain.xyz")
	frames, err := xyz.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames[:40] {
		f.Columns[0].Name = "dft_forces"
	}
	if err := errors.Join(xyz.WriteFile(renamed, frames...), os.WriteFile(plain, []byte("1\nenergy=-1.5\nH 0 0 0\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, errs, code = ponita(t, "eval", model, renamed, "--rotations=0"); code != 0 || !strings.Contains(errs, `"dft_forces" looks like forces and is not used: name it with --forces-key=dft_forces`) {
		t.Errorf("eval of renamed forces: exit code %d\n%s", code, errs)
	}
	if _, errs, code = ponita(t, "eval", model, plain); code == 0 || !strings.Contains(errs, "without Properties= is kept whole") {
		t.Errorf("eval of plain XYZ: exit code %d\n%s", code, errs)
	}
	predicted := filepath.Join(dir, "predicted.xyz")
	if out, _, code = ponita(t, "eval", model, data, "--rotations=0", "--worst=2", "--output", predicted); code != 0 || strings.Count(out, " %") != 2 {
		t.Errorf("eval --worst=2: exit code %d\n%s", code, out)
	}
	// What was written has the errors that were printed.
	d, err := train.ReadDataset(predicted, xyz.LabelKeys{Energy: "REF_energy", Forces: "REF_forces"})
	if err != nil {
		t.Fatal(err)
	}
	again := make([]train.Prediction, len(d.Frames))
	for k, f := range d.Frames {
		again[k].Energy = f.Value("ponita_energy").(float64)
		again[k].Forces = f.Column("ponita_forces").([][3]float64)
	}
	for name, want := range map[string]*float64{"energy_rmse_meV": d.Compare(again).All.EnergyRMSE, "force_rmse_meV_per_A": d.Compare(again).All.ForceRMSE} {
		if got := ev["all"][name].(float64); math.Abs(got / *want - 1) > 1e-9 {
			t.Errorf("%s is %g, that of --output %g", name, got, *want)
		}
	}
	worst, err := d.Worst(again, 1000)
	if err != nil {
		t.Fatal(err)
	}
	share := 0.
	for k, e := range worst {
		share += e.Share
		if k > 0 && e.ForceRMSE > worst[k-1].ForceRMSE || e.Nearest != "H" || e.Atom > 2 {
			t.Errorf("frame %d of the worst: %+v", k, e)
		}
	}
	if len(worst) != 40 || math.Abs(share-1) > 1e-9 {
		t.Errorf("%d worst frames share %g, want 40 and 1", len(worst), share)
	}
	d.Labels[0].Energy, d.Labels[1].Forces = nil, nil
	if e := d.Compare(again).All; e.Frames != 41 || e.EnergyFrames != 40 || e.ForceFrames != 39 || e.StressFrames != 0 {
		t.Errorf("%d frames, %d with an energy, %d with forces, %d with a stress, want 41, 40, 39 and 0", e.Frames, e.EnergyFrames, e.ForceFrames, e.StressFrames)
	}
	for k := range d.Labels {
		d.Labels[k].Forces = nil
	}
	if worst, err = d.Worst(again, 2); err != nil || len(worst) != 2 || math.Abs(*worst[0].Energy) < math.Abs(*worst[1].Energy) || worst[1].Atom != 0 {
		t.Errorf("worst by energy: %+v, %v", worst, err)
	}
	if out, _, code = ponita(t, "info", model); code != 0 || !strings.Contains(out, "h2.xyz, 41 frames") {
		t.Errorf("info: exit code %d\n%s", code, out)
	}
	// Another run starts from the model, and its file says so.
	onward := filepath.Join(dir, "onward")
	if out, errs, code = ponita(t, "train", "--train", data, "--start", model, "--epochs=1", "--output", onward); code != 0 || !strings.Contains(out, "1 layers of 8 channels") {
		t.Fatalf("train --start: exit code %d\n%s%s", code, out, errs)
	}
	if text, err := os.ReadFile(filepath.Join(onward, "effective.toml")); err != nil || !strings.Contains(string(text), "\ncutoff = 3") {
		t.Errorf("effective settings of train --start: %v\n%s", err, text)
	}
	if out, _, code = ponita(t, "info", filepath.Join(onward, "best.h5")); code != 0 || !strings.Contains(out, "from best.h5, hash ") || !strings.Contains(out, "trained on h2.xyz (41 frames)") {
		t.Errorf("info: exit code %d\n%s", code, out)
	}
	if _, errs, code = ponita(t, "train", "--train", data, "--start", model, "--layers=3"); code == 0 || !strings.Contains(errs, "layers is 3, but the model to start from has 1") {
		t.Errorf("train --start --layers=3: exit code %d\n%s", code, errs)
	}
}

func TestWithoutArgumentsItHelps(t *testing.T) {
	if out, errs, code := ponita(t); code != 0 || !strings.Contains(out, "Errors of a model on labelled frames.") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if _, errs, code := ponita(t, "trian"); code != exitUsage || !strings.Contains(errs, "see ponita --help") {
		t.Errorf("an unknown verb: exit code %d\n%s", code, errs)
	}
}

func TestWrongUseIsNamed(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	run := filepath.Join(dir, "run.toml")
	for _, test := range []struct {
		toml string
		args []string
		want string
		code int
	}{
		{"train = \"x.xyz\"\nlerning_rate = 0.1\n", nil, `run.toml, line 2: unknown key "lerning_rate", did you mean "learning_rate"?`, exitUsage},
		{"channels = \"many\"\n", nil, `run.toml, line 1: key "channels": found string many, want an integer`, exitUsage},
		{"", nil, "ponita: train: no training file", exitUsage},
		{"train = \"" + data + "\"\nenergy_key = \"dft\"\n", nil, "dft", exitFailure},
		{"train = \"" + data + "\"\nlearning_rate = -1.0\n", nil, "train: learning_rate is -1, want", exitUsage},
	} {
		if err := os.WriteFile(run, []byte(test.toml), 0o644); err != nil {
			t.Fatal(err)
		}
		_, errs, code := ponita(t, append([]string{"train", run}, test.args...)...)
		if code != test.code || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit code %d, message\n%swant %d and %q", test.toml, code, errs, test.code, test.want)
		}
	}
}

// TestSignalWritesCheckpoint interrupts a real process and resumes it: the end
// is the same, byte for byte, as without the interruption.
func TestSignalWritesCheckpoint(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	args := func(out string, more ...string) []string {
		return append([]string{"train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--epochs=40", "--output", filepath.Join(dir, out)}, more...)
	}
	if out, errs, code := ponita(t, args("whole")...); code != 0 {
		t.Fatal(out, errs)
	}
	cmd := exec.Command(program, args("stopped")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Interrupt once the first epoch's log is there.
	for range 1000 {
		if _, err := os.Stat(filepath.Join(dir, "stopped", "log.csv")); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted && code != 0 {
		t.Fatalf("interrupted: exit code %d, want %d", code, exitInterrupted)
	} else if code == exitInterrupted {
		if out, errs, code := ponita(t, args("stopped", "--resume")...); code != 0 {
			t.Fatalf("resumed: exit code %d\n%s%s", code, out, errs)
		}
	}
	for _, name := range []string{"last.ckpt", "log.csv"} {
		a, err := os.ReadFile(filepath.Join(dir, "whole", name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "stopped", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s of the interrupted run differs from that of the whole", name)
		}
	}
}

// TestSignalEndsAVerb that has nothing to put in order, at once.
func TestSignalEndsAVerb(t *testing.T) {
	cmd := exec.Command(program, "bench", "--channels=8", "--layers=1", "--atoms=64", "--duration=1h")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer watchdog.Stop()
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v", cmd.ProcessState)
	}
}

// TestTrainingsDoNotMix in one folder, nor does one overwrite what it starts from.
func TestTrainingsDoNotMix(t *testing.T) {
	data, dir := writeData(t), t.TempDir()
	args := []string{"train", "--train", data, "--channels=8", "--layers=1", "--cutoff=3", "--epochs=1", "--no-report", "--output", dir}
	if out, errs, code := ponita(t, args...); code != 0 {
		t.Fatal(out, errs)
	}
	model := filepath.Join(dir, train.LastModel)
	if _, errs, code := ponita(t, append(args, "--overwrite", "--start", model)...); code != exitFailure || !strings.Contains(errs, "would be overwritten: want another --output") {
		t.Errorf("into the folder of the model to start from: exit code %d, %s", code, errs)
	}
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if lock.Held(folder) {
		t.Fatal("the folder is still held")
	}
	if _, errs, code := ponita(t, append(args, "--overwrite")...); code != exitFailure || !strings.Contains(errs, "another training writes to "+dir) {
		t.Errorf("beside another training: exit code %d, %s", code, errs)
	}
	if _, err := os.Stat(model); err != nil {
		t.Error(err)
	}
}
