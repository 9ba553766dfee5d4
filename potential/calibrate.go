package potential

import "math"

// Calibrate rescales the kernels of freshly drawn weights so that each
// convolution keeps the spread of its input, as the authors do: over all atoms,
// orientations and channels of the given configurations,
//
//	spatial kernel of layer t ← · std(h)/std(m),   spherical kernel ← · std(m)/std(n),
//
// with every standard deviation taken from the uncalibrated network. It returns
// new weights. (Families without a spherical convolution use std(n) for std(m);
// with zero biases they are the same.)
//
// Source: the authors' implementation of Bekkers et al., ICLR 2024.
func (c Config) Calibrate(weights []float64, inputs []Input) ([]float64, error) {
	net, err := NewNetwork[float64](c)
	if err != nil {
		return nil, err
	}
	if err := net.SetWeights(weights, 1); err != nil {
		return nil, err
	}
	c = net.cfg
	p := net.NewPass(false)
	in, spatial, fiber := make([]spread, c.Layers), make([]spread, c.Layers), make([]spread, c.Layers)
	p.inspect = func(t int, h, m, n []float64) {
		in[t].add(h)
		spatial[t].add(m)
		fiber[t].add(n)
	}
	for _, input := range inputs {
		p.Forward(input)
	}
	out := append([]float64(nil), weights...)
	w := view(c, out)
	for t := range w.layers {
		scale(w.layers[t].spatial, in[t].std()/spatial[t].std())
		scale(w.layers[t].self, in[t].std()/spatial[t].std())
		scale(w.layers[t].fiber, spatial[t].std()/fiber[t].std())
	}
	return out, nil
}

func scale(x []float64, f float64) {
	if notFinite(f) || f == 0 { // nothing to learn the scale from: keep it
		return
	}
	for k := range x {
		x[k] *= f
	}
}

// spread accumulates mean and variance (Welford).
type spread struct{ count, mean, m2 float64 }

func (s *spread) add(x []float64) {
	for _, v := range x {
		s.count++
		d := v - s.mean
		s.mean += d / s.count
		s.m2 += d * (v - s.mean)
	}
}

// std is the sample standard deviation, divisor count − 1.
func (s *spread) std() float64 { return math.Sqrt(s.m2 / (s.count - 1)) }
