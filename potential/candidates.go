package potential

import (
	"fmt"
	"math"
)

// candidates are the pairs of a domain that may be closer than the cutoff: those
// of atom i are list[start[i]:start[i+1]]. They change with the neighbour lists
// of the host, less often than positions.
//
// A ghost that is a periodic image of an own atom needs no row of its own: it
// has the place of that atom, and an edge to it has a reverse. One that is an
// image of another ghost has the place of that.
type candidates struct {
	rows   int     // own atoms and ghosts; -1 before there are lists
	places int     // own atoms and ghosts that are no images
	place  []int32 // [row]
	first  []int32 // [place] the row that is no image
	ids    []int64 // [place] the atom's number in all domains; empty if they are not known
	start  []int
	list   []int32 // [candidate] row
	back   []int32 // [candidate] the one of j for i, -1 if j is a ghost
	images bool    // some ghosts are images of own atoms
	linked bool    // the candidates of images have their opposites

	// scratch of transpose
	row, column              []int // [atom+1]
	next                     []int
	center, neighbor         []int32
	columnEntry, sortedEntry []int32
}

func (c *candidates) own() int { return len(c.start) - 1 }

// set takes over a copy of the lists of own atoms. images lists for each ghost
// the row that it is an image of, an own atom or an earlier ghost, or -1; it may
// be nil, and so may ids, of the rows.
func (c *candidates) set(rows int, start []int, list, images []int32, ids []int64) error {
	own := len(start) - 1
	if own < 0 || rows < own || start[0] != 0 || start[own] != len(list) {
		return fmt.Errorf("potential: %d rows, lists of neighbours for %d atoms with %d candidates: they do not fit together", rows, own, len(list))
	}
	c.rows = -1 // until the lists are known to be good
	if len(list) > math.MaxInt32 {
		return fmt.Errorf("potential: %d candidates, want fewer than 2³¹", len(list))
	}
	for i := range own {
		if start[i+1] < start[i] || start[i+1] > len(list) {
			return fmt.Errorf("potential: neighbours of atom %d are %d to %d of %d", i+1, start[i], start[i+1], len(list))
		}
		for _, j := range list[start[i]:start[i+1]] {
			if j < 0 || int(j) >= rows || int(j) == i {
				return newAtomError(i, -1, fmt.Errorf("potential: atom %d of %d rows has the neighbour %d", i+1, rows, j+1))
			}
		}
	}
	if err := c.setImages(own, rows, images); err != nil {
		return err
	}
	if err := c.setIDs(rows, ids); err != nil {
		return err
	}
	c.start = append(c.start[:0], start...)
	c.list = append(c.list[:0], list...)
	resize(&c.back, len(c.list))
	for k := range c.back {
		c.back[k] = -1
	}
	if err := c.linkOwn(); err != nil {
		return err
	}
	c.linked = !c.images
	c.rows = rows
	return nil
}

// setImages gives every row its place.
func (c *candidates) setImages(own, rows int, images []int32) error {
	if images != nil && len(images) != rows-own {
		return fmt.Errorf("potential: images of %d ghosts, want %d", len(images), rows-own)
	}
	resize(&c.place, rows)
	c.images, c.first = false, c.first[:0]
	for r := range c.place {
		if r < own || images == nil || images[r-own] == -1 {
			c.place[r] = int32(len(c.first))
			c.first = append(c.first, int32(r))
			continue
		}
		j := images[r-own]
		if j < 0 || int(j) >= r {
			return newAtomError(r, -1, fmt.Errorf("potential: row %d is an image of row %d, want one before it", r+1, j+1))
		}
		c.place[r] = c.place[j]
		c.images = c.images || int(c.place[r]) < own
	}
	c.places = len(c.first)
	return nil
}

// setIDs gives every place its ID.
func (c *candidates) setIDs(rows int, ids []int64) error {
	if ids == nil {
		c.ids = c.ids[:0]
		return nil
	}
	if len(ids) != rows {
		return fmt.Errorf("potential: %d IDs, want %d, one for each row", len(ids), rows)
	}
	resize(&c.ids, c.places)
	for p, row := range c.first {
		c.ids[p] = ids[row]
	}
	for row, id := range ids {
		if original := c.first[c.place[row]]; id != ids[original] {
			return newAtomError(row, -1, fmt.Errorf("potential: row %d has ID %d, the row %d that it is an image of has ID %d", row+1, id, original+1, ids[original]))
		}
	}
	return nil
}

