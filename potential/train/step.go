package train

import (
	"ponita/internal/parallel"
	"ponita/potential"
)

// learner computes the gradient of a batch. It hides the precision.
type learner interface {
	// gradient writes ∂L/∂θ of the batch to grad and returns what the loss is
	// made of. rotations are one for each sample, or nil.
	gradient(theta []float64, batch []sample, rotations [][3][3]float64, w lossWeights, grad []float64) (errorSums, error)
}

// lossWeights are w_E, w_F, w_S and that of the wall in the loss.
type lossWeights struct{ energy, force, stress, wall float64 }

func (w lossWeights) times(o lossWeights) lossWeights {
	return lossWeights{energy: w.energy * o.energy, force: w.force * o.force, stress: w.stress * o.stress, wall: w.wall * o.wall}
}

// errorSums accumulates squared errors over samples.
type errorSums struct {
	Loss                     float64 // Σ_b of the bracket in the loss
	Samples                  int
	Energy, EnergyCount      float64 // Σ ((E − E_ref)/n)², eV²/atom²
	Force, ForceComponents   float64 // Σ (F − F_ref)², eV²/Å²
	Stress, StressComponents float64
}

func (s *errorSums) add(o errorSums) {
	s.Loss += o.Loss
	s.Samples += o.Samples
	s.Energy += o.Energy
	s.EnergyCount += o.EnergyCount
	s.Force += o.Force
	s.ForceComponents += o.ForceComponents
	s.Stress += o.Stress
	s.StressComponents += o.StressComponents
}

// milliRMS returns the root of sum/count in thousandths, nil without a count.
func milliRMS(sum, count float64) *float64 {
	rmse, _ := tally{count: count, squared: sum}.milli()
	return rmse
}

// engine is a learner in one precision: a network and one set of working memory
// for each worker.
type engine[T potential.Float] struct {
	net      *potential.Network[T]
	scale    []float64 // [species]
	workers  []*worker[T]
	isolated *potential.Pass[T]
	slots    []slot[T]
	lone     *potential.Gradient[T]   // of the isolated atoms
	parts    []*potential.Gradient[T] // of a batch
}

// slot holds the outcome of one sample of a batch, so that the order of the sum
// does not depend on who computed it.
type slot[T potential.Float] struct {
	grad         *potential.Gradient[T]
	isolatedSeed []float64 // [species]: ∂L/∂isolated(z)
	sums         errorSums
}

// worker evaluates one sample at a time.
type worker[T potential.Float] struct {
	pass         *potential.Pass[T]
	vec, turned  [][3]float64 // the sample, rotated
	dVec, vecDot [][3]float64 // [edge]
	direction    [][3]float64 // [atom]
	seed         []float64
}

func newEngine[T potential.Float](m *potential.Model, threads int) (*engine[T], error) {
	net, err := potential.NewNetwork[T](m.Config)
	if err != nil {
		return nil, err
	}
	threads = parallel.Threads(threads)
	e := &engine[T]{net: net, scale: m.Scale, isolated: net.NewPass(true), lone: net.NewGradient()}
	for range threads {
		e.workers = append(e.workers, &worker[T]{pass: net.NewPass(true)})
	}
	return e, nil
}

func (e *engine[T]) gradient(theta []float64, batch []sample, rotations [][3][3]float64, w lossWeights, grad []float64) (errorSums, error) {
	if err := e.net.SetWeights(theta, len(e.workers)); err != nil {
		return errorSums{}, err
	}
	for len(e.slots) < len(batch) {
		e.slots = append(e.slots, slot[T]{grad: e.net.NewGradient(), isolatedSeed: make([]float64, len(e.scale))})
	}
	e.isolated.Forward(e.net.Config().Isolated())
	iso := e.isolated.Output

	frames := 0
	for _, s := range batch {
		if s.wall == nil {
			frames++
		}
	}
	parallel.Each(len(batch), len(e.workers), func(thread, k int) error { // which never fails
		s, worker, w := batch[k], e.workers[thread], w
		if s.wall != nil {
			w.force = w.wall
		} else {
			w = w.times(s.weights)
		}
		if rotations != nil {
			s = s.rotated(rotations[k], &worker.vec, &worker.turned)
		}
		worker.sample(&e.slots[k], s, iso, w, frames)
		return nil
	})

	var sums errorSums
	seed := make([]float64, len(e.scale))
	e.parts = e.parts[:0]
	for k := range batch {
		slot := &e.slots[k]
		if batch[k].wall != nil { // no data
			slot.sums = errorSums{Loss: slot.sums.Loss}
		}
		sums.add(slot.sums)
		e.parts = append(e.parts, slot.grad)
		for z, d := range slot.isolatedSeed {
			seed[z] += d
		}
	}
	// The isolated atoms have no edges: no Ṡ.
	e.isolated.Gradient(seed, e.lone)
	e.parts = append(e.parts, e.lone)
	e.net.Total(grad, e.parts, len(e.workers))
	return sums, nil
}

