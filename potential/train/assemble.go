package train

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

// read reads the training file and the file to validate on, nil without one.
func (s Settings) read() (data, valid *Dataset, err error) {
	keys := xyz.LabelKeys{Energy: s.EnergyKey, Forces: s.ForcesKey, Stress: s.StressKey, Virial: s.VirialKey}
	if data, err = ReadDataset(s.Train, keys); err != nil {
		return nil, nil, err
	}
	if s.Valid != "" {
		if valid, err = ReadDataset(s.Valid, keys); err != nil {
			return nil, nil, err
		}
	}
	if len(s.ConfigTypeWeights) == 0 {
		return data, valid, nil
	}
	byType, err := typeWeights(s.ConfigTypeWeights, data.Census.ConfigTypes)
	if err == nil {
		err = data.weigh(byType)
	}
	if err == nil && valid != nil {
		err = valid.weigh(byType)
	}
	return data, valid, err
}

// assemble is New with the data already read.
func assemble(s Settings, data, valid *Dataset, text, version string) (*Trainer, error) {
	s, start, err := s.resolve()
	if err != nil {
		return nil, err
	}
	t := &Trainer{settings: s, text: text, data: data, valid: valid, start: start}
	if valid == nil {
		t.valid = data
		t.frames, t.held = data.split(s.ValidFraction, s.Frames, s.Seed, s.Cutoff)
	} else {
		t.frames, _ = data.split(0, s.Frames, s.Seed, s.Cutoff)
		t.held, _ = valid.split(0, 0, s.Seed, s.Cutoff)
	}
	if len(t.frames) == 0 || len(t.held) == 0 {
		return nil, fmt.Errorf("train: %d frames to train on and %d to validate on, with labels whose weight is not 0, want some of both", len(t.frames), len(t.held))
	}
	if err := t.build(version); err != nil {
		return nil, err
	}
	if s.Precision == "float64" {
		t.learn, err = newEngine[float64](t.model, s.Threads)
	} else {
		t.learn, err = newEngine[float32](t.model, s.Threads)
	}
	return t, err
}

// build makes the model to begin with, the samples and the state of the first step.
func (t *Trainer) build(version string) error {
	graphs, fitted, err := t.makeModel(version)
	if err != nil {
		return err
	}
	if err := t.makeSamples(graphs); err != nil {
		return err
	}
	embedded := t.settings.Baseline == EmbeddedAtomBaseline
	if t.start == nil {
		if embedded {
			if err := t.embed(graphs, fitted); err != nil {
				return err
			}
		}
		t.scaleByForces()
	}
	if !fitted || embedded || t.start != nil {
		if err := t.setAside(graphs, fitted); err != nil {
			return err
		}
	}
	if t.settings.Calibrate && t.start == nil {
		if err := t.calibrate(); err != nil {
			return err
		}
	}
	return t.begin()
}

// makeModel makes the model, and returns graphs of the frames and whether reference energies
// were fitted. What is beneath the network, and its scale, are not yet there.
func (t *Trainer) makeModel(version string) (graphs []*neighbor.Graph, fitted bool, err error) {
	s := t.settings
	c, err := s.config(t.data.Subset(t.frames).Species(), t.start)
	if err != nil {
		return nil, false, err
	}
	for _, k := range t.held {
		f := t.valid.Frames[k]
		if _, err := c.Kinds(f.Species); err != nil {
			hint := ""
			if t.valid == t.data {
				hint = " (another seed holds back other frames)"
			}
			return nil, false, fmt.Errorf("train: %v, to validate on, has an element that is not in the training data%s: %w", f.Origin, hint, err)
		}
	}
	stats, err := measure(t.data, t.frames, c)
	if err != nil {
		return nil, false, err
	}
	parabola := s.parabola(&c, stats.shortest)
	if t.start == nil {
		c.MeanNeighbors = stats.neighbors
	} else {
		// No farther out than in the model to start from, which is none without: its
		// network has learnt what is there.
		parabola = noFarther(parabola, &c, &t.start.Config)
	}
	c.Parabola = parabola
	var extra *Dataset
	if s.ReferenceFile != "" {
		if extra, err = ReadDataset(s.ReferenceFile, xyz.LabelKeys{Energy: s.EnergyKey}); err != nil {
			return nil, false, err
		}
	}
	e0, fitted, warnings, err := references(s, t.data, extra, c.Species, t.frames)
	if err != nil {
		return nil, false, err
	}
	t.model = &potential.Model{
		Config: c, ReferenceEnergies: e0, Scale: make([]float64, len(c.Species)),
		Weights:    c.Initialize(stream(s.Seed, "weights", 0, 0)),
		Provenance: potential.Provenance{Version: version, Settings: t.text, Data: []potential.DataFile{t.data.File}},
	}
	if t.valid == t.data {
		t.model.Provenance.Split = t.held
	} else {
		t.model.Provenance.Data = append(t.model.Provenance.Data, t.valid.File)
	}
	if s.ZBL {
		t.model.Repulsion = potential.NewRepulsion(c.Species, stats.shortest, c.Cutoff)
	}
	if t.start != nil {
		if others := beyond(c.Species, t.start.Config.Species); len(others) > 0 && t.start.Embedded.There() {
			return nil, false, fmt.Errorf("train: the model to start from has an embedded-atom part, which cannot learn %s: train a new model, or start from one with baseline = %q", symbols(others), BindingBaseline)
		}
		startFrom(t.model, t.start, filepath.Base(s.Start))
	}
	t.Warnings = append(warnings, t.warnings()...)
	return stats.graphs, fitted, t.model.Validate()
}

