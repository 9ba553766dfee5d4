package main

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"ponita/xyz"
)

// timeless returns a thermo file without its last two columns, the only ones
// that tell of the clock.
func timeless(t *testing.T, dir, name string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(read(t, dir, name)) {
		for range 2 {
			line = line[:strings.LastIndexByte(line, ',')]
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// sameRun compares the outputs of two runs byte for byte.
func sameRun(t *testing.T, a, b string) {
	t.Helper()
	if x, y := timeless(t, a, "md.thermo.csv"), timeless(t, b, "md.thermo.csv"); x != y {
		t.Errorf("thermo differs:\n%s\n%s", x, y)
	}
	for _, name := range []string{"md.traj.xyz", "md.final.xyz"} {
		if read(t, a, name) != read(t, b, name) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestRestartIsBitwiseIdentical(t *testing.T) {
	for _, ensemble := range []string{"nve", "csvr", "langevin", "nose-hoover"} {
		t.Run(ensemble, func(t *testing.T) {
			once, twice, thrice := workplace(t), workplace(t), workplace(t)
			// Equilibration ends between the two parts, at step 24.
			args := short("molecule.xyz", "--ensemble="+ensemble, "--equilibrate=0.0024")
			mustRun(t, once, append(args, steps(36))...)
			mustRun(t, twice, append(args, steps(6))...)
			mustRun(t, twice, append(args, steps(36), "--restart=md.ckpt")...)
			sameRun(t, once, twice)
			// Within the equilibration, and after it before the first frame.
			if code, _, stderr := mdrun(t, thrice, append(args, steps(36), "--max-time=1ns")...); code != exitTimeLimit {
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			mustRun(t, thrice, append(args, steps(2), "--restart=auto")...)
			mustRun(t, thrice, append(args, steps(36), "--restart=auto")...)
			sameRun(t, once, thrice)
		})
	}
}

func TestRestartContinuesARamp(t *testing.T) {
	once, twice := workplace(t), workplace(t)
	args := short("crystal.xyz", steps(40), "--temperature-end=900")
	mustRun(t, once, args...)
	if code, _, stderr := mdrun(t, twice, append(args, "--max-time=1ns")...); code != exitTimeLimit {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	mustRun(t, twice, append(args, "--restart=auto")...)
	sameRun(t, once, twice)

	code, _, stderr := mdrun(t, twice, append(args, steps(80), "--restart=auto")...)
	if code != exitFailed || !strings.Contains(stderr, "ramps the temperature over 40 steps, the settings want 80") {
		t.Errorf("a ramp of another length: exit code %d, %s", code, stderr)
	}
}

func TestRestartDropsWhatCameAfterTheCheckpoint(t *testing.T) {
	once, killed := workplace(t), workplace(t)
	args := short("molecule.xyz", "--restart=auto")
	mustRun(t, once, append(args, steps(60))...)

	mustRun(t, killed, append(args, steps(30))...)
	checkpoint := read(t, killed, "md.ckpt")
	mustRun(t, killed, append(args, steps(50))...)
	write(t, killed, "md.ckpt", checkpoint)
	file, err := os.OpenFile(filepath.Join(killed, "md.traj.xyz"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteString("15\nProperties=spec") // half a frame
	file.Close()
	mustRun(t, killed, append(args, steps(60))...)
	sameRun(t, once, killed)
}

func TestRestartRefusesAnotherRun(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(5))...)
	for want, flag := range map[string]string{
		"was computed in float32, precision is float64": "--precision=float64",
		"equilibrates for 0 steps":                      "--equilibrate=1",
		"no such file":                                  "--restart=other.ckpt",
	} {
		code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(10), "--restart=auto", flag)...)
		if code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s\nwant %q", flag, code, stderr, want)
		}
	}
	write(t, dir, "md.thermo.csv", "step")
	code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(10), "--restart=auto")...)
	if code != exitFailed || !strings.Contains(stderr, "md.thermo.csv has 4 bytes") {
		t.Errorf("a thermo file cut short: exit code %d, %s", code, stderr)
	}
}

// TestTrajectoryOutlivesAPartWithoutOne: frames of the parts before are there after a part
// that wrote none.
func TestTrajectoryOutlivesAPartWithoutOne(t *testing.T) {
	dir := workplace(t)
	args := short("molecule.xyz", "--restart=auto")
	mustRun(t, dir, append(args, steps(20))...)
	before := read(t, dir, "md.traj.xyz")
	mustRun(t, dir, append(args, steps(30), "--trajectory-every=0")...)
	mustRun(t, dir, append(args, steps(40))...)
	after := read(t, dir, "md.traj.xyz")
	if !strings.HasPrefix(after, before) || len(after) <= len(before) {
		t.Errorf("%d bytes of frames became %d", len(before), len(after))
	}
}

// TestRestartFromTheFirstCheckpointRepeatsNothing: a run that ended before any step has
// written what comes before the first.
func TestRestartFromTheFirstCheckpointRepeatsNothing(t *testing.T) {
	once, twice := workplace(t), workplace(t)
	args := short("molecule.xyz", "--restart=auto")
	mustRun(t, once, append(args, steps(20))...)
	mustRun(t, twice, append(args, steps(0))...)
	stdout := mustRun(t, twice, append(args, steps(20))...)
	sameRun(t, once, twice)
	if !strings.Contains(stdout, "of the checkpoint at step 0") {
		t.Errorf("does not say where velocities come from:\n%s", stdout)
	}
}

// TestRestartSaysWhatHasNoEffect: the seed of the settings, and a length that is over.
func TestRestartSaysWhatHasNoEffect(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(20))...)
	stdout := mustRun(t, dir, short("molecule.xyz", steps(10), "--restart=auto", "--seed=7")...)
	for _, want := range []string{"seed        of the checkpoint", "note: the run has 20 steps already, the settings want 10"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

// TestCheckpointOfAnotherRunLeavesFilesAlone: what another prefix has written is not the
// past of the checkpoint.
func TestCheckpointOfAnotherRunLeavesFilesAlone(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(20))...)
	mustRun(t, dir, short("molecule.xyz", steps(40), "--prefix=other")...)
	thermo := read(t, dir, "other.thermo.csv")
	code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(30), "--prefix=other", "--restart=md.ckpt")...)
	if code != exitFailed || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if read(t, dir, "other.thermo.csv") != thermo {
		t.Error("the thermo file of the other run has changed")
	}
	// A copy of a checkpoint beside the run is its own.
	write(t, dir, "md.ckpt.copy", read(t, dir, "md.ckpt"))
	mustRun(t, dir, short("molecule.xyz", steps(30), "--restart=md.ckpt.copy")...)
}

