package kernel

// spectrumRow is harmonic k of an atom.
func spectrumRow[T Float](x []T, k, width int) []T { return x[k*width : (k+1)*width] }

func square[T Float](g, q []T, degree, atoms, width int) {
	squareDot(g, q, nil, degree, atoms, width)
}

// squareDot is square where there is no q̇.
func squareDot[T Float](g, q, qDot []T, degree, atoms, width int) {
	list := &squareLists[degree]
	for i := range atoms {
		g, x := g[i*list.outputs*width:(i+1)*list.outputs*width], q[i*list.inputs*width:(i+1)*list.inputs*width]
		linear := x
		if qDot != nil {
			linear = qDot[i*list.inputs*width : (i+1)*list.inputs*width]
		}
		clear(g)
		for k, v := range linear {
			g[k] = LinearTerm * v
		}
		at := 0
		for _, group := range list.groups {
			for _, p := range group.Pairs {
				a, b := spectrumRow(x, p.K, width), spectrumRow(x, p.L, width)
				for n, gaunt := range p.G {
					if gaunt == 0 {
						continue
					}
					factor, out := T(list.factors[at]), spectrumRow(g, group.Outputs[n], width)
					at++
					if qDot == nil {
						for c := range out {
							out[c] += factor * (a[c] * b[c])
						}
						continue
					}
					aDot, bDot := spectrumRow(linear, p.K, width), spectrumRow(linear, p.L, width)
					for c := range out {
						out[c] += factor * (a[c]*bDot[c] + b[c]*aDot[c])
					}
				}
			}
		}
	}
}

func squareT[T Float](dq, dg, q []T, degree, atoms, width int, add bool) {
	list := &squareLists[degree]
	for i := range atoms {
		dg := dg[i*list.outputs*width : (i+1)*list.outputs*width]
		dx, x := dq[i*list.inputs*width:(i+1)*list.inputs*width], q[i*list.inputs*width:(i+1)*list.inputs*width]
		if !add {
			for k := range dx {
				dx[k] = LinearTerm * dg[k]
			}
		}
		at := 0
		for _, group := range list.groups {
			for _, p := range group.Pairs {
				a, b := spectrumRow(x, p.K, width), spectrumRow(x, p.L, width)
				da, db := spectrumRow(dx, p.K, width), spectrumRow(dx, p.L, width)
				for n, gaunt := range p.G {
					if gaunt == 0 {
						continue
					}
					factor, d := T(list.factors[at]), spectrumRow(dg, group.Outputs[n], width)
					at++
					for c, v := range d {
						da[c] += factor * v * b[c]
						db[c] += factor * v * a[c]
					}
				}
			}
		}
	}
}
