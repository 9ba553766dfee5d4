package train

import (
	"math"

	"ponita/internal/parallel"
)

// rate returns the learning rate at a time measured in epochs. plateau is how
// often the plateau schedule has halved it.
func (s Settings) rate(epoch float64, halvings int) float64 {
	if epoch < s.WarmUp {
		return s.LearningRate * (epoch + 1e-3) / (s.WarmUp + 1e-3)
	}
	switch s.Schedule {
	case "cosine":
		x := (epoch - s.WarmUp) / max(float64(s.Epochs)-s.WarmUp, 1e-9)
		return s.LearningRate * (s.FinalRate + (1-s.FinalRate)*(1+math.Cos(math.Pi*min(x, 1)))/2)
	case "plateau":
		return s.LearningRate * max(math.Pow(0.5, float64(halvings)), s.FinalRate)
	}
	return s.LearningRate
}

// weights returns the weights of the loss at a learning rate. The energy's goes
// from its start to its end, geometrically, as the rate falls: while steps are
// large the noise of total energies would drown the forces.
func (s Settings) weights(rate float64) lossWeights {
	w := lossWeights{s.EnergyWeight, s.ForceWeight, s.StressWeight, s.WallWeight}
	if s.EnergyWeight > 0 && s.EnergyWeightEnd > 0 {
		w.energy = s.EnergyWeightEnd * math.Pow(s.EnergyWeight/s.EnergyWeightEnd, rate/s.LearningRate)
	}
	return w
}

// muonForget is 1 − β of Muon at the peak of the learning rate, and muonLeast the part of
// it that is left where the rate is nothing.
const muonForget, muonLeast = 0.05, 0.03

// momentum returns β of Muon at a learning rate. Its steps follow a mean of the last 20
// gradients, and of ever more, up to 670, as the rate falls: towards the end gradients are
// mostly noise of their batch, to which equal singular values give the size of a signal.
func (s Settings) momentum(rate float64) float64 {
	return 1 - muonForget*(muonLeast+(1-muonLeast)*rate/s.LearningRate)
}

// average moves the running average of the weights towards theta. Early on the
// decay is smaller, so that the average forgets the start:
//
//	decay = min(average, (1+step)/(10+step))
func average(mean, theta []float64, decay float64, step, threads int) {
	decay = min(decay, float64(1+step)/float64(10+step))
	parallel.Ranges(len(theta), threads, func(lo, hi int) {
		mean := mean[lo:hi]
		for k, v := range theta[lo:hi] {
			mean[k] += (1 - decay) * (v - mean[k])
		}
	})
}

// normSteps is the number of steps over which the norm of the gradient is averaged.
const normSteps = 100

// largestNorm returns what a gradient is clipped to, clip times the mean of those before:
// the norm falls by a factor of ten and more in the course of a run, so that no fixed limit
// keeps it from a single step that throws the weights off. Of the usual gradients about one
// in a hundred is beyond three times the mean.
func (p *progress) largestNorm(clip float64) float64 {
	if p.Norm == 0 {
		return math.Inf(1)
	}
	return clip * p.Norm
}

// averageNorm takes the norm of a clipped gradient into the mean, before the step is counted.
func (p *progress) averageNorm(norm float64) {
	p.Norm += (norm - p.Norm) / float64(min(p.Step+1, normSteps))
}
