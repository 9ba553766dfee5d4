package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"ponita/internal/settings"
	"ponita/potential/train"
)

// Training is the settings of a training without their own validation, which
// kong would call and which wants a training file.
type Training train.Settings

type coordcheckCommand struct {
	File             settings.File `arg:"" optional:"" help:"Run file (TOML) of a training; every flag below is a key of it, a flag wins."`
	Widths           []int         `default:"16,32,64,128" help:"Channels C of the networks."`
	Parametrizations []string      `default:"mup,sp,ntk" help:"Parametrizations to compare: of mup, sp and ntk."`
	Steps            int           `default:"5" help:"Optimiser steps."`
	Seeds            int           `default:"10" help:"Networks to average over, with seeds from that of the training on."`
	Plot             string        `default:"coordcheck.png" help:"Picture to write, PNG; empty for none."`
	Training         `embed:"" group:"Training"`
	JSON             bool `name:"json" toml:"-" help:"Print JSON: every quantity at every step."`
}

// Help is what --help prints below the flags.
func (c *coordcheckCommand) Help() string {
	return `Trains networks of several widths for a few steps, at a constant learning rate, and prints how much their
activations have changed: root mean squares over atoms, orientations, channels and configurations. In each layer
m is the spatial convolution, n the spherical one, h' the output of the block and e the energy read out, relative
to that of isolated atoms; gradient is the norm of the gradient before it is clipped. The last columns are the
powers of the width C that the changes follow, and that the sizes follow at the start.

Under mup everything is flat: a learning rate that suits one width suits all. Under sp the changes behind W1 and W2
and of e grow with the width, under ntk the features stop moving.

Without a training file the networks are trained on clusters of atoms in a Morse potential.

  ponita coordcheck
  ponita coordcheck run.toml --widths=32,64,128,256 --parametrizations=mup`
}

func (c *coordcheckCommand) check() train.CoordinateCheck {
	return train.CoordinateCheck{
		Settings: train.Settings(c.Training), Widths: c.Widths, Parametrizations: c.Parametrizations, Steps: c.Steps, Seeds: c.Seeds,
	}
}

// Validate is called by kong.
func (c *coordcheckCommand) Validate() error { return c.check().Validate() }

func (c *coordcheckCommand) Run(ctx context.Context) error {
	terminal := isTerminal(os.Stderr)
	rows, err := c.check().Run(ctx, func(parametrization string, channels int) {
		if terminal {
			fmt.Fprintf(os.Stderr, "\r%s, %d channels \x1b[K", parametrization, channels)
		}
	})
	if terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	powers := train.Powers(rows, c.Widths)
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		err = out.Encode(map[string]any{"widths": c.Widths, "powers": powers})
	} else {
		err = c.print(os.Stdout, powers)
	}
	if err != nil || c.Plot == "" {
		return err
	}
	return drawCoordinates(c.Plot, powers, c.Widths)
}

// print writes the changes after the last step, a block for each
// parametrization.
func (c *coordcheckCommand) print(to io.Writer, powers []train.Power) error {
	start := func(p train.Power) *float64 {
		k := slices.IndexFunc(powers, func(q train.Power) bool {
			return q.Parametrization == p.Parametrization && q.Layer == p.Layer && q.Quantity == p.Quantity && q.Step == 0
		})
		if k < 0 {
			return nil
		}
		return powers[k].Size
	}
	for _, parametrization := range c.Parametrizations {
		fmt.Fprintf(to, "%s: changes after step %d at learning rate %g\n", parametrization, c.Steps, c.LearningRate)
		w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(w, "layer\t\t")
		for _, width := range c.Widths {
			fmt.Fprintf(w, "C=%d\t", width)
		}
		fmt.Fprintln(w, "power\tat start\t")
		for _, p := range powers {
			if p.Parametrization != parametrization || p.Step != c.Steps {
				continue
			}
			layer, values, slope := fmt.Sprint(p.Layer), p.Changes, p.Change
			if p.Layer == 0 {
				layer, values, slope = "", p.Sizes, p.Size
			}
			fmt.Fprintf(w, "%s\t%s\t", layer, p.Quantity)
			for _, v := range values {
				fmt.Fprintf(w, "%.3g\t", v)
			}
			fmt.Fprintf(w, "%s\t%s\t\n", exponent(slope), exponent(start(p)))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func exponent(x *float64) string {
	if x == nil {
		return "-"
	}
	return strings.Replace(fmt.Sprintf("%+.2f", *x), "-", "−", 1)
}
