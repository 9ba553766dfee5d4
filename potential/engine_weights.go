package potential

import (
	"fmt"

	"ponita/neighbor"
	"ponita/potential/internal/kernel"
)

// engineWeights are a network's weights as the engine uses them: radial functions
// as splines, matrices laid out for the kernels, and everything that multiplies
// or shifts features linearly folded into its neighbour:
//
//   - gain and shift of the layer norm into W1 and b1;
//   - the layer scale into W2 and b2;
//   - the quadrature weights into Φ and the readout.
//
// Orientations are in antipodal order, see Grid.paired.
type engineWeights[T Float] struct {
	set              *kernel.Set[T]
	points, channels int          // N and C
	degree           int          // L
	normEpsilon      T            // of the layer norms
	hidden, width    int          // of a block, and (L+1)·C
	inner            int          // rows of an atom in n: orientations, or harmonics of its spectrum
	acts             int          // elements of an atom in what the adjoint of the activation needs
	spectrum         *spectrum[T] // of networks whose n is a spectrum, or nil
	grid             []T          // [3][orientation], of the first half
	embedding        []T          // [species][channel]
	layers           []engineLayer[T]
	first            *firstLayer   // of networks whose first layer is in harmonics, or nil
	last             *lastBlock[T] // the block of the last layer
	species          int
	firstNode        []int32 // [species][species] of the radial functions of the two
	intervals        int
	intervalsPerUnit float64    // per Å
	splineError      [2]float64 // of values and slopes
	isolated         []float64  // [species], output of an atom without neighbours
}

// engineLayer is one layer.
type engineLayer[T Float] struct {
	blockMaps[T]
	radial      []T // [set of functions][node][2][degree][channel], see radialSpline
	self        []T // [channel]
	phi         []T // [orientation p][orientation a][channel], with w_a
	filter      []T // in the place of phi, where n is a spectrum: [k][channel]
	bias        []T // [channel]
	readout     []T // [orientation][channel]: w_a v_c over the number of readouts, or nil
	readoutBias float64
}

// newEngineWeights prepares the weights of a network for the engine.
func newEngineWeights[T Float](c Config, flat []float64) (*engineWeights[T], error) {
	c.Grid, _ = c.Grid.paired() // checked by Validate
	set, err := kernel.Best[T]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	set64, err := kernel.Best[float64]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	e := &engineWeights[T]{
		set: set, points: len(c.Grid.Orientations), channels: c.Channels, degree: c.Degree,
		normEpsilon: T(c.NormEpsilon), hidden: c.Widening * c.Channels, width: (c.Degree + 1) * c.Channels,
	}
	e.grid = halfGrid[T](c.Grid)
	w := view(c, flat)
	e.embedding = rounded[T](w.embedding)
	spline := c.radialSpline(set64, w)
	e.intervals, e.intervalsPerUnit = spline.intervals, spline.perLength
	e.species = len(c.Species)
	for a := range e.species {
		for b := range e.species {
			e.firstNode = append(e.firstNode, int32(c.RadialSet(a, b)*(spline.intervals+1)))
		}
	}
	e.splineError = [2]float64{spline.Error, spline.SlopeError}

	e.inner, e.acts = e.points, e.points*e.hidden
	e.first = newFirstLayer(&c)
	fiber := newFiberKernel(&c, set64, w)
	if c.spectral() {
		spectrum := newSpectrum(&c, set)
		e.spectrum, e.inner, e.acts = &spectrum, spectrum.count, spectrum.arguments()
	} else {
		fiber.forward()
	}
	for t := range w.layers {
		l := engineLayer[T]{blockMaps: newBlockMaps[T](&c, t)}
		fold(&l.blockMaps, &w.layers[t], set)
		l.self, l.bias = rounded[T](w.layers[t].self), rounded[T](w.layers[t].bias)
		table := spline.table[t]
		if e.first != nil && t == 0 {
			table = e.first.radial(table, c.Degree, c.Channels)
		}
		l.radial = rounded[T](table)
		if e.spectrum != nil {
			l.filter = filter(make([]T, e.inner*c.Channels), w.layers[t].fiber, c.FiberDegree)
		} else {
			l.phi = rounded[T](fiber.phi[t])
		}
		if w.layers[t].readout != nil {
			share := 1 / float64(c.readouts())
			l.readoutBias = share * w.layers[t].outBias[0]
			var mean []float64
			for _, v := range w.layers[t].readout {
				mean = append(mean, share*v)
			}
			for _, weight := range c.Grid.Weights {
				for _, v := range mean {
					l.readout = append(l.readout, T(weight*v))
				}
			}
			if t == len(w.layers)-1 {
				maps := newBlockMaps[float64](&c, t)
				fold(&maps, &w.layers[t], set64)
				e.last = newLastBlock(&c, &maps, set, mean)
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
	lone := newEngine(e, make([]float64, species), newCrew(1))
	lone.begin(&neighbor.Graph{Start: make([]int, species+1)}, kind, nil, nil)
	for t := range e.layers {
		lone.forward(t)
	}
	return lone.out
}
