package train

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/xyz"
)

// changed writes the data with some frames changed and returns the path.
func changed(t *testing.T, data string, change func(k int, f *xyz.Frame)) string {
	t.Helper()
	frames, err := xyz.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range frames {
		change(k, f)
	}
	path := filepath.Join(t.TempDir(), "changed.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatIsNotUsedIsSaid: of data that are there and not used, and of elements that the
// model will not know, a warning says so.
func TestWhatIsNotUsedIsSaid(t *testing.T) {
	data := writeData(t, 10) // and two isolated atoms
	for name, c := range map[string]struct {
		change func(k int, f *xyz.Frame)
		want   string
	}{
		"no labels": {func(k int, f *xyz.Frame) {
			if k < 3 {
				f.Info = slices.DeleteFunc(f.Info, func(v xyz.Entry) bool { return v.Key == "energy" })
				f.Columns = slices.DeleteFunc(f.Columns, func(c xyz.Column) bool { return c.Name == "forces" })
			}
		}, "3 of 12 frames of changed.xyz have neither an energy nor forces, or weights of 0,"},
		"a slab": {func(k int, f *xyz.Frame) { f.PBC[2] = false }, "the stress of 10 frames of changed.xyz is not used"},
		"an isolated atom of another element": {func(k int, f *xyz.Frame) {
			if len(f.Species) == 1 && f.Species[0] == 11 {
				f.Species[0] = 19
			}
		}, "K: only as isolated atoms"},
		"isolated atoms of one element": {func(k int, f *xyz.Frame) {
			if len(f.Species) == 1 && f.Species[0] == 11 {
				f.Species[0] = 8
				f.Set("energy", -80.0) // as that of O
			}
		}, "no isolated atom of Na: those of the other elements are not used"},
	} {
		trainer := newTrainer(t, small(changed(t, data, c.change), t.TempDir()))
		if !slices.ContainsFunc(trainer.Warnings, func(w string) bool { return strings.Contains(w, c.want) }) {
			t.Errorf("%s: warnings %q, want %q", name, trainer.Warnings, c.want)
		}
		if species := trainer.model.Config.Species; !slices.Equal(species, []int{8, 11}) {
			t.Errorf("%s: the model knows %v, want the elements of the frames that are trained on", name, species)
		}
		train, valid := trainer.Sizes()
		if want := 10 - 3*strings.Count(c.want, "3 of 12"); train+valid != want {
			t.Errorf("%s: %d frames to train on and to validate on, want %d", name, train+valid, want)
		}
	}
}

// TestWeightsOfFrames: the loss of a frame counts as often as its weights say.
func TestWeightsOfFrames(t *testing.T) {
	data := writeData(t, 4)
	loss := func(weights map[string]any, w lossWeights) float64 {
		trainer := newTrainer(t, small(changed(t, data, func(k int, f *xyz.Frame) {
			for key, v := range weights {
				f.Set(key, v)
			}
		}), t.TempDir()))
		sums, err := trainer.gradient(trainer.state.theta, trainer.samples, nil, w, trainer.grad)
		if err != nil {
			t.Fatal(err)
		}
		return sums.Loss
	}
	energy, force, stress := lossWeights{energy: 1}, lossWeights{force: 1}, lossWeights{stress: 1}
	for _, c := range []struct {
		weights map[string]any
		loss    lossWeights
		times   float64
	}{
		{map[string]any{"config_weight": 3}, energy, 3},
		{map[string]any{"config_weight": 0.5, "config_forces_weight": 3}, force, 1.5},
		{map[string]any{"config_weight": 0.5, "config_forces_weight": 3}, stress, 0.5},
		{map[string]any{"config_energy_weight": 0}, energy, 0},
		{map[string]any{"config_virials_weight": 2.0}, stress, 2},
	} {
		plain, weighted := loss(nil, c.loss), loss(c.weights, c.loss)
		if math.Abs(weighted-c.times*plain) > 1e-12*plain {
			t.Errorf("%v: loss %g, want %g times %g", c.weights, weighted, c.times, plain)
		}
	}
	bad := small(changed(t, data, func(k int, f *xyz.Frame) { f.Set("config_weight", -1.0) }), t.TempDir())
	if _, err := New(bad, "", ""); err == nil || !strings.Contains(err.Error(), "config_weight") || !strings.Contains(err.Error(), "frame ") {
		t.Errorf("a negative weight: %v", err)
	}
}

// TestWeightZeroIsNoLabel: what stands in the place of a label that is not there does not
// count, in nothing.
func TestWeightZeroIsNoLabel(t *testing.T) {
	data := writeData(t, 10)
	start := func(change func(f *xyz.Frame)) *Trainer {
		s := small(changed(t, data, func(k int, f *xyz.Frame) {
			if k%2 == 0 && len(f.Species) > 1 {
				change(f)
			}
		}), t.TempDir())
		s.Epochs = 2
		trainer := newTrainer(t, s)
		if err := trainer.Run(context.Background(), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		return trainer
	}
	without := func(f *xyz.Frame, key, column string) {
		f.Info = slices.DeleteFunc(f.Info, func(v xyz.Entry) bool { return v.Key == key })
		f.Columns = slices.DeleteFunc(f.Columns, func(c xyz.Column) bool { return c.Name == column })
	}
	for name, c := range map[string]struct{ placeholder, without func(f *xyz.Frame) }{
		"energy": {func(f *xyz.Frame) {
			f.Set("energy", 0.0)
			f.Set("config_energy_weight", 0.0)
		}, func(f *xyz.Frame) { without(f, "energy", "") }},
		"forces": {func(f *xyz.Frame) {
			f.SetColumn(xyz.Column{Name: "forces", Data: make([][3]float64, len(f.Species))})
			f.Set("config_forces_weight", 0)
		}, func(f *xyz.Frame) { without(f, "", "forces") }},
		"stress": {func(f *xyz.Frame) {
			f.Set("stress", make([]float64, 9))
			f.Set("config_virials_weight", 0)
		}, func(f *xyz.Frame) { without(f, "stress", "") }},
		"all": {func(f *xyz.Frame) {
			f.Set("energy", 0.0)
			f.Set("config_weight", 0)
		}, func(f *xyz.Frame) { without(f, "energy", "forces") }},
	} {
		got, want := start(c.placeholder), start(c.without)
		if got.state.Log != want.state.Log || !slices.Equal(got.model.Scale, want.model.Scale) || !slices.Equal(got.model.Binding.Energy, want.model.Binding.Energy) {
			t.Errorf("%s: binding %g, scale %g; without the label %g, %g\n%s\n%s", name, got.model.Binding.Energy, got.model.Scale, want.model.Binding.Energy, want.model.Scale, got.state.Log, want.state.Log)
		}
	}
}

// TestWeightZeroIsNoLabelOfAnError either, but one of an isolated atom.
func TestWeightZeroIsNoLabelOfAnError(t *testing.T) {
	d, err := ReadDataset(changed(t, writeData(t, 4), func(k int, f *xyz.Frame) { f.Set("config_energy_weight", 0) }), xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	for k, l := range d.Labels {
		if alone := len(d.Frames[k].Species) == 1; (l.Energy != nil) != alone || l.Forces == nil && !alone {
			t.Errorf("frame %d has the labels %+v", k+1, l)
		}
	}
}

// TestWeightsByConfigType: they multiply those of the frames.
func TestWeightsByConfigType(t *testing.T) {
	data := changed(t, writeData(t, 4), func(k int, f *xyz.Frame) {
		f.Set("config_type", []string{"bulk, 300 K", "slab"}[k%2])
		f.Set("config_forces_weight", 0.5)
	})
	s := small(data, t.TempDir())
	s.ConfigTypeWeights = []string{"slab = 4"}
	trainer := newTrainer(t, s)
	for k, n := range trainer.frames {
		want := lossWeights{1, 0.5, 1, 1}
		if n%2 == 1 {
			want = lossWeights{4, 2, 4, 1}
		}
		if got := trainer.samples[k].weights; got != want {
			t.Errorf("frame %d has weights %v, want %v", n+1, got, want)
		}
	}
	for entry, want := range map[string]string{
		"slabs=1": `no frame has the config_type "slabs"; there are ["bulk, 300 K" "slab"]`,
		"slab=-1": `"slab=-1", want a config_type and a weight, zero or more`,
		"slab":    "want a config_type and a weight",
		"slab=1":  `"slab" has two weights`,
	} {
		s.ConfigTypeWeights = []string{"slab=2", entry}
		if _, err := New(s, "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", entry, err, want)
		}
	}
}

// TestSettingsThatSayNothing or contradict each other are refused, by name.
func TestSettingsThatSayNothing(t *testing.T) {
	data := writeData(t, 4)
	twice := changed(t, data, func(k int, f *xyz.Frame) {
		if len(f.Species) == 1 {
			f.Species[0] = 8
		}
	})
	for want, change := range map[string]func(s *Settings){
		"reference_file atoms.xyz would not be used":              func(s *Settings) { s.ReferenceFile, s.Reference = "atoms.xyz", "fit" },
		"would not be used":                                       func(s *Settings) { s.ReferenceFile, s.ReferenceEnergies = "atoms.xyz", []string{"O=1"} },
		"two energies of O":                                       func(s *Settings) { s.ReferenceEnergies = []string{"O=1", "Na=2", "O=3"} },
		`"O=nan", want an element and an energy`:                  func(s *Settings) { s.ReferenceEnergies = []string{"O=nan", "Na=2"} },
		"isolated atoms of O with two energies, -80 eV":           func(s *Settings) { s.Train = twice },
		`schedule is "cosin", want one of cosine`:                 func(s *Settings) { s.Schedule = "cosin" },
		`kernel is "foo", want one of legendre`:                   func(s *Settings) { s.Kernel = "foo" },
		"energy_weight, force_weight and stress_weight are all 0": func(s *Settings) { s.EnergyWeight, s.EnergyWeightEnd, s.ForceWeight, s.StressWeight = 0, 0, 0, 0 },
		"0 frames to train on and 0 to validate on, with labels": func(s *Settings) {
			s.Train = changed(t, data, func(k int, f *xyz.Frame) { f.Set("config_weight", 0) })
		},
	} {
		s := small(data, t.TempDir())
		change(&s)
		if _, err := New(s, "", ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	s := small(data, t.TempDir())
	s.ReferenceEnergies = []string{"O=1", "Na=2", "N=3"}
	if w := newTrainer(t, s).Warnings; len(w) != 1 || !strings.Contains(w[0], "N, which is not in the training data") {
		t.Errorf("an element too many: warnings %q", w)
	}
}

// TestResumeAfterDataMoved: what the files hold is what counts.
func TestResumeAfterDataMoved(t *testing.T) {
	s := small(writeData(t, 6), t.TempDir())
	s.Epochs = 1
	if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved.xyz")
	if err := os.Rename(s.Train, moved); err != nil {
		t.Fatal(err)
	}
	s.Train, s.Epochs = moved, 2
	if err := newTrainer(t, s).Resume(); err != nil {
		t.Error(err)
	}
	s.Batch = 1
	err := newTrainer(t, s).Resume()
	if err == nil || !strings.Contains(err.Error(), "there: Batch = 3\n  here:  Batch = 1\n") {
		t.Errorf("another setting: %v", err)
	}
}
