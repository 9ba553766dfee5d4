package potential

import "ponita/potential/internal/kernel"

// The ConvNeXt block, in every atom and orientation on its own:
//
//	h' = h + s·(W2·GELU(W1·LayerNorm_c(n) + b1) + b2)
//
// with a layer scale s where the configuration has one. The ε of the layer norm is
// of the configuration too: of the order of the variance of n it makes the norm a
// soft one, linear for small n. With the quadratic activation, GELU's Taylor
// polynomial in its place, the norm is over the channels and orientations of an atom:
// it does not turn with the atoms, and n stays band-limited, see [Config.Exact]. Rows
// are atoms and orientations together; the hidden width is the widening times C.

// blockMaps are the affine maps of one block. Gain and shift of the layer norm,
// z = γ x̂ + β, are folded into the first, the layer scale into the second:
//
//	W1' = diag(γ) W1,  b1' = b1 + β W1,  W2' = W2 diag(s),  b2' = s b2
//	h'  = h + GELU(x̂·W1' + b1')·W2' + b2'
type blockMaps[T Float] struct {
	in, out       *kernel.Linear[T] // W1' and W2' with their biases
	inT, outT     *kernel.Linear[T] // W1'ᵀ and W2'ᵀ, for adjoints
	inDot, outDot *kernel.Linear[T] // W1' and W2', for tangents
	w1, w2        []T
	quadratic     bool // the activation
}

func newBlockMaps[T Float](c *Config) blockMaps[T] {
	channels, hidden := c.Channels, c.Widening*c.Channels
	up, down := kernel.Linear[T]{In: channels, Out: hidden}, kernel.Linear[T]{In: hidden, Out: channels}
	m := blockMaps[T]{w1: make([]T, channels*hidden), w2: make([]T, channels*hidden), quadratic: c.Activation == Quadratic}
	m.in, m.outT = new(up), new(up)
	m.out, m.inT = new(down), new(down)
	return m
}

