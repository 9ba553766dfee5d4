package data

import (
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// box is the box of a file: edges along the axes and tilts, or three vectors.
type box struct {
	low, high [3]float64 // Å
	bounded   [3]bool
	tilt      [3]float64 // xy xz yz, Å
	vectors   [3][3]float64
	given     [3]bool // vectors, of a general triclinic box
}

// lattice returns the rows a, b, c.
func (b *box) lattice() [3][3]float64 {
	if b.given != ([3]bool{}) {
		return b.vectors
	}
	return [3][3]float64{
		{b.high[0] - b.low[0], 0, 0},
		{b.tilt[0], b.high[1] - b.low[1], 0},
		{b.tilt[1], b.tilt[2], b.high[2] - b.low[2]},
	}
}

// Ends of the lines of a header: those that count things without consequence
// here, and those that count bodies that are no atoms.
var (
	ignored = words(`bonds,angles,dihedrals,impropers,crossterms,bond types,angle types,dihedral types,improper types,
	extra bond per atom,extra angle per atom,extra dihedral per atom,extra improper per atom,extra special per atom,abc origin`)
	bodies = words("ellipsoids,lines,triangles,bodies")
)

// readHeader reads up to the first section.
func (f *file) readHeader() error {
	if err := f.readTitle(); err != nil {
		return err
	}
	for {
		if err := f.next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if _, section := f.section(strings.Join(strings.Fields(f.text), " ")); section {
			f.again = true
			break
		}
		if err := f.readHeaderLine(strings.Fields(f.text)); err != nil {
			return err
		}
	}
	if f.count < 1 {
		return f.wrong("%d atoms in the header, want a line as \"8 atoms\"", f.count)
	}
	return f.checkBox()
}

// speeds are the velocities in Å/fs of units that have Å and amu.
var speeds = map[string]float64{"metal": 1e-3, "real": 1}

// readTitle reads the first line, which is a title whatever it says. Later
// versions of LAMMPS than 29 Sep 2021 write their units into it.
func (f *file) readTitle() error {
	f.units = f.options.Units
	if err := f.scan(); err == io.EOF {
		return f.wrongAt(1, "an empty file")
	} else if err != nil {
		return err
	}
	title := f.lines.Text()
	at := strings.Index(title, "units = ")
	if !strings.HasPrefix(title, "LAMMPS data file") || at < 0 {
		return nil
	}
	f.units = strings.TrimSpace(title[at+len("units = "):])
	if speeds[f.units] == 0 {
		return f.wrong("units = %.20s, want metal or real", f.units)
	}
	if given := f.options.Units; given != "" && given != f.units {
		return f.wrong("the file is in units %s, but units is %s: leave that out", f.units, given)
	}
	return nil
}

func (f *file) readHeaderLine(fields []string) error {
	split := slices.IndexFunc(fields, func(s string) bool { return !strings.ContainsAny(s[:1], "+-.0123456789") })
	if split < 0 {
		split = len(fields)
	}
	key := strings.Join(fields[split:], " ")
	want := map[string]int{
		"xlo xhi": 2, "ylo yhi": 2, "zlo zhi": 2, "xy xz yz": 3, "avec": 3, "bvec": 3, "cvec": 3, "abc origin": 3,
	}[key]
	if want == 0 {
		want = 1
	}
	if split != want || key == "" {
		return f.wrong("found %.40q, want a line of the header, as \"8 atoms\" or \"0 5.4 xlo xhi\", or the name of a section", f.text)
	}
	switch {
	case key == "atoms" || key == "atom types" || bodies[key] || ignored[key] && want == 1:
		n, err := strconv.Atoi(fields[0])
		if err != nil || n < 0 {
			return f.wrong("%s of %s, want a number of things", fields[0], key)
		}
		if bodies[key] && n > 0 {
			return f.wrong("%d %s, want point atoms only", n, key)
		}
		if key == "atoms" {
			f.count = n
		} else if key == "atom types" {
			f.kinds = n
		}
		return nil
	case want == 1:
		return f.wrong("%q is no key of a header that is known here", key)
	}
	return f.readBox(key, fields[:want])
}

// readBox reads a line about the box.
func (f *file) readBox(key string, fields []string) error {
	var v [3]float64
	for k, field := range fields {
		x, err := f.number(field, key)
		if err != nil {
			return err
		}
		v[k] = x
	}
	switch k := int(key[0]) - 'x'; {
	case key == "abc origin":
	case key == "xy xz yz":
		f.box.tilt = v
	case strings.HasSuffix(key, "vec"):
		f.box.vectors[key[0]-'a'], f.box.given[key[0]-'a'] = v, true
	default:
		f.box.low[k], f.box.high[k], f.box.bounded[k] = v[0], v[1], true
		if !(v[0] < v[1]) {
			return f.wrong("%s: %g to %g, want the lower bound first", key, v[0], v[1])
		}
	}
	return nil
}

// checkBox checks that the box is one.
func (f *file) checkBox() error {
	full := [3]bool{true, true, true}
	switch {
	case f.box.given == full || f.box.given == [3]bool{} && f.box.bounded == full:
		return nil
	case f.box.given != [3]bool{}:
		return f.wrong("the header has avec, bvec, cvec in part, want all three")
	}
	k := slices.Index(f.box.bounded[:], false)
	return f.wrong("the header has no line \"… %clo %chi\" for the box", 'x'+k, 'x'+k)
}

// number parses a finite number.
func (f *file) number(field, what string) (float64, error) {
	x, err := strconv.ParseFloat(field, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, f.wrong("%s is %.40q, want a finite number", what, field)
	}
	return x, nil
}
