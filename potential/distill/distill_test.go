package distill

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/integrator"
	"ponita/neighbor"
	"ponita/potential"
	"ponita/potential/potentialtest"
	"ponita/xyz"
)

// load returns shipped models of the names.
func load(t *testing.T, names ...string) (models []*potential.Model) {
	t.Helper()
	for _, name := range names {
		m, err := potential.Load(filepath.Join("..", "pretrained", name))
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	return models
}

// molecule returns acetylacetone, and after it an isolated atom.
func molecule(t *testing.T) []*xyz.Frame {
	t.Helper()
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	return []*xyz.Frame{f, {Species: []int{6}, Pos: make([][3]float64, 1)}}
}

// crystal returns two cells of silicon, one of them strained.
func crystal(t *testing.T) (frames []*xyz.Frame) {
	t.Helper()
	for _, strain := range []float64{0, 0.02} {
		f, err := xyz.ReadFile(filepath.Join("..", "..", "testdata", "structures", "silicon8.xyz"))
		if err != nil {
			t.Fatal(err)
		}
		for k := range f.Lattice {
			f.Lattice[k][0] *= 1 + strain
		}
		for i := range f.Pos {
			f.Pos[i][0] *= 1 + strain
		}
		f.Set("config_type", 300)
		frames = append(frames, f)
	}
	return frames
}

func TestCommitteeIsAPotential(t *testing.T) {
	models := load(t, "acac.h5", "acac-medium.h5")
	potentialtest.Run(t, potentialtest.Potential{
		New: func(species []int, pbc [3]bool) (potentialtest.Calculator, error) {
			return NewCommittee(models, species, pbc, potential.DoublePrecision())
		},
		Species: models[0].Config.Species,
		Cutoff:  models[0].Config.Cutoff,
		Isolated: func(z int) float64 {
			k := slices.Index(models[0].Config.Species, z)
			return (models[0].ReferenceEnergies[k] + models[1].ReferenceEnergies[k]) / 2
		},
		Kinks: 1e-5,
	})
}

func TestDeviationsAreOfForcesAboutTheirMean(t *testing.T) {
	models, f := load(t, "acac.h5", "acac-medium.h5"), molecule(t)[0]
	c, err := NewCommittee(models, f.Species, f.PBC)
	if err != nil {
		t.Fatal(err)
	}
	n := len(f.Species)
	var virial [3][3]float64
	mean, single := make([][3]float64, n), [2][][3]float64{make([][3]float64, n), make([][3]float64, n)}
	energy, err := c.Compute(f.Pos, f.Lattice, mean, &virial)
	if err != nil {
		t.Fatal(err)
	}
	for k, m := range models {
		calc, err := m.Calculator(f.Species, f.PBC)
		if err != nil {
			t.Fatal(err)
		}
		e, err := calc.Compute(f.Pos, f.Lattice, single[k], &virial)
		if err != nil {
			t.Fatal(err)
		}
		energy -= e / 2
	}
	if math.Abs(energy) > 1e-9 {
		t.Errorf("energy is off the mean by %g eV", energy)
	}
	for i, d := range c.Deviations() {
		// Of two numbers each is half of their distance from the mean.
		want := math.Hypot(math.Hypot(single[0][i][0]-single[1][i][0], single[0][i][1]-single[1][i][1]), single[0][i][2]-single[1][i][2]) / 2
		if math.Abs(d-want) > 1e-9 || d == 0 {
			t.Errorf("atom %d: deviation %g eV/Å, want %g", i+1, d, want)
		}
		for a := range 3 {
			if x := (single[0][i][a] + single[1][i][a]) / 2; math.Abs(mean[i][a]-x) > 1e-9 {
				t.Errorf("atom %d: force %g eV/Å, want the mean %g", i+1, mean[i][a], x)
			}
		}
	}
}

// TestSampledLabelsAreTheMean computes what was written again.
func TestSampledLabelsAreTheMean(t *testing.T) {
	for _, test := range []struct {
		name   string
		models []string
		frames []*xyz.Frame
		stress bool
	}{
		{"molecule", []string{"acac.h5", "acac-medium.h5"}, molecule(t), false},
		{"crystal", []string{"si.h5", "si-medium.h5"}, crystal(t), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			models := load(t, test.models...)
			s, err := Sample(context.Background(), models, test.frames, Options{Samples: 2, Time: 10, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			sources := 0
			for _, f := range test.frames {
				if len(f.Species) > 1 {
					sources++
				}
			}
			if len(s.Frames) != 2*sources || len(s.Deviations) != 2*sources || s.GivenUp != 0 {
				t.Fatalf("%d frames, %d deviations, %d given up", len(s.Frames), len(s.Deviations), s.GivenUp)
			}
			for k, f := range s.Frames {
				labels, err := f.Labels(xyz.LabelKeys{})
				if err != nil || labels.Energy == nil || labels.Forces == nil || (labels.Stress != nil) != test.stress {
					t.Fatalf("labels %+v, %v", labels, err)
				}
				c, err := NewCommittee(models, f.Species, f.PBC)
				if err != nil {
					t.Fatal(err)
				}
				forces, virial := make([][3]float64, len(f.Species)), [3][3]float64{}
				e, err := c.Compute(f.Pos, f.Lattice, forces, &virial)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(e-*labels.Energy) > 1e-4 {
					t.Errorf("frame %d: energy %g eV, labelled %g", k, e, *labels.Energy)
				}
				for i := range forces {
					for a := range 3 {
						if math.Abs(forces[i][a]-labels.Forces[i][a]) > 1e-4 {
							t.Errorf("frame %d, atom %d: force %g eV/Å, labelled %g", k, i+1, forces[i], labels.Forces[i])
						}
					}
				}
				if test.stress {
					if x := -virial[0][0] / neighbor.Volume(f.Lattice); math.Abs(x-labels.Stress[0][0]) > 1e-6 {
						t.Errorf("frame %d: stress %g eV/Å³, labelled %g", k, x, labels.Stress[0][0])
					}
					if f.Value("config_type") != 300 {
						t.Errorf("frame %d: config_type %v", k, f.Value("config_type"))
					}
				}
				if x := slices.Max(c.Deviations()); math.Abs(x-s.Deviations[k]) > 1e-4 || f.Value("committee_deviation") != s.Deviations[k] {
					t.Errorf("frame %d: deviation %g eV/Å, said to be %g and %v", k, x, s.Deviations[k], f.Value("committee_deviation"))
				}
			}
		})
	}
}

// TestSamplesAreCanonical compares the potential energy that a molecule takes up
// with that of a harmonic one, half of kT for each of its vibrations.
func TestSamplesAreCanonical(t *testing.T) {
	models, f := load(t, "acac.h5"), molecule(t)[:1]
	sample := func(o Options) []*xyz.Frame {
		t.Helper()
		s, err := Sample(context.Background(), models, f, o)
		if err != nil {
			t.Fatal(err)
		}
		return s.Frames
	}
	const temperature, samples = 100, 24
	o := Options{Temperatures: []float64{0}, Samples: 1, Time: 1500, Timestep: 1, Friction: 0.03, Seed: 1}
	f = sample(o) // at rest in the minimum
	lowest := f[0].Value("energy").(float64)
	o.Temperatures, o.Samples, o.Time = []float64{temperature}, samples, 300
	mean := 0.
	for _, g := range sample(o) {
		mean += (g.Value("energy").(float64) - lowest) / samples
	}
	modes := float64(3*len(f[0].Species) - 6)
	want := modes / 2 * integrator.Boltzmann * temperature
	// The mean of so many sums of the squares of as many normal deviates as modes.
	sigma := want * math.Sqrt(2/modes/samples)
	t.Logf("mean potential energy %.4f eV, harmonic %.4f ± %.4f", mean, want, sigma)
	if math.Abs(mean-want) > 4*sigma {
		t.Errorf("mean potential energy %g eV, want %g ± %g", mean, want, sigma)
	}
}

func TestSamplesDoNotDependOnThreads(t *testing.T) {
	models, frames := load(t, "si.h5", "si-medium.h5"), crystal(t)
	var written [][]byte
	for _, threads := range []int{1, 2} {
		s, err := Sample(context.Background(), models, frames, Options{Temperatures: []float64{300, 900}, Samples: 3, Time: 5, Seed: 7, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := xyz.NewWriter(&b)
		for _, f := range s.Frames {
			if err := w.Write(f); err != nil {
				t.Fatal(err)
			}
		}
		written = append(written, b.Bytes())
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("one thread and two give different frames")
	}
}

func TestRunsAreGivenUpWhereMembersDisagree(t *testing.T) {
	models, frames := load(t, "acac.h5", "acac-medium.h5"), molecule(t)
	s, err := Sample(context.Background(), models, frames, Options{Samples: 3, Time: 5, MaxDeviation: 1e-6})
	if err != nil || len(s.Frames) != 0 || s.GivenUp != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Sample(ctx, models, frames, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	models, frames := load(t, "acac.h5"), molecule(t)
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Temperatures: []float64{300, -1}}, "a temperature is -1 K"},
		{Options{Samples: -1}, "number of samples is -1"},
		{Options{Time: 0.2}, "0.2 fs, less than the time step of 0.5 fs"},
		{Options{Friction: math.NaN()}, "friction is NaN"},
		{Options{Friction: -0.1}, "friction is -0.1"},
		{Options{MaxDeviation: math.Inf(1)}, "largest deviation is +Inf"},
	} {
		if _, err := Sample(context.Background(), models, frames, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.o, err, test.want)
		}
	}
	silicon := crystal(t)
	silicon[0].Origin = xyz.Origin{File: "si.xyz", Frame: 1}
	if _, err := Sample(context.Background(), models, silicon, Options{}); !errors.Is(err, potential.ErrUnknownElement) || !strings.Contains(err.Error(), "si.xyz: frame 1") {
		t.Errorf("silicon with a model of acetylacetone: %v", err)
	}
	if _, err := NewCommittee(nil, []int{6}, [3]bool{}); err == nil {
		t.Error("a committee without members")
	}
}
