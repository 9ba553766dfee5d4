package xyz

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

// readString reads all frames of a text, without their origins.
func readString(text string) ([]*Frame, error) {
	var frames []*Frame
	for frame, err := range NewReader(strings.NewReader(text), "").All() {
		if err != nil {
			return frames, err
		}
		frame.Origin = Origin{}
		frames = append(frames, frame)
	}
	return frames, nil
}

func mustRead(t *testing.T, text string) *Frame {
	t.Helper()
	frames, err := readString(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) != 1 {
		t.Fatalf("read %d frames, want 1", len(frames))
	}
	return frames[0]
}

const water = `3
Lattice="9 1 2 0 8.5 3 0 0 7" Properties=species:S:1:pos:R:3:forces:R:3:id:I:1:fixed:L:1:tag:S:2:w:R:2 energy=-12.5 pbc="T F T" name="liquid water" bare
O  0.00  0.00  0.00   0.0  0.0  0.3   1 T a b  1 2
H  0.76  0.59  0.00   0.1  0.2  0.0   2 F c d  3 nan
H -0.76  0.59  0.00  -0.1 -0.2 -0.3   3 F e f -inf 6
`

func TestEverythingInAFrameIsRead(t *testing.T) {
	got := mustRead(t, water)
	w := got.Column("w").([]float64)
	if !math.IsNaN(w[3]) || !math.IsInf(w[4], -1) {
		t.Errorf("w = %v", w)
	}
	w[3] = 4 // NaN does not equal itself
	want := &Frame{
		Species: []int{8, 1, 1},
		Pos:     [][3]float64{{0, 0, 0}, {0.76, 0.59, 0}, {-0.76, 0.59, 0}},
		Lattice: [3][3]float64{{9, 1, 2}, {0, 8.5, 3}, {0, 0, 7}},
		PBC:     [3]bool{true, false, true},
		Info:    []Entry{{"energy", -12.5}, {"name", "liquid water"}, {"bare", true}},
		Columns: []Column{
			{"forces", 3, [][3]float64{{0, 0, 0.3}, {0.1, 0.2, 0}, {-0.1, -0.2, -0.3}}},
			{"id", 1, []int{1, 2, 3}},
			{"fixed", 1, []bool{true, false, false}},
			{"tag", 2, []string{"a", "b", "c", "d", "e", "f"}},
			{"w", 2, []float64{1, 2, 3, 4, -inf, 6}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestPlainXYZ(t *testing.T) {
	for comment, want := range map[string][]Entry{
		"":                            nil,
		" \t":                         nil,
		"water":                       {{"comment", "water"}},
		" E = -76.4, \"unclosed [ x ": {{"comment", " E = -76.4, \"unclosed [ x "}},
		"energy=-3 pbcs=1":            {{"comment", "energy=-3 pbcs=1"}},
	} {
		got := mustRead(t, "1\n"+comment+"\nHe 1 2 3\n")
		if !reflect.DeepEqual(got, &Frame{Species: []int{2}, Pos: [][3]float64{{1, 2, 3}}, Info: want}) {
			t.Errorf("%q: got %+v", comment, got)
		}
	}
}

func TestPeriodicityDefaults(t *testing.T) {
	const lattice = ` Lattice="5 0 0 0 5 0 0 0 5"`
	for header, want := range map[string][3]bool{
		"":                                       {},
		`pbc="F F F"`:                            {},
		lattice:                                  {true, true, true},
		lattice + ` pbc="F F F"`:                 {},
		lattice + ` pbc="T T F"`:                 {true, true, false},
		lattice + ` pbc="1 0 1"`:                 {true, false, true},
		lattice + ` PBC=[T,F,T]`:                 {true, false, true},
		strings.ToLower(lattice):                 {true, true, true},
		` lattice = [[5,0,0],[0,5,0],[0,0,5.0]]`: {true, true, true},
		` Lattice="0 0 0 0 0 0 0 0 0"`:           {},
		` Lattice="5 0 0 0 5 0 0 0 0" pbc="T T F"`: {true, true, false},
	} {
		for _, properties := range []string{"", " Properties=species:S:1:pos:R:3", ` properties = "species:S:1:pos:R:3"`} {
			if got := mustRead(t, "1\n"+header+properties+"\nH 0 0 0\n"); got.PBC != want || len(got.Info) != 0 {
				t.Errorf("%s: pbc %v, want %v; info %v", header+properties, got.PBC, want, got.Info)
			}
		}
	}
}

func TestLatticeRowsAreCellVectors(t *testing.T) {
	for _, lattice := range []string{`"1 2 3 4 5 6 7 8 10"`, `{1.0 2 3 4 5 6 7 8 10}`, `[1,2,3,4,5,6,7,8,10]`, `[[1,2,3],[4,5,6],[7,8,10]]`} {
		got := mustRead(t, "1\nLattice="+lattice+"\nH 0 0 0\n")
		if got.Lattice != [3][3]float64{{1, 2, 3}, {4, 5, 6}, {7, 8, 10}} {
			t.Errorf("%s: got %v", lattice, got.Lattice)
		}
		if got.Volume() != 3 { // |det|
			t.Errorf("%s: volume %v, want 3", lattice, got.Volume())
		}
	}
}

func TestSpeciesAsSymbolsOrNumbers(t *testing.T) {
	for properties, line := range map[string]string{
		"species:S:1:pos:R:3":       "Si 1 2 3",
		"Z:I:1:pos:R:3":             "14 1 2 3",
		"pos:R:3:species:S:1":       "1 2 3 Si",
		"Z:I:1:species:S:1:pos:R:3": "14 Si 1 2 3",
		"species:S:1:Z:I:1:pos:R:3": "Si 14 1 2 3",
	} {
		got := mustRead(t, "1\nProperties="+properties+"\n"+line+"\n")
		if got.Species[0] != 14 || got.Pos[0] != [3]float64{1, 2, 3} {
			t.Errorf("%s: got %v %v", properties, got.Species, got.Pos)
		}
	}
}

func TestLineEndsAndBlanks(t *testing.T) {
	want := mustRead(t, water)
	want.SetColumn(Column{"w", 2, []float64{0}}) // holds NaN
	for name, text := range map[string]string{
		"CRLF":             strings.ReplaceAll(water, "\n", "\r\n"),
		"no last line end": strings.TrimRight(water, "\n"),
		"blank lines last": water + "\n  \t\r\n\n",
		"tabs":             strings.ReplaceAll(water, "  ", "\t"),
		"outer blanks":     "  " + strings.ReplaceAll(water, "\n", " \t\n "),
	} {
		got := mustRead(t, text)
		got.SetColumn(Column{"w", 2, []float64{0}})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestFramesAreRead(t *testing.T) {
	text := "1\nfirst\nH 0 0 0\n0\n\n2\nthird\nHe 0 0 0\nLi 1 1 1\n\n"
	for name, source := range map[string]io.Reader{
		"whole":  strings.NewReader(text),
		"pieces": iotest.OneByteReader(strings.NewReader(text)),
	} {
		r := NewReader(source, "file")
		var got []string
		for frame, err := range r.All() {
			if err != nil {
				t.Fatal(name, err)
			}
			got = append(got, fmt.Sprintf("%d %d %v %v", frame.Origin.Line, len(frame.Pos), frame.Value("comment"), frame.Origin))
		}
		want := []string{"1 1 first file: frame 1", "4 0 <nil> file: frame 2", "6 2 third file: frame 3"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q", name, got)
		}
		if _, err := r.Read(); err != io.EOF {
			t.Errorf("%s: after the last frame: %v", name, err)
		}
	}
}

func TestIterationMayStopEarly(t *testing.T) {
	r := NewReader(strings.NewReader("1\n\nH 0 0 0\n1\n\nHe 0 0 0\n"), "")
	for range r.All() {
		break
	}
	if frame, err := r.Read(); err != nil || frame.Species[0] != 2 {
		t.Errorf("second frame: %v, %v", frame, err)
	}
}

func TestErrorsAreFinal(t *testing.T) {
	r := NewReader(strings.NewReader("x\n\n1\n\nH 0 0 0\n"), "")
	_, first := r.Read()
	_, second := r.Read()
	if !errors.Is(first, ErrFormat) || second != first {
		t.Errorf("got %v, then %v", first, second)
	}
}

func TestFailingStreamIsNotAFormatError(t *testing.T) {
	_, err := NewReader(io.MultiReader(strings.NewReader("2\n\nH 0 0 0\n"), iotest.ErrReader(io.ErrClosedPipe)), "pipe").Read()
	if !errors.Is(err, io.ErrClosedPipe) || errors.Is(err, ErrFormat) || err.Error() != "xyz: pipe: after line 3: io: read/write on closed pipe" {
		t.Errorf("got %v", err)
	}
}

func TestLongLines(t *testing.T) {
	name := strings.Repeat("x", 3*bufferSize)
	if got := mustRead(t, "1\nProperties=species:S:1:pos:R:3 name="+name+"\nH 0 0 0\n"); got.Value("name") != name {
		t.Error("a long value is not read")
	}
	_, err := NewReader(io.MultiReader(strings.NewReader("1\n"), zeros{}), "").Read()
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "line 2, column 1: the line is longer than") {
		t.Errorf("endless line: %v", err)
	}
}

// zeros is a stream without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestClaimedSizesAreNotAllocated holds that a damaged file of a few bytes does
// not take the memory of the billions of atoms or columns it claims.
func TestClaimedSizesAreNotAllocated(t *testing.T) {
	for _, text := range []string{
		"9000000000000000000\n\nH 0 0 0\n",
		"900000000\nProperties=species:S:1:pos:R:3:a:R:16000000:b:R:16000000\nH 0 0 0\n",
		"0\nProperties=species:S:1:pos:R:3:a:R:16000000\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readString(text)
		runtime.ReadMemStats(&after)
		if text[0] != '0' && !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
		// room for blockValues of 8 bytes, twice with the race detector, and the rest
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 3*8*blockValues {
			t.Errorf("%q: allocated %d bytes", text, grown)
		}
	}
}

// TestAtomsBeyondTheFirstRoom reads more atoms than a frame has room for at first.
func TestAtomsBeyondTheFirstRoom(t *testing.T) {
	const atoms = blockValues/4 + 1000
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n\n", atoms)
	for i := range atoms {
		fmt.Fprintln(&b, Symbol(1+i%118), i, -i, 0.5)
	}
	frame, err := NewReader(&b, "").Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(frame.Pos) != atoms || len(frame.Species) != atoms {
		t.Fatalf("%d positions and %d species, want %d", len(frame.Pos), len(frame.Species), atoms)
	}
	for i, x := range frame.Pos {
		if x != [3]float64{float64(i), float64(-i), 0.5} || frame.Species[i] != 1+i%118 {
			t.Fatalf("atom %d: %v %v", i, frame.Species[i], x)
		}
	}
}

func TestReadingAllocatesPerFrameNotPerAtom(t *testing.T) {
	allocations := func(atoms int) float64 {
		file := trajectory(1, atoms, " %16.8f")
		return testing.AllocsPerRun(5, func() {
			if _, err := NewReader(bytes.NewReader(file), "").Read(); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(10), allocations(10_000); many > few+1 { // one for noise of the runtime
		t.Errorf("%v allocations for 10 atoms, %v for 10000", few, many)
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xyz")
	helium := &Frame{Species: []int{2}, Pos: [][3]float64{{1, 2, 3}}}
	if err := WriteFile(path, helium, &Frame{Species: []int{3}, Pos: [][3]float64{{}}}); err != nil {
		t.Fatal(err)
	}
	frame, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if frame.Origin != (Origin{path, 1, 1}) {
		t.Errorf("origin %+v", frame.Origin)
	}
	if frame.Origin = (Origin{}); !reflect.DeepEqual(frame, helium) {
		t.Errorf("got %+v", frame)
	}
	if frames, err := ReadAll(path); err != nil || len(frames) != 2 {
		t.Errorf("%d frames, %v", len(frames), err)
	}

	if err := os.WriteFile(path, []byte("\n \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "xyz: " + path + ": frame 1, line 1, column 1: expected the number of atoms, found the end of the file"
	if _, err := ReadFile(path); !errors.Is(err, ErrFormat) || err.Error() != want {
		t.Errorf("ReadFile without a frame: %v", err)
	}
	if _, err := ReadAll(path); !errors.Is(err, ErrFormat) || err.Error() != want {
		t.Errorf("ReadAll without a frame: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "missing", "b.xyz")
	_, errFirst := ReadFile(missing)
	_, errAll := ReadAll(missing)
	for _, err := range []error{errFirst, errAll, WriteFile(missing, helium)} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("file in a folder that does not exist: %v", err)
		}
	}
}
