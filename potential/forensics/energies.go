package forensics

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"ponita/xyz"
)

// Reference is how the energies of the frames follow from their composition.
type Reference struct {
	Source    string             `json:"source"`                // "isolated atoms", "fit" or "none"
	Energies  map[string]float64 `json:"energies_eV,omitempty"` // by element
	Rank      int                `json:"rank"`                  // how many of them the compositions determine
	Elements  int                `json:"elements"`              // how many there are
	Condition float64            `json:"condition,omitempty"`   // of the fit: largest over smallest singular value that is not zero
	Mean      float64            `json:"mean_eV_per_atom"`      // of what the energies have beside them
	Spread    float64            `json:"spread_meV_per_atom"`   // standard deviation of that
	perKind   []float64          // [kind]
}

const (
	// zeroSingular is below which a singular value is zero, relative to the
	// largest: as training decides it.
	zeroSingular = 1e-8
	// illConditioned is a condition number at which an error of 1 meV/atom moves
	// a reference energy by 1 eV.
	illConditioned = 1e3
)

// references fits reference energies, or takes those of isolated atoms where
// there are all.
func (e *examination) references() {
	r := &e.result.Reference
	*r = Reference{Source: "none", Elements: len(e.species), perKind: make([]float64, len(e.species))}
	counts, rows, mean := e.compositions()
	if len(rows) == 0 {
		return
	}
	fit := e.fitReferences(r, counts, rows, mean)
	r.Source, r.perKind = "fit", fit
	atoms, all := e.isolatedEnergies()
	if all {
		r.Source, r.perKind = "isolated atoms", atoms
	}
	r.Energies = map[string]float64{}
	for n, z := range e.species {
		r.Energies[xyz.Symbol(z)] = r.perKind[n]
	}
	var left []float64
	for k := range e.items {
		if x, ok := e.cohesion(&e.items[k]); ok {
			left = append(left, x)
		}
	}
	var deviation float64
	r.Mean, deviation = stat.PopMeanStdDev(left, nil)
	r.Spread = 1e3 * deviation
	switch {
	case all:
	case r.Rank < r.Elements:
		e.add(Note, "reference-fit", nil, "give training the energies of isolated atoms (--reference-file, --reference-energies), or never ask it for another composition or a dissociation",
			"the compositions determine %d of %d reference energies", r.Rank, r.Elements)
	case r.Condition > illConditioned:
		e.add(Warning, "reference-fit", nil, "give training the energies of isolated atoms (--reference-file, --reference-energies)",
			"the fit of %d reference energies has the condition number %.2g: they are uncertain by about %.1g times the error of an energy per atom", r.Elements, r.Condition, r.Condition)
	}
}

// compositions returns the different compositions [composition][kind] with how
// many frames have each and the mean of their energies, eV.
func (e *examination) compositions() (counts []float64, rows [][]float64, mean []float64) {
	index := map[string]int{}
	for k := range e.items {
		it := &e.items[k]
		if it.labels.Energy == nil || it.isolated() || len(it.frame.Species) == 0 {
			continue
		}
		row := make([]float64, len(e.species))
		for _, z := range it.frame.Species {
			row[e.kind(z)]++
		}
		key := fmt.Sprint(row)
		n, ok := index[key]
		if !ok {
			n = len(rows)
			index[key] = n
			counts, rows, mean = append(counts, 0), append(rows, row), append(mean, 0)
		}
		counts[n]++
		mean[n] += *it.labels.Energy
	}
	for n := range mean {
		mean[n] /= counts[n]
	}
	return counts, rows, mean
}

// fitReferences solves E/N = Σ_z n_z/N E0[z] in the least squares of minimum
// norm, one equation for each composition, weighted with its frames. (Training
// weights total energies; the rank is the same.)
func (e *examination) fitReferences(r *Reference, counts []float64, rows [][]float64, mean []float64) []float64 {
	a, b := mat.NewDense(len(rows), len(e.species), nil), mat.NewDense(len(rows), 1, nil)
	for n, row := range rows {
		atoms := 0.
		for _, c := range row {
			atoms += c
		}
		w := math.Sqrt(counts[n]) / atoms
		for k, c := range row {
			a.Set(n, k, w*c)
		}
		b.Set(n, 0, w*mean[n])
	}
	out := make([]float64, len(e.species))
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		return out
	}
	values := svd.Values(nil)
	for _, v := range values {
		if v > zeroSingular*values[0] {
			r.Rank++
			r.Condition = values[0] / v
		}
	}
	if r.Rank == 0 {
		return out
	}
	var x mat.Dense
	svd.SolveTo(&x, b, r.Rank)
	for k := range out {
		out[k] = x.At(k, 0)
	}
	return out
}

