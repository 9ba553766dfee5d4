package train

import (
	"math"

	"ponita/internal/parallel"
	"ponita/potential"
	"ponita/potential/abc"
)

// Parametrizations are the values of [Settings.Parametrization].
var Parametrizations = []string{"mup", "sp", "ntk"}

// scaling is what the width C of a network makes of each of its tensors,
// relative to a network of the base width C₀ on which the settings were tuned.
// It is the one place that knows: the optimiser moves raw weights, the network
// and the model file have
//
//	weights = multiplier · raw,   ∂L/∂raw = multiplier · ∂L/∂weights.
//
// With m = C/C₀ and the exponents of package abc,
//
//	tensor                                   mup                  ntk                     sp
//	                                         multiplier  rate     multiplier  rate        rate
//	embedding, kernels per channel, vectors  1           η        1           η m^(-1/2)  η
//	finite ones                              1           η        1           η m^(-1/2)  η
//	W1, W2                                   1           η/m      m^(-1/2)    η m^(-1)    η
//	readout, zero at the start               1/m         η        m^(-1/2)    η m^(-1/2)  η
//
// The initial weights are the same in all three, 1/fan_in for matrices and one
// per term for the rest ([potential.Config.Initialize]): their a + b agree. At
// m = 1 every number is exactly one.
//
// Under mup every gradient of a tensor with C in its shape falls as 1/m, that of
// W1 and W2 too (they have m² elements): [abc.Analysis.Gradient]. Two things
// depend on the size of a gradient. Adam's ε is scaled with it. The norm that is
// clipped weights the square of each tensor's gradient so that its part does not
// depend on the width, with 1/(elements · size²): unweighted, the embedding,
// the kernels and the readout would vanish from it as the network widens.
// Under sp, which has no limit of infinite width, both are left alone.
type scaling []tensorScaling

type tensorScaling struct {
	potential.Tensor
	multiplier float64
	rate       float64 // over the learning rate
	gradient   float64 // size of an element of ∂L/∂raw over that at the base width
	norm       float64 // weight of its square in the norm that is clipped
	muon       bool    // moved by Muon instead of Adam
}

func (s Settings) scaling(c potential.Config) scaling {
	var p abc.Parametrization
	switch s.Parametrization {
	case "sp":
		p = abc.Standard(2, 0)
	case "ntk":
		p = abc.NeuralTangentAdam(2)
	default:
		p = abc.MaximalUpdateAdam(2)
	}
	gradients := p.ZeroReadout().Analyze(abc.Adam).Gradient
	m := float64(c.Channels) / float64(s.BaseChannels)
	var out scaling
	for _, t := range c.Layout().Tensors {
		layer, elements, gathered := 0, m, 0.
		switch t.Role {
		case potential.Hidden:
			layer, elements = 1, m*m
		case potential.OutputLike:
			layer = 2
		case potential.Finite, potential.FiniteVector:
			elements, gathered = 1, 1 // every channel adds to the gradient
		}
		x := tensorScaling{Tensor: t, gradient: 1, norm: 1, muon: t.Role == potential.Hidden && s.Optimizer == "muon"}
		x.multiplier, _, x.rate = p[layer].At(m)
		if s.Parametrization != "sp" {
			x.gradient = math.Pow(m, gradients[layer]+gathered)
			x.norm = 1 / (elements * x.gradient * x.gradient)
		}
		out = append(out, x)
	}
	return out
}

// of returns the tensor's part of a flat vector.
func (t tensorScaling) of(flat []float64) []float64 { return flat[t.Offset : t.Offset+t.Len()] }

// each calls work for every tensor.
func (s scaling) each(threads int, work func(k int, t tensorScaling)) {
	parallel.Each(len(s), threads, func(_, k int) error { // which never fails
		work(k, s[k])
		return nil
	})
}

// weights writes the network's weights for the raw ones.
func (s scaling) weights(weights, raw []float64, threads int) {
	s.each(threads, func(_ int, t tensorScaling) {
		raw, weights := t.of(raw), t.of(weights)
		for k, v := range raw {
			weights[k] = t.multiplier * v
		}
	})
}

// raw writes the raw weights for the network's.
func (s scaling) raw(raw, weights []float64) {
	for _, t := range s {
		raw, weights := t.of(raw), t.of(weights)
		for k, v := range weights {
			raw[k] = v / t.multiplier
		}
	}
}

// pullBack turns a gradient by the network's weights into one by the raw ones.
func (s scaling) pullBack(grad []float64, threads int) {
	s.each(threads, func(_ int, t tensorScaling) {
		grad := t.of(grad)
		for k := range grad {
			grad[k] *= t.multiplier
		}
	})
}

// clip scales the gradient down to the given norm and returns the norm it had.
func (s scaling) clip(grad []float64, largest float64, threads int) float64 {
	parts := make([]float64, len(s))
	s.each(threads, func(k int, t tensorScaling) {
		part := 0.
		for _, g := range t.of(grad) {
			part += g * g
		}
		parts[k] = t.norm * part
	})
	sum := 0.
	for _, part := range parts {
		sum += part
	}
	length := math.Sqrt(sum)
	if length > largest {
		factor := largest / length
		for k := range grad {
			grad[k] *= factor
		}
	}
	return length
}
