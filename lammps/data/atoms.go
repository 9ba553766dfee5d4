package data

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// atom is a line of the section Atoms, and of Velocities.
type atom struct {
	id, kind int
	line     int
	pos      [3]float64 // Å, unwrapped
	vel      [3]float64 // Å/fs
	moves    bool       // has a velocity
}

// styles are the columns of a line of Atoms, image flags apart.
var styles = map[string][]string{
	"atomic":    {"id", "type", "x", "y", "z"},
	"charge":    {"id", "type", "q", "x", "y", "z"},
	"bond":      {"id", "molecule", "type", "x", "y", "z"},
	"angle":     {"id", "molecule", "type", "x", "y", "z"},
	"molecular": {"id", "molecule", "type", "x", "y", "z"},
	"full":      {"id", "molecule", "type", "q", "x", "y", "z"},
	"dipole":    {"id", "type", "q", "x", "y", "z", "mux", "muy", "muz"},
	"spin":      {"id", "type", "x", "y", "z", "spx", "spy", "spz", "sp"},
}

// knownStyles lists the styles for messages.
const knownStyles = "atomic, charge, bond, angle, molecular, full, dipole or spin"

// style returns the columns of the section that begins in the present line.
func (f *file) style() (name string, columns []string, err error) {
	hint, _, _ := strings.Cut(f.note, "/") // of atomic/kk and other variants of a style
	given := f.options.Style
	if hint != "" && given != "" && hint != given {
		return "", nil, f.wrong("Atoms # %s, but atom_style is %s: leave that out", hint, given)
	}
	name = cmp.Or(hint, given)
	if name == "" {
		return "", nil, f.wrong("a section Atoms that does not say its style: want \"Atoms # full\", or atom_style = \"full\" in the settings, one of %s", knownStyles)
	}
	columns, known := styles[name]
	if !known {
		return "", nil, f.wrong("atoms of style %.40q, want %s", name, knownStyles)
	}
	return name, columns, nil
}

func (f *file) readAtoms() error {
	name, columns, err := f.style()
	if err != nil {
		return err
	}
	lattice := f.box.lattice()
	return f.rows("Atoms", f.count, func(fields []string) error {
		n := len(columns)
		if len(fields) != n && len(fields) != n+3 {
			return f.wrong("%d columns, atoms of style %s have %d (%s) and perhaps three image flags",
				len(fields), name, n, strings.Join(columns, " "))
		}
		a := atom{line: f.line}
		for k, column := range columns {
			if err := f.readColumn(&a, column, fields[k]); err != nil {
				return err
			}
		}
		for k, flag := range fields[n:] {
			if err := f.unwrap(&a, k, flag, lattice[k]); err != nil {
				return err
			}
		}
		f.atoms = append(f.atoms, a)
		return nil
	})
}

func (f *file) readColumn(a *atom, column, field string) (err error) {
	switch column {
	case "id":
		a.id, err = f.id(field)
	case "type":
		a.kind, err = f.kind(field)
	case "molecule":
		if _, err := strconv.Atoi(field); err != nil {
			return f.wrong("molecule %.40q, want a whole number", field)
		}
	case "x", "y", "z":
		a.pos[column[0]-'x'], err = f.number(field, column)
	default:
		_, err = f.number(field, column)
	}
	return err
}

func (f *file) id(field string) (int, error) {
	id, err := strconv.Atoi(field)
	if err != nil || id < 1 {
		return 0, f.wrong("ID %.40q, want a whole number, 1 or more", field)
	}
	return id, nil
}

// unwrap moves an atom by its image flag along one vector of the lattice.
func (f *file) unwrap(a *atom, k int, flag string, row [3]float64) error {
	n, err := strconv.Atoi(flag)
	if err != nil {
		return f.wrong("image flag %.40q, want a whole number", flag)
	}
	if n != 0 && f.options.Open[k] {
		return f.wrong("image flag %d along %c, which is not periodic by the settings", n, 'x'+k)
	}
	for d := range a.pos {
		a.pos[d] += float64(n) * row[d]
	}
	return nil
}

// readVelocities gives the atoms, which are in a section before, velocities.
func (f *file) readVelocities() error {
	if f.atoms == nil {
		return f.wrong("section Velocities before Atoms, want it after")
	}
	if f.options.AtRest {
		return f.rows("Velocities", f.count, func([]string) error { return nil })
	}
	speed, known := speeds[f.units]
	if !known {
		return f.wrong("velocities in a file whose title does not say its units: want units = \"metal\" (Å/ps) or units = \"real\" (Å/fs) in the settings, or velocities = \"draw\"")
	}
	index := make(map[int]int, len(f.atoms))
	for i, a := range f.atoms {
		index[a.id] = i
	}
	f.moving = true
	return f.rows("Velocities", f.count, func(fields []string) error {
		if len(fields) != 4 {
			return f.wrong("%d columns, want 4 (id vx vy vz)", len(fields))
		}
		id, err := f.id(fields[0])
		if err != nil {
			return err
		}
		i, known := index[id]
		if !known {
			return f.wrong("a velocity for atom %d, which is not in section Atoms", id)
		}
		if f.atoms[i].moves {
			return f.wrong("a second velocity for atom %d", id)
		}
		f.atoms[i].moves = true
		for k := range 3 {
			v, err := f.number(fields[1+k], "velocity")
			if err != nil {
				return err
			}
			f.atoms[i].vel[k] = v * speed
		}
		return nil
	})
}

// sort puts the atoms in the order of their IDs: LAMMPS writes them in that of
// its memory.
func (f *file) sort() error {
	slices.SortStableFunc(f.atoms, func(a, b atom) int { return cmp.Compare(a.id, b.id) })
	for i := 1; i < len(f.atoms); i++ {
		if a, b := f.atoms[i-1], f.atoms[i]; a.id == b.id {
			return f.wrongAt(b.line, "atom %d a second time, the first is in line %d", b.id, a.line)
		}
	}
	return nil
}
