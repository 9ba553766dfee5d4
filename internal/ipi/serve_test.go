package ipi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ponita/integrator"
)

// springs hold atoms at the origin with 2 eV/Å², and stretch a cell in a way that
// has no symmetry.
type springs struct{ seen [][3][3]float64 }

func (s *springs) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (energy float64, err error) {
	s.seen = append(s.seen, lattice)
	for i, x := range pos {
		for k := range 3 {
			energy += x[k] * x[k]
			forces[i][k] = -2 * x[k]
		}
	}
	*virial = [3][3]float64{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}
	return energy, nil
}

// message is a header and what follows it.
func message(header string, parts ...any) []byte {
	var b bytes.Buffer
	b.WriteString(header + strings.Repeat(" ", headerLength-len(header)))
	for _, part := range parts {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// The cell of the tests in bohr, its vectors in columns.
var columns = [3][3]float64{{10, 1, 2}, {0, 20, 3}, {0, 0, 30}}

func posdata(pos ...float64) []byte {
	return message("POSDATA", columns, columns, int32(len(pos)/3), pos)
}

// pipe is a connection on which everything the server says is there already.
type pipe struct {
	io.Reader
	bytes.Buffer
}

func (p *pipe) Read(b []byte) (int, error) { return p.Reader.Read(b) }

// conversation sends messages to a client of atoms and returns its answers.
func conversation(ff integrator.ForceField, atoms int, messages ...[]byte) (answers []byte, err error) {
	p := &pipe{Reader: bytes.NewReader(bytes.Join(messages, nil))}
	err = NewClient(p, ff, atoms).Serve()
	return p.Bytes(), err
}

// The numbers are CODATA 2022, written out.
func TestConversationHasTheMessagesAndUnits(t *testing.T) {
	const bohr, hartree = 0.529177210544, 27.211386245981
	ff := new(springs)
	status := message("STATUS")
	init := message("INIT", int32(3), int32(5), []byte("a : 1"))
	// i-PI sends POSDATA and GETFORCE at once or asks in between, and EXIT.
	answers, err := conversation(ff, 2, status, init, status, posdata(1, 0, 0, 0, 2, 0), status, message("GETFORCE"), status,
		posdata(0, 0, 0, 0, 0, 3), message("GETFORCE"), message("EXIT"), []byte("never read"))
	if err != nil {
		t.Fatal(err)
	}
	force := func(x float64) float64 { return -2 * x * bohr * bohr / hartree }
	virial := [9]float64{1, 4, 7, 2, 5, 8, 3, 6, 9}
	for k := range virial {
		virial[k] /= hartree
	}
	want := bytes.Join([][]byte{
		message("NEEDINIT"), message("READY"), message("HAVEDATA"),
		message("FORCEREADY", 5*bohr*bohr/hartree, int32(2), [6]float64{force(1), 0, 0, 0, force(2), 0}, virial, int32(0)),
		message("READY"),
		message("FORCEREADY", 9*bohr*bohr/hartree, int32(2), [6]float64{0, 0, 0, 0, 0, force(3)}, virial, int32(0)),
	}, nil)
	if len(answers) != len(want) {
		t.Fatalf("%d bytes, want %d\n%q\n%q", len(answers), len(want), answers, want)
	}
	const numbers = 3*headerLength + headerLength
	if !bytes.Equal(answers[:numbers], want[:numbers]) {
		t.Errorf("answers %q, want %q", answers[:numbers], want[:numbers])
	}
	const reply = 8 + 4 + 6*8 + 9*8 + 4 // energy, atoms, forces, virial, nothing more
	if next := answers[numbers+reply:][:headerLength]; !bytes.Equal(next, message("READY")) {
		t.Errorf("after the forces it is %q, want READY: they are those of the positions before", next)
	}
	got, expected := floats(answers[numbers:numbers+8]), floats(want[numbers:numbers+8])
	got = append(got, floats(answers[numbers+12:numbers+12+15*8])...)
	expected = append(expected, floats(want[numbers+12:numbers+12+15*8])...)
	for k := range got {
		if math.Abs(got[k]-expected[k]) > 1e-11*(1+math.Abs(expected[k])) { // eleven digits of the hartree
			t.Errorf("number %d is %.15g, want %.15g", k, got[k], expected[k])
		}
	}
	lattice := [3][3]float64{{10, 0, 0}, {1, 20, 0}, {2, 3, 30}}
	for a := range 3 {
		for b := range 3 {
			if d := math.Abs(ff.seen[0][a][b] - lattice[a][b]*bohr); d > 1e-11 {
				t.Errorf("lattice vector %d is %v, want %v bohr", a+1, ff.seen[0][a], lattice[a])
			}
		}
	}
}

func floats(b []byte) (v []float64) {
	for ; len(b) >= 8; b = b[8:] {
		v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return v
}

func TestServerThatHangsUpBetweenMessagesIsDone(t *testing.T) {
	if _, err := conversation(new(springs), 1, message("STATUS")); err != nil {
		t.Error(err)
	}
}

func TestWhatAServerDoesWrongIsNamed(t *testing.T) {
	nan := posdata(math.NaN(), 0, 0)
	for _, c := range []struct {
		messages []byte
		want     string
		is       error
	}{
		{message("HELLO"), `ipi: the server says "HELLO       ", want STATUS, INIT, POSDATA, GETFORCE or EXIT`, ErrProtocol},
		{message("GETFORCE"), "ipi: the server says GETFORCE before POSDATA", ErrProtocol},
		{posdata(1, 2, 3, 4, 5, 6), "ipi: the server sends 2 atoms, the structure here has 1: both want the same atoms in the same order", ErrProtocol},
		{message("POSDATA", columns, columns, int32(-1)), "ipi: the server sends -1 atoms", ErrProtocol},
		{message("INIT", int32(0), int32(-7)), "ipi: INIT of -7 bytes, want 0 to 1048576", ErrProtocol},
		{message("INIT", int32(0), int32(14), []byte("batch_size: 16")), `ipi: the server wants batches ("batch_size: 16")`, ErrProtocol},
		{posdata(1, 2, 3)[:100], "ipi: the server hung up within a message", io.ErrUnexpectedEOF},
		{[]byte("STA"), "ipi: the server hung up", io.ErrUnexpectedEOF},
		{nan, "ipi: the force on atom 1 is [NaN", nil},
	} {
		answers, err := conversation(new(springs), 1, c.messages)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		if len(answers) > 0 {
			t.Errorf("%s: answers %q", c.want, answers)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range [][3]string{
		{"localhost:31415", "tcp", "localhost:31415"}, {"[::1]:1", "tcp", "[::1]:1"},
		{"unix:driver", "unix", "/tmp/ipi_driver"}, {"unix:/run/x", "unix", "/run/x"},
		{"localhost"}, {"unix:"}, {""}, {"localhost:"},
	} {
		network, place, err := Network(c[0])
		if network != c[1] || place != c[2] || (err != nil) != (c[1] == "") {
			t.Errorf("%q is %s %s, %v", c[0], network, place, err)
		}
	}
}

func TestDialWaitsForTheServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	go func() {
		time.Sleep(100 * time.Millisecond)
		if l, err := net.Listen("unix", path); err == nil {
			defer l.Close()
			l.Accept()
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	waits := 0
	waiting := func() { waits++ }
	conn, err := Dial(ctx, "unix:"+path, waiting)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if waits != 1 {
		t.Errorf("said %d times that it waits", waits)
	}
	ctx, cancel = context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, "unix:"+path+"nowhere", waiting); err == nil || !strings.Contains(err.Error(), "start i-PI first") {
		t.Error(err)
	}
}

// TestDialDoesNotWaitForAHostThatDoesNotExist: the names under invalid never do, RFC 6761.
func TestDialDoesNotWaitForAHostThatDoesNotExist(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := Dial(ctx, "host.invalid:31415", func() {})
	if e, ok := errors.AsType[*net.DNSError](err); ok && !e.IsNotFound {
		t.Skip("no name server here: ", err)
	}
	if err == nil || !strings.Contains(err.Error(), `is the address "host.invalid:31415" that of i-PI?`) || ctx.Err() != nil {
		t.Error(err)
	}
}

// FuzzServe: whatever a server sends, there is an end and an error or none.
func FuzzServe(f *testing.F) {
	f.Add(bytes.Join([][]byte{message("STATUS"), posdata(1, 2, 3), message("GETFORCE")}, nil))
	f.Add(message("INIT", int32(0), int32(4), []byte("text")))
	f.Fuzz(func(t *testing.T, sent []byte) { conversation(new(springs), 1, sent) })
}
