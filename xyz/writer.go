package xyz

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ponita/internal/replace"
)

// Writer writes frames to a stream. It belongs to one goroutine.
type Writer struct {
	out    io.Writer
	frames int
	buffer []byte
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{out: w} }

// WriteFile creates or replaces a file that holds the frames. An existing one stays as it
// was if there is an error.
func WriteFile(path string, frames ...*Frame) error {
	return replace.Write(path, func(out io.Writer) error {
		w := NewWriter(out)
		for _, frame := range frames {
			if err := w.Write(frame); err != nil {
				return err
			}
		}
		return nil
	})
}

// Write writes one frame, in a single call of the underlying writer: a run that
// is killed leaves whole frames behind it. A frame that could not be read back
// as it is (columns of wrong length, a species that is no element, positions or
// values that are not finite) is an error, and nothing of it is written.
func (w *Writer) Write(frame *Frame) error {
	w.frames++
	b, err := appendFrame(w.buffer[:0], frame)
	w.buffer = b
	if err == nil {
		_, err = w.out.Write(b)
	}
	if err != nil {
		return fmt.Errorf("xyz: write frame %d: %w", w.frames, err)
	}
	return nil
}

func appendFrame(b []byte, frame *Frame) ([]byte, error) {
	columns, err := outputColumns(frame)
	if err != nil {
		return b, err
	}
	b = strconv.AppendInt(b, int64(len(frame.Species)), 10)
	b = append(b, '\n')
	if b, err = appendHeader(b, frame, columns); err != nil {
		return b, err
	}
	b = append(b, '\n')
	for i := range frame.Species {
		for c := range columns {
			if c > 0 {
				b = append(b, ' ')
			}
			if b, err = columns[c].append(b, i); err != nil {
				return b, err
			}
		}
		b = append(b, '\n')
	}
	return b, nil
}

// appendHeader appends the comment line.
func appendHeader(b []byte, frame *Frame, columns []outputColumn) ([]byte, error) {
	if err := checkCell(frame.Lattice, frame.PBC); err != nil {
		return b, err
	}
	if l := frame.Lattice; l != [3][3]float64{} {
		b = append(b, keyLattice+"=\""...)
		for i := range 9 {
			b = append(appendFloat(b, l[i/3][i%3]), ' ')
		}
		b[len(b)-1] = '"'
		b = append(b, ' ')
	}
	b = append(b, keyProperties...)
	for i, c := range columns {
		b = append(b, "=:"[min(i, 1)])
		b = append(b, c.String()...)
	}
	seen := make(map[string]bool, len(frame.Info))
	for _, e := range frame.Info {
		if e.Key == "" || ownName(e.Key) != "" || seen[e.Key] {
			return b, fmt.Errorf("the key %q is empty, reserved or used twice", e.Key)
		}
		seen[e.Key] = true
		var err error
		if b, err = appendPair(append(b, ' '), e); err != nil {
			return b, fmt.Errorf("key %q: %w", e.Key, err)
		}
	}
	b = append(b, " "+keyPBC+"=\""...)
	for _, periodic := range frame.PBC {
		b = append(appendBool(b, periodic), ' ')
	}
	b[len(b)-1] = '"'
	return b, nil
}

func appendPair(b []byte, e Entry) (_ []byte, err error) {
	if isBare(e.Key) {
		b = append(b, e.Key...)
	} else if b, err = appendText(b, e.Key); err != nil {
		return b, err
	}
	return appendValue(append(b, '='), e.Value)
}

// outputColumn is one entry of Properties and the function that appends the
// values of one atom.
type outputColumn struct {
	field
	append func(b []byte, atom int) ([]byte, error)
}

// outputColumns returns the columns of the frame in the order of the line.
func outputColumns(frame *Frame) ([]outputColumn, error) {
	atoms := len(frame.Species)
	if len(frame.Pos) != atoms {
		return nil, fmt.Errorf("%d species, but %d positions", atoms, len(frame.Pos))
	}
	var columns []outputColumn
	placed := make(map[string]bool, len(frame.Columns))
	for _, c := range frame.Columns {
		next, err := outputColumnOf(frame, c)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		if placed[c.Name] {
			return nil, fmt.Errorf("column %q occurs twice", c.Name)
		}
		placed[c.Name] = true
		columns = append(columns, next)
	}
	if !placed[columnPos] {
		columns = append([]outputColumn{positions(frame)}, columns...)
	}
	if !placed[columnSpecies] && !placed[columnZ] {
		columns = append([]outputColumn{species(frame)}, columns...)
	}
	return columns, nil
}

