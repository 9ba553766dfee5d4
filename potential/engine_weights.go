package potential

import (
	"fmt"
	"math"

	"ponita/neighbor"
	"ponita/potential/internal/kernel"
)

// engineWeights are a network's weights as the engine uses them: radial functions
// as splines, matrices laid out for the kernels, and everything that multiplies
// or shifts features linearly folded into its neighbour:
//
//   - n̄^(-1/2) into the splines;
//   - gain and shift of the layer norm into W1 and b1;
//   - the layer scale into W2 and b2;
//   - the quadrature weights into Φ and the readout.
//
// Orientations are in antipodal order: o_(a+N/2) = −o_a.
type engineWeights[T Float] struct {
	set              *kernel.Set[T]
	cutoff           float64
	points, channels int // N and C
	degree           int // L
	hidden, width    int // of a block, and (L+1)·C
	grid             []T // [3][orientation]
	embedding        []T // [species][channel]
	layers           []engineLayer[T]
	intervals        int
	intervalsPerUnit float64 // per Å
	splineError      float64
	isolated         []float64 // [species], output of an atom without neighbours
}

// engineLayer is one layer.
type engineLayer[T Float] struct {
	radial      []T               // [interval][4][degree][channel]
	self        []T               // [channel]
	phi         []T               // [orientation p][orientation a][channel], with w_a
	bias        []T               // [channel]
	in, out     *kernel.Linear[T] // W1 and W2 with their biases
	inT, outT   *kernel.Linear[T] // W1ᵀ and W2ᵀ
	readout     []T               // [orientation][channel]: w_a v_c over the number of readouts, or nil
	readoutBias float64
}

// antipodal returns the order of orientations in which the second half is
// opposite to the first, or false if there is none with equal weights.
func (g Grid) antipodal() ([]int, bool) {
	const tolerance = 1e-9
	var half, opposite []int
	used := make([]bool, len(g.Orientations))
	for a, o := range g.Orientations {
		if used[a] {
			continue
		}
		found := false
		for b := a + 1; b < len(g.Orientations) && !found; b++ {
			p := g.Orientations[b]
			sum := [3]float64{o[0] + p[0], o[1] + p[1], o[2] + p[2]}
			if !used[b] && norm(sum) < tolerance && math.Abs(g.Weights[a]-g.Weights[b]) < tolerance {
				used[b], found = true, true
				half, opposite = append(half, a), append(opposite, b)
			}
		}
		if !found {
			return nil, false
		}
	}
	return append(half, opposite...), true
}

// hasEngine tells whether the engine evaluates networks of this configuration:
// band-limited kernels on a grid with every point's opposite. Others, which are
// there for parity with published models, are evaluated by a [Pass].
func (c Config) hasEngine() bool {
	_, ok := c.Grid.antipodal()
	return ok && c.Kernel == Legendre && c.Degree >= 1
}

// newEngineWeights prepares the weights of a network for the engine.
func newEngineWeights[T Float](c Config, flat []float64) (*engineWeights[T], error) {
	order, ok := c.Grid.antipodal()
	if !ok || !c.hasEngine() {
		return nil, fmt.Errorf("potential: no engine for kernel %q on grid %q", c.Kernel, c.Grid.Name)
	}
	set, err := kernel.Best[T]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	set64, err := kernel.Best[float64]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	e := &engineWeights[T]{
		set: set, cutoff: c.Cutoff, points: len(order), channels: c.Channels, degree: c.Degree,
		hidden: c.Widening * c.Channels, width: (c.Degree + 1) * c.Channels,
	}
	e.grid = make([]T, 3*e.points)
	for a, o := range order {
		for k := range 3 {
			e.grid[k*e.points+a] = T(c.Grid.Orientations[o][k])
		}
	}
	w := view(c, flat)
	e.embedding = rounded[T](w.embedding, 1)
	spline := newRadialSpline(c.radialFunctions(set64, flat), c.Cutoff, c.Layers, e.width)
	e.intervals, e.intervalsPerUnit, e.splineError = spline.intervals, spline.perLength, spline.Error

	fiber := newFiberKernel(&c, set64, w)
	fiber.forward()
	for t := range w.layers {
		l := foldLayer[T](&c, &w.layers[t], set)
		l.radial = rounded[T](spline.table[t], 1/math.Sqrt(c.MeanNeighbors))
		l.phi = make([]T, e.points*e.points*e.channels)
		for p := range e.points {
			for a := range e.points {
				from := fiber.phi[t][(order[p]*e.points+order[a])*e.channels:]
				for k := range e.channels {
					l.phi[(p*e.points+a)*e.channels+k] = T(from[k])
				}
			}
		}
		if w.layers[t].readout != nil {
			share := 1 / float64(c.readouts())
			l.readoutBias = share * w.layers[t].outBias[0]
			for _, a := range order {
				for _, v := range w.layers[t].readout {
					l.readout = append(l.readout, T(share*c.Grid.Weights[a]*v))
				}
			}
		}
		e.layers = append(e.layers, l)
	}
	e.isolated = e.isolatedOutputs(len(c.Species))
	return e, nil
}

// isolatedOutputs evaluates one atom of each species without neighbours, as any
// other configuration, so that an isolated atom has its reference energy exactly.
func (e *engineWeights[T]) isolatedOutputs(species int) []float64 {
	kind := make([]int32, species)
	for k := range kind {
		kind[k] = int32(k)
	}
	lone := newEngine(e, make([]float64, species), 1)
	lone.begin(&neighbor.Graph{Start: make([]int, species+1)}, kind, nil)
	for t := range e.layers {
		lone.forward(t)
	}
	return lone.out
}

// foldLayer folds gain and shift of the layer norm and the layer scale into the
// matrices of the block.
func foldLayer[T Float](c *Config, w *layerWeights[float64], set *kernel.Set[T]) engineLayer[T] {
	channels, hidden := c.Channels, c.Widening*c.Channels
	w1, w1T := make([]T, channels*hidden), make([]T, channels*hidden)
	w2, w2T := make([]T, channels*hidden), make([]T, channels*hidden)
	b1, b2 := append([]float64(nil), w.b1...), make([]T, channels)
	for k := range channels {
		scale := 1.
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
	return engineLayer[T]{
		self: rounded[T](w.self, 1),
		bias: rounded[T](w.bias, 1),
		in:   set.Linear(w1, rounded[T](b1, 1), channels, hidden),
		out:  set.Linear(w2, b2, hidden, channels),
		inT:  set.Linear(w1T, nil, hidden, channels),
		outT: set.Linear(w2T, nil, channels, hidden),
	}
}
