package ipi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"

	"ponita/integrator"
)

// ErrProtocol is wrapped by errors about what a server sends.
var ErrProtocol = errors.New("not the protocol of i-PI")

// Client answers one server.
type Client struct {
	conn   io.ReadWriter
	in     *bufio.Reader
	ff     integrator.ForceField
	begun  bool // INIT came
	ready  bool // there are forces that nobody has fetched
	pos    [][3]float64
	cell   [3][3]float64
	forces [][3]float64
	virial [3][3]float64
	energy float64
	out    []byte
}

// NewClient returns a client on a connection for a number of atoms, in the
// order of the force field.
func NewClient(conn io.ReadWriter, ff integrator.ForceField, atoms int) *Client {
	return &Client{
		conn: conn, in: bufio.NewReaderSize(conn, 1<<16), ff: ff,
		pos: make([][3]float64, atoms), forces: make([][3]float64, atoms),
	}
}

// Serve answers until the server says EXIT or hangs up between two messages,
// which is the end of a run and no error.
func (c *Client) Serve() error {
	for {
		header := make([]byte, headerLength)
		if _, err := io.ReadFull(c.in, header); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("ipi: the server hung up: %w", err)
		}
		name := strings.TrimRight(string(header), " ")
		if name == "EXIT" {
			return nil
		}
		answer, known := map[string]func() error{
			"STATUS": c.status, "INIT": c.init, "POSDATA": c.positions, "GETFORCE": c.result,
		}[name]
		if !known {
			return fmt.Errorf("ipi: the server says %q, want STATUS, INIT, POSDATA, GETFORCE or EXIT: %w", header, ErrProtocol)
		}
		if err := answer(); err != nil {
			return err
		}
	}
}

const headerLength = 12

// status says what the server should do next.
func (c *Client) status() error {
	state := "READY"
	switch {
	case c.ready:
		state = "HAVEDATA"
	case !c.begun:
		state = "NEEDINIT"
	}
	return c.send(fmt.Appendf(c.out[:0], "%-*s", headerLength, state))
}

var batch = regexp.MustCompile(`batch_size:\s*([0-9]+)`)

// init reads parameters, of which a calculation with one model has none.
func (c *Client) init() error {
	const longest = 1 << 20
	var head struct{ Replica, Length int32 }
	if err := c.read(&head); err != nil {
		return err
	}
	if head.Length < 0 || head.Length > longest {
		return fmt.Errorf("ipi: INIT of %d bytes, want 0 to %d: %w", head.Length, longest, ErrProtocol)
	}
	text := make([]byte, head.Length)
	if err := c.read(text); err != nil {
		return err
	}
	if size := batch.FindSubmatch(text); size != nil && string(size[1]) != "1" {
		return fmt.Errorf("ipi: the server wants batches (%q), which are not there: leave out batch_size in <ffsocket>: %w", text, ErrProtocol)
	}
	c.begun = true
	return nil
}

// positions reads a structure and computes it.
func (c *Client) positions() error {
	var head struct {
		Cell, Inverse [3][3]float64
		Atoms         int32
	}
	if err := c.read(&head); err != nil {
		return err
	}
	if int(head.Atoms) != len(c.pos) {
		return fmt.Errorf("ipi: the server sends %d atoms, the structure here has %d: both want the same atoms in the same order: %w",
			head.Atoms, len(c.pos), ErrProtocol)
	}
	if err := c.read(c.pos); err != nil {
		return err
	}
	for i := range c.pos {
		for k := range 3 {
			c.pos[i][k] *= integrator.Bohr
		}
	}
	for a := range 3 {
		for b := range 3 {
			c.cell[a][b] = head.Cell[b][a] * integrator.Bohr
		}
	}
	return c.compute()
}

// compute evaluates the structure. What is not finite must not reach a server:
// it would go on with it.
func (c *Client) compute() (err error) {
	if c.energy, err = c.ff.Compute(c.pos, c.cell, c.forces, &c.virial); err != nil {
		return fmt.Errorf("ipi: %w", err)
	}
	sum := c.energy
	for i, f := range c.forces {
		if of := f[0] + f[1] + f[2]; of-of != 0 {
			return fmt.Errorf("ipi: the force on atom %d is %v eV/Å", i+1, f)
		}
	}
	for _, row := range c.virial {
		sum += row[0] + row[1] + row[2]
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("ipi: the energy is %g eV, the virial %v eV", c.energy, c.virial)
	}
	c.ready = true
	return nil
}

// result sends what was computed.
func (c *Client) result() error {
	if !c.ready {
		return fmt.Errorf("ipi: the server says GETFORCE before POSDATA: %w", ErrProtocol)
	}
	number := func(x float64) { c.out = binary.LittleEndian.AppendUint64(c.out, math.Float64bits(x)) }
	c.out = fmt.Appendf(c.out[:0], "%-*s", headerLength, "FORCEREADY")
	number(c.energy / integrator.Hartree)
	c.out = binary.LittleEndian.AppendUint32(c.out, uint32(len(c.forces)))
	for _, f := range c.forces {
		for k := range 3 {
			number(f[k] * integrator.Bohr / integrator.Hartree)
		}
	}
	for a := range 3 {
		for b := range 3 {
			number(c.virial[b][a] / integrator.Hartree)
		}
	}
	c.out = binary.LittleEndian.AppendUint32(c.out, 0)
	c.ready = false
	return c.send(c.out)
}

func (c *Client) send(message []byte) error {
	c.out = message
	if _, err := c.conn.Write(message); err != nil {
		return fmt.Errorf("ipi: the server hung up: %w", err)
	}
	return nil
}

// read reads what follows a header.
func (c *Client) read(into any) error {
	if err := binary.Read(c.in, binary.LittleEndian, into); err != nil {
		return fmt.Errorf("ipi: the server hung up within a message: %w", err)
	}
	return nil
}
