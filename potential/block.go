package potential

import "ponita/potential/internal/kernel"

// The ConvNeXt block, in every atom and orientation on its own:
//
//	h' = h + s·(W2·GELU(W1·LayerNorm_c(n) + b1) + b2)
//
// with a layer scale s where the configuration has one. The ε of the layer norm is
// of the configuration too: of the order of the variance of n it makes the norm a
// soft one, linear for small n. Rows are atoms and orientations together; the hidden
// width is the widening times C. With the quadratic activation the block is that of
// spectrum.go.

// blockMaps are the affine maps of one block. Gain and shift of the layer norm,
// z = γ x̂ + β, are folded into the first, the layer scale into the second:
//
//	W1' = diag(γ) W1,  b1' = b1 + β W1,  W2' = W2 diag(s),  b2' = s b2
//	h'  = h + GELU(x̂·W1' + b1')·W2' + b2'
//
// With spherical mixing that is so for every degree of the spectra, the shift and the biases belong
// to the constant harmonic.
type blockMaps[T Float] struct{ in, out mixing[T] }

// newBlockMaps returns the maps of layer t.
func newBlockMaps[T Float](c *Config, t int) blockMaps[T] {
	channels, hidden, in, out := c.Channels, c.Widening*c.Channels, 1, 1
	if c.spectral() {
		in, out = c.FiberDegree+1, 2*c.FiberDegree+1
	}
	return blockMaps[T]{newMixing[T](c.countW1(), in, channels, hidden), newMixing[T](c.countW2(t), out, hidden, channels)}
}

// fold sets the maps to those of a layer, whose weights may be of another
// precision.
func fold[T, W Float](m *blockMaps[T], w *layerWeights[W], set *kernel.Set[T]) {
	channels, hidden := len(w.gain), len(w.b1)
	b1, b2 := append([]W(nil), w.b1...), make([]T, channels)
	for k, gain := range w.gain {
		for at := k * hidden; at < len(w.w1); at += channels * hidden {
			for q, v := range w.w1[at : at+hidden] {
				m.in.w[at+q] = T(gain * v)
			}
		}
		for q, v := range w.w1[k*hidden:][:hidden] {
			b1[q] += w.shift[k] * v
		}
	}
	scale := w.scale
	if scale == nil {
		scale = make([]W, channels)
		for k := range scale {
			scale[k] = 1
		}
	}
	for k, s := range scale {
		b2[k] = T(s * w.b2[k])
	}
	for at := 0; at < len(w.w2); at += channels {
		for k, s := range scale {
			m.out.w[at+k] = T(s * w.w2[at+k])
		}
	}
	m.in.b, m.out.b = rounded[T](b1), b2
	m.in.set(set)
	m.out.set(set)
}

// unfold turns the gradient of the folded weights, which stands in the places of
// w1, b1, w2 and b2, into that of the weights.
func unfold[T Float](w *layerWeights[T], grad *layerWeights[float64]) {
	channels, hidden := len(w.gain), len(w.b1)
	for k := range channels {
		gain, shift := float64(w.gain[k]), float64(w.shift[k])
		for at := k * hidden; at < len(w.w1); at += channels * hidden {
			w1, dw1 := w.w1[at:at+hidden], grad.w1[at:at+hidden]
			for q, v := range w1 {
				grad.gain[k] += dw1[q] * float64(v)
				dw1[q] *= gain
			}
		}
		w1, dw1 := w.w1[k*hidden:][:hidden], grad.w1[k*hidden:][:hidden]
		for q, db1 := range grad.b1 {
			grad.shift[k] += db1 * float64(w1[q])
			dw1[q] += shift * db1
		}
	}
	if w.scale == nil {
		return
	}
	for at := 0; at < len(w.w2); at += channels {
		w2, dw2 := w.w2[at:at+channels], grad.w2[at:at+channels]
		for k, s := range w.scale {
			grad.scale[k] += dw2[k] * float64(w2[k])
			dw2[k] *= float64(s)
		}
	}
	for k, s := range w.scale {
		grad.scale[k] += grad.b2[k] * float64(w.b2[k])
		grad.b2[k] *= float64(s)
	}
}

// passRows is how many rows go through a block at a time, so that what is not kept
// stays in the second-level cache: an odd number of atoms, as in blockRows.
const passRows = 160

