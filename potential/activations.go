package potential

// Activations are what one layer computes for a configuration. Features are
// [atom][orientation][channel].
type Activations[T Float] struct {
	H, M, N, Next []T       // h, m, n and h' of the layer
	Readout       []float64 // e_t: [atom][output], nil where the layer is not read out
}

// Inspect evaluates the network like Forward and returns copies of what each
// layer computes.
func (p *Pass[T]) Inspect(in Input) []Activations[T] {
	layers := make([]Activations[T], len(p.layers))
	p.Forward(in)
	output := append([]float64(nil), p.Output...)
	// Once more, with all of h' in the last layer: see blockOf.
	p.inspect = func(t int, h, m, n []T) {
		layers[t] = Activations[T]{H: append([]T(nil), h...), M: append([]T(nil), m...), N: append([]T(nil), n...)}
	}
	p.Forward(in)
	p.inspect = nil
	for t := range layers {
		next := p.next(t, len(layers[t].H))
		layers[t].Next = append([]T(nil), next...)
		if !p.net.cfg.readsOut(t) {
			continue
		}
		// The output is the mean of e_t, so one layer alone adds e_t over their number.
		clear(p.Output)
		p.readoutForward(t, next)
		for _, e := range p.Output {
			layers[t].Readout = append(layers[t].Readout, e*float64(p.net.cfg.readouts()))
		}
	}
	copy(p.Output, output)
	return layers
}
