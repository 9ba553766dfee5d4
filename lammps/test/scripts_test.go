package lammps_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ponita/potential"
)

// input is a script up to the first evaluation of a box.
func input(t testing.TB, s system, more string) string {
	return fmt.Sprintf("units metal\natom_style atomic\natom_modify map yes\nread_data %s\n%s", s.write(t), more) +
		fmt.Sprintf(style, filepath.Join(work, "h2o.h5")) + "neighbor 0.4 bin\n"
}

// printed returns the numbers behind "OUT name" in the output.
func printed(t testing.TB, out, name string) []float64 {
	t.Helper()
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "OUT" && f[1] == name {
			return numbers(t, f[2:])
		}
	}
	t.Fatalf("no %s in the output\n%s", name, tail(out))
	return nil
}

// reference is the calculator of Go.
func reference(t testing.TB, m *potential.Model, s system) (float64, [][3]float64, [3][3]float64) {
	t.Helper()
	calc, err := m.Calculator(s.species, [3]bool{true, true, true}, potential.DoublePrecision())
	if err != nil {
		t.Fatal(err)
	}
	forces := make([][3]float64, len(s.pos))
	var w [3][3]float64
	energy, err := calc.Compute(s.pos, s.lattice, forces, &w)
	if err != nil {
		t.Fatal(err)
	}
	return energy, forces, w
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.14g, want %.14g", what, got, want)
	}
}

// TestHybridWithNull overlays another potential and leaves a type out, on tiles
// that do not line up, with every setting of newton.
func TestHybridWithNull(t *testing.T) {
	need(t)
	s := systems()[0]
	want, _, _ := reference(t, model(1), s)
	settings := []string{"on", "off", "on off", "off on"}
	for _, ranks := range []int{0, 3} {
		var script strings.Builder
		for k, newton := range settings {
			fmt.Fprintf(&script, `clear
units metal
newton %s
atom_style atomic
read_data %s extra/atom/types 1
replicate 2 2 2
comm_style tiled
mass 3 39.95
create_atoms 3 single 1 1 1
create_atoms 3 single 4 4.5 1.3
pair_style hybrid/overlay ponita precision double lj/cut 5
pair_coeff * * ponita %s H O NULL
pair_coeff 3 3 lj/cut 0.01 3.4
pair_coeff 1*2 3 lj/cut 1e-9 0.3
neighbor 0.2 bin
balance 1.1 rcb
compute p all pair ponita epair
compute l all pair lj/cut epair
thermo_style custom step pe c_p c_l pxx
thermo_modify norm no
run 0
print "OUT pair%d $(c_p:%%.17g) $(c_l:%%.17g) $(pe:%%.17g)"
`, newton, s.write(t), filepath.Join(work, "h2o.h5"), k)
		}
		out := mustRun(t, ranks, script.String())
		for k, newton := range settings {
			v := printed(t, out, fmt.Sprint("pair", k))
			near(t, "newton "+newton+": energy of the sub-style", v[0], 8*want, 1e-9)
			near(t, "newton "+newton+": total energy", v[2], v[0]+v[1], 1e-9)
		}
	}
}