// part is the atoms lo to hi, of all atoms.
type part struct{ lo, hi, atoms int }

// of returns the part of x, which is kept for all atoms, that belongs to it.
func of[T any](b part, x []T) []T {
	size := len(x) / b.atoms
	return x[b.lo*size : b.hi*size]
}

// eachPart calls body for parts of the atoms.
func (p *Pass[T]) eachPart(body func(b part)) {
	atoms := p.edges.atoms()
	step := max(passRows/p.orientations(), 1)
	for lo := 0; lo < atoms; lo += step {
		body(part{lo, min(lo+step, atoms), atoms})
	}
}

// block is the ConvNeXt block in one of two forms, part by part.
type block[T Float] interface {
	// prepare resizes what the layer keeps for so many atoms, second for a gradient too.
	prepare(s *layerState[T], atoms int, second bool)
	// forward adds to h' what the block makes of n.
	forward(s *layerState[T], maps *blockMaps[T], b part, next, n []T)
	// backward writes the adjoint of n for that of h', which is s.dH.
	backward(s *layerState[T], maps *blockMaps[T], b part, dN []T)
	// tangent adds to ḣ' what the block makes of ṅ.
	tangent(s *layerState[T], maps *blockMaps[T], b part, nextDot, nDot []T)
	// gradient is the adjoint of the pair (h', ḣ'), or without a tangent of h' alone:
	// it accumulates the folded weights' and writes that of n. dH is the adjoint of h';
	// that of ḣ' is s.dH.
	gradient(s *layerState[T], maps *blockMaps[T], dw *layerWeights[T], b part, dN, dH []T, dual bool)
}

// blockOf returns the block of a layer; that of the last, which leaves out what of h'
// nobody reads, not where h' is inspected.
func (p *Pass[T]) blockOf(t int) block[T] {
	if t == len(p.layers)-1 && p.inspect == nil {
		return p.final
	}
	return p.block
}

// blockForward writes h' from the layer's h and its n.
func (p *Pass[T]) blockForward(t int, next, n []T) {
	s := &p.layers[t]
	block := p.blockOf(t)
	block.prepare(s, p.edges.atoms(), p.second)
	copy(next, s.h)
	p.eachPart(func(b part) { block.forward(s, &p.net.blocks[t], b, of(b, next), of(b, n)) })
}

// blockBackward writes the adjoint of n for that of h', the layer's dH. The
// residual branch is the caller's.
func (p *Pass[T]) blockBackward(t int, dN []T) {
	block := p.blockOf(t)
	p.eachPart(func(b part) { block.backward(&p.layers[t], &p.net.blocks[t], b, of(b, dN)) })
}

// blockTangent writes ḣ' from ḣ and ṅ.
func (p *Pass[T]) blockTangent(t int, nextDot, nDot []T) {
	s := &p.layers[t]
	copy(nextDot, s.hDot)
	block := p.blockOf(t)
	p.eachPart(func(b part) { block.tangent(s, &p.net.blocks[t], b, of(b, nextDot), of(b, nDot)) })
}

// blockGradient is the adjoint of the pair (h', ḣ'), with adjoints dH and the
// layer's own s.dH: it accumulates the folded weights' and writes that of n to
// dN.
func (p *Pass[T]) blockGradient(t int, dN, dH []T, grad *weights[T]) {
	block := p.blockOf(t)
	p.eachPart(func(b part) {
		block.gradient(&p.layers[t], &p.net.blocks[t], &grad.layers[t], b, of(b, dN), of(b, dH), p.dual)
	})
}

// rowBlock is the paper's: every row on its own, with the GELU.
type rowBlock[T Float] struct {
	cfg                  *Config
	set                  *kernel.Set[T]
	dG, dQ, dXHat, dQDot []T // of a part
	norm                 kernel.NormArgs[T]
}

func (e *rowBlock[T]) prepare(s *layerState[T], atoms int, second bool) {
	rows := atoms * len(e.cfg.Grid.Orientations)
	c, hidden := e.cfg.Channels, e.cfg.Widening*e.cfg.Channels
	resize(&s.rstd, rows)
	resize(&s.xhat, rows*c)
	resize(&s.dXHat, rows*c)
	resize(&s.g, rows*hidden)
	resize(&s.dg, rows*hidden)
	resize(&s.dG, rows*hidden)
	if second {
		resize(&s.slope, rows)
		resize(&s.xhatDot, rows*c)
		resize(&s.d2g, rows*hidden)
		resize(&s.qDot, rows*hidden)
	}
}

