package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"ponita/integrator"
	"ponita/internal/replace"
	"ponita/potential"
	"ponita/xyz"
)

// simulation is one run.
type simulation struct {
	set       *Settings
	effective string // the settings as a TOML file
	report    reporter

	model *potential.Model
	calc  *potential.Calculator
	sys   system
	state *integrator.State
	drawn bool        // velocities were drawn
	from  *checkpoint // nil for a new run

	restart string // file of from, "" for a new run

	thermo, trajectory *os.File // nil without a trajectory
	frames             *xyz.Writer
	recent             history
	guard              integrator.Guard

	began     time.Time
	first     int     // step at which this part of the run began
	past      float64 // s, wall time of the parts before
	conserved float64 // eV, at step 0
	signals   chan os.Signal
}

// stopError ends the program with a code of its own.
type stopError struct {
	code   int
	reason string
}

func (e *stopError) Error() string { return e.reason }

// outputError is a file that could not be written: no fault of the dynamics.
type outputError struct{ error }

func (e *outputError) Unwrap() error { return e.error }

// simulate makes the run that the settings describe.
func simulate(set *Settings, effective string, report reporter) (err error) {
	r := &simulation{set: set, effective: effective, report: report, began: time.Now()}
	if r.model, err = loadModel(set.Model); err != nil {
		return err
	}
	if r.restart, err = set.restartPath(); err != nil {
		return err
	}
	if r.restart == "" {
		err = r.startNew()
	} else {
		err = r.startAgain(r.restart)
	}
	if err != nil {
		return err
	}
	if err := r.beginGuard(); err != nil {
		return err
	}
	if err := r.openOutputs(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.closeOutputs()) }()
	r.frames = xyz.NewWriter(r.trajectory)
	if err := r.keepSettings(); err != nil {
		return err
	}
	if err := replace.File(set.path(".effective.toml"), []byte(effective)); err != nil {
		return err
	}
	report.start(r)
	if err := r.begin(); err != nil {
		return err
	}
	return r.finish(r.integrate())
}

// startNew reads the structure and sets the state to step 0.
func (r *simulation) startNew() error {
	if r.set.Structure == "" {
		return fmt.Errorf("no structure, and no checkpoint %s: want one of them", r.set.path(".ckpt"))
	}
	st, err := readStart(r.set)
	if err != nil {
		return err
	}
	for _, note := range st.notes {
		r.report.note("%s", note)
	}
	r.sys, r.drawn = st.system, st.vel == nil
	if err := r.sys.checkPressure(r.set); err != nil {
		return err
	}
	if r.calc, err = newCalculator(r.model, &r.sys, r.set); err != nil {
		return err
	}
	if r.state, err = newState(st, r.calc, r.set); err != nil {
		return err
	}
	r.conserved = r.state.Conserved()
	return nil
}

// startAgain takes everything from a checkpoint.
func (r *simulation) startAgain(path string) error {
	state, c, err := loadCheckpoint(path)
	if err != nil {
		return err
	}
	if err := c.check(path, r.model, r.set); err != nil {
		return err
	}
	r.from = c
	r.state, r.first, r.past, r.conserved = state, state.Step, c.Wall, c.Conserved
	r.sys = system{species: c.Species, pbc: c.PBC, isotope: c.Isotope, origin: path}
	if err := r.sys.checkPressure(r.set); err != nil {
		return err
	}
	if total := r.set.total(); r.first >= total {
		r.report.note("the run has %d steps already, the settings want %d: steps and time count from its start", r.first, total)
	}
	if c.Timestep != 0 && c.Timestep != r.set.Timestep {
		end := r.state.Time + r.set.Timestep*float64(r.set.total()-r.first)
		r.report.note("steps were of %g fs and are of %g fs now: steps count from the start of the run, which ends with step %d at %.4f ps", c.Timestep, r.set.Timestep, r.set.total(), end/1000)
	}
	r.calc, err = newCalculator(r.model, &r.sys, r.set)
	return err
}

// begin writes what a new run writes before its first step, to the files that do not have
// it, and a checkpoint, so that wherever there is output there is one to continue from, which
// tells how long it is.
func (r *simulation) begin() error {
	empty := func(file *os.File) (bool, error) {
		if file == nil {
			return false, nil
		}
		length, err := settled(file)
		return length == 0, err
	}
	newThermo, err := empty(r.thermo)
	if err != nil {
		return err
	}
	newTrajectory, err := empty(r.trajectory)
	if err != nil {
		return err
	}
	if newThermo {
		if err := writeRow(r.thermo, header()); err != nil {
			return err
		}
	}
	if r.first == 0 && newThermo {
		if err := r.writeSample(r.state); err != nil {
			return err
		}
	}
	if r.first == 0 && newTrajectory {
		if err := r.writeFrame(r.state); err != nil {
			return err
		}
	}
	if r.restart == r.set.path(".ckpt") && !newThermo && !newTrajectory {
		return nil // it is there
	}
	return r.save()
}

