package train

import (
	"fmt"
	"slices"

	"ponita/potential"
)

// Resolve fills in what follows from other settings: the network of the model to
// start from, or the sizes of the preset. A setting of the network that is neither
// its default nor what the model has is an error.
func (s Settings) Resolve() (Settings, error) {
	s, _, err := s.resolve()
	return s, err
}

// resolve also returns the model to start from, nil without one.
func (s Settings) resolve() (Settings, *potential.Model, error) {
	if s.Start == "" {
		return s.WithPreset(), nil, nil
	}
	m, err := potential.Load(s.Start)
	if err != nil {
		return s, nil, fmt.Errorf("train: the model to start from: %w", err)
	}
	c := &m.Config
	if c.Kernel == potential.Tabulated {
		return s, nil, fmt.Errorf("train: %s is compressed, which cannot be trained: start from the model that it was made of", s.Start)
	}
	usual := Settings{}.WithDefaults()
	for _, take := range []error{
		takeOver("kernel", &s.Kernel, usual.Kernel, c.Kernel),
		takeOver("cutoff", &s.Cutoff, usual.Cutoff, c.Cutoff),
		takeOver("layers", &s.Layers, usual.Layers, c.Layers),
		takeOver("channels", &s.Channels, usual.Channels, c.Channels),
		takeOver("widening", &s.Widening, usual.Widening, c.Widening),
		takeOver("degree", &s.Degree, usual.Degree, c.Degree),
		takeOver("fiber_degree", &s.FiberDegree, usual.FiberDegree, c.FiberDegree),
		takeOver("bessel", &s.Bessel, usual.Bessel, c.Bessel),
		takeOver("hidden", &s.Hidden, usual.Hidden, c.Hidden),
		takeOver("activation", &s.Activation, usual.Activation, c.Activation),
		takeOver("norm_epsilon", &s.NormEpsilon, usual.NormEpsilon, c.NormEpsilon),
		takeOver("envelope", &s.Envelope, usual.Envelope, c.Envelope),
		takeOver("grid", &s.Grid, usual.Grid, c.Grid.Name),
	} {
		if take != nil {
			return s, nil, take
		}
	}
	return s, m, nil
}

// takeOver sets a setting to what the model has.
func takeOver[T comparable](key string, setting *T, usual, model T) error {
	var none T
	if *setting != none && *setting != usual && *setting != model {
		return fmt.Errorf("train: %s is %v, but the model to start from has %v: leave it out", key, *setting, model)
	}
	*setting = model
	return nil
}

// startFrom gives the model of the run the network of another, for the species of the
// new data: what those of the other learnt is taken over, and what belongs to a species
// that it does not know is drawn anew. What normalises the network stays what it was.
func startFrom(m, from *potential.Model, name string) {
	m.Config.MeanNeighbors = from.Config.MeanNeighbors
	layout := from.Config.Layout()
	weights := m.Weights
	for k, t := range m.Config.Layout().Tensors {
		old := layout.Tensors[k]
		learnt := from.Weights[old.Offset : old.Offset+old.Len()]
		if t.Name != "embedding" {
			copy(weights[t.Offset:], learnt)
			continue
		}
		channels := m.Config.Channels
		for row, z := range m.Config.Species {
			if at := slices.Index(from.Config.Species, z); at >= 0 {
				copy(weights[t.Offset+row*channels:], learnt[at*channels:(at+1)*channels])
			}
		}
	}
	for k, z := range m.Config.Species {
		if at := slices.Index(from.Config.Species, z); at >= 0 {
			m.Scale[k] = from.Scale[at]
		} else {
			m.Scale[k] = from.Scale[0]
		}
	}
	m.Provenance.Start = &potential.Start{Name: name, Hash: from.Hash(), Data: from.Provenance.Data}
	if before := from.Provenance.Start; before != nil {
		m.Provenance.Start.Data = slices.Concat(from.Provenance.Data, before.Data)
	}
}

// keepRepulsion lets the repulsion begin no farther out than in the model that is
// started from: its network has learnt what is there.
func keepRepulsion(m, from *potential.Model) {
	if len(from.Repulsion.Outer) == 0 {
		return
	}
	for k, z := range m.Config.Species {
		for l, y := range m.Config.Species {
			a, b := slices.Index(from.Config.Species, z), slices.Index(from.Config.Species, y)
			if a >= 0 && b >= 0 && from.Repulsion.Outer[a][b] < m.Repulsion.Outer[k][l] {
				m.Repulsion.Inner[k][l], m.Repulsion.Outer[k][l] = from.Repulsion.Inner[a][b], from.Repulsion.Outer[a][b]
			}
		}
	}
}

// networkEnergies returns what the network of the model gives for the samples [eV].
func networkEnergies(m *potential.Model, samples []sample) ([]float64, error) {
	net, err := potential.NewNetwork[float64](m.Config)
	if err != nil {
		return nil, err
	}
	if err := net.SetWeights(m.Weights); err != nil {
		return nil, err
	}
	pass := net.NewPass(false)
	pass.Forward(m.Config.Isolated())
	isolated := slices.Clone(pass.Output)
	out := make([]float64, len(samples))
	for n, s := range samples {
		pass.Forward(potential.Input{Graph: s.graph, Scalars: s.scalars})
		for i, z := range s.kind {
			out[n] += m.Scale[z] * (pass.Output[i] - isolated[z])
		}
	}
	return out, nil
}

// startingBinding returns the binding energies that the network of the other model goes
// with [eV], for those of a species that it does not know the mean.
func startingBinding(m, from *potential.Model) []float64 {
	energy := make([]float64, len(m.Config.Species))
	if len(from.Binding.Energy) == 0 {
		return energy
	}
	mean := 0.
	for _, b := range from.Binding.Energy {
		mean += b / float64(len(from.Binding.Energy))
	}
	for k, z := range m.Config.Species {
		energy[k] = mean
		if at := slices.Index(from.Config.Species, z); at >= 0 {
			energy[k] = from.Binding.Energy[at]
		}
	}
	return energy
}
