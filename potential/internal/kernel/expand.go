package kernel

import "ponita/potential/internal/harmonics"

// Features that do not depend on the orientation, such as those of the first layer,
// have messages of few degrees: with the addition theorem their sum over neighbours is
//
//	Σ_j Σ_l R_lc(r) P_l(o·u) x_jc = Σ_k Y_k(o) m_kc,  m_kc = Σ_j Y_k(u) R_l(k)c(r) x_jc / (2l+1)
//
// with harmonics k = (l, m) up to the degree of the kernel. Expand computes
// (2l+1) m_kc, ExpandPair what a force needs of it.

// Expand adds the messages of a list of edges to the spectrum of their center:
//
//	m[k,c] += Σ_e y[e,k] r[e,l(k),c] x[e,c]
//
// m is [k][c], r is [edge][degree+1][c], y is [edge][k], see [harmonics.Fill]. The
// rows of x have no orientations.
func (s *Set[T]) Expand(m, r, y []T, x Rows[T], c, degree int) {
	edges, count := len(x.Index), harmonics.Count(degree)
	mustMatch("Expand: m", len(m), count, c)
	mustMatch("Expand: r", len(r), edges, (degree+1)*c)
	mustMatch("Expand: y", len(y), edges, count)
	x.mustFit("Expand: x", 1, c)
	s.expand(m, r, y, x, c, degree)
}

// ExpandArgs are the arguments of [Set.ExpandPair].
type ExpandArgs[T Float] struct {
	R, DR []T // [edge][degree+1][c]: R and dR/ds
	Y     []T // [edge][k][4]: Y_k(u) and its gradient, see [harmonics.FillSlopes]

	X, DM   []T     // [c], [k][c]: features of the center and the adjoint of its spectrum
	XX, XDM Rows[T] // the same of the neighbours; rows of dm are harmonics

	C, Degree int
}

// ExpandPair computes the derivative of a sum over bonds,
//
//	S = Σ_e Σ_kc Y_k(u) R_l(k)c(s) T[e,k,c],  T[e,k,c] = dm[k,c] x_j[c] + (−1)^l dm_j[k,c] x[c]
//
// by u and by s, where x and dm belong to the center, x_j and dm_j to the neighbour,
// which sees the center along −u:
//
//	out[e] = (∂S/∂u, ∂S/∂s)
//
// out is [edge][4].
func (s *Set[T]) ExpandPair(out []T, a *ExpandArgs[T]) {
	edges, count := len(a.XX.Index), harmonics.Count(a.Degree)
	mustMatch("ExpandPair: out", len(out), edges, 4)
	mustMatch("ExpandPair: neighbours of dm", len(a.XDM.Index), edges, 1)
	mustMatch("ExpandPair: r", len(a.R), edges, (a.Degree+1)*a.C)
	mustMatch("ExpandPair: dr", len(a.DR), edges, (a.Degree+1)*a.C)
	mustMatch("ExpandPair: y", len(a.Y), edges, 4*count)
	mustMatch("ExpandPair: x", len(a.X), a.C, 1)
	mustMatch("ExpandPair: dm", len(a.DM), count, a.C)
	mustMatch("ExpandPair: harmonics of dm of neighbours", a.XDM.Orientation, a.C, 1)
	a.XX.mustFit("ExpandPair: x of neighbours", 1, a.C)
	a.XDM.mustFit("ExpandPair: dm of neighbours", count, a.C)
	s.expandPair(out, a)
}

func expand[T Float](m, r, y []T, x Rows[T], c, degree int) {
	expandChannels(m, r, y, x, c, degree, 0)
}

// expandChannels does the channels from first on.
func expandChannels[T Float](m, r, y []T, x Rows[T], c, degree, first int) {
	count := harmonics.Count(degree)
	for e, j := range x.Index {
		row := x.X[int(j)*x.Atom+first:][:c-first]
		for l, k := 0, 0; l <= degree; l++ {
			radial := r[(e*(degree+1)+l)*c+first:][:len(row)]
			for ; k < harmonics.Count(l); k++ {
				factor, to := y[e*count+k], m[k*c+first:][:len(row)]
				for i := range to {
					to[i] += factor * (radial[i] * row[i])
				}
			}
		}
	}
}

func expandPair[T Float](out []T, a *ExpandArgs[T]) {
	clear(out)
	expandPairChannels(out, a, 0)
}

// expandPairChannels adds the part of the channels from first on to out.
func expandPairChannels[T Float](out []T, a *ExpandArgs[T], first int) {
	count, c := harmonics.Count(a.Degree), a.C
	for e := range a.XX.Index {
		row := func(x []T, at int) []T { return x[at+first:][:c-first] }
		xj := row(a.XX.X, int(a.XX.Index[e])*a.XX.Atom)
		x := row(a.X, 0)
		sums := out[4*e : 4*e+4]
		for l, k, parity := 0, 0, T(1); l <= a.Degree; l, parity = l+1, -parity {
			at := (e*(a.Degree+1) + l) * c
			r, dr := row(a.R, at), row(a.DR, at)
			for ; k < harmonics.Count(l); k++ {
				dm, dmj := row(a.DM, k*c), row(a.XDM.X, int(a.XDM.Index[e])*a.XDM.Atom+k*c)
				var value, slope T
				for i := range x {
					t := dm[i]*xj[i] + parity*(dmj[i]*x[i])
					value += r[i] * t
					slope += dr[i] * t
				}
				y := a.Y[4*(e*count+k):][:4]
				for d := range 3 {
					sums[d] += y[1+d] * value
				}
				sums[3] += y[0] * slope
			}
		}
	}
}
