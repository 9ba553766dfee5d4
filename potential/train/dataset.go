package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

// Dataset is a file of labelled configurations.
type Dataset struct {
	File   potential.DataFile
	Census xyz.Census
	Frames []*xyz.Frame
	Labels []xyz.Labels // [frame]

	weights []lossWeights // [frame], see weigh; nil without a file
}

// ReadDataset reads a file and finds its labels; those to which a frame gives the weight 0
// are none. A key that is named but in no frame is an error, and so is a file without any
// energy or force.
func ReadDataset(path string, keys xyz.LabelKeys) (*Dataset, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	sum := sha256.Sum256(data)
	d := &Dataset{}
	for f, err := range xyz.NewReader(bytes.NewReader(data), path).All() {
		if err != nil {
			return nil, err
		}
		if len(f.Species) == 0 {
			return nil, fmt.Errorf("train: %v has no atoms: take it out", f.Origin)
		}
		d.Frames = append(d.Frames, f)
		d.Census.Add(f)
	}
	if len(d.Frames) == 0 {
		return nil, fmt.Errorf("train: %s has no frames", path)
	}
	d.File = potential.DataFile{Name: filepath.Base(path), SHA256: hex.EncodeToString(sum[:]), Frames: len(d.Frames)}
	labeling, err := d.Census.Choose(keys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	labelled := false
	for _, f := range d.Frames {
		l, err := labeling.Of(f)
		if err != nil {
			return nil, err
		}
		labelled = labelled || l.Energy != nil || l.Forces != nil
		d.Labels = append(d.Labels, l)
	}
	if err := d.weigh(nil); err != nil {
		return nil, err
	}
	if !labelled {
		return nil, fmt.Errorf("%s: no energies and no forces in any of %d frames; %s\n%s",
			path, len(d.Frames), d.Census.Advice(), &d.Census)
	}
	return d, nil
}

// Species returns the atomic numbers in the frames, ascending.
func (d *Dataset) Species() []int {
	seen := map[int]bool{}
	for _, f := range d.Frames {
		for _, z := range f.Species {
			seen[z] = true
		}
	}
	var species []int
	for z := range seen {
		species = append(species, z)
	}
	slices.Sort(species)
	return species
}

// alone tells whether a frame is an isolated atom: one without images within the cutoff.
func alone(f *xyz.Frame, cutoff float64) bool {
	if len(f.Species) != 1 {
		return false
	}
	if f.PBC == [3]bool{} {
		return true
	}
	g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, cutoff)
	return err == nil && len(g.Neighbor) == 0
}

// unlabelled tells whether a frame has nothing to train on or to validate by.
func (d *Dataset) unlabelled(k int) bool {
	return d.Labels[k].Energy == nil && d.Labels[k].Forces == nil
}

// split shuffles the frames that are not isolated atoms and have a label, of which it draws
// at most so many (0 is all), and holds back a fraction: the two lists together are
// all of them, each ascending.
func (d *Dataset) split(fraction float64, most int, seed uint64, cutoff float64) (train, valid []int) {
	var frames []int
	for k, f := range d.Frames {
		if !alone(f, cutoff) && !d.unlabelled(k) {
			frames = append(frames, k)
		}
	}
	if most > 0 && most < len(frames) {
		rng := stream(seed, "frames", 0, 0)
		rng.Shuffle(len(frames), func(a, b int) { frames[a], frames[b] = frames[b], frames[a] })
		frames = frames[:most]
		slices.Sort(frames)
	}
	if fraction == 0 {
		return frames, nil
	}
	rng := stream(seed, "split", 0, 0)
	rng.Shuffle(len(frames), func(a, b int) { frames[a], frames[b] = frames[b], frames[a] })
	n := int(math.Round(fraction * float64(len(frames))))
	if len(frames) > 1 {
		n = max(n, 1)
	}
	valid, train = frames[:n], frames[n:]
	slices.Sort(valid)
	slices.Sort(train)
	return train, valid
}

// stream returns the random numbers for one purpose at one place. Streams of
// different purposes or places are independent.
func stream(seed uint64, purpose string, epoch, item int) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %d %d", seed, purpose, epoch, item))
	return rand.New(rand.NewChaCha8(sum))
}

