package integrator

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"ponita/internal/replace"
)

var (
	// ErrDamaged is a restart file that is not what was written: cut short,
	// changed, or no restart file at all.
	ErrDamaged = errors.New("damaged restart file")

	// ErrVersion is a restart file of a format this program does not know.
	ErrVersion = errors.New("unknown restart format")
)

// A restart file is little-endian: magic, version, fixed, masses, positions,
// velocities, forces, the chain's positions and velocities, the noise stream,
// the caller's bytes, and the SHA-256 of all before it. Numbers are stored as
// the bits they are.
const (
	restartMagic   = "ponita restart\r\n" // the line end shows a transfer in text mode
	restartVersion = 1
)

// fixed is the part of a restart file whose size does not depend on the system.
type fixed struct {
	Step       int64
	Time       float64
	Lattice    [3][3]float64
	Energy     float64
	Virial     [3][3]float64
	DOF        int64
	BathEnergy float64

	// Lengths of what follows.
	Atoms, Links, Noise, Extra uint64
}

// SaveRestart writes the state to path, and extra for the caller to have back:
// settings, a hash of the model, the length of a trajectory. The file replaces
// one that is there only when it is complete and on disk, so a crash at any
// moment leaves the old one or the new one.
func SaveRestart(path string, s *State, extra []byte) error {
	data, err := encodeRestart(s, extra)
	if err != nil {
		return fmt.Errorf("integrator: %w", err)
	}
	if err := replace.File(path, data); err != nil {
		return fmt.Errorf("integrator: restart: %w", err)
	}
	return nil
}

// LoadRestart returns the state and the extra bytes that SaveRestart wrote. The
// forces are part of the file and are not evaluated again. It fails with
// ErrDamaged or ErrVersion.
func LoadRestart(path string) (*State, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("integrator: restart: %w", err)
	}
	s, extra, err := decodeRestart(data)
	if err != nil {
		return nil, nil, fmt.Errorf("integrator: %s: %w", path, err)
	}
	return s, extra, nil
}

func encodeRestart(s *State, extra []byte) ([]byte, error) {
	if err := s.validate(); err != nil {
		return nil, fmt.Errorf("restart not written: %w", err)
	}
	var noise []byte
	if s.Noise != nil {
		var err error
		if noise, err = s.Noise.MarshalBinary(); err != nil {
			return nil, err
		}
	}
	var data bytes.Buffer
	data.WriteString(restartMagic)
	for _, part := range []any{
		uint32(restartVersion),
		fixed{
			Step: int64(s.Step), Time: s.Time, Lattice: s.Lattice, Energy: s.Energy, Virial: s.Virial,
			DOF: int64(s.DOF), BathEnergy: s.BathEnergy,
			Atoms: uint64(len(s.Pos)), Links: uint64(len(s.Chain.Position)),
			Noise: uint64(len(noise)), Extra: uint64(len(extra)),
		},
		s.Masses, s.Pos, s.Vel, s.Forces, s.Chain.Position, s.Chain.Velocity, noise, extra,
	} {
		if err := binary.Write(&data, binary.LittleEndian, part); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(data.Bytes())
	data.Write(sum[:])
	return data.Bytes(), nil
}

func decodeRestart(data []byte) (*State, []byte, error) {
	if !bytes.HasPrefix(data, []byte(restartMagic)) {
		return nil, nil, fmt.Errorf("does not start as a restart file: %w", ErrDamaged)
	}
	body := data[len(restartMagic):]
	if len(body) < 4 {
		return nil, nil, fmt.Errorf("%d bytes, ends before the version: %w", len(data), ErrDamaged)
	}
	// The version comes before the checksum, so that a later format may end in
	// another one and still be recognised.
	if version := binary.LittleEndian.Uint32(body); version != restartVersion {
		return nil, nil, fmt.Errorf("version %d, this program reads %d: %w", version, restartVersion, ErrVersion)
	}
	var head fixed
	body = body[4:]
	if len(body) < binary.Size(head)+sha256.Size {
		return nil, nil, fmt.Errorf("%d bytes, ends before the first atom: %w", len(data), ErrDamaged)
	}
	body = body[:len(body)-sha256.Size]
	sum := sha256.Sum256(data[:len(data)-sha256.Size])
	if !bytes.Equal(sum[:], data[len(data)-sha256.Size:]) {
		return nil, nil, fmt.Errorf("checksum does not match: %w", ErrDamaged)
	}
	size, _ := binary.Decode(body, binary.LittleEndian, &head)
	return restore(&head, body[size:])
}

// restore fills a state from head and the arrays that follow it.
func restore(head *fixed, body []byte) (*State, []byte, error) {
	// Each length is compared with what is there before any is multiplied, so
	// that no length can overflow or ask for memory the file does not have.
	have := uint64(len(body))
	if head.Atoms > have || head.Links > have || head.Noise > have || head.Extra > have ||
		head.Atoms*(8+3*24)+head.Links*16+head.Noise+head.Extra != have {
		return nil, nil, fmt.Errorf("%d atoms, %d links, %d and %d bytes do not fill %d bytes: %w",
			head.Atoms, head.Links, head.Noise, head.Extra, have, ErrDamaged)
	}
	s := &State{
		Step: int(head.Step), Time: head.Time, Lattice: head.Lattice, Energy: head.Energy, Virial: head.Virial,
		DOF: int(head.DOF), BathEnergy: head.BathEnergy,
		Masses: make([]float64, head.Atoms),
		Pos:    make([][3]float64, head.Atoms),
		Vel:    make([][3]float64, head.Atoms),
		Forces: make([][3]float64, head.Atoms),
	}
	if head.Links > 0 {
		s.Chain = Chain{make([]float64, head.Links), make([]float64, head.Links)}
	}
	noise, extra := make([]byte, head.Noise), make([]byte, head.Extra)
	for _, part := range []any{
		s.Masses, s.Pos, s.Vel, s.Forces, s.Chain.Position, s.Chain.Velocity, noise, extra,
	} {
		size, err := binary.Decode(body, binary.LittleEndian, part)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", err, ErrDamaged)
		}
		body = body[size:]
	}
	if len(noise) > 0 {
		s.Noise = new(Stream)
		if err := s.Noise.UnmarshalBinary(noise); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", err, ErrDamaged)
		}
	}
	if err := s.validate(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, ErrDamaged)
	}
	return s, extra, nil
}
