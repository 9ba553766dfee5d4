package neighbor

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Errors a caller may want to tell apart with errors.Is. The message names the
// atom, counted from 1, or the row at fault.
var (
	ErrNotFinite    = errors.New("not finite")
	ErrSingular     = errors.New("periodic lattice vectors are linearly dependent")
	ErrCoincident   = errors.New("atoms coincide")
	ErrShiftRange   = errors.New("lattice shift does not fit 16 bits")
	ErrTooManyEdges = errors.New("too many edges")
	ErrUnphysical   = errors.New("no structure of atoms")
)

// Graph holds the directed edges of a structure in compressed rows. Rows are
// sorted by neighbor, then by shift, component by component.
type Graph struct {
	Start    []int        // [atom+1] center i has the edges Start[i] to Start[i+1]
	Neighbor []int32      // [edge] neighbor j
	Shift    [][3]int16   // [edge] whole lattice translations S of j
	Vec      [][3]float64 // [edge] x_j + S·L − x_i, Å; opposite edges differ in sign, exactly
	Reverse  []int32      // [edge] the edge j→i with shift −S
}

// Build returns the graph of all pairs closer than cutoff [Å]. Time and memory
// are proportional to the number of edges, at 38 bytes each, whatever the shape
// of the cell and the distance of atoms from it.
//
// It fails with [ErrNotFinite], [ErrSingular], [ErrUnphysical], [ErrCoincident],
// [ErrShiftRange] or [ErrTooManyEdges]: atoms further than 1e9 Å from the origin,
// lattice vectors shorter than 0.1 Å and more than 10000 neighbors per atom
// are refused before they cost time or memory.
func Build(pos [][3]float64, lattice [3][3]float64, pbc [3]bool, cutoff float64) (*Graph, error) {
	if err := checkCutoff(cutoff); err != nil {
		return nil, err
	}
	var c cells
	if err := c.sort(pos, lattice, pbc, cutoff); err != nil {
		return nil, err
	}
	// Counting first costs a second search and saves a copy of the edges: Vec
	// alone is 24 bytes each, and growing slices would hold them twice.
	edges := c.edges()
	if edges > mostEdges(len(pos)) {
		return nil, tooManyEdges(len(pos), cutoff)
	}
	g := new(Graph)
	g.reserve(len(pos), edges)
	g.reset()
	for i := range pos {
		candidates, err := c.row(i)
		if err == nil {
			err = g.appendRow(pos, &lattice, cutoff, candidates)
		}
		if err != nil {
			return nil, err
		}
	}
	g.linkReverse(make([]int, len(pos)), nil)
	return g, nil
}

// reserve makes room for so many rows and edges.
func (g *Graph) reserve(atoms, edges int) {
	g.Start = slices.Grow(g.Start[:0], atoms+1)
	g.Neighbor = slices.Grow(g.Neighbor[:0], edges)
	g.Shift = slices.Grow(g.Shift[:0], edges)
	g.Vec = slices.Grow(g.Vec[:0], edges)
	g.Reverse = slices.Grow(g.Reverse[:0], edges)
}

// reset removes all rows and keeps the memory.
func (g *Graph) reset() {
	g.Start = append(g.Start[:0], 0)
	g.Neighbor = g.Neighbor[:0]
	g.Shift = g.Shift[:0]
	g.Vec = g.Vec[:0]
}

// appendRow appends the row of the next center: of the candidates, in the order
// of the row, those closer than cutoff.
func (g *Graph) appendRow(pos [][3]float64, lattice *[3][3]float64, cutoff float64, candidates row) error {
	i, n := len(g.Start)-1, len(g.Neighbor)
	end := n + len(candidates.neighbor)
	g.Neighbor = slices.Grow(g.Neighbor, len(candidates.neighbor))[:end]
	g.Shift = slices.Grow(g.Shift, len(candidates.neighbor))[:end]
	g.Vec = slices.Grow(g.Vec, len(candidates.neighbor))[:end]
	cutoff2 := cutoff * cutoff
	for k, j := range candidates.neighbor {
		s := candidates.shift[k]
		v, r2 := vector(pos, lattice, i, j, s)
		if r2 == 0 {
			return coincident(i, j, s)
		}
		g.Neighbor[n], g.Shift[n], g.Vec[n] = j, s, v
		if r2 < cutoff2 {
			n++
		}
	}
	g.Neighbor, g.Shift, g.Vec = g.Neighbor[:n], g.Shift[:n], g.Vec[:n]
	g.Start = append(g.Start, n)
	return nil
}

func coincident(i int, j int32, s [3]int16) error {
	return &AtomError{i, int(j), fmt.Errorf("neighbor: atom %d and atom %d with shift %v: %w", i+1, j+1, s, ErrCoincident)}
}

// vector returns x_j + S·L − x_i and its square. This is the only place that
// computes it, which is why graphs of all origins are equal to the last bit.
// Differences come first: the expression changes sign with the edge, exactly,
// and does not see the distance from the origin.
func vector(pos [][3]float64, lattice *[3][3]float64, i int, j int32, s [3]int16) (v [3]float64, r2 float64) {
	xi, xj := &pos[i], &pos[j]
	x, y, z := xj[0]-xi[0], xj[1]-xi[1], xj[2]-xi[2]
	if s != ([3]int16{}) {
		tx, ty, tz := translation(lattice, s)
		x, y, z = x+tx, y+ty, z+tz
	}
	return [3]float64{x, y, z}, float64(x*x) + float64(y*y) + float64(z*z)
}

// translation returns S·L. The conversions forbid fused multiply-add, so that
// all machines agree.
func translation(lattice *[3][3]float64, s [3]int16) (x, y, z float64) {
	a, b, c := float64(s[0]), float64(s[1]), float64(s[2])
	x = float64(a*lattice[0][0]) + float64(b*lattice[1][0]) + float64(c*lattice[2][0])
	y = float64(a*lattice[0][1]) + float64(b*lattice[1][1]) + float64(c*lattice[2][1])
	z = float64(a*lattice[0][2]) + float64(b*lattice[1][2]) + float64(c*lattice[2][2])
	return x, y, z
}

// linkReverse fills Reverse without a search. Going through the centers in
// order meets the edges into j in the order of row j, because that row is
// sorted by neighbor. Several edges i→j have ascending shifts, their reverses
// j→i descending ones. next is scratch of one number per atom, rows lists the
// row of every atom if it is not that of its number.
func (g *Graph) linkReverse(next []int, rows []int32) {
	edges := len(g.Neighbor)
	g.Reverse = slices.Grow(g.Reverse[:0], edges)[:edges]
	copy(next, g.Start)
	for i := range next {
		if rows != nil {
			i = int(rows[i])
		}
		for e, end := g.Start[i], g.Start[i+1]; e < end; {
			j := g.Neighbor[e]
			last := e
			for last+1 < end && g.Neighbor[last+1] == j {
				last++
			}
			first := next[j]
			next[j] += last + 1 - e
			for k := last; e <= last; e++ {
				g.Reverse[e] = int32(first + k - e)
			}
		}
	}
}

// checkCutoff rejects a cutoff that is not a positive finite length. Lengths are
// compared by their squares, so these must be positive and finite too.
func checkCutoff(cutoff float64) error {
	if square := cutoff * cutoff; !(cutoff > 0 && square > 0) || math.IsInf(square, 1) {
		return fmt.Errorf("neighbor: cutoff %g Å, want a positive finite length", cutoff)
	}
	return nil
}
