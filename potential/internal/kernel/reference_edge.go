package kernel

func spline[T Float](r, dr, table []T, at []int32, frac []T, width int) {
	for e, k := range at {
		s := frac[e]
		u := 1 - s
		p := s * u
		rise, start, end := s*s*(1+u+u), p*u, p*s
		riseDot, startDot, endDot := 6*p, u*u-(p+p), s*s-(p+p)
		row := table[int(k)*2*width:][:4*width]
		f, d, following, next := row[:width], row[width:][:width], row[2*width:][:width], row[3*width:][:width]
		out := r[e*width:][:width]
		for w := range out {
			out[w] = f[w] + (following[w]-f[w])*rise + d[w]*start - next[w]*end
		}
		if dr != nil {
			out := dr[e*width:][:width]
			for w := range out {
				out[w] = (following[w]-f[w])*riseDot + d[w]*startDot + next[w]*endDot
			}
		}
	}
}

// angular follows Bonnet's recurrence,
//
//	P_(l+1) = (2l+1)/(l+1) x P_l − l/(l+1) P_(l−1),  P'_(l+1) = P'_(l−1) + (2l+1) P_l.
func angular[T Float](p, dp, u, grid []T, n, degree int, sign T) {
	for e := range len(u) / 3 {
		ux, uy, uz := sign*u[3*e], sign*u[3*e+1], sign*u[3*e+2]
		for a := range n {
			x := grid[a]*ux + grid[n+a]*uy + grid[2*n+a]*uz
			p0, p1, d0, d1 := T(1), x, T(0), T(1)
			for l := 1; l <= degree; l++ {
				p[(e*degree+l-1)*n+a] = p1
				if len(dp) != 0 {
					dp[(e*degree+l-1)*n+a] = d1
				}
				p0, p1 = p1, T(float64(2*l+1)/float64(l+1))*x*p1-T(float64(l)/float64(l+1))*p0
				d0, d1 = d1, d0+T(2*l+1)*p0 // p0 is P_l by now
			}
		}
	}
}

func gather[T Float](y, r, p []T, x Rows[T], n, c, degree int) {
	gatherChannels(y, r, p, x, n, c, degree, 0)
}

// gatherChannels does the channels from first on. An orientation a and its opposite b
// are taken at once.
func gatherChannels[T Float](y, r, p []T, x Rows[T], n, c, degree, first int) {
	half := n / 2
	for e, j := range x.Index {
		for a := range half {
			row := func(x []T, at int) []T { return x[at+first:][:c-first] }
			b, at := a+half, int(j)*x.Atom
			gatherRows(row(y, a*c), row(y, b*c), row(x.X, at+a*x.Orientation), row(x.X, at+b*x.Orientation),
				r[e*(degree+1)*c+first:], p[e*degree*half+a:], half, c, degree)
		}
	}
}

// gatherRows adds one edge's message at one orientation, to ya from xa, and at the
// opposite one: R_l is r[l*c:] and P_l is p[(l-1)*half].
func gatherRows[T Float](ya, yb, xa, xb, r, p []T, half, c, degree int) {
	switch degree { // spelled out where it is used most
	case 2:
		p1, p2 := p[0], p[half]
		r0, r1, r2 := r[:len(ya)], r[c:][:len(ya)], r[2*c:][:len(ya)]
		for k := range ya {
			even, odd := r0[k]+p2*r2[k], p1*r1[k]
			ya[k] += (even + odd) * xa[k]
			yb[k] += (even - odd) * xb[k]
		}
	case 3:
		p1, p2, p3 := p[0], p[half], p[2*half]
		r0, r1, r2, r3 := r[:len(ya)], r[c:][:len(ya)], r[2*c:][:len(ya)], r[3*c:][:len(ya)]
		for k := range ya {
			even, odd := r0[k]+p2*r2[k], p1*r1[k]+p3*r3[k]
			ya[k] += (even + odd) * xa[k]
			yb[k] += (even - odd) * xb[k]
		}
	default:
		for k := range ya {
			even, odd := r[k], T(0)
			for l := 1; l <= degree; l++ {
				if v := p[(l-1)*half] * r[l*c+k]; l%2 == 0 {
					even += v
				} else {
					odd += v
				}
			}
			ya[k] += (even + odd) * xa[k]
			yb[k] += (even - odd) * xb[k]
		}
	}
}

func gatherGrad[T Float](dr, p, dy []T, x Rows[T], n, c, degree int) {
	gatherGradChannels(dr, p, dy, x, n, c, degree, 0)
}

