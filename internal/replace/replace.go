// Package replace writes files that are complete or not there.
package replace

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Write makes a file of what body writes. One that is there is replaced only once the
// new one is on disk: an error, a full disk or a crash leaves it as it was. A path that is
// no ordinary file, such as /dev/stdout, is written to as it is, and what a link points to
// is replaced, not the link.
func Write(path string, body func(io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return finish(file, body, false)
	}
	temporary := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	if err = finish(file, body, true); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		os.Remove(temporary)
		return err
	}
	// The rename is on disk when the directory is. Not every system can sync
	// one, and the file is whole either way, so failure here is no error.
	if directory, err := os.Open(filepath.Dir(path)); err == nil {
		directory.Sync()
		directory.Close()
	}
	return nil
}

// finish writes and closes a file.
func finish(file *os.File, body func(io.Writer) error, sync bool) error {
	buffered := bufio.NewWriter(file)
	err := body(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil && sync {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// File is Write of data.
func File(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
