package xyz

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// columns parses atom lines and collects their values.
type columns struct {
	all        []column // one per entry of Properties
	width      int      // values in a line
	species, z *flat[int]
}

// column stores one property of all atoms.
type column interface {
	field() field
	// grow makes room for the given number of atoms.
	grow(atoms int)
	// scan reads the values of one atom from line[at:] and returns the index
	// after them.
	scan(line []byte, at, atom int) (int, error)
	// data returns what Column.Data holds.
	data() any
}

func newColumns(fields []field) *columns {
	c := &columns{}
	for _, f := range fields {
		c.width += f.width
		c.all = append(c.all, c.newColumn(f))
	}
	return c
}

func (c *columns) newColumn(f field) column {
	switch {
	case f.name == columnSpecies:
		c.species = &flat[int]{of: f, scanOne: scanSymbol}
		return c.species
	case f.name == columnZ:
		c.z = &flat[int]{of: f, scanOne: scanAtomicNumber}
		return c.z
	case f.kind == kindReal && f.width == 3:
		return &vectors{of: f, mustBeFinite: f.name == columnPos}
	case f.kind == kindReal:
		return &flat[float64]{of: f, scanOne: scanReal}
	case f.kind == kindInt:
		return &flat[int]{of: f, scanOne: scanInt}
	case f.kind == kindBool:
		return &flat[bool]{of: f, scanOne: scanBool}
	}
	return &flat[string]{of: f, scanOne: scanString}
}

// grow makes room for the given number of atoms.
func (c *columns) grow(atoms int) {
	for _, column := range c.all {
		column.grow(atoms)
	}
}

// scan reads the line of one atom.
func (c *columns) scan(line []byte, atom int) error {
	at := 0
	for _, column := range c.all {
		end, err := column.scan(line, at, atom)
		if err != nil {
			// A line with too few or too many values tells more than the first
			// value that does not fit.
			if countTokens(line) != c.width {
				return wrongCount(line, c.width)
			}
			return err
		}
		at = end
	}
	if at = skipBlanks(line, at); at < len(line) {
		return wrongCount(line, c.width)
	}
	if c.species != nil && c.z != nil && c.species.values[atom] != c.z.values[atom] {
		return problemf(0, "expected species and Z of one element, found %s and %d",
			Symbol(c.species.values[atom]), c.z.values[atom])
	}
	return nil
}

// fill moves the values into the frame.
func (c *columns) fill(frame *Frame) {
	// Nearly every file starts its lines with species and pos, and so does every
	// frame made in memory: their place need not be remembered.
	usual := c.z == nil && c.all[0].field().name == columnSpecies && c.all[1].field().name == columnPos
	for i, column := range c.all {
		f := column.field()
		entry := Column{Name: f.name}
		switch f.name {
		case columnSpecies, columnZ:
			frame.Species = column.data().([]int)
		case columnPos:
			frame.Pos = column.data().([][3]float64)
		default:
			entry.Width = f.width
			entry.Data = column.data()
		}
		if i >= 2 || !usual {
			frame.Columns = append(frame.Columns, entry)
		}
	}
}

// flat stores the values as [atom][width].
type flat[T any] struct {
	of      field
	values  []T
	scanOne func(line []byte, at int) (value T, end int, err error)
}

func (c *flat[T]) field() field { return c.of }
func (c *flat[T]) data() any    { return c.values }

func (c *flat[T]) grow(atoms int) {
	c.values = append(c.values, make([]T, atoms*c.of.width-len(c.values))...)
}

func (c *flat[T]) scan(line []byte, at, atom int) (int, error) {
	for k := range c.of.width {
		value, end, err := c.scanOne(line, skipBlanks(line, at))
		if err != nil {
			return at, err
		}
		c.values[atom*c.of.width+k] = value
		at = end
	}
	return at, nil
}

// vectors stores three reals per atom.
type vectors struct {
	of           field
	values       [][3]float64
	mustBeFinite bool
}

