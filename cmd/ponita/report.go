package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"ponita/internal/replace"
	"ponita/internal/version"
	"ponita/potential"
	"ponita/potential/report"
	"ponita/potential/train"
)

// reportFile is the name of the page in the output folder of a training run.
const reportFile = "report.html"

type reportCommand struct {
	Model       string `arg:"" type:"existingfile" help:"Model file."`
	File        string `arg:"" type:"existingfile" help:"Extended XYZ file with reference values."`
	Output      string `short:"o" default:"report.html" help:"The page to write."`
	labelFlags  `embed:""`
	modelFlags  `embed:""`
	Temperature float64 `default:"300" help:"Temperature of the velocities at the start of the dynamics, K."`
	Time        float64 `default:"1" help:"Length of the dynamics at constant energy, ps; a negative one leaves it out."`
	Timestep    float64 `default:"0.5" help:"Timestep of the dynamics, fs."`
	Rotations   int     `default:"10" help:"Random orientations of each frame for the rotation residual."`
	Seed        uint64  `default:"1" help:"Seed of rotations and velocities."`
	JSON        bool    `help:"Print the numbers as JSON."`
}

func (c *reportCommand) Run(ctx context.Context) error {
	if c.Temperature == 0 || c.Time == 0 || c.Timestep == 0 || c.Rotations == 0 {
		return fmt.Errorf("temperature is %g, time %g, timestep %g, rotations %d: none may be 0; --time=-1 leaves the dynamics out",
			c.Temperature, c.Time, c.Timestep, c.Rotations)
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
	o := report.Options{
		Model: filepath.Base(c.Model), Program: version.String(), Temperature: c.Temperature, Time: c.Time, Timestep: c.Timestep,
		Rotations: c.Rotations, Seed: c.Seed, Threads: c.Threads, Calculator: c.options(),
	}
	r, err := report.Make(ctx, m, d, o)
	if err != nil {
		return err
	}
	if err := writePage(c.Output, r); err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	fmt.Printf("%vwrote %s\n", r, c.Output)
	return nil
}

func writePage(path string, r *report.Report) error {
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		return err
	}
	return replace.File(path, page.Bytes())
}

// reportTime is the length of the dynamics at the end of a training run, ps:
// half a minute for two hundred atoms.
const reportTime = 0.5

// reportRun writes the report of a finished training run on its validation
// frames.
func reportRun(ctx context.Context, c *train.Settings, t *train.Trainer) (path string, err error) {
	m, err := potential.Load(filepath.Join(c.Output, train.BestModel))
	if err != nil {
		return "", err
	}
	d := t.Validation()
	r, err := report.Make(ctx, m, d, report.Options{
		Model: train.BestModel, Frames: fmt.Sprintf("%d validation frames of %s", len(d.Frames), d.File.Name), Held: true,
		Program: version.String(), Time: reportTime, Seed: c.Seed, Threads: c.Threads,
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(c.Output, reportFile)
	return path, writePage(path, r)
}
