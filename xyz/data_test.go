package xyz

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestPublicDataSetsRoundTrip reads every file of the data sets that lie beside
// the repository, finds their labels, and writes and reads them again.
func TestPublicDataSetsRoundTrip(t *testing.T) {
	const root = "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the data sets are not here: %v", err)
	}
	var paths []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".xyz" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files below %s: %v", root, err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { roundTrip(t, path) })
	}
}

func roundTrip(t *testing.T, path string) {
	frames, err := ReadAll(path)
	if err != nil {
		t.Fatal(err)
	}
	var census Census
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, f := range frames {
		census.Add(f)
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	labeling, err := census.Choose(LabelKeys{Energy: "energy"})
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(&b, path)
	for i, want := range frames {
		if _, err := labeling.Of(want); err != nil {
			t.Fatal(err)
		}
		got, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("frame %d: got %+v, want %+v", i+1, got, want)
		}
	}
	t.Logf("\n%s", &census)
}
