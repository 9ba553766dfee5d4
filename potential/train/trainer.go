package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ponita/internal/replace"
	"ponita/potential"
	"ponita/potential/archive"
	"ponita/xyz"
)

// ErrInterrupted is returned when a run was asked to stop. Its checkpoint is
// written: resume goes on from there.
var ErrInterrupted = errors.New("training interrupted")

// ErrDiverged is wrapped by the error of a run whose gradient is no longer
// finite.
var ErrDiverged = errors.New("training diverged")

// Names of the files in the output folder.
const (
	LastCheckpoint = "last.ckpt"
	BestModel      = "best.h5"
	LastModel      = "last.h5"
	LogFile        = "log.csv"
	SplitFile      = "valid_frames.txt"
)

const logHeader = "epoch,learning_rate,loss,train_energy_rmse_meV_per_atom,train_force_rmse_meV_per_A," +
	"train_stress_rmse_meV_per_A3,valid_energy_rmse_meV_per_atom,valid_force_rmse_meV_per_A,valid_stress_rmse_meV_per_A3,best\n"

// Trainer is one training run.
type Trainer struct {
	settings Settings
	text     string // the effective settings as written back
	data     *Dataset
	valid    *Dataset
	frames   []int // of data, to train on
	held     []int // of valid, to validate on
	model    *potential.Model
	start    *potential.Model // whose network is trained further, nil without
	samples  []sample
	learn    learner
	state    state
	scaling  scaling
	weights  []float64 // the network's, for the raw ones in state
	grad     []float64
	discard  bool // save no models

	Warnings []string
}

// Progress is what a run reports after every step.
type Progress struct {
	Epoch, Epochs  int // the current epoch, from 1
	Batch, Batches int
	Rate           float64
	Loss           float64  // mean over the epoch so far
	Norm           float64  // of the gradient, before it is clipped
	EnergyRMSE     *float64 // meV/atom, training; nil without energies
	ForceRMSE      *float64 // meV/Å, training; nil without forces
	Valid          *Errors  // after an epoch
	ValidLoss      float64  // with the weights of the last step
	Best           bool     // this epoch is the best so far
	Remaining      time.Duration
}

// New reads the data and prepares a run. text is the effective settings as the
// model file should keep them, version that of the program.
func New(s Settings, text, version string) (*Trainer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	data, valid, err := s.read()
	if err != nil {
		return nil, err
	}
	return assemble(s, data, valid, text, version)
}

// Model returns the untrained model of the run.
func (t *Trainer) Model() *potential.Model { return t.model }

// Census describes the training data.
func (t *Trainer) Census() *xyz.Census { return &t.data.Census }

// Sizes returns how many frames are trained on and validated on.
func (t *Trainer) Sizes() (train, valid int) { return len(t.frames), len(t.held) }

// Resume continues from the checkpoint in the output folder. More epochs than the run should
// have had are another course of the learning rate, which is warned about.
func (t *Trainer) Resume() error {
	want, data := t.state.Settings, t.state.Data
	path := filepath.Join(t.settings.Output, LastCheckpoint)
	if err := t.state.load(path); err != nil {
		return err
	}
	if t.state.Settings != want {
		there, here := strings.Split(t.state.Settings, "\n"), strings.Split(want, "\n")
		return fmt.Errorf("train: %s belongs to a run with other settings\n  there: %s\n  here:  %s\n%w", path,
			strings.Join(beyond(there, here), ", "), strings.Join(beyond(here, there), ", "), ErrCheckpoint)
	}
	if t.state.Data != data {
		return fmt.Errorf("train: %s belongs to other data, isolated atoms or another model to start from: %w", path, ErrCheckpoint)
	}
	s, before := t.settings, t.state.Epochs
	if s.Epochs < t.state.Epoch {
		return fmt.Errorf("train: epochs is %d, %s has %d already: want as many or more: %w", s.Epochs, path, t.state.Epoch, ErrCheckpoint)
	}
	if before != 0 && before != s.Epochs && s.Schedule == "cosine" {
		done := float64(t.state.Epoch)
		earlier := s
		earlier.Epochs = before
		t.Warnings = append(t.Warnings, fmt.Sprintf("the run was to have %d epochs and shall have %d: the learning rate goes on at %.3g, it was at %.3g; the result is not that of a run of %d epochs from the start",
			before, s.Epochs, s.rate(done, 0), earlier.rate(done, 0), s.Epochs))
	}
	t.state.Epochs = s.Epochs
	return nil
}

