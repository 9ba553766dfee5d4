package neighbor

import (
	"fmt"
	"math"
	"slices"
)

// List keeps a graph up to date while atoms move. It searches for pairs out to
// cutoff+skin and reuses them until atoms or cell have moved so far that a
// pair could have come closer than cutoff unseen. The graph is the one
// [Build] returns, to the last bit.
//
// A List belongs to one goroutine and to one structure. In steady state it
// allocates nothing.
type List struct {
	cutoff, skin float64
	pbc          [3]bool

	graph Graph
	next  []int // scratch of linkReverse

	// The last search, all pairs closer than cutoff+skin at that time.
	valid   bool
	cells   cells
	start   []int
	pairs   row
	pos     [][3]float64
	lattice [3][3]float64
	frame   [3][3]float64
}

// NewList returns an empty list for edges shorter than cutoff [Å]. A larger skin
// [Å] means fewer and slower searches and more pairs to look through in
// between; 0 searches at every update.
func NewList(cutoff, skin float64, pbc [3]bool) (*List, error) {
	if err := checkCutoff(cutoff); err != nil {
		return nil, err
	}
	if !(skin >= 0) || math.IsInf(skin*skin, 1) {
		return nil, fmt.Errorf("neighbor: skin %g Å, want a finite length, 0 or more", skin)
	}
	return &List{cutoff: cutoff, skin: skin, pbc: pbc}, nil
}

// Update returns the graph of the edges shorter than the cutoff and whether it
// took a new search. The graph is overwritten by the next Update.
//
// The number of atoms and the lattice may change. So may the image
// by which an atom is given, at the price of a search. Update fails as Build does,
// and searches anew after a failure.
func (l *List) Update(pos [][3]float64, lattice [3][3]float64) (g *Graph, rebuilt bool, err error) {
	if _, err := spread(pos); err != nil {
		return nil, false, err
	}
	if rebuilt = !l.covers(pos, lattice); rebuilt {
		if err := l.search(pos, lattice); err != nil {
			return nil, true, err
		}
	}
	l.graph.reset()
	for i := range pos {
		low, high := l.start[i], l.start[i+1]
		candidates := row{l.pairs.neighbor[low:high], l.pairs.shift[low:high]}
		if err := l.graph.appendRow(pos, &lattice, l.cutoff, candidates); err != nil {
			return nil, rebuilt, err
		}
	}
	l.graph.linkReverse(l.next)
	return &l.graph, rebuilt, nil
}

// search finds all pairs closer than cutoff+skin.
func (l *List) search(pos [][3]float64, lattice [3][3]float64) error {
	l.valid = false
	if err := l.cells.sort(pos, lattice, l.pbc, l.cutoff+l.skin); err != nil {
		return err
	}
	l.start = append(l.start[:0], 0)
	l.pairs = row{l.pairs.neighbor[:0], l.pairs.shift[:0]}
	if len(pos) != len(l.pos) {
		l.reserve(len(pos))
	}
	for i := range pos {
		r, err := l.cells.row(i)
		if err != nil {
			return err
		}
		l.pairs.neighbor = append(l.pairs.neighbor, r.neighbor...)
		l.pairs.shift = append(l.pairs.shift, r.shift...)
		if len(l.pairs.neighbor) > math.MaxInt32 {
			return fmt.Errorf("neighbor: more than %d edges within %g Å: %w", math.MaxInt32, l.cutoff+l.skin, ErrTooManyEdges)
		}
		l.start = append(l.start, len(l.pairs.neighbor))
	}
	l.next = resized(l.next, len(pos))
	l.pos = append(l.pos[:0], pos...)
	l.lattice = lattice
	l.frame, _ = completed(lattice, l.pbc) // checked by sort
	l.valid = true
	return nil
}

// reserve makes room for the pairs and, by their share of the volume, for the
// edges: slices that grow from nothing would allocate several times as much.
func (l *List) reserve(atoms int) {
	const headroom = 1.1 // pairs come and go
	pairs := headroom * float64(l.cells.edges())
	share := l.cutoff / (l.cutoff + l.skin)
	l.pairs.neighbor = slices.Grow(l.pairs.neighbor, int(pairs))
	l.pairs.shift = slices.Grow(l.pairs.shift, int(pairs))
	l.graph.reserve(atoms, int(pairs*share*share*share))
}

// covers reports whether every pair closer than the cutoff is among those of
// the last search. Split the motion since then into the deformation D of the cell
// and displacements u_i = x_i − x_i⁰·D from it. A pair is now at
//
//	d = d⁰·D + u_j − u_i,  so  |d⁰| <= |D⁻¹| (|d| + |u_j − c| + |u_i − c|)
//
// for any common drift c. For a fixed cell this is the familiar rule, no atom
// further than skin/2 from where it was; under strain the deformation itself
// uses up the skin.
func (l *List) covers(pos [][3]float64, lattice [3][3]float64) bool {
	if !l.valid || len(pos) != len(l.pos) {
		return false
	}
	deform, back := identity, 1.0
	if lattice != l.lattice {
		frame, err := completed(lattice, l.pbc)
		if err != nil {
			return false
		}
		deform = deformation(l.frame, frame)
		back = stretch(deformation(frame, l.frame))
	}
	allowed := ((l.cutoff+l.skin)/back - l.cutoff) / 2
	largest, drift := l.displacement(pos, deform, [3]float64{})
	if largest <= allowed {
		return true
	}
	// Atoms may have drifted together, or the cell may have been scaled about
	// some other point than the origin, which is no reason to search.
	largest, _ = l.displacement(pos, deform, drift)
	return largest <= allowed
}

// displacement returns the largest |u_i − drift| and the mean of u_i, see covers.
func (l *List) displacement(pos [][3]float64, deform [3][3]float64, drift [3]float64) (largest float64, mean [3]float64) {
	size, largest2 := 0.0, 0.0
	for i, x := range pos {
		o := l.pos[i]
		var d2 float64
		for k := range 3 {
			u := x[k] - (o[0]*deform[0][k] + o[1]*deform[1][k] + o[2]*deform[2][k])
			mean[k] += u / float64(len(pos))
			u -= drift[k]
			d2 += u * u
			size = max(size, math.Abs(x[k]))
		}
		largest2 = max(largest2, d2)
	}
	// Coordinates have rounding errors, those of a strained frame more.
	return math.Sqrt(largest2) + l.cells.slack + 0x1p-48*size, mean
}
