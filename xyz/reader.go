package xyz

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error about the content of a file.
var ErrFormat = errors.New("malformed extended XYZ")

// FormatError says where a file departs from the format, and how.
type FormatError struct {
	File    string // the name given to the Reader
	Frame   int    // counted from 1
	Line    int    // counted from 1
	Column  int    // character in the line, counted from 1
	Problem string // what was expected and what was found
}

// Error returns "xyz: water.xyz: frame 3, line 40, column 12: expected ...".
func (e *FormatError) Error() string {
	file := ""
	if e.File != "" {
		file = e.File + ": "
	}
	return fmt.Sprintf("xyz: %sframe %d, line %d, column %d: %s", file, e.Frame, e.Line, e.Column, e.Problem)
}

// Unwrap returns ErrFormat.
func (e *FormatError) Unwrap() error { return ErrFormat }

const (
	bufferSize = 1 << 17
	// maxLine bounds the memory that a file without line ends can take.
	maxLine = 1 << 24
	// blockValues is the number of values for which a frame has room before its
	// lines have confirmed the number of atoms.
	blockValues = 1 << 20
)

// Reader reads the frames of a stream one by one. It belongs to one goroutine.
type Reader struct {
	source *bufio.Reader
	name   string
	frame  int
	line   int
	text   []byte // of the line, until the next one is read
	long   []byte // a line longer than the buffer of source
	err    error
}

// NewReader returns a Reader of the frames in r. The name stands for r in error
// messages and in Frame.Origin.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{source: bufio.NewReaderSize(r, bufferSize), name: name}
}

// ReadFile returns the first frame of a file. A file without one is an error.
func ReadFile(path string) (*Frame, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("xyz: %w", err)
	}
	defer file.Close()
	frame, err := NewReader(file, path).Read()
	if err == io.EOF {
		return nil, noFrame(path)
	}
	return frame, err
}

// ReadAll returns all frames of a file. A file without one is an error.
func ReadAll(path string) ([]*Frame, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("xyz: %w", err)
	}
	defer file.Close()
	var frames []*Frame
	for frame, err := range NewReader(file, path).All() {
		if err != nil {
			return nil, err
		}
		frames = append(frames, frame)
	}
	if len(frames) == 0 {
		return nil, noFrame(path)
	}
	return frames, nil
}

func noFrame(path string) error {
	return &FormatError{path, 1, 1, 1, "expected the number of atoms, found the end of the file"}
}

// All returns the remaining frames. The iteration ends with the stream or with
// the first error.
func (r *Reader) All() iter.Seq2[*Frame, error] {
	return func(yield func(*Frame, error) bool) {
		for {
			frame, err := r.Read()
			if err == io.EOF || !yield(frame, err) || err != nil {
				return
			}
		}
	}
}

// Read returns the next frame, or io.EOF if there is none. After an error there
// is no next frame, and Read returns the error again.
func (r *Reader) Read() (*Frame, error) {
	if r.err != nil {
		return nil, r.err
	}
	frame, err := r.read()
	if err != nil {
		r.err = r.locate(err)
		return nil, r.err
	}
	return frame, nil
}

func (r *Reader) read() (*Frame, error) {
	atoms, err := r.readCount()
	if err != nil {
		return nil, err
	}
	origin := Origin{r.name, r.frame, r.line}
	comment, err := r.readLine()
	if err == io.EOF {
		return nil, r.endOfFile("the comment line")
	} else if err != nil {
		return nil, err
	}
	h, err := parseHeader(string(comment))
	if err != nil {
		return nil, err
	}
	columns := newColumns(h.fields)
	if err := r.readAtoms(columns, atoms); err != nil {
		return nil, err
	}
	frame := &Frame{Lattice: h.lattice, PBC: h.pbc, Info: h.info, Origin: origin}
	columns.fill(frame)
	return frame, nil
}

// readCount reads the number of atoms. Blank lines are skipped if nothing but
// the end of the file follows them.
func (r *Reader) readCount() (int, error) {
	line, err := r.readLine()
	if err != nil {
		return 0, err
	}
	r.frame++
	if first := r.line; isBlankLine(line) {
		for err == nil && isBlankLine(line) {
			line, err = r.readLine()
		}
		if err != nil {
			return 0, err
		}
		r.line = first
		return 0, problemf(0, "expected the number of atoms, found a blank line")
	}
	at := skipBlanks(line, 0)
	word := token(line, at)
	n, err := strconv.Atoi(string(word))
	rest := skipBlanks(line, at+len(word))
	if err != nil || n < 0 || rest < len(line) {
		return 0, problemf(at, "expected the number of atoms, found %.40q", line[at:])
	}
	return n, nil
}

// readAtoms reads one line per atom.
func (r *Reader) readAtoms(columns *columns, atoms int) error {
	room := 0
	for i := range atoms {
		line, err := r.readLine()
		if err == io.EOF {
			return r.endOfFile(fmt.Sprintf("atom %d of %d", i+1, atoms))
		} else if err != nil {
			return err
		}
		if i == room {
			// Memory follows the lines that were read, not the numbers that a
			// damaged file claims.
			if i == 0 && countTokens(line) != columns.width {
				return wrongCount(line, columns.width)
			}
			room = min(atoms, max(2*room, 1+blockValues/columns.width))
			columns.grow(room)
		}
		if err := columns.scan(line, i); err != nil {
			return err
		}
	}
	return nil
}

// readLine returns the next line without its end. The bytes are valid until the
// next call.
func (r *Reader) readLine() ([]byte, error) {
	line, err := r.source.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		line, err = r.readLong(line)
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	r.line++
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	r.text = line
	return line, nil
}

// readLong continues a line that filled the buffer of the source.
func (r *Reader) readLong(line []byte) ([]byte, error) {
	r.long = append(r.long[:0], line...)
	for {
		more, err := r.source.ReadSlice('\n')
		r.long = append(r.long, more...)
		if err != bufio.ErrBufferFull {
			return r.long, err
		}
		if len(r.long) > maxLine {
			r.line++
			r.text = r.long
			return nil, problemf(0, "the line is longer than %d bytes", maxLine)
		}
	}
}

// endOfFile reports that the stream ended where something was expected.
func (r *Reader) endOfFile(expected string) error {
	r.line++
	r.text = nil
	return problemf(0, "expected %s, found the end of the file", expected)
}

// locate adds the place to what went wrong.
func (r *Reader) locate(err error) error {
	if err == io.EOF {
		return err
	}
	var p *problem
	if !errors.As(err, &p) {
		return fmt.Errorf("xyz: %s: after line %d: %w", r.name, r.line, err)
	}
	column := 1 + utf8.RuneCount(r.text[:min(p.at, len(r.text))])
	return &FormatError{r.name, r.frame, r.line, column, p.text}
}
