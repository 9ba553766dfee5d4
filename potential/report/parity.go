package report

import (
	"cmp"
	"math"
	"slices"

	"ponita/potential"
	"ponita/potential/train"
)

// parity is a quantity predicted against its label.
type parity struct {
	name      string
	unit      string // of both axes
	errorUnit string // a thousandth of it
	label     []float64
	predicted []float64
}

// parities collects energies per atom beside the reference energies, force
// components and stress components, as far as there are labels.
func parities(m *potential.Model, d *train.Dataset, predictions []train.Prediction) []parity {
	energy := parity{name: "Energy per atom, beside the reference energies", unit: "eV/atom", errorUnit: "meV/atom"}
	force := parity{name: "Force components", unit: "eV/Å", errorUnit: "meV/Å"}
	stress := parity{name: "Stress components", unit: "eV/Å³", errorUnit: "meV/Å³"}
	for k, f := range d.Frames {
		l, p := d.Labels[k], predictions[k]
		if l.Energy != nil {
			energy.add(cohesion(m, f, *l.Energy), cohesion(m, f, p.Energy))
		}
		for i, ref := range l.Forces {
			for a := range ref {
				force.add(ref[a], p.Forces[i][a])
			}
		}
		if l.Stress != nil && p.Stress != nil {
			for a, row := range l.Stress {
				for b := range a + 1 {
					stress.add(row[b], p.Stress[a][b])
				}
			}
		}
	}
	var out []parity
	for _, p := range []parity{energy, force, stress} {
		if len(p.label) > 0 {
			out = append(out, p)
		}
	}
	return out
}

func (p *parity) add(label, predicted float64) {
	p.label, p.predicted = append(p.label, label), append(p.predicted, predicted)
}

// hexagon is a cell of a two-dimensional histogram.
type hexagon struct {
	x, y  float64 // center, in pixels
	count int
}

// hexagons counts points in hexagons of a radius, all in pixels: of the two
// rectangular lattices that make up the centers, each point takes the nearer.
//
// Source: Carr, Littlefield, Nicholson, Littlefield, J. Am. Stat. Assoc. 82, 424
// (1987).
func hexagons(x, y []float64, radius float64) []hexagon {
	dx, dy := math.Sqrt(3)*radius, 3*radius
	type key struct {
		odd  bool
		i, j int
	}
	counts := map[key]int{}
	for k := range x {
		i, j := math.Round(x[k]/dx), math.Round(y[k]/dy)
		oi, oj := math.Floor(x[k]/dx), math.Floor(y[k]/dy)
		even := distance2(x[k]-i*dx, y[k]-j*dy)
		odd := distance2(x[k]-(oi+0.5)*dx, y[k]-(oj+0.5)*dy)
		if even <= odd {
			counts[key{false, int(i), int(j)}]++
		} else {
			counts[key{true, int(oi), int(oj)}]++
		}
	}
	var out []hexagon
	for c, n := range counts {
		h := hexagon{float64(c.i) * dx, float64(c.j) * dy, n}
		if c.odd {
			h.x, h.y = h.x+dx/2, h.y+dy/2
		}
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b hexagon) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	return out
}

func distance2(x, y float64) float64 { return x*x + y*y }
