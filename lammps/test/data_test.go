package lammps_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ponita/integrator"
	"ponita/xyz"
)

var buildMdrun = sync.OnceValue(func() error {
	if out, err := exec.Command("go", "build", "-o", filepath.Join(work, "mdrun"), "ponita/cmd/mdrun").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// mdrun runs a data file at constant energy for 100 steps of 0.5 fs and returns
// the frames of the first and the last.
func mdrun(t *testing.T, path, name string) (first, last *xyz.Frame) {
	t.Helper()
	if err := buildMdrun(); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	cmd := exec.Command(filepath.Join(work, "mdrun"), "--model="+filepath.Join(work, "h2o.h5"), "--structure="+path, "--out="+out,
		"--prefix="+name, "--ensemble=nve", "--precision=float64", "--timestep=0.5", "--steps=100", "--trajectory-every=100",
		"--no-plot", "--velocities=file", "--units=metal")
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	if want := "1 is H, 2 is O, by mass"; !strings.Contains(string(printed), want) {
		t.Errorf("%q is not in\n%s", want, printed)
	}
	frames, err := xyz.ReadAll(filepath.Join(out, name+".traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	return frames[0], frames[len(frames)-1]
}

// dumped returns columns 1 to 3 of a dump, by atom.
func dumped(t *testing.T, path string) (v [][3]float64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[9:] {
		v = append(v, [3]float64(numbers(t, strings.Fields(line))[1:]))
	}
	return v
}

func largest(a, b [][3]float64) (d float64) {
	for i := range a {
		for k := range 3 {
			d = max(d, math.Abs(a[i][k]-b[i][k]))
		}
	}
	return d
}

// filled is a script that makes a box in any style, lets the atoms move across its
// faces, and writes it to a data file.
func filled(s system, style, data string) string {
	var b strings.Builder
	l := s.lattice
	fmt.Fprintf(&b, "clear\nunits metal\natom_style %s\natom_modify map yes\n", style)
	fmt.Fprintf(&b, "region box prism 0 %.17g 0 %.17g 0 %.17g %.17g %.17g %.17g\ncreate_box 2 box\n",
		l[0][0], l[1][1], l[2][2], l[1][0], l[2][0], l[2][1])
	for i, x := range s.pos {
		fmt.Fprintf(&b, "create_atoms %d single %.17g %.17g %.17g\n", 1+slices.Index(s.types(), s.species[i]), x[0], x[1], x[2])
	}
	fmt.Fprintf(&b, "mass 1 1.008\nmass 2 15.9994\n"+potentialLines+"fix 1 all nve\ntimestep 0.0005\nvelocity all create 900 4711 loop geom\nrun 60\nwrite_data %s\n",
		filepath.Join(work, "h2o.h5"), data)
	return b.String()
}

const potentialLines = style + "neighbor 0.4 bin\nneigh_modify every 1 delay 0\n"

// sameMass changes the masses of a data file so that our constants, CODATA 2022,
// give the accelerations that LAMMPS has with its own, 1.0364269e-4 eV ps²/(amu Å²).
func sameMass(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const ratio = integrator.PerMass * 1.0364269e-4 * 1e6
	changed := strings.NewReplacer("1 1.008\n", fmt.Sprintf("1 %.17g\n", 1.008*ratio), "2 15.9994\n", fmt.Sprintf("2 %.17g\n", 15.9994*ratio)).Replace(string(text))
	path += ".ours"
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMdrunContinuesDataFiles: what write_data leaves behind in any style and box,
// with atoms that left it, gives in mdrun the energy, forces, stress and the next
// hundred steps of LAMMPS.
func TestMdrunContinuesDataFiles(t *testing.T) {
	need(t)
	dir := t.TempDir()
	file := func(name, ending string) string { return filepath.Join(dir, name+ending) }
	var script strings.Builder
	var names []string
	for _, style := range []string{"atomic", "charge", "molecular", "full"} {
		for _, s := range systems()[:3] {
			name := style + "-" + s.name
			names = append(names, name)
			script.WriteString(filled(s, style, file(name, ".data")))
			fmt.Fprintf(&script, "clear\nunits metal\natom_style %s\natom_modify map yes\nread_data %s\n"+potentialLines+sums+"run 0\n",
				style, file(name, ".data"), filepath.Join(work, "h2o.h5"))
			fmt.Fprintf(&script, report, name, file(name, ".dump"))
			fmt.Fprintf(&script, "fix 1 all nve\ntimestep 0.0005\nrun 100\nwrite_dump all custom %s id xu yu zu modify sort id format float %%.17g\n", file(name, ".moved"))
			fmt.Fprintf(&script, "write_dump all custom %s id vx vy vz modify sort id format float %%.17g\n", file(name, ".speed"))
		}
	}
	all := results(t, mustRun(t, 1, script.String()), dir)
	for _, name := range names {
		r := all[name]
		first, ours := mdrun(t, sameMass(t, file(name, ".data")), name)
		energy := math.Abs(first.Value("energy").(float64) - r.values[0])
		force := largest(first.Column("forces").([][3]float64), r.forces)
		var stress float64
		for k, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
			// The sums of stress/atom are stress times volume in bar Å³, without velocities.
			want := r.values[8+k] / 1.6021765e6 / r.values[14]
			stress = max(stress, math.Abs(first.Value("stress").([]float64)[3*ab[0]+ab[1]]-want))
		}
		moved, speed := dumped(t, file(name, ".moved")), dumped(t, file(name, ".speed"))
		for i := range speed {
			for k := range 3 {
				speed[i][k] /= 1000
			}
		}
		far := 0.0 // with our own constants, tried for one style
		if strings.HasPrefix(name, "full") {
			_, last := mdrun(t, file(name, ".data"), name)
			far = largest(last.Pos, moved)
			t.Logf("%s: with CODATA 2022 %.0e Å", name, far)
		}
		position, velocity := largest(ours.Pos, moved), largest(ours.Column("vel").([][3]float64), speed)
		t.Logf("%-20s energy %.0e eV, forces %.0e eV/Å, stress %.0e eV/Å³; after 100 steps %.0e Å and %.0e Å/fs",
			name, energy, force, stress, position, velocity)
		if energy > 1e-9 || force > 1e-8 || stress > 1e-8 {
			t.Errorf("%s: a single point differs", name)
		}
		// Rounding grows with collisions; LAMMPS' constant is off by 6e-8.
		if position > 1e-9 || velocity > 1e-9 || far > 1e-5 {
			t.Errorf("%s: a hundred steps differ", name)
		}
		if !flagged(t, file(name, ".data")) {
			t.Errorf("%s: no atom has left the box: image flags are not tested", name)
		}
	}
}

// flagged tells whether an atom of a data file has an image flag.
func flagged(t *testing.T, path string) (found bool) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, atoms, _ := strings.Cut(string(text), "\nAtoms")
	atoms, _, _ = strings.Cut(atoms, "\nVelocities")
	for line := range strings.Lines(atoms) {
		if f := strings.Fields(line); len(f) > 5 {
			found = found || !slices.Equal(f[len(f)-3:], []string{"0", "0", "0"})
		}
	}
	return found
}
