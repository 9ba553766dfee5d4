package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ponita/potential"
	"ponita/potential/train"
)

type compareCommand struct {
	Files      []string `arg:"" name:"file" type:"existingfile" help:"Extended XYZ file with reference values, then model files."`
	labelFlags `embed:""`
	modelFlags `embed:""`
	Rotations  int           `default:"4" help:"Random orientations for the rotation residual; 0 leaves it out."`
	Seed       uint64        `default:"1" help:"Seed of rotations and velocities."`
	Duration   time.Duration `default:"2s" help:"How long to measure the speed of each model."`
	Mean       bool          `help:"Add the mean of the models, a committee, at the cost of all."`
	Plot       string        `placeholder:"FILE.png" help:"Draw force error against cost."`
	JSON       bool          `help:"Print JSON."`
}

func (c *compareCommand) Help() string {
	return "Cost is the wall time of a whole step of dynamics on one thread, from the last frame of the file that has\n" +
		"more than one atom. The front are the models to which no other is better in both, force error and cost."
}

// comparison is one model's row.
type comparison struct {
	Model    string          `json:"model"`
	Network  string          `json:"network"`
	Errors   train.Errors    `json:"errors"`
	Rotation *train.Residual `json:"rotation_residual,omitempty"`
	Cost     float64         `json:"us_per_atom_step"`
	Timed    string          `json:"timed"` // the frame, and its atoms
	Front    bool            `json:"on_the_front"`
}

func (c *compareCommand) Run() error {
	if len(c.Files) < 2 {
		return fmt.Errorf("no model: want ponita compare %s MODEL.h5 MODEL.h5", c.Files[0])
	}
	if err := checkRotations(c.Rotations); err != nil {
		return err
	}
	if err := checkDuration(c.Duration); err != nil {
		return err
	}
	if err := checkOutput(c.Plot); err != nil {
		return err
	}
	d, err := c.read(c.Files[0])
	if err != nil {
		return err
	}
	var rows []comparison
	var predictions [][]train.Prediction
	for _, path := range c.Files[1:] {
		row, p, err := c.measure(path, d)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		rows, predictions = append(rows, row), append(predictions, p)
	}
	nameModels(rows)
	if c.Mean {
		rows = append(rows, meanRow(rows, d.Compare(train.Mean(predictions)).All))
	}
	markFront(rows)
	if c.Plot != "" {
		if err := drawFront(c.Plot, filepath.Base(c.Files[0]), rows); err != nil {
			return err
		}
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(rows)
	}
	return printComparison(rows)
}

// measure evaluates one model.
func (c *compareCommand) measure(path string, d *train.Dataset) (row comparison, p []train.Prediction, err error) {
	m, err := c.load(path)
	if err != nil {
		return row, nil, err
	}
	row = comparison{Model: path, Network: describe(m.Config)}
	if p, err = train.Predict(m, d, c.Threads, c.options()...); err != nil {
		return row, nil, err
	}
	row.Errors = d.Compare(p).All
	if c.Rotations > 0 {
		if row.Rotation, err = train.RotationResidual(m, d, c.Rotations, c.Threads, c.Seed, c.options()...); err != nil {
			return row, nil, err
		}
	}
	row.Cost, row.Timed, err = c.cost(m, path, d)
	return row, p, err
}

// meanRow is that of the committee of all models, whose mean has the given errors.
func meanRow(rows []comparison, e train.Errors) comparison {
	mean := comparison{Model: fmt.Sprintf("mean of %d", len(rows)), Errors: e, Timed: rows[0].Timed}
	for _, r := range rows {
		mean.Cost += r.Cost
	}
	return mean
}

// nameModels takes the folders from the paths of the models, but for the last one
// where files have the same name, as all best.h5 have.
func nameModels(rows []comparison) {
	times := map[string]int{}
	for _, r := range rows {
		times[filepath.Base(r.Model)]++
	}
	for k, r := range rows {
		base := filepath.Base(r.Model)
		if times[base] > 1 {
			base = filepath.Join(filepath.Base(filepath.Dir(r.Model)), base)
		}
		rows[k].Model = base
	}
}

