package train

import (
	"ponita/potential"
	"ponita/potential/pairfit"
)

// fitPair fits the pair potential that the network is trained on top of, with
// the weights of the loss, to samples that are without it. Of many it takes some,
// evenly.
func fitPair(samples []sample, c potential.Config, s Settings) potential.Pair {
	fit := pairfit.New(c)
	rows := 0
	for _, x := range samples {
		rows += 3*len(x.kind) + 1
	}
	for k := 0; k < len(samples); k += 1 + rows/fit.Rows() {
		x := samples[k]
		n := float64(len(x.kind))
		fit.Add(x.graph, x.kind, x.energy, x.forces, s.EnergyWeight/(n*n), s.ForceWeight/(3*n))
	}
	return fit.Solve()
}
