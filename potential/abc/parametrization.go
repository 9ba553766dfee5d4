package abc

import (
	"math"
	"slices"
)

// Layer holds the exponents of one layer: W = n^(−A) w, w_ij ~ N(0, n^(−2B)),
// learning rate η n^(−C). B = +Inf is a layer that starts from zero.
type Layer struct{ A, B, C float64 }

// At returns what the layer's numbers are multiplied with at width n = m n₀,
// relative to a network of width n₀: the multiplier in front of w, the initial
// standard deviation of w (0 for a layer that starts from zero) and the learning
// rate of w. At m = 1 all are exactly one, and a parametrization is the network
// it was tuned on.
func (l Layer) At(m float64) (multiplier, deviation, rate float64) {
	if !math.IsInf(l.B, 1) {
		deviation = math.Pow(m, -l.B)
	}
	return math.Pow(m, -l.A), deviation, math.Pow(m, -l.C)
}

// Parametrization lists the layers 1…L+1: hidden ones, then the output. It has
// two or more. The first layer, from a finite input, stands for every tensor
// with one side that grows, the layers between for those with two.
type Parametrization []Layer

// Hidden returns L, the number of hidden layers.
func (p Parametrization) Hidden() int { return len(p) - 1 }

// Shift returns an equivalent parametrization: a_l + θ, b_l − θ and c_l − 2θ (SGD)
// or c_l − θ (Adam) in all layers. The weights W it trains are the same.
func (p Parametrization) Shift(o Optimizer, theta float64) Parametrization {
	q := slices.Clone(p)
	for l := range q {
		q[l].A += theta
		q[l].B -= theta
		q[l].C -= theta * o.shift()
	}
	return q
}

// build repeats the middle layer for L hidden layers.
func build(hidden int, first, middle, last Layer) Parametrization {
	p := Parametrization{first}
	for range hidden - 1 {
		p = append(p, middle)
	}
	return append(p, last)
}

// The named parametrizations for L hidden layers, each for the optimiser whose
// learning rates it states.

// Standard is what deep learning libraries do: no multipliers, variance
// 1/fan_in, and one learning rate η n^(−c). With c = 0 it is unstable. The least
// c that is stable, 1 for SGD and 3/2 for Adam (1 for a single hidden layer),
// puts it into the kernel regime.
func Standard(hidden int, c float64) Parametrization {
	return build(hidden, Layer{0, 0, c}, Layer{0, .5, c}, Layer{0, .5, c})
}

// NeuralTangent is the parametrization of Jacot et al. (arXiv:1806.07572), whose
// limit under SGD is kernel gradient descent.
func NeuralTangent(hidden int) Parametrization {
	return build(hidden, Layer{0, 0, 0}, Layer{.5, 0, 0}, Layer{.5, 0, 0})
}

// MeanField is that of networks with one hidden layer seen as an average over
// neurons (Mei, Montanari, Nguyen, arXiv:1804.06561), for SGD. It is
// MaximalUpdate(1), shifted.
func MeanField() Parametrization {
	return Parametrization{{0, 0, -1}, {1, 0, -1}}
}

// MaximalUpdate is µP for SGD: every layer moves its features by Θ(1).
func MaximalUpdate(hidden int) Parametrization {
	return build(hidden, Layer{-.5, .5, 0}, Layer{0, .5, 0}, Layer{.5, .5, 0})
}

// NeuralTangentAdam is the kernel regime of Adam in which all layers learn:
// features move by n^(−1/2), as under NeuralTangent with SGD, and each layer has
// a part in the change of the output.
func NeuralTangentAdam(hidden int) Parametrization {
	return build(hidden, Layer{0, 0, .5}, Layer{.5, 0, 1}, Layer{.5, 0, .5})
}

// MaximalUpdateAdam is µP for Adam. The readout keeps its variance and its rate,
// and has the multiplier 1/n.
func MaximalUpdateAdam(hidden int) Parametrization {
	return build(hidden, Layer{0, 0, 0}, Layer{0, .5, 1}, Layer{1, 0, 0})
}

// ZeroReadout returns p with an output layer that starts from zero.
func (p Parametrization) ZeroReadout() Parametrization {
	q := slices.Clone(p)
	q[len(q)-1].B = math.Inf(1)
	return q
}