func (c *vectors) field() field { return c.of }
func (c *vectors) data() any    { return c.values }

func (c *vectors) grow(atoms int) {
	c.values = append(c.values, make([][3]float64, atoms-len(c.values))...)
}

func (c *vectors) scan(line []byte, at, atom int) (int, error) {
	v := &c.values[atom]
	for k := range v {
		at = skipBlanks(line, at)
		x, end, err := scanReal(line, at)
		if err != nil {
			return at, err
		}
		if c.mustBeFinite && !finite(x) {
			return at, problemf(at, "expected a finite coordinate, found %q", line[at:end])
		}
		v[k] = x
		at = end
	}
	return at, nil
}

func scanReal(line []byte, at int) (float64, int, error) {
	x, end, ok := scanFloat(line, at)
	if ok && (end == len(line) || isBlank(line[end])) {
		return x, end, nil
	}
	return scanNonFinite(line, at)
}

// scanNonFinite reads what C, Fortran and Python print for values that are no
// numbers.
func scanNonFinite(line []byte, at int) (float64, int, error) {
	word := token(line, at)
	end := at + len(word)
	switch strings.ToLower(string(word)) {
	case "nan", "+nan", "-nan":
		return math.NaN(), end, nil
	case "inf", "+inf", "infinity", "+infinity":
		return math.Inf(1), end, nil
	case "-inf", "-infinity":
		return math.Inf(-1), end, nil
	}
	return 0, at, problemf(at, "expected a real number, found %.40q", word)
}

func scanInt(line []byte, at int) (int, int, error) {
	word := token(line, at)
	n, err := strconv.Atoi(string(word))
	if err != nil {
		return 0, at, problemf(at, "expected an integer, found %.40q", word)
	}
	return n, at + len(word), nil
}

func scanBool(line []byte, at int) (bool, int, error) {
	word := token(line, at)
	value, ok := parseBool(string(word))
	if !ok {
		return false, at, problemf(at, "expected T or F, found %.40q", word)
	}
	return value, at + len(word), nil
}

func scanString(line []byte, at int) (string, int, error) {
	word := token(line, at)
	if !utf8.Valid(word) {
		return "", at, problemf(at, "expected a string in UTF-8, found %.40q", word)
	}
	return string(word), at + len(word), nil
}

func scanSymbol(line []byte, at int) (int, int, error) {
	word := token(line, at)
	z := atomicNumber(word)
	if z == 0 {
		return 0, at, problemf(at, "expected the symbol of an element, found %.40q", word)
	}
	return z, at + len(word), nil
}

func scanAtomicNumber(line []byte, at int) (int, int, error) {
	z, end, err := scanInt(line, at)
	if err == nil && Symbol(z) == "" {
		err = problemf(at, "expected an atomic number from 1 to %d, found %d", len(symbolOf)-1, z)
	}
	return z, end, err
}

func wrongCount(line []byte, want int) error {
	return problemf(len(line), "expected %d columns, found %d", want, countTokens(line))
}

func countTokens(line []byte) int {
	n := 0
	for at := skipBlanks(line, 0); at < len(line); at = skipBlanks(line, at) {
		at += len(token(line, at))
		n++
	}
	return n
}

// token returns the characters from line[at] to the next blank.
func token(line []byte, at int) []byte {
	end := at
	for end < len(line) && !isBlank(line[end]) {
		end++
	}
	return line[at:end]
}

// skipBlanks returns the index of the first character from line[at] that is no
// blank. Padded columns are why it takes eight at a time.
func skipBlanks(line []byte, at int) int {
	for at+8 <= len(line) {
		const spaces = 0x2020202020202020
		n := bits.TrailingZeros64(binary.LittleEndian.Uint64(line[at:])^spaces) / 8
		at += n
		if n < 8 {
			break
		}
	}
	for at < len(line) && isBlank(line[at]) {
		at++
	}
	return at
}

func isBlankLine(line []byte) bool { return skipBlanks(line, 0) == len(line) }
