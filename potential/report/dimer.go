package report

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// Dimers are the energies of two atoms alone, for all pairs of elements.
type Dimers struct {
	Verdict Verdict `json:"verdict"`
	Pairs   []Dimer `json:"pairs"`
}

// Dimer is the energy of one pair beside the reference energies.
type Dimer struct {
	Elements [2]string `json:"elements"`
	Distance []float64 `json:"distance_A"`
	Energy   []float64 `json:"energy_eV"`
	Shortest float64   `json:"shortest_A,omitempty"` // in the test set
	// Well is the innermost minimum, Depth by how much the energy rises outside
	// of it before it falls below it again, Ratio its distance over the sum of
	// the covalent radii. A curve that only falls has none.
	Well  float64 `json:"well_A,omitempty"`
	Depth float64 `json:"well_depth_eV,omitempty"`
	Ratio float64 `json:"well_over_covalent,omitempty"`
	// Innermost is the energy at the smallest distance, Minimum the lowest of all.
	Innermost float64 `json:"innermost_eV"`
	Minimum   float64 `json:"minimum_eV"`
	At        float64 `json:"minimum_A"`
	// Slope is the largest beyond bonds and the shortest distance, SlopeAt where.
	Slope   float64 `json:"steepest_eV_per_A"`
	SlopeAt float64 `json:"steepest_at_A"`
	// Separated is what the energy beyond the cutoff differs from the sum of the
	// reference energies, relative to it: rounding at most.
	Separated float64 `json:"separated_relative"`
}

const (
	innermost = 0.3  // Å
	beyond    = 1.1  // of the cutoff
	spacing   = 0.02 // Å
	// shallow is a dip that is none, eV.
	shallow = 1e-3
	// Distances over the sum of the covalent radii: no bond of any pair is below
	// the first (Cr2, the shortest, is at 0.6), hardly any below the second (N2
	// is at 0.77).
	fused = 0.55
	tight = 0.75
	// Beyond loose times the sum of the covalent radii no bond pulls or pushes with a
	// third of cliff, eV/Å (N2, the strongest, pulls with 13).
	loose = 1.2
	cliff = 40
	// exact is the rounding of a sum of two energies in float64.
	exact = 1e-13
)

// dimers scans all pairs in float64, along a direction that is not one of the
// grid's.
func (r *Report) dimers(_ context.Context, m *potential.Model, d *train.Dataset, _ Options) {
	r.Dimers = &Dimers{}
	shortest := shortestDistances(m, d)
	species := m.Config.Species
	for a, z := range species {
		for b := range a + 1 {
			dimer, err := scan(m, species[b], z, shortest[b][a])
			if err != nil {
				r.Dimers.Verdict = impossible(err)
				return
			}
			dimer.well(species[b], z)
			wall := 0.
			if outer := m.Repulsion.Outer; len(outer) > 0 {
				wall = outer[b][a]
			}
			dimer.steepest(species[b], z, wall)
			r.Dimers.Pairs = append(r.Dimers.Pairs, dimer)
		}
	}
	r.Dimers.Verdict = r.Dimers.judge(m)
}

func scan(m *potential.Model, a, b int, shortest float64) (Dimer, error) {
	dimer := Dimer{Elements: [2]string{xyz.Symbol(a), xyz.Symbol(b)}, Shortest: shortest}
	calc, err := m.Calculator([]int{a, b}, [3]bool{}, potential.DoublePrecision(), potential.Threads(1))
	if err != nil {
		return dimer, err
	}
	kinds, err := m.Kinds([]int{a, b})
	if err != nil {
		return dimer, err
	}
	reference := m.ReferenceEnergies[kinds[0]] + m.ReferenceEnergies[kinds[1]]
	direction := [3]float64{0.28, 0.576, 0.768} // of unit length
	var virial [3][3]float64
	forces := make([][3]float64, 2)
	for n := 0; ; n++ {
		x := innermost + spacing*float64(n)
		pos := [][3]float64{{}, {x * direction[0], x * direction[1], x * direction[2]}}
		energy, err := calc.Compute(pos, [3][3]float64{}, forces, &virial)
		if err != nil {
			return dimer, fmt.Errorf("%s–%s at %.2f Å: %w", dimer.Elements[0], dimer.Elements[1], x, err)
		}
		dimer.Distance, dimer.Energy = append(dimer.Distance, x), append(dimer.Energy, energy-reference)
		if x > m.Config.Cutoff {
			dimer.Separated = max(dimer.Separated, math.Abs(energy-reference)/max(math.Abs(reference), 1))
		}
		if x > beyond*m.Config.Cutoff {
			return dimer, nil
		}
	}
}

