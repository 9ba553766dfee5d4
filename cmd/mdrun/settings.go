package main

import (
	"fmt"
	"math"
	"path/filepath"
	"time"

	"ponita/internal/ipi"
)

// Settings is the one table of what can be set: flags, keys of a run file,
// defaults and help.
type Settings struct {
	Model      string   `group:"System" placeholder:"FILE" help:"Model file, or builtin:acac."`
	Structure  string   `group:"System" placeholder:"FILE" help:"Extended XYZ or LAMMPS data file, or builtin:acac."`
	Frame      int      `group:"System" default:"-1" help:"Frame of it: 1 is the first, -1 the last."`
	Repeat     []int    `group:"System" default:"1,1,1" help:"Copies of a periodic cell along a, b, c."`
	Elements   []string `group:"System" placeholder:"Si,O" help:"Of the types of a data file; default by their masses."`
	AtomStyle  string   `group:"System" placeholder:"STYLE" help:"Of a data file that does not say: atomic, full, ..."`
	Boundary   []string `group:"System" placeholder:"p,p,f" help:"Of a data file: p periodic, f not; default p,p,p."`
	Units      string   `group:"System" placeholder:"UNITS" help:"Of its velocities if it does not say: metal, real."`
	Velocities string   `group:"System" default:"auto" enum:"auto,file,draw" help:"Of the file (vel, velo in Å/fs, momenta of ASE), draw at the temperature, or auto: file if it has them and is not repeated."`
	Precision  string   `group:"System" default:"float32" enum:"float32,float64" help:"Of the network: float32 or float64."`
	Threads    int      `group:"System" default:"0" help:"Cores to use; 0 is all. Results do not depend on it."`
	IPI        string   `group:"System" name:"ipi" placeholder:"ADDRESS" help:"Make no run but compute forces for i-PI at host:port or unix:NAME."`
	Skin       float64  `group:"System" default:"0.5" help:"Reach of neighbour lists beyond the cutoff, Å."`

	Ensemble        string   `group:"Dynamics" default:"csvr" enum:"nve,csvr,langevin,nose-hoover,npt" help:"nve, csvr, langevin, nose-hoover, npt (as csvr)."`
	Temperature     float64  `group:"Dynamics" default:"300" help:"Of velocities and thermostat, K."`
	TemperatureEnd  *float64 `group:"Dynamics" placeholder:"K" help:"Ramp the thermostat to this, K; default no ramp."`
	Timestep        float64  `group:"Dynamics" default:"0.5" help:"Time step, fs."`
	Time            *float64 `group:"Dynamics" placeholder:"PS" help:"Length of the run, ps; default 10."`
	Steps           *int     `group:"Dynamics" placeholder:"N" help:"The same in steps."`
	Equilibrate     float64  `group:"Dynamics" default:"0" help:"csvr so many ps first, before time and trajectory."`
	Relaxation      float64  `group:"Dynamics" default:"100" help:"Relaxation time of csvr and nose-hoover, fs."`
	Friction        float64  `group:"Dynamics" default:"0.002" help:"Friction of langevin, 1/fs."`
	Pressure        *float64 `group:"Dynamics" placeholder:"GPA" help:"Keep this pressure, GPa, not the volume."`
	BarostatTime    float64  `group:"Dynamics" default:"1000" help:"Relaxation time of the volume, fs."`
	Compressibility float64  `group:"Dynamics" default:"0.1" help:"Of the material within a factor of ten, 1/GPa."`
	Cell            string   `group:"Dynamics" default:"iso" enum:"iso,aniso,tri" help:"iso as a whole, aniso x, y, z each, tri angles too."`
	FixedAxes       []string `group:"Dynamics" placeholder:"x,y" help:"Axes along which the cell does not change."`

	Seed uint64 `group:"Dynamics" default:"1" help:"Of velocities and thermostat."`

	Out             string         `group:"Output" default:"." help:"Directory of the output files."`
	Prefix          string         `group:"Output" placeholder:"NAME" help:"Start of their names; default that of run.toml."`
	ThermoEvery     int            `group:"Output" default:"100" help:"Steps between rows of the thermo file."`
	TrajectoryEvery int            `group:"Output" default:"200" help:"Steps between frames; 0 is none."`
	CheckpointEvery int            `group:"Output" default:"10000" help:"Steps between checkpoints; 0 is at the end only."`
	Plot            bool           `group:"Output" default:"true" negatable:"" help:"Draw PREFIX.png at the end."`
	Overwrite       bool           `group:"Output" help:"Replace the files of an earlier run."`
	Restart         restartSetting `group:"Output" placeholder:"CKPT" help:"Continue from this checkpoint; auto or true: from PREFIX.ckpt if it is there."`
	MaxTime         time.Duration  `group:"Output" default:"0s" help:"Stop after this wall time, as 1h30m; 0s is never."`

	MaxTemperature  float64 `group:"Guards" default:"10000" help:"Stop a run that is hotter, K."`
	MaxEnergyChange float64 `group:"Guards" default:"10" help:"Stop if Epot changes by more, eV/atom."`
	MaxCellChange   float64 `group:"Guards" default:"2" help:"Stop if the cell halves or doubles, as factor 2."`
	MaxMove         float64 `group:"Guards" default:"1" help:"Stop if an atom moves further in a step, Å."`
}

