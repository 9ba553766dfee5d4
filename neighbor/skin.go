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
	// Each runs a loop over atoms, calling body for parts that cover 0 to count,
	// on several threads perhaps. Nil means on this one.
	Each func(count int, body func(lo, hi int))

	// Group gives rows of the graph to atoms along a curve through space, unless
	// their numbers follow one already: a loop over rows then finds what belongs
	// to neighbors in the cache, however the atoms are numbered.
	// Row r is that of atom Order()[r], and Neighbor lists rows, but in every row
	// the edges are in the same order as without it: a sum over them does not
	// depend, to the last bit, on when the last search was. It is set before
	// the first Update.
	Group bool

	cutoff, skin float64
	pbc          [3]bool

	graph Graph
	args  loops
	next  []int // scratch of linkReverse
	curve curve
	order []int32      // [row] atom, with Group
	rows  []int32      // [atom] its row
	here  [][3]float64 // [row] positions of the update

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
	l := &List{cutoff: cutoff, skin: skin, pbc: pbc}
	l.args.count, l.args.fill = l.countRows, l.fillRows
	return l, nil
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
	if err := l.pick(pos, lattice); err != nil {
		return nil, rebuilt, err
	}
	l.graph.linkReverse(l.next, l.rows)
	return &l.graph, rebuilt, nil
}

// Order lists the atoms of the rows, nil without Group. It changes with a search
// only.
func (l *List) Order() []int32 { return l.order }

// pick makes the graph of the pairs closer than the cutoff.
func (l *List) pick(pos [][3]float64, lattice [3][3]float64) error {
	l.graph.reset()
	l.args.pos, l.args.lattice = l.rowPositions(pos), lattice
	if l.Each == nil {
		for i := range pos {
			if err := l.graph.appendRow(l.args.pos, &lattice, l.cutoff, l.candidates(i)); err != nil {
				return l.coincident()
			}
		}
		return nil
	}
	// Counting first tells every part where its rows are.
	g := &l.graph
	g.Start = resized(g.Start, len(pos)+1)
	g.Start[0] = 0
	l.Each(len(pos), l.args.count)
	for i := range pos {
		if g.Start[i+1] < 0 {
			return l.coincident()
		}
		g.Start[i+1] += g.Start[i]
	}
	edges := g.Start[len(pos)]
	g.Neighbor, g.Shift, g.Vec = resized(g.Neighbor, edges), resized(g.Shift, edges), resized(g.Vec, edges)
	l.Each(len(pos), l.args.fill)
	return nil
}

// loops are the loops of pick and what they work on (positions of rows), made once: a function value
// made in every update would be garbage.
type loops struct {
	pos         [][3]float64
	lattice     [3][3]float64
	count, fill func(lo, hi int)
}

// countRows writes the lengths of rows to Start, -1 for a row with atoms at the
// same place.
func (l *List) countRows(lo, hi int) {
	cutoff2 := l.cutoff * l.cutoff
	for i := lo; i < hi; i++ {
		n, c := 0, l.candidates(i)
		for k, j := range c.neighbor {
			_, r2 := vector(l.args.pos, &l.args.lattice, i, j, c.shift[k])
			if r2 == 0 {
				n = -1
				break
			}
			if r2 < cutoff2 {
				n++
			}
		}
		l.graph.Start[i+1] = n
	}
}

// coincident is the error of the first atom that has another one at its place.
func (l *List) coincident() error {
	for i := range l.args.pos {
		row := i
		if l.Group {
			row = int(l.rows[i])
		}
		c := l.candidates(row)
		for k, j := range c.neighbor {
			if _, r2 := vector(l.args.pos, &l.args.lattice, row, j, c.shift[k]); r2 == 0 {
				return coincident(i, int32(l.atom(int(j))), c.shift[k])
			}
		}
	}
	return nil
}

// fillRows writes rows to their places.
func (l *List) fillRows(lo, hi int) {
	cutoff2, g := l.cutoff*l.cutoff, &l.graph
	for i := lo; i < hi; i++ {
		n, c := g.Start[i], l.candidates(i)
		for k, j := range c.neighbor {
			if v, r2 := vector(l.args.pos, &l.args.lattice, i, j, c.shift[k]); r2 < cutoff2 {
				g.Neighbor[n], g.Shift[n], g.Vec[n] = j, c.shift[k], v
				n++
			}
		}
	}
}

// candidates returns the pairs of row i in the last search.
func (l *List) candidates(i int) row {
	low, high := l.start[i], l.start[i+1]
	return row{l.pairs.neighbor[low:high], l.pairs.shift[low:high]}
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
		if err := l.reserve(len(pos)); err != nil {
			return err
		}
	}
	if l.Group {
		l.arrange()
	}
	for row := range pos {
		r, err := l.cells.row(l.atom(row))
		if err != nil {
			return err
		}
		if l.Group {
			for k, j := range r.neighbor {
				r.neighbor[k] = l.rows[j]
			}
		}
		l.pairs.neighbor = append(l.pairs.neighbor, r.neighbor...)
		l.pairs.shift = append(l.pairs.shift, r.shift...)
		if len(l.pairs.neighbor) > mostEdges(len(pos)) {
			return tooManyEdges(len(pos), l.cutoff+l.skin)
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
func (l *List) reserve(atoms int) error {
	const headroom = 1.1 // pairs come and go
	count := l.cells.edges()
	if count > mostEdges(atoms) {
		return tooManyEdges(atoms, l.cutoff+l.skin)
	}
	pairs := headroom * float64(count)
	share := l.cutoff / (l.cutoff + l.skin)
	l.pairs.neighbor = slices.Grow(l.pairs.neighbor, int(pairs))
	l.pairs.shift = slices.Grow(l.pairs.shift, int(pairs))
	l.graph.reserve(atoms, int(pairs*share*share*share))
	return nil
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

// Memory returns the bytes that the list and its graph occupy.
func (l *List) Memory() int {
	g := &l.graph
	edges := cap(g.Neighbor)*4 + cap(g.Shift)*6 + cap(g.Vec)*24 + cap(g.Reverse)*4
	pairs := cap(l.pairs.neighbor)*4 + cap(l.pairs.shift)*6
	atoms := 8*(cap(g.Start)+cap(l.start)+cap(l.next)) + 24*(cap(l.pos)+cap(l.here)) + 4*(cap(l.order)+cap(l.rows)) + 16*cap(l.curve.runs)
	return edges + pairs + atoms + l.cells.memory()
}
