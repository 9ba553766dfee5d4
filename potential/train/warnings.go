package train

import (
	"fmt"
	"slices"
	"strings"

	"ponita/xyz"
)

// warnings tells what of the data is not used although it is there, and what the model will
// not know.
func (t *Trainer) warnings() (out []string) {
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	sets := []*Dataset{t.data}
	if t.valid != t.data {
		sets = append(sets, t.valid)
	}
	for _, d := range sets {
		unlabelled := 0
		for k, f := range d.Frames {
			if d.unlabelled(k) && !alone(f, t.settings.Cutoff) {
				unlabelled++
			}
		}
		if unlabelled > 0 {
			warn("%d of %d frames of %s have neither an energy nor forces, or weights of 0, and are left out", unlabelled, len(d.Frames), d.File.Name)
		}
		if w := d.FlatStresses(); w != "" {
			warn("%s", w)
		}
	}
	if t.settings.Baseline == EmbeddedAtomBaseline && t.start == nil {
		open := 0
		for _, k := range t.frames {
			if t.data.Frames[k].PBC == [3]bool{} {
				open++
			}
		}
		if open > 0 {
			warn("baseline = %q is for metals, and %d frames have no cell: functions of pairs that are fitted to the bonds of molecules err where these have no distances; for molecules want baseline = %q", EmbeddedAtomBaseline, open, BindingBaseline)
		}
	}
	known := t.model.Config.Species
	if others := beyond(t.data.Species(), known); len(others) > 0 {
		warn("%s: only as isolated atoms, or in frames that are not trained on: the model will not know %s", symbols(others), them(others))
	}
	if t.start != nil {
		if gone := beyond(t.start.Config.Species, known); len(gone) > 0 {
			warn("%s: not in the new data: the new model will not know %s, which the one to start from does", symbols(gone), them(gone))
		}
	}
	return out
}

// FlatStresses warns about stresses of frames that are not periodic in three directions, and
// have none; it is "" if there are none.
func (d *Dataset) FlatStresses() string {
	flat := 0
	for k, f := range d.Frames {
		if d.Labels[k].Stress != nil && f.PBC != [3]bool{true, true, true} && len(f.Species) > 1 {
			flat++
		}
	}
	if flat == 0 {
		return ""
	}
	return fmt.Sprintf("the stress of %d frames of %s is not used: they are not periodic in three directions", flat, d.File.Name)
}

// beyond returns what is in a and not in b.
func beyond[T comparable](a, b []T) (rest []T) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			rest = append(rest, x)
		}
	}
	return rest
}

func symbols(elements []int) string {
	var names []string
	for _, z := range elements {
		names = append(names, xyz.Symbol(z))
	}
	return strings.Join(names, ", ")
}

func them(elements []int) string {
	if len(elements) == 1 {
		return "it"
	}
	return "them"
}
