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

// update moves the raw weights theta against the gradient. A tensor's learning
// rate and ε follow the width, its decay does not: decay is as fast at every
// width as at the base width.
func (a *adam) update(s scaling, theta, grad []float64, rate, weightDecay float64) {
	a.Step++
	c1 := 1 - math.Pow(adamBeta1, float64(a.Step))
	c2 := 1 - math.Pow(adamBeta2, float64(a.Step))
	for _, t := range s {
		decay := 0.
		if decays(t.Tensor) {
			decay = rate * weightDecay
		}
		rate, epsilon := rate*t.rate, adamEpsilon*t.gradient
		for k := t.Offset; k < t.Offset+t.Len(); k++ {
			g := grad[k]
			a.M[k] += (1 - adamBeta1) * (g - a.M[k])
			a.V[k] += (1 - adamBeta2) * (g*g - a.V[k])
			theta[k] -= decay * theta[k]
			theta[k] -= rate * (a.M[k] / c1) / (math.Sqrt(a.V[k]/c2) + epsilon)
		}
	}
}