// gatherGradChannels does the channels from first on.
func gatherGradChannels[T Float](dr, p, dy []T, x Rows[T], n, c, degree, first int) {
	half := n / 2
	for e, j := range x.Index {
		for a := range half {
			row := func(x []T, at int) []T { return x[at+first:][:c-first] }
			b, at := a+half, int(j)*x.Atom
			da, db, xa, xb := row(dy, a*c), row(dy, b*c), row(x.X, at+a*x.Orientation), row(x.X, at+b*x.Orientation)
			for l := range degree + 1 {
				to, factor, parity := row(dr, (e*(degree+1)+l)*c), T(1), T(1-2*(l%2))
				if l > 0 {
					factor = p[(e*degree+l-1)*half+a]
				}
				for k := range to {
					to[k] += factor * (da[k]*xa[k] + parity*(db[k]*xb[k]))
				}
			}
		}
	}
}

func pair[T Float](out []T, a *PairArgs[T]) {
	clear(out)
	pairChannels(out, a, 0)
}

// pairChannels adds the part of the channels from first on to out. An orientation
// a and its opposite b are taken at once: P_l(−x) = (−1)^l P_l(x) and o_b = −o_a, so
// with the sum and the difference of T[a] and T[b]
//
//	Σ_a,b ∂S/∂x o = o_a Σ_l P'_l R_l ·(difference for odd l, sum for even l)
//	Σ_a,b ∂S/∂s   =     Σ_l P_l dR_l ·(difference for odd l, sum for even l)
func pairChannels[T Float](out []T, a *PairArgs[T], first int) {
	half, c, width := a.N/2, a.C, (a.Degree+1)*a.C
	for e := range a.XH.Index {
		hj := a.XH.X[int(a.XH.Index[e])*a.XH.Atom:]
		mj := a.XDM.X[int(a.XDM.Index[e])*a.XDM.Atom:]
		r, dr := a.R[e*width:][:width], a.DR[e*width:][:width]
		for o := range half {
			b, step := o+half, a.XH.Orientation
			row := func(x []T, at int) []T { return x[at+first:][:c-first] }
			x := pairRows[T]{
				row(a.H, o*step), row(a.H, b*step), row(hj, o*step), row(hj, b*step),
				row(a.DM, o*c), row(a.DM, b*c), row(mj, o*a.XDM.Orientation), row(mj, b*a.XDM.Orientation),
			}
			at := e*a.Degree*half + o
			dx, ds := x.sum(r[first:], dr[first:], a.P[at:], a.DP[at:], half, c, a.Degree)
			for k := range 3 {
				out[4*e+k] += dx * a.Grid[k*half+o]
			}
			out[4*e+3] += ds
		}
	}
}

// pairRows are the features and adjoints of center and neighbour at orientation
// a and at the opposite b.
type pairRows[T Float] struct{ ha, hb, hja, hjb, ma, mb, mja, mjb []T }

// at returns sum and difference of T[a] and T[b] in channel k.
func (x *pairRows[T]) at(k int) (even, odd T) {
	ta := x.mja[k]*x.ha[k] + x.mb[k]*x.hjb[k]
	tb := x.mjb[k]*x.hb[k] + x.ma[k]*x.hja[k]
	return ta + tb, ta - tb
}

// sum is over the channels of one pair of orientations: P_l is p[(l-1)*half], R_l
// starts at r[l*c].
func (x *pairRows[T]) sum(r, dr, p, dp []T, half, c, degree int) (dx, ds T) {
	size := len(x.ha)
	switch degree { // spelled out where it is used most
	case 2:
		p1, p2, d1, d2 := p[0], p[half], dp[0], dp[half]
		r1, r2 := r[c:][:size], r[2*c:][:size]
		s0, s1, s2 := dr[:size], dr[c:][:size], dr[2*c:][:size]
		for k := range size {
			even, odd := x.at(k)
			dx += d1*r1[k]*odd + d2*r2[k]*even
			ds += (s0[k]+p2*s2[k])*even + p1*s1[k]*odd
		}
	case 3:
		p1, p2, p3, d1, d2, d3 := p[0], p[half], p[2*half], dp[0], dp[half], dp[2*half]
		r1, r2, r3 := r[c:][:size], r[2*c:][:size], r[3*c:][:size]
		s0, s1, s2, s3 := dr[:size], dr[c:][:size], dr[2*c:][:size], dr[3*c:][:size]
		for k := range size {
			even, odd := x.at(k)
			dx += (d1*r1[k]+d3*r3[k])*odd + d2*r2[k]*even
			ds += (s0[k]+p2*s2[k])*even + (p1*s1[k]+p3*s3[k])*odd
		}
	default:
		for k := range size {
			even, odd := x.at(k)
			ds += dr[k] * even
			for l := 1; l <= degree; l++ {
				t := even
				if l%2 == 1 {
					t = odd
				}
				dx += dp[(l-1)*half] * r[l*c+k] * t
				ds += p[(l-1)*half] * dr[l*c+k] * t
			}
		}
	}
	return dx, ds
}
