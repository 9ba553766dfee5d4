//go:build !purego

package kernel

// setEdges wraps the edge kernels. Assembly does whole registers of channels and
// the degrees it is written for; plain Go does the rest.
func (f *assembly[T]) setEdges(set *Set[T]) {
	lanes := f.width / 2
	set.spline = func(r, dr, table []T, at []int32, frac []T, width int) {
		switch {
		case len(r) == 0:
		case dr == nil:
			f.spline(&r[0], &table[0], &at[0], &frac[0], len(at), width)
		default:
			f.splineSlope(&r[0], &dr[0], &table[0], &at[0], &frac[0], len(at), width)
		}
	}
	set.angular = func(p, dp, u, grid []T, n, degree int, sign T) {
		switch {
		case len(p) == 0:
		case degree > degrees:
			angular(p, dp, u, grid, n, degree, sign)
		default:
			f.angular[degree-1](&p[0], first(dp), &u[0], &grid[0], len(u)/3, n, sign)
		}
	}
	set.gather = func(y, r, p []T, x Rows[T], n, c, degree int) {
		whole := c / lanes * lanes
		if degree < 1 || degree > degrees {
			whole = 0
		}
		if whole > 0 && len(x.Index) > 0 && n > 0 {
			f.gather[degree-1](&y[0], &r[0], &p[0], &x.X[0], &x.Index[0], len(x.Index), n/2, whole, c, x.Atom, x.Orientation)
		}
		if whole < c {
			gatherChannels(y, r, p, x, n, c, degree, whole)
		}
	}
	set.gatherGrad = func(dr, p, dy []T, x Rows[T], n, c, degree int) {
		whole := c / lanes * lanes
		if degree < 1 || degree > degrees {
			whole = 0
		}
		if whole > 0 && len(x.Index) > 0 && n > 0 {
			f.gatherGrad[degree-1](&dr[0], &p[0], &dy[0], &x.X[0], &x.Index[0], len(x.Index), n/2, whole, c, x.Atom, x.Orientation)
		}
		if whole < c {
			gatherGradChannels(dr, p, dy, x, n, c, degree, whole)
		}
	}
	set.pair = func(out []T, a *PairArgs[T]) {
		whole := a.C / lanes * lanes
		if a.Degree < 1 || a.Degree > degrees || a.N == 0 {
			whole = 0
		}
		switch {
		case len(out) == 0:
			return
		case whole == 0:
			clear(out)
		default:
			f.pair[a.Degree-1](&out[0], &a.R[0], &a.DR[0], &a.P[0], &a.DP[0], &a.H[0], &a.DM[0], &a.XH.X[0], &a.XDM.X[0], &a.Grid[0],
				&a.XH.Index[0], &a.XDM.Index[0], len(a.XH.Index), a.N/2, whole, a.C, a.XH.Atom, a.XDM.Atom, a.XH.Orientation)
		}
		if whole < a.C {
			pairChannels(out, a, whole)
		}
	}
	set.expand = func(m, r, y []T, x Rows[T], c, degree int) {
		whole := c / lanes * lanes
		if degree < 1 || degree > expandDegrees {
			whole = 0
		}
		if whole > 0 && len(x.Index) > 0 {
			f.expand[degree-1](&m[0], &r[0], &y[0], &x.X[0], &x.Index[0], len(x.Index), whole, c, x.Atom)
		}
		if whole < c {
			expandChannels(m, r, y, x, c, degree, whole)
		}
	}
	set.expandPair = func(out []T, a *ExpandArgs[T]) {
		whole := a.C / lanes * lanes
		if a.Degree < 1 || a.Degree > expandDegrees {
			whole = 0
		}
		switch {
		case len(out) == 0:
			return
		case whole == 0:
			clear(out)
		default:
			f.expandPair[a.Degree-1](&out[0], &a.R[0], &a.DR[0], &a.Y[0], &a.X[0], &a.DM[0], &a.XX.X[0], &a.XDM.X[0],
				&a.XX.Index[0], &a.XDM.Index[0], len(a.XX.Index), whole, a.C, a.XX.Atom, a.XDM.Atom)
		}
		if whole < a.C {
			expandPairChannels(out, a, whole)
		}
	}
}
