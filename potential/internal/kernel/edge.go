package kernel

// The edge kernels evaluate the spatial convolution of one atom, the center, with
// its neighbours, and its adjoint, for kernels of the form
//
//	K_c(x_ij, o_a) = Σ_l R_lc(r) P_l(x_a),  x_a = o_a·u
//
// where R is tabulated as a cubic spline in r and P_l are Legendre polynomials.
// The steps are kernels of their own, so that the rows of R and P that the
// edges of a center need are computed once and stay in the first-level cache:
//
//	Spline    R (and dR/ds) of a list of edges
//	Angular   P_l(x_a) (and P'_l) of the same list
//	Gather    Σ_j K h_j, the convolution; with P(−x) also its adjoint in h,
//	          and GatherGrad, its adjoint in R
//	Pair      what a force needs of ∂E/∂K, for both directions of a bond at once
//
// The orientations come in antipodal pairs, o_(a+n/2) = −o_a, and P_l(−x) = (−1)^l
// P_l(x): with the even and the odd part of K at one of a pair there is the other's
// too. So P and P' are those of the first half of the orientations. P_0 = 1 is left
// out: p is [edge][degree][n/2] with l = 1…degree.

// Rows are the features of atoms: those of edge e at orientation a are
//
//	X[Index[e]*Atom + a*Orientation:][:channels]
//
// A zero Orientation means features that do not depend on it.
type Rows[T Float] struct {
	X                 []T
	Index             []int32 // [edge]
	Atom, Orientation int     // distances in elements
}

// Spline evaluates cubic splines with many components, from their values f and slopes d at
// nodes (Hermite): between nodes k and k+1, with k = at[e] and s = frac[e] from 0 to 1,
//
//	r[e,w] = f_k + (f_(k+1) − f_k) s²(3−2s) + d_k s(1−s)² − d_(k+1) s²(1−s)
//
// r is [edge][width], at and frac are [edge], table is [node][2][width]: f before d.
// Slopes are by s.
func (s *Set[T]) Spline(r, table []T, at []int32, frac []T, width int) {
	mustMatch("Spline: r", len(r), len(at), width)
	mustMatch("Spline: frac", len(frac), len(at), 1)
	mustCover("Spline: table", len(table), at, width)
	s.spline(r, nil, table, at, frac, width)
}

// SplineSlope also evaluates the derivatives dr = ∂r/∂s, [edge][width].
func (s *Set[T]) SplineSlope(r, dr, table []T, at []int32, frac []T, width int) {
	mustMatch("SplineSlope: r", len(r), len(at), width)
	mustMatch("SplineSlope: dr", len(dr), len(at), width)
	mustMatch("SplineSlope: frac", len(frac), len(at), 1)
	mustCover("SplineSlope: table", len(table), at, width)
	s.spline(r, dr, table, at, frac, width)
}

// Angular evaluates Legendre polynomials of x_a = sign·(o_a·u):
//
//	p[e,l−1,a] = P_l(x_a),  dp[e,l−1,a] = P'_l(x_a),  l = 1…degree
//
// u is [edge][3], grid holds the orientations o as [3][n]; p and dp are
// [edge][degree][n]. An empty dp is left out.
func (s *Set[T]) Angular(p, dp, u, grid []T, n, degree int, sign T) {
	edges := len(u) / 3
	mustMatch("Angular: u", len(u), edges, 3)
	mustMatch("Angular: grid", len(grid), 3, n)
	mustMatch("Angular: p", len(p), edges, degree*n)
	if len(dp) != 0 {
		mustMatch("Angular: dp", len(dp), edges, degree*n)
	}
	s.angular(p, dp, u, grid, n, degree, sign)
}

// Gather adds the messages of a list of edges to the features of their center:
//
//	y[a,c] += Σ_e (r[e,0,c] + Σ_{l≥1} p[e,l−1,a] r[e,l,c]) x[e,a,c],  p[e,l−1,a+n/2] = (−1)^l p[e,l−1,a]
//
// y is [n][c], r is [edge][degree+1][c], p is [edge][degree][n/2]. Any p of this
// parity will do, such as the derivative of P_l(x_a) along a motion.
func (s *Set[T]) Gather(y, r, p []T, x Rows[T], n, c, degree int) {
	edges := len(x.Index)
	mustMatch("Gather: y", len(y), n, c)
	mustMatch("Gather: r", len(r), edges, (degree+1)*c)
	mustMatch("Gather: orientations without an opposite", n%2, 0, 1)
	mustMatch("Gather: p", len(p), edges, degree*n/2)
	x.mustFit("Gather: x", n, c)
	s.gather(y, r, p, x, n, c, degree)
}

