package kernel

func spline[T Float](r, dr, table []T, at []int32, frac []T, width int) {
	for e, k := range at {
		s := frac[e]
		q := table[int(k)*4*width:][:4*width]
		q0, q1, q2, q3 := q[:width], q[width:][:width], q[2*width:][:width], q[3*width:][:width]
		out := r[e*width:][:width]
		for w := range out {
			out[w] = ((q3[w]*s+q2[w])*s+q1[w])*s + q0[w]
		}
		if dr != nil {
			out := dr[e*width:][:width]
			for w := range out {
				out[w] = (3*q3[w]*s+2*q2[w])*s + q1[w]
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

// gatherChannels does the channels from first on.
func gatherChannels[T Float](y, r, p []T, x Rows[T], n, c, degree, first int) {
	for e, j := range x.Index {
		for a := range n {
			gatherRow(y[a*c+first:(a+1)*c], x.X[int(j)*x.Atom+a*x.Orientation+first:],
				r[e*(degree+1)*c+first:], p[e*degree*n+a:], n, c, degree)
		}
	}
}

// gatherRow adds one edge's message at one orientation: R_l is r[l*c:] and P_l
// is p[(l-1)*n].
func gatherRow[T Float](y, x, r, p []T, n, c, degree int) {
	x = x[:len(y)]
	switch degree { // spelled out where it is used most
	case 2:
		p1, p2 := p[0], p[n]
		r0, r1, r2 := r[:len(y)], r[c:][:len(y)], r[2*c:][:len(y)]
		for k := range y {
			y[k] += (r0[k] + p1*r1[k] + p2*r2[k]) * x[k]
		}
	case 3:
		p1, p2, p3 := p[0], p[n], p[2*n]
		r0, r1, r2, r3 := r[:len(y)], r[c:][:len(y)], r[2*c:][:len(y)], r[3*c:][:len(y)]
		for k := range y {
			y[k] += (r0[k] + p1*r1[k] + p2*r2[k] + p3*r3[k]) * x[k]
		}
	default:
		for k := range y {
			v := r[k]
			for l := 1; l <= degree; l++ {
				v += p[(l-1)*n] * r[l*c+k]
			}
			y[k] += v * x[k]
		}
	}
}

func gatherGrad[T Float](dr, p, dy []T, x Rows[T], n, c, degree int) {
	gatherGradChannels(dr, p, dy, x, n, c, degree, 0)
}

// gatherGradChannels does the channels from first on.
func gatherGradChannels[T Float](dr, p, dy []T, x Rows[T], n, c, degree, first int) {
	for e, j := range x.Index {
		for a := range n {
			d, xa := dy[a*c+first:(a+1)*c], x.X[int(j)*x.Atom+a*x.Orientation+first:][:c-first]
			for l := range degree + 1 {
				row, factor := dr[(e*(degree+1)+l)*c+first:][:c-first], T(1)
				if l > 0 {
					factor = p[(e*degree+l-1)*n+a]
				}
				for k := range row {
					row[k] += factor * d[k] * xa[k]
				}
			}
		}
	}
}

func pair[T Float](out []T, a *PairArgs[T]) {
	clear(out)
	pairChannels(out, a, 0)
}

// pairChannels adds the part of the channels from first on to out.
func pairChannels[T Float](out []T, a *PairArgs[T], first int) {
	n, c, width := a.N, a.C, (a.Degree+1)*a.C
	for e := range a.XH.Index {
		hj := a.XH.X[int(a.XH.Index[e])*a.XH.Atom:]
		mj := a.XDM.X[int(a.XDM.Index[e])*a.XDM.Atom:]
		r, dr := a.R[e*width:][:width], a.DR[e*width:][:width]
		var g [4]T
		for o := range n {
			opposite := o + n/2
			if opposite >= n {
				opposite -= n
			}
			h, hj := a.H[o*a.XH.Orientation:][:c], hj[opposite*a.XH.Orientation:][:c]
			m, mj := a.DM[opposite*c:][:c], mj[o*a.XDM.Orientation:][:c]
			var dx, ds T
			for k := first; k < c; k++ {
				t := mj[k]*h[k] + m[k]*hj[k]
				slope, rate := T(0), dr[k]
				for l := 1; l <= a.Degree; l++ {
					at := (e*a.Degree+l-1)*n + o
					slope += a.DP[at] * r[l*c+k]
					rate += a.P[at] * dr[l*c+k]
				}
				dx += t * slope
				ds += t * rate
			}
			for k := range 3 {
				g[k] += dx * a.Grid[k*n+o]
			}
			g[3] += ds
		}
		for k, v := range g {
			out[4*e+k] += v
		}
	}
}
