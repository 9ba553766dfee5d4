package train

import (
	"fmt"
	"math"
	"sync"

	"ponita/internal/parallel"
	"ponita/potential"
	"ponita/potential/internal/kernel"
)

// optimizer moves the weights. Matrices between channels, W1 and W2 of the
// blocks, go by Muon (Jordan et al. 2024): along the momentum of their gradient
// with all its singular values made equal. A gradient is a sum of a few outer
// products, and a step of Adam follows the largest of them; equal singular values
// move all directions alike. All other tensors go by Adam (Kingma, Ba,
// arXiv:1412.6980), which settings may ask for throughout.
//
// Weight decay is decoupled (Loshchilov, Hutter, arXiv:1711.05101) and acts on
// matrices and on the shifts of pairs of species, not on biases, gains and kernels.
type optimizer struct {
	M, V []float64 // moments; V of Adam alone
	Step int
	set  *kernel.Set[float32]

	memory sync.Pool // of *orthogonalizer
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8

	// muonSize is the spectral norm of a step of Muon over that of one of Adam whose
	// elements all have one sign.
	muonSize = 0.07
)

func newOptimizer(weights int) (*optimizer, error) {
	set, err := kernel.Best[float32]()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &optimizer{
		M: make([]float64, weights), V: make([]float64, weights), set: set,
		memory: sync.Pool{New: func() any { return new(orthogonalizer) }},
	}, nil
}

// decays tells whether a tensor is one that weight decay acts on.
func decays(t potential.Tensor) bool {
	return t.Role == potential.Hidden || t.Role == potential.Finite
}

// update moves the raw weights theta against the gradient. A tensor's learning
// rate and ε follow the width, its decay does not: decay is as fast at every width
// as at the base width. momentum is Muon's β. The result does not depend on the number
// of threads.
func (o *optimizer) update(s scaling, theta, grad []float64, rate, momentum, weightDecay float64, threads int) {
	o.Step++
	var tasks []func()
	for _, t := range s {
		if weightDecay > 0 && decays(t.Tensor) {
			theta := t.of(theta)
			for k, v := range theta {
				theta[k] -= rate * weightDecay * v
			}
		}
		if t.muon {
			rows, columns := t.Matrix()
			for at := t.Offset; at < t.Offset+t.Len(); at += rows * columns {
				to := at + rows*columns
				tasks = append(tasks, func() { o.muon(t, theta[at:to], grad[at:to], o.M[at:to], rate, momentum) })
			}
		} else {
			tasks = append(tasks, func() { o.adam(t, t.of(theta), t.of(grad), t.of(o.M), t.of(o.V), rate) })
		}
	}
	parallel.Each(len(tasks), threads, func(_, k int) error { // which never fails
		tasks[k]()
		return nil
	})
}

// adam makes a step of Adam:
//
//	M += (1−β1)(g − M),  V += (1−β2)(g² − V)
//	θ −= rate (M/c1) / (√(V/c2) + ε),  c1 = 1 − β1^step, c2 = 1 − β2^step
func (o *optimizer) adam(t tensorScaling, theta, grad, m, v []float64, rate float64) {
	c1 := 1 - math.Pow(adamBeta1, float64(o.Step))
	c2 := 1 - math.Pow(adamBeta2, float64(o.Step))
	rate, perC2, epsilon := rate*t.rate/c1, 1/c2, adamEpsilon*t.gradient
	for k, g := range grad {
		m[k] += (1 - adamBeta1) * (g - m[k])
		v[k] += (1 - adamBeta2) * (g*g - v[k])
		theta[k] -= rate * m[k] / (math.Sqrt(v[k]*perC2) + epsilon)
	}
}

// muon makes a step of Muon with the momentum of Nesterov, U Vᵀ of USVᵀ = g + βM:
//
//	M = βM + g,  θ −= rate · size √(rows · columns) · U Vᵀ
//
// √(rows · columns) is the spectral norm of a matrix of ones and minus ones of rank
// one, to which Adam's steps tend, so that the rates of the theory of width, which
// are those of Adam, hold: under mup, with a rate ∝ 1/C, the step keeps its
// spectral norm at every width, the condition of Yang, Simon, Bernstein
// (arXiv:2310.17813).
func (o *optimizer) muon(t tensorScaling, theta, grad, m []float64, rate, beta float64) {
	rows, columns := t.Matrix()
	norm := 0.
	for k, g := range grad {
		m[k] = beta*m[k] + g
		v := g + beta*m[k]
		norm += v * v
	}
	if norm == 0 {
		return
	}
	memory := o.memory.Get().(*orthogonalizer)
	defer o.memory.Put(memory)
	step, scale := memory.matrix(len(theta)), 1/math.Sqrt(norm)
	for k, g := range grad {
		step[k] = float32(scale * (g + beta*m[k]))
	}
	rate *= t.rate * muonSize * math.Sqrt(float64(rows*columns))
	for k, v := range memory.orthogonalize(o.set, step, rows, columns) {
		theta[k] -= rate * float64(v)
	}
}
