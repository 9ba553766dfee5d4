package train

import (
	"math"

	"ponita/potential"
)

// adam is the optimiser of Kingma and Ba (arXiv:1412.6980) with the decoupled
// weight decay of Loshchilov and Hutter (arXiv:1711.05101), which acts on
// matrices alone, not on biases, gains and kernels.
type adam struct {
	M, V  []float64 // moments
	Step  int
	decay []bool // [weight]
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

func newAdam(c potential.Config) *adam {
	layout := c.Layout()
	a := &adam{M: make([]float64, layout.Len), V: make([]float64, layout.Len), decay: make([]bool, layout.Len)}
	for _, t := range layout.Tensors {
		matrix := t.Role == potential.Hidden || t.Role == potential.Finite
		for k := range t.Len() {
			a.decay[t.Offset+k] = matrix
		}
	}
	return a
}

// update moves the weights theta against the gradient.
func (a *adam) update(theta, grad []float64, rate, weightDecay float64) {
	a.Step++
	c1 := 1 - math.Pow(adamBeta1, float64(a.Step))
	c2 := 1 - math.Pow(adamBeta2, float64(a.Step))
	for k, g := range grad {
		a.M[k] += (1 - adamBeta1) * (g - a.M[k])
		a.V[k] += (1 - adamBeta2) * (g*g - a.V[k])
		if a.decay[k] {
			theta[k] -= rate * weightDecay * theta[k]
		}
		theta[k] -= rate * (a.M[k] / c1) / (math.Sqrt(a.V[k]/c2) + adamEpsilon)
	}
}

// clip scales the gradient down to the given norm and returns the norm it had.
func clip(grad []float64, largest float64) float64 {
	sum := 0.
	for _, g := range grad {
		sum += g * g
	}
	length := math.Sqrt(sum)
	if length > largest {
		for k := range grad {
			grad[k] *= largest / length
		}
	}
	return length
}
