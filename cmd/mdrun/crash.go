package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ponita/integrator"
	"ponita/internal/version"
	"ponita/xyz"
)

// crash writes what explains a run that left physics to PREFIX.crash and returns
// the error that ends the program. The checkpoint stays the last good one.
func (r *simulation) crash(cause error) error {
	directory := r.set.path(".crash")
	stop := &stopError{exitDiverged, fmt.Sprintf("%v; see %s", r.explain(cause), directory)}
	if err := r.writeBundle(directory, cause); err != nil {
		return errors.Join(stop, fmt.Errorf("the crash bundle is not complete: %w", err))
	}
	return stop
}

// explain adds the element of the atom to blame, the first thing to ask, and
// what to do about a cell.
func (r *simulation) explain(cause error) error {
	e, ok := errors.AsType[*integrator.DivergedError](cause)
	switch {
	case !ok:
		return cause
	case e.Atom >= 0:
		return fmt.Errorf("%w (%s)", cause, xyz.Symbol(r.sys.species[e.Atom]))
	case strings.HasPrefix(e.Quantity, "strain of the cell"), strings.HasPrefix(e.Quantity, "rise of the free energy"):
		return fmt.Errorf("%w: the barostat is too fast, lower compressibility = %g to that of the material or raise barostat_time = %g; or the material does not bear a pressure = %g",
			cause, r.set.Compressibility, r.set.BarostatTime, *r.set.Pressure)
	case strings.HasPrefix(e.Quantity, "growth of the "):
		return fmt.Errorf("%w: evaporation, a pressure = %g too low, or a shape that nothing holds (a liquid needs cell = \"iso\"); raise max_cell_change if the model knows such cells",
			cause, *r.set.Pressure)
	case strings.HasPrefix(e.Quantity, "shrinkage of the "):
		return fmt.Errorf("%w: a pressure = %g too high, a model that has not seen such densities, or a shape that nothing holds (a liquid needs cell = \"iso\"); raise max_cell_change if the model knows such cells",
			cause, *r.set.Pressure)
	}
	return cause
}

func (r *simulation) writeBundle(directory string, cause error) error {
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return err
	}
	message := fmt.Sprintf(`%v

version    %s
model      %s, hash %s
kernel     %s, %s
seed       %s
step       %d of %d

frames.xyz       the steps before, the failed one last if its positions are finite
effective.toml   the settings
last.ckpt        the last checkpoint
`, r.explain(cause), version.String(), r.set.Model, r.model.Hash(), r.calc.KernelName(), r.set.Precision,
		r.seed(), r.state.Step, r.set.total())

	errs := []error{
		os.WriteFile(filepath.Join(directory, "message.txt"), []byte(message), 0o666),
		os.WriteFile(filepath.Join(directory, "effective.toml"), []byte(r.effective), 0o666),
	}
	if data, err := os.ReadFile(r.set.path(".ckpt")); err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, os.WriteFile(filepath.Join(directory, "last.ckpt"), data, 0o666))
	}
	return errors.Join(append(errs, r.writeHistory(filepath.Join(directory, "frames.xyz")))...)
}

func (r *simulation) writeHistory(path string) error {
	frames := r.recent.frames(&r.sys)
	err := xyz.WriteFile(path, append(frames, newFrame(r.state, &r.sys))...)
	if err != nil {
		// What failed may be beyond what a file can say.
		return xyz.WriteFile(path, frames...)
	}
	return nil
}
