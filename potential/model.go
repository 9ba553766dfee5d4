package potential

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"ponita/neighbor"
)

// ErrUnknownElement is wrapped by the error for an element that a model was not
// trained on.
var ErrUnknownElement = errors.New("unknown element")

// Model is a trained potential:
//
//	E = Σ_i E_i + ZBL,   E_i = E0[z_i] + scale[z_i] · (out_i − isolated(z_i)) + binding_i + embedded_i
//
// out_i is the network's output for atom i and isolated(z) the output for an
// atom of element z without neighbours, so that a dissociated atom has exactly
// its reference energy. A Model does not change after [Load] and is safe to
// share.
type Model struct {
	Config            Config
	ReferenceEnergies []float64 // E0 in eV: [species]
	Scale             []float64 // eV: [species]
	Repulsion         Repulsion
	Binding           Binding
	Embedded          EmbeddedAtom
	Weights           []float64 // in the order of Config.Layout
	Provenance        Provenance

	hash     string
	net32    shared[network[float32]]
	net64    shared[network[float64]]
	engine32 shared[engineWeights[float32]]
	engine64 shared[engineWeights[float64]]
}

// shared is what all calculators of a model have in common, made when it is first
// asked for.
type shared[T any] struct {
	once  sync.Once
	value *T
	err   error
}

func (s *shared[T]) get(create func() (*T, error)) (*T, error) {
	s.once.Do(func() { s.value, s.err = create() })
	return s.value, s.err
}

// Provenance says where a model comes from.
type Provenance struct {
	Version  string             `json:"version"`            // of the program that trained it
	Created  string             `json:"created,omitempty"`  // RFC 3339
	Data     []DataFile         `json:"data,omitempty"`     // what it was trained on
	Settings string             `json:"settings,omitempty"` // the effective run file
	Log      string             `json:"log,omitempty"`      // log.csv
	Errors   map[string]float64 `json:"errors,omitempty"`   // on the validation split
	Split    []int              `json:"split,omitempty"`    // 0-based frames held back for validation
	Start    *Start             `json:"start,omitempty"`    // the model that training started from
}

// Start says which model a training started from.
type Start struct {
	Name string     `json:"name"`
	Hash string     `json:"hash"`
	Data []DataFile `json:"data,omitempty"` // what it was trained on, and those before it
}

// DataFile is a file of training data.
type DataFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Frames int    `json:"frames"`
}

// Validate reports a model whose parts do not fit together.
func (m *Model) Validate() error {
	if err := m.Config.Validate(); err != nil {
		return err
	}
	n := len(m.Config.Species)
	layout := m.Config.Layout()
	switch {
	case n == 0:
		return fmt.Errorf("potential: the model knows no element")
	case m.Config.Cutoff == 0:
		return fmt.Errorf("potential: the model has no cutoff")
	case m.Config.InputScalars != n || m.Config.InputVectors != 0 || m.Config.OutputScalars != 1 || m.Config.OutputVectors != 0:
		return fmt.Errorf("potential: the network is not an energy: want the species in and one scalar out")
	case len(m.ReferenceEnergies) != n || len(m.Scale) != n:
		return fmt.Errorf("potential: %d reference energies and %d scales for %d species", len(m.ReferenceEnergies), len(m.Scale), n)
	case len(m.Weights) != layout.Len:
		return fmt.Errorf("potential: %d weights, the configuration has %d", len(m.Weights), layout.Len)
	}
	for _, t := range layout.Tensors {
		if k := slices.IndexFunc(m.Weights[t.Offset:t.Offset+t.Len()], notFinite); k >= 0 {
			return fmt.Errorf("potential: weight %s[%d] is not finite", t.Name, k)
		}
	}
	if slices.ContainsFunc(m.ReferenceEnergies, notFinite) || slices.ContainsFunc(m.Scale, notFinite) {
		return fmt.Errorf("potential: a reference energy or scale is not finite")
	}
	if err := m.Binding.validate(n); err != nil {
		return err
	}
	if err := m.Embedded.validate(n); err != nil {
		return err
	}
	return m.Repulsion.validate(n, m.Config.Cutoff)
}

func notFinite(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// Hash identifies the file the model came from: the first half of the SHA-256 of
// its run-time image, in hex. It is empty for a model that was not loaded.
func (m *Model) Hash() string { return m.hash }

// WithGrid returns the same model on another grid of orientations. The grid is a
// quadrature, so a finer one than in training is a better integral of the same
// network; its rotation residual is smaller and its cost proportional to the
// number of points.
func (m *Model) WithGrid(g Grid) (*Model, error) {
	c := m.Config
	c.Grid = g
	if c.Kernel == Distance {
		return nil, fmt.Errorf("potential: the distance family has no grid")
	}
	out := &Model{
		Config: c, ReferenceEnergies: m.ReferenceEnergies, Scale: m.Scale, Repulsion: m.Repulsion,
		Binding: m.Binding, Embedded: m.Embedded, Weights: m.Weights, Provenance: m.Provenance, hash: m.hash,
	}
	return out, out.Validate()
}

// Kinds returns each atom's index into Config.Species.
func (m *Model) Kinds(species []int) ([]int, error) { return m.Config.Kinds(species) }

// Kinds returns each atom's index into the configuration's species. The error
// for an element that is not there wraps [ErrUnknownElement].
func (c Config) Kinds(species []int) ([]int, error) {
	kind := make([]int, len(species))
	for i, z := range species {
		kind[i] = slices.Index(c.Species, z)
		if kind[i] < 0 {
			return nil, fmt.Errorf("potential: atom %d has atomic number %d, the model knows %v: %w", i+1, z, c.Species, ErrUnknownElement)
		}
	}
	return kind, nil
}

// OneHot returns the input scalars for atoms of the given kinds: [atom][species].
func (c Config) OneHot(kind []int) []float64 {
	x := make([]float64, len(kind)*len(c.Species))
	for i, k := range kind {
		x[i*len(c.Species)+k] = 1
	}
	return x
}

// network is a model's network in one precision.
type network[T Float] struct {
	net      *Network[T]
	isolated []float64 // [species]
}

func newNetwork[T Float](m *Model) (*network[T], error) {
	n := new(network[T])
	var err error
	if n.net, err = NewNetwork[T](m.Config); err != nil {
		return nil, err
	}
	if err := n.net.SetWeights(m.Weights, 1); err != nil {
		return nil, err
	}
	p := n.net.NewPass(false)
	p.Forward(m.Config.Isolated())
	n.isolated = append(n.isolated, p.Output...)
	return n, nil
}

// Isolated returns the input whose outputs are isolated(z): one atom of each
// species, no edges.
func (c Config) Isolated() Input {
	kind := make([]int, len(c.Species))
	for k := range kind {
		kind[k] = k
	}
	return Input{
		Graph:   &neighbor.Graph{Start: make([]int, len(kind)+1)},
		Scalars: c.OneHot(kind),
	}
}
