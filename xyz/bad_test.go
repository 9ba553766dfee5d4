package xyz

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMalformedFiles reads every file of testdata/bad. The message expected
// stands beside it.
func TestMalformedFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.xyz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in testdata/bad: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".xyz"), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(path, ".xyz") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			_, err = ReadAll(path)
			if err == nil || err.Error() != strings.TrimSpace(string(want)) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			var format *FormatError
			if !errors.Is(err, ErrFormat) || !errors.As(err, &format) || format.File != path {
				t.Errorf("%v is not a FormatError of the file", err)
			}
		})
	}
}
