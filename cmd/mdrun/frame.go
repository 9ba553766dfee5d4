package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"ponita/lammps/data"
	"ponita/xyz"
)

//go:embed demo/acac.xyz
var demoStructure []byte

// readStructure returns the frame to start from, of extended XYZ or of a LAMMPS
// data file.
func readStructure(s *Settings) (*xyz.Frame, error) {
	source, err := open(s.Structure)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	text := bufio.NewReaderSize(source, longestTitle)
	lammps, err := isData(s.Structure, text)
	if err != nil {
		return nil, err
	}
	if !lammps {
		if len(s.Elements) > 0 || s.AtomStyle != "" || len(s.Boundary) > 0 || s.Units != "" {
			return nil, fmt.Errorf("%s is extended XYZ: elements, atom_style, boundary and units are for LAMMPS data files", s.Structure)
		}
		return readFrame(text, s.Structure, s.Frame)
	}
	if s.Frame != 1 && s.Frame != -1 {
		return nil, fmt.Errorf("%s has 1 frame, frame = %d is none of them", s.Structure, s.Frame)
	}
	options := data.Options{Style: s.AtomStyle, Units: s.Units, AtRest: s.draws(), Elements: s.Elements}
	for k, b := range s.Boundary {
		options.Open[k] = b != "p"
	}
	return data.Read(text, s.Structure, options)
}

// longestTitle is how much of a file isData looks at.
const longestTitle = 1 << 10

// isData tells a data file, whose first line is a title, from extended XYZ,
// whose first line is a number, and takes nothing away: the file may be a pipe. Names
// that end in .xyz or .extxyz are what they say.
func isData(path string, text *bufio.Reader) (bool, error) {
	start, err := text.Peek(longestTitle)
	if err != nil && err != io.EOF {
		return false, err
	}
	if bytes.HasPrefix(start, []byte("\x1f\x8b")) {
		return false, fmt.Errorf("%s is compressed: want --structure <(gunzip -c %[1]s)", path)
	}
	switch filepath.Ext(path) {
	case ".xyz", ".extxyz":
		return false, nil
	}
	line, _, _ := bytes.Cut(start, []byte("\n"))
	_, err = strconv.Atoi(string(bytes.TrimSpace(line)))
	return err != nil, nil
}

func open(path string) (io.ReadCloser, error) {
	if path == builtin {
		return io.NopCloser(bytes.NewReader(demoStructure)), nil
	}
	if err := unknownBuiltin(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// readFrame returns frame n of an extended XYZ file: 1 is the first, -1 the last.
func readFrame(source io.Reader, path string, n int) (*xyz.Frame, error) {
	// From the end, only the frames that may be the one are kept.
	var last []*xyz.Frame
	count := 0
	for frame, err := range xyz.NewReader(source, path).All() {
		if err != nil {
			return nil, err
		}
		if count++; count == n {
			return frame, nil
		}
		if last = append(last, frame); len(last) > max(-n, 1) {
			last = slices.Delete(last, 0, 1)
		}
	}
	if n < 0 && count >= -n {
		return last[0], nil
	}
	return nil, fmt.Errorf("%s has %d frames, frame = %d is none of them", path, count, n)
}
