package potential

import "ponita/potential/internal/kernel"

// The ConvNeXt block, in every atom and orientation on its own:
//
//	h' = h + s·(W2·GELU(W1·LayerNorm_c(n) + b1) + b2)
//
// with a layer scale s where the configuration has one. Rows are atoms and
// orientations together; the hidden width is the widening times C.

// blockMaps are the affine maps of one block. Gain and shift of the layer norm,
// z = γ x̂ + β, are folded into the first, the layer scale into the second:
//
//	W1' = diag(γ) W1,  b1' = b1 + β W1,  W2' = W2 diag(s),  b2' = s b2
//	h'  = h + GELU(x̂·W1' + b1')·W2' + b2'
type blockMaps[T Float] struct {
	in, out   *kernel.Linear[T] // W1' and W2' with their biases
	inT, outT *kernel.Linear[T] // W1'ᵀ and W2'ᵀ, for adjoints
}

// fold makes the maps of a layer, whose weights may be of another precision.
func fold[T, W Float](c *Config, w *layerWeights[W], set *kernel.Set[T]) blockMaps[T] {
	channels, hidden := c.Channels, c.Widening*c.Channels
	w1, w1T := make([]T, channels*hidden), make([]T, channels*hidden)
	w2, w2T := make([]T, channels*hidden), make([]T, channels*hidden)
	b1, b2 := append([]W(nil), w.b1...), make([]T, channels)
	for k := range channels {
		scale := W(1)
		if w.scale != nil {
			scale = w.scale[k]
		}
		for q := range hidden {
			in, out := w.gain[k]*w.w1[k*hidden+q], scale*w.w2[q*channels+k]
			b1[q] += w.shift[k] * w.w1[k*hidden+q]
			w1[k*hidden+q], w1T[q*channels+k] = T(in), T(in)
			w2[q*channels+k], w2T[k*hidden+q] = T(out), T(out)
		}
		b2[k] = T(scale * w.b2[k])
	}
	return blockMaps[T]{
		in:   set.Linear(w1, rounded[T](b1), channels, hidden),
		out:  set.Linear(w2, b2, hidden, channels),
		inT:  set.Linear(w1T, nil, hidden, channels),
		outT: set.Linear(w2T, nil, channels, hidden),
	}
}

// unfold turns the gradient of the folded weights, which stands in the places of
// w1, b1, w2 and b2, into that of the weights.
func unfold[T Float](w, grad *layerWeights[T]) {
	channels, hidden := len(w.gain), len(w.b1)
	for k := range channels {
		for q := range hidden {
			at := k*hidden + q
			grad.gain[k] += grad.w1[at] * w.w1[at]
			grad.shift[k] += grad.b1[q] * w.w1[at]
			grad.w1[at] = w.gain[k]*grad.w1[at] + w.shift[k]*grad.b1[q]
		}
	}
	if w.scale == nil {
		return
	}
	for k, s := range w.scale {
		for q := range hidden {
			at := q*channels + k
			grad.scale[k] += grad.w2[at] * w.w2[at]
			grad.w2[at] *= s
		}
		grad.scale[k] += grad.b2[k] * w.b2[k]
		grad.b2[k] *= s
	}
}

// blockForward writes h' from the layer's h and its input n of the layer norm.
func (p *Pass[T]) blockForward(t int, next, n []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, maps.in.Out
	set.Normalize(resize(&s.xhat, rows*c), resize(&s.rstd, rows), n, c)
	var d2 []T
	if p.second {
		d2 = resize(&s.d2g, rows*hidden)
	}
	set.AffineGELU(resize(&s.g, rows*hidden), resize(&s.dg, rows*hidden), d2, s.xhat, maps.in, rows)
	copy(next, s.h)
	set.Affine(next, s.g, maps.out, rows, true)
}

// blockBackward writes the adjoint of n for that of h', the layer's dH. The
// residual branch is the caller's.
func (p *Pass[T]) blockBackward(t int, dN []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, maps.in.Out
	// h' = h + g·W2' + b2'
	set.Affine(resize(&s.dG, rows*hidden), s.dH, maps.outT, rows, false)
	// g = GELU(x̂·W1' + b1')
	set.Mul(resize(&s.dQ, rows*hidden), s.dg, s.dG)
	set.Affine(resize(&s.dXHat, rows*c), s.dQ, maps.inT, rows, false)
	set.NormalizeT(dN, nil, s.dXHat, s.xhat, s.rstd, c)
}

// blockTangent writes ḣ' from ḣ and ṅ.
func (p *Pass[T]) blockTangent(t int, nextDot, nDot []T) {
	s, maps, set := &p.layers[t], &p.net.blocks[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, maps.in.Out
	set.NormalizeT(resize(&s.xhatDot, rows*c), resize(&s.slope, rows), nDot, s.xhat, s.rstd, c)
	set.Affine(resize(&s.qDot, rows*hidden), s.xhatDot, maps.in.Map(), rows, false)
	set.Mul(resize(&s.gDot, rows*hidden), s.dg, s.qDot)
	copy(nextDot, s.hDot)
	set.Affine(nextDot, s.gDot, maps.out.Map(), rows, true)
}

// blockGradient is the adjoint of the pair (h', ḣ'), with adjoints dH and the
// layer's own s.dH: it accumulates the folded weights' and writes that of n to
// dN.
func (p *Pass[T]) blockGradient(t int, dN, dH []T, grad *weights[T]) {
	s, maps, dw, set := &p.layers[t], &p.net.blocks[t], &grad.layers[t], p.net.set
	rows, c, hidden := p.rows(), p.net.cfg.Channels, maps.in.Out
	// h' = h + g·W2' + b2', ḣ' = ḣ + ġ·W2'
	affineGradient(set, dw.w2, dw.b2, s.g, s.gDot, dH, s.dH, rows)
	dG := resize(&p.dG, rows*hidden)
	set.Affine(dG, dH, maps.outT, rows, false)
	// g = GELU(q), ġ = GELU'(q) q̇
	dQ := resize(&p.dQ, rows*hidden)
	set.MulSum(dQ, s.dg, dG, s.d2g, s.qDot, s.dG)
	// q = x̂·W1' + b1', q̇ = x̂̇·W1'
	affineGradient(set, dw.w1, dw.b1, s.xhat, s.xhatDot, dQ, s.dQ, rows)
	dXHat := resize(&p.dXHat, rows*c)
	set.Affine(dXHat, dQ, maps.inT, rows, false)
	p.norm = kernel.NormArgs[T]{XHat: s.xhat, RStd: s.rstd, XHatDot: s.xhatDot, Slope: s.slope, D: dXHat, DDot: s.dXHat}
	set.NormalizeGrad(dN, &p.norm, c)
}
