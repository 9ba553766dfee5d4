package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ponita/internal/lock"
)

// create opens a new output file. One that is there holds a run that took time.
func create(path string, overwrite bool) (*os.File, error) {
	flag := os.O_RDWR | os.O_CREATE
	if !overwrite {
		flag |= os.O_EXCL
	}
	file, err := os.OpenFile(path, flag, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, earlier(path)
	}
	if err != nil {
		return nil, err
	}
	return take(file, 0)
}

func earlier(path string) error {
	return fmt.Errorf("%s is there from an earlier run: want --restart auto, --overwrite or another --prefix", path)
}

// reopen opens an output file to go on after its first size bytes. What follows
// them was written after the checkpoint and will be computed again.
func reopen(path string, size int64) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	return take(file, size)
}

// take locks a file, so that no second process writes to it, and cuts it to size bytes.
func take(file *os.File, size int64) (*os.File, error) {
	info, err := file.Stat()
	if err == nil && lock.Held(file) {
		err = fmt.Errorf("another mdrun writes %s: wait for its end, or give another --prefix", file.Name())
	}
	if err == nil && info.Size() < size {
		err = fmt.Errorf("%s has %d bytes, it had %d at the checkpoint: put it back as it was, or give another --prefix", file.Name(), info.Size(), size)
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
func (r *simulation) openOutputs() (err error) {
	if err := os.MkdirAll(r.set.Out, 0o777); err != nil {
		return err
	}
	// These are not created but replaced as a whole.
	for _, ending := range []string{".ckpt", ".final.xyz"} {
		if _, err := os.Stat(r.set.path(ending)); err == nil && !r.set.Overwrite && !r.goesOn() {
			return earlier(r.set.path(ending))
		}
	}
	if r.thermo, err = r.open(".thermo.csv", func(c *checkpoint) int64 { return c.Thermo }); err != nil {
		return err
	}
	if r.set.Overwrite && !r.goesOn() {
		if err := r.removeEarlier(); err != nil {
			return err
		}
	}
	if r.set.TrajectoryEvery == 0 {
		return nil
	}
	if r.trajectory, err = r.open(".traj.xyz", func(c *checkpoint) int64 { return c.Trajectory }); err != nil {
		// The file before is not that of a run if it was made just now.
		length, _ := settled(r.thermo)
		r.thermo.Close()
		if length == 0 {
			os.Remove(r.set.path(".thermo.csv"))
		}
	}
	return err
}

// keepSettings keeps those of the part before as PREFIX.effective.1.toml, 2 and so on, where a
// run goes on with others.
func (r *simulation) keepSettings() error {
	if !r.goesOn() {
		return nil
	}
	before, err := os.ReadFile(r.set.path(".effective.toml"))
	if errors.Is(err, fs.ErrNotExist) || string(before) == r.effective {
		return nil
	}
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		kept := r.set.path(fmt.Sprintf(".effective.%d.toml", n))
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			return os.WriteFile(kept, before, 0o666)
		} else if err != nil {
			return err
		}
	}
}

// removeEarlier removes what an earlier run left and this one may not write again. A
// structure to start from stays until there is another.
func (r *simulation) removeEarlier() error {
	start, err := os.Stat(r.set.Structure)
	for _, ending := range []string{".traj.xyz", ".final.xyz", ".ckpt", ".png", ".crash"} {
		path := r.set.path(ending)
		if there, err2 := os.Stat(path); err == nil && err2 == nil && os.SameFile(start, there) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	for n := 1; ; n++ { // see keepSettings
		if err := os.Remove(r.set.path(fmt.Sprintf(".effective.%d.toml", n))); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// goesOn tells whether the outputs go on with those of the checkpoint: whether that is
// PREFIX.ckpt of the same place, a copy beside it such as PREFIX.ckpt.bak, or that of a
// crash. (PREFIX.hot.ckpt is one of another run, PREFIX.hot.)
func (r *simulation) goesOn() bool {
	here, err := filepath.Abs(r.set.path(""))
	there, err2 := filepath.Abs(r.restart)
	if r.from == nil || errors.Join(err, err2) != nil {
		return false
	}
	rest, ours := strings.CutPrefix(there, here)
	return ours && (rest == ".ckpt" || strings.HasPrefix(rest, ".ckpt.") || strings.HasPrefix(rest, filepath.FromSlash(".crash/")))
}

func (r *simulation) open(ending string, size func(*checkpoint) int64) (*os.File, error) {
	path := r.set.path(ending)
	if r.from == nil {
		return create(path, r.set.Overwrite)
	}
	// A checkpoint may be continued elsewhere, without the files of its past.
	_, err := os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if missing {
		r.report.note("%s is not there: it begins at step %d", path, r.state.Step)
	}
	if missing || !r.goesOn() || size(r.from) == 0 {
		return create(path, r.set.Overwrite)
	}
	return reopen(path, max(size(r.from), 0))
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
