package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

// references returns the reference energy of every species [eV], whether they
// are fitted to the training data, and warnings about them. extra is a file of isolated atoms, or nil.
func references(s Settings, d, extra *Dataset, species []int, frames []int) (e0 []float64, fit bool, warnings []string, err error) {
	e0 = make([]float64, len(species))
	if len(s.ReferenceEnergies) > 0 {
		e0, warnings, err = given(s.ReferenceEnergies, species)
		return e0, false, warnings, err
	}
	var missing []string
	if s.Reference != "fit" {
		if missing, err = isolated(e0, species, s.Cutoff, d, extra); err != nil {
			return nil, false, nil, err
		}
		if len(missing) == 0 {
			return e0, false, nil, nil
		}
		if s.Reference == "isolated" || extra != nil {
			return nil, false, nil, fmt.Errorf("train: no isolated atom of %v; add one-atom frames with an energy, or set reference = \"fit\"", missing)
		}
	}
	e0, warnings, err = fitted(d, species, frames)
	if len(missing) > 0 && len(missing) < len(species) {
		warnings = append(warnings, fmt.Sprintf("no isolated atom of %s: those of the other elements are not used, and reference energies are fitted", strings.Join(missing, ", ")))
	}
	return e0, true, warnings, err
}

// given parses entries such as "H=-13.568", and warns about those of other elements.
func given(entries []string, species []int) (e0 []float64, warnings []string, err error) {
	byElement := map[int]float64{}
	for _, entry := range entries {
		symbol, text, _ := strings.Cut(entry, "=")
		z := xyz.AtomicNumber(strings.TrimSpace(symbol))
		e, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if z == 0 || err != nil || math.IsNaN(e) || math.IsInf(e, 0) {
			return nil, nil, fmt.Errorf("train: reference_energies: %q, want an element and an energy in eV such as \"H=-13.568\"", entry)
		}
		if _, ok := byElement[z]; ok {
			return nil, nil, fmt.Errorf("train: reference_energies has two energies of %s", xyz.Symbol(z))
		}
		byElement[z] = e
		if !slices.Contains(species, z) {
			warnings = append(warnings, fmt.Sprintf("reference_energies has %s, which is not in the training data: the model will not know it", xyz.Symbol(z)))
		}
	}
	e0 = make([]float64, len(species))
	for k, z := range species {
		e, ok := byElement[z]
		if !ok {
			return nil, nil, fmt.Errorf("train: reference_energies has no %s, which is in the training data", xyz.Symbol(z))
		}
		e0[k] = e
	}
	return e0, warnings, nil
}

// isolated fills in the energies of frames with a single atom and no
// neighbours within the cutoff; it returns the symbols without one. Two energies of
// one element are an error.
func isolated(e0 []float64, species []int, cutoff float64, sets ...*Dataset) (missing []string, err error) {
	found := make([]*xyz.Frame, len(species))
	for _, d := range sets {
		if d == nil {
			continue
		}
		for k, f := range d.Frames {
			at := -1
			if alone(f, cutoff) {
				at = slices.Index(species, f.Species[0])
			}
			if at < 0 || d.Labels[k].Energy == nil {
				continue
			}
			e := *d.Labels[k].Energy
			if found[at] != nil && math.Abs(e-e0[at]) > sameAtom {
				return nil, fmt.Errorf("train: isolated atoms of %s with two energies, %g eV (%v) and %g eV (%v): leave one out", xyz.Symbol(species[at]), e0[at], found[at].Origin, e, f.Origin)
			}
			e0[at], found[at] = e, f
		}
	}
	for k, z := range species {
		if found[k] == nil {
			missing = append(missing, xyz.Symbol(z))
		}
	}
	return missing, nil
}

// sameAtom is by how much energies of isolated atoms of one element may differ, eV: by the
// digits that files have.
const sameAtom = 1e-3

// fitted solves E ≈ Σ_z n_z E0[z] in the least squares of minimum norm. With one
// composition in all frames only the sum is determined, and the split among
// elements is arbitrary: that is warned about.
func fitted(d *Dataset, species []int, frames []int) ([]float64, []string, error) {
	var rows, rhs []float64
	for _, k := range frames {
		if d.Labels[k].Energy == nil {
			continue
		}
		count := make([]float64, len(species))
		for _, z := range d.Frames[k].Species {
			count[slices.Index(species, z)]++
		}
		rows, rhs = append(rows, count...), append(rhs, *d.Labels[k].Energy)
	}
	if len(rhs) == 0 {
		return make([]float64, len(species)), []string{"no energies in the training data: reference energies are zero"}, nil
	}
	e0, rank, err := leastSquares(rows, rhs, len(species))
	if err != nil {
		return nil, nil, err
	}
	var warnings []string
	if rank < len(species) {
		warnings = append(warnings, fmt.Sprintf("the compositions in the data determine %d of %d reference energies: "+
			"the fit is ill-conditioned, and energies of other compositions or of dissociated atoms mean nothing; "+
			"add isolated atoms or set reference_energies", rank, len(species)))
	}
	return e0, warnings, nil
}

