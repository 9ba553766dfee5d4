package train

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/combin"

	"ponita/internal/parallel"
	"ponita/neighbor"
	"ponita/potential"
)

// What is fitted to the data before the network. See [Settings.Baseline].
const (
	BindingBaseline      = "binding"
	EmbeddedAtomBaseline = "embedded-atom"
)

// mostEmbedded is how many elements an embedded-atom part may have: 1510 coefficients.
const mostEmbedded = 20

// embed fits the embedded-atom part of the model to the frames to train on, in the least
// squares of the loss with the energy weight of the end. Where reference energies are
// fitted, the energies of atoms are free in it: what they are, [Trainer.setAside] finds.
func (t *Trainer) embed(graphs []*neighbor.Graph, fitted bool) error {
	c := t.model.Config
	if len(c.Species) > mostEmbedded {
		return fmt.Errorf("train: baseline = %q with %d elements: want at most %d, or baseline = %q", EmbeddedAtomBaseline, len(c.Species), mostEmbedded, BindingBaseline)
	}
	fit := embedding{units: units(c, fitted), weights: t.settings.weights(0)}
	x, err := fit.solve(fit.normal(t.samples, t.settings.Threads))
	if err != nil {
		return err
	}
	t.model.Embedded = potential.NewEmbeddedAtom(len(c.Species))
	into := t.model.Embedded.Coefficients()
	for k, u := range fit.units {
		for n, a := range u.model.Embedded.Coefficients() {
			*into[n] += x.AtVec(k) * *a
		}
	}
	return t.makeSamples(graphs)
}

// unit is a model whose coefficient is fitted, of what two species do, or one.
type unit struct {
	model *potential.Model
	a, b  int
	alike int // the same number for units that are alike but for the species
}

// units returns models of which all embedded-atom potentials are sums: those of the
// densities, and for pairs Bernstein's polynomials, C(n,k) u^k (1 − u)^(n−k), bumps one
// beside the other, that data tell apart as powers of u are not; and, if they are free, the
// energies of atoms.
func units(c potential.Config, free bool) (out []unit) {
	add := func(a, b, alike int, set func(m *potential.Model)) {
		m := &potential.Model{Config: c, ReferenceEnergies: make([]float64, len(c.Species)), Embedded: potential.NewEmbeddedAtom(len(c.Species))}
		set(m)
		out = append(out, unit{m, a, b, alike})
	}
	for z := range c.Species {
		add(z, z, 0, func(m *potential.Model) { m.Embedded.Root[z] = 1 })
		add(z, z, 1, func(m *potential.Model) { m.Embedded.Square[z] = 1 })
		if free {
			add(z, z, 2, func(m *potential.Model) { m.ReferenceEnergies[z] = 1 })
		}
		for y := range z + 1 {
			pair := potential.PairIndex(z, y)
			for k := range potential.PairPowers {
				add(z, y, 3+k, func(m *potential.Model) { copy(m.Embedded.Pair[pair], bernstein(k)) })
			}
		}
	}
	return out
}

// bernstein returns the coefficients of the powers of u in the polynomial number k.
func bernstein(k int) []float64 {
	out := make([]float64, potential.PairPowers)
	const n = potential.LeastPairPower + potential.PairPowers - 1
	first := potential.LeastPairPower + k
	sign := float64(combin.Binomial(n, first))
	for power := first; power <= n; power++ {
		out[power-potential.LeastPairPower] = sign * float64(combin.Binomial(n-first, power-first))
		sign = -sign
	}
	return out
}

// embedding is the fit of their coefficients by least squares.
type embedding struct {
	units   []unit
	weights lossWeights
}

// design returns the rows of a sample: for every label what each unit gives for it, and last
// the label itself, nil without labels.
func (e *embedding) design(s *sample) *mat.Dense {
	labels := e.rows(s, s.energy, s.forces, s.stress)
	if len(labels) == 0 {
		return nil
	}
	d := mat.NewDense(len(labels), len(e.units)+1, nil)
	for k, u := range e.units {
		if !slices.Contains(s.kind, u.a) || !slices.Contains(s.kind, u.b) {
			continue
		}
		b := u.model.Baseline(s.graph, s.kind)
		for a := range b.Virial {
			for c := range b.Virial[a] {
				b.Virial[a][c] /= -s.volume // the stress
			}
		}
		d.SetCol(k, e.rows(s, &b.Energy, b.Forces, &b.Virial))
	}
	d.SetCol(len(e.units), labels)
	return d
}

// rows returns the weighted values of a sample that it has labels for: the sum of their
// squares is its part of the loss.
func (e *embedding) rows(s *sample, energy *float64, forces [][3]float64, stress *[3][3]float64) (out []float64) {
	w, n := e.weights.times(s.weights), float64(len(s.kind))
	if s.energy != nil {
		out = append(out, math.Sqrt(w.energy)**energy/n)
	}
	if s.forces != nil {
		factor := math.Sqrt(w.force / (3 * n))
		for _, f := range forces {
			out = append(out, factor*f[0], factor*f[1], factor*f[2])
		}
	}
	if s.stress != nil {
		factor := math.Sqrt(w.stress / 9)
		for _, row := range stress {
			out = append(out, factor*row[0], factor*row[1], factor*row[2])
		}
	}
	return out
}

// normal returns the normal equations, with the labels as the last row. They do not depend
// on the number of threads.
func (e *embedding) normal(samples []sample, threads int) *mat.SymDense {
	normal := mat.NewSymDense(len(e.units)+1, nil)
	designs := make([]*mat.Dense, parallel.Threads(threads)) // no more in memory than are made together
	for block := range slices.Chunk(samples, len(designs)) {
		parallel.Each(len(block), threads, func(_, k int) error { // which never fails
			designs[k] = e.design(&block[k])
			return nil
		})
		for _, d := range designs[:len(block)] {
			if d != nil {
				normal.SymRankK(normal, 1, d.T())
			}
		}
	}
	return normal
}

// ridge is how much of the diagonal of the normal equations is added to it: of the largest
// for units that are alike, so that a pair of species that is only seen far apart does not go wild
// nearer.
const ridge = 1e-8

// solve returns the coefficients of the units, and spoils the normal equations.
func (e *embedding) solve(normal *mat.SymDense) (*mat.VecDense, error) {
	n := len(e.units)
	largest := map[int]float64{}
	for k, u := range e.units {
		largest[u.alike] = max(largest[u.alike], normal.At(k, k))
	}
	rhs := mat.NewVecDense(n, nil)
	for k, u := range e.units {
		rhs.SetVec(k, normal.At(k, n))
		extra := ridge * largest[u.alike]
		if extra == 0 {
			extra = 1 // for what no label tells of
		}
		normal.SetSym(k, k, normal.At(k, k)+extra)
	}
	var factor mat.Cholesky
	if !factor.Factorize(normal.SliceSym(0, n)) {
		return nil, fmt.Errorf("train: the fit of the embedded-atom part failed: are there labels or weights beyond all measure? want baseline = %q", BindingBaseline)
	}
	x := mat.NewVecDense(n, nil)
	if err := factor.SolveVecTo(x, rhs); err != nil {
		if _, ok := err.(mat.Condition); !ok { // the ridge is for that
			return nil, fmt.Errorf("train: the fit of the embedded-atom part: %w", err)
		}
	}
	return x, nil
}
