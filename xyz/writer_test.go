package xyz

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func mustWrite(t interface {
	Helper()
	Fatalf(string, ...any)
}, frame *Frame) string {
	t.Helper()
	var b bytes.Buffer
	if err := NewWriter(&b).Write(frame); err != nil {
		t.Fatalf("%v", err)
	}
	return b.String()
}

func TestWrittenFrame(t *testing.T) {
	frame := &Frame{
		Species: []int{14, 8},
		Pos:     [][3]float64{{0, 0.5, -1e-9}, {1, 2, 1.0 / 3}},
		Lattice: [3][3]float64{{5, 0, 0}, {0, 5, 0}, {0, 0, 5.25}},
		PBC:     [3]bool{true, true, false},
		Info: []Entry{
			{"energy", -3.0}, {"n", 3}, {"ok", true}, {"name", "bulk"}, {"comment", "two words"}, {"id", "12"},
			{"virial", []float64{1, 2.5}}, {"one", []int{1}}, {"names", []string{"a", "T"}},
			{"m", [][]int{{1, 2}, {3, 4}}}, {"j", json.RawMessage(`{"a": 1}`)}, {"two words", 1},
		},
		Columns: []Column{
			{"forces", 3, [][3]float64{{1, 2, 3}, {4, 5, 6}}}, {"q", 0, []float64{-1, 1}}, {"g", 2, []int{1, 2, 3, 4}},
			{"fixed", 1, []bool{true, false}}, {"tag", 1, []string{"a", "b"}},
		},
	}
	want := `2
Lattice="5.0 0.0 0.0 0.0 5.0 0.0 0.0 0.0 5.25" Properties=species:S:1:pos:R:3:forces:R:3:q:R:1:g:I:2:fixed:L:1:tag:S:1 ` +
		`energy=-3.0 n=3 ok=T name=bulk comment="two words" id="\12" virial="1.0 2.5" one=[1] names=["a", "T"] ` +
		`m=[[1, 2], [3, 4]] j="_JSON {\"a\": 1}" "two words"=1 pbc="T T F"
Si 0.0 0.5 -1e-09 1.0 2.0 3.0 -1.0 1 2 T a
O 1.0 2.0 0.3333333333333333 4.0 5.0 6.0 1.0 3 4 F b
`
	if got := mustWrite(t, frame); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlacesOfSpeciesAndPositionsAreKept(t *testing.T) {
	for _, properties := range []string{
		"species:S:1:pos:R:3", "Z:I:1:pos:R:3", "pos:R:3:species:S:1", "id:I:1:Z:I:1:q:R:1:pos:R:3", "species:S:1:pos:R:3:Z:I:1",
		"species:S:1:q:R:1:pos:R:3",
	} {
		line := strings.NewReplacer("species:S:1", "H", "Z:I:1", "1", "pos:R:3", "0.0 1.0 2.0", "id:I:1", "5", "q:R:1", "0.5", ":", " ").Replace(properties)
		text := "1\nProperties=" + properties + " pbc=\"F F F\"\n" + line + "\n"
		if got := mustWrite(t, mustRead(t, text)); got != text {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
	}
}

func TestFramesThatCannotBeWritten(t *testing.T) {
	for want, change := range map[string]func(*Frame){
		"1 species, but 2 positions":                              func(f *Frame) { f.Pos = make([][3]float64, 2) },
		"atom 1: 119 is not the atomic number of an element":      func(f *Frame) { f.Species[0] = 119 },
		"atom 1: 0 is not the atomic number of an element":        func(f *Frame) { f.Species[0] = 0; f.Columns = []Column{{Name: "Z"}} },
		"atom 1: the position [0 NaN 0] is not finite":            func(f *Frame) { f.Pos[0][1] = nan },
		"lattice vector b is [0 +Inf 0], expected finite numbers": func(f *Frame) { f.Lattice[1][1] = inf },
		"periodic along c, but that lattice vector is zero":       func(f *Frame) { f.PBC[2] = true },
		`the key "" is empty, reserved or used twice`:             func(f *Frame) { f.Set("", 1) },
		`the key "Pbc" is empty, reserved or used twice`:          func(f *Frame) { f.Set("Pbc", 1) },
		`the key "a" is empty, reserved or used twice`:            func(f *Frame) { f.Info = []Entry{{"a", 1}, {"a", 1}} },
		`key "\xff": "\xff" is not valid UTF-8`:                   func(f *Frame) { f.Set("\xff", 1) },
		`key "energy": the value NaN cannot be written`:           func(f *Frame) { f.Set("energy", nan) },
		`key "a": a value of type int32 cannot be written`:        func(f *Frame) { f.Set("a", int32(1)) },
		`column "a b": the name cannot stand in Properties`:       func(f *Frame) { f.SetColumn(Column{"a b", 1, []int{1}}) },
		`column "a:b": the name cannot stand in Properties`:       func(f *Frame) { f.SetColumn(Column{"a:b", 1, []int{1}}) },
		`column "a" occurs twice`:                                 func(f *Frame) { f.Columns = []Column{{"a", 1, []int{1}}, {"a", 1, []int{1}}} },
		`column "pos": its data belongs in Species or Pos`:        func(f *Frame) { f.SetColumn(Column{"pos", 3, f.Pos}) },
		`column "a": 2 values of width 1 for 1 atoms`:             func(f *Frame) { f.SetColumn(Column{"a", 1, []int{1, 2}}) },
		`column "a": 1 values of width -1 for 1 atoms`:            func(f *Frame) { f.SetColumn(Column{"a", -1, []int{1}}) },
		`column "a": 2 vectors of width 0 for 1 atoms`:            func(f *Frame) { f.SetColumn(Column{"a", 0, make([][3]float64, 2)}) },
		`column "a": three reals per atom are [][3]float64`:       func(f *Frame) { f.SetColumn(Column{"a", 3, []float64{1, 2, 3}}) },
		`column "a": data of type []int32 cannot be written`:      func(f *Frame) { f.SetColumn(Column{"a", 1, []int32{1}}) },
		`column "a": data of type <nil> cannot be written`:        func(f *Frame) { f.SetColumn(Column{Name: "a"}) },
		`column "a", atom 1: "b c" cannot stand in a column`:      func(f *Frame) { f.SetColumn(Column{"a", 1, []string{"b c"}}) },
		`column "a", atom 1: "" cannot stand in a column`:         func(f *Frame) { f.SetColumn(Column{"a", 1, []string{""}}) },
		`column "a", atom 1: "b\r" cannot stand in a column`:      func(f *Frame) { f.SetColumn(Column{"a", 1, []string{"b\r"}}) },
	} {
		frame := &Frame{Species: []int{1}, Pos: make([][3]float64, 1)}
		change(frame)
		var b bytes.Buffer
		err := NewWriter(&b).Write(frame)
		if err == nil || err.Error() != "xyz: write frame 1: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: wrote %q", want, b.String())
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFailingWriter(t *testing.T) {
	err := NewWriter(failing{}).Write(&Frame{})
	if err == nil || err.Error() != "xyz: write frame 1: disk full" {
		t.Errorf("got %v", err)
	}
}

// drawFrame makes a frame of every type and shape that a frame may hold.
func drawFrame(t *rapid.T) *Frame {
	atoms := rapid.IntRange(0, 5).Draw(t, "atoms")
	real := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -3, 1e21, 5e-324}))
	vector := rapid.Custom(func(t *rapid.T) [3]float64 {
		return [3]float64{real.Draw(t, "x"), real.Draw(t, "y"), real.Draw(t, "z")}
	})
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"", " ", "1", "T", "1.0", "1 2", " T F ", "_JSON 1", "_JSON", "a=b", "[1]", "{a b}", "\"", "\\", "\n", "\r", "n1", "1, 2", "012", "nan",
	}), rapid.StringMatching(`[-+ 0-9.eTF,\\"]{0,6}`))

	frame := &Frame{}
	if atoms > 0 {
		frame.Species = rapid.SliceOfN(rapid.IntRange(1, 118), atoms, atoms).Draw(t, "species")
		frame.Pos = rapid.SliceOfN(vector, atoms, atoms).Draw(t, "pos")
	}
	if rapid.Bool().Draw(t, "crystal") {
		for k := range 3 {
			frame.Lattice[k] = vector.Draw(t, "lattice")
			frame.PBC[k] = frame.Lattice[k] != [3]float64{} && rapid.Bool().Draw(t, "periodic")
		}
	}
	isOwn := func(key string) bool { return key == "" || ownName(key) != "" }
	for _, key := range rapid.SliceOfNDistinct(text, 0, 4, rapid.ID[string]).Draw(t, "keys") {
		if !isOwn(key) {
			frame.Set(key, drawValue(t, real, text))
		}
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z_][a-zA-Z_0-9]{0,5}`), 0, 4, rapid.ID[string]).Draw(t, "names") {
		if _, own := frameFields[name]; own {
			continue
		}
		width := rapid.IntRange(1, 4).Draw(t, "width")
		n := atoms * width
		word := rapid.StringMatching(`[!-~]{1,5}|[äöÅ]`)
		switch rapid.IntRange(0, 3).Draw(t, "type") {
		case 0:
			frame.SetColumn(Column{name, width, rapid.SliceOfN(rapid.Int(), n, n).Draw(t, "ints")})
		case 1:
			frame.SetColumn(Column{name, width, rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "bools")})
		case 2:
			frame.SetColumn(Column{name, width, rapid.SliceOfN(word, n, n).Draw(t, "strings")})
		case 3:
			if width == 3 {
				frame.SetColumn(Column{name, 3, rapid.SliceOfN(vector, atoms, atoms).Draw(t, "vectors")})
			} else {
				frame.SetColumn(Column{name, width, rapid.SliceOfN(real, n, n).Draw(t, "reals")})
			}
		}
	}
	if rapid.Bool().Draw(t, "unusual order") {
		order := rapid.SampledFrom([][]string{{columnZ, columnPos}, {columnPos, columnSpecies}, {columnPos, columnZ, columnSpecies}}).Draw(t, "order")
		frame.Columns = append([]Column{{Name: order[0]}}, frame.Columns...)
		for _, name := range order[1:] {
			frame.Columns = append(frame.Columns, Column{Name: name})
		}
	}
	return frame
}

func drawValue(t *rapid.T, real *rapid.Generator[float64], text *rapid.Generator[string]) any {
	rows, width := rapid.IntRange(1, 3).Draw(t, "rows"), rapid.IntRange(1, 3).Draw(t, "width")
	switch rapid.IntRange(0, 4).Draw(t, "type") {
	case 0:
		return drawShape(t, rapid.Int(), rows, width)
	case 1:
		return drawShape(t, real, rows, width)
	case 2:
		return drawShape(t, rapid.Bool(), rows, width)
	case 3:
		b, err := json.Marshal(drawShape(t, text, rows, width))
		if err != nil {
			t.Fatal(err)
		}
		return json.RawMessage(b)
	}
	return drawShape(t, text, rows, width)
}

func drawShape[T any](t *rapid.T, scalar *rapid.Generator[T], rows, width int) any {
	row := rapid.SliceOfN(scalar, width, width)
	switch rapid.IntRange(0, 2).Draw(t, "dimension") {
	case 0:
		return scalar.Draw(t, "scalar")
	case 1:
		return row.Draw(t, "vector")
	}
	return rapid.SliceOfN(row, rows, rows).Draw(t, "matrix")
}

func TestFramesSurviveWritingAndReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frame := drawFrame(t)
		text := mustWrite(t, frame)
		frames, err := readString(text)
		if err != nil || len(frames) != 1 {
			t.Fatalf("%d frames, %v\n%s", len(frames), err, text)
		}
		got := frames[0]
		for i := range frame.Columns { // without atoms, empty and nil slices mean the same
			if len(frame.Species) == 0 && frame.Columns[i].Data != nil {
				frame.Columns[i].Data, got.Columns[i].Data = 0, 0
			}
		}
		if !reflect.DeepEqual(got, frame) {
			t.Fatalf("wrote %#v\nread  %#v\n%s", frame, got, text)
		}
	})
}

// FuzzRead holds that no input makes the reader panic, and that whatever it
// accepts survives writing and reading.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		water, "1\nplain\nHe 0 0 0\n", "0\n\n\n", "1\r\nZ=[1,2] Properties=Z:I:1:pos:R:3 a=[[1,b],[\"c\",d]] x=\"_JSON {}\"\r\n1 0 1d0 .5\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		frames, err := readString(text)
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
		for _, frame := range frames {
			first := mustWrite(t, frame)
			// Compared as text, since NaN does not equal itself.
			if second := mustWrite(t, mustRead(t, first)); second != first {
				t.Fatalf("wrote\n%s\nthen\n%s", first, second)
			}
		}
	})
}
