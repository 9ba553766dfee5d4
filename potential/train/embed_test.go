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
func relabel(t *testing.T, data string, label func(f *xyz.Frame) (energy float64, forces, virial [][3]float64)) string {
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
	data = relabel(t, data, func(f *xyz.Frame) (energy float64, forces, virial [][3]float64) {
		kind, err := truth.Kinds(f.Species)
		if err != nil {
			t.Fatal(err)
		}
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, config.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		b := truth.Baseline(g, kind)
		return b.Energy, b.Forces, b.Virial[:]
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

// TestEmbeddedAtomOfADistantPair: two oxygens among sodium that are only seen near the cutoff
// must not fly apart or into each other where no data are.
func TestEmbeddedAtomOfADistantPair(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	const spacing = 2.35
	var frames []*xyz.Frame
	for range 12 {
		f := &xyz.Frame{PBC: [3]bool{true, true, true}}
		for m := range 27 {
			cell := [3]int{m % 3, m / 3 % 3, m / 9}
			z := 11
			if cell == [3]int{} || cell == [3]int{1, 1, 0} { // 3.3 Å from each other
				z = 8
			}
			f.Species = append(f.Species, z)
			var x [3]float64
			for k := range x {
				f.Lattice[k][k] = 3 * spacing
				x[k] = spacing*float64(cell[k]) + 0.05*rng.NormFloat64()
			}
			f.Pos = append(f.Pos, x)
		}
		frames = append(frames, f)
	}
	data := filepath.Join(t.TempDir(), "dilute.xyz")
	if err := xyz.WriteFile(data, frames...); err != nil {
		t.Fatal(err)
	}
	data = relabel(t, data, func(f *xyz.Frame) (energy float64, forces, virial [][3]float64) {
		energy, forces, stress := periodicPairs(f)
		for _, row := range stress {
			for k := range row {
				row[k] *= -f.Volume()
			}
			virial = append(virial, row)
		}
		return energy, forces, virial
	})
	s := small(data, t.TempDir())
	s.Baseline = EmbeddedAtomBaseline
	trainer := newTrainer(t, s)
	if rest := trainer.RestForces(); rest > 0.05 {
		t.Errorf("forces of %.3g eV/Å are left, want nearly none of those of pairs", rest)
	}
	for _, r := range []float64{1, 1.5, 2, 2.5} {
		g, err := neighbor.Build([][3]float64{{}, {r}}, [3][3]float64{}, [3]bool{}, s.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		m := trainer.model
		only := &potential.Model{Config: m.Config, ReferenceEnergies: make([]float64, 2), Embedded: m.Embedded}
		if e := only.Baseline(g, []int{0, 0}).Energy; math.Abs(e) > 20 {
			t.Errorf("two oxygens %g Å apart: %.3g eV", r, e)
		}
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
	if len(trainer.Warnings) != 1 || !strings.Contains(trainer.Warnings[0], "16 frames have no cell") {
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
