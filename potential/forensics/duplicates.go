package forensics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ponita/xyz"
)

const (
	// sameTolerance is how much any distance may differ between two copies of
	// one structure, Å: turned copies in files with five decimals round by 1e-5,
	// and what differs by more is another frame, if perhaps a near one.
	sameTolerance = 2e-5
	// nearTolerance is the root mean square difference of distances below which
	// two frames hardly count as two, Å. Frames of a trajectory at 300 K that
	// are independent differ by 0.06 Å and more, those a step apart by 0.01 Å.
	nearTolerance = 0.02
	// Labels of copies may differ by the convergence of the calculation.
	energyTolerance = 2e-3 // eV/atom
	forceTolerance  = 0.05 // eV/Å
	// nearLimit bounds the search for near copies to this many neighbours in the
	// order of the first projection, so that its time grows as the number of
	// frames only.
	nearLimit = 2000
	// nearEnough frames with the nearest sketches are looked at: one may be in the midst of a
	// trajectory, or of others rattled as little as it.
	nearEnough = 5
)

// composition tells frames apart that cannot be copies of each other.
func composition(f *xyz.Frame) string {
	counts := map[int]int{}
	for _, z := range f.Species {
		counts[z]++
	}
	return fmt.Sprint(counts, f.PBC)
}

// group lists items with the same key, and only groups of two and more.
func (e *examination) group(key func(*item) string) [][]int {
	index := map[string]int{}
	var groups [][]int
	for k := range e.items {
		it := &e.items[k]
		if it.err != nil || it.isolated() {
			continue
		}
		s := key(it)
		n, ok := index[s]
		if !ok {
			n = len(groups)
			index[s] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], k)
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) < 2 })
}

// same finds structures that are there more than once, in any order of the
// atoms, anywhere in space, turned or mirrored: their sorted distances within
// their reach agree, pair of elements by pair of elements. (Two structures with
// equal sorted distances that are not copies exist on paper.)
func (e *examination) same() {
	for _, group := range e.group(func(it *item) string { return composition(it.frame) }) {
		slices.SortStableFunc(group, func(a, b int) int { return cmp.Compare(e.items[a].sums[0], e.items[b].sums[0]) })
		lists := map[int][][]float64{}
		copies := newUnion(len(group))
		for n, a := range group {
			if copies.find(n) != n {
				continue // compared where it was found
			}
			window := sameTolerance * (1 + e.items[a].slope)
			for m := n + 1; m < len(group) && e.items[group[m]].sums[0]-e.items[a].sums[0] <= window; m++ {
				if copies.find(n) != copies.find(m) && e.copies(a, group[m], window, lists) {
					copies.join(n, m)
				}
			}
		}
		for _, set := range copies.sets() {
			for k := range set {
				set[k] = group[set[k]]
			}
			slices.Sort(set)
			e.reportCopies(set)
		}
	}
	e.reportSame()
}

// copies compares two frames of one composition.
func (e *examination) copies(a, b int, window float64, lists map[int][][]float64) bool {
	x, y := &e.items[a], &e.items[b]
	if math.Abs(x.shape-y.shape) > 5*sameTolerance*(1+0.01*x.shape) {
		return false
	}
	for n := range x.sums {
		if math.Abs(x.sums[n]-y.sums[n]) > window {
			return false
		}
	}
	if !agree(e.sorted(a, lists), e.sorted(b, lists), e.Cutoff) {
		return false
	}
	if reach := max(x.reach, y.reach); reach > e.Cutoff {
		return agree(e.sortedWithin(a, reach), e.sortedWithin(b, reach), reach)
	}
	return true
}

// agree tells whether the ascending distances of two frames within a cutoff, by pairs of
// elements, are the same.
func agree(p, q [][]float64, cutoff float64) bool {
	for n := range p {
		short := min(len(p[n]), len(q[n]))
		for k := range short {
			if math.Abs(p[n][k]-q[n][k]) > sameTolerance {
				return false
			}
		}
		// What one has more must lie at the cutoff.
		for _, rest := range [][]float64{p[n][short:], q[n][short:]} {
			if len(rest) > 0 && rest[0] < cutoff-sameTolerance {
				return false
			}
		}
	}
	return true
}

// sorted returns the ascending distances of an item, kept in lists.
func (e *examination) sorted(k int, lists map[int][][]float64) [][]float64 {
	if d, ok := lists[k]; ok {
		return d
	}
	lists[k] = e.sortedWithin(k, e.Cutoff)
	return lists[k]
}

// sortedWithin returns the ascending distances of an item within a cutoff.
func (e *examination) sortedWithin(k int, cutoff float64) [][]float64 {
	f := e.items[k].frame
	g, err := graph(f, cutoff)
	if err != nil {
		return nil // not reached: items without a graph are in no group
	}
	d := e.distancesOf(f, g)
	for _, list := range d {
		slices.Sort(list)
	}
	return d
}

