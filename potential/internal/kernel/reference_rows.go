package kernel

import "math"

func normalize[T Float](xhat, rstd, x []T, c int, epsilon T) {
	for r := range rstd {
		row, out := x[r*c:][:c], xhat[r*c:][:c]
		var mean, variance T
		for _, v := range row {
			mean += v
		}
		mean /= T(c)
		for k, v := range row {
			out[k] = v - mean
			variance += out[k] * out[k]
		}
		s := T(1 / math.Sqrt(float64(variance)/float64(c)+float64(epsilon)))
		rstd[r] = s
		for k := range out {
			out[k] *= s
		}
	}
}

func normalizeT[T Float](y, slope, v, xhat, rstd []T, c int) {
	for r, s := range rstd {
		x, d, out := xhat[r*c:][:c], v[r*c:][:c], y[r*c:][:c]
		var mean, along T
		for k, v := range d {
			mean += v
			along += v * x[k]
		}
		mean, along = mean/T(c), along/T(c)
		if len(slope) != 0 {
			slope[r] = along
		}
		for k, v := range d {
			out[k] = s * (v - mean - x[k]*along)
		}
	}
}

func normalizeGrad[T Float](dx []T, a *NormArgs[T], c int) {
	normalizeT(dx, nil, a.D, a.XHat, a.RStd, c)
	for r, s := range a.RStd {
		x, xDot, d, out := a.XHat[r*c:][:c], a.XHatDot[r*c:][:c], a.DDot[r*c:][:c], dx[r*c:][:c]
		var mean, along, alongDot T
		for k, v := range d {
			mean += v
			along += v * x[k]
			alongDot += v * xDot[k]
		}
		mean, along, alongDot = mean/T(c), along/T(c), alongDot/T(c)
		for k, v := range d {
			out[k] -= s * (s*a.Slope[r]*(v-mean-x[k]*along) + xDot[k]*along + x[k]*alongDot)
		}
	}
}

func linear[T Float](l *Linear[T], w []T, transposed bool) {
	l.weights = append(l.weights[:0], w...)
	if !transposed {
		return
	}
	for o := range l.Out {
		for i := range l.In {
			l.weights[i*l.Out+o] = w[o*l.In+i]
		}
	}
}

func affine[T Float](y, x []T, l *Linear[T], rows int, accumulate bool) {
	for r := range rows {
		row := y[r*l.Out:][:l.Out]
		if !accumulate {
			clear(row)
		}
		if l.bias != nil {
			axpy(row, l.bias, 1)
		}
	}
	matMul(y, x, l.weights, rows, l.In, l.Out, true)
}