// leastSquares solves Σ_k rows[i][k] x[k] ≈ rhs[i] for the x of minimum norm, and
// returns how many of its components the rows determine.
func leastSquares(rows, rhs []float64, unknowns int) (solution []float64, rank int, err error) {
	a := mat.NewDense(len(rhs), unknowns, rows)
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return nil, 0, fmt.Errorf("train: the fit of energies by composition failed")
	}
	values := svd.Values(nil)
	for _, v := range values {
		if v > 1e-8*values[0] {
			rank++
		}
	}
	var x mat.Dense
	svd.SolveTo(&x, mat.NewDense(len(rhs), 1, rhs), rank)
	return mat.Col(nil, 0, &x), rank, nil
}

// meanEnergies returns the mean energy of a bound atom of each species [eV]: the fit of
// energies by how many are bound in each sample, as equal for all species as the data
// allow. Samples without an energy have NaN.
func meanEnergies(energies []float64, bound [][]float64, species int) ([]float64, error) {
	sum, atoms := 0., 0.
	for n, count := range bound {
		if !math.IsNaN(energies[n]) {
			sum, atoms = sum+energies[n], atoms+floats.Sum(count)
		}
	}
	if atoms == 0 {
		return make([]float64, species), nil
	}
	mean := sum / atoms
	var rows, rhs []float64
	for n, count := range bound {
		if !math.IsNaN(energies[n]) {
			rows, rhs = append(rows, count...), append(rhs, energies[n]-mean*floats.Sum(count))
		}
	}
	energy, _, err := leastSquares(rows, rhs, species)
	for z := range energy {
		energy[z] += mean
	}
	return energy, err
}

// bound returns how many atoms of each species a binding binds: [sample][species].
func (t *Trainer) bound(b potential.Binding) (count [][]float64) {
	for _, s := range t.samples {
		count = append(count, b.Bound(t.model.Config, s.graph, s.kind))
	}
	return count
}

// rest returns the energies of the samples beyond what the model already gives and
// the usual energy of each bound atom [eV]: NaN without an energy. A new network gives
// nothing.
func (t *Trainer) rest(usual []float64, bound [][]float64) ([]float64, error) {
	var given []Prediction
	if t.start != nil {
		var err error
		if given, err = Predict(t.model, t.data.Subset(t.frames), t.settings.Threads, potential.DoublePrecision()); err != nil {
			return nil, err
		}
	}
	out := make([]float64, len(t.samples))
	for n, s := range t.samples {
		if s.energy == nil {
			out[n] = math.NaN()
			continue
		}
		out[n] = *s.energy
		if given != nil {
			out[n] = *t.data.Labels[t.frames[n]].Energy - given[n].Energy
		}
		out[n] -= floats.Dot(usual, bound[n])
	}
	return out, nil
}

// setAside sets the mean energy of the atoms in the samples aside: as binding, or with
// fitted reference energies as a part of them.
func (t *Trainer) setAside(graphs []*neighbor.Graph, fitted bool) error {
	species := len(t.model.Config.Species)
	usual := make([]float64, species)
	if t.start != nil && !fitted {
		usual = startingBinding(t.model, t.start)
	}
	var binding potential.Binding
	if !fitted {
		var kinds [][]int
		for _, s := range t.samples {
			kinds = append(kinds, s.kind)
		}
		binding = potential.NewBinding(t.model.Config, graphs, kinds)
		if t.start != nil {
			keepCompany(&binding, t.model, t.start)
		}
	}
	bound := t.bound(binding)
	rest, err := t.rest(usual, bound)
	if err != nil {
		return err
	}
	energy, err := meanEnergies(rest, bound, species)
	if err != nil {
		return err
	}
	floats.Add(energy, usual)
	if fitted {
		floats.Add(t.model.ReferenceEnergies, energy)
	} else {
		binding.Energy = energy
		t.model.Binding = binding
	}
	return t.makeSamples(graphs)
}

// statistics of the training data that normalise the network.
type statistics struct {
	neighbors float64           // mean number within the cutoff
	shortest  [][]float64       // Å, [species][species], 0 for pairs not seen
	graphs    []*neighbor.Graph // of the frames
}

func measure(d *Dataset, frames []int, c potential.Config) (st statistics, err error) {
	st.shortest = make([][]float64, len(c.Species))
	for k := range st.shortest {
		st.shortest[k] = make([]float64, len(c.Species))
	}
	atoms, edges := 0, 0
	for _, n := range frames {
		f := d.Frames[n]
		kind, err := c.Kinds(f.Species)
		if err != nil {
			return st, fmt.Errorf("train: %v: %w", f.Origin, err)
		}
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, c.Cutoff)
		if err != nil {
			return st, fmt.Errorf("train: %v: %w", f.Origin, err)
		}
		st.graphs = append(st.graphs, g)
		atoms += len(kind)
		edges += len(g.Neighbor)
		for i := range kind {
			for e := g.Start[i]; e < g.Start[i+1]; e++ {
				v := g.Vec[e]
				r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
				if s := &st.shortest[kind[i]][kind[g.Neighbor[e]]]; *s == 0 || r < *s {
					*s = r
				}
			}
		}
	}
	if edges == 0 {
		return st, fmt.Errorf("train: no two atoms in the training data are closer than the cutoff, %g Å", c.Cutoff)
	}
	st.neighbors = float64(edges) / float64(atoms)
	return st, nil
}