// fold sets the maps to those of a layer, whose weights may be of another
// precision.
func fold[T, W Float](m *blockMaps[T], w *layerWeights[W], set *kernel.Set[T]) {
	channels, hidden := len(w.gain), len(w.b1)
	b1, b2 := append([]W(nil), w.b1...), make([]T, channels)
	for k, gain := range w.gain {
		row, out := w.w1[k*hidden:][:hidden], m.w1[k*hidden:][:hidden]
		for q, v := range row {
			b1[q] += w.shift[k] * v
			out[q] = T(gain * v)
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
	for q := range hidden {
		row, out := w.w2[q*channels:][:channels], m.w2[q*channels:][:channels]
		for k, s := range scale {
			out[k] = T(s * row[k])
		}
	}
	set.SetLinear(m.in, m.w1, rounded[T](b1), false)
	set.SetLinear(m.out, m.w2, b2, false)
	set.SetLinear(m.inT, m.w1, nil, true)
	set.SetLinear(m.outT, m.w2, nil, true)
	m.inDot, m.outDot = m.in.Map(), m.out.Map()
}

// unfold turns the gradient of the folded weights, which stands in the places of
// w1, b1, w2 and b2, into that of the weights.
func unfold[T Float](w *layerWeights[T], grad *layerWeights[float64]) {
	channels, hidden := len(w.gain), len(w.b1)
	for k := range channels {
		gain, shift := float64(w.gain[k]), float64(w.shift[k])
		w1, dw1 := w.w1[k*hidden:][:hidden], grad.w1[k*hidden:][:hidden]
		for q, db1 := range grad.b1 {
			grad.gain[k] += dw1[q] * float64(w1[q])
			grad.shift[k] += db1 * float64(w1[q])
			dw1[q] = gain*dw1[q] + shift*db1
		}
	}
	if w.scale == nil {
		return
	}
	for k, s := range w.scale {
		for q := range hidden {
			at := q*channels + k
			grad.scale[k] += grad.w2[at] * float64(w.w2[at])
			grad.w2[at] *= float64(s)
		}
		grad.scale[k] += grad.b2[k] * float64(w.b2[k])
		grad.b2[k] *= float64(s)
	}
}

// activate writes g = GELU(x̂·W1' + b1'), or the quadratic activation, and its first
// and second derivatives unless their slices are empty. The second of the quadratic
// one is a constant and not written.
func (m *blockMaps[T]) activate(set *kernel.Set[T], g, dg, d2g, xhat []T, rows int) {
	if m.quadratic {
		set.AffineQuadratic(g, dg, xhat, m.in, rows)
		return
	}
	set.AffineGELU(g, dg, d2g, xhat, m.in, rows)
}

// passRows is how many rows go through a block at a time, so that what is not kept
// stays in the second-level cache.
const passRows = 192

// eachBlock calls body for blocks of whole atoms. cut returns the part of what is
// kept for all atoms or rows, of any width, that belongs to the block.
func (p *Pass[T]) eachBlock(body func(rows int, cut func(x []T) []T)) {
	points := len(p.net.cfg.Grid.Orientations)
	step := max(passRows/points, 1)
	atoms := p.edges.atoms()
	for lo := 0; lo < atoms; lo += step {
		hi := min(lo+step, atoms)
		body((hi-lo)*points, func(x []T) []T { return x[len(x)/atoms*lo : len(x)/atoms*hi] })
	}
}

// blockForward writes h' from the layer's h and its input n of the layer norm.
func (p *Pass[T]) blockForward(t int, next, n []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	c, hidden := p.net.cfg.Channels, maps.in.Out
	resize(&s.xhat, p.rows()*c)
	resize(&s.rstd, p.rows()*c/p.net.cfg.normWidth())
	resize(&s.g, p.rows()*hidden)
	resize(&s.dg, p.rows()*hidden)
	if p.second && !maps.quadratic {
		resize(&s.d2g, p.rows()*hidden)
	}
	copy(next, s.h)
	p.eachBlock(func(rows int, cut func([]T) []T) {
		xhat, g := cut(s.xhat), cut(s.g)
		set.Normalize(xhat, cut(s.rstd), cut(n), p.net.cfg.normWidth(), T(p.net.cfg.NormEpsilon))
		maps.activate(set, g, cut(s.dg), cut(s.d2g), xhat, rows)
		set.Affine(cut(next), g, maps.out, rows, true)
	})
}

// blockBackward writes the adjoint of n for that of h', the layer's dH. The
// residual branch is the caller's.
func (p *Pass[T]) blockBackward(t int, dN []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	c, hidden := p.net.cfg.Channels, maps.in.Out
	resize(&s.dG, p.rows()*hidden)
	resize(&s.dXHat, p.rows()*c)
	p.eachBlock(func(rows int, cut func([]T) []T) {
		// h' = h + g·W2' + b2'
		dG := cut(s.dG)
		set.Affine(dG, cut(s.dH), maps.outT, rows, false)
		// g = GELU(x̂·W1' + b1')
		dQ := resize(&p.dQ, rows*hidden)
		set.Mul(dQ, cut(s.dg), dG)
		dXHat := cut(s.dXHat)
		set.Affine(dXHat, dQ, maps.inT, rows, false)
		set.NormalizeT(cut(dN), nil, dXHat, cut(s.xhat), cut(s.rstd), p.net.cfg.normWidth())
	})
}

// blockTangent writes ḣ' from ḣ and ṅ.
func (p *Pass[T]) blockTangent(t int, nextDot, nDot []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	c, hidden := p.net.cfg.Channels, maps.in.Out
	resize(&s.xhatDot, p.rows()*c)
	resize(&s.slope, len(s.rstd))
	resize(&s.qDot, p.rows()*hidden)
	copy(nextDot, s.hDot)
	p.eachBlock(func(rows int, cut func([]T) []T) {
		xhatDot, qDot := cut(s.xhatDot), cut(s.qDot)
		set.NormalizeT(xhatDot, cut(s.slope), cut(nDot), cut(s.xhat), cut(s.rstd), p.net.cfg.normWidth())
		set.Affine(qDot, xhatDot, maps.inDot, rows, false)
		gDot := resize(&p.dG, rows*hidden)
		set.Mul(gDot, cut(s.dg), qDot)
		set.Affine(cut(nextDot), gDot, maps.outDot, rows, true)
	})
}

// curvature returns the n second derivatives of a block's activation, which are kept
// unless they are all the same.
func (p *Pass[T]) curvature(kept []T, n int) []T {
	if p.net.cfg.Activation != Quadratic {
		return kept
	}
	for k := len(p.constant); k < n; k++ {
		p.constant = append(p.constant, kernel.Curvature)
	}
	return p.constant[:n]
}

// blockGradient is the adjoint of the pair (h', ḣ'), with adjoints dH and the
// layer's own s.dH: it accumulates the folded weights' and writes that of n to
// dN.
func (p *Pass[T]) blockGradient(t int, dN, dH []T, grad *weights[T]) {
	s, maps, dw, set := &p.layers[t], &p.net.blocks[t], &grad.layers[t], p.net.set
	c, hidden := p.net.cfg.Channels, maps.in.Out
	p.eachBlock(func(rows int, cut func([]T) []T) {
		g, dg, xhat, rstd, dH, dN := cut(s.g), cut(s.dg), cut(s.xhat), cut(s.rstd), cut(dH), cut(dN)
		dG, dQ, dXHat := resize(&p.dG, rows*hidden), resize(&p.dQ, rows*hidden), resize(&p.dXHat, rows*c)
		// h' = h + g·W2' + b2'
		affineGradient(set, dw.w2, dw.b2, g, dH, rows)
		set.Affine(dG, dH, maps.outT, rows, false)
		// g = GELU(q), q = x̂·W1' + b1'
		if !p.dual {
			set.Mul(dQ, dg, dG)
			affineGradient(set, dw.w1, dw.b1, xhat, dQ, rows)
			set.Affine(dXHat, dQ, maps.inT, rows, false)
			set.NormalizeT(dN, nil, dXHat, xhat, rstd, p.net.cfg.normWidth())
			return
		}
		// ḣ' = ḣ + ġ·W2', ġ = GELU'(q) q̇, q̇ = x̂̇·W1'
		qDot, dGDot, xhatDot := cut(s.qDot), cut(s.dG), cut(s.xhatDot)
		set.MulSum(dQ, dg, dG, p.curvature(cut(s.d2g), len(dQ)), qDot, dGDot)
		gDot, dQDot := dG, dG // dG has been used
		set.Mul(gDot, dg, qDot)
		set.MatMulTN(dw.w2, gDot, cut(s.dH), hidden, rows, c, true)
		set.Mul(dQDot, dg, dGDot)
		set.MatMulTN(dw.w1, xhatDot, dQDot, c, rows, hidden, true)
		affineGradient(set, dw.w1, dw.b1, xhat, dQ, rows)
		set.Affine(dXHat, dQ, maps.inT, rows, false)
		p.norm = kernel.NormArgs[T]{XHat: xhat, RStd: rstd, XHatDot: xhatDot, Slope: cut(s.slope), D: dXHat, DDot: cut(s.dXHat)}
		set.NormalizeGrad(dN, &p.norm, p.net.cfg.normWidth())
	})
}
