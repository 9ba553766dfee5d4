package potential

import "ponita/potential/internal/kernel"

// lastBlock is the block of the last layer as the engine computes it. Of its h' only
// the readout Σ_a w_a v·h'[a] is wanted, which is linear: W2 is multiplied by v
// once, when a model is loaded, and not by every row. With v' = W2'·v
//
//	e = Σ_a w_a v·h[a] + v·b2' + Σ_a w_a v'·GELU(q[a])
//
// and of the spectrum of the quadratic activation only the mean over the sphere is left,
//
//	e = v·h_0 + v·b2' + v'·(q_0/2 + Σ_k q_k²/√(2π)),  q_k = x̂_k·W1' + b1' δ_k0,
//
// a quadratic form of x̂ with the matrix A = W1' diag(v') W1'ᵀ, or one for every degree.
type lastBlock[T Float] struct {
	constant float64 // what does not depend on x̂
	// With spectra:
	form   []*kernel.Linear[T] // [degree]: 2A/√(2π)
	linear []T                 // [channel], of x̂_0
	// With rows:
	output []T // [orientation][hidden]: w_a v'
}

// newLastBlock takes the weights of the last layer, folded, and its share of the
// output v, [channel].
func newLastBlock[T Float](c *Config, maps *blockMaps[float64], set *kernel.Set[T], v []float64) *lastBlock[T] {
	channels, hidden := len(v), len(maps.in.b)
	var b lastBlock[T]
	for k, x := range v {
		b.constant += x * maps.out.b[k]
	}
	inner := make([]float64, hidden) // v'
	for q := range inner {
		for k, x := range v {
			inner[q] += maps.out.w[q*channels+k] * x
		}
	}
	if !c.spectral() {
		for _, w := range c.Grid.Weights {
			for _, x := range inner {
				b.output = append(b.output, T(w*x))
			}
		}
		return &b
	}
	for q, x := range inner {
		b.constant += x * (kernel.LinearTerm*maps.in.b[q] + kernel.SquareTerm*maps.in.b[q]*maps.in.b[q])
	}
	for k := range channels {
		var linear float64
		for q, x := range inner {
			linear += maps.in.w[k*hidden+q] * x * (kernel.LinearTerm + 2*kernel.SquareTerm*maps.in.b[q])
		}
		b.linear = append(b.linear, T(linear))
	}
	for l := range maps.in.forward {
		w := maps.in.w[min(l, c.countW1()-1)*channels*hidden:]
		form := make([]T, channels*channels)
		for k := range channels {
			for m := range channels {
				var sum float64
				for q, x := range inner {
					sum += w[k*hidden+q] * x * w[m*hidden+q]
				}
				form[k*channels+m] = T(2 * kernel.SquareTerm * sum)
			}
		}
		b.form = append(b.form, set.Linear(form, nil, channels, channels))
	}
	return &b
}

// read adds what the last block gives to the outputs of atoms lo to hi and
// writes its adjoint ∂E/∂x̂ to dX.
func (e *engine[T]) read(w *worker[T], lo, hi int, dX []T) {
	b := e.last
	if b.form != nil {
		form, size := resize(&w.u, len(dX)), e.inner*e.channels // by x̂, half of it is the energy
		mix(e.set, form, byHarmonic(resize(&w.x, len(dX)), w.xhat, e.inner, e.channels), b.form, hi-lo)
		byAtom(w.x, form, e.inner, e.channels)
		form = w.x
		clear(dX)
		for i := lo; i < hi; i++ {
			at, scale := (i-lo)*size, T(e.scale[e.kind[i]])
			x, f, d := w.xhat[at:at+size], form[at:at+size], dX[at:at+size]
			e.out[i] += b.constant + float64(e.set.Dot(x, f))/2 + float64(e.set.Dot(x[:e.channels], b.linear))
			e.set.AXPY(d, f, scale)
			e.set.AXPY(d[:e.channels], b.linear, scale)
		}
		return
	}
	maps, size := &e.layers[len(e.layers)-1].blockMaps, len(b.output)
	rows := len(dX) / e.channels
	act := resize(&w.act, rows*e.hidden)
	g := resize(&w.g, len(act))
	e.set.AffineGELU(g, act, nil, w.xhat, maps.in.forward[0], rows)
	for i := lo; i < hi; i++ {
		at := (i - lo) * size
		g, act := g[at:at+size], act[at:at+size]
		e.out[i] += b.constant + float64(e.set.Dot(g, b.output))
		e.set.Mul(act, act, b.output)
		clear(g)
		e.set.AXPY(g, act, T(e.scale[e.kind[i]]))
	}
	e.set.Affine(dX, g, maps.in.adjoint[0], rows, false)
}
