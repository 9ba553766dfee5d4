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
	keys := c.keys[:0]
	for k := range c.cover(c.cell[i]) {
		keys = c.scan(keys, k, c.slot[i])
	}
	c.keys = keys
	sortKeys(keys)
	if c.toLattice != unitBasis {
		// Segments ascend by shift in the reduced basis, not in the lattice.
		slices.SortFunc(keys, func(a, b uint64) int {
			return cmp.Or(cmp.Compare(a>>32, b>>32),
				slices.Compare(c.segments[uint32(a)].shift[:], c.segments[uint32(b)].shift[:]))
		})
	}
	r := row{resized(c.found.neighbor, len(keys)), resized(c.found.shift, len(keys))}
	c.found = r
	n, wi := 0, &c.wrap[i]
	for _, key := range keys {
		j, s := int32(key>>32), &c.segments[uint32(key)].shift
		wj := &c.wrap[j]
		// By components here and in appendRow: a short array built in registers
		// goes through the stack in pieces and the processor waits for them.
		shift := &r.shift[n]
		fits, union := true, 0
		for m := range s {
			x := s[m] + int(wi[m]) - int(wj[m])
			shift[m] = int16(x)
			fits = fits && x == int(int16(x))
			union |= x
		}
		if !fits {
			return row{}, fmt.Errorf("neighbor: atoms %d and %d are more than 32767 periods apart, wrap them into the cell: %w", i+1, j+1, ErrShiftRange)
		}
		if int(j) != i || union != 0 {
			r.neighbor[n] = j
			n++
		}
	}
	return row{r.neighbor[:n], r.shift[:n]}, nil
}

// sortKeys sorts keys. Most rows are short and made of a few ascending runs.
func sortKeys(keys []uint64) {
	if len(keys) > 64 {
		slices.Sort(keys)
		return
	}
	for k := 1; k < len(keys); k++ {
		key, m := keys[k], k
		for ; m > 0 && keys[m-1] > key; m-- {
			keys[m] = keys[m-1]
		}
		keys[m] = key
	}
}

// edges returns the number of candidates of all rows together, or of the first
// that are more than mostEdges.
func (c *cells) edges() (n int) {
	most := mostEdges(len(c.atoms))
	for slot := range c.atoms { // the atoms of a cell share its cover
		i := c.atoms[slot].index
		c.keys = c.keys[:0]
		for k := range c.cover(c.cell[i]) {
			c.keys = c.scan(c.keys, k, int32(slot))
		}
		if n += len(c.keys) - 1; n > most { // less itself
			break
		}
	}
	return n
}

// scan appends the atoms of segment k that are within the radius of the atom in
// slot center. Keys sort by atom, then by segment.
func (c *cells) scan(keys []uint64, k int, center int32) []uint64 {
	s := &c.segments[k]
	atoms := c.atoms[s.low:s.high]
	n := len(keys)
	keys = slices.Grow(keys, len(atoms))[:n+len(atoms)]
	segment, radius2 := uint64(k), c.radius*c.radius
	p := &c.atoms[center].pos
	x, y, z := p[0]-s.offset[0], p[1]-s.offset[1], p[2]-s.offset[2]
	for k := range atoms {
		a := &atoms[k]
		dx, dy, dz := a.pos[0]-x, a.pos[1]-y, a.pos[2]-z
		// Written always and kept sometimes: one atom in six is within the
		// radius, which no branch predictor guesses.
		keys[n] = uint64(a.index)<<32 | segment
		if dx*dx+dy*dy+dz*dz < radius2 {
			n++
		}
	}
	return keys[:n]
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
				c.addSegment(low, high, &period)
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

// addSegment appends the slots low to high, period periods from their atoms.
func (c *cells) addSegment(low, high int32, period *[3]int) {
	n := len(c.segments)
	c.segments = slices.Grow(c.segments, 1)[:n+1]
	s := &c.segments[n]
	s.low, s.high = low, high
	clear(s.shift[:])
	clear(s.offset[:])
	if *period == ([3]int{}) {
		return
	}
	for k, p := range period {
		for m, u := range c.toLattice[k] {
			s.shift[m] += p * u
		}
	}
	s.offset = c.translation(s.shift)
}
