package xyz

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrLabel is wrapped by errors about labels: one that was asked for and is in
// no frame, or one of the wrong type or shape.
var ErrLabel = errors.New("unusable label")

// LabelKeys names the keys under which the labels of a data set are looked for.
// An empty name means the usual ones, in this order:
//
//	Energy  REF_energy, energy
//	Forces  REF_forces, forces, force
//	Stress  REF_stress, stress
//	Virial  REF_virial, REF_virials, virial, virials
//
// Stress and Virial are two notations of one label: naming one of them leaves
// out the other.
type LabelKeys struct {
	Energy, Forces, Stress, Virial string
}

// Labeling is the outcome of Census.Choose: the keys that hold the labels in all
// frames. An empty name means that there is no such label.
type Labeling struct {
	Energy, Forces, Stress, Virial string
}

// Labels are the reference values of one frame, nil where it has none.
type Labels struct {
	Energy *float64       // eV
	Forces [][3]float64   // eV/Å, the data of the column
	Stress *[3][3]float64 // eV/Å³, positive under tension
}

// labelKind is one row of the lookup order.
type labelKind struct {
	name     string
	column   bool // a column rather than a key
	usual    []string
	explicit func(LabelKeys) string
	chosen   func(*Labeling) *string
}

var labelKinds = []labelKind{
	{"energy", false, []string{"REF_energy", "energy"},
		func(k LabelKeys) string { return k.Energy }, func(l *Labeling) *string { return &l.Energy }},
	{"forces", true, []string{"REF_forces", "forces", "force"},
		func(k LabelKeys) string { return k.Forces }, func(l *Labeling) *string { return &l.Forces }},
	{"stress", false, []string{"REF_stress", "stress"},
		func(k LabelKeys) string { return k.Stress }, func(l *Labeling) *string { return &l.Stress }},
	{"virial", false, []string{"REF_virial", "REF_virials", "virial", "virials"},
		func(k LabelKeys) string { return k.Virial }, func(l *Labeling) *string { return &l.Virial }},
}

// Choose decides which keys hold the labels, once for all frames that were
// added: frames with REF_energy and frames with energy in one set may come from
// two levels of theory and are not mixed. It records the choice in the census. A
// key that is named and in no frame is an error.
func (c *Census) Choose(keys LabelKeys) (Labeling, error) {
	var labeling Labeling
	c.Labels = nil
	for _, kind := range labelKinds {
		key, err := c.choose(kind, keys)
		if err != nil {
			return Labeling{}, err
		}
		*kind.chosen(&labeling) = key
		c.Labels = append(c.Labels, LabelCount{kind.name, key, c.frames(kind.column, key)})
	}
	c.Unused = c.unused(labeling)
	return labeling, nil
}

func (c *Census) choose(kind labelKind, keys LabelKeys) (string, error) {
	if key := kind.explicit(keys); key != "" {
		if c.frames(kind.column, key) == 0 {
			hint := c.Plain()
			if hint != "" {
				hint = "; " + hint
			}
			return "", fmt.Errorf("xyz: %s key %q is in none of %d frames, which have %s%s: %w",
				kind.name, key, c.Frames, strings.Join(c.names(kind.column), ", "), hint, ErrLabel)
		}
		return key, nil
	}
	if kind.name == "stress" && keys.Virial != "" || kind.name == "virial" && keys.Stress != "" {
		return "", nil
	}
	for _, key := range kind.usual {
		if c.frames(kind.column, key) > 0 {
			return key, nil
		}
	}
	return "", nil
}

// Plain says why frames have no keys but a comment with a = in it, or is "".
func (c *Census) Plain() string {
	if !c.keyed || len(c.Keys) > 1 || len(c.Columns) > 0 {
		return ""
	}
	return "a comment line without Properties= is kept whole, write Properties=species:S:1:pos:R:3 before its keys"
}

// Candidate is a key or column that looks like a label that no frame has.
type Candidate struct {
	Label string // energy, forces, stress or virial, as in LabelCount
	Name  string
}

