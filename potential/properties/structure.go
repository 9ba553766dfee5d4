package properties

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ponita/neighbor"
)

// Structure is a crystal, periodic in all directions.
type Structure struct {
	Species []int         // atomic numbers
	Pos     [][3]float64  // Å
	Lattice [3][3]float64 // rows a, b, c in Å
}

// cell is a conventional cell in units of the lattice constant a.
type cell struct {
	name    string
	lattice [3][3]float64
	sites   [][3]float64 // fractions of the rows
	near    float64      // distance of nearest neighbours
}

// cells is every lattice that Build knows. Cubic ones have their axes along x, y
// and z; hcp has the ideal c/a = √(8/3), its axis along z.
var cells = []cell{
	{"sc", cube, [][3]float64{{}}, 1},
	{"fcc", cube, [][3]float64{{}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}}, math.Sqrt(1. / 2)},
	{"bcc", cube, [][3]float64{{}, {.5, .5, .5}}, math.Sqrt(3. / 4)},
	{"diamond", cube, [][3]float64{{}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0},
		{.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}}, math.Sqrt(3. / 16)},
	{"hcp", [3][3]float64{{1, 0, 0}, {-.5, math.Sqrt(3. / 4), 0}, {0, 0, math.Sqrt(8. / 3)}},
		[][3]float64{{1. / 3, 2. / 3, .25}, {2. / 3, 1. / 3, .75}}, 1},
}

var cube = [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// Lattices returns the names that Build knows.
func Lattices() (names []string) {
	for _, c := range cells {
		names = append(names, c.name)
	}
	return names
}

func findCell(lattice string) (cell, error) {
	k := slices.IndexFunc(cells, func(c cell) bool { return c.name == lattice })
	if k < 0 {
		return cell{}, fmt.Errorf("properties: lattice %q, want %s", lattice, strings.Join(Lattices(), ", "))
	}
	return cells[k], nil
}

// Build returns the conventional cell of a lattice of one element with lattice
// constant a [Å].
func Build(lattice string, element int, a float64) (Structure, error) {
	c, err := findCell(lattice)
	if err != nil {
		return Structure{}, err
	}
	if !(a > 0) || math.IsInf(a, 0) {
		return Structure{}, fmt.Errorf("properties: lattice constant %g Å, want a positive length", a)
	}
	return c.of(element, a), nil
}

func (c cell) of(element int, a float64) Structure {
	var s Structure
	for k, row := range c.lattice {
		s.Lattice[k] = [3]float64{a * row[0], a * row[1], a * row[2]}
	}
	for _, f := range c.sites {
		s.Species = append(s.Species, element)
		s.Pos = append(s.Pos, apply(f, s.Lattice))
	}
	return s
}

// Volume returns that of the cell in Å³.
func (s Structure) Volume() float64 { return neighbor.Volume(s.Lattice) }

// Repeat returns n×n×n copies. Atom b of the copy i, j, k is number
// ((i·n+j)·n+k)·B + b, where B is the number of atoms of s.
func (s Structure) Repeat(n int) Structure {
	var out Structure
	for k, row := range s.Lattice {
		out.Lattice[k] = [3]float64{float64(n) * row[0], float64(n) * row[1], float64(n) * row[2]}
	}
	for i := range n {
		for j := range n {
			for k := range n {
				shift := apply([3]float64{float64(i), float64(j), float64(k)}, s.Lattice)
				for b, x := range s.Pos {
					out.Species = append(out.Species, s.Species[b])
					out.Pos = append(out.Pos, [3]float64{x[0] + shift[0], x[1] + shift[1], x[2] + shift[2]})
				}
			}
		}
	}
	return out
}

// Without returns the structure with a vacancy in place of an atom, counted from
// 0.
func (s Structure) Without(atom int) Structure {
	return Structure{
		Species: slices.Delete(slices.Clone(s.Species), atom, atom+1),
		Pos:     slices.Delete(slices.Clone(s.Pos), atom, atom+1),
		Lattice: s.Lattice,
	}
}

// Deformed returns the structure with every point x, atoms and lattice, moved to
// x·m: a symmetric m is a pure strain, a rotation turns the crystal.
func (s Structure) Deformed(m [3][3]float64) Structure {
	out := Structure{Species: s.Species, Pos: make([][3]float64, len(s.Pos))}
	for i, x := range s.Pos {
		out.Pos[i] = apply(x, m)
	}
	for k, row := range s.Lattice {
		out.Lattice[k] = apply(row, m)
	}
	return out
}

// scaled returns the structure with all lengths multiplied.
func (s Structure) scaled(x float64) Structure {
	return s.Deformed([3][3]float64{{x, 0, 0}, {0, x, 0}, {0, 0, x}})
}

// apply returns the row x·m.
func apply(x [3]float64, m [3][3]float64) (y [3]float64) {
	for k := range y {
		y[k] = x[0]*m[0][k] + x[1]*m[1][k] + x[2]*m[2][k]
	}
	return y
}

// voigt is the order of six components.
var voigt = [6][2]int{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}

// strained returns 1+ε for six components of strain, shears as changes of the
// angle.
func strained(e [6]float64) (m [3][3]float64) {
	for k, p := range voigt {
		if k < 3 {
			m[k][k] = 1 + e[k]
		} else {
			m[p[0]][p[1]], m[p[1]][p[0]] = e[k]/2, e[k]/2
		}
	}
	return m
}
