package potential

import "ponita/neighbor"

// atomForce returns the force F_i = −∂E/∂x_i [eV/Å] on atom i and its share of the
// virial −∂E/∂ε [eV], xx yy zz xy xz yz, from ∂E/∂x_ij of all edges: x_i enters the
// vectors of its own edges with a minus sign and those of the opposite edges with
// a plus. The virial of a bond is shared equally by its atoms. Its antisymmetric
// part is left out: it is the torque of the finite grid, zero for an exactly
// invariant energy.
func atomForce(g *neighbor.Graph, i int, dVec [][3]float64) (f [3]float64, w [6]float64) {
	for e := g.Start[i]; e < g.Start[i+1]; e++ {
		v, b := g.Vec[e], dVec[e]
		if back := g.Reverse[e]; back >= 0 {
			b = sub(b, dVec[back])
		}
		for k := range 3 {
			f[k] += b[k]
			w[k] -= v[k] * b[k] / 2
		}
		w[3] -= (v[0]*b[1] + v[1]*b[0]) / 4
		w[4] -= (v[0]*b[2] + v[2]*b[0]) / 4
		w[5] -= (v[1]*b[2] + v[2]*b[1]) / 4
	}
	return f, w
}

// oppositeForce returns what an edge without its reverse, of vector v and with the
// derivative b, gives to its neighbour: the force, and half of the virial.
func oppositeForce(v, b [3]float64) (f [3]float64, w [6]float64) {
	for k := range 3 {
		f[k] = -b[k]
		w[k] = -v[k] * b[k] / 2
	}
	w[3] = -(v[0]*b[1] + v[1]*b[0]) / 4
	w[4] = -(v[0]*b[2] + v[2]*b[0]) / 4
	w[5] = -(v[1]*b[2] + v[2]*b[1]) / 4
	return f, w
}

// symmetric returns the matrix of the components xx yy zz xy xz yz.
func symmetric(w [6]float64) [3][3]float64 {
	return [3][3]float64{{w[0], w[3], w[4]}, {w[3], w[1], w[5]}, {w[4], w[5], w[2]}}
}
