package train

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/combin"

	"ponita/internal/parallel"
	"ponita/potential"
)

// What is fitted to the data before the network. See [Settings.Baseline].
const (
	BindingBaseline      = "binding"
	EmbeddedAtomBaseline = "embedded-atom"
)

// mostEmbedded is how many elements an embedded-atom part may have: 1530 coefficients.
const mostEmbedded = 20

// embed fits the embedded-atom part of the model to the frames to train on, in the least
// squares of the loss with the energy weight of the end. Where reference energies are
// fitted, the energies of atoms are free in it: what they are, [Trainer.setAside] finds.
func (t *Trainer) embed(stats statistics, fitted bool) error {
	c := t.model.Config
	if len(c.Species) > mostEmbedded {
		return fmt.Errorf("train: baseline = %q with %d elements: want at most %d, or baseline = %q", EmbeddedAtomBaseline, len(c.Species), mostEmbedded, BindingBaseline)
	}
	fit := embedding{weights: t.settings.weights(0)}
	for _, unit := range units(len(c.Species)) {
		fit.units = append(fit.units, &potential.Model{Config: c, ReferenceEnergies: make([]float64, len(c.Species)), Embedded: unit})
	}
	if fitted {
		for z := range c.Species {
			e0 := make([]float64, len(c.Species))
			e0[z] = 1
			fit.units = append(fit.units, &potential.Model{Config: c, ReferenceEnergies: e0})
		}
	}
	x, err := fit.solve(fit.normal(t.samples, t.settings.Threads))
	if err != nil {
		return err
	}
	into := t.model.Embedded.Coefficients()
	for k, unit := range fit.units {
		for n, a := range unit.Embedded.Coefficients() {
			*into[n] += x.AtVec(k) * *a
		}
	}
	return t.makeSamples(stats.graphs)
}

// units returns embedded-atom potentials of which all are sums: those of the densities, and
// for pairs Bernstein's polynomials, C(n,k) u^k (1 − u)^(n−k), bumps one beside the other,
// that data tell apart as powers of u are not.
func units(species int) (out []potential.EmbeddedAtom) {
	add := func(set func(u *potential.EmbeddedAtom)) {
		u := potential.NewEmbeddedAtom(species)
		set(&u)
		out = append(out, u)
	}
	for z := range species {
		add(func(u *potential.EmbeddedAtom) { u.Root[z] = 1 })
		add(func(u *potential.EmbeddedAtom) { u.Square[z] = 1 })
	}
	all := potential.NewEmbeddedAtom(species)
	for p, powers := range all.Pair {
		for k := range powers {
			add(func(u *potential.EmbeddedAtom) {
				first, last := potential.LeastPairPower+k, potential.LeastPairPower+len(powers)-1
				sign := float64(combin.Binomial(last, first))
				for n := first; n <= last; n++ {
					u.Pair[p][n-potential.LeastPairPower] = sign * float64(combin.Binomial(last-first, n-first))
					sign = -sign
				}
			})
		}
	}
	return out
}

// embedding is a fit by least squares of models of coefficient 1.
type embedding struct {
	units   []*potential.Model
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
	for k, unit := range e.units {
		b := unit.Baseline(s.graph, s.kind)
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

// ridge is how much of the diagonal of the normal equations is added to it: what the data
// do not determine is small then.
const ridge = 1e-8

// atOnce is how many samples' rows are in memory together.
const atOnce = 64

// normal returns the normal equations, with the labels as the last row. They do not depend
// on the number of threads.
func (e *embedding) normal(samples []sample, threads int) *mat.SymDense {
	normal := mat.NewSymDense(len(e.units)+1, nil)
	designs := make([]*mat.Dense, atOnce)
	for block := range slices.Chunk(samples, atOnce) {
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

// solve returns the coefficients of the units, and spoils the normal equations.
func (e *embedding) solve(normal *mat.SymDense) (*mat.VecDense, error) {
	n := len(e.units)
	rhs := mat.NewVecDense(n, nil)
	for k := range n {
		rhs.SetVec(k, normal.At(k, n))
		d := normal.At(k, k)
		if d == 0 {
			d = 1 // of species that are never near each other
		}
		normal.SetSym(k, k, (1+ridge)*d)
	}
	var factor mat.Cholesky
	if !factor.Factorize(normal.SliceSym(0, n)) {
		return nil, fmt.Errorf("train: the fit of the embedded-atom part failed: want baseline = %q", BindingBaseline)
	}
	x := mat.NewVecDense(n, nil)
	if err := factor.SolveVecTo(x, rhs); err != nil {
		if _, ok := err.(mat.Condition); !ok { // the ridge is for that
			return nil, fmt.Errorf("train: the fit of the embedded-atom part: %w", err)
		}
	}
	return x, nil
}