// cost returns µs per atom and step, and of what: the last frame of more than one atom, as
// isolated atoms often stand at the end.
func (c *compareCommand) cost(m *potential.Model, path string, d *train.Dataset) (cost float64, timed string, err error) {
	f := d.Frames[len(d.Frames)-1]
	for _, g := range d.Frames {
		if len(g.Species) > 1 {
			f = g
		}
	}
	sys := &benchSystem{name: f.Origin.String(), species: f.Species, pos: f.Pos, lattice: f.Lattice, pbc: f.PBC}
	b := benchCommand{Model: path, Precision: c.Precision, Duration: c.Duration, Seed: c.Seed}
	run, err := b.measure(m, sys, 1, new(benchResult))
	return run.Time, fmt.Sprintf("frame %d, %d atoms", f.Origin.Frame, len(f.Species)), err
}

// markFront marks the rows that no other beats in force error and cost, or in
// energy error where there are no forces.
func markFront(rows []comparison) {
	for k := range rows {
		rows[k].Front = true
		for j := range rows {
			a, b := rows[j], rows[k]
			if a.error() <= b.error() && a.Cost <= b.Cost && (a.error() < b.error() || a.Cost < b.Cost) {
				rows[k].Front = false
			}
		}
	}
}

// error is what the models are compared by.
func (r comparison) error() float64 {
	switch {
	case r.Errors.ForceRMSE != nil:
		return *r.Errors.ForceRMSE
	case r.Errors.EnergyRMSEPerAtom != nil:
		return *r.Errors.EnergyRMSEPerAtom
	}
	return math.NaN()
}

func printComparison(rows []comparison) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "E RMSE\tE MAE\tF RMSE\tF MAE\tresidual E\tF\tcost\tfront\t model")
	fmt.Fprintln(w, "meV/atom\tmeV/atom\tmeV/Å\tmeV/Å\tmeV\tmeV/Å\tµs/atom/step\t\t ")
	number := func(x *float64) string {
		if x == nil {
			return "-"
		}
		return fmt.Sprintf("%.3g", *x)
	}
	for _, r := range rows {
		e := r.Errors
		for _, x := range []*float64{e.EnergyRMSEPerAtom, e.EnergyMAEPerAtom, e.ForceRMSE, e.ForceMAE} {
			fmt.Fprintf(w, "%s\t", number(x))
		}
		if r.Rotation != nil {
			fmt.Fprintf(w, "%s\t%s\t", number(&r.Rotation.Energy), number(&r.Rotation.Force))
		} else {
			fmt.Fprint(w, "-\t-\t")
		}
		mark := ""
		if r.Front {
			mark = "*"
		}
		fmt.Fprintf(w, "%.3g\t%s\t %s\n", r.Cost, mark, r.Model)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Printf("cost: one thread, %s\n", rows[0].Timed)
	return err
}

// drawFront draws error against cost, the front as a line.
func drawFront(path, title string, rows []comparison) error {
	p := panel(title)
	p.X.Tick.Marker = decades{}
	p.X.Label.Text = "cost, µs per atom and step on one core"
	p.Y.Label.Text = "error of force components, RMSE, meV/Å"
	if rows[0].Errors.ForceRMSE == nil {
		p.Y.Label.Text = "error of energy, RMSE, meV/atom"
	}
	var front, rest plotter.XYs
	var labels plotter.XYLabels
	for _, r := range rows {
		at := plotter.XY{X: math.Log10(r.Cost), Y: math.Log10(r.error())}
		if r.Front {
			front = append(front, at)
		} else {
			rest = append(rest, at)
		}
		labels.XYs = append(labels.XYs, at)
		labels.Labels = append(labels.Labels, " "+r.Model)
	}
	slices.SortFunc(front, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	if err := curve(p, front, ink(1), ""); err != nil {
		return err
	}
	if len(rest) > 0 {
		dots, err := plotter.NewScatter(rest)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: color.Gray{0x88}, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		p.Add(dots)
	}
	names, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	for k := range names.TextStyle {
		names.TextStyle[k].Font.Size, names.TextStyle[k].Font.Variant = vg.Points(8), "Sans"
		// Above the line, which falls; where it ends below, as others may lie to the right.
		if len(front) > 0 && labels.XYs[k] == front[len(front)-1] {
			names.TextStyle[k].YAlign = text.YTop
		}
	}
	p.Add(names)
	p.X.Min, p.X.Max = p.X.Min-0.1, p.X.Max+0.45 // room for the names
	p.Y.Min, p.Y.Max = p.Y.Min-0.1, p.Y.Max+0.1
	return savePanels(path, [][]*plot.Plot{{p}}, 12*vg.Centimeter, 8*vg.Centimeter)
}
