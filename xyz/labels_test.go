package xyz

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// labelled is a frame of one atom with the given keys and, after a bar, columns.
func labelled(t *testing.T, keys string) *Frame {
	t.Helper()
	keys, columns, _ := strings.Cut(keys, "|")
	var names, values strings.Builder
	for _, c := range strings.Fields(columns) {
		name, value, _ := strings.Cut(c, "=")
		names.WriteString(":" + name)
		values.WriteString(" " + strings.ReplaceAll(value, ",", " "))
	}
	frame := mustRead(t, "1\nLattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3"+names.String()+" "+keys+"\nH 0 0 0"+values.String()+"\n")
	frame.Origin = Origin{"a.xyz", 3, 40}
	return frame
}

func TestLabelKeysAreLookedUpInOrder(t *testing.T) {
	for _, c := range []struct {
		keys string
		ask  LabelKeys
		want Labeling
	}{
		{"", LabelKeys{}, Labeling{}},
		{"energy=1 |force:R:3=1,2,3", LabelKeys{}, Labeling{Energy: "energy", Forces: "force"}},
		{"energy=1 REF_energy=2 |force:R:3=1,2,3 forces:R:3=1,2,3 REF_forces:R:3=1,2,3", LabelKeys{}, Labeling{Energy: "REF_energy", Forces: "REF_forces"}},
		{"energy=1 REF_energy=2 dft=3 |forces:R:3=1,2,3 f:R:3=1,2,3", LabelKeys{Energy: "dft", Forces: "f"}, Labeling{Energy: "dft", Forces: "f"}},
		{`virials="1 2 3 4 5 6" virial="1 2 3 4 5 6"`, LabelKeys{}, Labeling{Virial: "virial"}},
		{`virials="1 2 3 4 5 6" REF_virials="1 2 3 4 5 6" stress="1 2 3 4 5 6"`, LabelKeys{}, Labeling{Stress: "stress", Virial: "REF_virials"}},
		{`virial="1 2 3 4 5 6" stress="1 2 3 4 5 6"`, LabelKeys{Stress: "stress"}, Labeling{Stress: "stress"}},
		{`virial="1 2 3 4 5 6" stress="1 2 3 4 5 6"`, LabelKeys{Virial: "virial"}, Labeling{Virial: "virial"}},
		{"energies=1 free_energy=2", LabelKeys{}, Labeling{}},
		{"forces=1 |energy:R:1=1", LabelKeys{}, Labeling{}}, // a key is no column, a column no key
	} {
		var census Census
		census.Add(labelled(t, c.keys))
		if got, err := census.Choose(c.ask); err != nil || got != c.want {
			t.Errorf("%s, asked %+v: got %+v, %v, want %+v", c.keys, c.ask, got, err, c.want)
		}
	}
}

func TestOneKeyIsChosenForAllFrames(t *testing.T) {
	frames := []*Frame{labelled(t, "energy=1"), labelled(t, "REF_energy=2 energy=1"), labelled(t, "")}
	var census Census
	for _, f := range frames {
		census.Add(f)
	}
	labeling, err := census.Choose(LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true, false} {
		labels, err := labeling.Of(frames[i])
		if err != nil || (labels.Energy != nil) != want || want && *labels.Energy != 2 {
			t.Errorf("frame %d: %v, %v", i+1, labels.Energy, err)
		}
	}
	if !reflect.DeepEqual(census.Unused, []Field{{"energy", "int", nil, 2}}) {
		t.Errorf("unused: %+v", census.Unused)
	}
}

