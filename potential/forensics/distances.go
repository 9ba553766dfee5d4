package forensics

import (
	"fmt"
	"slices"
	"strings"

	"ponita/xyz"
)

// Distance is the shortest distance of a pair of elements in all files.
type Distance struct {
	Elements [2]string `json:"elements"`
	Distance float64   `json:"distance_A"`
	Ratio    float64   `json:"over_covalent"` // over the sum of the covalent radii
	File     string    `json:"file"`
	Frame    int       `json:"frame"` // counted from 1
	Atoms    [2]int    `json:"atoms"` // counted from 1
}

// Shortest distances over the sum of the covalent radii below which atoms are
// too close. Bonds are near 1, the shortest of molecules at 600 K at 0.8, of molten
// molybdenum at 0.61, and H2 is at 1.2.
const (
	closeRatio  = 0.55
	fusionRatio = 0.4
)

// distances finds the shortest distance of each pair of elements, and frames
// with atoms that are implausibly close.
func (e *examination) distances() {
	for b := range e.species {
		for a := range b + 1 {
			e.pairDistances(a, b)
		}
	}
	slices.SortStableFunc(e.result.Shortest, func(x, y Distance) int {
		return slices.Compare([]int{xyz.AtomicNumber(x.Elements[0]), xyz.AtomicNumber(x.Elements[1])},
			[]int{xyz.AtomicNumber(y.Elements[0]), xyz.AtomicNumber(y.Elements[1])})
	})
	for n := range e.sets {
		e.unbuildable(n)
	}
}

func (e *examination) pairDistances(a, b int) {
	radii := bond(e.species[a], e.species[b])
	var shortest Distance
	var near []int
	fused := false
	for k := range e.items {
		it := &e.items[k]
		c := it.shortest[pair(a, b)]
		if c.distance == 0 {
			continue
		}
		d := Distance{
			[2]string{xyz.Symbol(e.species[a]), xyz.Symbol(e.species[b])}, c.distance, c.distance / radii,
			e.sets[it.set].Name, it.index + 1, [2]int{int(c.i) + 1, int(c.j) + 1},
		}
		if shortest.Distance == 0 || d.Distance < shortest.Distance {
			shortest = d
		}
		if d.Ratio < closeRatio {
			near = append(near, k)
			fused = fused || d.Ratio < fusionRatio
		}
	}
	if shortest.Distance == 0 {
		return
	}
	e.result.Shortest = append(e.result.Shortest, shortest)
	if len(near) == 0 {
		return
	}
	severity := Warning
	if fused {
		severity = Error
	}
	e.add(severity, "close-atoms", e.places(near...),
		"if it is not a collision computed on purpose, the positions are wrong: look at the unit (Bohr?), the lattice and the periodicity",
		"%s–%s at %.3f Å (%s, frame %d, atoms %d and %d), %.2f of the sum of the covalent radii",
		shortest.Elements[0], shortest.Elements[1], shortest.Distance, shortest.File, shortest.Frame, shortest.Atoms[0], shortest.Atoms[1], shortest.Ratio)
}

// unbuildable reports frames without a graph.
func (e *examination) unbuildable(set int) {
	var frames []int
	first := ""
	for k := range e.items {
		if it := &e.items[k]; it.set == set && it.err != nil {
			frames = append(frames, k)
			if first == "" {
				first = it.err.Error()
			}
		}
	}
	if len(frames) > 0 {
		e.add(Error, "no-graph", e.places(frames...), "no potential can be evaluated there; take the frames out or correct them", "%s", first)
	}
}

// lonely reports atoms that no other atom is within the cutoff of.
func (e *examination) lonely() {
	var frames []int
	atoms := 0
	for k := range e.items {
		if n := len(e.items[k].geometry.lonely); n > 0 {
			frames = append(frames, k)
			atoms += n
		}
	}
	e.bySet(frames, func(frames []int) {
		first := &e.items[frames[0]]
		e.add(Warning, "no-neighbor", e.places(frames...),
			"such an atom has its reference energy and no force, whatever its label says; take a larger cutoff or the frames out",
			"%s with an atom that has no neighbour within %g Å, first atom %d of frame %d",
			plural(len(frames), "frame"), e.Cutoff, first.geometry.lonely[0]+1, first.index+1)
	})
}

// thin notes cells in which atoms see their own images.
func (e *examination) thin() {
	var frames []int
	for k := range e.items {
		if e.items[k].width < e.Cutoff {
			frames = append(frames, k)
		}
	}
	e.bySet(frames, func(frames []int) {
		least := &e.items[frames[0]]
		for _, k := range frames {
			if e.items[k].width < least.width {
				least = &e.items[k]
			}
		}
		e.add(Note, "thin-cell", e.places(frames...),
			"all images are counted here, so this is fine; programs with the minimum-image convention are wrong for such cells",
			"%s in cells thinner than the cutoff %g Å, down to %.3f Å in frame %d",
			plural(len(frames), "frame"), e.Cutoff, least.width, least.index+1)
	})
}

// An element in fewer atoms or frames than these, of a set with many frames, is
// not learned.
const (
	fewAtoms  = 20
	fewFrames = 5
	manyItems = 50
)

// elements reports elements that are rare beside the others.
func (e *examination) elements() {
	if len(e.items) < manyItems {
		return
	}
	atoms, frames := make([]int, len(e.species)), make([][]int, len(e.species))
	for k := range e.items {
		if e.items[k].isolated() {
			continue
		}
		seen := make([]bool, len(e.species))
		for _, z := range e.items[k].frame.Species {
			n := e.kind(z)
			atoms[n]++
			if !seen[n] {
				seen[n] = true
				frames[n] = append(frames[n], k)
			}
		}
	}
	var absent []string
	for n, z := range e.species {
		switch {
		case atoms[n] == 0:
			absent = append(absent, xyz.Symbol(z))
		case atoms[n] < fewAtoms || len(frames[n]) < fewFrames:
			e.add(Warning, "rare-element", e.places(frames[n]...),
				"too few to learn how it interacts: add frames with it, or take these out",
				"only %s of %s, in %s of %d", plural(atoms[n], "atom"), xyz.Symbol(z), plural(len(frames[n]), "frame"), len(e.items))
		}
	}
	if len(absent) > 0 {
		e.add(Note, "rare-element", nil, "fine for reference energies; the model will know the element but none of its bonds",
			"%s only as isolated atoms", fmt.Sprint(strings.Join(absent, ", ")))
	}
}
