package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"

	"ponita/potential"
	"ponita/xyz"
)

// periodicPairs is a classical potential that makes the labels of the tests:
// pairs within a cutoff, with exact forces and stress.
func periodicPairs(f *xyz.Frame) (energy float64, forces [][3]float64, stress [3][3]float64) {
	forces = make([][3]float64, len(f.Pos))
	images := 0
	if f.PBC[0] {
		images = 2
	}
	for i := range f.Pos {
		for j := range f.Pos {
			for a := -images; a <= images; a++ {
				for b := -images; b <= images; b++ {
					for c := -images; c <= images; c++ {
						var x [3]float64
						for k := range x {
							x[k] = f.Pos[j][k] - f.Pos[i][k] + float64(a)*f.Lattice[0][k] + float64(b)*f.Lattice[1][k] + float64(c)*f.Lattice[2][k]
						}
						r := math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2])
						if r == 0 || r > 3.5 {
							continue
						}
						q := 1 - r/3.5
						e := q * q * q * (2/r - 1.5)
						de := -3/3.5*q*q*(2/r-1.5) - q*q*q*2/(r*r)
						energy += e / 2
						for k := range x {
							forces[i][k] += de / 2 * x[k] / r
							forces[j][k] -= de / 2 * x[k] / r
							for l := range x {
								stress[k][l] += de / 2 * x[k] * x[l] / r
							}
						}
					}
				}
			}
		}
	}
	for k := range stress {
		for l := range stress {
			stress[k][l] /= f.Volume()
		}
	}
	for _, z := range f.Species {
		energy -= float64(10 * z)
	}
	return energy, forces, stress
}

// writeData writes n labelled frames of four atoms in a small tilted cell, and
// the isolated atoms.
func writeData(t *testing.T, n int) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(8, 8))
	var frames []*xyz.Frame
	for range n {
		f := &xyz.Frame{
			Species: []int{11, 8, 11, 8}, PBC: [3]bool{true, true, true},
			Lattice: [3][3]float64{{4, 0, 0}, {0.3, 4.2, 0}, {0, 0.2, 4.1}},
			Pos:     [][3]float64{{0, 0, 0}, {2, 0.1, 0}, {0, 2.1, 0.3}, {2, 2, 2}},
		}
		for i := range f.Pos {
			for k := range 3 {
				f.Pos[i][k] += 0.2 * rng.NormFloat64()
			}
		}
		e, forces, stress := periodicPairs(f)
		f.Set("energy", e)
		f.Set("stress", slices.Concat(stress[0][:], stress[1][:], stress[2][:]))
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
		frames = append(frames, f)
	}
	for _, z := range []int{8, 11} {
		f := &xyz.Frame{Species: []int{z}, Pos: make([][3]float64, 1)}
		f.Set("energy", -10.*float64(z))
		frames = append(frames, f)
	}
	path := filepath.Join(t.TempDir(), "data.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	return path
}

func small(data, output string) Settings {
	s := Settings{
		Train: data, Output: output, Channels: 8, Hidden: 8, Layers: 2, Cutoff: 3.5, Batch: 3, Epochs: 3, Threads: 1,
		ValidFraction: 0.2, LearningRate: 0.01, EnergyWeightEnd: 50,
	}
	return s.WithDefaults()
}

func newTrainer(t *testing.T, s Settings) *Trainer {
	t.Helper()
	trainer, err := New(s, "text", "test")
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

// TestLossGradientOfTrainer differentiates the loss itself, energies, forces and
// stress together, isolated atoms and rotations included, by every raw tensor,
// in all parametrizations away from the base width.
func TestLossGradientOfTrainer(t *testing.T) {
	data := writeData(t, 8)
	for _, parametrization := range Parametrizations {
		t.Run(parametrization, func(t *testing.T) {
			s := small(data, t.TempDir())
			s.Precision, s.Parametrization, s.BaseChannels = "float64", parametrization, 3
			checkLossGradient(t, newTrainer(t, s))
		})
	}
}

func checkLossGradient(t *testing.T, trainer *Trainer) {
	rng := rand.New(rand.NewPCG(1, 1))
	theta := slices.Clone(trainer.state.theta)
	for k := range theta {
		theta[k] += 0.2 * rng.NormFloat64()
	}
	batch := trainer.samples[:3]
	rotations := [][3][3]float64{Rotation(rng), Rotation(rng), Rotation(rng)}
	checkGradient(t, trainer, theta, batch, rotations, []lossWeights{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 100, 0}, {3, 2, 10, 0}})
}

