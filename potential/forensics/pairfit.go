package forensics

import (
	"math"

	"ponita/potential"
	"ponita/potential/pairfit"
	"ponita/xyz"
)

// pairFit is the pair potential that fits the labelled forces best. It knows
// nothing of energies and stresses, which makes it a witness: a potential that
// explains the forces explains, up to its quality, how energy and stress change
// from frame to frame, in the units and with the sign of the forces.
type pairFit struct {
	energy []float64       // [item], eV up to a constant for each composition; NaN where not evaluated
	stress [][3][3]float64 // [item], eV/Å³
}

const evaluated = 5000 // items, at most

// fitPairs fits the forces of frames taken evenly from all, and evaluates
// frames taken evenly from those with another label.
func (e *examination) fitPairs() {
	fit := pairfit.New(len(e.species), e.Cutoff)
	limit := fit.Rows()
	var labelled []int
	rows := 0
	for k := range e.items {
		if it := &e.items[k]; it.labels.Forces != nil && it.edges > 0 && 3*len(it.frame.Species) <= limit {
			labelled = append(labelled, k)
			rows += 3 * len(it.frame.Species)
		}
	}
	if rows < 3*fit.Unknowns() || limit < 3*fit.Unknowns() {
		return // too little data, or too many elements
	}
	for k := 0; k < len(labelled); k += 1 + rows/limit {
		it := &e.items[labelled[k]]
		if g, err := e.graph(it.frame); err == nil {
			fit.Add(g, e.kinds(it.frame), nil, it.labels.Forces, 0, 1)
		}
	}
	m := &potential.Model{
		Config:            potential.Config{Species: e.species, Cutoff: e.Cutoff},
		ReferenceEnergies: make([]float64, len(e.species)), Pair: fit.Solve(),
	}
	p := &pairFit{energy: make([]float64, len(e.items)), stress: make([][3][3]float64, len(e.items))}
	stride := 1 + len(e.items)/evaluated
	e.each(func(k int) {
		p.energy[k] = math.NaN()
		if it := &e.items[k]; k%stride == 0 && it.err == nil {
			p.energy[k], p.stress[k] = e.evaluate(m, it.frame)
		}
	})
	e.pairs = p
}

// evaluate returns energy [eV] and stress [eV/Å³] of a frame, the stress zero
// where there is no volume.
func (e *examination) evaluate(m *potential.Model, f *xyz.Frame) (energy float64, stress [3][3]float64) {
	g, err := e.graph(f)
	if err != nil {
		return math.NaN(), stress
	}
	b := m.Baseline(g, e.kinds(f))
	if crystal(f) {
		for k := range stress {
			for l := range stress {
				stress[k][l] = -b.Virial[k][l] / f.Volume()
			}
		}
	}
	return b.Energy, stress
}

// kinds returns each atom's index into e.species.
func (e *examination) kinds(f *xyz.Frame) []int {
	kind := make([]int, len(f.Species))
	for i, z := range f.Species {
		kind[i] = e.kind(z)
	}
	return kind
}
