package abc

import (
	"math"
	"math/rand/v2"
)

// mlp is a network with tanh and weights in an abc-parametrization, relative to
// a base width, to measure what the theory says: plain loops, float64.
type mlp struct {
	p      Parametrization
	by     Optimizer
	width  int
	rate   float64
	factor []float64   // n^(-a), relative
	w      [][]float64 // [layer][out][in]
	grad   [][]float64
	m, v   [][]float64 // moments of Adam
	steps  int
	h      [][]float64 // [layer][unit] of the last forward pass
	delta  [][]float64
}

// The base network: inputs of unit length times the root of their number, so
// that all its features are about one.
const (
	baseWidth = 64
	inputs    = 4
)

func newMLP(p Parametrization, by Optimizer, width int, rate float64, rng *rand.Rand) *mlp {
	n := &mlp{p: p, by: by, width: width, rate: rate}
	fanIn := inputs
	for l, layer := range p {
		out, base := width, float64(inputs)
		if l == p.Hidden() {
			out = 1
		}
		if l > 0 {
			base = baseWidth
		}
		multiplier, deviation, _ := layer.At(float64(width) / baseWidth)
		w := make([]float64, out*fanIn)
		for k := range w {
			w[k] = deviation / math.Sqrt(base) * rng.NormFloat64()
		}
		n.factor, n.w = append(n.factor, multiplier), append(n.w, w)
		for _, list := range []*[][]float64{&n.grad, &n.m, &n.v} {
			*list = append(*list, make([]float64, len(w)))
		}
		n.h, n.delta = append(n.h, make([]float64, out)), append(n.delta, make([]float64, out))
		fanIn = width
	}
	return n
}

// features returns h^1…h^L and f for an input, and keeps them for backward.
func (n *mlp) forward(x []float64) [][]float64 {
	for l, h := range n.h {
		for i := range h {
			sum := 0.
			for j, w := range n.w[l][i*len(x) : (i+1)*len(x)] {
				sum += w * x[j]
			}
			h[i] = n.factor[l] * sum
		}
		x = make([]float64, len(h))
		for i, v := range h {
			x[i] = math.Tanh(v)
		}
	}
	return n.h
}

// backward adds the gradient by all w of seed·f.
func (n *mlp) backward(x []float64, seed float64) {
	n.delta[n.p.Hidden()][0] = seed
	for l := n.p.Hidden(); l >= 0; l-- {
		in := x
		if l > 0 {
			in = make([]float64, len(n.h[l-1]))
			for j, v := range n.h[l-1] {
				in[j] = math.Tanh(v)
			}
			clear(n.delta[l-1])
		}
		for i, d := range n.delta[l] {
			d *= n.factor[l]
			row, grad := n.w[l][i*len(in):(i+1)*len(in)], n.grad[l][i*len(in):(i+1)*len(in)]
			for j, v := range in {
				grad[j] += d * v
			}
			if l > 0 {
				for j, w := range row {
					n.delta[l-1][j] += d * w
				}
			}
		}
		if l > 0 {
			for j, v := range in {
				n.delta[l-1][j] *= 1 - v*v
			}
		}
	}
}

// step moves the weights down the gradient of the mean squared error.
func (n *mlp) step(xs [][]float64, ys []float64) {
	for _, g := range n.grad {
		clear(g)
	}
	for k, x := range xs {
		f := n.forward(x)[n.p.Hidden()][0]
		n.backward(x, 2*(f-ys[k])/float64(len(xs)))
	}
	n.steps++
	const beta1, beta2 = 0.9, 0.999
	c1, c2 := 1-math.Pow(beta1, float64(n.steps)), 1-math.Pow(beta2, float64(n.steps))
	for l, layer := range n.p {
		_, _, scale := layer.At(float64(n.width) / baseWidth)
		rate := n.rate * scale
		w, m, v := n.w[l], n.m[l], n.v[l]
		for k, g := range n.grad[l] {
			if n.by == SGD {
				w[k] -= rate * g
				continue
			}
			m[k] += (1 - beta1) * (g - m[k])
			v[k] += (1 - beta2) * (g*g - v[k])
			if v[k] > 0 { // no ε: it has a width of its own, see doc.go
				w[k] -= rate * (m[k] / c1) / math.Sqrt(v[k]/c2)
			}
		}
	}
}
