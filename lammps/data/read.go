package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"ponita/xyz"
)

// ErrFormat is wrapped by every error about the content of a file.
var ErrFormat = errors.New("unusable LAMMPS data file")

// Options say what a data file leaves open. The zero value is for files that
// have the style of their atoms in "Atoms # full", and boxes periodic in
// all directions.
type Options struct {
	Style    string   // of atoms, where the file does not say: atomic, charge, …
	Units    string   // of velocities, where the title does not say: metal or real
	AtRest   bool     // pass over velocities, whatever their units
	Elements []string // symbols of the types in order; none means by label or mass
	Open     [3]bool  // not periodic along a, b, c
}

// maxLine bounds the memory that a file without line ends can take.
const maxLine = 1 << 20

// ReadFile reads a file.
func ReadFile(path string, options Options) (*xyz.Frame, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer file.Close()
	return Read(file, path, options)
}

// Read reads the file r. The name stands for it in messages and in Frame.Origin.
//
// Errors wrap [ErrFormat] or are those of r; they say file, line, what was found
// and what was wanted.
func Read(r io.Reader, name string, options Options) (*xyz.Frame, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	f := &file{name: name, options: options, lines: lines, types: map[string]int{}, masses: map[int]mass{}}
	for _, part := range []func() error{f.readHeader, f.readSections, f.sort} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return f.frame()
}

// file is a file being read.
type file struct {
	name    string
	options Options

	lines *bufio.Scanner
	line  int    // number of the line
	text  string // of the line, without comment and blanks around it
	note  string // the comment
	again bool   // the line is to be read once more

	box    box
	count  int            // atoms
	kinds  int            // types of atoms
	types  map[string]int // by label
	masses map[int]mass
	atoms  []atom
	moving bool   // there are velocities
	units  string // of the title or the options; "" if neither says
}

// mass is that of a type.
type mass struct {
	amu  float64
	line int
}

// next goes to the next line that says something. At the end of the file it
// returns io.EOF.
func (f *file) next() error {
	if f.again {
		f.again = false
		return nil
	}
	for {
		if err := f.scan(); err != nil {
			return err
		}
		text, note, _ := strings.Cut(f.lines.Text(), "#")
		if f.text, f.note = strings.TrimSpace(text), strings.TrimSpace(note); f.text != "" {
			return nil
		}
	}
}

// scan goes to the next line.
func (f *file) scan() error {
	if f.lines.Scan() {
		f.line++
		return nil
	}
	if err := f.lines.Err(); err == bufio.ErrTooLong {
		f.line++
		return f.wrong("a line of more than %d bytes: is this a text file?", maxLine)
	} else if err != nil {
		return fmt.Errorf("data: %s, after line %d: %w", f.name, f.line, err)
	}
	return io.EOF
}

// wrong is an error about the present line.
func (f *file) wrong(format string, args ...any) error { return f.wrongAt(f.line, format, args...) }

func (f *file) wrongAt(line int, format string, args ...any) error {
	return fmt.Errorf("data: %s:%d: %s: %w", f.name, line, fmt.Sprintf(format, args...), ErrFormat)
}

// skipped are the sections that say nothing about atoms here.
var skipped = words(`Bonds,Angles,Dihedrals,Impropers,CMAP,Bond Type Labels,Angle Type Labels,
	Dihedral Type Labels,Improper Type Labels,Pair Coeffs,PairIJ Coeffs,Bond Coeffs,Angle Coeffs,Dihedral Coeffs,
	Improper Coeffs,BondBond Coeffs,BondAngle Coeffs,MiddleBondTorsion Coeffs,EndBondTorsion Coeffs,
	AngleTorsion Coeffs,AngleAngleTorsion Coeffs,BondBond13 Coeffs,AngleAngle Coeffs`)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		set[strings.Join(strings.Fields(name), " ")] = true
	}
	return set
}

// section returns the reader of a section.
func (f *file) section(name string) (func() error, bool) {
	switch name {
	case "Atoms":
		return f.readAtoms, true
	case "Velocities":
		return f.readVelocities, true
	case "Masses":
		return f.readMasses, true
	case "Atom Type Labels":
		return f.readLabels, true
	}
	return f.skip, skipped[name]
}

// readSections reads everything after the header.
func (f *file) readSections() error {
	seen := map[string]int{}
	for {
		if err := f.next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		name := strings.Join(strings.Fields(f.text), " ")
		read, known := f.section(name)
		if !known {
			return f.wrong("found %.40q, want the name of a section, as Atoms or Velocities: are there more lines than the header counts?", f.text)
		}
		if first, twice := seen[name]; twice {
			return f.wrong("a second section %s, the first is in line %d", name, first)
		}
		seen[name] = f.line
		if err := read(); err != nil {
			return err
		}
	}
	if seen["Atoms"] == 0 {
		return f.wrong("no section Atoms before the end of the file")
	}
	return nil
}

// skip goes to the next section.
func (f *file) skip() error {
	for {
		if err := f.next(); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if _, known := f.section(strings.Join(strings.Fields(f.text), " ")); known {
			f.again = true
			return nil
		}
	}
}

// rows calls read for every one of so many lines of a section.
func (f *file) rows(section string, count int, read func(fields []string) error) error {
	for n := range count {
		err := f.next()
		if err == io.EOF {
			return f.wrong("the file ends, want line %d of %d of section %s", n+1, count, section)
		}
		if err != nil {
			return err
		}
		if _, known := f.section(f.text); known {
			return f.wrong("found section %s, want line %d of %d of section %s", f.text, n+1, count, section)
		}
		if err := read(strings.Fields(f.text)); err != nil {
			return err
		}
	}
	return nil
}
