// Package lammps_test runs pair_style ponita in the distribution's LAMMPS. The
// tests are skipped, and say why, where that cannot be had. For one with the PLUGIN
// package, whose mpirun is the first on the path:
//
//	LAMMPS_SRC=/path/to/lammps/src PONITA_LMP=lmp go test ./lammps/test
package lammps_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"ponita/potential"
)

var (
	work   string                    // a folder for what the tests build and write
	plugin = os.Getenv("PONITA_LMP") // a LAMMPS that loads the plugin; "" means the launcher
)

func TestMain(m *testing.M) {
	var err error
	if work, err = os.MkdirTemp("", "ponita-lammps"); err != nil {
		panic(err)
	}
	os.Setenv("LAMMPS_PLUGIN_PATH", work) // plugins are loaded from there, also after clear
	code := m.Run()
	os.RemoveAll(work)
	os.Exit(code)
}

// build makes the launcher and writes the models.
var build = sync.OnceValue(func() error {
	out, err := exec.Command("make", "-C", "../..", "--no-print-directory", "lmp_ponita", "BIN="+work).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return errors.Join(write(model(1), "h2o.h5"), write(model(2), "h2o2.h5"), write(model(3), "h2o3.h5"))
})

// need skips a test where build.sh says, by its status 3, that LAMMPS cannot be
// had.
func need(t *testing.T) {
	t.Helper()
	if err := build(); err != nil {
		if strings.Contains(err.Error(), "Error 3") {
			t.Skip("no LAMMPS here: ", err)
		}
		t.Fatal(err)
	}
}

// TestBuildWantsLibrary: without the library nothing is installed or compiled.
func TestBuildWantsLibrary(t *testing.T) {
	dir := t.TempDir()
	out, err := exec.Command("sh", "../build.sh", dir).CombinedOutput()
	if want := "lammps/build.sh: no libponita.so in " + dir + ": run make lib first\n"; err == nil || err.Error() != "exit status 1" || string(out) != want {
		t.Errorf("ended with %v\n%swant\n%s", err, out, want)
	}
}

func model(seed uint64) *potential.Model {
	c := potential.Config{Species: []int{1, 8}, Radial: potential.Pairs, Cutoff: 4, Channels: 8, Layers: 3, Hidden: 8, MeanNeighbors: 20}.WithDefaults()
	rng := rand.New(rand.NewPCG(2, seed))
	w := c.Initialize(rng)
	for k := range w {
		w[k] += 0.05 * rng.NormFloat64()
	}
	embedded := potential.NewEmbeddedAtom(2)
	for _, a := range embedded.Coefficients() {
		*a = 0.05 * (rng.Float64() - 0.2)
	}
	// Small reference energies, so that relative errors of the sum mean something.
	return &potential.Model{
		Config: c, ReferenceEnergies: []float64{-0.5, -1}, Scale: []float64{0.7, 1.1},
		Repulsion: potential.NewRepulsion(c.Species, [][]float64{{1.2, 0.9}, {0.9, 1.2}}, c.Cutoff), Weights: w, // below 1.02 Å
		Embedded: embedded,
		Binding:  potential.Binding{Energy: []float64{-2.1, -3.4}, Company: []float64{2.5, 4}}, // some of the atoms lack company
	}
}

func write(m *potential.Model, name string) error {
	var file bytes.Buffer
	if err := m.Encode(&file, nil); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, name), file.Bytes(), 0o644)
}

// system is a box of LAMMPS: lattice rows are lower triangular.
type system struct {
	name       string
	lattice    [3][3]float64
	species    []int // H or O
	pos        [][3]float64
	processors string
	elements   []int // of the types; nil means H and O
}

func (s *system) types() []int {
	if s.elements == nil {
		return []int{1, 8}
	}
	return s.elements
}

var masses = map[int]float64{1: 1.008, 6: 12.011, 8: 15.999, 14: 28.085}

// place fills part of a box with atoms at random, not too close.
func place(name string, lattice [3][3]float64, atoms int, part, processors string) system {
	s := system{name: name, lattice: lattice, processors: processors}
	rng := rand.New(rand.NewPCG(7, uint64(atoms)))
	for len(s.pos) < atoms {
		u := [3]float64{rng.Float64(), rng.Float64(), rng.Float64()}
		if part == "slab" {
			u[0] *= 0.2
		}
		var x [3]float64
		for a := range 3 {
			for k := range 3 {
				x[k] += u[a] * lattice[a][k]
			}
		}
		free := true
		for _, y := range s.pos {
			free = free && s.distance(x, y) > 1.1
		}
		if free {
			s.pos = append(s.pos, x)
			s.species = append(s.species, []int{1, 8}[len(s.pos)%2])
		}
	}
	return s
}

