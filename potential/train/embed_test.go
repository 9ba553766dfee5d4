package train

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

// relabel writes the frames of a file with the labels of a function.
func relabel(t *testing.T, data string, label func(f *xyz.Frame) (energy float64, forces [][3]float64, virial [3][3]float64)) string {
	t.Helper()
	frames, err := xyz.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		energy, forces, virial := label(f)
		f.Set("energy", energy)
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
		if f.PBC[0] {
			var stress []float64
			for _, row := range virial {
				for _, v := range row {
					stress = append(stress, -v/f.Volume())
				}
			}
			f.Set("stress", stress)
		}
	}
	path := filepath.Join(t.TempDir(), "labelled.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEmbeddedAtomIsFound: of labels that an embedded-atom potential has made, none of
// them left to the network, whatever reference energies are.
func TestEmbeddedAtomIsFound(t *testing.T) {
	data := writeData(t, 30)
	config := newTrainer(t, small(data, t.TempDir())).model.Config
	truth := &potential.Model{Config: config, ReferenceEnergies: []float64{-80, -110}}
	truth.Embedded = potential.NewEmbeddedAtom(2)
	rng := rand.New(rand.NewPCG(1, 7))
	for _, a := range truth.Embedded.Coefficients() {
		*a = rng.Float64() - 0.3
	}
	data = relabel(t, data, func(f *xyz.Frame) (float64, [][3]float64, [3][3]float64) {
		kind, err := truth.Kinds(f.Species)
		if err != nil {
			t.Fatal(err)
		}
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, config.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		b := truth.Baseline(g, kind)
		return b.Energy, b.Forces, b.Virial
	})
	for _, reference := range []string{"isolated", "fit"} {
		s := small(data, t.TempDir())
		s.Reference, s.Baseline = reference, EmbeddedAtomBaseline
		trainer := newTrainer(t, s)
		for n, sample := range trainer.samples {
			worst := math.Abs(*sample.energy) / float64(len(sample.kind))
			for _, f := range sample.forces {
				worst = max(worst, math.Abs(f[0]), math.Abs(f[1]), math.Abs(f[2]))
			}
			for _, row := range sample.stress {
				worst = max(worst, math.Abs(row[0]), math.Abs(row[1]), math.Abs(row[2]))
			}
			if worst > 1e-4 { // the ridge
				t.Fatalf("%s: sample %d has %.2g left", reference, n+1, worst)
			}
		}
		if trainer.model.Scale[0] != leastScale {
			t.Errorf("%s: the network is scaled by %g eV/Å where it has nothing to learn", reference, trainer.model.Scale[0])
		}
	}
}

// TestEmbeddedAtomIsLeastSquares: no change of a coefficient makes the loss of what is left
// smaller, with the weights that frames have.
func TestEmbeddedAtomIsLeastSquares(t *testing.T) {
	frames, err := xyz.ReadAll(writeData(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range frames {
		f.Set("config_energy_weight", float64(1+k%3))
		f.Set("config_forces_weight", float64(1+k%2))
	}
	data := filepath.Join(t.TempDir(), "weighted.xyz")
	if err := xyz.WriteFile(data, frames...); err != nil {
		t.Fatal(err)
	}
	s := small(data, t.TempDir())
	s.Baseline = EmbeddedAtomBaseline
	trainer := newTrainer(t, s)
	stats, err := measure(trainer.data, trainer.frames, trainer.model.Config)
	if err != nil {
		t.Fatal(err)
	}
	trainer.model.Binding = potential.Binding{} // of what is left
	fit := embedding{weights: s.weights(0)}
	loss := func() (sum float64) {
		if err := trainer.makeSamples(stats.graphs); err != nil {
			t.Fatal(err)
		}
		for k := range trainer.samples {
			sample := &trainer.samples[k]
			for _, v := range fit.rows(sample, sample.energy, sample.forces, sample.stress) {
				sum += v * v
			}
		}
		return sum
	}
	least := loss()
	for k, a := range trainer.model.Embedded.Coefficients() {
		was := *a
		for _, factor := range []float64{0.98, 1.02} {
			*a = factor * was
			if changed := loss(); changed < least*(1-1e-9) {
				t.Errorf("coefficient %d times %g: the loss is %.10g in the place of %.10g", k, factor, changed, least)
			}
		}
		*a = was
	}
}

// TestEmbeddedAtomIsForMetals: molecules are warned about.
func TestEmbeddedAtomIsForMetals(t *testing.T) {
	d := Synthetic(20, 1)
	s := small("synthetic", t.TempDir())
	s.Baseline = EmbeddedAtomBaseline
	trainer, err := assemble(s, d, nil, "text", "test")
	if err != nil {
		t.Fatal(err)
	}
	if len(trainer.Warnings) != 1 || !strings.Contains(trainer.Warnings[0], "16 frames are of molecules") {
		t.Errorf("warnings: %q", trainer.Warnings)
	}
}

// TestEmbeddedAtomWantsFewElements: pairs of many are more than data can tell apart.
func TestEmbeddedAtomWantsFewElements(t *testing.T) {
	d := Synthetic(20, 1)
	next := 1
	for _, f := range d.Frames {
		for i := range f.Species {
			f.Species[i] = 1 + next%(mostEmbedded+1)
			next++
		}
	}
	s := small("synthetic", t.TempDir())
	s.Baseline, s.Reference, s.ValidFraction = EmbeddedAtomBaseline, "fit", 0.05
	_, err := assemble(s, d, nil, "text", "test")
	if want := `baseline = "embedded-atom" with 21 elements: want at most 20`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestEmbeddedAtomTrains: a model that is written, read and evaluated has the embedded-atom
// part that it was trained above.
func TestEmbeddedAtomTrains(t *testing.T) {
	s := small(writeData(t, 20), t.TempDir())
	s.Baseline, s.Epochs = EmbeddedAtomBaseline, 2
	trainer := newTrainer(t, s)
	for _, w := range trainer.Warnings {
		t.Errorf("crystals are warned about: %s", w)
	}
	s.Threads, s.Output = 3, t.TempDir()
	if other := newTrainer(t, s).model.Embedded; !reflect.DeepEqual(other, trainer.model.Embedded) {
		t.Errorf("with three threads %+v, with one %+v", other, trainer.model.Embedded)
	}
	if err := trainer.Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	m := load(t, filepath.Join(trainer.settings.Output, LastModel))
	if !m.Embedded.There() {
		t.Fatal("the model has no embedded-atom part")
	}
	ev, err := Evaluate(m, trainer.data, trainer.frames, 1)
	if err != nil {
		t.Fatal(err)
	}
	if left := 1e3 * trainer.model.Scale[0]; !(*ev.All.ForceRMSE < left) {
		t.Errorf("forces have errors of %.1f meV/Å, the embedded-atom part alone %.1f", *ev.All.ForceRMSE, left)
	}
}