// TestReadmeLines runs the README's three lines of a script as they stand there.
func TestReadmeLines(t *testing.T) {
	need(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`    (units .*\n)    (pair_style .*\n    pair_coeff .*\n)`).FindSubmatch(readme)
	if lines == nil {
		t.Fatal("the README lacks them")
	}
	folder := t.TempDir()
	for name, path := range map[string]string{"model.h5": "../../potential/pretrained/acac.h5", "acac.data": "../example/acac.data"} {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	out := mustRun(t, 2, fmt.Sprintf("%sshell cd %s\natom_style atomic\nread_data acac.data\n%srun 0\nprint \"OUT e $(pe)\"\n", lines[1], folder, lines[2]))
	near(t, "energy of acetylacetone", printed(t, out, "e")[0], -9392, 1)
}

// TestUnits converts to kcal/mol, to Hartree and Bohr, and to what is far from 1.
func TestUnits(t *testing.T) {
	need(t)
	s := systems()[0]
	want, forces, _ := reference(t, model(1), s)
	for units, c := range map[string]struct{ energy, length float64 }{
		"real":     {0.0019872067 / 8.617343e-5, 1},
		"electron": {3.16681534e-6 / 8.617343e-5, 1.88972612},
		"nano":     {0.013806504 / 8.617343e-5, 0.1},
		"si":       {1.3806504e-23 / 8.617343e-5, 1e-10},
	} {
		scaled := s
		scaled.name, scaled.pos = units, nil
		for a := range 3 {
			for k := range 3 {
				scaled.lattice[a][k] *= c.length
			}
		}
		for _, x := range s.pos {
			scaled.pos = append(scaled.pos, [3]float64{x[0] * c.length, x[1] * c.length, x[2] * c.length})
		}
		script := strings.NewReplacer("units metal", "units "+units, "neighbor 0.4", fmt.Sprint("neighbor ", 0.4*c.length)).Replace(input(t, scaled, ""))
		out := mustRun(t, 0, script+"variable f equal fx[2]\nthermo_style custom pe v_f\nthermo_modify norm no\nrun 0\nprint \"OUT e $(pe:%.17g) $(v_f:%.17g)\"\n")
		v := printed(t, out, "e")
		near(t, units+": energy", v[0]/c.energy, want, 1e-7*math.Abs(want))
		near(t, units+": force", v[1]/c.energy*c.length, forces[0][0], 1e-7*(1+math.Abs(forces[0][0])))
	}
}

// TestEnergiesWithoutIsolatedAtoms: with e0 no an atom alone has none, and the
// others have theirs less those of the isolated atoms, in sum and one by one.
func TestEnergiesWithoutIsolatedAtoms(t *testing.T) {
	need(t)
	s := systems()[1]
	m := model(1)
	want, _, _ := reference(t, m, s)
	for _, z := range s.species {
		want -= m.ReferenceEnergies[slices.Index(m.Config.Species, z)]
	}
	script := strings.Replace(input(t, s, sums), "precision", "e0 no precision", 1) + "run 0\nprint \"OUT many $(pe:%.17g) $(c_se:%.17g)\"\n" +
		"group g id > 2\ndelete_atoms group g compress no\nchange_box all x final 0 20 y final 0 20 z final 0 20\nrun 0\nprint \"OUT one $(pe:%.17g) $(c_se:%.17g)\"\n" +
		fmt.Sprintf(style, filepath.Join(work, "h2o.h5")) + "run 0\nprint \"OUT again $(pe:%.17g)\"\n" // which forgets e0
	for _, ranks := range []int{0, 3} {
		out := mustRun(t, ranks, script)
		for _, energy := range printed(t, out, "many") {
			near(t, "energy", energy, want, 1e-9)
		}
		for _, energy := range printed(t, out, "one") {
			near(t, "energy of a lone atom", energy, 0, 1e-12)
		}
		near(t, "its energy with e0", printed(t, out, "again")[0], m.ReferenceEnergies[slices.Index(m.Config.Species, s.species[0])], 1e-12)
	}
}

// TestRunsOfAllKinds: whatever the command, the energy at its end is that of a
// run started anew from there. Atoms come, go and change their types meanwhile.
func TestRunsOfAllKinds(t *testing.T) {
	need(t)
	s := systems()[1]
	start, _, _ := reference(t, model(1), s)
	lone := s
	lone.species, lone.pos, lone.lattice = s.species[:1], s.pos[:1], [3][3]float64{{20, 0, 0}, {0, 20, 0}, {0, 0, 20}}
	alone, _, _ := reference(t, model(1), lone)
	dump := filepath.Join(t.TempDir(), "run.dump")
	restart := filepath.Join(t.TempDir(), "restart")
	const fresh = "variable before equal $(pe:%.17g)\nrun 0\nprint \"OUT NAME ${before} $(pe:%.17g)\"\n"
	dynamics := "timestep 0.0005\nvelocity all create 300 11 loop geom\nfix 1 all nve\nneigh_modify every 5 delay 0\n"
	kinds := map[string]string{
		"minimize":  "min_style cg\nminimize 0 1e-3 50 200\n",
		"fire":      "min_style fire\ntimestep 0.0005\nminimize 0 1e-2 50 200\n",
		"relax":     "fix b all box/relax aniso 0\nmin_style cg\nminimize 0 1e-2 20 100\nunfix b\n",
		"swap":      dynamics + "fix s all atom/swap 2 5 4711 3000 types 1 2\nrun 20\n",
		"types":     dynamics + "run 10 every 5 \"set atom 5 type 1\"\n",
		"balance":   dynamics + "fix b all balance 5 1.0 shift xyz 10 1.001 weight time 1.0\nrun 20\n",
		"evaporate": dynamics + "region r block EDGE EDGE EDGE EDGE EDGE EDGE\nfix e all evaporate 4 2 r 49892\nrun 20\n",
		"deposit":   dynamics + "run 5\nregion r block 0 1 0 1 0 1\nfix d all deposit 2 1 3 777 region r near 1.2 units box\nrun 20\n",
		"gcmc":      dynamics + "fix g all gcmc 5 10 10 2 29494 300 -0.5 0.1 full_energy overlap_cutoff 0.9\nrun 20\n",
		"delete":    dynamics + "run 5\ngroup g id 2 8 11\ndelete_atoms group g compress no\nrun 5\n",
		"isolated":  "group g id > 2\ndelete_atoms group g compress no\nchange_box all x final 0 20 y final 0 20 z final 0 20\nrun 0\n",
		"none":      "delete_atoms group all compress no\nrun 0\n",
		"clear":     "run 0\nclear\nnewton off\n" + input(t, s, "") + "run 0\n",
		"plugin":    "plugin load " + filepath.Join(work, "ponitaplugin.so") + "\nrun 0\n",
		"restart":   dynamics + "run 3\nwrite_restart " + restart + "\nclear\natom_style atomic\natom_modify map yes\nread_restart " + restart + "\n" + fmt.Sprintf(style, filepath.Join(work, "h2o.h5")) + "thermo_modify norm no\nrun 0\n",
		"rerun": dynamics + "dump d all custom 2 " + dump + " id type x y z\ndump_modify d format float %.17g sort id\nrun 4\nundump d\nunfix 1\n" +
			"variable last equal $(pe:%.17g)\nrerun " + dump + " first 4 dump x y z box yes\nprint \"OUT again ${last} $(pe:%.17g)\"\n",
	}
	for _, ranks := range []int{0, 2} {
		// One after the other in one process, which also tests clear.
		var script strings.Builder
		for _, name := range slices.Sorted(maps.Keys(kinds)) {
			script.WriteString("clear\n" + input(t, s, "thermo 1000\n") + "thermo_modify norm no\n" + kinds[name] + strings.ReplaceAll(fresh, "NAME", name))
		}
		out := mustRun(t, ranks, script.String())
		for name := range kinds {
			v := printed(t, out, name)
			near(t, name+": energy", v[0], v[1], 1e-9*(1+math.Abs(v[1])))
			switch name {
			case "minimize", "fire", "relax":
				if v[1] >= start {
					t.Errorf("%s: energy %.12g eV, %.12g at the start", name, v[1], start)
				}
			case "isolated":
				near(t, "energy of a lone atom", v[1], alone, 1e-12)
			case "rerun":
				again := printed(t, out, "again")
				near(t, "energy of the rerun", again[1], again[0], 1e-9)
			case "none":
				near(t, "energy of nothing", v[1], 0, 0)
			case "clear", "plugin":
				near(t, name+": energy", v[1], start, 1e-9)
			}
		}
	}
}

// TestMessages: what can go wrong is said, with the atom by its ID.
func TestMessages(t *testing.T) {
	need(t)
	s := systems()[0]
	h2o := filepath.Join(work, "h2o.h5")
	header := fmt.Sprintf("units metal\natom_style atomic\nread_data %s\n", s.write(t))
	close := system{name: "close", lattice: s.lattice, species: []int{1, 8, 8}, pos: [][3]float64{{1, 1, 1}, {3, 3, 3}, {3.2, 3, 3}}}
	same := close
	same.name, same.pos = "same", [][3]float64{{1, 1, 1}, {3, 3, 3}, {3, 3, 3}}
	bonded := filepath.Join(work, "bonded.data")
	if err := os.WriteFile(bonded, []byte("x\n\n2 atoms\n1 bonds\n2 atom types\n1 bond types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nMasses\n\n1 1.008\n2 15.999\n\nAtoms # bond\n\n1 1 1 1 1 1\n2 1 2 2 1 1\n\nBonds\n\n1 1 1 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// As an overflow in the network would give.
	wild := model(1)
	for k := range wild.Weights {
		wild.Weights[k] *= 1e3
	}
	wild.Scale[0] = 1e308
	if err := write(wild, "wild.h5"); err != nil {
		t.Fatal(err)
	}
	named := func(model string) string { return strings.Replace(input(t, s, ""), "h2o.h5", model, 1) }
	// The atom with the ID 8 goes where no number reaches.
	lost := input(t, s, "") + "neigh_modify delay 100\nfix 1 all nve\ntimestep 10\ngroup g id 8\nvelocity g set 1e308 0 0\nrun 1\n"
	for name, c := range map[string]struct{ script, want string }{
		"not finite":     {lost, "the position of the atom with ID 8 is not finite (step 1, rank 0)"},
		"overflow":       {named("wild.h5") + "run 0\n", "is not finite (step 0, rank 0): atoms too close, or a model far outside its training data"},
		"lj":             {"units lj\natom_style atomic\nregion b block 0 9 0 9 0 9\ncreate_box 2 b\nmass * 1\n" + fmt.Sprintf(style, h2o) + "run 0\n", "units lj"},
		"element":        {header + "pair_style ponita\npair_coeff * * " + h2o + " H Ne\n", "element Ne of atom type 2 is not in " + h2o + ", which knows H O"},
		"elements":       {header + "pair_style ponita\npair_coeff * * " + h2o + " H\n", "an element or NULL for each of 2 types"},
		"keyword":        {header + "pair_style ponita device cpu\n", "unknown keyword device"},
		"model in style": {header + "pair_style ponita " + h2o + "\n", "belongs to pair_coeff"},
		"precision":      {header + "pair_style ponita precision half\n", "want double or mixed"},
		"check":          {header + "pair_style ponita check 1\n", "want yes or no"},
		"stop_devi":      {header + "pair_style ponita stop_devi 1\n", "stop_devi without a committee would never stop"},
		"rmin_check":     {header + "pair_style ponita rmin_check no\n", "want stop, warn or off"},
		"e0":             {header + "pair_style ponita e0 0\n", "want yes or no"},
		"threads":        {header + "pair_style ponita threads 0\n", "at least 1"},
		"no value":       {header + "pair_style ponita threads\n", "wants a value"},
		"no file":        {header + "pair_style ponita\npair_coeff * * nothing.h5 H O\n", "nothing.h5"},
		"no pair_coeff":  {input(t, s, "") + "run 0\npair_style ponita\nrun 0\n", "All pair coeffs are not set"},
		"no model":       {header + "pair_style ponita\npair_coeff * * in.lammps H O\n", "not a readable model"},
		"swapped":        {header + "pair_style ponita\npair_coeff * * " + h2o + " O H\nrun 0\n", "that is H, is the order of elements in pair_coeff right?"},
		"odd mass":       {header + "mass 1 2.014\npair_style ponita\npair_coeff * * " + h2o + " H O\nrun 0\nprint \"ran\"\n", "a mass of 2.014 amu"},
		"close":          {input(t, close, "") + "run 0\n", "atoms with IDs 5 and 8 are 0.200 Angstrom apart"},
		"same":           {strings.Replace(input(t, same, ""), "precision", "rmin_check off precision", 1) + "run 0\n", "atoms with IDs 5 and 8 are at the same place"},
		"bonds":          {"units metal\natom_style bond\nread_data " + bonded + "\nbond_style zero\nbond_coeff 1\n" + fmt.Sprintf(style, h2o) + "run 0\n", "special_bonds lj/coul 1 1 1"},
		"plugin":         {"plugin load other.so\n", "no plugin but ponita"},
		"heat flux":      {input(t, s, "") + "compute k all ke/atom\ncompute e all pe/atom\ncompute c all centroid/stress/atom NULL virial\ncompute f all heat/flux k e c\nthermo_style custom c_f[1]\nrun 0\n", "centroid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "plugin" && plugin != "" {
				t.Skip("LAMMPS itself answers")
			}
			out, err := lammps(t, 0, c.script)
			if !strings.Contains(out, c.want) {
				t.Errorf("want %q (%v)\n%s", c.want, err, tail(out))
			}
			if (err == nil) != (name == "odd mass") {
				t.Errorf("ended with %v", err)
			}
		})
	}
	t.Setenv("PONITA_NUM_THREADS", "4x")
	if out, err := lammps(t, 0, header+"pair_style ponita\n"); err == nil || !strings.Contains(out, `PONITA_NUM_THREADS is "4x", want a whole number, at least 1`) {
		t.Errorf("a wrong environment: %v\n%s", err, tail(out))
	}
	t.Setenv("PONITA_NUM_THREADS", "1")
	out := mustRun(t, 0, strings.Replace(input(t, close, ""), "precision", "rmin_check warn precision", 1)+"run 0\n")
	if !strings.Contains(out, "WARNING: Pair ponita: atoms with IDs 5 and 8") {
		t.Errorf("no warning\n%s", tail(out))
	}
	for name, script := range map[string]string{
		"swapped": header + "pair_style ponita check no\npair_coeff * * " + h2o + " O H\nrun 0\n",
		"bonds":   "units metal\natom_style bond\nread_data " + bonded + "\nbond_style zero\nbond_coeff 1\n" + strings.Replace(fmt.Sprintf(style, h2o), "precision", "check no precision", 1) + "run 0\n",
	} {
		if out := mustRun(t, 0, script); strings.Contains(out, "WARNING: Pair ponita") {
			t.Errorf("%s with check no: a warning\n%s", name, tail(out))
		}
	}
	if out := mustRun(t, 0, input(t, s, "")+"neigh_modify exclude type 1 1\nrun 0\n"); !strings.Contains(out, "WARNING: Pair ponita: neigh_modify exclude takes pairs out of the environment") {
		t.Errorf("no warning of excluded pairs\n%s", tail(out))
	}
	// Bonds of atoms that are another style's do not matter.
	solvent := filepath.Join(work, "solvent.data")
	if err := os.WriteFile(solvent, []byte("x\n\n4 atoms\n1 bonds\n2 atom types\n1 bond types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nMasses\n\n1 39.95\n2 15.999\n\nAtoms # bond\n\n1 1 1 1 1 1\n2 1 1 2 1 1\n3 2 2 5 5 5\n4 2 2 6.2 5 5\n\nBonds\n\n1 1 1 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mixed := "units metal\natom_style bond\nread_data " + solvent + "\nbond_style zero\nbond_coeff 1\npair_style hybrid/overlay ponita lj/cut 4\npair_coeff * * ponita " + h2o + " NULL O\npair_coeff 1 * lj/cut 0.01 3\nrun 0\n"
	for ranks := range 3 {
		mustRun(t, ranks, mixed)
	}
	if out, err := lammps(t, 0, strings.Replace(mixed, "NULL O", "H O", 1)); err == nil || !strings.Contains(out, "special_bonds lj/coul 1 1 1") {
		t.Errorf("bonds of atoms of the model: %v\n%s", err, tail(out))
	}
	for _, threads := range []int{runtime.NumCPU(), runtime.NumCPU() + 1} {
		out := mustRun(t, 0, strings.Replace(input(t, s, ""), "precision", fmt.Sprintf("threads %d precision", threads), 1)+"run 0\n")
		if want := threads > runtime.NumCPU(); strings.Contains(out, fmt.Sprintf("WARNING: Pair ponita: %d threads, but the rank may use only %d of the cores", threads, runtime.NumCPU())) != want {
			t.Errorf("a warning of %d threads: want %v\n%s", threads, want, tail(out))
		}
	}
	mapped := mustRun(t, 0, input(t, s, "")+"run 0\n")
	if !strings.Contains(mapped, "atom types: 1 = H 2 = O") {
		t.Errorf("the map of elements is not printed\n%s", tail(mapped))
	}
}

// TestOneRankStops: what only one of two ranks meets ends both, and is said.
func TestOneRankStops(t *testing.T) {
	need(t)
	dir := t.TempDir()
	// Of other elements, and one that knows no stages.
	silicon, paper := model(1), model(1)
	silicon.Config.Species = []int{1, 14}
	paper.Config = potential.Config{Species: []int{1, 8}, Kernel: potential.Polynomial, Cutoff: 4, Channels: 8, Layers: 1, Hidden: 8, MeanNeighbors: 20}.WithDefaults()
	paper.Weights = paper.Config.Initialize(rand.New(rand.NewPCG(2, 1)))
	if err := errors.Join(write(silicon, "hsi.h5"), write(paper, "paper.h5")); err != nil {
		t.Fatal(err)
	}
	// A library in front of ours, whose first function fails as told.
	source, first := filepath.Join(dir, "first.cpp"), filepath.Join(dir, "first.so")
	text := "#include <cstdlib>\n#include <new>\nextern \"C\" int ponita_abi() { if (getenv(\"MEMORY\")) throw std::bad_alloc(); return 3; }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("g++", "-shared", "-fPIC", source, "-o", first).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	script := strings.Replace(input(t, systems()[0], ""), filepath.Join(work, "h2o.h5"), "model.h5", 1) + "run 0\n"
	for name, c := range map[string]struct{ on, want string }{
		"environment": {"export PONITA_NUM_THREADS=4x", `PONITA_NUM_THREADS is "4x"`},
		"element":     {"ln -sf " + work + "/hsi.h5 model.h5", "element O of atom type 2 is not in model.h5, which knows H Si"},
		"no file":     {"rm model.h5", "model.h5: no such file"},
		"no stages":   {"ln -sf " + work + "/paper.h5 model.h5", "cannot be evaluated in stages"},
		"library":     {"export LD_PRELOAD=" + first, "libponita has version 3 of its interface"},
		"memory":      {"export MEMORY= LD_PRELOAD=" + first, "ERROR: std::bad_alloc"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "memory" && plugin != "" {
				t.Skip("LAMMPS itself answers")
			}
			for _, on := range []string{"1", "*"} { // the second rank, all
				ranks := command(t, 2, script)
				at := slices.Index(ranks.Args, "-np") + 2
				shell := fmt.Sprintf("r=${OMPI_COMM_WORLD_RANK-$PMI_RANK}; mkdir $r; cd $r; ln -s %s/h2o.h5 model.h5; case $r in %s) %s;; esac; exec \"$@\"", work, on, c.on)
				ranks.Args = slices.Insert(ranks.Args, at, "timeout", "60", "sh", "-c", shell, "sh")
				in := slices.Index(ranks.Args, "-in") + 1
				ranks.Args[in] = filepath.Join(ranks.Dir, "in.lammps")
				out, err := ranks.CombinedOutput()
				told := strings.Count(string(out), c.want)
				if err == nil || told == 0 || strings.Contains(err.Error(), "124") {
					t.Errorf("ended with %v, want %q\n%s", err, c.want, tail(string(out)))
				}
				if on == "*" && name != "memory" && told != 1 {
					t.Errorf("said %d times\n%s", told, tail(string(out)))
				}
			}
		})
	}
}

// TestPartitionsHaveFilesOfTheirOwn, as they have logs.
func TestPartitionsHaveFilesOfTheirOwn(t *testing.T) {
	need(t)
	script := strings.Replace(input(t, systems()[0], ""), "precision double", "precision double out_freq 1 committee "+filepath.Join(work, "h2o2.h5"), 1)
	cmd := command(t, 2, script+"fix 1 all nve\ntimestep 0.0001\nrun 3\n")
	cmd.Args = append(cmd.Args, "-partition", "2x1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out)))
	}
	for _, name := range []string{"model_devi.out.0", "model_devi.out.1"} {
		text, err := os.ReadFile(filepath.Join(cmd.Dir, name))
		if err != nil || strings.Count(string(text), "\n") != 5 {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// TestCommitteeWritesModelDeviation compares model_devi.out with the definition
// of its columns.
func TestCommitteeWritesModelDeviation(t *testing.T) {
	need(t)
	s := systems()[1]
	const members = 3
	var forces [members][][3]float64
	var virials [members][3][3]float64
	for k := range members {
		calc, err := model(uint64(k+1)).Calculator(s.species, [3]bool{true, true, true}, potential.DoublePrecision())
		if err != nil {
			t.Fatal(err)
		}
		forces[k] = make([][3]float64, len(s.pos))
		if _, err := calc.Compute(s.pos, s.lattice, forces[k], &virials[k]); err != nil {
			t.Fatal(err)
		}
	}
	deviation := func(x [members]float64) (variance float64) {
		mean := (x[0] + x[1] + x[2]) / members
		for _, v := range x {
			variance += (v - mean) * (v - mean) / members
		}
		return variance
	}
	want := []float64{0, 0, math.Inf(1), 0, 0, math.Inf(1), 0}
	for i := range s.pos {
		var variance float64
		for k := range 3 {
			variance += deviation([members]float64{forces[0][i][k], forces[1][i][k], forces[2][i][k]})
		}
		f := math.Sqrt(variance)
		want[4], want[5] = max(want[4], f), min(want[5], f)
		want[6] += f / float64(len(s.pos))
	}
	for a := range 3 {
		for b := range 3 {
			v := math.Sqrt(deviation([members]float64{virials[0][a][b], virials[1][a][b], virials[2][a][b]})) / float64(len(s.pos))
			want[1], want[2] = max(want[1], v), min(want[2], v)
			want[3] += v * v / 9
		}
	}
	want[3] = math.Sqrt(want[3])
	const perAtom = `compute d all pair ponita
if "$(version) >= 20220915" then "fix u all pair 2 ponita uncertainty 0" "compute u all reduce max f_u" "variable u equal c_u" else "variable u equal c_d[4]"
`
	for _, ranks := range []int{0, 3} {
		file := filepath.Join(t.TempDir(), "model_devi.out")
		script := strings.Replace(input(t, s, "thermo 2\n"), "precision double", fmt.Sprintf("precision double committee %s %s out_freq 2 out_file %s", filepath.Join(work, "h2o2.h5"), filepath.Join(work, "h2o3.h5"), file), 1)
		out := mustRun(t, ranks, script+perAtom+"thermo_style custom step pe c_d[4] v_u\nfix 1 all nve\ntimestep 0.0005\nrun 4\nprint \"OUT e $(pe:%.17g) $(c_d[4]:%.17g) $(v_u:%.17g)\"\n")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		if len(lines) != 4 || strings.Join(strings.Fields(lines[0]), " ") != "# step max_devi_v min_devi_v avg_devi_v max_devi_f min_devi_f avg_devi_f" {
			t.Fatalf("model_devi.out:\n%s", text)
		}
		for k, v := range numbers(t, strings.Fields(lines[1])) {
			near(t, "column "+strings.Fields(lines[0])[k+1], v, want[k], 2e-6*want[k])
		}
		last := numbers(t, strings.Fields(lines[3]))
		near(t, "compute pair", printed(t, out, "e")[1], last[4], 2e-6*last[4])
		near(t, "the largest of fix pair", printed(t, out, "e")[2], last[4], 2e-6*last[4])
		if stopped, err := lammps(t, ranks, strings.Replace(script, "out_freq 2", "stop_devi 1e-9 out_freq 2", 1)+"run 4\n"); err == nil || !strings.Contains(stopped, "more than stop_devi") {
			t.Errorf("stop_devi did not stop (%v)\n%s", err, tail(stopped))
		}
	}
}
