package replace

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesAWholeFileOrNone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	broken := errors.New("broken")
	half := func(w io.Writer) error {
		io.WriteString(w, "half")
		return broken
	}
	if err := Write(path, half); !errors.Is(err, broken) {
		t.Errorf("error %v, want the body's", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file that failed is there")
	}
	if err := File(path, []byte("before")); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, half); !errors.Is(err, broken) {
		t.Errorf("error %v, want the body's", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "before" {
		t.Errorf("after a failure the file holds %q", text)
	}
	if err := File(path, []byte("after")); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "after" {
		t.Errorf("the file holds %q", text)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("%d files, want one", len(names))
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := File(link, []byte("by the link")); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("the link points to %q: %v", target, err)
	}
	if text, _ := os.ReadFile(path); string(text) != "by the link" {
		t.Errorf("what the link points to holds %q", text)
	}
	if err := File(os.DevNull, []byte("gone")); err != nil {
		t.Errorf("no ordinary file: %v", err)
	}
}