// distance is that of the closest images.
func (s *system) distance(x, y [3]float64) float64 {
	shortest := math.Inf(1)
	for a := -1; a <= 1; a++ {
		for b := -1; b <= 1; b++ {
			for c := -1; c <= 1; c++ {
				var d2 float64
				for k := range 3 {
					d := x[k] - y[k] + float64(a)*s.lattice[0][k] + float64(b)*s.lattice[1][k] + float64(c)*s.lattice[2][k]
					d2 += d * d
				}
				shortest = min(shortest, math.Sqrt(d2))
			}
		}
	}
	return shortest
}

// write writes a data file. IDs are not consecutive: 2, 5, 8, …
func (s *system) write(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%d atoms\n%d atom types\n", s.name, len(s.pos), len(s.types()))
	for k, axis := range []string{"x", "y", "z"} {
		fmt.Fprintf(&b, "0 %.17g %slo %shi\n", s.lattice[k][k], axis, axis)
	}
	if l := s.lattice; l[1][0] != 0 || l[2][0] != 0 || l[2][1] != 0 {
		fmt.Fprintf(&b, "%.17g %.17g %.17g xy xz yz\n", l[1][0], l[2][0], l[2][1])
	}
	b.WriteString("\nMasses\n\n")
	for k, z := range s.types() {
		fmt.Fprintf(&b, "%d %g\n", k+1, masses[z])
	}
	b.WriteString("\nAtoms # atomic\n\n")
	for i, x := range s.pos {
		fmt.Fprintf(&b, "%d %d %.17g %.17g %.17g\n", id(i), 1+slices.Index(s.types(), s.species[i]), x[0], x[1], x[2])
	}
	path := filepath.Join(work, s.name+".data")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func id(i int) int { return 3*i + 2 }

func systems() []system {
	return []system{
		place("orthogonal", [3][3]float64{{6, 0, 0}, {0, 5.5, 0}, {0, 0, 5.2}}, 24, "", "* * *"),
		place("triclinic", [3][3]float64{{6, 0, 0}, {1.3, 5.5, 0}, {0.7, -0.9, 5.2}}, 24, "", "* * *"),
		place("small", [3][3]float64{{2.6, 0, 0}, {0, 2.7, 0}, {0, 0, 2.8}}, 4, "", "* * *"),
		place("slab", [3][3]float64{{24, 0, 0}, {0, 5.5, 0}, {0, 0, 5.2}}, 18, "slab", "* 1 1"),
	}
}

// lammps runs an input script and returns what it prints, and an error if it
// fails.
func lammps(t testing.TB, ranks int, script string) (string, error) {
	t.Helper()
	out, err := command(t, ranks, script).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%d ranks: %w", ranks, err)
	}
	return string(out), err
}

// command is LAMMPS with an input script, in a folder of its own where it writes log.lammps; without mpirun for 0 ranks.
func command(t testing.TB, ranks int, script string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.lammps")
	if err := os.WriteFile(in, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	program, mpirun := plugin, []string{"mpirun"}
	if plugin == "" {
		program = filepath.Join(work, "lmp_ponita")
		mpirun = append(mpirun, "--allow-run-as-root", "--oversubscribe", "--bind-to", "none") // Open MPI's
	}
	args := []string{program, "-in", in, "-log", "log.lammps", "-nocite"}
	if ranks > 0 {
		args = slices.Concat(mpirun, []string{"-np", fmt.Sprint(ranks)}, args)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	return cmd
}

func mustRun(t testing.TB, ranks int, script string) string {
	t.Helper()
	out, err := lammps(t, ranks, script)
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(out))
	}
	return out
}

func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

