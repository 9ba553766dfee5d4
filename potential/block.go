package potential

import "math"

// layerNormEpsilon keeps the normalisation finite for equal channels.
const layerNormEpsilon = 1e-5

// The ConvNeXt block, in every atom and orientation on its own:
//
//	h' = h + s·(W2·GELU(W1·LayerNorm_c(n) + b1) + b2)
//
// with a layer scale s where the configuration has one. Rows are atoms and
// orientations together; the hidden width is the widening times C.

// blockForward writes h' from the layer's h and its normalised input n.
func (p *Pass[T]) blockForward(t int, next, n []T) {
	s, w, set := &p.layers[t], &p.net.w.layers[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, len(w.b1)
	normForward(resize(&s.z, rows*c), resize(&s.xhat, rows*c), resize(&s.rstd, rows), n, w.gain, w.shift)
	affine(set, resize(&s.g, rows*hidden), s.z, w.w1, w.b1, rows)
	var d2 []T
	if p.second {
		d2 = resize(&s.d2g, rows*hidden)
	}
	set.GELU(s.g, resize(&s.dg, rows*hidden), d2, s.g)
	o := resize(&s.o, rows*c)
	affine(set, o, s.g, w.w2, w.b2, rows)
	copy(next, s.h)
	p.addScaled(next, o, w.scale)
}

// addScaled adds scale∘x to y, or x where there is no layer scale.
func (p *Pass[T]) addScaled(y, x, scale []T) {
	if scale == nil {
		p.net.set.AXPY(y, x, 1)
		return
	}
	for at := 0; at < len(y); at += len(scale) {
		p.net.set.MulAdd(y[at:at+len(scale)], scale, x[at:at+len(scale)])
	}
}

// branchAdjoint returns the adjoint of the block's output before the layer
// scale, where dH is that of h'.
func (p *Pass[T]) branchAdjoint(buf *[]T, dH, scale []T) []T {
	if scale == nil {
		return dH
	}
	p.addScaled(cleared(buf, len(dH)), dH, scale)
	return *buf
}

// blockBackward writes the adjoint of n for that of h', the layer's dH. The
// residual branch is the caller's.
func (p *Pass[T]) blockBackward(t int, dN []T) {
	s, w, set := &p.layers[t], &p.net.w.layers[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, len(w.b1)
	dO := p.branchAdjoint(&p.dO, s.dH, w.scale)
	// o = g·W2 + b2
	set.MatMulNT(resize(&s.dG, rows*hidden), dO, w.w2, rows, c, hidden, false)
	// g = GELU(z·W1 + b1)
	dQ := resize(&p.dQ, rows*hidden)
	set.Mul(dQ, s.dg, s.dG)
	set.MatMulNT(resize(&s.dZ, rows*c), dQ, w.w1, rows, hidden, c, false)
	normBackward(dN, s.dZ, s.xhat, s.rstd, w.gain)
}

// blockTangent writes ḣ' from ḣ and ṅ.
func (p *Pass[T]) blockTangent(t int, nextDot, nDot []T) {
	s, w, set := &p.layers[t], &p.net.w.layers[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, len(w.b1)
	normTangent(resize(&s.xhatDot, rows*c), resize(&s.slope, rows), nDot, s.xhat, s.rstd)
	zDot := resize(&s.zDot, rows*c)
	for k := range zDot {
		zDot[k] = w.gain[k%c] * s.xhatDot[k]
	}
	set.MatMul(resize(&s.qDot, rows*hidden), zDot, w.w1, rows, c, hidden, false)
	set.Mul(resize(&s.gDot, rows*hidden), s.dg, s.qDot)
	oDot := resize(&s.oDot, rows*c)
	set.MatMul(oDot, s.gDot, w.w2, rows, hidden, c, false)
	copy(nextDot, s.hDot)
	p.addScaled(nextDot, oDot, w.scale)
}

// blockGradient is the adjoint of the pair (h', ḣ'), with adjoints dH and the
// layer's own s.dH: it accumulates the weights' and writes that of n to dN.
func (p *Pass[T]) blockGradient(t int, dN, dH []T, grad *weights[T]) {
	s, w, dw, set := &p.layers[t], &p.net.w.layers[t], &grad.layers[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, len(w.b1)
	for at := 0; w.scale != nil && at < rows*c; at += c {
		set.MulAdd(dw.scale, dH[at:at+c], s.o[at:at+c])
		set.MulAdd(dw.scale, s.dH[at:at+c], s.oDot[at:at+c])
	}
	dO := p.branchAdjoint(&p.dO, dH, w.scale)
	dODot := p.branchAdjoint(&p.dODot, s.dH, w.scale)
	// o = g·W2 + b2, ȯ = ġ·W2
	affineGradient(set, dw.w2, dw.b2, s.g, s.gDot, dO, dODot, rows)
	dG := resize(&p.dG, rows*hidden)
	set.MatMulNT(dG, dO, w.w2, rows, c, hidden, false)
	// g = GELU(q), ġ = GELU'(q) q̇
	dQ, dQDot := resize(&p.dQ, rows*hidden), resize(&p.dQDot, rows*hidden)
	geluGradient(set, dQ, dQDot, dG, s.dG, s.dg, s.d2g, s.qDot)
	// q = z·W1 + b1, q̇ = ż·W1
	affineGradient(set, dw.w1, dw.b1, s.z, s.zDot, dQ, dQDot, rows)
	dZ := resize(&p.dZ, rows*c)
	set.MatMulNT(dZ, dQ, w.w1, rows, hidden, c, false)
	normGradient(dN, dw.gain, dw.shift, dZ, s.dZ, s, w.gain)
}

// normForward is the layer norm over the channels of each row:
//
//	x̂ = (y − mean y) rstd,  rstd = (var y + ε)^(-1/2),  z = γ x̂ + β
//
// z, xhat and y are [row][channel], rstd is [row].
func normForward[T Float](z, xhat, rstd, y, gain, shift []T) {
	c := len(gain)
	for r := range rstd {
		at := r * c
		row, out, zr := y[at:at+c], xhat[at:at+c], z[at:at+c]
		var mean, variance T
		for _, v := range row {
			mean += v
		}
		mean /= T(c)
		for k, v := range row {
			out[k] = v - mean
			variance += out[k] * out[k]
		}
		s := T(1 / math.Sqrt(float64(variance)/float64(c)+layerNormEpsilon))
		rstd[r] = s
		for k := range out {
			out[k] *= s
			zr[k] = gain[k]*out[k] + shift[k]
		}
	}
}

// normBackward writes the adjoint of y for that of z: with a = γ dz,
//
//	dy = rstd (a − mean a − x̂ mean(x̂ a))
func normBackward[T Float](dy, dz, xhat, rstd, gain []T) {
	c := len(gain)
	for r, s := range rstd {
		at := r * c
		x, d, out := xhat[at:at+c], dz[at:at+c], dy[at:at+c]
		var mean, along T
		for k := range x {
			a := gain[k] * d[k]
			out[k] = a
			mean += a
			along += a * x[k]
		}
		mean, along = mean/T(c), along/T(c)
		for k := range x {
			out[k] = s * (out[k] - mean - x[k]*along)
		}
	}
}

// normTangent writes the tangent of x̂ and slope = mean(x̂ ẏ) for that of y:
//
//	x̂̇ = rstd (ẏ − mean ẏ − x̂ mean(x̂ ẏ)),  ṙstd = −rstd² mean(x̂ ẏ)
func normTangent[T Float](xhatDot, slope, yDot, xhat, rstd []T) {
	c := len(xhat) / len(rstd)
	for r, s := range rstd {
		at := r * c
		x, d, out := xhat[at:at+c], yDot[at:at+c], xhatDot[at:at+c]
		var mean, along T
		for k := range x {
			mean += d[k]
			along += d[k] * x[k]
		}
		mean, along = mean/T(c), along/T(c)
		slope[r] = along
		for k := range x {
			out[k] = s * (d[k] - mean - x[k]*along)
		}
	}
}

// normGradient is the adjoint of the pair (z, ż), with adjoints dz and dzDot. To
// the adjoint of z alone it adds the tangent of normBackward at fixed dzDot,
// with a = γ dzDot:
//
//	dy += −rstd² mean(x̂ ẏ) (a − mean a − x̂ mean(x̂ a)) − rstd (x̂̇ mean(x̂ a) + x̂ mean(x̂̇ a))
func normGradient[T Float](dy, dgain, dshift, dz, dzDot []T, s *layerState[T], gain []T) {
	c := len(gain)
	normBackward(dy, dz, s.xhat, s.rstd, gain)
	for r, rstd := range s.rstd {
		at := r * c
		x, xDot, out := s.xhat[at:at+c], s.xhatDot[at:at+c], dy[at:at+c]
		d, dDot := dz[at:at+c], dzDot[at:at+c]
		var mean, along, alongDot T
		for k := range x {
			a := gain[k] * dDot[k]
			mean += a
			along += a * x[k]
			alongDot += a * xDot[k]
			dgain[k] += d[k]*x[k] + dDot[k]*xDot[k]
			dshift[k] += d[k]
		}
		mean, along, alongDot = mean/T(c), along/T(c), alongDot/T(c)
		for k := range x {
			a := gain[k]*dDot[k] - mean - x[k]*along
			out[k] -= rstd * (rstd*s.slope[r]*a + xDot[k]*along + x[k]*alongDot)
		}
	}
}
