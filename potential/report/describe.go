package report

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"ponita/potential"
	"ponita/xyz"
)

// Description is what a model says about itself.
type Description struct {
	Name          string                  `json:"name,omitempty"` // of the file
	Hash          string                  `json:"hash"`
	Version       string                  `json:"version"`           // of the program that trained it
	Created       string                  `json:"created,omitempty"` // RFC 3339
	Network       string                  `json:"network"`           // in words
	Config        potential.Config        `json:"config"`
	Weights       int                     `json:"weights"`
	Orientations  int                     `json:"orientations"`
	Cutoff        float64                 `json:"cutoff_A"`
	MeanNeighbors float64                 `json:"mean_neighbors"`
	Elements      []Element               `json:"elements"`
	Embedded      *potential.EmbeddedAtom `json:"embedded_atom,omitempty"` // beneath the network, nil without
	Repulsion     []RepulsionPair         `json:"repulsion,omitempty"`
	Data          []potential.DataFile    `json:"data,omitempty"`
	Held          int                     `json:"held_back"`       // frames of the first file
	Start         *potential.Start        `json:"start,omitempty"` // the model that training started from
	Errors        map[string]float64      `json:"validation_errors,omitempty"`
	Epochs        int                     `json:"epochs"`
	BestEpoch     int                     `json:"best_epoch,omitempty"` // the last marked best in the log
	Seed          string                  `json:"seed,omitempty"`
	Settings      string                  `json:"settings,omitempty"`
}

// Element is one that the model knows.
type Element struct {
	Symbol    string  `json:"symbol"`
	Reference float64 `json:"reference_energy_eV"`
	Scale     float64 `json:"scale_eV"`
	Binding   float64 `json:"binding_eV,omitempty"` // in company, beside the network
}

// RepulsionPair holds the radii between which the repulsion is switched off.
type RepulsionPair struct {
	Elements [2]string `json:"elements"`
	Inner    float64   `json:"inner_A"`
	Outer    float64   `json:"outer_A"`
}

// Describe returns what the model says about itself.
func Describe(m *potential.Model) Description {
	c, p := m.Config, m.Provenance
	d := Description{
		Hash: m.Hash(), Version: p.Version, Created: p.Created, Network: inWords(c), Config: c, Weights: len(m.Weights),
		Orientations: len(c.Grid.Orientations), Cutoff: c.Cutoff, MeanNeighbors: c.MeanNeighbors,
		Data: p.Data, Held: len(p.Split), Start: p.Start, Errors: p.Errors, Seed: setting(p.Settings, "seed"), Settings: p.Settings,
	}
	if m.Embedded.There() {
		d.Embedded = &m.Embedded
	}
	for k, z := range c.Species {
		e := Element{Symbol: xyz.Symbol(z), Reference: m.ReferenceEnergies[k], Scale: m.Scale[k]}
		if len(m.Binding.Energy) > 0 {
			e.Binding = m.Binding.Energy[k]
		}
		d.Elements = append(d.Elements, e)
		for l := range k + 1 {
			if len(m.Repulsion.Outer) > 0 {
				d.Repulsion = append(d.Repulsion, RepulsionPair{
					[2]string{xyz.Symbol(c.Species[l]), xyz.Symbol(z)}, m.Repulsion.Inner[l][k], m.Repulsion.Outer[l][k],
				})
			}
		}
	}
	if log, err := readLog(p.Log); err == nil {
		for _, row := range log {
			d.Epochs = row.Epoch
			if row.Best {
				d.BestEpoch = row.Epoch
			}
		}
	}
	return d
}

// inWords describes an architecture.
func inWords(c potential.Config) string {
	family := map[string]string{
		potential.Legendre:   fmt.Sprintf("band-limited (Legendre) kernels of degree %d in space and %d on the sphere", c.Degree, c.FiberDegree),
		potential.Polynomial: fmt.Sprintf("polynomial kernels of degree %d in space and %d on the sphere", c.Degree, c.FiberDegree),
		potential.Distance:   fmt.Sprintf("kernels of the distance alone, of degree %d", c.Degree),
	}[c.Kernel]
	layers := "layers"
	if c.Layers == 1 {
		layers = "layer"
	}
	s := fmt.Sprintf("%d %s of %d channels on %d orientations (%s), %s, blocks widened %d times, %s activation",
		c.Layers, layers, c.Channels, len(c.Grid.Orientations), c.Grid.Name, family, c.Widening, c.Activation)
	if c.Mixing == potential.Spherical {
		s += " and matrices for every degree on the sphere"
	}
	if c.Exact() {
		s += ", exactly invariant under rotations"
	} else {
		s += ", invariant under rotations up to a residual"
	}
	if c.Kernel == potential.Legendre {
		s += fmt.Sprintf(", %d radial Bessel functions", c.Bessel)
		if c.Radial == potential.Pairs {
			s += ", radial functions of every pair of species"
		}
	}
	return s
}

// Beginning says in words which model the training started from.
func Beginning(s *potential.Start) string {
	text := s.Name + ", hash " + s.Hash
	for k, d := range s.Data {
		text += []string{", trained on ", ", "}[min(k, 1)] + fmt.Sprintf("%s (%d frames)", d.Name, d.Frames)
	}
	return text
}

// setting returns the value of a key in a run file, as text, "" if it is not
// there.
func setting(run, key string) string {
	var values map[string]interface{}
	if _, err := toml.Decode(run, &values); err != nil {
		return ""
	}
	if v, ok := values[key]; ok {
		return strings.TrimSpace(fmt.Sprint(v))
	}
	return ""
}
