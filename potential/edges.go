package potential

import "ponita/neighbor"

// edges is the graph of one configuration with what every family of kernels
// needs of it. An edge e carries a message from neighbor j to center i and has
// the vector x_ij = x_j − x_i. The two directions of a bond are one pair: what
// depends on the distance alone is computed once for both.
type edges struct {
	graph *neighbor.Graph
	r     []float64 // [edge] Å
	pair  []int32   // [edge]
	first []int32   // [pair] the edge that stands for the pair
	set   []int32   // [pair] its radial functions, see assign

	species []int // [atom] memory of assign
}

// setGraph takes over the graph. Without reverse edges (a directed graph) every edge
// is a pair of its own.
func (e *edges) setGraph(g *neighbor.Graph) {
	e.graph = g
	n := len(g.Neighbor)
	resize(&e.r, n)
	resize(&e.pair, n)
	e.first = e.first[:0]
	for k, v := range g.Vec {
		if len(g.Reverse) == 0 || int(g.Reverse[k]) >= k {
			e.pair[k] = int32(len(e.first))
			e.first = append(e.first, int32(k))
			e.r[k] = norm(v)
		} else {
			e.pair[k] = e.pair[g.Reverse[k]]
			e.r[k] = e.r[g.Reverse[k]]
		}
	}
}

func (e *edges) atoms() int { return len(e.graph.Start) - 1 }
func (e *edges) len() int   { return len(e.graph.Neighbor) }

// unit returns u = x_ij/r, zero for r = 0.
func (e *edges) unit(k int) [3]float64 {
	r := e.r[k]
	if r == 0 {
		return [3]float64{}
	}
	v := e.graph.Vec[k]
	return [3]float64{v[0] / r, v[1] / r, v[2] / r}
}
