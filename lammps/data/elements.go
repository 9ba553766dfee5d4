package data

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ponita/integrator"
	"ponita/xyz"
)

// readMasses reads the masses of the types.
func (f *file) readMasses() error {
	return f.rows("Masses", f.kinds, func(fields []string) error {
		if len(fields) != 2 {
			return f.wrong("%d columns, want 2 (type mass)", len(fields))
		}
		kind, err := f.kind(fields[0])
		if err != nil {
			return err
		}
		if first, twice := f.masses[kind]; twice {
			return f.wrong("a second mass for type %d, the first is in line %d", kind, first.line)
		}
		amu, err := f.number(fields[1], "mass")
		if err == nil && !(amu > 0) {
			err = f.wrong("mass %g of type %d, want a positive number", amu, kind)
		}
		f.masses[kind] = mass{amu, f.line}
		return err
	})
}

// readLabels reads the names of the types.
func (f *file) readLabels() error {
	return f.rows("Atom Type Labels", f.kinds, func(fields []string) error {
		if len(fields) != 2 {
			return f.wrong("%d columns, want 2 (type label)", len(fields))
		}
		kind, err := f.kind(fields[0])
		if err != nil {
			return err
		}
		if _, twice := f.types[fields[1]]; twice {
			return f.wrong("a second type with the label %.40q", fields[1])
		}
		f.types[fields[1]] = kind
		return nil
	})
}

// kind returns a type, by its number or its label.
func (f *file) kind(field string) (int, error) {
	if kind, known := f.types[field]; known {
		return kind, nil
	}
	kind, err := strconv.Atoi(field)
	if err != nil || kind < 1 || kind > f.kinds {
		return 0, f.wrong("type %.40q, want 1 to %d, the number of atom types in the header, or a label", field, f.kinds)
	}
	return kind, nil
}

// named returns the symbol by which a type is named, and where.
func (f *file) named(kind int) (symbol, from string) {
	if list := f.options.Elements; len(list) > 0 {
		return list[kind-1], "elements"
	}
	for label, k := range f.types {
		if k == kind && xyz.AtomicNumber(label) > 0 { // or a name of a force field
			return label, "Atom Type Labels"
		}
	}
	return "", ""
}

// byMass returns the element whose standard atomic weight is nearest to a mass in
// amu, 0 if that is no element's, and one that is almost as near, 0 if there is
// none.
func byMass(amu float64) (nearest, other int) {
	const (
		tolerance = 0.1 // amu: silicon of mass 28 is silicon
		clear     = 3   // times further than the nearest is out of the question
	)
	var distance [2]float64
	for z, weight := range weights {
		switch d := math.Abs(weight - amu); {
		case nearest == 0 || d < distance[0]:
			nearest, other = z+1, nearest
			distance = [2]float64{d, distance[0]}
		case other == 0 || d < distance[1]:
			other, distance[1] = z+1, d
		}
	}
	if distance[0] > tolerance {
		return 0, 0
	}
	if distance[1] > clear*distance[0] {
		other = 0
	}
	return nearest, other
}

// weights are the standard atomic weights from hydrogen on.
var weights = func() []float64 {
	const elements = 118
	species := make([]int, elements)
	for k := range species {
		species[k] = k + 1
	}
	return integrator.Masses(species)
}()

// frame makes a frame of what was read.
func (f *file) frame() (*xyz.Frame, error) {
	frame := &xyz.Frame{Lattice: f.box.lattice(), Origin: xyz.Origin{File: f.name, Frame: 1, Line: 1}}
	for k, open := range f.options.Open {
		frame.PBC[k] = !open
	}
	if n := len(f.options.Elements); n > 0 && n != f.kinds {
		return nil, f.wrong("%d elements in the settings, want one for each of %d atom types", n, f.kinds)
	}
	elements := map[int]int{}
	var masses []float64
	var vel [][3]float64
	for _, a := range f.atoms {
		z, known := elements[a.kind]
		if !known {
			var err error
			if z, err = f.element(a.kind); err != nil {
				return nil, err
			}
			elements[a.kind] = z
		}
		if f.moving && !a.moves {
			return nil, f.wrongAt(a.line, "atom %d has no line in section Velocities", a.id)
		}
		frame.Species = append(frame.Species, z)
		frame.Pos = append(frame.Pos, a.pos)
		vel = append(vel, a.vel)
		masses = append(masses, f.masses[a.kind].amu)
	}
	if len(f.masses) > 0 {
		frame.SetColumn(xyz.Column{Name: "masses", Data: masses})
	}
	if f.moving {
		frame.SetColumn(xyz.Column{Name: "vel", Data: vel})
	}
	frame.Set("types", f.describe(elements))
	return frame, nil
}

// describe tells which element each type is: "1 is H, 2 is O, by mass".
func (f *file) describe(elements map[int]int) string {
	var list []string
	for kind := range f.kinds {
		if z, used := elements[kind+1]; used {
			list = append(list, fmt.Sprintf("%d is %s", kind+1, xyz.Symbol(z)))
		}
	}
	by := "mass"
	switch {
	case len(f.options.Elements) > 0:
		by = "the settings"
	case len(f.types) > 0:
		by = "label or mass"
	}
	return strings.Join(list, ", ") + ", by " + by
}

// element returns the element of a type: of the settings, of its label, or of its
// mass. A mass that is another element's is an error in each case; one that is
// no element's, as that of an isotope, only without a name.
func (f *file) element(kind int) (int, error) {
	m, weighed := f.masses[kind]
	nearest, other := byMass(m.amu)
	symbol, from := f.named(kind)
	if symbol != "" {
		z := xyz.AtomicNumber(symbol)
		if z == 0 {
			return 0, f.wrong("%s: type %d is %.20q, want a symbol as Si", from, kind, symbol)
		}
		if weighed && nearest != z && other != z && nearest != 0 {
			return 0, f.wrongAt(m.line, "%s: type %d is %s, but its mass %g is that of %s: is the order of elements right?",
				from, kind, symbol, m.amu, xyz.Symbol(nearest))
		}
		return z, nil
	}
	const name = "name the elements of the types in order, as elements = [\"Si\", \"O\"]"
	switch {
	case !weighed:
		return 0, f.wrong("type %d has no mass in a section Masses and no element: %s", kind, name)
	case nearest == 0:
		return 0, f.wrongAt(m.line, "type %d has the mass %g, which is no element's: %s", kind, m.amu, name)
	case other != 0:
		return 0, f.wrongAt(m.line, "type %d has the mass %g, which may be %s or %s: %s",
			kind, m.amu, xyz.Symbol(nearest), xyz.Symbol(other), name)
	}
	return nearest, nil
}