func TestFilesOfAnEarlierRunAreKept(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(5))...)
	code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(5))...)
	if code != exitFailed || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	// Also if only what took longest is left.
	for _, name := range []string{"md.ckpt", "md.final.xyz"} {
		left := workplace(t)
		write(t, left, name, read(t, dir, name))
		code, _, stderr := mdrun(t, left, short("molecule.xyz", steps(5))...)
		if code != exitFailed || !strings.Contains(stderr, name+" is there from an earlier run") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
		if _, err := os.Stat(filepath.Join(left, "md.thermo.csv")); err == nil {
			t.Error("what was refused left a file")
		}
	}
	mustRun(t, dir, short("molecule.xyz", steps(5), "--overwrite")...)
}

func TestOverwriteLeavesNothingOfTheEarlierRun(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(20), "--plot")...)
	if code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(500), "--restart=auto", "--timestep=20")...); code != exitDiverged {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	stdout := mustRun(t, dir, short("md.final.xyz", steps(5), "--overwrite", "--trajectory-every=0")...)
	if want := "files       md .thermo.csv .final.xyz .ckpt .effective.toml\n"; !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}
}

func TestWallTimeLimitLeavesARunToContinue(t *testing.T) {
	once, twice := workplace(t), workplace(t)
	args := short("molecule.xyz", steps(20))
	mustRun(t, once, args...)
	code, _, stderr := mdrun(t, twice, append(args, "--max-time=1ns")...)
	if code != exitTimeLimit || !strings.Contains(stderr, "to continue: mdrun md.effective.toml --restart auto") {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	mustRun(t, twice, "md.effective.toml", "--restart=auto", "--max-time=0s")
	sameRun(t, once, twice)
}

// TestLengthOfTheCommandLineOverridesTheFile in either unit; a step takes 0.1 fs.
func TestLengthOfTheCommandLineOverridesTheFile(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(10))...)
	for _, c := range []struct{ file, flag, want string }{
		{"", "--time=0.002", "csvr to step 20,"},
		{"time = 0.5", "--steps=30", "csvr to step 30,"},
	} {
		content := read(t, dir, "md.effective.toml")
		if c.file != "" {
			content = regexp.MustCompile("(?m)^steps = .*$").ReplaceAllString(content, c.file)
		}
		write(t, dir, "again.toml", content)
		stdout := mustRun(t, dir, "again.toml", "--restart=auto", c.flag)
		if !strings.Contains(stdout, c.want) {
			t.Errorf("%s %s: %q is not in\n%s", c.file, c.flag, c.want, stdout)
		}
	}
}