func TestLabels(t *testing.T) {
	labels, err := labelled(t, `energy=-3 stress="0.1 0.2 0.3 0.04 0.05 0.06" |forces:R:3=1,2,3`).Labels(LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	want := Labels{
		Energy: new(-3.0),
		Forces: [][3]float64{{1, 2, 3}},
		Stress: &[3][3]float64{{0.1, 0.06, 0.05}, {0.06, 0.2, 0.04}, {0.05, 0.04, 0.3}},
	}
	if !reflect.DeepEqual(labels, want) {
		t.Errorf("got %+v, want %+v", labels, want)
	}
	if labels, err := labelled(t, "").Labels(LabelKeys{}); err != nil || !reflect.DeepEqual(labels, Labels{}) {
		t.Errorf("without labels: %+v, %v", labels, err)
	}
}

func TestStressIsMinusVirialOverVolume(t *testing.T) {
	// the cell of labelled has 8 Å³
	want := [3][3]float64{{1, 0.5, 0}, {0.5, 2, 0}, {0, 0, -3}}
	for _, keys := range []string{
		`virial="-8 -16 24 0 0 -4"`,
		`REF_virials="-8 -4 0 -4 -16 0 0 0 24"`,
		`virials=[[-8,-4,0],[-4,-16,0],[0,0,24]]`,
		`stress="1 2 -3 0 0 0.5" virial="-8.0001 -16 24 0 0 -4"`, // as rounded in a file
		`stress=[[1,0.5,0],[0.5,2,0],[0,0,-3]]`,
		`REF_virials="_JSON [[-8.0, -4.0, 0.0], [-4.0, -16.0, 0.0], [0.0, 0.0, 24.0]]"`,
	} {
		labels, err := labelled(t, keys).Labels(LabelKeys{})
		if err != nil || *labels.Stress != want {
			t.Errorf("%s: got %v, %v, want %v", keys, labels.Stress, err, want)
		}
	}
}

// TestArraysOfOneAreEnergies has the notations that ASE has for one number.
func TestArraysOfOneAreEnergies(t *testing.T) {
	for _, text := range []string{"-1.5", "[-1.5]", `"_JSON [-1.5]"`, `"_JSON -1.5"`, "[[-1.5]]"} {
		labels, err := labelled(t, "energy="+text).Labels(LabelKeys{})
		if err != nil || *labels.Energy != -1.5 {
			t.Errorf("%s: got %v, %v, want -1.5", text, labels.Energy, err)
		}
	}
}

// TestIsolatedAtomHasNoStress: data sets give one a virial like all their frames.
func TestIsolatedAtomHasNoStress(t *testing.T) {
	atom := &Frame{Species: []int{1}, Pos: make([][3]float64, 1), Info: []Entry{{"energy", -1.0}, {"virial", make([]float64, 9)}}}
	labels, err := atom.Labels(LabelKeys{})
	if err != nil || labels.Stress != nil || *labels.Energy != -1 {
		t.Errorf("got %+v, %v, want the energy alone", labels, err)
	}
}

func TestUnusableLabels(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"energy=abc", `key "energy": expected a number, found string "abc"`},
		{"energy=nan", `key "energy": expected a number, found string "nan"`},
		{"energy", `key "energy": expected a number, found logical T`},
		{"energy=[1.5,2]", `key "energy": expected a number, found real[2] "1.5 2.0"`},
		{`energy="_JSON [1, 2]"`, `key "energy": expected a number, found json "_JSON [1, 2]"`},
		{`energy="_JSON [null]"`, `key "energy": expected a number, found json "_JSON [null]"`},
		{"energy= n=1", `key "energy": expected a number, found string ""`},
		{`virial="_JSON [[1, 2], [3]]"`, `key "virial": expected 6 or 9 numbers, found json "_JSON [[1, 2], [3]]"`},
		{"|forces:R:2=1,2", `key "forces": expected a column of type real[3], found real[2]`},
		{"|forces:I:3=1,2,3", `key "forces": expected a column of type real[3], found int[3]`},
		{"|forces:R:3=1,nan,3", `key "forces": expected finite forces, found [1 NaN 3] on atom 1`},
		{`stress=0.1`, `key "stress": expected 6 or 9 numbers, found real 0.1`},
		{`stress="1 2 3"`, `key "stress": expected 6 or 9 numbers, found int[3] "1 2 3"`},
		{`stress="a b"`, `key "stress": expected 6 or 9 numbers, found string "a b"`},
		{`stress="1 2 3 4 5 6 7 8 9"`, `key "stress": expected a symmetric tensor, found int[9] "1 2 3 4 5 6 7 8 9"`},
		{`virial="T F T F T F"`, `key "virial": expected 6 or 9 numbers, found logical[6] "T F T F T F"`},
		{`stress="1 0 0 0 0 0" virial="8 0 0 0 0 0"`, `key "stress": expected -virial/V = [[-1 -0 -0] [-0 -0 -0] [-0 -0 -0]] eV/Å³, found [[1 0 0] [0 0 0] [0 0 0]]`},
	} {
		_, err := labelled(t, c.keys).Labels(LabelKeys{})
		if want := "xyz: a.xyz: frame 3: " + c.want + ": unusable label"; !errors.Is(err, ErrLabel) || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.keys, err, want)
		}
	}

	slab := &Frame{Species: []int{1}, Pos: make([][3]float64, 1), Info: []Entry{{"virial", make([]float64, 6)}}}
	slab.Lattice[0][0], slab.PBC[0] = 5, true
	_, err := slab.Labels(LabelKeys{})
	const want = `xyz: frame in memory: key "virial": expected a lattice with a volume beside a virial, found [[5 0 0] [0 0 0] [0 0 0]]: unusable label`
	if err == nil || err.Error() != want {
		t.Errorf("virial without a volume: %v", err)
	}
}