// Run trains to the end, or until the context is done: then it writes a
// checkpoint and returns ErrInterrupted. report is called after every step.
func (t *Trainer) Run(ctx context.Context, report func(Progress)) error {
	if err := os.MkdirAll(t.settings.Output, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := t.saveSplit(); err != nil {
		return err
	}
	if t.state.Epoch >= t.settings.Epochs { // a finished run, resumed
		return t.saveModels()
	}
	batches := (len(t.samples) + t.settings.Batch - 1) / t.settings.Batch
	started, done := time.Now(), 0
	var order []int // of the samples in the current epoch
	for t.state.Epoch < t.settings.Epochs {
		if ctx.Err() != nil {
			if err := t.state.save(t.path(LastCheckpoint)); err != nil {
				return err
			}
			return ErrInterrupted
		}
		if t.state.Batch == 0 || order == nil {
			order = t.order()
		}
		p, err := t.step(order, batches)
		if err != nil {
			return err
		}
		done++
		left := (t.settings.Epochs-t.state.Epoch)*batches - t.state.Batch
		p.Remaining = time.Duration(float64(time.Since(started)) / float64(done) * float64(left))
		if t.state.Batch == batches {
			if err := t.closeEpoch(&p); err != nil {
				return err
			}
		}
		report(p)
	}
	return nil
}

// order returns the samples in the order of the current epoch.
func (t *Trainer) order() []int {
	return stream(t.settings.Seed, "order", t.state.Epoch, 0).Perm(len(t.samples))
}

func (t *Trainer) path(name string) string { return filepath.Join(t.settings.Output, name) }

// step takes one optimiser step on the next batch of the epoch.
func (t *Trainer) step(order []int, batches int) (Progress, error) {
	s, st := t.settings, &t.state
	first := st.Batch * s.Batch
	last := min(first+s.Batch, len(order))
	var batch []sample
	var rotations [][3][3]float64
	for _, k := range order[first:last] {
		batch = append(batch, t.samples[k])
		if s.Rotate {
			rotations = append(rotations, Rotation(stream(s.Seed, "rotation", st.Epoch, k)))
		}
	}
	batch, rotations, err := t.withWall(batch, rotations)
	if err != nil {
		return Progress{}, err
	}
	rate := s.rate(float64(st.Epoch)+float64(st.Batch)/float64(batches), st.Halvings)
	sums, err := t.gradient(st.theta, batch, rotations, s.weights(rate), t.grad)
	if err != nil {
		return Progress{}, err
	}
	largest := st.largestNorm(s.Clip)
	norm := t.scaling.clip(t.grad, largest, s.Threads)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return Progress{}, fmt.Errorf("train: the gradient is not finite in epoch %d, batch %d; try a lower learning_rate than %g: %w", st.Epoch+1, st.Batch+1, s.LearningRate, ErrDiverged)
	}
	st.averageNorm(min(norm, largest))
	st.optimizer.update(t.scaling, st.theta, t.grad, rate, s.momentum(rate), s.WeightDecay, s.Threads)
	st.Step = st.optimizer.Step
	average(st.mean, st.theta, s.Average, st.Step, s.Threads)
	st.Sums.add(sums)
	st.Batch++
	return Progress{
		Epoch: st.Epoch + 1, Epochs: s.Epochs, Batch: st.Batch, Batches: batches, Rate: rate, Norm: norm,
		Loss:       st.Sums.Loss / float64(st.Sums.Samples),
		EnergyRMSE: milliRMS(st.Sums.Energy, st.Sums.EnergyCount), ForceRMSE: milliRMS(st.Sums.Force, st.Sums.ForceComponents),
	}, nil
}

// gradient writes the gradient of a batch's loss by the raw weights.
func (t *Trainer) gradient(raw []float64, batch []sample, rotations [][3][3]float64, w lossWeights, grad []float64) (errorSums, error) {
	t.scaling.weights(t.weights, raw, t.settings.Threads)
	sums, err := t.learn.gradient(t.weights, batch, rotations, w, grad)
	t.scaling.pullBack(grad, t.settings.Threads)
	return sums, err
}

