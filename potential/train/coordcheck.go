package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"ponita/potential"
)

// CoordinateCheck measures how the sizes of a network's activations, and of
// their changes in the first steps of training, follow its width: flat under a
// parametrization that has a limit of infinite width and learns features.
type CoordinateCheck struct {
	Settings         // of the training; channels, parametrization and schedule are set by the check
	Widths           []int
	Parametrizations []string
	Steps            int // optimiser steps
	Seeds            int // runs that are averaged, with seeds from Settings.Seed on
}

// Coordinate is the size of one quantity at one width. Sizes and changes are
// root mean squares over atoms, orientations, channels and configurations, and
// their geometric mean over seeds: powers are fitted to logarithms.
type Coordinate struct {
	Parametrization string  `json:"parametrization"`
	Channels        int     `json:"channels"`
	Step            int     `json:"step"`     // optimiser steps taken; 0 is the start
	Layer           int     `json:"layer"`    // from 1; 0 for the gradient
	Quantity        string  `json:"quantity"` // one of Quantities
	Size            float64 `json:"size"`
	Change          float64 `json:"change"` // since step 0
}

// Quantities are what a coordinate check measures in every layer, in the
// notation of package potential, and the norm of the gradient before it is
// clipped. e is what enters the energy, e_t − e_t(isolated atom): the rest of e_t
// has no gradient, so it is no more than a random sum.
var Quantities = []string{"m", "n", "h'", "e", "gradient"}

// probes is the number of configurations on which activations are compared.
const probes = 4

// Run trains the networks and returns what it measured, in the order of
// parametrizations, widths, steps and layers. Without a training file it trains
// on [Synthetic] data. report is called before every network.
func (c CoordinateCheck) Run(ctx context.Context, report func(parametrization string, channels int)) ([]Coordinate, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s, data := c.run(), Synthetic(32, 1)
	if c.Train != "" {
		var err error
		if data, _, err = s.read(); err != nil {
			return nil, err
		}
	}
	var all []Coordinate
	for _, s.Parametrization = range c.Parametrizations {
		for _, s.Channels = range c.Widths {
			report(s.Parametrization, s.Channels)
			var logs []Coordinate
			for k := range c.Seeds {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				s.Seed = c.Seed + uint64(k)
				one, err := coordinates(s, data, c.Steps)
				if err != nil {
					return nil, fmt.Errorf("%s at width %d: %w", s.Parametrization, s.Channels, err)
				}
				if logs == nil {
					logs = make([]Coordinate, len(one))
				}
				for i, x := range one {
					x.Size = logs[i].Size + math.Log(x.Size)/float64(c.Seeds)
					x.Change = logs[i].Change + math.Log(x.Change)/float64(c.Seeds)
					logs[i] = x
				}
			}
			for _, x := range logs {
				x.Size, x.Change = math.Exp(x.Size), math.Exp(x.Change)
				all = append(all, x)
			}
		}
	}
	return all, nil
}

