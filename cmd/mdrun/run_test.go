package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/integrator"
	"ponita/xyz"
)

func TestRunWritesWhatItsDocumentationSays(t *testing.T) {
	dir := workplace(t)
	stdout := mustRun(t, dir, short("crystal.xyz", steps(40), "--repeat=2,1,1", "--plot")...)
	for _, want := range []string{"hash ", "float32", "seed        1", "C is species 2 (2 atoms), O is species 3 (2 atoms)", "4 atoms, periodic along a, b, c"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, dir, "md.thermo.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	const columns = "step,time_fs,T_K,Epot_eV,Ekin_eV,Etot_eV,Econs_eV,P_GPa,Pxx_GPa,Pyy_GPa,Pzz_GPa,Pyz_GPa,Pxz_GPa,Pxy_GPa,V_A3,a_A,b_A,c_A,alpha_deg,beta_deg,gamma_deg,rho_g_cm3,walltime_s,ns_per_day"
	if got := strings.Join(rows[0], ","); got != columns {
		t.Errorf("columns\n     %s\nwant %s", got, columns)
	}
	if len(rows) != 1+9 || slices.Contains(rows[9], "") {
		t.Errorf("%d rows, the last %q: want a header, 9 rows, and no empty field in a crystal", len(rows), rows[len(rows)-1])
	}
	frames, err := xyz.ReadAll(filepath.Join(dir, "md.traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) != 5 {
		t.Errorf("%d frames, want 5", len(frames))
	}
	final, err := xyz.ReadFile(filepath.Join(dir, "md.final.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	masses, _ := final.Column("masses").([]float64)
	if !slices.Equal(masses, []float64{13.003, 15.999, 13.003, 15.999}) {
		t.Errorf("masses %v, want those of the file twice", masses)
	}
	for _, name := range []string{"forces", "vel"} {
		if v, ok := final.Column(name).([][3]float64); !ok || len(v) != 4 {
			t.Errorf("column %s is %v", name, final.Column(name))
		}
	}
	for _, key := range []string{"energy", "stress", "step", "time_fs", "units"} {
		if final.Value(key) == nil {
			t.Errorf("the final frame has no %s", key)
		}
	}
	if final.Lattice[0][0] != 7.2 || final.Value("step") != 40 {
		t.Errorf("lattice %v at step %v, want a 7.2 Å cell at step 40", final.Lattice, final.Value("step"))
	}
	picture, err := os.Open(filepath.Join(dir, "md.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	if _, err := png.Decode(picture); err != nil {
		t.Errorf("picture: %v", err)
	}
}

// TestTrajectoryBeginsAfterTheEquilibration has 24 steps of it, and frames every 10.
func TestTrajectoryBeginsAfterTheEquilibration(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(16), "--equilibrate=0.0024")...)
	frames, err := xyz.ReadAll(filepath.Join(dir, "md.traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	var at []string
	for _, f := range frames {
		at = append(at, fmt.Sprint(f.Value("step")))
	}
	if !slices.Equal(at, []string{"30", "40"}) {
		t.Errorf("frames of steps %v, want 30 and 40", at)
	}
}

func TestMoleculeHasNoPressure(t *testing.T) {
	dir := workplace(t)
	// A box around a molecule is not a volume.
	write(t, dir, "box.xyz", strings.Replace(read(t, dir, "molecule.xyz"), "Properties", `Lattice="20 0 0 0 20 0 0 0 20" Properties`, 1))
	mustRun(t, dir, short("box.xyz", steps(5))...)
	samples, err := readThermo(filepath.Join(dir, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	last := samples[len(samples)-1]
	if last.Pressure == last.Pressure || last.Volume == last.Volume {
		t.Errorf("pressure %g GPa, volume %g Å³ without periodicity", last.Pressure, last.Volume)
	}
	final, err := xyz.ReadFile(filepath.Join(dir, "md.final.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	if final.Value("stress") != nil || final.Lattice[0][0] != 20 {
		t.Errorf("stress %v, lattice %v: want none and the one of the file", final.Value("stress"), final.Lattice)
	}
}

func TestFinalFrameStartsAnotherRunWithItsVelocities(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(20), "--ensemble=nve")...)
	before, err := readThermo(filepath.Join(dir, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	stdout := mustRun(t, dir, short("md.final.xyz", "--prefix=next", steps(5), "--velocities=file")...)
	after, err := readThermo(filepath.Join(dir, "next.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// The degrees of freedom must be counted as they were when the velocities
	// were drawn.
	if a, b := before[len(before)-1].Temperature, after[0].Temperature; a != b {
		t.Errorf("%g K at the end, %g K at the start of the next run", a, b)
	}
	if strings.Contains(mustRun(t, dir, short("md.final.xyz", "--prefix=cold", steps(0), "--ensemble=nve", "--temperature=900")...), "900 K") {
		t.Error("names a temperature that nothing has")
	}
	if !strings.Contains(stdout, "velocities  of the file") {
		t.Errorf("does not say where velocities come from:\n%s", stdout)
	}
}

// TestFreedomOfVelocitiesOfAFile: the motion of the whole counts where the velocities of a
// file have it, as after Langevin dynamics.
func TestFreedomOfVelocitiesOfAFile(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("molecule.xyz", steps(50), "--ensemble=langevin", "--friction=0.2")...)
	before, err := readThermo(filepath.Join(dir, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, dir, short("md.final.xyz", "--prefix=next", steps(5), "--ensemble=nve")...)
	after, err := readThermo(filepath.Join(dir, "next.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := before[len(before)-1].Temperature, after[0].Temperature; a != b {
		t.Errorf("%g K at the end, %g K at the start of the next run", a, b)
	}
}

// TestCopiesOfACellDoNotMoveAlike: with the velocities of the cell each they would for ever.
func TestCopiesOfACellDoNotMoveAlike(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("crystal.xyz", steps(5))...)
	for flag, want := range map[string]string{"--velocities=auto": "velocities  drawn at 300 K", "--velocities=file": "note: all copies of the cell"} {
		stdout := mustRun(t, dir, short("md.final.xyz", steps(5), "--prefix=copies", "--overwrite", "--repeat=2,1,1", flag)...)
		if !strings.Contains(stdout, want) {
			t.Errorf("%s: %q is not in\n%s", flag, want, stdout)
		}
		frame, err := xyz.ReadFile(filepath.Join(dir, "copies.final.xyz"))
		if err != nil {
			t.Fatal(err)
		}
		vel := frame.Column("vel").([][3]float64)
		alike := math.Abs(vel[0][0]-vel[2][0]) < 1e-6 // float32 forces
		if alike != (flag == "--velocities=file") {
			t.Errorf("%s: velocities %v", flag, vel)
		}
	}
}

func TestVelocitiesOfOtherPrograms(t *testing.T) {
	dir := workplace(t)
	const start = "2\nProperties=species:S:1:pos:R:3:masses:R:1:"
	for _, c := range []struct {
		column string
		want   float64 // Å/fs, of the second atom along z
	}{
		{"vel:R:3\nH 0 0 0 2.0 0 0 0\nH 0 0 0.8 2.0 0 0 0.01", 0.01},
		{"velo:I:3\nH 0 0 0 2.0 0 0 0\nH 0 0 0.8 2.0 0 0 1", 1},
		// ase.units.fs is 1/10.180505710774743
		{"momenta:R:3\nH 0 0 0 2.0 0 0 0\nH 0 0 0.8 2.0 0 0 0.5", 0.5 / 2 / 10.180505710774743},
		{"velocities:R:3\nH 0 0 0 2.0 0 0 0\nH 0 0 0.8 2.0 0 0 0.5", math.NaN()},
	} {
		write(t, dir, "start.xyz", start+c.column+"\n")
		stdout := mustRun(t, dir, short("start.xyz", "--overwrite", "--max-temperature=inf", steps(0))...)
		if math.IsNaN(c.want) {
			if !strings.Contains(stdout, "column velocities is left out") || !strings.Contains(stdout, "drawn at 300 K") {
				t.Errorf("%s:\n%s", c.column, stdout)
			}
			continue
		}
		frame, err := xyz.ReadFile(filepath.Join(dir, "md.final.xyz"))
		if err != nil {
			t.Fatal(err)
		}
		// CODATA 2014 in ASE.
		if got := frame.Column("vel").([][3]float64)[1][2]; math.Abs(got-c.want) > 1e-7*c.want {
			t.Errorf("%s: %.9g Å/fs, want %.9g", c.column, got, c.want)
		}
	}
}

// TestStartsThatCannotBeMeant are refused by the file, before anything is written.
func TestStartsThatCannotBeMeant(t *testing.T) {
	dir := workplace(t)
	for columns, want := range map[string]string{
		"vel:R:3\nH 0 0 0 0 0 0\nH 0 0 0.8 0 0 nan": "start.xyz: frame 1: integrator: step 0, atom 2: velocity is NaN",
		"vel:R:3\nH 0 0 0 0 0 0\nH 0 0 0.8 0 0 9":   "are its velocities in Å/fs? Those of LAMMPS in units metal are in Å/ps",
		"move_mask:I:1\nH 0 0 0 1\nH 0 0 0.8 0":     "column move_mask holds atom 2 fixed",
		"mass:R:1\nH 0 0 0 1\nH 0 0 0.8 104.47":     "atom 2, H, has a mass of 104.47, want amu (1.008), which is eV fs²/Å², as QUIP writes it: divide by 103.64",
		"mass:R:1\nH 0 0 0 1\nH 0 0 0.8 0":          "atom 2 has mass 0 amu, want a positive one",
		"tag:I:1\nH 0 0 0 1\nH 0 0 0 0":             "start.xyz: frame 1: integrator: step 0: neighbor: atom 1 and atom 2",
	} {
		write(t, dir, "start.xyz", "2\nProperties=species:S:1:pos:R:3:"+columns+"\n")
		code, _, stderr := mdrun(t, dir, short("start.xyz", steps(10))...)
		if code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s", columns, code, stderr)
		}
		if _, err := os.Stat(filepath.Join(dir, "md.thermo.csv")); err == nil {
			t.Fatalf("%s: there is output", columns)
		}
	}
	write(t, dir, "start.xyz", "2\nProperties=species:S:1:pos:R:3:fixed:I:1:mass:R:1\nH 0 0 0 1 1.008\nH 0 0 0.8 0 2.014\n")
	stdout := mustRun(t, dir, short("start.xyz", steps(0))...)
	for _, want := range []string{"note: start.xyz: frame 1: column fixed is not used: all atoms move", "note: atoms of H with a mass of 2.014 amu by the file, 1.008 is natural"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	code, _, stderr := mdrun(t, dir, short("crystal.xyz", "--repeat=4000,4000,4000", "--prefix=huge")...)
	if code != exitFailed || !strings.Contains(stderr, "repeat = [4000 4000 4000] makes") {
		t.Errorf("a huge supercell: exit code %d, %s", code, stderr)
	}
}

// TestStructureFromAPipe: what tells the format must not be taken away.
func TestStructureFromAPipe(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("crystal.xyz", steps(10))...)
	cmd := command(dir, short("/dev/stdin", steps(10), "--prefix=pipe")...)
	cmd.Stdin = strings.NewReader(read(t, dir, "crystal.xyz"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if read(t, dir, "md.traj.xyz") != read(t, dir, "pipe.traj.xyz") {
		t.Error("the runs differ")
	}
	write(t, dir, "zipped.xyz", "\x1f\x8b\x08")
	if _, _, stderr := mdrun(t, dir, short("zipped.xyz")...); !strings.Contains(stderr, "zipped.xyz is compressed: want --structure <(gunzip -c zipped.xyz)") {
		t.Error(stderr)
	}
}

// TestMassesMayBeWhole: a column of integers is one of masses.
func TestMassesMayBeWhole(t *testing.T) {
	dir := workplace(t)
	for name, line := range map[string]string{"real": "R:1\nH 0 0 0 2.0\nH 0 0 0.8 2.0", "whole": "I:1\nH 0 0 0 2\nH 0 0 0.8 2"} {
		write(t, dir, name+".xyz", "2\nProperties=species:S:1:pos:R:3:masses:"+line+"\n")
		mustRun(t, dir, short(name+".xyz", "--prefix="+name, steps(20))...)
	}
	if read(t, dir, "real.traj.xyz") != read(t, dir, "whole.traj.xyz") {
		t.Error("masses of 2 and 2.0 make different runs")
	}
}

func TestTemperatureRampEndsWhereItShould(t *testing.T) {
	dir := workplace(t)
	mustRun(t, dir, short("crystal.xyz", "--repeat=3,3,3", steps(400), "--temperature=600", "--temperature-end=50", "--relaxation=1")...)
	samples, err := readThermo(filepath.Join(dir, "md.thermo.csv"))
	if err != nil {
		t.Fatal(err)
	}
	// 54 atoms fluctuate by sqrt(2/159), 11 %.
	if last := samples[len(samples)-1].Temperature; last < 25 || last > 90 {
		t.Errorf("%g K after a ramp from 600 to 50 K", last)
	}
}

func TestJSONIsOneObjectALine(t *testing.T) {
	stdout := mustRun(t, workplace(t), short("molecule.xyz", steps(10), "--json")...)
	var events []string
	for line := range strings.Lines(stdout) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		events = append(events, object["event"].(string))
	}
	if got := strings.Join(events, " "); got != "start thermo thermo thermo end" {
		t.Errorf("events %s", got)
	}
}

func TestFramesAreCountedFromBothEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "three.xyz")
	var content string
	for _, x := range []string{"1", "2", "3"} {
		content += "1\n\nH " + x + " 0 0\n"
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]float64{1: 1, 2: 2, 3: 3, -1: 3, -2: 2, -3: 1} {
		frame, err := readStructure(&Settings{Structure: path, Frame: n})
		if err != nil {
			t.Errorf("frame %d: %v", n, err)
		} else if got := frame.Pos[0][0]; got != want {
			t.Errorf("frame %d is frame %g", n, got)
		}
	}
	for _, n := range []int{4, -4} {
		if _, err := readStructure(&Settings{Structure: path, Frame: n}); err == nil {
			t.Errorf("frame %d of 3: no error", n)
		}
	}
}

func TestDemoMoleculeIsAcetylacetone(t *testing.T) {
	frame, err := readStructure(&Settings{Structure: builtin, Frame: -1})
	if err != nil {
		t.Fatal(err)
	}
	if got := formula(frame.Species); got != "C5H8O2" {
		t.Errorf("formula %s", got)
	}
	mass := 0.0
	for _, m := range integrator.Masses(frame.Species) {
		mass += m
	}
	if mass < 100 || mass > 100.2 { // 100.117 g/mol
		t.Errorf("mass %g amu", mass)
	}
}

const carbonMonoxide = `title
2 atoms
2 atom types
0 6 xlo xhi
0 6 ylo yhi
0 6 zlo zhi
Masses
1 13.003
2 15.999
Atoms

2 2 1 1 2.2
1 1 1 1 1
`

func TestDataFileRunsAsExtendedXYZDoes(t *testing.T) {
	dir := workplace(t)
	write(t, dir, "co.data", carbonMonoxide)
	write(t, dir, "co.xyz", `2
Lattice="6 0 0 0 6 0 0 0 6" Properties=species:S:1:pos:R:3:masses:R:1 pbc="T T F"
C 1 1 1 13.003
O 1 1 2.2 15.999
`)
	flags := []string{steps(20), "--elements=C,O", "--atom-style=atomic", "--boundary=p,p,f", "--prefix=data"}
	stdout := mustRun(t, dir, append(short("co.data"), flags...)...)
	if want := "1 is C, 2 is O, by the settings"; !strings.Contains(stdout, want) {
		t.Errorf("%q is not in\n%s", want, stdout)
	}
	mustRun(t, dir, short("co.xyz", steps(20))...)
	if read(t, dir, "data.traj.xyz") != read(t, dir, "md.traj.xyz") {
		t.Error("the trajectories differ")
	}
	again := workplace(t)
	write(t, again, "co.data", carbonMonoxide)
	write(t, again, "again.toml", read(t, dir, "data.effective.toml"))
	mustRun(t, again, "again.toml")
	if read(t, again, "data.traj.xyz") != read(t, dir, "data.traj.xyz") {
		t.Error("the effective settings give another trajectory")
	}
}