// sample is one configuration in the form a step needs: what the network itself
// has to give. What is beneath it ([potential.Model.Baseline]) is already subtracted.
type sample struct {
	kind    []int
	graph   *neighbor.Graph
	scalars []float64    // network input
	scale   []float64    // [atom]
	energy  *float64     // eV
	forces  [][3]float64 // eV/Å, nil without
	stress  *[3][3]float64
	volume  float64     // Å³, 1 without a cell
	weights lossWeights // of the frame, beside those of the loss
	// wall is set for two atoms that shall only not attract each other: the direction
	// from the first to the second. See wall.go.
	wall *[3]float64
}

// makeSamples prepares the frames to train on, with their graphs, for the model.
func (t *Trainer) makeSamples(graphs []*neighbor.Graph) error {
	t.samples = nil
	for n, k := range t.frames {
		f := t.data.Frames[k]
		s, err := newSample(f, t.data.Labels[k], graphs[n], t.model)
		if err != nil {
			return fmt.Errorf("train: %v: %w", f.Origin, err)
		}
		if t.data.weights != nil {
			s.weights = t.data.weights[k]
		}
		t.samples = append(t.samples, s)
	}
	return nil
}

func newSample(f *xyz.Frame, l xyz.Labels, g *neighbor.Graph, m *potential.Model) (sample, error) {
	kind, err := m.Kinds(f.Species)
	if err != nil {
		return sample{}, err
	}
	s := sample{kind: kind, graph: g, scalars: m.Config.OneHot(kind), volume: 1, weights: lossWeights{1, 1, 1, 1}}
	base := m.Baseline(g, kind)
	for _, k := range kind {
		s.scale = append(s.scale, m.Scale[k])
	}
	if l.Energy != nil {
		e := *l.Energy - base.Energy
		s.energy = &e
	}
	if l.Forces != nil {
		s.forces = make([][3]float64, len(kind))
		for i, ref := range l.Forces {
			for k := range ref {
				s.forces[i][k] = ref[k] - base.Forces[i][k]
			}
		}
	}
	if l.Stress != nil && f.PBC == [3]bool{true, true, true} {
		s.volume = neighbor.Volume(f.Lattice)
		stress := *l.Stress
		for k := range stress {
			for n := range stress[k] {
				stress[k][n] += base.Virial[k][n] / s.volume // σ = −W/V
			}
		}
		s.stress = &stress
	}
	return s, nil
}

// rotated returns the sample turned by r, with memory from the buffers. Energies
// and volume do not change.
func (s sample) rotated(r [3][3]float64, vec, forces *[][3]float64) sample {
	g := *s.graph
	g.Vec = (*vec)[:0]
	for _, v := range s.graph.Vec {
		g.Vec = append(g.Vec, apply(r, v))
	}
	*vec = g.Vec
	s.graph = &g
	if s.forces != nil {
		turned := (*forces)[:0]
		for _, f := range s.forces {
			turned = append(turned, apply(r, f))
		}
		*forces = turned
		s.forces = turned
	}
	if s.stress != nil {
		var t [3][3]float64 // R σ Rᵀ
		for a := range 3 {
			for b := range 3 {
				for c := range 3 {
					for d := range 3 {
						t[a][b] += r[a][c] * s.stress[c][d] * r[b][d]
					}
				}
			}
		}
		s.stress = &t
	}
	return s
}

func apply(r [3][3]float64, v [3]float64) (w [3]float64) {
	for a := range 3 {
		w[a] = r[a][0]*v[0] + r[a][1]*v[1] + r[a][2]*v[2]
	}
	return w
}

// Rotation returns a rotation drawn uniformly, from a random unit quaternion.
func Rotation(rng *rand.Rand) [3][3]float64 {
	var q [4]float64
	n := 0.
	for n < 1e-12 {
		n = 0
		for k := range q {
			q[k] = rng.NormFloat64()
			n += q[k] * q[k]
		}
	}
	n = math.Sqrt(n)
	w, x, y, z := q[0]/n, q[1]/n, q[2]/n, q[3]/n
	return [3][3]float64{
		{1 - 2*(y*y+z*z), 2 * (x*y - w*z), 2 * (x*z + w*y)},
		{2 * (x*y + w*z), 1 - 2*(x*x+z*z), 2 * (y*z - w*x)},
		{2 * (x*z - w*y), 2 * (y*z + w*x), 1 - 2*(x*x+y*y)},
	}
}
