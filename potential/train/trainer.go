package train

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	Loss           float64 // mean over the epoch so far
	Norm           float64 // of the gradient, before it is clipped
	EnergyRMSE     float64 // meV/atom, training
	ForceRMSE      float64 // meV/Å, training
	Valid          *Errors // after an epoch
	ValidLoss      float64 // with the weights of the last step
	Best           bool    // this epoch is the best so far
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

// read reads the training file and the file to validate on, nil without one.
func (s Settings) read() (data, valid *Dataset, err error) {
	keys := xyz.LabelKeys{Energy: s.EnergyKey, Forces: s.ForcesKey, Stress: s.StressKey, Virial: s.VirialKey}
	if data, err = ReadDataset(s.Train, keys); err != nil {
		return nil, nil, err
	}
	if s.Valid != "" {
		valid, err = ReadDataset(s.Valid, keys)
	}
	return data, valid, err
}

// assemble is New with the data already read.
func assemble(s Settings, data, valid *Dataset, text, version string) (*Trainer, error) {
	s, start, err := s.resolve()
	if err != nil {
		return nil, err
	}
	t := &Trainer{settings: s, text: text, data: data, valid: valid, start: start}
	if valid == nil {
		t.valid = data
		t.frames, t.held = data.split(s.ValidFraction, s.Frames, s.Seed, s.Cutoff)
	} else {
		t.frames, _ = data.split(0, s.Frames, s.Seed, s.Cutoff)
		t.held, _ = valid.split(0, 0, s.Seed, s.Cutoff)
	}
	if len(t.frames) == 0 || len(t.held) == 0 {
		return nil, fmt.Errorf("train: %d frames to train on and %d to validate on, want some of both", len(t.frames), len(t.held))
	}
	if err := t.build(version); err != nil {
		return nil, err
	}
	if s.Precision == "float64" {
		t.learn, err = newEngine[float64](t.model, s.Threads)
	} else {
		t.learn, err = newEngine[float32](t.model, s.Threads)
	}
	return t, err
}

// build makes the model to begin with and the samples.
func (t *Trainer) build(version string) error {
	s := t.settings
	c, err := s.config(t.data.Species(), t.start)
	if err != nil {
		return err
	}
	for _, k := range t.held {
		f := t.valid.Frames[k]
		if _, err := c.Kinds(f.Species); err != nil {
			return fmt.Errorf("train: %v, to validate on, has an element that is not in the training data: %w", f.Origin, err)
		}
	}
	stats, err := measure(t.data, t.frames, c)
	if err != nil {
		return err
	}
	parabola := s.parabola(stats.shortest)
	if t.start == nil {
		c.MeanNeighbors = stats.neighbors
	} else {
		// No farther out than in the model to start from, which is none without: its
		// network has learnt what is there.
		parabola = min(parabola, c.Parabola)
	}
	c.Parabola = parabola
	var extra *Dataset
	if s.ReferenceFile != "" {
		if extra, err = ReadDataset(s.ReferenceFile, xyz.LabelKeys{Energy: s.EnergyKey}); err != nil {
			return err
		}
	}
	e0, fitted, warnings, err := references(s, t.data, extra, c.Species, t.frames)
	if err != nil {
		return err
	}
	t.Warnings = warnings
	scale := make([]float64, len(c.Species))
	for k := range scale {
		scale[k] = stats.forceRMS
	}
	t.model = &potential.Model{
		Config: c, ReferenceEnergies: e0, Scale: scale,
		Weights:    c.Initialize(stream(s.Seed, "weights", 0, 0)),
		Provenance: potential.Provenance{Version: version, Settings: t.text, Data: []potential.DataFile{t.data.File}},
	}
	if t.valid == t.data {
		t.model.Provenance.Split = t.held
	} else {
		t.model.Provenance.Data = append(t.model.Provenance.Data, t.valid.File)
	}
	if s.ZBL {
		t.model.Repulsion = potential.NewRepulsion(c.Species, stats.shortest, c.Cutoff)
	}
	if t.start != nil {
		startFrom(t.model, t.start, filepath.Base(s.Start))
	}
	if err := t.model.Validate(); err != nil {
		return err
	}
	if t.samples, err = samples(t.data, t.frames, stats.graphs, t.model); err != nil {
		return err
	}
	if !fitted || t.start != nil {
		if err := t.setAside(stats.graphs, fitted); err != nil {
			return err
		}
	}
	if s.Calibrate && t.start == nil {
		var inputs []potential.Input
		for k := range min(len(t.samples), 8) {
			sample := t.samples[k*len(t.samples)/8%len(t.samples)]
			inputs = append(inputs, potential.Input{Graph: sample.graph, Scalars: sample.scalars})
		}
		if t.model.Weights, err = c.Calibrate(t.model.Weights, inputs); err != nil {
			return err
		}
	}
	n := len(t.model.Weights)
	t.weights, t.grad = make([]float64, n), make([]float64, n)
	t.scaling = s.scaling(c)
	raw := make([]float64, n)
	t.scaling.raw(raw, t.model.Weights)
	o, err := newOptimizer(n)
	if err != nil {
		return err
	}
	sources, err := s.sources(t.data, t.valid)
	if err != nil {
		return err
	}
	t.state = state{
		progress: progress{Settings: s.identity(), Data: sources, Log: logHeader},
		theta:    raw, mean: slices.Clone(raw), best: make([]float64, n), optimizer: o,
	}
	return nil
}

