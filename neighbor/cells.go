package neighbor

import (
	"fmt"
	"math"
	"slices"
)

// cellsPerCutoff is the number of cells along one cutoff. Finer cells enclose the
// cutoff more tightly; along the last row this costs nothing, because the cells
// of a bar are scanned as one run.
var cellsPerCutoff = [3]float64{1, 1, 3}

// cells holds atoms sorted into cells, small parallelepipeds along the rows of
// a frame. It finds the candidates for edges and keeps its memory between
// structures.
//
// A cell has whole coordinates t. Along a periodic row there are count cells
// to a period, so t and t+count differ by one lattice shift. Only fold cells
// are kept along each row, fold dividing count, and cell t is kept at t mod fold:
// otherwise a large empty cell, or one atom that left the others, would need
// memory for its distance. Since a search spans at most fold cells along each row,
// it meets every kept cell once and every pair once, and the distance
// rejects atoms of other cells that are kept in the same place.
type cells struct {
	lattice   [3][3]float64
	frame     [3][3]float64 // reduced lattice vectors; unit normals where not periodic
	toLattice [3][3]int     // frame[k] = sum_m toLattice[k][m] lattice[m]
	periodic  [3]bool
	count     [3]int  // cells per period
	fold      [3]int  // cells kept
	slack     float64 // Å: more than rounding can change a distance
	radius    float64 // cutoff + slack
	reach     [3]int  // cells within radius on either side
	stencil   []bar

	first []int32    // [cell] atoms of the cell have slots first[cell] to first[cell+1]
	atoms []placed   // [slot] sorted by cell, ascending within a cell
	slot  []int32    // [atom]
	wrap  [][3]int32 // [atom] lattice translations removed from the position
	cell  [][3]int32 // [atom] t, modulo count where periodic, modulo fold where not

	around   [3]int32  // the cell that segments belong to
	segments []segment // what the stencil covers around it
	keys     []uint64  // candidates of one center: atom<<32 | segment
	found    row       // the same, as row returns them
}

// placed is an atom in its cell.
type placed struct {
	pos   [3]float64 // from atom 0, wrapped into the cell
	index int        // of the atom
}

// row is candidates for the neighbors of one center.
type row struct {
	neighbor []int32
	shift    [][3]int16
}

// bar is a row of cells t + (d0, d1, low…high), seen from cell t, that may
// hold an atom within the radius.
type bar struct{ d0, d1, low, high int }

// segment is a run of slots that all have the same shift.
type segment struct {
	low, high int32
	shift     [3]int     // in the lattice
	offset    [3]float64 // the same as a vector, Å
}

// sort places the atoms for a search of neighbors closer than cutoff.
func (c *cells) sort(pos [][3]float64, lattice [3][3]float64, pbc [3]bool, cutoff float64) error {
	c.lattice, c.periodic = lattice, pbc
	extent, err := spread(pos)
	if err != nil {
		return err
	}
	full, err := completed(lattice, pbc)
	if err != nil {
		return err
	}
	c.frame, c.toLattice = reduced(full, pbc)
	if err := c.checkPeriods(); err != nil {
		return err
	}
	if err := c.checkDensity(len(pos), cutoff); err != nil {
		return err
	}
	for k, g := range dual(c.frame) {
		// Beyond this shifts overflow, in 64 bits too, before they are compared
		// with 16.
		if periods := extent * norm(g); pbc[k] && periods > 1<<31 {
			return fmt.Errorf("neighbor: atoms %.3g periods apart, wrap them into the cell: %w", periods, ErrShiftRange)
		}
	}
	c.slack = c.rounding(extent + cutoff)
	if err := c.checkRounding(); err != nil {
		return err
	}
	c.radius = cutoff + c.slack
	scale := c.divide(pos)
	if err := c.search(cutoff); err != nil {
		return err
	}
	return c.place(pos, scale)
}

// rounding bounds the error of a distance computed through wrapped positions in
// the frame against one computed from the positions, for atoms within extent of
// atom 0. It is what makes candidates a superset of edges.
func (c *cells) rounding(extent float64) float64 {
	g := dual(c.frame)
	size := extent
	for k := range 3 {
		if !c.periodic[k] {
			continue
		}
		// A reduced vector may be a small difference of long lattice vectors.
		row := 0.0
		for m := range 3 {
			row += math.Abs(float64(c.toLattice[k][m])) * norm(c.lattice[m])
		}
		size += row * (1 + extent*norm(g[k]))
	}
	return 0x1p-47 * size // 64 roundings of half an ulp
}

// place puts every atom into its cell with a counting sort.
func (c *cells) place(pos [][3]float64, scale [3][3]float64) error {
	n, kept := len(pos), c.fold[0]*c.fold[1]*c.fold[2]
	c.first = resized(c.first, kept+1)
	c.atoms = resized(c.atoms, n)
	c.slot, c.wrap, c.cell = resized(c.slot, n), resized(c.wrap, n), resized(c.cell, n)
	c.around = [3]int32{-1, -1, -1}

	clear(c.first)
	for i, x := range pos {
		index, err := c.locate(i, sub(x, pos[0]), &scale)
		if err != nil {
			return err
		}
		c.slot[i] = int32(index)
		c.first[index]++
	}
	for index := range kept {
		c.first[index+1] += c.first[index]
	}
	// Backwards, so that the end of a cell becomes its start and atoms stay in
	// order.
	for i := n - 1; i >= 0; i-- {
		index := c.slot[i]
		c.first[index]--
		slot := c.first[index]
		c.slot[i] = slot
		w := c.wrap[i]
		away := c.translation([3]int{int(w[0]), int(w[1]), int(w[2])})
		c.atoms[slot] = placed{sub(sub(pos[i], pos[0]), away), i}
	}
	return nil
}

// locate finds cell and wrap of atom i at d from atom 0, and returns where the
// cell is kept.
func (c *cells) locate(i int, d [3]float64, scale *[3][3]float64) (index int, err error) {
	var wrap [3]int
	for k := range 3 {
		t, n := int(math.Floor(dot(d, scale[k]))), c.fold[k]
		if c.periodic[k] {
			n = c.count[k]
			period := floorDiv(t, n)
			for m, u := range c.toLattice[k] {
				wrap[m] += period * u
			}
		}
		t -= floorDiv(t, n) * n
		c.cell[i][k] = int32(t)
		index = index*c.fold[k] + t%c.fold[k]
	}
	for m, w := range wrap {
		c.wrap[i][m] = int32(w)
		if int(c.wrap[i][m]) != w {
			return 0, fmt.Errorf("neighbor: atom %d is %v periods from atom 1, wrap it into the cell: %w", i+1, wrap, ErrShiftRange)
		}
	}
	return index, nil
}

// translation returns shift·lattice, to within c.slack.
func (c *cells) translation(shift [3]int) (v [3]float64) {
	for m, s := range shift {
		if s != 0 {
			for x := range v {
				v[x] += float64(s) * c.lattice[m][x]
			}
		}
	}
	return v
}

func floorDiv(t, n int) int {
	q := t / n
	if t%n < 0 {
		q--
	}
	return q
}

// resized returns s with length n, its contents undefined.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// memory returns the bytes of what grows with the number of atoms.
func (c *cells) memory() int {
	return 4*cap(c.first) + 32*cap(c.atoms) + 4*cap(c.slot) + 12*(cap(c.wrap)+cap(c.cell))
}
