package train

import (
	"math"

	"ponita/potential"
)

// adam is the optimiser of Kingma and Ba (arXiv:1412.6980) with the decoupled
// weight decay of Loshchilov and Hutter (arXiv:1711.05101), which acts on
// matrices alone, not on biases, gains and kernels.
type adam struct {
	M, V []float64 // moments
	Step int
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

func newAdam(weights int) *adam {
	return &adam{M: make([]float64, weights), V: make([]float64, weights)}
}

// decays tells whether a tensor is one that weight decay acts on.
func decays(t potential.Tensor) bool {
	return t.Role == potential.Hidden || t.Role == potential.Finite
}

// update moves the raw weights theta against the gradient:
//
//	M += (1−β1)(g − M),  V += (1−β2)(g² − V)
//	θ −= decay θ + rate (M/c1) / (√(V/c2) + ε),  c1 = 1 − β1^step, c2 = 1 − β2^step
//
// A tensor's learning rate and ε follow the width, its decay does not: decay is as
// fast at every width as at the base width.
func (a *adam) update(s scaling, theta, grad []float64, rate, weightDecay float64) {
	a.Step++
	c1 := 1 - math.Pow(adamBeta1, float64(a.Step))
	c2 := 1 - math.Pow(adamBeta2, float64(a.Step))
	for _, t := range s {
		decay := 0.
		if decays(t.Tensor) {
			decay = rate * weightDecay
		}
		rate, perC2, epsilon := rate*t.rate/c1, 1/c2, adamEpsilon*t.gradient
		m, v, theta := t.of(a.M), t.of(a.V), t.of(theta)
		for k, g := range t.of(grad) {
			m[k] += (1 - adamBeta1) * (g - m[k])
			v[k] += (1 - adamBeta2) * (g*g - v[k])
			theta[k] -= decay*theta[k] + rate*m[k]/(math.Sqrt(v[k]*perC2)+epsilon)
		}
	}
}
