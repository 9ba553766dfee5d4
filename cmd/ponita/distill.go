package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/stat"

	"ponita/potential"
	"ponita/potential/distill"
	"ponita/xyz"
)

type distillCommand struct {
	Files        []string `arg:"" name:"file" type:"existingfile" help:"Extended XYZ file with reference values, then two or more model files."`
	labelFlags   `embed:""`
	Output       string    `default:"distilled.xyz" help:"File to write."`
	Overwrite    bool      `help:"Replace the file if it is there."`
	Samples      int       `default:"10" help:"Runs from every frame."`
	Temperature  []float64 `default:"300" help:"Temperatures of the runs in turn, K, with commas between them."`
	Time         float64   `default:"100" help:"Length of a run, fs."`
	Timestep     float64   `default:"0.5" help:"Time step, fs."`
	Friction     float64   `default:"0.02" help:"Friction of the Langevin thermostat, 1/fs."`
	MaxDeviation float64   `default:"1" help:"Give a run up where the members come further apart about an atom than this, eV/Å."`
	Seed         uint64    `default:"1" help:"Seed of velocities and thermostat."`
	Threads      int       `default:"0" help:"Threads; 0 is all cores. Results do not depend on it."`
}

func (c *distillCommand) Help() string {
	return "Models trained on the same frames with different seeds err in different directions, and their mean errs less than\n" +
		"each. This makes data to train one model of that accuracy: short dynamics with the mean of the models from every\n" +
		"frame of the file, of which each run's last step is written with the mean's energy, forces and stress, after the\n" +
		"frames of the file."
}

func (c *distillCommand) Run(ctx context.Context) error {
	if len(c.Files) < 3 {
		return fmt.Errorf("a committee needs two models: want ponita distill %s MODEL.h5 MODEL.h5", c.Files[0])
	}
	// In Options these zeros are defaults, here somebody has typed them.
	if c.Samples == 0 || c.Time == 0 || c.Timestep == 0 || c.MaxDeviation == 0 {
		return fmt.Errorf("one of --samples, --time, --timestep and --max-deviation is 0, want positive numbers")
	}
	if _, err := os.Lstat(c.Output); err == nil && !c.Overwrite {
		return fmt.Errorf("%s is there: want --overwrite or another --output", c.Output)
	}
	if err := checkOutput(c.Output); err != nil {
		return err
	}
	d, err := c.read(c.Files[0])
	if err != nil {
		return err
	}
	var models []*potential.Model
	for _, path := range c.Files[1:] {
		m, err := potential.Load(path)
		if err != nil {
			return err
		}
		for _, f := range d.Frames {
			if _, err := m.Kinds(f.Species); err != nil {
				return fmt.Errorf("%s: %v: %w", path, f.Origin, err)
			}
		}
		models = append(models, m)
	}
	o := distill.Options{
		Temperatures: c.Temperature, Samples: c.Samples, Time: c.Time, Timestep: c.Timestep,
		Friction: c.Friction, MaxDeviation: c.MaxDeviation, Seed: c.Seed, Threads: c.Threads,
	}
	if isTerminal(os.Stderr) {
		o.Progress = func(done, frames int) { fmt.Fprintf(os.Stderr, "\rframe %d/%d\x1b[K", done, frames) }
		defer fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	sampled, err := distill.Sample(ctx, models, d.Frames, o)
	if err != nil {
		return err
	}
	var frames []*xyz.Frame
	for k, f := range d.Frames {
		frames = append(frames, distill.Original(f, d.Labels[k]))
	}
	if err := xyz.WriteFile(c.Output, append(frames, sampled.Frames...)...); err != nil {
		return err
	}
	fmt.Printf("%d frames of %s and %d of the committee in %s\n", len(d.Frames), filepath.Base(c.Files[0]), len(sampled.Frames), c.Output)
	if all := sampled.Deviations; len(all) > 0 {
		slices.Sort(all)
		fmt.Printf("largest deviation about an atom: median %.3g, 95 %% below %.3g, all below %.3g eV/Å\n",
			stat.Quantile(0.5, stat.Empirical, all, nil), stat.Quantile(0.95, stat.Empirical, all, nil), all[len(all)-1])
	}
	if n := sampled.GivenUp; n > 0 {
		fmt.Printf("%d runs given up, where it was beyond %g eV/Å or the dynamics left physics\n", n, c.MaxDeviation)
	}
	return nil
}