// beginGuard shows the guard the state that the run begins with, and in a restart also
// the one that the first part began with, but for a cell that does not change any more.
func (r *simulation) beginGuard() error {
	r.guard = integrator.Guard{
		MaxMove: r.set.MaxMove, MaxTemperature: r.set.MaxTemperature, MaxEnergyChange: r.set.MaxEnergyChange,
		MaxCellChange: r.set.MaxCellChange,
	}
	if r.from != nil {
		r.guard.Reference = r.from.Reference
	}
	if r.guard.Reference != nil && r.set.Pressure == nil {
		r.guard.Reference.Lattice = r.state.Lattice
	}
	err := r.guard.Check(r.state)
	if err == nil {
		return nil
	}
	hint := ""
	if r.from == nil && !r.drawn {
		hint = "; are its velocities in Å/fs? Those of LAMMPS in units metal are in Å/ps"
	}
	return fmt.Errorf("%s: %w%s", r.sys.origin, r.explain(err), hint)
}

// integrate makes the steps.
func (r *simulation) integrate() error {
	r.signals = make(chan os.Signal, 1)
	signal.Notify(r.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup wants it
		signal.Notify(r.signals, syscall.SIGHUP)
	}
	defer signal.Stop(r.signals)
	watchers := r.watchers()
	for _, stage := range stages(r.set) {
		steps := stage.until - r.state.Step
		if steps <= 0 {
			continue
		}
		if err := integrator.Run(stage.stepper, r.state, r.calc, steps, watchers...); err != nil {
			return err
		}
	}
	return nil
}

// watchers look at every step: first whether it makes sense, last whether it
// was the last.
func (r *simulation) watchers() []integrator.Watcher {
	r.recent.add(r.state)
	list := []integrator.Watcher{
		r.guard.Check,
		func(s *integrator.State) error { r.recent.add(s); return nil },
		integrator.Every(r.set.ThermoEvery, r.writeSample),
	}
	if n := r.set.TrajectoryEvery; n > 0 {
		list = append(list, integrator.Every(n, r.writeFrame))
	}
	if n := r.set.CheckpointEvery; n > 0 {
		list = append(list, integrator.Every(n, func(*integrator.State) error { return wrapOutput(r.save()) }))
	}
	return append(list, r.interrupted)
}

// interrupted ends the run when a signal or the end of its time has come.
func (r *simulation) interrupted(s *integrator.State) error {
	select {
	case sig := <-r.signals:
		signal.Stop(r.signals) // a second one kills
		// A session that closes sends the first twice, and may end whoever reads the output.
		signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
		return &stopError{128 + int(sig.(syscall.Signal)), fmt.Sprintf("stopped by %s after step %d", sig, s.Step)}
	default:
	}
	if limit := r.set.MaxTime; limit > 0 && time.Since(r.began) >= limit && s.Step < r.set.total() {
		return &stopError{exitTimeLimit, fmt.Sprintf("stopped after %v, max_time, and step %d", limit, s.Step)}
	}
	return nil
}

func (r *simulation) writeSample(state *integrator.State) error {
	row := r.sample()
	r.report.row(row, r.progress())
	return wrapOutput(writeRow(r.thermo, row.text()))
}

// writeFrame adds a state to the trajectory, which begins where the equilibration ends.
func (r *simulation) writeFrame(state *integrator.State) error {
	if r.trajectory == nil || state.Step < r.set.equilibration() {
		return nil
	}
	return wrapOutput(r.frames.Write(newFrame(state, &r.sys)))
}

func wrapOutput(err error) error {
	if err == nil {
		return nil
	}
	return &outputError{err}
}

// sample returns the row of the present state.
func (r *simulation) sample() sample {
	row := observe(r.state, &r.sys)
	row.wall = r.wall()
	if elapsed := time.Since(r.began).Seconds(); elapsed > 0 {
		nanoseconds := float64(r.state.Step-r.first) * r.set.Timestep * 1e-6
		row.rate = nanoseconds / elapsed * 86400
	}
	return row
}

// wall is the time [s] that all parts of the run have taken.
func (r *simulation) wall() float64 { return r.past + time.Since(r.began).Seconds() }