// leastScale is the least force by which a network is scaled, eV/Å: forces in ideal cells
// are noise, and energies do not follow it.
const leastScale = 0.01

// RestForces returns the root of the mean square of the forces that are left to the network
// [eV/Å], NaN without forces.
func (t *Trainer) RestForces() float64 {
	var forces tally
	for _, s := range t.samples {
		for _, f := range s.forces {
			for _, v := range f {
				forces.add(v)
			}
		}
	}
	return math.Sqrt(forces.squared / forces.count)
}

// scaleByForces makes the network's unit that of the forces that it has to learn.
func (t *Trainer) scaleByForces() {
	scale := 1.
	if rest := t.RestForces(); rest > 0 {
		scale = max(rest, leastScale)
	}
	for z := range t.model.Scale {
		t.model.Scale[z] = scale
	}
	for _, s := range t.samples {
		for i := range s.scale {
			s.scale[i] = scale
		}
	}
}

// calibrate sets the initial weights by some of the samples.
func (t *Trainer) calibrate() (err error) {
	var inputs []potential.Input
	for k := range min(len(t.samples), 8) {
		sample := t.samples[k*len(t.samples)/8%len(t.samples)]
		inputs = append(inputs, potential.Input{Graph: sample.graph, Scalars: sample.scalars})
	}
	t.model.Weights, err = t.model.Config.Calibrate(t.model.Weights, inputs)
	return err
}

// begin makes the state before the first step.
func (t *Trainer) begin() error {
	n := len(t.model.Weights)
	t.weights, t.grad = make([]float64, n), make([]float64, n)
	t.scaling = t.settings.scaling(t.model.Config)
	raw := make([]float64, n)
	t.scaling.raw(raw, t.model.Weights)
	o, err := newOptimizer(n)
	if err != nil {
		return err
	}
	sources, err := t.settings.sources(t.data, t.valid)
	if err != nil {
		return err
	}
	t.state = state{
		progress: progress{Settings: t.settings.identity(), Data: sources, Epochs: t.settings.Epochs, Log: logHeader},
		theta:    raw, mean: slices.Clone(raw), best: make([]float64, n), optimizer: o,
	}
	return nil
}

// sources identifies all that a run is made from besides its settings: the data, the
// isolated atoms and the model that it starts from.
func (s Settings) sources(data, valid *Dataset) (string, error) {
	text := data.File.SHA256
	if valid != nil {
		text += valid.File.SHA256
	}
	for _, path := range []string{s.ReferenceFile, s.Start} {
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("train: %w", err)
		}
		text += fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return text, nil
}

// identity is what must be the same for a run to be resumed, a line each: all settings but
// those that do not change the result, the number of epochs, and the names of files, of which
// the content counts (see sources). Settings that are zero or empty are left out, so that one which
// comes with a later version, and is not used, does not matter.
func (s Settings) identity() string {
	s.Threads, s.Output, s.Epochs = 0, "", 0
	s.Train, s.Valid, s.ReferenceFile, s.Start = "", "", "", ""
	var b strings.Builder
	v := reflect.ValueOf(s)
	for k := range v.NumField() {
		if f := v.Field(k); !f.IsZero() && !(f.Kind() == reflect.Slice && f.Len() == 0) {
			fmt.Fprintf(&b, "%s = %v\n", v.Type().Field(k).Name, f)
		}
	}
	return b.String()
}

// config is the architecture for the species, that of the model to start from where
// there is one.
func (s Settings) config(species []int, start *potential.Model) (potential.Config, error) {
	if start != nil {
		c := start.Config
		c.Species, c.InputScalars = species, len(species)
		c.Parabola = nil // for the pairs of these species: see makeModel
		return c, c.Validate()
	}
	grid, err := potential.FindGrid(s.Grid)
	if err != nil {
		return potential.Config{}, err
	}
	activation := s.Activation
	if activation == "" && s.Kernel == potential.Legendre {
		activation = potential.Quadratic
	}
	radial := s.Radial
	if radial == "" && s.Kernel == potential.Legendre && len(species) > 1 && len(species) <= mostPaired {
		radial = potential.Pairs
	}
	mixing := s.Mixing
	if mixing == "" && activation == potential.Quadratic {
		mixing = potential.Spherical
	}
	c := potential.Config{
		Species: species, Kernel: s.Kernel, Cutoff: s.Cutoff, Envelope: s.Envelope, Radial: radial, Grid: grid,
		Layers: s.Layers, Channels: s.Channels, Widening: s.Widening, Activation: activation, Mixing: mixing, NormEpsilon: s.NormEpsilon,
		Degree: s.Degree, FiberDegree: s.FiberDegree, Bessel: s.Bessel, Hidden: s.Hidden,
	}.WithDefaults()
	return c, c.Validate()
}

// parabola returns the distances below which the sets of radial functions of a new network
// are parabolas [Å], for the shortest distances [Å] of pairs of species in the data.
func (s Settings) parabola(c *potential.Config, shortest [][]float64) potential.Distances {
	if s.Kernel != potential.Legendre || s.Parabola == 0 {
		return nil
	}
	d := make(potential.Distances, c.RadialSets())
	for a, row := range shortest {
		for b, r := range row {
			k := c.RadialSet(a, b)
			if r *= s.Parabola; r > 0 && (d[k] == 0 || r < d[k]) {
				d[k] = min(r, maxParabola*c.Cutoff)
			}
		}
	}
	return d
}

// mostPaired is the number of species up to which pairs of them have radial functions of
// their own unless settings say otherwise: their tables grow as its square.
const mostPaired = 10

// maxParabola is the farthest distance of a parabola over the cutoff, for pairs that
// data have hardly within it.
const maxParabola = 0.9