// sources identifies all that a run is made from besides its settings: the data, the
// isolated atoms and the model that it starts from.
func (s Settings) sources(data, valid *Dataset) (string, error) {
	text := data.File.SHA256
	if valid != nil {
		text += valid.File.SHA256
	}
	for _, path := range []string{s.ReferenceFile, s.Start} {
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("train: %w", err)
		}
		text += fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return text, nil
}

// identity is what must be the same for a run to be resumed: all settings but
// those that do not change the result, and the number of epochs. Settings that are
// zero or empty are left out, so that one which comes with a later version, and is not used,
// does not matter.
func (s Settings) identity() string {
	s.Threads, s.Output, s.Epochs = 0, "", 0
	var b strings.Builder
	v := reflect.ValueOf(s)
	for k := range v.NumField() {
		if f := v.Field(k); !f.IsZero() && !(f.Kind() == reflect.Slice && f.Len() == 0) {
			fmt.Fprintf(&b, " %s:%v", v.Type().Field(k).Name, f)
		}
	}
	return strings.TrimSpace(b.String())
}

// config is the architecture for the species, that of the model to start from where
// there is one.
func (s Settings) config(species []int, start *potential.Model) (potential.Config, error) {
	if start != nil {
		c := start.Config
		c.Species, c.InputScalars = species, len(species)
		return c, c.Validate()
	}
	grid, err := potential.FindGrid(s.Grid)
	if err != nil {
		return potential.Config{}, err
	}
	activation := s.Activation
	if activation == "" && s.Kernel == potential.Legendre {
		activation = potential.Quadratic
	}
	mixing := s.Mixing
	if mixing == "" && activation == potential.Quadratic {
		mixing = potential.Spherical
	}
	c := potential.Config{
		Species: species, Kernel: s.Kernel, Cutoff: s.Cutoff, Envelope: s.Envelope, Grid: grid,
		Layers: s.Layers, Channels: s.Channels, Widening: s.Widening, Activation: activation, Mixing: mixing, NormEpsilon: s.NormEpsilon,
		Degree: s.Degree, FiberDegree: s.FiberDegree, Bessel: s.Bessel, Hidden: s.Hidden,
	}.WithDefaults()
	return c, c.Validate()
}

// parabola returns the distance below which radial functions of a new network are
// parabolas [Å], for the shortest distances [Å] of pairs of species in the data.
func (s Settings) parabola(shortest [][]float64) float64 {
	if s.Kernel != potential.Legendre {
		return 0
	}
	least := s.Cutoff
	for _, row := range shortest {
		for _, r := range row {
			if r > 0 {
				least = min(least, r)
			}
		}
	}
	return s.Parabola * least
}

// Model returns the untrained model of the run.
func (t *Trainer) Model() *potential.Model { return t.model }

// Census describes the training data.
func (t *Trainer) Census() *xyz.Census { return &t.data.Census }

// Sizes returns how many frames are trained on and validated on.
func (t *Trainer) Sizes() (train, valid int) { return len(t.frames), len(t.held) }

// Resume continues from the checkpoint in the output folder.
func (t *Trainer) Resume() error {
	want, data := t.state.Settings, t.state.Data
	path := filepath.Join(t.settings.Output, LastCheckpoint)
	if err := t.state.load(path); err != nil {
		return err
	}
	if t.state.Settings != want {
		return fmt.Errorf("train: %s belongs to a run with other settings\n  there: %s\n  here:  %s\n%w", path, t.state.Settings, want, ErrCheckpoint)
	}
	if t.state.Data != data {
		return fmt.Errorf("train: %s belongs to other data, isolated atoms or another model to start from: %w", path, ErrCheckpoint)
	}
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
		EnergyRMSE: 1e3 * rms(st.Sums.Energy, st.Sums.EnergyCount), ForceRMSE: 1e3 * rms(st.Sums.Force, st.Sums.ForceComponents),
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
		Repulsion: t.model.Repulsion, Binding: t.model.Binding, Provenance: t.model.Provenance, Weights: make([]float64, len(raw)),
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
	stress := ""
	if sums.StressComponents > 0 {
		stress = number(1e3 * rms(sums.Stress, sums.StressComponents))
	}
	best := "0"
	if p.Best {
		best = "1"
	}
	return strings.Join([]string{
		strconv.Itoa(p.Epoch), number(p.Rate), number(p.Loss), number(p.EnergyRMSE), number(p.ForceRMSE), stress,
		optional(valid.EnergyRMSEPerAtom), optional(valid.ForceRMSE), optional(valid.StressRMSE), best,
	}, ",") + "\n"
}