// isolatedEnergies returns the energies of isolated atoms, eV, and whether there
// are those of all elements.
func (e *examination) isolatedEnergies() (energies []float64, all bool) {
	energies, found := make([]float64, len(e.species)), make([]bool, len(e.species))
	for k := range e.items {
		it := &e.items[k]
		if it.isolated() && it.labels.Energy != nil {
			n := e.kind(it.frame.Species[0])
			energies[n], found[n] = *it.labels.Energy, true
		}
	}
	return energies, !slices.Contains(found, false)
}

// cohesion returns the energy per atom beside the reference energies, eV.
func (e *examination) cohesion(it *item) (float64, bool) {
	if it.labels.Energy == nil || it.isolated() || len(it.frame.Species) == 0 {
		return 0, false
	}
	x := *it.labels.Energy
	for _, z := range it.frame.Species {
		x -= e.result.Reference.perKind[e.kind(z)]
	}
	return x / float64(len(it.frame.Species)), true
}

// A frame binds by these energies, eV/atom, beside isolated atoms: from noble
// gases to tungsten and diamond, with room.
const (
	weakest   = 0.5
	strongest = -20.
)

// lone checks the energies of isolated atoms with each other and with the rest.
func (e *examination) lone() {
	byElement := make([][]int, len(e.species))
	for k := range e.items {
		if it := &e.items[k]; it.isolated() && it.labels.Energy != nil {
			n := e.kind(it.frame.Species[0])
			byElement[n] = append(byElement[n], k)
		}
	}
	for n, list := range byElement {
		low, high := math.Inf(1), math.Inf(-1)
		for _, k := range list {
			low, high = min(low, *e.items[k].labels.Energy), max(high, *e.items[k].labels.Energy)
		}
		if high-low > energyTolerance {
			e.add(Error, "isolated-atom", e.places(list...), "keep the one of the level of theory of the other frames",
				"energies of an isolated %s from %.6f to %.6f eV", xyz.Symbol(e.species[n]), low, high)
		}
	}
	if e.result.Reference.Source != "isolated atoms" {
		return
	}
	var odd []int
	worst := 0.
	for k := range e.items {
		if x, ok := e.cohesion(&e.items[k]); ok && (x > weakest || x < strongest) {
			odd = append(odd, k)
			if math.Abs(x) > math.Abs(worst) {
				worst = x
			}
		}
	}
	if 2*len(odd) > len(e.items) {
		e.add(Error, "isolated-atom", e.places(odd...), "the isolated atoms come from another level of theory (or another pseudopotential) than the frames: compute them again",
			"the frames differ from isolated atoms by %.4g eV/atom, expected %g to %g", worst, strongest, weakest)
	}
}

// precision notes energies that went through single precision: numbers on the
// grid of float32, up to the digits of the file.
func (e *examination) precision() {
	for n, s := range e.sets {
		coarse, frames, single := 0., 0, true
		for k := range e.items {
			it := &e.items[k]
			if it.set != n || it.labels.Energy == nil || it.isolated() {
				continue
			}
			v := *it.labels.Energy
			step := math.Abs(float64(math.Nextafter32(float32(v), float32(2*v)) - float32(v)))
			// By chance one in 500 is so near to the grid.
			single = single && math.Abs(float64(float32(v))-v) <= 1e-3*step
			frames++
			coarse = max(coarse, step)
		}
		if single && frames >= 5 && coarse > 1e-4 {
			e.add(Note, "precision", []Place{{File: s.Name}}, "errors of total energies below that mean nothing; take the energies from the original output if you need them",
				"all energies are rounded to single precision, in steps of %.2g meV", 1e3*coarse)
		}
	}
}

// firstNames names the first few frames.
func (e *examination) firstNames(items []int) string {
	var list []string
	for n, k := range items {
		if n == 4 {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("%s frame %d", e.sets[e.items[k].set].Name, e.items[k].index+1))
	}
	return strings.Join(list, ", ")
}

// span writes the range of a value over items, "3.2" or "-1.5 to 3.2".
func span(items []int, value func(k int) float64) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, k := range items {
		low, high = min(low, value(k)), max(high, value(k))
	}
	if fmt.Sprintf("%.3g", low) == fmt.Sprintf("%.3g", high) {
		return fmt.Sprintf("%.3g", low)
	}
	return fmt.Sprintf("%.3g to %.3g", low, high)
}
