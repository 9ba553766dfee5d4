package potential

import (
	"encoding/json"
	"fmt"
)

// Radial functions of the legendre family come from a network of the distance, whose first
// layer every pair of species shifts by weights of its own,
//
//	φ_p = GELU(GELU(Bessel(r)·(w1 + Δw1_p) + b1 + Δb1_p)·w2 + b2),  p the pair of species.
//
// The shifts are zero at first, and of a pair that no data have seen for ever. At run time
// all of this is in tables, one for every pair.

// Radial functions. See [Config.Radial].
const (
	Common = "common"
	Pairs  = "pairs"
)

// RadialSets returns how many sets of radial functions there are.
func (c *Config) RadialSets() int {
	if c.Radial != Pairs {
		return 1
	}
	return len(c.Species) * (len(c.Species) + 1) / 2
}

// RadialSet returns the index of the radial functions of two species, of their pair or of all.
func (c *Config) RadialSet(a, b int) int {
	if c.Radial != Pairs {
		return 0
	}
	return PairIndex(a, b)
}

// PairIndex returns the place of a pair of species in the order 00, 10, 11, 20, …
func PairIndex(a, b int) int {
	a, b = max(a, b), min(a, b)
	return a*(a+1)/2 + b
}

// assign finds the radial functions of every pair of atoms, whose species are the ones in
// the scalars.
func (e *edges) assign(c *Config, scalars []float64) {
	clear(resize(&e.set, len(e.first)))
	if c.Radial != Pairs {
		return
	}
	species := resize(&e.species, e.atoms())
	for i := range species {
		for z, v := range scalars[i*len(c.Species) : (i+1)*len(c.Species)] {
			if v != 0 {
				species[i] = z
			}
		}
	}
	pair := 0
	for i := range species {
		for ; pair < len(e.first) && int(e.first[pair]) < e.graph.Start[i+1]; pair++ {
			e.set[pair] = int32(c.RadialSet(species[i], species[e.graph.Neighbor[e.first[pair]]]))
		}
	}
}

// radialNet is the network behind one set of radial functions.
type radialNet[T Float] struct {
	*mlp[T]
	rows    []int // the pairs of atoms of this set, and the knees of its parabolas
	w       mlpWeights[T]
	w1, b1  []T // memory of the shifted ones
	dy, dyd []T // [row][basis]
}

// shift sets the weights of set k.
func (n *radialNet[T]) shift(w *weights[T], k int) {
	n.w = w.spatial
	if len(w.pairs.w1) == 0 {
		return
	}
	size, hidden := len(n.w.w1), len(n.w.b1)
	copy(resize(&n.w1, size), n.w.w1)
	copy(resize(&n.b1, hidden), n.w.b1)
	n.set.AXPY(n.w1, w.pairs.w1[k*size:(k+1)*size], 1)
	n.set.AXPY(n.b1, w.pairs.b1[k*hidden:(k+1)*hidden], 1)
	n.w.w1, n.w.b1 = n.w1, n.b1
}

// gradients adds the adjoints of the weights of set k for those of its rows of y and ẏ.
func (n *radialNet[T]) gradients(grad *weights[T], k int) {
	g := grad.spatial
	if len(grad.pairs.w1) == 0 {
		n.gradient(n.w, g, n.dy, n.dyd)
		return
	}
	// The adjoints of the common weights are the sums of those of all sets.
	size, hidden := len(g.w1), len(g.b1)
	own := mlpWeights[T]{grad.pairs.w1[k*size : (k+1)*size], grad.pairs.b1[k*hidden : (k+1)*hidden], g.w2, g.b2}
	n.gradient(n.w, own, n.dy, n.dyd)
	n.set.AXPY(g.w1, own.w1, 1)
	n.set.AXPY(g.b1, own.b1, 1)
}

// Distances is a distance for each set of radial functions. In JSON a number is one.
type Distances []float64

// UnmarshalJSON reads a list or a number.
func (d *Distances) UnmarshalJSON(data []byte) error {
	var one float64
	if err := json.Unmarshal(data, &one); err == nil {
		*d = nil
		if one != 0 {
			*d = Distances{one}
		}
		return nil
	}
	var list []float64
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("potential: want a distance or a list of them: %w", err)
	}
	*d = list
	return nil
}
