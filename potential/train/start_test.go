package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/potential/archive"
	"ponita/xyz"
)

// trainedOn trains for some epochs and returns the settings and the file of the best model.
// A part of the data is held back unless there is a file to validate on.
func trainedOn(t *testing.T, data, valid string, epochs int, change ...func(*Settings)) (Settings, string) {
	t.Helper()
	s := small(data, t.TempDir())
	for _, c := range change {
		c(&s)
	}
	s.Epochs, s.Threads, s.Valid = epochs, 0, valid
	if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	return s, filepath.Join(s.Output, BestModel)
}

func load(t *testing.T, path string) *potential.Model {
	t.Helper()
	m, err := potential.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onward is the settings of a run on the data that starts from a model.
func onward(t *testing.T, data, model string) Settings {
	s := Settings{
		Train: data, Output: t.TempDir(), Start: model, Batch: 3, Epochs: 1, Threads: 1, ValidFraction: 0.2,
	}
	return s.WithDefaults()
}

// TestStartIsTheModel: before the first step, forces are those of the model that is
// started from, also for atoms of an element that others in the data do not know, and
// energies differ by no more than a constant of each element.
func TestStartIsTheModel(t *testing.T) {
	for _, baseline := range []string{BindingBaseline, EmbeddedAtomBaseline} {
		t.Run(baseline, func(t *testing.T) { checkStartIsTheModel(t, baseline) })
	}
}

func checkStartIsTheModel(t *testing.T, baseline string) {
	data := writeData(t, 12)
	_, path := trainedOn(t, data, data, 5, func(s *Settings) { s.Baseline = baseline })
	before := load(t, path)
	frames, err := xyz.ReadAll(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range []string{"isolated", "fit"} {
		for _, others := range []int{0, 7} {
			set := data
			if others > 0 {
				set = filepath.Join(t.TempDir(), "more.xyz")
				alone := &xyz.Frame{Species: []int{others}, Pos: make([][3]float64, 1)}
				alone.Set("energy", -10.*float64(others))
				mixed := *frames[0]
				mixed.Species = []int{11, others, 11, 8}
				if err := xyz.WriteFile(set, append([]*xyz.Frame{alone, &mixed, &mixed}, frames...)...); err != nil {
					t.Fatal(err)
				}
			}
			s := onward(t, set, path)
			s.Reference = reference
			if baseline == EmbeddedAtomBaseline && others > 0 {
				if _, err := New(s, "text", "test"); err == nil || !strings.Contains(err.Error(), "cannot learn N: train a new model") {
					t.Errorf("an element that the embedded-atom part does not know: %v", err)
				}
				continue
			}
			s.Valid = data // all frames are trained on, in both runs: the same shortest distances
			trainer := newTrainer(t, s)
			after := trainer.Model()
			a, err := Predict(before, &Dataset{Frames: frames[:12]}, 1)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Predict(after, &Dataset{Frames: frames[:12]}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for k := range a {
				if shift := (b[k].Energy - a[k].Energy) - (b[0].Energy - a[0].Energy); math.Abs(shift) > 1e-5 {
					t.Errorf("%s, element %d: the energy of frame %d has moved by %.2g eV against that of the first", reference, others, k, shift)
				}
				for i := range a[k].Forces {
					for c := range 3 {
						if d := b[k].Forces[i][c] - a[k].Forces[i][c]; math.Abs(d) > 1e-5 {
							t.Fatalf("%s, element %d: the force on atom %d of frame %d differs by %.2g eV/Å", reference, others, i+1, k, d)
						}
					}
				}
			}
			rest, err := trainer.rest(make([]float64, len(after.Config.Species)), trainer.bound(potential.Binding{}))
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.
			for n, e := range rest {
				sum += e * float64(len(trainer.samples[n].kind))
			}
			if math.Abs(sum) > 1e-9 {
				t.Errorf("%s, element %d: energies are %.2g eV off in the mean", reference, others, sum)
			}
			p := after.Provenance.Start
			if p == nil || p.Hash != before.Hash() || p.Hash == "" || len(p.Data) != 2 || p.Data[0].Name != "data.xyz" {
				t.Errorf("the model says that it started from %+v", p)
			}
		}
	}
}

// TestStartGoesOn: a run from a trained model is better after one epoch than that
// model, where a new network is far behind it.
func TestStartGoesOn(t *testing.T) {
	data := writeData(t, 24)
	s, path := trainedOn(t, data, "", 20)
	first := func(s Settings) (force float64) {
		err := newTrainer(t, s).Run(context.Background(), func(p Progress) {
			if p.Valid != nil {
				force = *p.Valid.ForceRMSE
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return force
	}
	fresh := s
	fresh.Epochs, fresh.Output, fresh.Threads = 1, t.TempDir(), 1
	anew, on := first(fresh), first(onward(t, data, path))
	was := load(t, path).Provenance.Errors["force_rmse_meV_per_A"]
	t.Logf("forces after one epoch: %.0f meV/Å from the model with %.0f, %.0f anew", on, was, anew)
	if on >= was || on > 0.5*anew {
		t.Errorf("forces after one epoch: %.0f meV/Å from the model with %.0f, %.0f anew", on, was, anew)
	}
}

// TestParabolasBeginWhereDataEnd: at the shortest distance of each pair of species in the data, times
// the setting, and in a run from another model no farther out than there.
func TestParabolasBeginWhereDataEnd(t *testing.T) {
	data := writeData(t, 12)
	trainer := newTrainer(t, small(data, t.TempDir()))
	c := trainer.Model().Config
	want := map[[2]int]float64{}
	for _, n := range trainer.frames {
		f := trainer.data.Frames[n]
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, c.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Species {
			for e := g.Start[i]; e < g.Start[i+1]; e++ {
				v := g.Vec[e]
				r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
				pair := [2]int{f.Species[i], f.Species[g.Neighbor[e]]}
				if w, ok := want[pair]; !ok || r < w {
					want[pair] = r
				}
			}
		}
	}
	if len(want) != len(c.Species)*len(c.Species) {
		t.Fatalf("%d pairs of %d species in the data", len(want), len(c.Species))
	}
	compare := func(name string, c potential.Config, want func(a, b int) float64) {
		for a, x := range c.Species {
			for b, y := range c.Species {
				if got := c.Parabola[c.RadialSet(a, b)]; math.Abs(got-want(x, y)) > 1e-12 {
					t.Errorf("%s: parabolas of %d and %d begin at %.6f Å, want %.6f", name, x, y, got, want(x, y))
				}
			}
		}
	}
	compare("from the data", c, func(x, y int) float64 { return want[[2]int{x, y}] })
	sooner := small(data, t.TempDir())
	sooner.Parabola = 1.05
	compare("sooner", newTrainer(t, sooner).Model().Config, func(x, y int) float64 { return 1.05 * want[[2]int{x, y}] })
	for _, factor := range []float64{0.9, 1.2} {
		from := *trainer.Model()
		from.Config.Parabola = slices.Clone(from.Config.Parabola)
		for k := range from.Config.Parabola {
			from.Config.Parabola[k] *= factor
		}
		compare("from a model", startedFrom(t, data, &from), func(x, y int) float64 { return min(factor, 1) * want[[2]int{x, y}] })
	}
	// A pair that the new data have not keeps what the model has.
	one, old := c, c // of two species
	one.Parabola, old.Parabola = potential.Distances{1, 0, 1}, potential.Distances{1.1, 1.2, 0.9}
	if got := noFarther(slices.Clone(one.Parabola), &one, &old); !slices.Equal(got, potential.Distances{1, 1.2, 0.9}) {
		t.Errorf("parabolas begin at %v", got)
	}
	none := *trainer.Model()
	none.Config.Parabola = nil
	if got := startedFrom(t, data, &none).Parabola; len(got) > 0 {
		t.Errorf("from a model without parabolas: %v", got)
	}
}

// startedFrom returns the configuration of a run from a model.
func startedFrom(t *testing.T, data string, from *potential.Model) potential.Config {
	path := filepath.Join(t.TempDir(), "from.h5")
	if err := archive.Save(path, from); err != nil {
		t.Fatal(err)
	}
	return newTrainer(t, onward(t, data, path)).Model().Config
}

func TestStartRefuses(t *testing.T) {
	data := writeData(t, 10)
	_, path := trainedOn(t, data, "", 1)
	other := small(data, t.TempDir())
	other.Kernel, other.Epochs = potential.Polynomial, 1
	if err := newTrainer(t, other).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	tabulated, _, err := load(t, filepath.Join(other.Output, LastModel)).Compress(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	compressed := filepath.Join(t.TempDir(), "compressed.h5")
	if err := archive.Save(compressed, tabulated); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*Settings)
		want   string
	}{
		{func(s *Settings) { s.Layers = 3 }, "layers is 3, but the model to start from has 2: leave it out"},
		{func(s *Settings) { s.Preset, s.Layers = "large", 0 }, "preset large has 5 layers, 64 channels and widening 2, but the model to start from has 2, "},
		{func(s *Settings) { s.Cutoff = 4 }, "cutoff is 4, but the model to start from has 3.5"},
		{func(s *Settings) { s.Start = "nowhere.h5" }, "nowhere.h5"},
		{func(s *Settings) { s.Start = compressed }, "compressed"},
	} {
		s := onward(t, data, path)
		c.change(&s)
		if _, err := New(s, "", ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
	// A checkpoint belongs to a run from one model.
	s := onward(t, data, path)
	if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	changed := load(t, path)
	changed.Weights[0] *= 2
	if err := archive.Save(path, changed); err != nil {
		t.Fatal(err)
	}
	if err := newTrainer(t, s).Resume(); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("resumed from another model: %v", err)
	}
}