// checkGradient differentiates the loss of a batch, per frame of data, at raw weights.
func checkGradient(t *testing.T, trainer *Trainer, theta []float64, batch []sample, rotations [][3][3]float64, weights []lossWeights) {
	rng := rand.New(rand.NewPCG(2, 2))
	grad := make([]float64, len(theta))
	for _, w := range weights {
		loss := func(theta, grad []float64) float64 {
			sums, err := trainer.gradient(theta, batch, rotations, w, grad)
			if err != nil {
				t.Fatal(err)
			}
			return sums.Loss / float64(sums.Samples)
		}
		if loss(theta, grad) == 0 {
			t.Errorf("%+v: the loss is 0", w)
		}
		for _, tensor := range trainer.model.Config.Layout().Tensors {
			direction := make([]float64, len(theta))
			want, size := 0., 0.
			for k := tensor.Offset; k < tensor.Offset+tensor.Len(); k++ {
				direction[k] = rng.NormFloat64() / math.Sqrt(float64(tensor.Len()))
				want += direction[k] * grad[k]
				size += grad[k] * grad[k]
			}
			at := func(h float64) float64 {
				moved := slices.Clone(theta)
				for k := range moved {
					moved[k] += h * direction[k]
				}
				return loss(moved, make([]float64, len(theta)))
			}
			const h = 2e-3
			wide := math.Abs((at(h)-at(-h))/(2*h) - want)
			narrow := math.Abs((at(h/2)-at(-h/2))/h - want)
			// Below this the difference is rounding of the loss.
			if rounding := 1e-11 * (1 + math.Abs(at(0))) / h; narrow > rounding && (wide/narrow < 3.4 || wide/narrow > 4.6) {
				t.Errorf("%+v %s: gradient %.8g, error %.1e falls by %.3g when the step halves, want 4", w, tensor.Name, want, narrow, wide/narrow)
			}
		}
	}
}

// TestBindingLeavesNoMeanEnergy: two compositions determine two species. Half of an atom
// that leaves is bound.
func TestBindingLeavesNoMeanEnergy(t *testing.T) {
	var energies []float64
	bound := [][]float64{{2, 1, 0}, {1, 3, 0}, {0, 2, 0}, {0, 1.5, 0}}
	for n, count := range bound {
		e := -1.5*floats.Sum(count) + 0.25*float64(n%2)
		energies = append(energies, e-0.5*count[1])
	}
	binding, err := meanEnergies(energies, bound, 3)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.
	for n, count := range bound {
		sum += (energies[n] - floats.Dot(count, binding)) * floats.Sum(count)
	}
	// The gradient of the squares by the mean is zero; species 2, which is in no
	// sample, has the mean.
	if math.Abs(sum) > 1e-12 || binding[1] >= binding[0] || binding[2] > -1.5 || binding[2] < -2.5 {
		t.Errorf("binding %v leaves %g", binding, sum)
	}
}

// TestTrainingDoesNotDependOnThreads and resuming below compare files byte for
// byte.
func TestTrainingDoesNotDependOnThreads(t *testing.T) {
	data := writeData(t, 10)
	var files [][]byte
	for _, threads := range []int{1, 2, 5} {
		s := small(data, t.TempDir())
		s.Threads = threads
		if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		files = append(files, read(t, s.Output, LastModel))
	}
	if !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[0], files[2]) {
		t.Error("models trained with 1, 2 and 5 threads differ")
	}
}

