package neighbor

import (
	"fmt"
	"math"
)

// divide chooses the cells and returns the vectors that turn a position into
// cell coordinates.
func (c *cells) divide(pos [][3]float64) (scale [3][3]float64) {
	g := dual(c.frame)
	for k := range 3 {
		width := c.radius / cellsPerCutoff[k]
		if c.periodic[k] {
			periods := 1 / norm(g[k]) / width
			c.count[k] = max(1, int(min(periods, 1<<30)))
			c.fold[k] = c.count[k]
			c.reach[k] = int(min(math.Ceil(cellsPerCutoff[k]*float64(c.count[k])/periods), 1<<30))
			continue
		}
		scale[k] = scaled(g[k], 1/width)
		c.reach[k] = int(cellsPerCutoff[k])
		low, high := 0.0, 0.0
		for _, x := range pos {
			t := dot(sub(x, pos[0]), scale[k])
			low, high = min(low, t), max(high, t)
		}
		// Empty cells beyond the ends keep the two faces apart.
		c.fold[k] = int(min(high-low, 1<<30)) + 2 + c.reach[k]
	}
	most := float64(64 + 2*len(pos))
	for {
		widest, kept := -1, 1.0
		for k, n := range c.fold {
			kept *= float64(n)
			if n > 2*c.reach[k]+1 && (widest < 0 || n > c.fold[widest]) {
				widest = k
			}
		}
		if kept <= most || widest < 0 {
			break
		}
		c.fold[widest] = max((c.fold[widest]+1)/2, 2*c.reach[widest]+1)
	}
	for k := range 3 {
		if c.periodic[k] {
			c.count[k] -= c.count[k] % c.fold[k]
			scale[k] = scaled(g[k], float64(c.count[k]))
		}
	}
	return scale
}

// search lists the cells to visit from a cell. With the edges of the cells
// written as a triangle,
//
//	edge 2 = (x2, 0, 0), edge 1 = (x1, y1, 0), edge 0 = (x0, y0, z0),
//
// the offsets from a point of one cell to a point of another fill an interval
// along each axis, and a cell is left out if these are together too far.
func (c *cells) search(cutoff float64) error {
	size := 1.0
	edge := c.frame
	for k, r := range c.reach {
		size *= float64(2*r + 1)
		if c.periodic[k] {
			edge[k] = scaled(edge[k], 1/float64(c.count[k]))
		} else {
			edge[k] = scaled(edge[k], c.radius/cellsPerCutoff[k])
		}
	}
	if !(size <= mostImages) {
		return fmt.Errorf("neighbor: %.3g periodic images of each atom within %g Å in the lattice %v: is it in Å, and sheared no more than needed? %w",
			size, cutoff, c.lattice, ErrTooManyEdges)
	}
	x := unit(edge[2])
	z := unit(cross(x, edge[1]))
	y := cross(z, x)
	x2, x1, x0 := dot(edge[2], x), dot(edge[1], x), dot(edge[0], x)
	y1, y0 := dot(edge[1], y), dot(edge[0], y)
	z0 := math.Abs(dot(edge[0], z))
	// Half the length of the intervals, from one lower to two upper corners.
	halfX, halfY := x2+math.Abs(x1)+math.Abs(x0), y1+math.Abs(y0)

	c.stencil = c.stencil[:0]
	for d0 := -c.reach[0]; d0 <= c.reach[0]; d0++ {
		gapZ := max(0, (math.Abs(float64(d0))-1)*z0)
		for d1 := -c.reach[1]; d1 <= c.reach[1]; d1++ {
			gapY := max(0, math.Abs(float64(d1)*y1+float64(d0)*y0)-halfY)
			left := c.radius*c.radius - gapZ*gapZ - gapY*gapY
			if left <= 0 {
				continue
			}
			gapX := math.Sqrt(left) + halfX
			middle := float64(d1)*x1 + float64(d0)*x0
			low := max(-c.reach[2], int(math.Ceil((-gapX-middle)/x2)))
			high := min(c.reach[2], int(math.Floor((gapX-middle)/x2)))
			if low <= high {
				c.stencil = append(c.stencil, bar{d0, d1, low, high})
			}
		}
	}
	return nil
}
