package forensics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ponita/neighbor"
)

// near finds frames with almost the same distances between the same atoms, such
// as neighbours in a trajectory. A frame's partner is its nearest.
func (e *examination) near() {
	// Frames whose sketches are near, the nearest first.
	type candidate struct {
		item   int
		sketch float64
	}
	var candidates []candidate
	nearest := make([]partner, len(e.items))
	for k := range nearest {
		nearest[k] = partner{-1, math.Inf(1)}
	}
	for _, group := range e.group(func(it *item) string { return fmt.Sprint(it.frame.Species, it.frame.PBC) }) {
		slices.SortStableFunc(group, func(a, b int) int {
			return cmp.Compare(e.items[a].sketch[0], e.items[b].sketch[0])
		})
		for n, a := range group {
			x := &e.items[a]
			// Four standard deviations of a projection.
			window := 4 * nearTolerance * x.scale
			candidates = candidates[:0]
			for m := n + 1; m < min(len(group), n+1+nearLimit); m++ {
				y := &e.items[group[m]]
				if y.sketch[0]-x.sketch[0] > window {
					break
				}
				if s := x.sketched(y); s <= 2*nearTolerance && !x.copies(y) {
					candidates = append(candidates, candidate{group[m], s})
				}
			}
			slices.SortStableFunc(candidates, func(p, q candidate) int { return cmp.Compare(p.sketch, q.sketch) })
			for _, c := range candidates[:min(len(candidates), nearEnough)] {
				if d := difference(x, &e.items[c.item]); d < nearTolerance {
					nearest[a].take(c.item, d)
					nearest[c.item].take(a, d)
				}
			}
		}
	}
	e.reportNear(nearest)
}

// partner is the frame nearest to another.
type partner struct {
	item     int // -1 is none
	distance float64
}

func (p *partner) take(item int, distance float64) {
	if distance < p.distance {
		*p = partner{item, distance}
	}
}

// sketched estimates the root mean square difference of the distances [Å] from
// the projections.
func (it *item) sketched(o *item) float64 {
	sum := 0.
	for n := range it.sketch {
		d := it.sketch[n] - o.sketch[n]
		sum += d * d
	}
	return math.Sqrt(sum/float64(len(it.sketch))) / max(it.scale, 1e-12)
}

// difference is the root mean square difference [Å] of the distances between
// the same atoms, +Inf for graphs that are too different.
func difference(x, y *item) float64 {
	reach := max(x.reach, y.reach)
	g, err := graph(x.frame, reach)
	if err != nil {
		return math.Inf(1)
	}
	h, err := graph(y.frame, reach)
	if err != nil {
		return math.Inf(1)
	}
	sum, n, odd := 0., 0, 0
	for i := range x.frame.Species {
		k, l := g.Start[i], h.Start[i]
		for k < g.Start[i+1] || l < h.Start[i+1] {
			p, kNext := run(g, k, g.Start[i+1])
			q, lNext := run(h, l, h.Start[i+1])
			switch {
			case k < g.Start[i+1] && (l == h.Start[i+1] || g.Neighbor[k] < h.Neighbor[l]):
				odd, k = odd+len(p), kNext
				continue
			case l < h.Start[i+1] && (k == g.Start[i+1] || h.Neighbor[l] < g.Neighbor[k]):
				odd, l = odd+len(q), lNext
				continue
			}
			for m := range min(len(p), len(q)) {
				d := p[m] - q[m]
				sum, n = sum+d*d, n+1
			}
			odd += max(len(p), len(q)) - min(len(p), len(q))
			k, l = kNext, lNext
		}
	}
	if n == 0 || 10*odd > n { // more pairs crossed the cutoff than so near frames have there
		return math.Inf(1)
	}
	return math.Sqrt(sum / float64(n))
}

// run returns the ascending distances of the edges to the neighbour of edge k,
// its images included, and where the next neighbour begins.
func run(g *neighbor.Graph, k, end int) (distances []float64, next int) {
	for next = k; next < end && g.Neighbor[next] == g.Neighbor[k]; next++ {
		distances = append(distances, norm(g.Vec[next]))
	}
	slices.Sort(distances)
	return distances, next
}

// manyNear is the fraction of a part with near copies elsewhere from which on
// errors measured on it are too small.
const manyNear = 0.05

func (e *examination) reportNear(nearest []partner) {
	found := map[[2]int][]int{}
	size := map[int]int{}
	for k := range e.items {
		size[e.items[k].part()]++
		if o := nearest[k].item; o >= 0 && e.items[k].copyOf == nil {
			p, q := e.items[k].part(), e.items[o].part()
			found[[2]int{p, q}] = append(found[[2]int{p, q}], k)
		}
	}
	for _, pq := range sortedKeys(found) {
		list := found[pq]
		closest := list[0]
		for _, k := range list {
			if nearest[k].distance < nearest[closest].distance {
				closest = k
			}
		}
		detail := fmt.Sprintf("closest %s and %s, %.4f Å", e.name(closest, nearest[closest].item), e.name(nearest[closest].item, closest), nearest[closest].distance)
		fraction := float64(len(list)) / float64(size[pq[0]])
		switch {
		case pq[0] == pq[1]:
			e.add(Note, "near-duplicate", e.places(list...), "fine for a path or a scan; frames of a trajectory that are so close teach little, and a random split puts them on both sides",
				"%s within %g Å (root mean square of the distances) of another: %s", plural(len(list), "frame"), nearTolerance, detail)
		case fraction > manyNear:
			e.add(Warning, "near-leak", e.places(list...), "errors measured there are too small: split by trajectory, not by frame",
				"%s of %s (%.0f %%) within %g Å of one in %s: %s", plural(len(list), "frame"), e.partName(pq[0]), 100*fraction, nearTolerance, e.partName(pq[1]), detail)
		case pq[0] > pq[1] || found[[2]int{pq[1], pq[0]}] == nil:
			e.add(Note, "near-leak", e.places(list...), "too few to matter",
				"%s of %s within %g Å of one in %s: %s", plural(len(list), "frame"), e.partName(pq[0]), nearTolerance, e.partName(pq[1]), detail)
		}
	}
}
