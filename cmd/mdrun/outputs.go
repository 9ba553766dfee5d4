package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// create opens a new output file. One that is there holds a run that took time.
func create(path string, overwrite bool) (*os.File, error) {
	flag := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if overwrite {
		flag = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, flag, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there from an earlier run: want --restart auto, --overwrite or another --prefix", path)
	}
	return file, err
}

// reopen opens an output file to go on after its first size bytes. What follows
// them was written after the checkpoint and will be computed again.
func reopen(path string, size int64) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() < size {
		err = fmt.Errorf("%s has %d bytes, it had %d at the checkpoint: put it back as it was, or give another --prefix", path, info.Size(), size)
	}
	if err == nil {
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// openOutputs opens the files that grow: new ones, or those of the checkpoint.
func (r *simulation) openOutputs(from *checkpoint) (err error) {
	if err := os.MkdirAll(r.set.Out, 0o777); err != nil {
		return err
	}
	if r.thermo, err = r.open(".thermo.csv", from, func(c *checkpoint) int64 { return c.Thermo }); err != nil {
		return err
	}
	if r.set.TrajectoryEvery > 0 {
		r.trajectory, err = r.open(".traj.xyz", from, func(c *checkpoint) int64 { return c.Trajectory })
	}
	return err
}

func (r *simulation) open(ending string, from *checkpoint, size func(*checkpoint) int64) (*os.File, error) {
	path := r.set.path(ending)
	if from == nil {
		return create(path, r.set.Overwrite)
	}
	// A checkpoint may be continued elsewhere, without the files of its past.
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		r.report.note("%s is not there: it begins at step %d", path, r.state.Step)
		return create(path, false)
	}
	return reopen(path, size(from))
}

func (r *simulation) closeOutputs() error {
	var all []error
	for _, file := range []*os.File{r.thermo, r.trajectory} {
		if file != nil {
			all = append(all, file.Close())
		}
	}
	return errors.Join(all...)
}