// goOn starts a run that makes steps until the function returned sends it a signal
// and has waited for its end. SIGPIPE is that of a pipe that nobody reads any more.
func goOn(t *testing.T, dir string, args ...string) (stop func(syscall.Signal) (code int)) {
	t.Helper()
	cmd := command(dir, append(args, "--thermo-every=1", "--json", "--steps=100000000")...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	// Once it has made a few steps it listens.
	lines := bufio.NewScanner(stdout)
	for range 20 {
		lines.Scan()
	}
	return func(signal syscall.Signal) int {
		if signal == syscall.SIGPIPE {
			stdout.Close()
		} else {
			cmd.Process.Signal(signal)
		}
		watchdog := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		defer watchdog.Stop()
		for lines.Scan() {
		}
		cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
}

// TestTwoRunsDoNotWriteTheSameFiles, as two jobs of a queue with --restart=auto would. The
// run that goes on fills a pipe that nobody reads, and waits.
func TestTwoRunsDoNotWriteTheSameFiles(t *testing.T) {
	dir := workplace(t)
	stop := goOn(t, dir, short("molecule.xyz")...)
	for _, flag := range []string{"--restart=auto", "--overwrite"} {
		code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(5), flag)...)
		if code != exitFailed || !strings.Contains(stderr, "another mdrun writes md.thermo.csv") {
			t.Errorf("%s: exit code %d, %s", flag, code, stderr)
		}
	}
	stop(syscall.SIGTERM)
	mustRun(t, dir, short("molecule.xyz", steps(5), "--overwrite")...)
}

func TestSignalStopsAfterTheStepAndTheRunContinues(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE} {
		once, stopped := workplace(t), workplace(t)
		args := short("molecule.xyz", "--thermo-every=1")
		if code := goOn(t, stopped, args...)(signal); code != 128+int(signal) {
			t.Fatalf("exit code %d after %v", code, signal)
		}
		samples, err := readThermo(filepath.Join(stopped, "md.thermo.csv"))
		if err != nil {
			t.Fatal(err)
		}
		total := steps(samples[len(samples)-1].Step + 10)
		mustRun(t, stopped, append(args, total, "--restart=auto")...)
		mustRun(t, once, append(args, total)...)
		sameRun(t, once, stopped)
	}
}

// TestSettingsOfEveryPartAreKept, and go with the run that they belong to.
func TestSettingsOfEveryPartAreKept(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(10))...)
	first := read(t, dir, "md.effective.toml")
	for range 2 { // the same settings twice are kept once
		mustRun(t, dir, short("molecule.xyz", "--restart=auto", "--relaxation=50", steps(20))...)
	}
	if read(t, dir, "md.effective.1.toml") != first {
		t.Error("the settings of the first part are lost")
	}
	kept := filepath.Join(dir, "md.effective.2.toml")
	if _, err := os.Stat(kept); err == nil {
		t.Error("the settings of the second part are kept though the third has the same")
	}
	mustRun(t, dir, short("molecule.xyz", "--overwrite", steps(10))...)
	if _, err := os.Stat(filepath.Join(dir, "md.effective.1.toml")); err == nil {
		t.Error("settings of the run before are there")
	}
}

// TestCheckpointOfAnotherRun does not go on with the files of this one, though its name begins
// as theirs.
func TestCheckpointOfAnotherRun(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", "--thermo-every=1", steps(20))...)
	mustRun(t, dir, short("molecule.xyz", "--prefix=md.hot", "--temperature=600", steps(10))...)
	before := read(t, dir, "md.thermo.csv")
	code, _, stderr := mdrun(t, dir, short("molecule.xyz", "--restart=md.hot.ckpt", steps(20))...)
	if code != exitFailed || !strings.Contains(stderr, "md.ckpt is there from an earlier run") || read(t, dir, "md.thermo.csv") != before {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestRestartWithoutABarostat: the cell is what it is now.
func TestRestartWithoutABarostat(t *testing.T) {
	dir := workplace(t)
	press := []string{"--ensemble=npt", "--pressure=10", "--barostat-time=5", "--max-cell-change=3"}
	mustRun(t, dir, append(short("crystal.xyz", steps(20)), press...)...)
	frames, err := xyz.ReadAll(filepath.Join(dir, "md.traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	first, last := frames[0].Lattice[0][0], frames[len(frames)-1].Lattice[0][0]
	if last > 0.999*first {
		t.Fatalf("the cell went from %g to %g Å", first, last)
	}
	stdout := mustRun(t, dir, short("crystal.xyz", "--restart=auto", "--max-cell-change=1.0001", "--timestep=0.2", steps(30))...)
	if want := "note: steps were of 0.1 fs and are of 0.2 fs now: steps count from the start of the run, which ends with step 30 at 0.0040 ps"; !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}
}