func outputColumnOf(frame *Frame, c Column) (outputColumn, error) {
	switch c.Name {
	case columnSpecies, columnZ, columnPos:
		if c.Data != nil {
			return outputColumn{}, errors.New("its data belongs in Species or Pos")
		}
	}
	switch c.Name {
	case columnSpecies:
		return species(frame), nil
	case columnZ:
		return atomicNumbers(frame), nil
	case columnPos:
		return positions(frame), nil
	}
	if !isColumnName(c.Name) {
		return outputColumn{}, errors.New("the name cannot stand in Properties")
	}
	atoms := len(frame.Species)
	switch data := c.Data.(type) {
	case []string:
		return flatOutput(c, kindString, data, atoms, appendWord)
	case []int:
		return flatOutput(c, kindInt, data, atoms, func(b []byte, n int) ([]byte, error) {
			return strconv.AppendInt(b, int64(n), 10), nil
		})
	case []bool:
		return flatOutput(c, kindBool, data, atoms, func(b []byte, v bool) ([]byte, error) {
			return appendBool(b, v), nil
		})
	case []float64:
		if c.Width == 3 {
			return outputColumn{}, errors.New("three reals per atom are [][3]float64")
		}
		return flatOutput(c, kindReal, data, atoms, func(b []byte, x float64) ([]byte, error) {
			return appendFloat(b, x), nil
		})
	case [][3]float64:
		if len(data) != atoms || c.Width != 0 && c.Width != 3 {
			return outputColumn{}, fmt.Errorf("%d vectors of width %d for %d atoms", len(data), c.Width, atoms)
		}
		return outputColumn{field{c.Name, kindReal, 3}, func(b []byte, atom int) ([]byte, error) {
			return appendVector3(b, data[atom]), nil
		}}, nil
	}
	return outputColumn{}, fmt.Errorf("data of type %T cannot be written", c.Data)
}

func flatOutput[T any](c Column, k kind, data []T, atoms int, appendOne func([]byte, T) ([]byte, error)) (outputColumn, error) {
	width := max(c.Width, 1)
	if c.Width < 0 || len(data) != atoms*width {
		return outputColumn{}, fmt.Errorf("%d values of width %d for %d atoms", len(data), c.Width, atoms)
	}
	return outputColumn{field{c.Name, k, width}, func(b []byte, atom int) (_ []byte, err error) {
		for i, value := range data[atom*width : (atom+1)*width] {
			if i > 0 {
				b = append(b, ' ')
			}
			if b, err = appendOne(b, value); err != nil {
				return b, fmt.Errorf("column %q, atom %d: %w", c.Name, atom+1, err)
			}
		}
		return b, nil
	}}, nil
}

func species(frame *Frame) outputColumn {
	return outputColumn{field{columnSpecies, kindString, 1}, func(b []byte, atom int) ([]byte, error) {
		symbol := Symbol(frame.Species[atom])
		if symbol == "" {
			return b, notAnElement(frame, atom)
		}
		return append(b, symbol...), nil
	}}
}

func atomicNumbers(frame *Frame) outputColumn {
	return outputColumn{field{columnZ, kindInt, 1}, func(b []byte, atom int) ([]byte, error) {
		if Symbol(frame.Species[atom]) == "" {
			return b, notAnElement(frame, atom)
		}
		return strconv.AppendInt(b, int64(frame.Species[atom]), 10), nil
	}}
}

func notAnElement(frame *Frame, atom int) error {
	return fmt.Errorf("atom %d: %d is not the atomic number of an element", atom+1, frame.Species[atom])
}

func positions(frame *Frame) outputColumn {
	return outputColumn{field{columnPos, kindReal, 3}, func(b []byte, atom int) ([]byte, error) {
		for _, x := range frame.Pos[atom] {
			if !finite(x) {
				return b, fmt.Errorf("atom %d: the position %v is not finite", atom+1, frame.Pos[atom])
			}
		}
		return appendVector3(b, frame.Pos[atom]), nil
	}}
}

func appendVector3(b []byte, v [3]float64) []byte {
	b = append(appendFloat(b, v[0]), ' ')
	b = append(appendFloat(b, v[1]), ' ')
	return appendFloat(b, v[2])
}

// appendWord appends a string of a column, which has no quotes.
func appendWord(b []byte, word string) ([]byte, error) {
	if word == "" || strings.ContainsFunc(word, unicode.IsSpace) || !utf8.ValidString(word) {
		return b, fmt.Errorf("%q cannot stand in a column", word)
	}
	return append(b, word...), nil
}
