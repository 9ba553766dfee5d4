package data

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/xyz"
)

func read(t *testing.T, text string, options Options) *xyz.Frame {
	t.Helper()
	frame, err := Read(strings.NewReader(text), "test.data", options)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// tilted is a box with everything that write_data may put into a file.
const tilted = `LAMMPS data file via write_data, version 2 Aug 2023, timestep = 100, units = metal

3 atoms
2 atom types
1 bonds
1 bond types
2 extra bond per atom

-1 5 xlo xhi
0 7.5 ylo yhi   # a comment
1e0 9 zlo zhi
0.5 -0.25 2 xy xz yz

Masses

1 28.0855 # Si
2 15.9994

Bond Coeffs # harmonic

1 2 3

Atoms # full

30 1 2 -0.5 1 2 3 0 0 0
4 1 1 1 4 5 6 1 -1 2
5 2 2 -0.5 0 0 0

Velocities

5 0 0 1
4 1e3 -2 0
30 0 0 0

Bonds

1 1 4 5
`

func TestFileBecomesFrame(t *testing.T) {
	frame := read(t, tilted, Options{})
	if want := []int{14, 8, 8}; !slices.Equal(frame.Species, want) {
		t.Errorf("species %v, want %v in the order of IDs", frame.Species, want)
	}
	if want := [3][3]float64{{6, 0, 0}, {0.5, 7.5, 0}, {-0.25, 2, 8}}; frame.Lattice != want {
		t.Errorf("lattice %v, want %v", frame.Lattice, want)
	}
	// (4 5 6) + a − b + 2c
	if want := [3]float64{4 + 6 - 0.5 - 0.5, 5 - 7.5 + 4, 6 + 16}; frame.Pos[0] != want {
		t.Errorf("unwrapped %v, want %v", frame.Pos[0], want)
	}
	if want := [][3]float64{{1, -0.002, 0}, {0, 0, 0.001}, {}}; !slices.Equal(frame.Column("vel").([][3]float64), want) {
		t.Errorf("velocities %v, want %v Å/fs", frame.Column("vel"), want)
	}
	if want := []float64{28.0855, 15.9994, 15.9994}; !slices.Equal(frame.Column("masses").([]float64), want) {
		t.Errorf("masses %v, want %v", frame.Column("masses"), want)
	}
	if frame.PBC != [3]bool{true, true, true} || frame.Value("types") != "1 is Si, 2 is O, by mass" {
		t.Errorf("periodic %v, types %v", frame.PBC, frame.Value("types"))
	}
}

func TestUnitsRealHaveVelocitiesPerFemtosecond(t *testing.T) {
	frame := read(t, strings.Replace(tilted, "metal", "real", 1), Options{})
	if v := frame.Column("vel").([][3]float64)[0][0]; v != 1000 {
		t.Errorf("velocity %g Å/fs", v)
	}
	// LAMMPS of 2021 names none.
	frame = read(t, strings.Replace(tilted, ", units = metal", "", 1), Options{Units: "real"})
	if v := frame.Column("vel").([][3]float64)[0][0]; v != 1000 {
		t.Errorf("velocity %g Å/fs by the settings", v)
	}
	if column := read(t, strings.Replace(tilted, ", units = metal", "", 1), Options{AtRest: true}).Column("vel"); column != nil {
		t.Errorf("velocities %v of atoms at rest", column)
	}
}

// molecule has n atoms of one style, each line the columns given.
func molecule(style string, lines ...string) string {
	return fmt.Sprintf("title\n\n%d atoms\n2 atom types\n0 8 xlo xhi\n0 8 ylo yhi\n0 8 zlo zhi\n\nMasses\n\n1 1.008\n2 16\n\nAtoms%s\n\n%s\n",
		len(lines), style, strings.Join(lines, "\n"))
}

func TestStylesHaveTheirColumns(t *testing.T) {
	for style, line := range map[string]string{
		"atomic": "1 2 3 4 5", "charge": "1 2 -0.5 3 4 5", "bond": "1 0 2 3 4 5", "angle": "1 7 2 3 4 5",
		"molecular": "1 7 2 3 4 5", "full": "1 7 2 -0.5 3 4 5", "dipole": "1 2 -0.5 3 4 5 0 0 1", "spin": "1 2 3 4 5 0 0 1 2",
	} {
		hinted := read(t, molecule(" # "+style, line), Options{})
		told := read(t, molecule("", line+" 0 0 0"), Options{Style: style})
		variant := read(t, molecule(" # "+style+"/kk", line), Options{})
		for _, frame := range []*xyz.Frame{hinted, told, variant} {
			if frame.Species[0] != 8 || frame.Pos[0] != [3]float64{3, 4, 5} {
				t.Errorf("%s: element %d at %v", style, frame.Species[0], frame.Pos[0])
			}
		}
	}
}

func TestGeneralTriclinicBox(t *testing.T) {
	text := strings.NewReplacer("0 8 xlo xhi", "1 2 3 avec", "0 8 ylo yhi", "4 5 7 bvec\n0 0 0 abc origin", "0 8 zlo zhi", "7 9 1 cvec").
		Replace(molecule(" # atomic", "1 1 0 0 0 0 1 0"))
	frame := read(t, text, Options{})
	if want := [3][3]float64{{1, 2, 3}, {4, 5, 7}, {7, 9, 1}}; frame.Lattice != want || frame.Pos[0] != want[1] {
		t.Errorf("lattice %v, atom at %v", frame.Lattice, frame.Pos[0])
	}
}

func TestElementsComeFromSettingsLabelsOrMasses(t *testing.T) {
	text := molecule(" # atomic", "1 1 0 0 0", "2 2 0 0 1")
	labelled := strings.Replace(text, "Masses\n\n1 1.008\n2 16", "Atom Type Labels\n\n1 opls_1\n2 O\n\nMasses\n\nopls_1 2.014\nO 15.999", 1)
	for _, c := range []struct {
		text     string
		elements []string
		want     []int
	}{
		{text, nil, []int{1, 8}},
		{text, []string{"H", "O"}, []int{1, 8}},
		{strings.Replace(text, "1.008", "2.014", 1), []string{"H", "O"}, []int{1, 8}}, // deuterium
		{strings.Replace(labelled, "2.014", "1.0", 1), nil, []int{1, 8}},
		{labelled, []string{"H", "O"}, []int{1, 8}},
	} {
		if frame := read(t, c.text, Options{Elements: c.elements}); !slices.Equal(frame.Species, c.want) {
			t.Errorf("%v: %v, want %v", c.elements, frame.Species, c.want)
		}
	}
}

// Masses as people write them; 0 where it may be one or another.
func TestMassesNameElements(t *testing.T) {
	for amu, want := range map[float64]string{
		1: "H", 1.00794: "H", 2.014: "", 12: "C", 15.9994: "O", 26.98: "Al", 27: "Al", 28: "Si", 35.5: "Cl", 39.948: "Ar",
		40.08: "Ca", 40: "Ar or Ca", 55.85: "Fe", 58.69: "Ni", 58.93: "Co", 63.5: "Cu", 126.9: "I", 127.6: "Te", 195.1: "Pt",
		247: "Cm or Bk", 0.5: "", 1e6: "", math.SmallestNonzeroFloat64: "",
	} {
		nearest, other := byMass(amu)
		got := xyz.Symbol(nearest)
		if other != 0 {
			got += " or " + xyz.Symbol(other)
		}
		if got != want {
			t.Errorf("mass %g is %q, want %q", amu, got, want)
		}
	}
}

// TestWrongFilesAreNamed reads every file of testdata/bad, with the settings in
// its first line. The message expected stands beside it.
func TestWrongFilesAreNamed(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.data")
	if err != nil || len(paths) == 0 {
		t.Fatal("no files in testdata/bad: ", err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(path, ".data") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		var options Options
		for field := range strings.FieldsSeq(strings.SplitN(string(content), "\n", 2)[0]) {
			key, value, setting := strings.Cut(field, "=")
			if !setting || value == "" {
				continue // of a title
			}
			switch key {
			case "atom_style":
				options.Style = value
			case "units":
				options.Units = value
			case "elements":
				options.Elements = strings.Split(value, ",")
			case "open":
				options.Open[value[0]-'x'] = true
			}
		}
		_, err = ReadFile(path, options)
		if err == nil || err.Error() != strings.TrimSpace(string(want)) {
			t.Errorf("%s:\n got %v\nwant %s", path, err, want)
		}
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%s: not ErrFormat", path)
		}
	}
}

// FuzzRead: whatever a file holds, a frame is whole or there is an error.
func FuzzRead(f *testing.F) {
	f.Add(tilted)
	f.Add(molecule(" # atomic", "1 1 0 0 0", "2 2 0 0 1"))
	paths, _ := filepath.Glob("testdata/bad/*.data")
	for _, path := range paths {
		if content, err := os.ReadFile(path); err == nil {
			f.Add(string(content))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		frame, err := Read(strings.NewReader(text), "fuzz", Options{})
		if err != nil {
			return
		}
		n := len(frame.Species)
		if n == 0 || len(frame.Pos) != n {
			t.Fatalf("%d species, %d positions", n, len(frame.Pos))
		}
		for _, z := range frame.Species {
			if xyz.Symbol(z) == "" {
				t.Fatalf("element %d", z)
			}
		}
		if vel, ok := frame.Column("vel").([][3]float64); ok && len(vel) != n {
			t.Fatalf("%d velocities of %d atoms", len(vel), n)
		}
		if masses, ok := frame.Column("masses").([]float64); ok && len(masses) != n {
			t.Fatalf("%d masses of %d atoms", len(masses), n)
		}
	})
}