// closeEpoch validates, logs and saves.
func (t *Trainer) closeEpoch(p *Progress) error {
	s, st := t.settings, &t.state
	candidate := t.withWeights(st.mean)
	ev, err := Evaluate(candidate, t.valid, t.held, s.Threads)
	if err != nil {
		return err
	}
	w := s.weights(s.LearningRate * s.FinalRate)
	loss := w.energy*square(ev.All.EnergyRMSEPerAtom) + w.force*square(ev.All.ForceRMSE) + w.stress*square(ev.All.StressRMSE)
	p.Valid, p.ValidLoss = &ev.All, loss
	st.Waiting++
	if loss < st.Best || st.BestEpoch == 0 {
		p.Best = true
		st.Best, st.BestEpoch, st.Waiting = loss, st.Epoch+1, 0
		copy(st.best, st.mean)
		st.BestError = ev.All.numbers()
	} else if st.Waiting >= s.Patience {
		st.Halvings++
		st.Waiting = 0
	}
	st.Log += logRow(*p, st.Sums, ev.All)
	st.Epoch, st.Batch, st.Sums = st.Epoch+1, 0, errorSums{}
	if p.Best || st.Epoch == s.Epochs {
		if err := t.saveModels(); err != nil {
			return err
		}
	}
	if err := replace.File(t.path(LogFile), []byte(st.Log)); err != nil {
		return err
	}
	return st.save(t.path(LastCheckpoint))
}

func (t *Trainer) saveModels() error {
	if t.discard {
		return nil
	}
	best := t.withWeights(t.state.best)
	best.Provenance.Errors = t.state.BestError
	if err := archive.Save(t.path(BestModel), best); err != nil {
		return err
	}
	if t.state.Epoch < t.settings.Epochs {
		return nil
	}
	return archive.Save(t.path(LastModel), t.withWeights(t.state.mean))
}

// withWeights returns the model of the given raw weights, rounded to float32.
func (t *Trainer) withWeights(raw []float64) *potential.Model {
	m := &potential.Model{
		Config: t.model.Config, ReferenceEnergies: t.model.ReferenceEnergies, Scale: t.model.Scale,
		Repulsion: t.model.Repulsion, Binding: t.model.Binding, Embedded: t.model.Embedded, Provenance: t.model.Provenance, Weights: make([]float64, len(raw)),
	}
	m.Provenance.Log = t.state.Log
	t.scaling.weights(m.Weights, raw, t.settings.Threads)
	for k, v := range m.Weights {
		m.Weights[k] = float64(float32(v))
	}
	return m
}

// saveSplit writes the validation frames, counted from 0, one a line.
func (t *Trainer) saveSplit() error {
	var b strings.Builder
	fmt.Fprintf(&b, "# frames of %s held back for validation, counted from 0\n", t.valid.File.Name)
	for _, k := range t.held {
		fmt.Fprintln(&b, k)
	}
	return replace.File(t.path(SplitFile), []byte(b.String()))
}

// square returns (x/1000)², 0 for nil.
func square(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x * *x * 1e-6
}

// numbers returns what there is of the errors by its JSON name.
func (e Errors) numbers() map[string]float64 {
	out := map[string]float64{}
	for name, v := range map[string]*float64{
		"energy_rmse_meV": e.EnergyRMSE, "energy_rmse_meV_per_atom": e.EnergyRMSEPerAtom,
		"force_rmse_meV_per_A": e.ForceRMSE, "stress_rmse_meV_per_A3": e.StressRMSE,
	} {
		if v != nil {
			out[name] = *v
		}
	}
	return out
}

// logRow is one line of log.csv. It has no clock in it: a resumed run writes the
// same bytes.
func logRow(p Progress, sums errorSums, valid Errors) string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
	optional := func(x *float64) string {
		if x == nil {
			return ""
		}
		return number(*x)
	}
	best := "0"
	if p.Best {
		best = "1"
	}
	return strings.Join([]string{
		strconv.Itoa(p.Epoch), number(p.Rate), number(p.Loss), optional(p.EnergyRMSE), optional(p.ForceRMSE),
		optional(milliRMS(sums.Stress, sums.StressComponents)),
		optional(valid.EnergyRMSEPerAtom), optional(valid.ForceRMSE), optional(valid.StressRMSE), best,
	}, ",") + "\n"
}
