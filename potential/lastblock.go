package potential

import (
	"math"

	"ponita/potential/internal/kernel"
)

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
// a quadratic form of x̂ with the matrix A = W1' diag(v') W1'ᵀ.
type lastBlock[T Float] struct {
	constant float64 // what does not depend on x̂
	// With spectra:
	form   *kernel.Linear[T] // 2A/√(2π)
	linear []T               // [channel], of x̂_0
	// With rows:
	output []T // [orientation][hidden]: w_a v'
}

// newLastBlock takes the weights of the last layer, folded, and its share of the
// output v, [channel].
func newLastBlock[T Float](c *Config, maps *blockMaps[float64], set *kernel.Set[T], v []float64) *lastBlock[T] {
	channels, hidden := len(v), len(maps.b1)
	var b lastBlock[T]
	for k, x := range v {
		b.constant += x * maps.b2[k]
	}
	inner := make([]float64, hidden) // v'
	for q := range inner {
		for k, x := range v {
			inner[q] += maps.w2[q*channels+k] * x
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
	square := 1 / math.Sqrt(2*math.Pi)
	for q, x := range inner {
		b.constant += x * (maps.b1[q]/2 + square*maps.b1[q]*maps.b1[q])
	}
	form := make([]T, channels*channels)
	for k := range channels {
		row := maps.w1[k*hidden:][:hidden]
		var linear float64
		for q, x := range inner {
			linear += row[q] * x * (0.5 + 2*square*maps.b1[q])
		}
		b.linear = append(b.linear, T(linear))
		for l := range channels {
			var sum float64
			for q, x := range inner {
				sum += row[q] * x * maps.w1[l*hidden+q]
			}
			form[k*channels+l] = T(2 * square * sum)
		}
	}
	b.form = set.Linear(form, nil, channels, channels)
	return &b
}

// read adds what the last block gives to the outputs of atoms lo to hi and
// writes its adjoint ∂E/∂x̂ to dX.
func (e *engine[T]) read(w *worker[T], lo, hi int, dX []T) {
	b, rows := e.last, len(dX)/e.channels
	if b.form == nil {
		maps := &e.layers[len(e.layers)-1].blockMaps
		act := resize(&w.act, rows*e.hidden)
		g := resize(&w.g, len(act))
		e.set.AffineGELU(g, act, nil, w.xhat, maps.in, rows)
		size := len(b.output)
		for i := lo; i < hi; i++ {
			at := (i - lo) * size
			e.out[i] += b.constant + float64(e.set.Dot(g[at:at+size], b.output))
			e.set.Mul(act[at:at+size], act[at:at+size], b.output)
			scaled(e.set, act[at:at+size], T(e.scale[e.kind[i]]))
		}
		e.set.Affine(dX, act, maps.inT, rows, false)
		return
	}
	e.set.Affine(dX, w.xhat, b.form, rows, false)
	size := e.inner * e.channels
	for i := lo; i < hi; i++ {
		at := (i - lo) * size
		x, d := w.xhat[at:at+size], dX[at:at+size]
		e.out[i] += b.constant + float64(e.set.Dot(x, d))/2 + float64(e.set.Dot(x[:e.channels], b.linear))
		e.set.AXPY(d[:e.channels], b.linear, 1)
		scaled(e.set, d, T(e.scale[e.kind[i]]))
	}
}

// scaled multiplies x by a.
func scaled[T Float](set *kernel.Set[T], x []T, a T) { set.AXPY(x, x, a-1) }
