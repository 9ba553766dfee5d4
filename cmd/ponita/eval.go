package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"ponita/potential/train"
	"ponita/xyz"
)

type evalCommand struct {
	Model      string `arg:"" type:"existingfile" help:"Model file."`
	File       string `arg:"" type:"existingfile" help:"Extended XYZ file with reference values."`
	labelFlags `embed:""`
	modelFlags `embed:""`
	Worst      int    `default:"0" help:"List so many frames with the largest force errors, or energy errors where there are no forces."`
	Output     string `placeholder:"FILE" help:"Write the frames with ponita_energy, ponita_forces and ponita_stress."`
	Rotations  int    `default:"10" help:"Random orientations for the rotation residual; 0 leaves it out."`
	Seed       uint64 `default:"1" help:"Seed of the rotations."`
	JSON       bool   `help:"Print JSON."`
}

func (c *evalCommand) Run() error {
	if err := checkRotations(c.Rotations); err != nil {
		return err
	}
	if err := checkOutput(c.Output); err != nil {
		return err
	}
	m, err := c.load(c.Model)
	if err != nil {
		return err
	}
	d, err := c.read(c.File)
	if err != nil {
		return err
	}
	predictions, err := train.Predict(m, d, c.Threads, c.options()...)
	if err != nil {
		return err
	}
	ev := d.Compare(predictions)
	if c.Worst > 0 {
		if ev.Worst, err = d.Worst(predictions, c.Worst); err != nil {
			return err
		}
	}
	if c.Output != "" {
		if err := writePredictions(c.Output, d, predictions); err != nil {
			return err
		}
	}
	if c.Rotations > 0 {
		if ev.Rotation, err = train.RotationResidual(m, d, c.Rotations, c.Threads, c.Seed, c.options()...); err != nil {
			return err
		}
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(ev)
	}
	return printEvaluation(ev)
}

func printEvaluation(ev *train.Evaluation) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tframes\tE RMSE\tE MAE\tE RMSE\tE MAE\tF RMSE\tF MAE\tstress RMSE\tMAE\t")
	fmt.Fprintln(w, "\t\tmeV\tmeV\tmeV/atom\tmeV/atom\tmeV/Å\tmeV/Å\tmeV/Å³\tmeV/Å³\t")
	row := func(name string, e train.Errors) {
		fmt.Fprintf(w, "%s\t%d\t", name, e.Frames)
		for _, x := range []*float64{e.EnergyRMSE, e.EnergyMAE, e.EnergyRMSEPerAtom, e.EnergyMAEPerAtom, e.ForceRMSE, e.ForceMAE, e.StressRMSE, e.StressMAE} {
			if x == nil {
				fmt.Fprint(w, "-\t")
			} else {
				fmt.Fprintf(w, "%.3f\t", *x)
			}
		}
		fmt.Fprintln(w)
	}
	row("all", ev.All)
	if len(ev.ByConfig) > 1 {
		for _, name := range slices.Sorted(maps.Keys(ev.ByConfig)) {
			row(name, ev.ByConfig[name])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	some := func(frames int) bool { return 0 < frames && frames < ev.All.Frames }
	if e := ev.All; some(e.EnergyFrames) || some(e.ForceFrames) || some(e.StressFrames) {
		fmt.Printf("of %d frames %d have a reference energy, %d forces and %d a stress\n", e.Frames, e.EnergyFrames, e.ForceFrames, e.StressFrames)
	}
	if len(ev.Worst) > 0 { // a table of its own
		fmt.Fprintln(w, "frame\tE error\tF RMSE\tshare of\tlargest error\tof\tnearest\t\t")
		fmt.Fprintln(w, "\tmeV\tmeV/Å\tall squares\tmeV/Å\tatom\t\tÅ\t")
	}
	for _, e := range ev.Worst {
		energy := "-"
		if e.Energy != nil {
			energy = fmt.Sprintf("%.3f", *e.Energy)
		}
		if e.Atom == 0 {
			fmt.Fprintf(w, "%d\t%s\t-\t%.1f %%\t-\t\t\t\t\n", e.Frame, energy, 100*e.Share)
			continue
		}
		fmt.Fprintf(w, "%d\t%s\t%.3f\t%.1f %%\t%.1f\t%s %d\t%s\t%.3f\t\n", e.Frame, energy, e.ForceRMSE, 100*e.Share, e.AtomError, e.Element, e.Atom, e.Nearest, e.Distance)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r := ev.Rotation; r != nil {
		fmt.Printf("rotation residual: energy %.3f meV, forces %.3f meV/Å (standard deviation over %d orientations of %d frames)\n",
			r.Energy, r.Force, r.Rotations, r.Frames)
	}
	return nil
}

// writePredictions writes the frames of the set with the predictions beside their
// labels.
func writePredictions(path string, d *train.Dataset, predictions []train.Prediction) error {
	frames := make([]*xyz.Frame, len(predictions))
	for k, p := range predictions {
		f := *d.Frames[k]
		f.Info, f.Columns = slices.Clone(f.Info), slices.Clone(f.Columns)
		f.Set("ponita_energy", p.Energy)
		if p.Stress != nil {
			f.Set("ponita_stress", slices.Concat(p.Stress[0][:], p.Stress[1][:], p.Stress[2][:]))
		}
		f.SetColumn(xyz.Column{Name: "ponita_forces", Data: p.Forces})
		frames[k] = &f
	}
	return xyz.WriteFile(path, frames...)
}
