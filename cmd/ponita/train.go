package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"ponita/internal/lock"
	"ponita/internal/replace"
	"ponita/internal/settings"
	"ponita/internal/version"
	"ponita/potential/train"
	"ponita/xyz"
)

type trainCommand struct {
	File           settings.File `arg:"" optional:"" help:"Run file (TOML): every flag below is a key of it, a flag wins."`
	train.Settings `embed:""`
	Check          bool `default:"true" negatable:"" help:"Look for what is wrong with the data first, as the verb check does."`
	Report         bool `default:"true" negatable:"" help:"Write report.html at the end, on the validation frames."`
	Resume         bool `toml:"-" xor:"earlier" help:"Go on from the checkpoint in the output folder."`
	Overwrite      bool `toml:"-" xor:"earlier" help:"Replace the models of an earlier run in the output folder."`
	Quiet          bool `toml:"-" help:"Print no progress."`
	JSON           bool `name:"json" toml:"-" help:"Print one JSON object an epoch instead of the table."`
}

func (c *trainCommand) Run(ctx context.Context, k *kong.Context) error {
	var err error
	if c.Settings, err = c.Resolve(); err != nil {
		return err
	}
	if err := c.spareEarlier(); err != nil {
		return err
	}
	var text strings.Builder
	if err := settings.Write(&text, k, "Effective settings of this run."); err != nil {
		return err
	}
	t, err := train.New(c.Settings, text.String(), version.String())
	if err != nil {
		return err
	}
	if c.Resume {
		if err := t.Resume(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return err
	}
	folder, err := os.Open(c.Output)
	if err != nil {
		return err
	}
	defer folder.Close()
	if lock.Held(folder) {
		return fmt.Errorf("another training writes to %s: wait for its end, or give another --output", c.Output)
	}
	if c.Overwrite {
		if err := c.removeEarlier(); err != nil {
			return err
		}
	}
	if err := replace.File(filepath.Join(c.Output, "effective.toml"), []byte(text.String())); err != nil {
		return err
	}
	for _, w := range t.Warnings {
		fmt.Fprintf(os.Stderr, "warning: %s\n", w)
	}
	live := progressLine{quiet: c.Quiet, terminal: isTerminal(os.Stderr)}
	report := live.report
	if c.JSON {
		report = printJSON
	} else {
		c.introduce(t)
	}
	if c.Check {
		if err := checkRun(&c.Settings, t); err != nil {
			return err
		}
	}
	err = t.Run(ctx, report)
	switch {
	case errors.Is(err, train.ErrInterrupted):
		fmt.Fprintf(os.Stderr, "\ninterrupted; checkpoint written. Go on with: ponita train %s --resume\n", filepath.Join(c.Output, "effective.toml"))
	case err == nil:
		c.conclude(ctx, t)
	}
	return err
}

// spareEarlier refuses an output folder with the results of another run, which may be
// hours of work, or with the model to start from.
func (c *trainCommand) spareEarlier() error {
	for _, name := range []string{train.BestModel, train.LastModel} {
		start, err := os.Stat(c.Start)
		if there, err2 := os.Stat(filepath.Join(c.Output, name)); err == nil && err2 == nil && os.SameFile(start, there) {
			return fmt.Errorf("--start %s would be overwritten: want another --output", c.Start)
		}
	}
	if c.Resume || c.Overwrite {
		return nil
	}
	for _, name := range []string{train.LastCheckpoint, train.BestModel, train.LastModel} {
		path := filepath.Join(c.Output, name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there from an earlier run: want --resume, --overwrite or another --output", path)
		}
	}
	return nil
}

// removeEarlier takes away what another run wrote, so that nothing of it is taken for this
// one's.
func (c *trainCommand) removeEarlier() error {
	for _, name := range []string{train.LastCheckpoint, train.BestModel, train.LastModel, train.LogFile, train.SplitFile, reportFile} {
		if err := os.Remove(filepath.Join(c.Output, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// conclude tells what was written, and writes the report. The models are on disk
// by then, so that a report that fails is a warning.
func (c *trainCommand) conclude(ctx context.Context, t *train.Trainer) {
	say := func(format string, args ...any) {
		if !c.JSON {
			fmt.Printf(format, args...)
		}
	}
	say("wrote %s (lowest validation loss) and %s\n", filepath.Join(c.Output, train.BestModel), filepath.Join(c.Output, train.LastModel))
	if !c.Report {
		return
	}
	path, err := reportRun(ctx, &c.Settings, t)
	if err != nil {
		fmt.Fprintf(os.Stderr, "warning: no report: %v\n", err)
		return
	}
	say("wrote %s\n", path)
}

// introduce prints what is about to be trained on what.
func (c *trainCommand) introduce(t *train.Trainer) {
	m := t.Model()
	n, held := t.Sizes()
	fmt.Printf("ponita %s\n%v", version.String(), t.Census())
	fmt.Printf("%d frames to train on, %d to validate on\n", n, held)
	fmt.Printf("%d weights, %s kernel, %d layers of %d channels on %s\n",
		len(m.Weights), m.Config.Kernel, m.Config.Layers, m.Config.Channels, m.Config.Grid.Name)
	if m.Config.Exact() {
		fmt.Println("exactly invariant under rotations")
	} else {
		fmt.Println("invariant under rotations as far as the grid goes: see the rotation residual")
	}
	if m.Embedded.There() {
		left := ""
		if rest := t.RestForces(); !math.IsNaN(rest) {
			left = fmt.Sprintf(", which leaves forces of %.3g eV/Å", rest)
		}
		fmt.Printf("above an embedded-atom potential%s\n", left)
	}
	fmt.Printf("cutoff %g Å, %.1f neighbours on average\n", m.Config.Cutoff, m.Config.MeanNeighbors)
	for k, z := range m.Config.Species {
		fmt.Printf("  %-2s  reference energy %.6f eV\n", xyz.Symbol(z), m.ReferenceEnergies[k])
	}
}

// progressLine shows where a run is: a line that is rewritten on a terminal, a
// line an epoch anywhere.
type progressLine struct {
	quiet, terminal bool
	last            time.Time
}

func (l *progressLine) report(p train.Progress) {
	if l.quiet {
		return
	}
	if p.Valid == nil {
		if l.terminal && time.Since(l.last) > 200*time.Millisecond {
			l.last = time.Now()
			fmt.Fprintf(os.Stderr, "\repoch %d/%d  batch %d/%d  force %s meV/Å  %s left \x1b[K",
				p.Epoch, p.Epochs, p.Batch, p.Batches, cell(p.ForceRMSE), p.Remaining.Round(time.Second))
		}
		return
	}
	if l.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	mark := " "
	if p.Best {
		mark = "*"
	}
	fmt.Printf("epoch %4d/%d  rate %.2e  train E %s F %s  valid E %s F %s%s  %s left\n",
		p.Epoch, p.Epochs, p.Rate, cell(p.EnergyRMSE), cell(p.ForceRMSE),
		cell(p.Valid.EnergyRMSEPerAtom), cell(p.Valid.ForceRMSE), mark, p.Remaining.Round(time.Second))
}

// printJSON prints an epoch as a line of JSON.
func printJSON(p train.Progress) {
	if p.Valid == nil {
		return
	}
	line, err := json.Marshal(struct {
		Epoch      int           `json:"epoch"`
		Epochs     int           `json:"epochs"`
		Rate       float64       `json:"learning_rate"`
		Loss       float64       `json:"loss"`
		EnergyRMSE *float64      `json:"train_energy_rmse_meV_per_atom,omitempty"`
		ForceRMSE  *float64      `json:"train_force_rmse_meV_per_A,omitempty"`
		Valid      *train.Errors `json:"valid"`
		Best       bool          `json:"best"`
	}{p.Epoch, p.Epochs, p.Rate, p.Loss, p.EnergyRMSE, p.ForceRMSE, p.Valid, p.Best})
	if err != nil {
		panic(err) // a number that is not finite would have ended the run
	}
	fmt.Println(string(line))
}

// cell formats an error in meV/atom or meV/Å, "-" for none.
func cell(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%7.2f", *x)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