// reportCopies keeps a set of copies, and reports labels that contradict each
// other.
func (e *examination) reportCopies(set []int) {
	e.copySets = append(e.copySets, set)
	for _, k := range set {
		e.items[k].copyOf = set
	}
	if what := e.contradiction(set); what != "" {
		e.add(Error, "contradiction", e.places(set...),
			"they come from different calculations, or one is not converged: find out which is right and take the others out",
			"%d copies of one structure with different labels: %s", len(set), what)
	}
}

// byCell splits copies into those with the cell of an earlier one, that one
// included, and the rest, which are turned or mirrored.
func (e *examination) byCell(copies []int) (plain, turned []int) {
	var cells [][]int
next:
	for _, k := range copies {
		for n, cell := range cells {
			if sameCell(e.items[cell[0]].frame, e.items[k].frame) {
				cells[n] = append(cell, k)
				continue next
			}
		}
		cells = append(cells, []int{k})
	}
	for _, cell := range cells {
		if len(cell) > 1 {
			plain = append(plain, cell...)
		} else if len(cells) > 1 {
			turned = append(turned, cell...)
		}
	}
	return plain, turned
}

// examples names the first pairs of copies, of items and of a part.
func (e *examination) examples(items []int, part int) string {
	const shown = 3
	var list []string
	for _, k := range items {
		first := slices.IndexFunc(e.items[k].copyOf, func(o int) bool { return e.items[o].part() == part })
		if first < 0 || e.items[k].copyOf[first] >= k && e.items[k].part() == part {
			continue
		}
		if len(list) == shown {
			list = append(list, "…")
			break
		}
		other := e.items[k].copyOf[first]
		list = append(list, fmt.Sprintf("%s = %s", e.name(other, k), e.name(k, other)))
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// name names a frame beside another: with the file if that is not the same.
func (e *examination) name(k, beside int) string {
	it := &e.items[k]
	if it.set == e.items[beside].set {
		return fmt.Sprintf("frame %d", it.index+1)
	}
	return fmt.Sprintf("%s frame %d", e.sets[it.set].Name, it.index+1)
}

// copies tells whether two items are of one set of copies.
func (it *item) copies(o *item) bool {
	return it.copyOf != nil && o.copyOf != nil && &it.copyOf[0] == &o.copyOf[0]
}

// part numbers the parts of the data that must not share frames: files, and
// what is held back of a file.
func (it *item) part() int {
	if it.held {
		return 2*it.set + 1
	}
	return 2 * it.set
}

func (e *examination) partName(part int) string {
	s := e.sets[part/2]
	switch {
	case part%2 == 1:
		return s.Name + " (held back)"
	case len(s.Held) > 0:
		return s.Name + " (training)"
	}
	return s.Name
}

// contradiction says how the labels of copies differ, or "".
func (e *examination) contradiction(set []int) string {
	var low, high, least, most = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	atoms := float64(len(e.items[set[0]].frame.Species))
	for _, k := range set {
		l := e.items[k].labels
		if l.Energy != nil {
			low, high = min(low, *l.Energy), max(high, *l.Energy)
		}
		if l.Forces != nil {
			_, magnitude := largestForce(l.Forces)
			least, most = min(least, magnitude), max(most, magnitude)
		}
	}
	switch {
	case high-low > energyTolerance*atoms:
		return fmt.Sprintf("energies %.6f and %.6f eV", low, high)
	case most-least > forceTolerance+0.02*most:
		return fmt.Sprintf("largest forces %.3f and %.3f eV/Å", least, most)
	}
	return ""
}

// sameCell tells whether two copies have the same lattice, so that they are
// copies in the plain sense.
func sameCell(a, b *xyz.Frame) bool {
	for k := range 3 {
		if a.PBC[k] && norm(sub(a.Lattice[k], b.Lattice[k])) > 5*sameTolerance {
			return false
		}
	}
	return true
}

func sortedKeys[V any](m map[[2]int]V) [][2]int {
	var keys [][2]int
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	return keys
}

// union keeps disjoint sets of 0…n-1.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for k := range u {
		u[k] = k
	}
	return u
}

func (u union) find(k int) int {
	for u[k] != k {
		u[k] = u[u[k]]
		k = u[k]
	}
	return k
}

func (u union) join(a, b int) {
	a, b = u.find(a), u.find(b)
	u[max(a, b)] = min(a, b)
}

// sets returns the sets of two and more members, each ascending.
func (u union) sets() [][]int {
	members := make([][]int, len(u))
	for k := range u {
		r := u.find(k)
		members[r] = append(members[r], k)
	}
	return slices.DeleteFunc(members, func(s []int) bool { return len(s) < 2 })
}