// transpose sorts the candidates of own atoms among each other, in time
// proportional to their number: first by target, into columns, and these again
// by center, into rows with ascending targets. direct selects those of own rows,
// else of images.
func (c *candidates) transpose(direct bool) {
	own := c.own()
	row, column := cleared(&c.row, own+1), cleared(&c.column, own+1)
	selected := func(j int32) bool { return (int(j) < own) == direct && int(c.place[j]) < own }
	n := 0
	for i := range own {
		for _, j := range c.list[c.start[i]:c.start[i+1]] {
			if selected(j) {
				row[i+1]++
				column[c.place[j]+1]++
				n++
			}
		}
	}
	for i := range own {
		row[i+1] += row[i]
		column[i+1] += column[i]
	}
	resize(&c.center, n)
	resize(&c.columnEntry, n)
	resize(&c.neighbor, n)
	resize(&c.sortedEntry, n)
	next := append(c.next[:0], column[:own]...)
	for i := range own {
		for k := c.start[i]; k < c.start[i+1]; k++ {
			if j := c.list[k]; selected(j) {
				at := &next[c.place[j]]
				c.center[*at], c.columnEntry[*at] = int32(i), int32(k)
				*at++
			}
		}
	}
	next = append(next[:0], row[:own]...)
	for j := range own {
		for p := column[j]; p < column[j+1]; p++ {
			at := &next[c.center[p]]
			c.neighbor[*at], c.sortedEntry[*at] = int32(j), c.columnEntry[p]
			*at++
		}
	}
	c.next = next
}

// linkOwn finds the opposites of the candidates between own rows. If the lists
// are full, the column of an atom and its sorted row name the same atoms in the
// same order.
func (c *candidates) linkOwn() error {
	c.transpose(true)
	for i := range c.own() {
		low, high := c.row[i], c.row[i+1]
		if low != c.column[i] || high != c.column[i+1] {
			return c.oneSided(i)
		}
		for p := low; p < high; p++ {
			if c.neighbor[p] != c.center[p] {
				return c.oneSided(i)
			}
			c.back[c.sortedEntry[p]] = c.columnEntry[p]
		}
	}
	return nil
}

// linkImages finds the opposites of the candidates that are images, by their
// vectors: i sees the image of j at minus the vector at which j sees one of i.
// Rounding in the host may leave one without, at the far end of the lists.
func (c *candidates) linkImages(pos [][3]float64) {
	if c.linked {
		return
	}
	c.linked = true
	c.transpose(false)
	for i := range c.own() {
		q := c.column[i]
		for p := c.row[i]; p < c.row[i+1]; p++ {
			for q < c.column[i+1] && c.center[q] < c.neighbor[p] {
				q++
			}
			k := c.sortedEntry[p]
			v := sub(pos[c.list[k]], pos[i])
			for o := q; o < c.column[i+1] && c.center[o] == c.neighbor[p]; o++ {
				other := c.columnEntry[o]
				if other == k || c.back[other] >= 0 && c.back[other] != k {
					continue
				}
				// Images are farther apart than any rounding, and nearer than a cell.
				const rounding = 1e-6 // Å
				w := sub(pos[c.list[other]], pos[c.center[o]])
				if d := [3]float64{v[0] + w[0], v[1] + w[1], v[2] + w[2]}; dot(d, d) < rounding*rounding {
					c.back[k], c.back[other] = other, k
					break
				}
			}
		}
	}
}

// ends returns the rows whose difference, to less from, is x_ij of candidate k of
// atom i: of two opposite candidates both are told by the first, so their vectors
// are opposite to the last bit.
func (c *candidates) ends(i, k int) (from, to int32) {
	j := c.list[k]
	if b := c.back[k]; b >= 0 && int(b) < k && int(j) >= len(c.start)-1 {
		return c.list[b], c.place[j]
	}
	return int32(i), j
}

// oneSided names a candidate of atom i, or for it, that has no opposite.
func (c *candidates) oneSided(i int) error {
	times := func(a, b int) (n int) {
		for _, j := range c.list[c.start[a]:c.start[a+1]] {
			if int(j) == b {
				n++
			}
		}
		return n
	}
	for j := range c.own() {
		if there, back := times(i, j), times(j, i); there != back {
			return newAtomError(i, j, fmt.Errorf("potential: atom %d has the neighbour %d %d times, the other way round it is %d: want a full list", i+1, j+1, there, back))
		}
	}
	return fmt.Errorf("potential: the neighbours of atom %d are not those that have it", i+1) // not reached
}