// well finds the minima.
func (d *Dimer) well(a, b int) {
	d.Innermost, d.Minimum = d.Energy[0], math.Inf(1)
	for k, e := range d.Energy {
		if e < d.Minimum {
			d.Minimum, d.At = e, d.Distance[k]
		}
	}
	// Going out the energy only falls until it rises by more than a ripple:
	// what was passed then is the innermost well.
	lowest := 0
	for k, e := range d.Energy {
		switch {
		case e < d.Energy[lowest] && d.Depth > shallow:
			return
		case e < d.Energy[lowest]:
			lowest, d.Depth = k, 0
		case e-d.Energy[lowest] > max(d.Depth, shallow):
			d.Depth = e - d.Energy[lowest]
			d.Well = d.Distance[lowest]
			d.Ratio = d.Well / (potential.CovalentRadius(a) + potential.CovalentRadius(b))
		}
	}
}

// steepest finds the largest slope where atoms are farther apart than bonded ones, than
// the closest in the test set and than wall, up to where the model has a repulsion, Å.
func (d *Dimer) steepest(a, b int, wall float64) {
	from := max(d.Shortest, wall, loose*(potential.CovalentRadius(a)+potential.CovalentRadius(b)))
	for k := 1; k < len(d.Energy); k++ {
		if d.Distance[k-1] < from {
			continue
		}
		if slope := math.Abs(d.Energy[k]-d.Energy[k-1]) / (d.Distance[k] - d.Distance[k-1]); slope > d.Slope {
			d.Slope, d.SlopeAt = slope, d.Distance[k]
		}
	}
}

func (d *Dimers) judge(m *potential.Model) Verdict {
	var holes, tights, open, steps []string
	for _, p := range d.Pairs {
		name := p.Elements[0] + "–" + p.Elements[1]
		at := fmt.Sprintf("%s at %.2f Å, %s eV deep", name, p.Well, short(p.Depth))
		switch {
		case p.Well > 0 && p.Ratio < fused:
			holes = append(holes, at)
		case p.Well > 0 && p.Ratio < tight && (p.Shortest == 0 || p.Well < p.Shortest):
			tights = append(tights, at)
		}
		if p.Slope > cliff {
			steps = append(steps, fmt.Sprintf("%s at %.2f Å, %s eV/Å", name, p.SlopeAt, short(p.Slope)))
		}
		if !(p.Separated <= exact) {
			open = append(open, name)
		}
	}
	switch {
	case len(holes) > 0:
		return verdict(Fail, "Holes in the repulsive wall, into which atoms fall: %s.", strings.Join(holes, "; "))
	case len(open) > 0:
		return verdict(Fail, "Separated atoms do not have their reference energies: %s.", strings.Join(open, ", "))
	case len(steps) > 0:
		return verdict(Fail, "Steps in the energy where atoms are farther apart than bonded ones: %s.", strings.Join(steps, "; "))
	case len(tights) > 0:
		return verdict(Caution, "A minimum closer than bonds are, and than the atoms are in the test set: %s. Everything else rises all the way in to %g Å, and separated atoms have exactly their reference energies.",
			strings.Join(tights, "; "), innermost)
	}
	text := fmt.Sprintf("No holes down to %g Å in any of %d pairs; separated atoms have exactly their reference energies.", innermost, len(d.Pairs))
	if len(m.Repulsion.Outer) == 0 {
		return verdict(Caution, "%s The model has no short-range repulsion, so this is luck.", text)
	}
	return Verdict{Pass, text}
}

// shortestDistances returns the shortest distances in the set, Å, 0 for pairs
// that are not within the cutoff: [species][species].
func shortestDistances(m *potential.Model, d *train.Dataset) [][]float64 {
	out := make([][]float64, len(m.Config.Species))
	for k := range out {
		out[k] = make([]float64, len(out))
	}
	for _, f := range d.Frames {
		kinds, err := m.Kinds(f.Species)
		if err != nil {
			continue // Predict has refused it before
		}
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, m.Config.Cutoff)
		if err != nil {
			continue
		}
		for i, a := range kinds {
			for e := g.Start[i]; e < g.Start[i+1]; e++ {
				b := kinds[g.Neighbor[e]]
				if r := norm(g.Vec[e]); out[a][b] == 0 || r < out[a][b] {
					out[a][b], out[b][a] = r, r
				}
			}
		}
	}
	return out
}