func TestResumedTrainingIsBitwiseIdentical(t *testing.T) {
	data := writeData(t, 10)
	whole := small(data, t.TempDir())
	steps := 0
	if err := newTrainer(t, whole).Run(context.Background(), func(Progress) { steps++ }); err != nil {
		t.Fatal(err)
	}
	for stop := 1; stop < steps; stop += 2 { // in the middle of epochs and at their ends
		s := small(data, t.TempDir())
		ctx, cancel := context.WithCancel(context.Background())
		done := 0
		err := newTrainer(t, s).Run(ctx, func(Progress) {
			if done++; done == stop {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, ErrInterrupted) {
			t.Fatalf("stopped after %d steps: %v", stop, err)
		}
		resumed := newTrainer(t, s)
		if err := resumed.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := resumed.Run(context.Background(), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{LastModel, BestModel, LogFile, LastCheckpoint} {
			if !bytes.Equal(read(t, s.Output, name), read(t, whole.Output, name)) {
				t.Errorf("stopped after %d of %d steps and resumed: %s differs", stop, steps, name)
			}
		}
	}
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestResumeRefusesOtherRuns(t *testing.T) {
	data := writeData(t, 10)
	s := small(data, t.TempDir())
	if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	other := s
	other.LearningRate *= 2
	if err := newTrainer(t, other).Resume(); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("other settings: %v", err)
	}
	other = s
	other.Epochs--
	if err := newTrainer(t, other).Resume(); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "epochs is 2, ") || !strings.Contains(err.Error(), "has 3 already") {
		t.Errorf("fewer epochs than there are: %v", err)
	}
	other.Epochs += 5
	longer := newTrainer(t, other)
	if err := longer.Resume(); err != nil || len(longer.Warnings) != 1 || !strings.Contains(longer.Warnings[0], "was to have 3 epochs and shall have 7: the learning rate goes on at") {
		t.Errorf("more epochs: %v, warnings %q", err, longer.Warnings)
	}
	if err := os.WriteFile(filepath.Join(s.Output, "atoms.xyz"), []byte("1\nProperties=species:S:1:pos:R:3 energy=-10\nH 0 0 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	moved := s
	moved.ReferenceFile, moved.Output = filepath.Join(s.Output, "atoms.xyz"), t.TempDir()
	if err := newTrainer(t, moved).Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	if err := newTrainer(t, moved).Resume(); err != nil {
		t.Errorf("the same isolated atoms: %v", err)
	}
	if err := os.WriteFile(moved.ReferenceFile, []byte("1\nProperties=species:S:1:pos:R:3 energy=-11\nH 0 0 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := newTrainer(t, moved).Resume(); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("other isolated atoms: %v", err)
	}
	path := filepath.Join(s.Output, LastCheckpoint)
	checkpoint := read(t, s.Output, LastCheckpoint)
	for _, k := range []int{0, 30, len(checkpoint) / 2, len(checkpoint) - 1} {
		damaged := slices.Clone(checkpoint)
		damaged[k] ^= 1
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := newTrainer(t, s).Resume(); !errors.Is(err, ErrCheckpoint) {
			t.Errorf("byte %d changed: %v", k, err)
		}
	}
}

// TestTrainingLearns is the whole chain on a potential simple enough for a small
// network: errors must fall far below the spread of the forces.
func TestTrainingLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of training")
	}
	s := small(writeData(t, 60), t.TempDir())
	s.Epochs, s.Threads = 60, 0
	trainer := newTrainer(t, s)
	spread := trainer.model.Scale[0] * 1e3
	if err := trainer.Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	m, err := potential.Load(filepath.Join(s.Output, BestModel))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := Evaluate(m, trainer.valid, trainer.held, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("forces: spread %.1f meV/Å, error %.1f; energy error %.2f meV/atom; stress error %.2f meV/Å³",
		spread, *ev.All.ForceRMSE, *ev.All.EnergyRMSEPerAtom, *ev.All.StressRMSE)
	// A mean-field guess has an error of the spread itself.
	if *ev.All.ForceRMSE > 0.2*spread {
		t.Errorf("force error %.1f meV/Å, the forces themselves %.1f", *ev.All.ForceRMSE, spread)
	}
	if got := m.Provenance.Errors["force_rmse_meV_per_A"]; math.Abs(got-*ev.All.ForceRMSE) > 1e-6 {
		t.Errorf("the model file says %.6f meV/Å, evaluation %.6f", got, *ev.All.ForceRMSE)
	}
}

func TestReferenceEnergies(t *testing.T) {
	data := writeData(t, 10)
	s := small(data, t.TempDir())
	if e0 := newTrainer(t, s).model.ReferenceEnergies; !slices.Equal(e0, []float64{-80, -110}) {
		t.Errorf("isolated: %v, want [-80 -110]", e0)
	}
	s.ReferenceEnergies = []string{"O = -2", "Na=-1.5"}
	if e0 := newTrainer(t, s).model.ReferenceEnergies; !slices.Equal(e0, []float64{-2, -1.5}) {
		t.Errorf("given: %v", e0)
	}
	s.ReferenceEnergies, s.Reference = nil, "fit"
	trainer := newTrainer(t, s)
	if len(trainer.Warnings) != 1 || !strings.Contains(trainer.Warnings[0], "ill-conditioned") {
		t.Errorf("one composition in all frames: warnings %q", trainer.Warnings)
	}
	s.ReferenceEnergies = []string{"Na=-1.5"}
	if _, err := New(s, "", ""); err == nil || !strings.Contains(err.Error(), "no O") {
		t.Errorf("a missing element: %v", err)
	}
}

// TestIsolatedAtomsMayBeInABox: no image is within the cutoff of one in a large cell.
func TestIsolatedAtomsMayBeInABox(t *testing.T) {
	frames, err := xyz.ReadAll(writeData(t, 10))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if len(f.Species) == 1 {
			f.Lattice, f.PBC = [3][3]float64{{9, 0, 0}, {0, 9, 0}, {0, 0, 9}}, [3]bool{true, true, true}
		}
	}
	path := filepath.Join(t.TempDir(), "boxed.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	trainer := newTrainer(t, small(path, t.TempDir()))
	if e0 := trainer.model.ReferenceEnergies; !slices.Equal(e0, []float64{-80, -110}) {
		t.Errorf("reference energies %v, want [-80 -110]", e0)
	}
	if train, valid := trainer.Sizes(); train+valid != 10 {
		t.Errorf("%d frames to train on and %d to validate on, want 10 in all", train, valid)
	}
}

// TestDataThatCannotBeUsedIsRefused before anything is computed.
func TestDataThatCannotBeUsedIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"empty.xyz": {"1\nProperties=species:S:1:pos:R:3 energy=1\nH 0 0 0\n0\nProperties=species:S:1:pos:R:3 energy=0\n", "frame 2 has no atoms"},
		"other.xyz": {"2\nProperties=species:S:1:pos:R:3 energy=1\nH 0 0 0\nN 0 0 1\n", "frame 1, to validate on, has an element that is not in the training data"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		s := small(writeData(t, 10), t.TempDir())
		s.Valid = path
		if _, err := New(s, "", ""); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestRotationIsUniformAndOrthogonal(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	const n = 20000
	var mean, square [3][3]float64
	for range n {
		r := Rotation(rng)
		for a := range 3 {
			for b := range 3 {
				mean[a][b] += r[a][b] / n
				square[a][b] += r[a][b] * r[a][b] / n
				p := r[a][0]*r[b][0] + r[a][1]*r[b][1] + r[a][2]*r[b][2]
				if want := map[bool]float64{true: 1}[a == b]; math.Abs(p-want) > 1e-14 {
					t.Fatalf("rows %d and %d: product %g", a, b, p)
				}
			}
		}
	}
	// Entries are uniform in [-1, 1]: mean 0, square 1/3; five standard errors.
	for a := range 3 {
		for b := range 3 {
			if math.Abs(mean[a][b]) > 5*math.Sqrt(1./3/n) || math.Abs(square[a][b]-1./3) > 5*math.Sqrt(4./45/n) {
				t.Errorf("entry %d,%d: mean %.4f, square %.4f", a, b, mean[a][b], square[a][b])
			}
		}
	}
}

func TestFramesLimitsTheTrainingFile(t *testing.T) {
	s := small(writeData(t, 20), t.TempDir())
	s.Frames = 10
	a, b := newTrainer(t, s), newTrainer(t, s)
	if n, held := a.Sizes(); n != 8 || held != 2 {
		t.Errorf("10 frames: %d to train on and %d held back, want 8 and 2", n, held)
	}
	if !slices.Equal(a.frames, b.frames) || !slices.Equal(a.held, b.held) {
		t.Error("the same seed draws other frames")
	}
	s.Seed++
	if c := newTrainer(t, s); slices.Equal(a.frames, c.frames) {
		t.Error("another seed draws the same frames")
	}
}

func ExampleSettings_WithDefaults() {
	s := Settings{Train: "train.xyz", Preset: "medium", Channels: 48}.WithDefaults()
	fmt.Println(s.Channels, s.Layers, s.Cutoff, s.Schedule)
	// Output: 48 3 5 cosine
}
