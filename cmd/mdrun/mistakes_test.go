package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential"
	"ponita/xyz"
)

func TestMistakesInSettingsAreNamed(t *testing.T) {
	dir := workplace(t)
	const start = "model = \"model.h5\"\nstructure = \"molecule.xyz\"\nsteps = 3\n"
	for _, c := range []struct{ file, flag, want string }{
		{"temprature = 1", "", `run.toml, line 4: unknown key "temprature", did you mean "temperature"?`},
		{"timestep = \"1\"", "", `run.toml, line 4: key "timestep": found string 1, want a number`},
		{"ensemble = \"nvt\"", "", `run.toml, line 4: key "ensemble": found "nvt", want one of nve, csvr, langevin, nose-hoover, npt`},
		{"ensemble = \"npt\"", "", "ensemble = npt without a pressure: want pressure in GPa"},
		{"ensemble = \"nve\"", "--pressure=0", "pressure = 0 has no meaning for ensemble nve: want npt, langevin or nose-hoover"},
		{"cell = \"tri\"", "", `cell = "tri" has no meaning without a pressure`},
		{"cell = \"cubic\"", "--pressure=1", `key "cell": found "cubic", want one of iso, aniso, tri`},
		{"fixed_axes = [\"x\"]", "", "fixed_axes = [x] has no meaning without a pressure"},
		{"fixed_axes = [\"a\"]", "--pressure=1", "fixed_axes = [a], want some of x, y and z"},
		{"fixed_axes = [\"x\", \"y\", \"z\"]", "--pressure=1", "Barostat.Fixed holds x, y and z: want one that moves"},
		{"compressibility = 0", "--pressure=1", "compressibility = 0, want a positive number"},
		{"pressure = nan", "", "Barostat.Pressure = NaN GPa, want a finite pressure"},
		{"", "--pressure=1 --ipi=unix:x", "the barostat is that of i-PI, leave pressure out"},
		{"timestep = -1", "", "timestep = -1, want a positive number"},
		{"repeat = [2]", "", "repeat = [2], want three numbers"},
		{"time = 2", "", "time = 2 and steps = 3: want one of them"},
		{"equilibrate = inf", "", "equilibrate = +Inf, want 0 to 1.07e+09 ps"},
		{"equilibrate = 1e300", "", "equilibrate = 1e+300, want 0 to 1.07e+09 ps"},
		{"", "--equilibrate=NaN", "equilibrate = NaN, want 0 to 1.07e+09 ps"},
		{"", "--steps=-1", "steps = -1, want 0 to 2147483647000"},
		{"", "--time=2 --steps=4", "time = 2 and steps = 4: want one of them"},
		{"", "--seed=9223372036854775808", "seed = 9223372036854775808, want at most 9223372036854775807"},
		{"max_cell_change = 0.5", "", "max_cell_change = 0.5, want a factor above 1, inf for no limit"},
		{"prefix = \"a/b\"", "", `prefix = "a/b", want a name without a directory: that is out`},
		{"temperature = -1", "", "CSVR.Temperature = -1 K, want 0 or more"},
		{"boundary = [\"p\", \"f\"]", "", "boundary = [p f], want three of p and f"},
		{"boundary = [\"p\", \"f\", \"x\"]", "", "boundary = [p f x], want p (periodic) or f (not) each"},
		{"units = \"lj\"", "", `units = "lj", want metal or real`},
		{"", "--thermo-every=0", "thermo_every = 0, want 1 or more"},
		{"", "--threads=-1", "threads = -1, want 1 or more, or 0 for all cores"},
		{"", "--model=", "no model: want --model FILE"},
		{"", "--temprature=3", "unknown flag --temprature, did you mean \"--temperature\"?"},
	} {
		write(t, dir, "run.toml", start+c.file)
		args := []string{"run.toml"}
		if c.flag != "" {
			args = append(args, strings.Fields(c.flag)...)
		}
		code, _, stderr := mdrun(t, dir, args...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s%s: exit code %d\n got %swant %s", c.file, c.flag, code, stderr, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "run.thermo.csv")); err == nil {
		t.Error("a mistake left a file")
	}
}

func TestMissingElementsAreNamedBesideThoseOfTheModel(t *testing.T) {
	model, err := potential.Load(filepath.Join(workplace(t), "model.h5"))
	if err != nil {
		t.Fatal(err)
	}
	sys := &system{species: []int{14, 8, 7, 14}, origin: "glass.xyz: frame 2"}
	_, err = newCalculator(model, sys, new(Settings))
	if !errors.Is(err, potential.ErrUnknownElement) {
		t.Fatalf("error %v", err)
	}
	if want := "glass.xyz: frame 2 has Si N, the model knows H C O: unknown element"; err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

func TestStructuresThatCannotBeRunAreRefused(t *testing.T) {
	dir := workplace(t)
	write(t, dir, "empty.xyz", "0\n\n")
	write(t, dir, "massless.xyz", "1\nProperties=species:S:1:pos:R:3:mass:R:1\nH 0 0 0 0\n")
	write(t, dir, "heavy.xyz", "1\nProperties=species:S:1:pos:R:3:masses:S:1\nH 0 0 0 two\n")
	write(t, dir, "fixed.xyz", "2\nProperties=species:S:1:pos:R:3:move_mask:L:1\nH 0 0 0 T\nH 0 0 0.8 F\n")
	write(t, dir, "fixed-along.xyz", "2\nProperties=species:S:1:pos:R:3:move_mask:L:3\nH 0 0 0 T T T\nH 0 0 0.8 T F T\n")
	write(t, dir, "flat.xyz", "1\nProperties=species:S:1:pos:R:3:vel:R:2\nH 0 0 0 1 1\n")
	write(t, dir, "co.data", carbonMonoxide)
	for _, c := range []struct{ structure, flag, want string }{
		{"empty.xyz", "", "empty.xyz: frame 1 has no atoms"},
		{"massless.xyz", "", "atom 1 has mass 0 amu"},
		{"heavy.xyz", "", "heavy.xyz: frame 1: column masses is not of one number for each atom"},
		{"nowhere.xyz", "", "no such file"},
		{"nowhere.data", "", "no such file"},
		{"builtin:si", "", "no builtin:si in this program: want builtin:acac or a file"},
		{"molecule.xyz", "--model=builtin:si", "no builtin:si in this program: want builtin:acac or a file"},
		{"molecule.xyz", "--elements=H,O", "molecule.xyz is extended XYZ: elements, atom_style, boundary and units are for LAMMPS data files"},
		{"co.data", "", "co.data:10: a section Atoms that does not say its style"},
		{"co.data", "--atom-style=full", "co.data:12: 5 columns, atoms of style full have 7"},
		{"co.data", "--atom-style=atomic --frame=2", "co.data has 1 frame, frame = 2 is none of them"},
		{"co.data", "--atom-style=atomic --elements=C", "1 elements in the settings, want one for each of 2 atom types"},
		{"molecule.xyz", "--repeat=1,2,1", "is not periodic along b: cannot repeat it 2 times there"},
		{"molecule.xyz", "--pressure=0.1", "is not periodic, pressure = 0.1 needs a cell that is periodic along a, b and c: leave pressure out"},
		{"molecule.xyz", "--frame=2", "molecule.xyz has 1 frames, frame = 2 is none of them"},
		{"molecule.xyz", "--velocities=file", "has no column vel, velo or momenta of three reals"},
		{"flat.xyz", "", "flat.xyz: frame 1: column vel is not of three reals for each atom"},
		{"fixed.xyz", "", "fixed.xyz: frame 1: column move_mask holds atom 2 fixed, and atoms cannot be held fixed here"},
		{"fixed-along.xyz", "", "column move_mask holds atom 2 fixed"},
		{"molecule.xyz", "--model=molecule.xyz", "not a readable model file"},
	} {
		code, _, stderr := mdrun(t, dir, append(short(c.structure, steps(1)), strings.Fields(c.flag)...)...)
		if code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%s %s: exit code %d\n got %swant %s", c.structure, c.flag, code, stderr, c.want)
		}
	}
}

func TestRunawayLeavesACrashBundle(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(12))...)
	good := read(t, dir, "md.ckpt")
	code, _, stderr := mdrun(t, dir, short("molecule.xyz", steps(500), "--restart=auto", "--timestep=20")...)
	if code != exitDiverged || !strings.Contains(stderr, "exceeds the limit") || !strings.Contains(stderr, "see md.crash") {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	message := read(t, dir, "md.crash/message.txt")
	for _, want := range []string{"exceeds the limit", "version ", "hash ", "seed "} {
		if !strings.Contains(message, want) {
			t.Errorf("%q is not in\n%s", want, message)
		}
	}
	if read(t, dir, "md.crash/last.ckpt") != good || read(t, dir, "md.ckpt") != good {
		t.Error("the last good checkpoint is gone")
	}
	if read(t, dir, "md.crash/effective.toml") != read(t, dir, "md.effective.toml") {
		t.Error("the settings in the bundle are not those of the run")
	}
	frames, err := xyz.ReadAll(filepath.Join(dir, "md.crash", "frames.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) < 2 || frames[0].Value("step").(int) < 12 {
		t.Errorf("%d frames from step %v", len(frames), frames[0].Value("step"))
	}
}

func TestAtomsAtOnePlaceAreRefused(t *testing.T) {
	dir := workplace(t)
	write(t, dir, "twice.xyz", "2\n\nH 1 1 1\nH 1 1 1\n")
	code, _, stderr := mdrun(t, dir, short("twice.xyz", steps(1))...)
	if code != exitFailed || !strings.Contains(stderr, "step 0") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestEffectiveSettingsRepeatTheRun(t *testing.T) {
	first, second := workplace(t), workplace(t)
	mustRun(t, first, short("crystal.xyz", "--time=0.003", "--repeat=1,1,2", "--seed=7", "--ensemble=langevin")...)
	effective := read(t, first, "md.effective.toml")
	write(t, second, "again.toml", effective)
	mustRun(t, second, "again.toml")
	sameRun(t, first, second)
	if got := read(t, second, "md.effective.toml"); got != effective {
		t.Errorf("the settings changed on the way:\n%s\n%s", effective, got)
	}
}

func TestHelpFitsAScreen(t *testing.T) {
	dir := t.TempDir()
	help := mustRun(t, dir, "--help")
	lines := strings.Split(help, "\n")
	for _, line := range lines {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if len(lines) > 75 {
		t.Errorf("%d lines", len(lines))
	}
	for _, want := range []string{"--temperature=300", "--timestep=0.5", "--seed=1", "Exit codes"} {
		if !strings.Contains(help, want) {
			t.Errorf("%q is not in the help", want)
		}
	}
}

func TestVersionIsPrinted(t *testing.T) {
	if got := mustRun(t, t.TempDir(), "--version"); !strings.HasPrefix(got, "mdrun ") {
		t.Errorf("got %q", got)
	}
}
