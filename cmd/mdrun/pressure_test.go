package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"ponita/xyz"
)

// npt are the flags of a run at constant pressure of 16 atoms that repel each
// other: whatever its model has learned, it shows the bookkeeping.
func npt(more ...string) []string {
	return short("crystal.xyz", append([]string{"--repeat=2,2,2", "--ensemble=npt", "--pressure=1", "--thermo-every=10"}, more...)...)
}

func TestPressureChangesTheCellInEveryFile(t *testing.T) {
	dir := workplace(t)
	stdout := mustRun(t, dir, npt(steps(60), "--cell=tri", "--fixed-axes=x")...)
	for _, want := range []string{"npt to step 60", "1 GPa on a cell tri but for x", "V/Å³", "g/cm³"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	samples, err := readThermo(filepath.Join(dir, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := xyz.ReadAll(filepath.Join(dir, "md.traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) != 7 || len(frames) != 7 {
		t.Fatalf("%d rows and %d frames, want 7", len(samples), len(frames))
	}
	for i, frame := range frames {
		s := samples[i]
		l := frame.Lattice
		volume := l[0][0] * (l[1][1]*l[2][2] - l[1][2]*l[2][1]) // a stays along x
		if math.Abs(volume-s.Volume) > 1e-4 {                   // digits of the table
			t.Errorf("step %d: volume %.4f Å³ in the table, %.4f in the trajectory", s.Step, s.Volume, volume)
		}
		if l[0] != [3]float64{7.2, 0, 0} || s.cell[0] != 7.2 {
			t.Errorf("step %d: a = %v, want it fixed", s.Step, l[0])
		}
		// Masses of the file, and 1.66054 g/cm³ for 1 amu/Å³.
		if rho := 8 * (13.003 + 15.999) * 1.66053907 / s.Volume; math.Abs(rho-s.Density) > 1e-6 {
			t.Errorf("step %d: density %.6f g/cm³, want %.6f", s.Step, s.Density, rho)
		}
		if i > 0 && (s.Volume == samples[i-1].Volume || s.cell[3] == samples[i-1].cell[3]) {
			t.Errorf("step %d: the cell did not change", s.Step)
		}
	}
	// What Conserved holds, p₀V included: without it 1 GPa over the change of
	// the volume is missing.
	last := samples[len(samples)-1]
	if work := math.Abs(last.Volume-samples[0].Volume) / 160.2; math.Abs(last.Conserved-samples[0].Conserved) > 0.02*work+1e-3 {
		t.Errorf("conserved energy changed by %.4g eV, the work is %.4g eV", last.Conserved-samples[0].Conserved, work)
	}
}

func TestPressureRunRestartsBitwise(t *testing.T) {
	for name, flags := range map[string][]string{
		"npt":             {},
		"langevin":        {"--ensemble=langevin", "--cell=aniso"},
		"in the ensemble": {"--ensemble=nose-hoover", "--cell=tri", "--equilibrate=0.003"},
	} {
		t.Run(name, func(t *testing.T) {
			once, twice := workplace(t), workplace(t)
			mustRun(t, once, npt(append(flags, steps(60))...)...)
			// 35 is no step at which the cell moves.
			mustRun(t, twice, npt(append(flags, steps(35))...)...)
			mustRun(t, twice, npt(append(flags, steps(60), "--restart=auto")...)...)
			sameRun(t, once, twice)
		})
	}
}

// The list of neighbours must notice that the cell moved, and the order of sums
// must not change: threads and skin leave every bit as it was.
func TestPressureRunDependsOnNeitherThreadsNorSkin(t *testing.T) {
	first := ""
	for _, flags := range [][]string{{"--threads=1"}, {"--threads=3"}, {"--threads=1", "--skin=0"}, {"--threads=1", "--skin=2"}} {
		dir := workplace(t)
		mustRun(t, dir, npt(append(flags, steps(100), "--cell=tri", "--compressibility=1")...)...)
		trajectory := read(t, dir, "md.traj.xyz")
		if first == "" {
			first = trajectory
		}
		if trajectory != first {
			t.Errorf("%v gives another trajectory than one thread with the default skin", flags)
		}
	}
}

func TestOneRowHasNoSpread(t *testing.T) {
	if stdout := mustRun(t, workplace(t), npt(steps(0))...); strings.Contains(stdout, "NaN") {
		t.Error(stdout)
	}
}

// TestRestartStopsWhereTheWholeRunDoes: a cell that has grown by less than max_cell_change
// in each part, and by more in both.
func TestRestartStopsWhereTheWholeRunDoes(t *testing.T) {
	once, twice := workplace(t), workplace(t)
	args := npt("--pressure=-30", "--max-energy-change=1e9", "--max-move=10", "--max-temperature=1e9", "--trajectory-every=0")
	code, _, whole := mdrun(t, once, append(args, steps(20_000))...)
	if code != exitDiverged || !strings.Contains(whole, "growth of the volume") {
		t.Fatalf("exit code %d, %s", code, whole)
	}
	samples, err := readThermo(filepath.Join(once, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, twice, append(args, steps(samples[len(samples)/2].Step))...)
	if _, _, parts := mdrun(t, twice, append(args, steps(20_000), "--restart=auto")...); parts != whole {
		t.Errorf("in one part %sin two   %s", whole, parts)
	}
}

func TestCollapsingCellSaysWhatToDo(t *testing.T) {
	for _, c := range []struct{ flag, want string }{
		{"--pressure=3000", "too high, a model that has not seen such densities"},
		{"--pressure=-30", "evaporation, a pressure = -30 too low"},
		{"--pressure=-3000", "or the material does not bear a pressure = -3000"},
		{"--compressibility=1e5", "the barostat is too fast, lower compressibility = 100000"},
	} {
		dir := workplace(t)
		code, _, stderr := mdrun(t, dir, npt(steps(20_000), c.flag, "--max-energy-change=1e9", "--max-move=10", "--max-temperature=1e9", "--trajectory-every=0")...)
		if code != exitDiverged || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "see md.crash") {
			t.Errorf("%s: exit code %d\n got %swant %s", c.flag, code, stderr, c.want)
		}
	}
}
