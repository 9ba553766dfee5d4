package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ponita/integrator"
	"ponita/internal/version"
	"ponita/potential"
)

// checkpoint is what a restart needs beside the state: the system, what must
// not change, and how long the output files were.
type checkpoint struct {
	Version       string  `json:"version"`
	Model         string  `json:"model"` // hash
	Precision     string  `json:"precision"`
	Species       []int   `json:"species"`
	PBC           [3]bool `json:"pbc"`
	Isotope       bool    `json:"isotope"`
	Timestep      float64 `json:"timestep"`      // fs; 0 in files of earlier versions
	Equilibration int     `json:"equilibration"` // steps
	Total         int     `json:"total"`         // steps
	Conserved     float64 `json:"conserved"`     // eV, at step 0
	Wall          float64 `json:"wall"`          // s
	Thermo        int64   `json:"thermo"`        // bytes
	Trajectory    int64   `json:"trajectory"`    // bytes; 0 without a file, -1 of one without a frame

	// Reference is that of the guard; nil in files of earlier versions.
	Reference *integrator.Reference `json:"reference"`
}

// restartPath returns the checkpoint to continue from, "" for a new run.
func (s *Settings) restartPath() (string, error) {
	if s.Restart != "auto" {
		return string(s.Restart), nil
	}
	path := s.path(".ckpt")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	return path, nil
}

func loadCheckpoint(path string) (*integrator.State, *checkpoint, error) {
	state, extra, err := integrator.LoadRestart(path)
	if err != nil {
		return nil, nil, err
	}
	c := new(checkpoint)
	if err := json.Unmarshal(extra, c); err != nil {
		return nil, nil, fmt.Errorf("%s is not a checkpoint of mdrun: %w", path, err)
	}
	if len(c.Species) != len(state.Pos) {
		return nil, nil, fmt.Errorf("%s has %d species for %d atoms: %w", path, len(c.Species), len(state.Pos), integrator.ErrDamaged)
	}
	return state, c, nil
}

// check refuses what would not continue the run but begin another one.
func (c *checkpoint) check(path string, m *potential.Model, s *Settings) error {
	const instead = "start a new run with the final frame as --structure instead"
	switch {
	case c.Model != m.Hash():
		return fmt.Errorf("%s belongs to model %s, %s is %s: %s", path, c.Model, s.Model, m.Hash(), instead)
	case c.Precision != s.Precision:
		return fmt.Errorf("%s was computed in %s, precision is %s: %s", path, c.Precision, s.Precision, instead)
	case c.Equilibration != s.equilibration():
		return fmt.Errorf("%s equilibrates for %d steps, the settings want %d: %s", path, c.Equilibration, s.equilibration(), instead)
	case s.TemperatureEnd != nil && c.Total != s.total():
		return fmt.Errorf("%s ramps the temperature over %d steps, the settings want %d: %s", path, c.Total, s.total(), instead)
	}
	return nil
}

// save writes the checkpoint. The files it tells the length of reach the disk
// first, so that after a crash of the machine they are at least that long.
func (r *simulation) save() error {
	c := checkpoint{
		Version: version.String(), Model: r.model.Hash(), Precision: r.set.Precision,
		Species: r.sys.species, PBC: r.sys.pbc, Isotope: r.sys.isotope,
		Timestep: r.set.Timestep, Equilibration: r.set.equilibration(), Total: r.set.total(),
		Conserved: r.conserved, Reference: r.guard.Reference, Wall: r.wall(),
	}
	var err error
	if c.Thermo, err = settled(r.thermo); err != nil {
		return err
	}
	switch {
	case r.trajectory != nil:
		if c.Trajectory, err = settled(r.trajectory); err != nil {
			return err
		}
		if c.Trajectory == 0 {
			c.Trajectory = -1 // the equilibration is not over: the file is that of this run
		}
	case r.goesOn():
		c.Trajectory = r.from.Trajectory // a later part may go on with it
	}
	extra, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return integrator.SaveRestart(r.set.path(".ckpt"), r.state, extra)
}

// settled forces a file to disk and returns its length.
func settled(file *os.File) (int64, error) {
	if err := file.Sync(); err != nil {
		return 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