// String says with which flag to choose it.
func (c Candidate) String() string {
	return fmt.Sprintf("%q looks like %s and is not used: name it with --%s-key=%s", c.Name, c.Label, c.Label, c.Name)
}

// Overlooked lists what Choose did not take for a label, where it found no other:
// numbers and vectors under names such as dft_energy and dft_forces.
func (c *Census) Overlooked() (list []Candidate) {
	chosen := map[string]bool{"": true}
	for _, l := range c.Labels {
		chosen[l.Label] = l.Key != ""
	}
	tensor := chosen["stress"] || chosen["virial"] // one label in two notations
	chosen["stress"], chosen["virial"] = tensor, tensor
	for _, f := range c.Unused {
		if one := (Candidate{f.label(), f.Name}); !chosen[one.Label] && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// label returns the label that a key or column has the name and the shape of, or "".
func (f Field) label() string {
	width := 1
	for _, n := range f.Shape {
		width *= n
	}
	number := f.Type == kindReal.name() || f.Type == kindInt.name()
	switch {
	case looksLike(f.Name, "force"):
		if f.Type == kindReal.name() && width == 3 {
			return "forces"
		}
	case looksLike(f.Name, "energy"):
		if number && width == 1 {
			return "energy"
		}
	case !(number && (width == 6 || width == 9) || f.Type == "json"):
	case looksLike(f.Name, "stress"):
		return "stress"
	case looksLike(f.Name, "virial"):
		return "virial"
	}
	return ""
}

// Advice says what to do about frames in which Choose found neither energies nor
// forces.
func (c *Census) Advice() string {
	if list := c.Overlooked(); len(list) > 0 {
		return list[0].String()
	}
	return cmp.Or(c.Plain(), "name their keys: --energy-key, --forces-key, or energy_key, forces_key in a run file")
}

// unused lists keys and columns that look like labels and were not chosen.
func (c *Census) unused(l Labeling) []Field {
	var unused []Field
	chosen := []string{l.Energy, l.Stress, l.Virial}
	for _, f := range c.Keys {
		if looksLike(f.Name, "energy", "stress", "virial") && !slices.Contains(chosen, f.Name) {
			unused = append(unused, f)
		}
	}
	for _, f := range c.Columns {
		if looksLike(f.Name, "force") && f.Name != l.Forces {
			unused = append(unused, f)
		}
	}
	return unused
}

func looksLike(key string, words ...string) bool {
	key = strings.ToLower(key)
	return !strings.Contains(key, "weight") && // config_energy_weight is no energy
		slices.ContainsFunc(words, func(w string) bool { return strings.Contains(key, w) })
}

// Labels returns the labels of a frame on its own.
func (f *Frame) Labels(keys LabelKeys) (Labels, error) {
	var c Census
	c.Add(f)
	labeling, err := c.Choose(keys)
	if err != nil {
		return Labels{}, err
	}
	return labeling.Of(f)
}

// Of returns the labels of a frame. A frame may lack any of them, but a key with
// a value of the wrong type or shape, or a value that is not finite, is an error.
func (l Labeling) Of(f *Frame) (labels Labels, err error) {
	if labels.Energy, err = l.energy(f); err != nil {
		return Labels{}, err
	}
	if labels.Forces, err = l.forces(f); err != nil {
		return Labels{}, err
	}
	if labels.Stress, err = l.stress(f); err != nil {
		return Labels{}, err
	}
	return labels, nil
}

func (l Labeling) energy(f *Frame) (*float64, error) {
	switch v := f.Value(l.Energy).(type) {
	case nil:
		return nil, nil
	case float64:
		return &v, nil
	case int:
		return new(float64(v)), nil
	default:
		if n, _ := flatNumbers(v); len(n) == 1 { // as ASE writes an array of one
			return &n[0], nil
		}
		return nil, labelError(f, l.Energy, "expected a number, found %s", describe(v))
	}
}

func (l Labeling) forces(f *Frame) ([][3]float64, error) {
	data := f.Column(l.Forces)
	if data == nil {
		return nil, nil
	}
	forces, ok := data.([][3]float64)
	if !ok {
		i := slices.IndexFunc(f.Columns, func(c Column) bool { return c.Name == l.Forces })
		word, width := columnType(f.Columns[i])
		return nil, labelError(f, l.Forces, "expected a column of type real[3], found %s[%d]", word, width)
	}
	if len(forces) != len(f.Species) {
		return nil, labelError(f, l.Forces, "expected forces on %d atoms, found %d", len(f.Species), len(forces))
	}
	for i, v := range forces {
		if !finite(v[0]) || !finite(v[1]) || !finite(v[2]) {
			return nil, labelError(f, l.Forces, "expected finite forces, found %v on atom %d", v, i+1)
		}
	}
	return forces, nil
}

// stress returns the stress, from the virial W where the frame has no other:
//
//	σ = -W/V
//
// Where it has both they must agree. Their signs are what data sets get wrong
// most, and a wrong sign is not seen in any error metric before the first run at
// constant pressure. The virial of a molecule or an isolated atom without a cell,
// as programs write it beside the others, is no stress.
func (l Labeling) stress(f *Frame) (*[3][3]float64, error) {
	stress, err := tensor(f, l.Stress, 1)
	if err != nil || f.Value(l.Virial) == nil {
		return stress, err
	}
	volume := f.Volume()
	if volume == 0 && f.PBC == [3]bool{} {
		return stress, nil
	}
	if volume == 0 {
		return nil, labelError(f, l.Virial, "expected a lattice with a volume beside a virial, found %v", f.Lattice)
	}
	converted, err := tensor(f, l.Virial, -1/volume)
	if err != nil || stress == nil {
		return converted, err
	}
	if disagree(*stress, *converted) {
		return nil, labelError(f, l.Stress, "expected -%s/V = %.4g eV/Å³, found %.4g", l.Virial, *converted, *stress)
	}
	return stress, nil
}

// tensor reads a symmetric tensor of 6 numbers, xx yy zz yz xz xy, or of 9 and
// multiplies it by scale.
func tensor(f *Frame, key string, scale float64) (*[3][3]float64, error) {
	value := f.Value(key)
	if value == nil {
		return nil, nil
	}
	v, _ := flatNumbers(value)
	var t [3][3]float64
	switch len(v) {
	case 6:
		t = [3][3]float64{{v[0], v[5], v[4]}, {v[5], v[1], v[3]}, {v[4], v[3], v[2]}}
	case 9:
		t = [3][3]float64{[3]float64(v[0:3]), [3]float64(v[3:6]), [3]float64(v[6:9])}
	default:
		return nil, labelError(f, key, "expected 6 or 9 numbers, found %s", describe(value))
	}
	var transposed [3][3]float64
	for i := range 3 {
		for j := range 3 {
			t[i][j] *= scale
			transposed[j][i] = t[i][j]
		}
	}
	if disagree(t, transposed) {
		return nil, labelError(f, key, "expected a symmetric tensor, found %s", describe(value))
	}
	return &t, nil
}

// disagree tells whether two stresses differ in sign, unit or order rather than
// by rounding: a wrong sign is a difference of 2, a wrong unit of at least 0.99,
// relative to the larger. Files round virials to some 1e-4 eV.
func disagree(a, b [3][3]float64) bool {
	const relative, absolute = 0.1, 1e-4
	var difference, largest float64
	for i := range 3 {
		for j := range 3 {
			difference = max(difference, math.Abs(a[i][j]-b[i][j]))
			largest = max(largest, math.Abs(a[i][j]), math.Abs(b[i][j]))
		}
	}
	return difference > relative*largest+absolute
}

func labelError(f *Frame, key, format string, args ...any) error {
	return fmt.Errorf("xyz: %s: key %q: %s: %w", f.Origin, key, fmt.Sprintf(format, args...), ErrLabel)
}