// defaultTime is the length of a run that gives none, in ps.
const defaultTime = 10

// resolve checks the settings and fills in what depends on others.
func (s *Settings) resolve(file runFile) error {
	if s.Prefix == "" {
		s.Prefix = file.prefix()
	}
	switch {
	case s.Model == "":
		return fmt.Errorf("no model: want --model FILE or a run file with model = \"FILE\"")
	case s.Structure == "" && s.Restart == "":
		return fmt.Errorf("no structure: want --structure FILE or a run file with structure = \"FILE\"")
	case s.IPI != "" && s.Restart != "":
		return fmt.Errorf("ipi = %q and restart = %q: the run and its restarts are those of i-PI, leave restart out", s.IPI, s.Restart)
	case s.Time != nil && s.Steps != nil:
		return fmt.Errorf("time = %g and steps = %d: want one of them", *s.Time, *s.Steps)
	case s.Frame == 0:
		return fmt.Errorf("frame = 0, want 1 or more from the start, -1 or less from the end")
	case len(s.Repeat) != 3:
		return fmt.Errorf("repeat = %v, want three numbers", s.Repeat)
	case len(s.Boundary) > 0 && len(s.Boundary) != 3:
		return fmt.Errorf("boundary = %v, want three of p and f", s.Boundary)
	case s.Units != "" && s.Units != "metal" && s.Units != "real":
		return fmt.Errorf("units = %q, want metal or real", s.Units)
	case s.Seed > math.MaxInt64:
		return fmt.Errorf("seed = %d, want at most %d, the largest integer of a run file", s.Seed, math.MaxInt64)
	case !(s.MaxCellChange > 1):
		return fmt.Errorf("max_cell_change = %g, want a factor above 1, inf for no limit", s.MaxCellChange)
	case s.Threads < 0:
		return fmt.Errorf("threads = %d, want 1 or more, or 0 for all cores", s.Threads)
	case s.ThermoEvery < 1:
		return fmt.Errorf("thermo_every = %d, want 1 or more", s.ThermoEvery)
	case s.TrajectoryEvery < 0 || s.CheckpointEvery < 0:
		return fmt.Errorf("trajectory_every = %d, checkpoint_every = %d: want 0 or more", s.TrajectoryEvery, s.CheckpointEvery)
	case s.MaxTime < 0:
		return fmt.Errorf("max_time = %v, want a time, or 0s for no limit", s.MaxTime)
	case !(s.Friction >= 0) || math.IsInf(s.Friction, 0):
		return fmt.Errorf("friction = %g, want 0 or more", s.Friction)
	case s.TemperatureEnd != nil && s.Ensemble == "nve":
		return fmt.Errorf("temperature_end = %g has no meaning for ensemble nve", *s.TemperatureEnd)
	case filepath.Base(s.Prefix) != s.Prefix:
		return fmt.Errorf("prefix = %q, want a name without a directory: that is out", s.Prefix)
	}
	if err := s.resolvePressure(); err != nil {
		return err
	}
	if s.IPI != "" {
		if _, _, err := ipi.Network(s.IPI); err != nil {
			return err
		}
	}
	for _, b := range s.Boundary {
		if b != "p" && b != "f" {
			return fmt.Errorf("boundary = %v, want p (periodic) or f (not) each", s.Boundary)
		}
	}
	for _, n := range s.Repeat {
		if n < 1 {
			return fmt.Errorf("repeat = %v, want 1 or more each", s.Repeat)
		}
	}
	for _, p := range []struct {
		name  string
		value float64
	}{
		{"timestep", s.Timestep}, {"relaxation", s.Relaxation}, {"max_move", s.MaxMove},
		{"max_temperature", s.MaxTemperature}, {"max_energy_change", s.MaxEnergyChange},
		{"barostat_time", s.BarostatTime}, {"compressibility", s.Compressibility},
	} {
		// An infinite limit is a guard that is off.
		if !(p.value > 0) || p.name == "timestep" && math.IsInf(p.value, 0) {
			return fmt.Errorf("%s = %g, want a positive number", p.name, p.value)
		}
	}
	if err := s.resolveSteps(); err != nil {
		return err
	}
	for _, stage := range stages(s) {
		if err := stage.stepper.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// resolvePressure checks what belongs to a constant pressure.
func (s *Settings) resolvePressure() error {
	if s.Pressure == nil {
		switch {
		case s.Ensemble == "npt":
			return fmt.Errorf("ensemble = npt without a pressure: want pressure in GPa, 0 for a vacuum or the air")
		case s.Cell != "iso":
			return fmt.Errorf("cell = %q has no meaning without a pressure", s.Cell)
		case len(s.FixedAxes) > 0:
			return fmt.Errorf("fixed_axes = %v has no meaning without a pressure", s.FixedAxes)
		}
		return nil
	}
	switch {
	case s.IPI != "":
		return fmt.Errorf("ipi = %q and pressure = %g: the barostat is that of i-PI, leave pressure out", s.IPI, *s.Pressure)
	case s.Ensemble == "nve":
		return fmt.Errorf("pressure = %g has no meaning for ensemble nve: want npt, langevin or nose-hoover", *s.Pressure)
	}
	for _, axis := range s.FixedAxes {
		if axis != "x" && axis != "y" && axis != "z" {
			return fmt.Errorf("fixed_axes = %v, want some of x, y and z", s.FixedAxes)
		}
	}
	return nil
}

// resolveSteps turns times into steps, so that the effective settings hold a
// number without rounding.
func (s *Settings) resolveSteps() error {
	if s.Steps == nil {
		ps := float64(defaultTime)
		if s.Time != nil {
			ps = *s.Time
		}
		if err := s.checkTime("time", ps); err != nil {
			return err
		}
		s.Steps = new(s.stepsIn(ps))
		s.Time = nil
	}
	if *s.Steps < 0 || *s.Steps > maxSteps {
		return fmt.Errorf("steps = %d, want 0 to %d", *s.Steps, maxSteps)
	}
	return s.checkTime("equilibrate", s.Equilibrate)
}

// maxSteps is more than any run makes, and no number of steps overflows.
const maxSteps = 1000 * math.MaxInt32

func (s *Settings) checkTime(key string, ps float64) error {
	if most := maxSteps * s.Timestep / 1000; !(ps >= 0 && ps <= most) {
		return fmt.Errorf("%s = %g, want 0 to %.3g ps", key, ps, most)
	}
	return nil
}

func (s *Settings) stepsIn(ps float64) int { return int(math.Round(1000 * ps / s.Timestep)) }

// equilibration and total are the steps at which the equilibration and the run
// end.
func (s *Settings) equilibration() int { return s.stepsIn(s.Equilibrate) }
func (s *Settings) total() int         { return s.equilibration() + *s.Steps }

// path returns the output file with the given ending.
func (s *Settings) path(ending string) string { return filepath.Join(s.Out, s.Prefix+ending) }

func (s *Settings) copies() bool { return max(s.Repeat[0], s.Repeat[1], s.Repeat[2]) > 1 }

// draws tells whether the velocities of the structure do not matter. Copies of a cell that
// start with the same ones stay copies, so that auto draws those of a supercell.
func (s *Settings) draws() bool {
	return s.Velocities == "draw" || s.Velocities == "auto" && s.copies()
}

// restartSetting is the path of a checkpoint, "auto", or "" for none.
type restartSetting string

// UnmarshalText takes true and false, in a file also without quotes, for auto
// and none.
func (r *restartSetting) UnmarshalText(text []byte) error {
	switch value := string(text); value {
	case "true":
		*r = "auto"
	case "false":
		*r = ""
	default:
		*r = restartSetting(value)
	}
	return nil
}
