package neighbor

import (
	"cmp"
	"math"
	"slices"
)

// arrange gives rows to the atoms of the cells: in the order of their numbers if
// they lie well by these, else in that of the curve.
func (l *List) arrange() {
	l.order = l.order[:0]
	if l.cells.wander() < mostWander {
		for i := range l.cells.cell {
			l.order = append(l.order, int32(i))
		}
	} else {
		for _, c := range l.curve.through(l.cells.fold) {
			for _, a := range l.cells.atoms[l.cells.first[c.low]:l.cells.first[c.high]] {
				l.order = append(l.order, int32(a.index))
			}
		}
	}
	l.rows = resized(l.rows, len(l.order))
	for row, i := range l.order {
		l.rows[i] = int32(row)
	}
}

// mostWander is how many cutoffs atoms in good order lie apart. A crystal made cell
// by cell has 0.6; its rows repeat, which processors foresee, and are left alone.
const mostWander = 2

// wander returns how many cutoffs, about, an atom and the next by number lie apart
// in the mean, coordinates added.
func (c *cells) wander() float64 {
	sum := 0.0
	for i := 1; i < len(c.cell); i++ {
		for k, t := range c.cell[i] {
			d := math.Abs(float64(t - c.cell[i-1][k]))
			sum += min(d, max(float64(c.fold[k])-d, 0)) / cellsPerCutoff[k]
		}
	}
	return sum / float64(max(len(c.cell)-1, 1))
}

// atom returns the atom of a row.
func (l *List) atom(row int) int {
	if !l.Group {
		return row
	}
	return int(l.order[row])
}

// rowPositions returns pos in the order of rows.
func (l *List) rowPositions(pos [][3]float64) [][3]float64 {
	if !l.Group {
		return pos
	}
	l.here = resized(l.here, len(pos))
	for row, i := range l.order {
		l.here[row] = pos[i]
	}
	return l.here
}

// curve is a walk through kept cells. Those along the last row are thinner than
// a cutoff, see cellsPerCutoff, and taken together.
type curve struct {
	fold [3]int
	runs []run
}

// run is the kept cells from low to high, and their place along the curve.
type run struct {
	key       uint64
	low, high int32
}

// through returns the runs of cells along the curve of Morton: a cube of 2^n
// cells is gone through before the next, for every n.
func (c *curve) through(fold [3]int) []run {
	if fold == c.fold {
		return c.runs
	}
	c.fold, c.runs = fold, c.runs[:0]
	together := int(cellsPerCutoff[2])
	for t0 := range fold[0] {
		for t1 := range fold[1] {
			bar := (t0*fold[1] + t1) * fold[2]
			for t2 := 0; t2 < fold[2]; t2 += together {
				key := spreadBits(t0)<<2 | spreadBits(t1)<<1 | spreadBits(t2/together)
				c.runs = append(c.runs, run{key, int32(bar + t2), int32(bar + min(t2+together, fold[2]))})
			}
		}
	}
	slices.SortFunc(c.runs, func(a, b run) int { return cmp.Compare(a.key, b.key) })
	return c.runs
}

// spreadBits moves bit k of a number below 2^21 to bit 3k. Of a larger one, in a
// row of cells that long, the lower bits do: a curve that comes by twice is a
// curve still.
func spreadBits(t int) uint64 {
	x := uint64(t) & (1<<21 - 1)
	x = (x | x<<32) & 0x1f00000000ffff
	x = (x | x<<16) & 0x1f0000ff0000ff
	x = (x | x<<8) & 0x100f00f00f00f00f
	x = (x | x<<4) & 0x10c30c30c30c30c3
	return (x | x<<2) & 0x1249249249249249
}
