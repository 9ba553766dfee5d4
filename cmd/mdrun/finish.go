package main

import (
	"errors"
	"fmt"

	"ponita/xyz"
)

// finish writes what a run leaves behind, whichever way it ended, and returns
// how the program ends.
func (r *simulation) finish(ended error) error {
	stop, stopped := errors.AsType[*stopError](ended)
	if output, ok := errors.AsType[*outputError](ended); ok {
		return output.error
	}
	if ended != nil && !stopped {
		ended = r.crash(ended)
	} else if err := r.leave(); err != nil {
		return err
	}
	if stopped {
		stop.reason += fmt.Sprintf("; to continue: mdrun %s --restart auto", r.set.path(".effective.toml"))
	}
	samples, err := readThermo(r.set.path(".thermo.csv"))
	if err != nil {
		return errors.Join(ended, err)
	}
	if r.set.Plot {
		// A run is not lost with its picture, but nobody should look for it.
		if err := r.draw(samples); err != nil {
			r.report.note("no picture: %v", err)
		}
	}
	r.report.end(r, summarize(samples, r))
	return ended
}

// leave writes the last checkpoint and the final structure.
func (r *simulation) leave() error {
	if err := r.save(); err != nil {
		return err
	}
	return xyz.WriteFile(r.set.path(".final.xyz"), newFrame(r.state, &r.sys))
}
