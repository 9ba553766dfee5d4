package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"ponita/internal/settings"
	"ponita/internal/version"
)

// Exit codes besides those of signals, 128 and the number of the signal.
const (
	exitFailed    = 1 // a file, a structure or a setting is unusable
	exitUsage     = 2 // the command line or the run file is wrong
	exitDiverged  = 3 // the dynamics left physics
	exitTimeLimit = 4 // stopped by max_time, to be continued
)

const description = `Molecular dynamics with a learned potential. Lengths are in Å, energies in eV,
times in fs unless noted. Each flag is also a key of run.toml (max_time for
--max-time) and overrides it. "mdrun demo" needs no files: a molecule of
acetylacetone at 300 K.

Writes PREFIX.thermo.csv .traj.xyz .final.xyz .ckpt .effective.toml .png, and
PREFIX.crash/ when a run leaves physics.

Exit codes: 0 done; 1 failed; 2 wrong flag or key; 3 left physics; 4 reached
--max-time; 129, 130, 141, 143 stopped by SIGHUP, SIGINT, SIGPIPE, SIGTERM.
After 4 and these the same command with --restart=auto continues the run.`

type commandLine struct {
	Run      runFile `arg:"" optional:"" name:"run.toml" help:"Settings, or the word demo."`
	Settings `embed:""`
	JSON     bool             `name:"json" toml:"-" help:"Print one JSON object a line instead of tables."`
	Version  kong.VersionFlag `toml:"-" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:])) }

// run does what the command line says and returns the exit code.
func run(args []string) int {
	var cli commandLine
	parser := kong.Must(&cli,
		kong.Name("mdrun"),
		kong.Description(description),
		kong.Vars{"version": "mdrun " + version.String()},
		kong.ConfigureHelp(kong.HelpOptions{NoAppDescFormat: true, WrapUpperBound: 80}),
	)
	ctx, err := parser.Parse(args)
	if err == nil {
		cli.chooseLength(ctx)
		err = cli.resolve(cli.Run)
	}
	if err != nil {
		complain(err)
		fmt.Fprintln(os.Stderr, "mdrun: see mdrun --help")
		return exitUsage
	}
	var out reporter = &textReport{w: os.Stdout}
	if cli.JSON {
		out = newJSONReport(os.Stdout)
	}
	if cli.IPI != "" {
		if err := serve(&cli.Settings, out); err != nil {
			complain(err)
			return exitFailed
		}
		return 0
	}
	var effective strings.Builder
	if err := settings.Write(&effective, ctx, effectiveComment(&cli.Settings)); err != nil {
		complain(err)
		return exitFailed
	}
	err = simulate(&cli.Settings, effective.String(), out)
	if stop, ok := errors.AsType[*stopError](err); ok {
		complain(err)
		return stop.code
	}
	if err != nil {
		complain(err)
		return exitFailed
	}
	return 0
}

// chooseLength lets the length of the command line override that of the file also
// where one is in ps and the other in steps.
func (s *Settings) chooseLength(ctx *kong.Context) {
	file := map[string]bool{}
	for _, p := range ctx.Path {
		if p.Flag != nil {
			file[p.Flag.Name] = p.Resolved
		}
	}
	switch {
	case s.Time == nil || s.Steps == nil || file["time"] == file["steps"]:
	case file["time"]:
		s.Time = nil
	default:
		s.Steps = nil
	}
}

func complain(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "mdrun:", line)
	}
}

func effectiveComment(s *Settings) string {
	if s.Restart != "" {
		return fmt.Sprintf("Effective settings, mdrun %s, with restart = %q: those of the parts of the\nrun before are in .effective.1.toml and so on.", version.String(), s.Restart)
	}
	return fmt.Sprintf("Effective settings, mdrun %s. This file repeats the run:\nmdrun %s", version.String(), s.path(".effective.toml"))
}

// runFile is the run file, or the word demo for the one within the program.
type runFile string

//go:embed demo/demo.toml
var demoSettings []byte

// BeforeResolve implements the hook of kong.
func (runFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	if ctx.Value(trace).String() == "demo" {
		return settings.Use(ctx, "demo.toml (built in)", demoSettings)
	}
	return settings.File("").BeforeResolve(ctx, trace)
}

// prefix is the prefix of the outputs of a run that does not give one.
func (f runFile) prefix() string {
	if f == "" {
		return "md"
	}
	return strings.TrimSuffix(filepath.Base(string(f)), ".toml")
}
