package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// Options of Make. The zero value works.
type Options struct {
	Model   string // name of the model, for the title
	Frames  string // what the frames are, if the name of their file does not say it all
	Program string // version of the program that measures
	// Held says that the frames were held back from the file that the model was
	// trained on, so that it may be the same file.
	Held bool

	Temperature float64 // K, of the dynamics; 0 means 300
	Time        float64 // ps of dynamics; 0 means 1, a negative time none
	Timestep    float64 // fs; 0 means 0.5
	Rotations   int     // of each frame, for the rotation residual; 0 means 10
	Seed        uint64  // of rotations and velocities
	Threads     int     // 0 means all cores

	Calculator []potential.Option // such as potential.DoublePrecision

	now func() time.Time // of the tests
}

func (o Options) withDefaults() Options {
	o.Temperature = cmp.Or(o.Temperature, 300)
	o.Time = cmp.Or(o.Time, 1)
	o.Timestep = cmp.Or(o.Timestep, 0.5)
	o.Rotations = cmp.Or(o.Rotations, 10)
	if o.now == nil {
		o.now = time.Now
	}
	return o
}

// Validate names the first option that makes no sense.
func (o Options) Validate() error {
	for _, f := range []struct {
		name        string
		value       float64
		least, most float64
	}{
		{"temperature", o.Temperature, 0, 1e5},
		{"time", o.Time, math.Inf(-1), 1e6},
		{"timestep", o.Timestep, 0, 100},
		{"rotations", float64(o.Rotations), 0, 1e5},
	} {
		if math.IsNaN(f.value) || f.value < f.least || f.value > f.most {
			return fmt.Errorf("report: %s is %g, want %g to %g", f.name, f.value, f.least, f.most)
		}
	}
	if o.Rotations == 1 {
		return fmt.Errorf("report: rotations is 1, want 2 or more: a deviation needs two")
	}
	return nil
}

// Report is all that was measured.
type Report struct {
	Model       Description  `json:"model"`
	Test        Test         `json:"test"`
	Machine     Machine      `json:"machine"`
	Created     string       `json:"created"` // RFC 3339
	Accuracy    *Accuracy    `json:"accuracy"`
	Learning    *Learning    `json:"learning"`
	Dimers      *Dimers      `json:"dimers"`
	Drift       *Drift       `json:"drift"`
	Rotation    *Rotation    `json:"rotation"`
	Extensivity *Extensivity `json:"extensivity"`
	Speed       *Speed       `json:"speed"`
	Provenance  Verdict      `json:"provenance"`

	parity []parity // the densities, too many numbers for JSON
}

// Test is the data a model was tested on.
type Test struct {
	Name   string             `json:"name"`
	File   potential.DataFile `json:"file"`
	Frames int                `json:"frames"`
	Atoms  int                `json:"atoms"`
}

// Make measures the model on labelled frames. It fails if the model cannot be
// evaluated on them, or if the context ends.
func Make(ctx context.Context, m *potential.Model, d *train.Dataset, o Options) (*Report, error) {
	o = o.withDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(d.Frames) == 0 {
		return nil, fmt.Errorf("report: no frames to test on")
	}
	r := &Report{
		Model: Describe(m), Machine: thisMachine(o.Program), Created: o.now().Format(time.RFC3339),
		Test: Test{Name: cmp.Or(o.Frames, d.File.Name), File: d.File, Frames: len(d.Frames)},
	}
	r.Model.Name = o.Model
	for _, f := range d.Frames {
		r.Test.Atoms += len(f.Species)
	}
	predictions, err := train.Predict(m, d, o.Threads, o.Calculator...)
	if err != nil {
		return nil, err
	}
	r.Accuracy = accuracy(m, d, predictions)
	r.parity = parities(m, d, predictions)
	r.Learning = learning(m.Provenance.Log)
	for _, measure := range []func(context.Context, *potential.Model, *train.Dataset, Options){r.dimers, r.rotation, r.extensivity, r.drift} {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		measure(ctx, m, d, o)
	}
	if err := ctx.Err(); err != nil { // what stopped the dynamics is no verdict on it
		return nil, fmt.Errorf("report: %w", err)
	}
	r.Provenance = r.provenance(m, d, o)
	return r, nil
}

// provenance judges whether the numbers can be traced and the test is one.
func (r *Report) provenance(m *potential.Model, d *train.Dataset, o Options) Verdict {
	p := m.Provenance
	for k, f := range p.Data { // the file trained on, then that validated on
		switch {
		case f.SHA256 != d.File.SHA256 || o.Held:
		case k == 0:
			return verdict(Fail, "The test file is the file the model was trained on: its errors are errors of training.")
		default:
			return verdict(Caution, "The test file is the one the model was validated on: it chose the best epoch, so its errors are a little too small.")
		}
	}
	if p.Start != nil && slices.ContainsFunc(p.Start.Data, func(f potential.DataFile) bool { return f.SHA256 == d.File.SHA256 }) {
		return verdict(Fail, "The model that training started from was trained on the test file: its errors are errors of training.")
	}
	switch {
	case len(p.Data) == 0 || p.Settings == "":
		return verdict(Caution, "The model file does not say what it was trained on, or how.")
	case o.Held:
		return verdict(Pass, "Data, settings and versions are recorded. The frames were held back from training, but chose the best epoch.")
	}
	return verdict(Pass, "Data, settings and versions are recorded; the test file is not among the training data.")
}

// firstFrame returns the first frame with several atoms, and errNone if there
// is none.
func firstFrame(d *train.Dataset, want func(*xyz.Frame) bool) (*xyz.Frame, error) {
	for _, f := range d.Frames {
		if len(f.Species) > 1 && want(f) {
			return f, nil
		}
	}
	return nil, errNone
}

var errNone = errors.New("no frame with several atoms")

func whatever(*xyz.Frame) bool { return true }

func molecule(f *xyz.Frame) bool { return f.PBC == [3]bool{} }

func periodic(f *xyz.Frame) bool { return !molecule(f) }
