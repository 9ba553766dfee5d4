package neighbor

import (
	"cmp"
	"fmt"
	"slices"
)

// row returns the candidates for edges of center i, in the order of a row of
// Graph. They are all atoms within the radius but the center itself, and stay
// valid until the next call.
func (c *cells) row(i int) (row, error) {
	self := c.slot[i]
	found := row{c.found.neighbor[:0], c.found.shift[:0]}
	order := c.order[:0]
	for k := range c.cover(c.cell[i]) {
		s := &c.segments[k]
		for _, slot := range c.scan(s, self) {
			if slot == self && s.shift == ([3]int{}) {
				continue
			}
			j := c.atom[slot]
			var shift [3]int16
			for m := range shift {
				whole := s.shift[m] + int(c.wrap[i][m]) - int(c.wrap[j][m])
				shift[m] = int16(whole)
				if int(shift[m]) != whole {
					return row{}, fmt.Errorf("neighbor: atoms %d and %d (counted from 0) are neighbors by %d lattice vectors %d: %w",
						i, j, whole, m, ErrShiftRange)
				}
			}
			order = append(order, uint64(j)<<32|uint64(len(found.neighbor)))
			found.neighbor = append(found.neighbor, j)
			found.shift = append(found.shift, shift)
		}
	}
	// The stencil meets the images of one atom by ascending shift, unless the
	// shifts are those of another basis.
	slices.Sort(order)
	if c.toLattice != unitBasis {
		slices.SortFunc(order, func(a, b uint64) int {
			return cmp.Or(cmp.Compare(a>>32, b>>32),
				slices.Compare(found.shift[uint32(a)][:], found.shift[uint32(b)][:]))
		})
	}
	sorted := row{c.sorted.neighbor[:0], c.sorted.shift[:0]}
	for _, o := range order {
		sorted.neighbor = append(sorted.neighbor, int32(o>>32))
		sorted.shift = append(sorted.shift, found.shift[uint32(o)])
	}
	c.found, c.order, c.sorted = found, order, sorted
	return sorted, nil
}

// edges returns the number of candidates of all rows together.
func (c *cells) edges() (n int) {
	for slot, i := range c.atom {
		for k := range c.cover(c.cell[i]) {
			n += len(c.scan(&c.segments[k], int32(slot)))
		}
		n-- // itself
	}
	return n
}

// scan returns the slots of a segment that are within the radius of the atom in slot
// center.
func (c *cells) scan(s *segment, center int32) []int32 {
	if len(c.hits) < int(s.high-s.low) {
		c.hits = make([]int32, 2*(s.high-s.low))
	}
	hits, n := c.hits, 0
	radius2 := c.radius * c.radius
	x := sub(c.pos[center], s.offset)
	for slot := s.low; slot < s.high; slot++ {
		p := &c.pos[slot]
		dx, dy, dz := p[0]-x[0], p[1]-x[1], p[2]-x[2]
		// Written always and kept sometimes: one atom in six is within the
		// radius, which no branch predictor guesses.
		hits[n] = slot
		if dx*dx+dy*dy+dz*dz < radius2 {
			n++
		}
	}
	return hits[:n]
}

// cover returns the segments to scan for the atoms of cell t.
func (c *cells) cover(t [3]int32) []segment {
	if t == c.around {
		return c.segments
	}
	c.around = t
	c.segments = c.segments[:0]
	var period [3]int
	for _, b := range c.stencil {
		var t0, t1, t2 int
		t0, period[0] = c.kept(0, int(t[0])+b.d0)
		t1, period[1] = c.kept(1, int(t[1])+b.d1)
		bar := (t0*c.fold[1] + t1) * c.fold[2]
		for d2 := b.low; d2 <= b.high; {
			t2, period[2] = c.kept(2, int(t[2])+d2)
			length := min(b.high-d2+1, c.fold[2]-t2)
			d2 += length
			low, high := c.first[bar+t2], c.first[bar+t2+length]
			if low < high {
				c.segments = append(c.segments, c.segment(low, high, period))
			}
		}
	}
	return c.segments
}

// kept returns where along row k cell t is kept, and the number of periods
// from there to t.
func (c *cells) kept(k, t int) (place, period int) {
	if 0 <= t && t < c.fold[k] {
		return t, 0
	}
	if c.periodic[k] {
		period = floorDiv(t, c.count[k])
	}
	return t - floorDiv(t, c.fold[k])*c.fold[k], period
}

func (c *cells) segment(low, high int32, period [3]int) segment {
	s := segment{low: low, high: high}
	if period != ([3]int{}) {
		for k, p := range period {
			for m, u := range c.toLattice[k] {
				s.shift[m] += p * u
			}
		}
		s.offset = c.translation(s.shift)
	}
	return s
}