func (e *rowBlock[T]) forward(s *layerState[T], maps *blockMaps[T], b part, next, n []T) {
	rstd, xhat, g := of(b, s.rstd), of(b, s.xhat), of(b, s.g)
	e.set.Normalize(xhat, rstd, n, e.cfg.Channels, T(e.cfg.NormEpsilon))
	e.set.AffineGELU(g, of(b, s.dg), of(b, s.d2g), xhat, maps.in.forward[0], len(rstd))
	e.set.Affine(next, g, maps.out.forward[0], len(rstd), true)
}

func (e *rowBlock[T]) backward(s *layerState[T], maps *blockMaps[T], b part, dN []T) {
	rstd, dXHat, dG := of(b, s.rstd), of(b, s.dXHat), of(b, s.dG)
	e.set.Affine(dG, of(b, s.dH), maps.out.adjoint[0], len(rstd), false)
	dQ := resize(&e.dQ, len(dG))
	e.set.Mul(dQ, of(b, s.dg), dG)
	e.set.Affine(dXHat, dQ, maps.in.adjoint[0], len(rstd), false)
	e.set.NormalizeT(dN, nil, dXHat, of(b, s.xhat), rstd, e.cfg.Channels)
}

func (e *rowBlock[T]) tangent(s *layerState[T], maps *blockMaps[T], b part, nextDot, nDot []T) {
	rstd, xhatDot, qDot := of(b, s.rstd), of(b, s.xhatDot), of(b, s.qDot)
	e.set.NormalizeT(xhatDot, of(b, s.slope), nDot, of(b, s.xhat), rstd, e.cfg.Channels)
	e.set.Affine(qDot, xhatDot, maps.in.tangent[0], len(rstd), false)
	gDot := resize(&e.dG, len(qDot))
	e.set.Mul(gDot, of(b, s.dg), qDot)
	e.set.Affine(nextDot, gDot, maps.out.tangent[0], len(rstd), true)
}

func (e *rowBlock[T]) gradient(s *layerState[T], maps *blockMaps[T], dw *layerWeights[T], b part, dN, dH []T, dual bool) {
	rstd, xhat, g, dg, c := of(b, s.rstd), of(b, s.xhat), of(b, s.g), of(b, s.dg), e.cfg.Channels
	rows, hidden := len(rstd), maps.in.forward[0].Out
	// h' = h + g·W2' + b2', g = GELU(q)
	dG, dQ := resize(&e.dG, len(g)), resize(&e.dQ, len(g))
	affineGradient(e.set, dw.w2, dw.b2, g, dH, rows)
	e.set.Affine(dG, dH, maps.out.adjoint[0], rows, false)
	if dual {
		// ḣ' = ḣ + ġ·W2', ġ = GELU'(q) q̇
		qDot := of(b, s.qDot)
		e.set.MulSum(dQ, dg, dG, of(b, s.d2g), qDot, of(b, s.dG))
		gDot := dG // which has been used
		e.set.Mul(gDot, dg, qDot)
		e.set.MatMulTN(dw.w2, gDot, of(b, s.dH), hidden, rows, c, true)
	} else {
		e.set.Mul(dQ, dg, dG)
	}
	// q = x̂·W1' + b1'
	affineGradient(e.set, dw.w1, dw.b1, xhat, dQ, rows)
	dXHat := resize(&e.dXHat, len(xhat))
	e.set.Affine(dXHat, dQ, maps.in.adjoint[0], rows, false)
	if !dual {
		e.set.NormalizeT(dN, nil, dXHat, xhat, rstd, c)
		return
	}
	// q̇ = x̂̇·W1'
	dQDot := resize(&e.dQDot, len(dQ))
	e.set.Mul(dQDot, dg, of(b, s.dG))
	e.set.MatMulTN(dw.w1, of(b, s.xhatDot), dQDot, c, rows, hidden, true)
	e.norm = kernel.NormArgs[T]{XHat: xhat, RStd: rstd, XHatDot: of(b, s.xhatDot), Slope: of(b, s.slope), D: dXHat, DDot: of(b, s.dXHat)}
	e.set.NormalizeGrad(dN, &e.norm, c)
}