func TestLabelsAskedForMustExist(t *testing.T) {
	for _, c := range []struct {
		ask  LabelKeys
		want string
	}{
		{LabelKeys{Energy: "dft_energy"}, `xyz: energy key "dft_energy" is in none of 1 frames, which have energy, n: unusable label`},
		{LabelKeys{Forces: "dft_forces"}, `xyz: forces key "dft_forces" is in none of 1 frames, which have none: unusable label`},
		{LabelKeys{Stress: "s"}, `xyz: stress key "s" is in none of 1 frames, which have energy, n: unusable label`},
		{LabelKeys{Virial: "v"}, `xyz: virial key "v" is in none of 1 frames, which have energy, n: unusable label`},
	} {
		_, err := labelled(t, "energy=1 n=2").Labels(c.ask)
		if !errors.Is(err, ErrLabel) || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestOverlookedLabels(t *testing.T) {
	for keys, want := range map[string][]Candidate{
		"dft_energy=1 |dft_forces:R:3=1,2,3":                    {{"energy", "dft_energy"}, {"forces", "dft_forces"}},
		"energy=1 free_energy=2 |dft_forces:R:3=1,2,3":          {{"forces", "dft_forces"}},
		`energy=1 dft_stress="1 2 3 4 5 6"`:                     {{"stress", "dft_stress"}},
		`energy=1 virial="1 2 3 4 5 6" my_stress="1 2 3 4 5 6"`: nil,
		"energy_of=DFT stress_kind=kbar |max_force:R:1=1":       nil,
	} {
		var c Census
		c.Add(labelled(t, keys))
		if _, err := c.Choose(LabelKeys{}); err != nil {
			t.Fatal(err)
		}
		if got := c.Overlooked(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", keys, got, want)
		}
	}
}

// TestKeysOfPlainXYZ: the keys of a comment line that is kept whole are none.
func TestKeysOfPlainXYZ(t *testing.T) {
	var c Census
	c.Add(mustRead(t, "1\nenergy=-1.5\nH 0 0 0\n"))
	const advice = "a comment line without Properties= is kept whole, write Properties=species:S:1:pos:R:3 before its keys"
	_, err := c.Choose(LabelKeys{Energy: "energy"})
	if err == nil || !strings.Contains(err.Error(), "which have comment; "+advice) || c.Advice() != advice {
		t.Errorf("got %v and advice %q, want %q", err, c.Advice(), advice)
	}
	c = Census{}
	c.Add(mustRead(t, "1\nwater\nH 0 0 0\n"))
	if got := c.Advice(); !strings.Contains(got, "--energy-key") || !strings.Contains(got, "energy_key") {
		t.Errorf("without keys: advice %q", got)
	}
}

func TestConfigTypes(t *testing.T) {
	for keys, want := range map[string]string{"config_type=bulk": "bulk", "config_type=300": "300", "config_type=0.5": "0.5", "config_type=T": "true", "": ""} {
		if got := labelled(t, keys).ConfigType(); got != want {
			t.Errorf("%s: got %q, want %q", keys, got, want)
		}
	}
}

func TestCensus(t *testing.T) {
	frames, err := readString(`2
Properties=species:S:1:pos:R:3:forces:R:3:dft_force:R:3 config_type=bulk energy=-3.5 free_energy=-3 config_energy_weight=2
Si 0 0 0 1 2 3 4 5 6
H 0 0 0 1 2 3 4 5 6
1
Properties=pos:R:3:Z:I:1:tag:S:2 config_type=surface energy=-3
0 0 0 1 a b
1
Properties=species:S:1:pos:R:3:forces:R:3 config_type=bulk stress="1 2 3 4 5 6" dihedrals="_JSON [1]"
H 0 0 0 1 2 3
`)
	if err != nil {
		t.Fatal(err)
	}
	var census Census
	for _, f := range frames {
		census.Add(f)
	}
	if _, err := census.Choose(LabelKeys{}); err != nil {
		t.Fatal(err)
	}
	want := `3 frames, 4 atoms
element      H                                3 atoms
element      Si                               1 atom
config_type  bulk                             2 frames
config_type  surface                          1 frame
label        energy                energy     2 frames
label        forces                forces     2 frames
label        stress                stress     1 frame
label        virial                -          0 frames
unused       free_energy           int        1 frame
unused       dft_force             real[3]    1 frame
key          config_type           string     3 frames
key          energy                real       1 frame
key          free_energy           int        1 frame
key          config_energy_weight  int        1 frame
key          energy                int        1 frame
key          stress                int[6]     1 frame
key          dihedrals             json       1 frame
column       forces                real[3]    2 frames
column       dft_force             real[3]    1 frame
column       tag                   string[2]  1 frame
`
	if got := census.String(); got != want {
		t.Errorf("got\n%s", got)
	}

	b, err := json.Marshal(census)
	if err != nil {
		t.Fatal(err)
	}
	var back Census
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, census) {
		t.Errorf("from JSON: %+v, %v", back, err)
	}
}