// sample evaluates one sample and its share of the gradient of the loss of so many frames.
func (w *worker[T]) sample(out *slot[T], s sample, isolated []float64, weights lossWeights, frames int) {
	n := len(s.kind)
	w.pass.Forward(potential.Input{Graph: s.graph, Scalars: s.scalars})
	energy := 0.
	for i, k := range s.kind {
		energy += s.scale[i] * (w.pass.Output[i] - isolated[k])
	}
	edges := len(s.graph.Vec)
	w.dVec = append(w.dVec[:0], make([][3]float64, edges)...)
	w.pass.Backward(s.scale, w.dVec)

	out.sums = errorSums{Samples: 1}
	dEnergy, strain := 0., [3][3]float64{}
	share := 1 / float64(frames)
	if s.energy != nil {
		perAtom := (energy - *s.energy) / float64(n)
		out.sums.Energy, out.sums.EnergyCount = perAtom*perAtom, 1
		out.sums.Loss += weights.energy * perAtom * perAtom
		dEnergy = share * weights.energy * 2 * perAtom / float64(n)
	}
	// direction is u = −∂L/∂F: the displacement whose Ė is the loss of the forces.
	w.direction = append(w.direction[:0], make([][3]float64, n)...)
	if s.forces != nil {
		huber := s.huberWeight(w.force(s, 0))
		factor := huber * weights.force / float64(3*n)
		for i := range s.forces {
			for k, f := range w.force(s, i) {
				d := f - s.forces[i][k]
				out.sums.Force += d * d
				w.direction[i][k] = -share * factor * 2 * d
			}
		}
		out.sums.ForceComponents = float64(3 * n)
		out.sums.Loss += factor * (2 - huber) * out.sums.Force
	}
	if s.stress != nil {
		sigma := stress(s, w.dVec)
		for k := range 3 {
			for l := range 3 {
				d := sigma[k][l] - s.stress[k][l]
				out.sums.Stress += d * d
				strain[k][l] = share * weights.stress / 9 * 2 * d / s.volume
			}
		}
		out.sums.StressComponents = 9
		out.sums.Loss += weights.stress / 9 * out.sums.Stress
	}

	w.vecDot = append(w.vecDot[:0], make([][3]float64, edges)...)
	for i := range n {
		for e := s.graph.Start[i]; e < s.graph.Start[i+1]; e++ {
			j, x := s.graph.Neighbor[e], s.graph.Vec[e]
			for k := range 3 {
				w.vecDot[e][k] = w.direction[j][k] - w.direction[i][k] + strain[k][0]*x[0] + strain[k][1]*x[1] + strain[k][2]*x[2]
			}
		}
	}
	w.pass.Tangent(w.vecDot)
	w.seed = w.seed[:0]
	clear(out.isolatedSeed)
	for i, k := range s.kind {
		w.seed = append(w.seed, dEnergy*s.scale[i])
		out.isolatedSeed[k] -= dEnergy * s.scale[i]
	}
	w.pass.Gradient(w.seed, out.grad)
}

// force is that on an atom, from ∂E/∂x_ij.
func (w *worker[T]) force(s sample, atom int) (f [3]float64) {
	for e := s.graph.Start[atom]; e < s.graph.Start[atom+1]; e++ {
		for k := range f {
			f[k] += w.dVec[e][k] - w.dVec[s.graph.Reverse[e]][k]
		}
	}
	return f
}

// stress is σ = (1/V) ∂E/∂ε for a symmetric strain, from ∂E/∂x_ij.
func stress(s sample, dVec [][3]float64) (sigma [3][3]float64) {
	for e, d := range dVec {
		x := s.graph.Vec[e]
		for k := range 3 {
			for l := range 3 {
				sigma[k][l] += (x[k]*d[l] + x[l]*d[k]) / (2 * s.volume)
			}
		}
	}
	return sigma
}