// Script lines that tests have in common.
const (
	style = "pair_style ponita precision double\npair_coeff * * %s H O\n"
	// Sums over atoms, and what thermo computes in another way.
	sums = `compute e all pe/atom
compute se all reduce sum c_e
compute w all stress/atom NULL virial
compute sw all reduce sum c_w[1] c_w[2] c_w[3] c_w[4] c_w[5] c_w[6]
thermo_style custom step pe pxx pyy pzz pxy pxz pyz c_se c_sw[1] c_sw[2] c_sw[3] c_sw[4] c_sw[5] c_sw[6] vol
thermo 10
thermo_modify norm no
`
	// The same on any number of ranks: "loop geom" sees the last bit of positions,
	// which LAMMPS wraps here and there.
	velocities = `variable vx atom 20*sin(7*id)
variable vy atom 20*sin(11*id)
variable vz atom 20*sin(13*id)
velocity all set v_vx v_vy v_vz
`
	report = `print "RESULT %s $(pe:%%.17g) $(pxx:%%.17g) $(pyy:%%.17g) $(pzz:%%.17g) $(pxy:%%.17g) $(pxz:%%.17g) $(pyz:%%.17g) $(c_se:%%.17g) $(c_sw[1]:%%.17g) $(c_sw[2]:%%.17g) $(c_sw[3]:%%.17g) $(c_sw[4]:%%.17g) $(c_sw[5]:%%.17g) $(c_sw[6]:%%.17g) $(vol:%%.17g)"
write_dump all custom %s id fx fy fz modify sort id format float %%.17g
`
)

// result is what LAMMPS says of a configuration.
type result struct {
	values []float64 // energy, six pressures, sum of eatom, six sums of stress·volume, volume
	forces [][3]float64
}

// results collects what report has written.
func results(t testing.TB, out, dir string) map[string]result {
	t.Helper()
	all := map[string]result{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != "RESULT" {
			continue
		}
		r := result{values: numbers(t, f[2:])}
		dump, err := os.ReadFile(filepath.Join(dir, f[1]+".dump"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(dump)), "\n")[9:] {
			v := numbers(t, strings.Fields(line))
			r.forces = append(r.forces, [3]float64{v[1], v[2], v[3]})
		}
		all[f[1]] = r
	}
	if len(all) == 0 {
		t.Fatalf("no results\n%s", tail(out))
	}
	return all
}

func numbers(t testing.TB, fields []string) (v []float64) {
	t.Helper()
	for _, f := range fields {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			t.Fatal(err)
		}
		v = append(v, x)
	}
	return v
}

// differ returns the largest difference of two results, relative to the largest
// of each kind.
func differ(a, b result) (d float64) {
	relative := func(x, y []float64) {
		size, most := 0., 0.
		for k := range x {
			size = max(size, math.Abs(y[k]))
			most = max(most, math.Abs(x[k]-y[k]))
		}
		if size > 0 {
			d = max(d, most/size)
		}
	}
	relative(a.values[:1], b.values[:1])
	relative(a.values[1:7], b.values[1:7])
	relative(a.values[7:8], b.values[7:8])
	relative(a.values[8:14], b.values[8:14])
	flat := func(f [][3]float64) (v []float64) {
		for _, x := range f {
			v = append(v, x[:]...)
		}
		return v
	}
	if len(a.forces) != len(b.forces) {
		return math.Inf(1)
	}
	relative(flat(a.forces), flat(b.forces))
	return d
}

// matrix is the script that goes through all boxes in both precisions, with a
// few steps of dynamics and new lists in each.
func matrix(t testing.TB, newton, dir string) string {
	var b strings.Builder
	for _, s := range systems() {
		data := s.write(t)
		for _, precision := range []string{"double", "mixed"} {
			name := s.name + "-" + precision
			fmt.Fprintf(&b, "clear\nunits metal\nnewton %s\natom_style atomic\natom_modify map yes\nprocessors %s\nread_data %s\n", newton, s.processors, data)
			fmt.Fprintf(&b, "pair_style ponita precision %s\npair_coeff * * %s H O\nneighbor 0.4 bin\nneigh_modify every 1 delay 0\n%srun 0\n", precision, filepath.Join(work, "h2o.h5"), sums)
			fmt.Fprintf(&b, report, name, filepath.Join(dir, name+".dump"))
			if precision == "double" {
				b.WriteString(velocities)
				fmt.Fprintf(&b, "timestep 0.0005\nfix 1 all nve\nneigh_modify every 1 delay 0 check no\nrun 10\n")
				fmt.Fprintf(&b, report, name+"-moved", filepath.Join(dir, name+"-moved.dump"))
			}
		}
	}
	return b.String()
}

