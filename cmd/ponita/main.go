// Command ponita trains and examines potentials. Molecular dynamics with them is
// the business of mdrun.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"ponita/internal/version"
	"ponita/potential/train"
)

// Exit codes, as the help says.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 3
)

type cli struct {
	Train    trainCommand     `cmd:"" help:"Train a model on an extended XYZ file."`
	Eval     evalCommand      `cmd:"" help:"Errors of a model on labelled frames."`
	Compare  compareCommand   `cmd:"" help:"Error and cost of several models side by side."`
	Distill  distillCommand   `cmd:"" help:"Data by which one model learns what several know."`
	Bench    benchCommand     `cmd:"" help:"Speed of a model on this machine, by phase."`
	Compress compressCommand  `cmd:"" help:"Turn a model with polynomial kernels into one for the fast engine."`
	Check    checkCommand     `cmd:"" help:"What is wrong with the frames and labels of data files."`
	Report   reportCommand    `cmd:"" help:"A page on what a model is worth: errors, dissociation, energy conservation, invariance, speed."`
	Crystal  crystalCommand   `cmd:"" help:"Lattice constant, elastic constants, vacancy and vibrations of a crystal."`
	Profile  profileCommand   `cmd:"" help:"Energy along the frames of a path, and its barrier."`
	Info     infoCommand      `cmd:"" help:"What a model file knows about itself."`
	Version  kong.VersionFlag `toml:"-" help:"Print the version."`

	Sweep      sweepCommand      `cmd:"" help:"Best learning rate for each width, by a grid of short runs."`
	Coordcheck coordcheckCommand `cmd:"" help:"How activations and their changes follow the width."`
}

func main() {
	var c cli
	parser, err := kong.New(&c, kong.Name("ponita"), kong.UsageOnError(),
		kong.Description("Train and examine learned interatomic potentials.\n\n"+
			"Units are eV, Å, fs. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 interrupted with a checkpoint written."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version.String()})
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		// Kong puts the verb before what its settings say, which begins with it already.
		fmt.Fprintf(os.Stderr, "ponita: %s\n", strings.Replace(err.Error(), "train: train: ", "train: ", 1))
		fmt.Fprintln(os.Stderr, "ponita: see ponita --help, and --help behind a verb")
		os.Exit(exitUsage)
	}
	if err := ctx.BindToProvider(untilSignal); err != nil {
		panic(err) // it is no provider
	}
	switch err := ctx.Run(ctx); {
	case errors.Is(err, train.ErrInterrupted):
		os.Exit(exitInterrupted)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "ponita: interrupted, nothing is written")
		os.Exit(exitFailure)
	case err != nil:
		fmt.Fprintf(os.Stderr, "ponita: %v\n", err)
		os.Exit(exitFailure)
	}
}

// untilSignal is for verbs that have something to put in order when a signal stops them. The
// others, which take no context, it just ends, and so does a second one here.
func untilSignal() (context.Context, error) {
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(stop, cancel)
	return stop, nil
}