// Validate names the first thing that cannot be used.
func (c CoordinateCheck) Validate() error {
	switch {
	case len(c.Widths) < 2 || len(c.Parametrizations) == 0:
		return fmt.Errorf("train: %d widths and %d parametrizations to check, want two or more and one or more", len(c.Widths), len(c.Parametrizations))
	case c.Steps < 1 || c.Seeds < 1:
		return fmt.Errorf("train: %d steps of %d seeds, want one or more", c.Steps, c.Seeds)
	}
	if err := errors.Join(once("width", c.Widths), once("parametrization", c.Parametrizations)); err != nil {
		return err
	}
	s := c.run()
	for _, s.Parametrization = range c.Parametrizations {
		if err := s.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// run returns the settings of the runs. The learning rate is constant: a
// warm-up would begin with a step of nothing.
func (c CoordinateCheck) run() Settings {
	s := c.Settings
	s.Schedule, s.WarmUp = "constant", 0
	if s.Train == "" {
		s.Train, s.Valid, s.ReferenceFile, s.ReferenceEnergies = "synthetic", "", "", nil
	}
	return s
}

// coordinates measures one run. Activations are those of the training weights,
// in float64.
func coordinates(s Settings, data *Dataset, steps int) ([]Coordinate, error) {
	t, err := assemble(s, data, nil, "", "")
	if err != nil {
		return nil, err
	}
	net, err := potential.NewNetwork[float64](t.model.Config)
	if err != nil {
		return nil, err
	}
	pass := net.NewPass(false)
	look := func() (all [][]potential.Activations[float64], err error) {
		t.scaling.weights(t.weights, t.state.theta, s.Threads)
		err = net.SetWeights(t.weights, s.Threads)
		isolated := pass.Inspect(t.model.Config.Isolated())
		for k := range min(probes, len(t.samples)) {
			x := t.samples[k]
			layers := pass.Inspect(potential.Input{Graph: x.graph, Scalars: x.scalars})
			for l := range layers {
				for i, z := range x.kind {
					layers[l].Readout[i] -= isolated[l].Readout[z]
				}
			}
			all = append(all, layers)
		}
		return all, err
	}
	start, err := look()
	if err != nil {
		return nil, err
	}
	var out []Coordinate
	batches := (len(t.samples) + s.Batch - 1) / s.Batch
	var order []int
	for step := range steps + 1 {
		now, norm := start, 0.
		if step > 0 {
			if t.state.Batch == batches {
				t.state.Epoch, t.state.Batch = t.state.Epoch+1, 0
			}
			if t.state.Batch == 0 {
				order = t.order()
			}
			p, err := t.step(order, batches)
			if err != nil {
				return nil, err
			}
			norm = p.Norm
			if now, err = look(); err != nil {
				return nil, err
			}
		}
		row := Coordinate{Parametrization: s.Parametrization, Channels: s.Channels, Step: step}
		for layer := range start[0] {
			for _, quantity := range Quantities[:len(Quantities)-1] {
				x := row
				x.Layer, x.Quantity = layer+1, quantity
				x.Size, x.Change = compareActivations(start, now, layer, quantity)
				out = append(out, x)
			}
		}
		if step > 0 {
			row.Quantity, row.Size = "gradient", norm
			out = append(out, row)
		}
	}
	return out, nil
}

// compareActivations returns the root mean square of a quantity now and of its
// difference from the start.
func compareActivations(start, now [][]potential.Activations[float64], layer int, quantity string) (size, change float64) {
	count := 0.
	for k := range now {
		a, b := activation(start[k][layer], quantity), activation(now[k][layer], quantity)
		for i := range b {
			size += b[i] * b[i]
			change += (b[i] - a[i]) * (b[i] - a[i])
			count++
		}
	}
	return math.Sqrt(size / count), math.Sqrt(change / count)
}

func activation(a potential.Activations[float64], quantity string) []float64 {
	switch quantity {
	case "m":
		return a.M
	case "n":
		return a.N
	case "h'":
		return a.Next
	}
	return a.Readout
}

// Power is the power of the width that a quantity follows: the slope of its
// logarithm against that of the width. Nil means that it is zero somewhere.
type Power struct {
	Parametrization string    `json:"parametrization"`
	Layer           int       `json:"layer"`
	Quantity        string    `json:"quantity"`
	Step            int       `json:"step"`
	Sizes           []float64 `json:"sizes"` // [width]
	Changes         []float64 `json:"changes"`
	Size            *float64  `json:"size_power"`
	Change          *float64  `json:"change_power"`
}

// Powers fits them to the rows of a check at the given widths, in the order in
// which the rows have them.
func Powers(rows []Coordinate, widths []int) []Power {
	var all []Power
	for _, r := range rows {
		at := slices.IndexFunc(all, func(p Power) bool {
			return p.Parametrization == r.Parametrization && p.Layer == r.Layer && p.Quantity == r.Quantity && p.Step == r.Step
		})
		if at < 0 {
			at = len(all)
			all = append(all, Power{Parametrization: r.Parametrization, Layer: r.Layer, Quantity: r.Quantity, Step: r.Step})
		}
		all[at].Sizes = append(all[at].Sizes, r.Size)
		all[at].Changes = append(all[at].Changes, r.Change)
	}
	for k := range all {
		all[k].Size, all[k].Change = power(widths, all[k].Sizes), power(widths, all[k].Changes)
	}
	return all
}

func power(widths []int, values []float64) *float64 {
	x, y := make([]float64, len(widths)), make([]float64, len(widths))
	for k := range widths {
		x[k], y[k] = math.Log(float64(widths[k])), math.Log(values[k])
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	if math.IsNaN(slope) || math.IsInf(slope, 0) {
		return nil
	}
	return &slope
}