// GatherGrad adds the adjoint of Gather in r to dr, for dy that of y:
//
//	dr[e,l,c] += Σ_a p[e,l−1,a] dy[a,c] x[e,a,c],  with 1 for p if l = 0
func (s *Set[T]) GatherGrad(dr, p, dy []T, x Rows[T], n, c, degree int) {
	edges := len(x.Index)
	mustMatch("GatherGrad: dr", len(dr), edges, (degree+1)*c)
	mustMatch("GatherGrad: orientations without an opposite", n%2, 0, 1)
	mustMatch("GatherGrad: p", len(p), edges, degree*n/2)
	mustMatch("GatherGrad: dy", len(dy), n, c)
	x.mustFit("GatherGrad: x", n, c)
	s.gatherGrad(dr, p, dy, x, n, c, degree)
}

// PairArgs are the arguments of [Set.Pair].
type PairArgs[T Float] struct {
	R, DR []T // [edge][degree+1][c]: R and dR/ds
	P, DP []T // [edge][degree][n/2]: at the x_a of the center's own kernel

	H, DM   []T     // [n][c]: features of the center and the adjoint of its message; H [c] if XH.Orientation is 0
	XH, XDM Rows[T] // the same of the neighbours

	Grid         []T // [3][n/2]
	N, C, Degree int
}

// Pair computes the derivative of a sum over bonds,
//
//	S = Σ_e Σ_ac K[e,a,c] T[e,a,c],  T[e,a,c] = dm_j[a,c] h[a,c] + dm[ā,c] h_j[a,c̄]
//
// by u and by s, where h and dm belong to the center, h_j and dm_j to the
// neighbour, and ā is the orientation opposite to a: both directions of a bond
// have the same K. With x_a = ±o_a·u it writes
//
//	out[e] = (Σ_a ∂S/∂x_a o_a, ∂S/∂s)
//
// out is [edge][4].
func (s *Set[T]) Pair(out []T, a *PairArgs[T]) {
	edges := len(a.XH.Index)
	mustMatch("Pair: out", len(out), edges, 4)
	mustMatch("Pair: neighbours of dm", len(a.XDM.Index), edges, 1)
	mustMatch("Pair: r", len(a.R), edges, (a.Degree+1)*a.C)
	mustMatch("Pair: dr", len(a.DR), edges, (a.Degree+1)*a.C)
	mustMatch("Pair: orientations without an opposite", a.N%2, 0, 1)
	mustMatch("Pair: p", len(a.P), edges, a.Degree*a.N/2)
	mustMatch("Pair: dp", len(a.DP), edges, a.Degree*a.N/2)
	mustMatch("Pair: grid", len(a.Grid), 3, a.N/2)
	mustMatch("Pair: dm", len(a.DM), a.N, a.C)
	rows := a.N
	if a.XH.Orientation == 0 {
		rows = 1
	}
	mustMatch("Pair: h", len(a.H), rows, a.C)
	a.XH.mustFit("Pair: h of neighbours", a.N, a.C)
	a.XDM.mustFit("Pair: dm of neighbours", a.N, a.C)
	s.pair(out, a)
}

// mustCover checks that a table of splines has the nodes of every interval.
func mustCover(what string, got int, index []int32, width int) {
	for _, k := range index {
		if at := int(k); at < 0 || (at+2)*2*width > got {
			panicMismatch(what, got, at+2, 2*width)
		}
	}
}

// mustFit checks that the rows of n orientations and c channels lie within X.
func (x *Rows[T]) mustFit(what string, n, c int) {
	if x.Atom < 0 || x.Orientation < 0 {
		panicMismatch(what, len(x.X), x.Atom, x.Orientation)
	}
	reach := max(n-1, 0)*x.Orientation + c
	for _, k := range x.Index {
		if k < 0 || int(k)*x.Atom+reach > len(x.X) {
			panicMismatch(what, len(x.X), int(k), x.Atom)
		}
	}
}