// TestRanksAgree: any number of ranks and either newton gives the energy, forces,
// pressures and sums over atoms of one rank, in boxes of all kinds. In the slab
// most ranks have no atoms.
func TestRanksAgree(t *testing.T) {
	need(t)
	ranks := []int{1, 2, 3, 4, 6, 8}
	if testing.Short() {
		ranks = []int{1, 2, 4}
	}
	var first map[string]result
	worst := map[string]float64{}
	for _, newton := range []string{"on", "off"} {
		for _, n := range ranks {
			dir := t.TempDir()
			all := results(t, mustRun(t, n, matrix(t, newton, dir)), dir)
			if first == nil {
				first = all
			}
			if len(all) != len(first) || len(all) != 12 {
				t.Fatalf("%d results", len(all))
			}
			for name, r := range all {
				// The sums over atoms are those of the whole, times volume and sign.
				volume := r.values[14]
				for k := range 6 {
					if want := -r.values[1+k] * volume; r.values[7] != 0 && math.Abs(r.values[8+k]-want) > 1e-10*(1+math.Abs(want)) && !strings.HasSuffix(name, "moved") {
						t.Errorf("%s: sum of stress/atom %d is %.12g, pressure says %.12g", name, k, r.values[8+k], want)
					}
				}
				if math.Abs(r.values[7]-r.values[0]) > 1e-10*math.Abs(r.values[0]) {
					t.Errorf("%s: sum of pe/atom is %.14g eV, the energy %.14g", name, r.values[7], r.values[0])
				}
				d, limit := differ(r, first[name]), 1e-10
				if strings.Contains(name, "mixed") {
					limit = 1e-5
				}
				worst[name] = max(worst[name], d)
				if !(d <= limit) {
					t.Errorf("%s on %d ranks, newton %s: differs by %.2g of one rank", name, n, newton, d)
				}
			}
		}
	}
	for name, d := range worst {
		t.Logf("%-24s largest relative difference %.1e", name, d)
	}
}

// TestGhostsPassTheCutoff: ranks agree while lists stay and atoms come within the cutoff
// of another rank's, or leave it, on the way.
func TestGhostsPassTheCutoff(t *testing.T) {
	need(t)
	s := place("long", [3][3]float64{{20, 0, 0}, {0, 5.5, 0}, {0, 0, 5.2}}, 72, "", "* 1 1")
	data, fast := s.write(t), strings.ReplaceAll(velocities, "20*", "200*")
	var one result
	for _, ranks := range []int{1, 2, 3} {
		dir := t.TempDir()
		out := mustRun(t, ranks, fmt.Sprintf("units metal\natom_style atomic\natom_modify map yes\nprocessors %s\nread_data %s\n"+style, s.processors, data, filepath.Join(work, "h2o.h5"))+
			"neighbor 2 bin\nneigh_modify every 1000 delay 1000 check no\n"+sums+fast+"timestep 0.0005\nfix 1 all nve\nrun 10\n"+
			fmt.Sprintf(report, "long", filepath.Join(dir, "long.dump")))
		r := results(t, out, dir)["long"]
		if ranks == 1 {
			one = r
		} else if d := differ(r, one); !(d <= 1e-10) {
			t.Errorf("%d ranks differ by %.2g of one", ranks, d)
		}
	}
}

// TestMatchesCalculator: LAMMPS and the calculator of Go, which mdrun uses, agree
// to 1e-9 eV and 1e-8 eV/Å, and on the virial.
func TestMatchesCalculator(t *testing.T) {
	need(t)
	dir := t.TempDir()
	m := model(1)
	all := results(t, mustRun(t, 2, matrix(t, "on", dir)), dir)
	const barToEVPerA3 = 1 / 1.6021765e6 // LAMMPS' own constant of units metal
	for _, s := range systems() {
		energy, forces, w := reference(t, m, s)
		r := all[s.name+"-double"]
		if d := math.Abs(r.values[0] - energy); d > 1e-9 {
			t.Errorf("%s: energy differs by %.2g eV", s.name, d)
		}
		for i := range forces {
			for k := range 3 {
				if d := math.Abs(r.forces[i][k] - forces[i][k]); d > 1e-8 {
					t.Errorf("%s: force on atom %d differs by %.2g eV/Å", s.name, i+1, d)
				}
			}
		}
		for k, ab := range [][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
			got, want := r.values[1+k]*r.values[14]*barToEVPerA3, w[ab[0]][ab[1]]
			if math.Abs(got-want) > 1e-8*(1+math.Abs(want)) {
				t.Errorf("%s: virial %v is %.10g eV, want %.10g", s.name, ab, got, want)
			}
		}
	}
}
