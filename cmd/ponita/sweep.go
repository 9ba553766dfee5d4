package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"ponita/internal/settings"
	"ponita/potential/train"
)

type sweepCommand struct {
	File             settings.File `arg:"" optional:"" help:"Run file (TOML) of a training; every flag below is a key of it, a flag wins."`
	Widths           []int         `default:"16,32,64,128" help:"Channels C, instead of channels."`
	Parametrizations []string      `default:"mup" help:"Of mup, sp and ntk, instead of parametrization."`
	RateFrom         int           `default:"-11" help:"Least learning rate, as a power of two (write --rate-from=-11), instead of learning_rate."`
	RateTo           int           `default:"-5" help:"Largest learning rate, as a power of two."`
	Seeds            int           `default:"1" help:"Runs to average over, with seeds from that of the training on."`
	train.Settings   `embed:"" group:"Training"`
	JSON             bool `name:"json" toml:"-" help:"Print JSON: cells and curves."`
	Quiet            bool `toml:"-" help:"Print no progress."`
}

// Help is what --help prints below the flags.
func (c *sweepCommand) Help() string {
	return `Trains a short run for every learning rate, width and parametrization of a grid, prints the loss on the validation
frames at the end of each and the best learning rate of each width, and draws them into sweep.png in the output
folder. Give a run file with few frames and epochs, and an average that fits into them.

Threads is the number of runs at once, each on one thread; results do not depend on it. Finished cells are kept in
cells.json in the output folder: the same command continues an interrupted sweep, running cells from their
checkpoints, and with more widths, rates or seeds it runs what is missing.

  ponita sweep run.toml --output runs/sweep --frames 200 --epochs 40 --average 0.99
  ponita sweep run.toml --output runs/sweep --frames 200 --epochs 40 --average 0.99 --parametrizations mup,sp --rate-to=-4`
}

func (c *sweepCommand) sweep() train.Sweep {
	return train.Sweep{
		Settings: c.Settings, Widths: c.Widths, Parametrizations: c.Parametrizations,
		From: c.RateFrom, To: c.RateTo, Seeds: c.Seeds,
	}
}

// Validate checks every cell. (kong checks the training's settings themselves,
// with its learning rate and width, before.)
func (c *sweepCommand) Validate() error { return c.sweep().Validate() }

func (c *sweepCommand) Run(ctx context.Context) error {
	warned := false
	cells, err := c.sweep().Run(ctx, func(done train.Cell, finished, total int) {
		if !warned { // they are much the same for all
			warned = true
			for _, w := range done.Warnings {
				fmt.Fprintf(os.Stderr, "warning: %s\n", w)
			}
		}
		if !c.Quiet && !c.JSON {
			result := "diverged"
			if !done.Diverged {
				result = fmt.Sprintf("loss %.5f  E %s F %s", done.Loss, cell(done.Errors.EnergyRMSEPerAtom), cell(done.Errors.ForceRMSE))
			}
			fmt.Printf("%3d/%d  %-3s  C %4d  rate %-6s  seed %d  %s\n",
				finished, total, done.Parametrization, done.Channels, powerOfTwo(done.LearningRate), done.Seed, result)
		}
	})
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Fprintf(os.Stderr, "interrupted; checkpoints written. The same command goes on.\n")
	}
	if err != nil {
		return err
	}
	curves := train.Curves(cells, func(c train.Cell) float64 { return c.Loss })
	picture := filepath.Join(c.Output, "sweep.png")
	if err := drawSweep(picture, curves); err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(map[string]any{"cells": cells, "curves": curves})
	}
	printCurves(os.Stdout, curves)
	fmt.Printf("wrote %s\n", picture)
	return nil
}

// printCurves writes a table for each parametrization: losses by width and
// learning rate, the best marked, and how far the best rates are apart.
func printCurves(to io.Writer, curves []train.Curve) {
	for len(curves) > 0 {
		name := curves[0].Parametrization
		n := slices.IndexFunc(curves, func(c train.Curve) bool { return c.Parametrization != name })
		if n < 0 {
			n = len(curves)
		}
		fmt.Fprintf(to, "%s: validation loss\n", name)
		w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(w, "C\t")
		for _, rate := range curves[0].Rates {
			fmt.Fprintf(w, "%s \t", powerOfTwo(rate))
		}
		fmt.Fprintln(w, "best rate\tits loss\t")
		least, most := math.Inf(1), 0.
		for _, c := range curves[:n] {
			fmt.Fprintf(w, "%d\t", c.Channels)
			for k, loss := range c.Losses {
				switch {
				case loss == 0:
					fmt.Fprint(w, "diverged \t")
				case k == c.Best:
					fmt.Fprintf(w, "%.4f*\t", loss)
				default:
					fmt.Fprintf(w, "%.4f \t", loss)
				}
			}
			if c.Best < 0 {
				fmt.Fprintln(w, "-\t-\t")
				continue
			}
			fmt.Fprintf(w, "%s\t%.4f\t\n", powerOfTwo(c.Rates[c.Best]), c.Losses[c.Best])
			least, most = min(least, c.Rates[c.Best]), max(most, c.Rates[c.Best])
		}
		w.Flush()
		if most > 0 {
			fmt.Fprintf(to, "%s: the best rates of all widths are within a factor of %g\n", name, most/least)
		}
		curves = curves[n:]
	}
}

// powerOfTwo writes a rate that is one.
func powerOfTwo(rate float64) string {
	_, exponent := math.Frexp(rate)
	return strings.Replace(fmt.Sprintf("2^%d", exponent-1), "-", "−", 1)
}
