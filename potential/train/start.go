package train

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"

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
	if p := presets[s.Preset]; s.Preset != usual.Preset { // which then must be what the model has
		if s.Layers == 0 && p.layers != c.Layers || s.Channels == 0 && p.channels != c.Channels || s.Widening == 0 && p.widening != c.Widening {
			return s, nil, fmt.Errorf("train: preset %s has %d layers, %d channels and widening %d, but the model to start from has %d, %d and %d: leave it out",
				s.Preset, p.layers, p.channels, p.widening, c.Layers, c.Channels, c.Widening)
		}
		s = s.WithPreset()
	}
	switch embedded := m.Embedded.There(); {
	case embedded && s.Baseline == BindingBaseline, !embedded && s.Baseline == EmbeddedAtomBaseline:
		return s, nil, fmt.Errorf("train: baseline is %s, but the model to start from has the other: leave it out", s.Baseline)
	case embedded:
		s.Baseline = EmbeddedAtomBaseline
	}
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
		takeOver("radial", &s.Radial, usual.Radial, c.Radial),
		takeOver("mixing", &s.Mixing, usual.Mixing, c.Mixing),
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

// speciesIn returns, for each species of c, its index among those of the other model, -1
// for one that it does not know.
func speciesIn(from, c *potential.Config) []int {
	var at []int
	for _, z := range c.Species {
		at = append(at, slices.Index(from.Species, z))
	}
	return at
}

// startFrom gives the model of the run the network of another, for the species of the
// new data: what those of the other learnt is taken over, and what belongs to a species
// that it does not know is drawn anew. The repulsion begins no farther out than in the
// other model, whose network has learnt what is there.
func startFrom(m, from *potential.Model, name string) {
	known, layout, channels := speciesIn(&from.Config, &m.Config), from.Config.Layout(), m.Config.Channels
	for k, t := range m.Config.Layout().Tensors {
		old := layout.Tensors[k]
		weights, learnt := m.Weights[t.Offset:t.Offset+t.Len()], from.Weights[old.Offset:old.Offset+old.Len()]
		switch t.Name {
		case "embedding":
			for z, at := range known {
				if at >= 0 {
					copy(weights[z*channels:(z+1)*channels], learnt[at*channels:])
				}
			}
		case "radial.pairs.w1", "radial.pairs.b1":
			size := t.Len() / t.Shape[0]
			eachKnownPair(&m.Config, &from.Config, func(set, old int) { copy(weights[set*size:(set+1)*size], learnt[old*size:]) })
		default:
			copy(weights, learnt)
		}
	}
	for z, at := range known {
		m.Scale[z] = from.Scale[max(at, 0)] // the same for all in a trained model
		for y, other := range known {
			if at >= 0 && other >= 0 && len(m.Repulsion.Outer) > 0 && len(from.Repulsion.Outer) > 0 && from.Repulsion.Outer[at][other] < m.Repulsion.Outer[z][y] {
				m.Repulsion.Inner[z][y], m.Repulsion.Outer[z][y] = from.Repulsion.Inner[at][other], from.Repulsion.Outer[at][other]
			}
		}
	}
	if from.Embedded.There() {
		takeEmbedded(m, from)
	}
	m.Provenance.Start = &potential.Start{Name: name, Hash: from.Hash(), Data: from.Provenance.Data}
	if before := from.Provenance.Start; before != nil {
		m.Provenance.Start.Data = slices.Concat(from.Provenance.Data, before.Data)
	}
}

// takeEmbedded gives a model the embedded-atom part that the network of the other goes with,
// which must know all of its species.
func takeEmbedded(m, from *potential.Model) {
	known := speciesIn(&from.Config, &m.Config)
	m.Embedded = potential.NewEmbeddedAtom(len(known))
	for a, x := range known {
		m.Embedded.Root[a], m.Embedded.Square[a] = from.Embedded.Root[x], from.Embedded.Square[x]
		for b, y := range known[:a+1] {
			m.Embedded.Pair[potential.PairIndex(a, b)] = from.Embedded.Pair[potential.PairIndex(x, y)]
		}
	}
}

// eachKnownPair visits the pairs of species that both models know, with the indices of
// their radial functions in the two.
func eachKnownPair(c, from *potential.Config, visit func(set, old int)) {
	known := speciesIn(from, c)
	for a, x := range known {
		for b, y := range known[:a+1] {
			if x >= 0 && y >= 0 {
				visit(c.RadialSet(a, b), from.RadialSet(x, y))
			}
		}
	}
}

// noFarther returns the distances of parabolas for a network that starts from another, whose
// radial functions have learnt what is beyond its own: of pairs that this knows they begin no farther
// out than there, which is nowhere without.
func noFarther(d potential.Distances, c, from *potential.Config) potential.Distances {
	if len(d) == 0 || len(from.Parabola) == 0 {
		return nil
	}
	eachKnownPair(c, from, func(set, old int) {
		if learnt := from.Parabola[old]; d[set] == 0 || learnt < d[set] { // 0: a pair that the new data have not
			d[set] = learnt
		}
	})
	return d
}

// startingBinding returns the binding energies that the network of the other model goes
// with [eV], for a species that it does not know the mean.
func startingBinding(m, from *potential.Model) []float64 {
	energy := make([]float64, len(m.Config.Species))
	if len(from.Binding.Energy) == 0 {
		return energy
	}
	mean := floats.Sum(from.Binding.Energy) / float64(len(from.Binding.Energy))
	for z, at := range speciesIn(&from.Config, &m.Config) {
		energy[z] = mean
		if at >= 0 {
			energy[z] = from.Binding.Energy[at]
		}
	}
	return energy
}

// keepCompany gives a binding the ρ₀ that the network of the other model goes with.
func keepCompany(b *potential.Binding, m, from *potential.Model) {
	for z, at := range speciesIn(&from.Config, &m.Config) {
		if at >= 0 && len(from.Binding.Company) > 0 {
			b.Company[z] = from.Binding.Company[at]
		}
	}
}
