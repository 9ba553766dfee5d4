package potential

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// A model file is an HDF5 file whose user block carries the run-time image.
// What inference needs is in the image, flat and little-endian, and read
// without the HDF5 library:
//
//	offset  bytes
//	     0      8  magic "PONITA\r\n"
//	     8      4  format version, see below
//	    12      4  bytes per weight, 4 or 8
//	    16      8  length of the user block (a power of two, at least 512)
//	    24      8  length of the header
//	    32      8  number of weights
//	    40      8  length of the HDF5 part
//	    48     32  SHA-256 of the HDF5 part
//	    80     32  SHA-256 of the image, with these 32 bytes zero
//	   112         header: JSON; then the weights; zeros to the end of the block
//
// Both sums are verified before anything is parsed.
//
// The version says what the fields of the header mean. It rises with every field
// that is added, goes or is taken in another sense, so that a program reads a file
// as it was meant or refuses it; testdata/header has the fields of each, and a
// test compares them. Earlier versions are read in their own sense:
//
//	1  config.norm_epsilon may be missing, and is 1e-5 then
//	2  the fields of 1; config.activation may be missing, and is "gelu" then
//	3  config.activation is there
//	4  the fields of 3; provenance.start may be there
//	5  the fields of 4; config.mixing may be missing, and is "pointwise" then
//	6  the fields of 5; config.parabola may be there, and is a number
//	7  config.radial may be missing, and is "common" then; config.parabola may be there, and is a list
//	8  the fields of 7; embedded may be there
const (
	imageMagic   = "PONITA\r\n"
	imageVersion = 8
	imageHeader  = 112
	maxImage     = 1 << 32
)

// ErrFormat is wrapped by the error for a file that is not a model, is damaged,
// or is of a later version.
var ErrFormat = errors.New("not a readable model file")

// header is the JSON part of an image.
type header struct {
	Config            Config       `json:"config"`
	ReferenceEnergies []float64    `json:"reference_energies"` // E0 in eV: [species]
	Scale             []float64    `json:"scale"`              // eV: [species]
	Repulsion         Repulsion    `json:"repulsion"`
	Binding           Binding      `json:"binding,omitzero"`
	Embedded          EmbeddedAtom `json:"embedded,omitzero"`
	Provenance        Provenance   `json:"provenance"`
}

// Load reads a model file.
func Load(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Decode reads a model from the bytes of a model file.
func Decode(data []byte) (*Model, error) {
	fail := func(format string, args ...any) (*Model, error) {
		return nil, fmt.Errorf("potential: "+format+": %w", append(args, ErrFormat)...)
	}
	if len(data) < imageHeader || string(data[:8]) != imageMagic {
		return fail("no run-time image at the start of the file")
	}
	le := binary.LittleEndian
	version := le.Uint32(data[8:])
	if version < 1 || version > imageVersion {
		return fail("format version %d, this program reads versions 1 to %d", version, imageVersion)
	}
	size, block, head, count, rest := le.Uint32(data[12:]), le.Uint64(data[16:]), le.Uint64(data[24:]), le.Uint64(data[32:]), le.Uint64(data[40:])
	if (size != 4 && size != 8) || max(block, head, count, rest) > maxImage ||
		imageHeader+head+uint64(size)*count > block || block+rest != uint64(len(data)) {
		return fail("the file has %d bytes, its header tells of %d: cut off or altered", len(data), block+rest)
	}
	image := bytes.Clone(data[:block])
	clear(image[80:112])
	sum := sha256.Sum256(image)
	if !bytes.Equal(sum[:], data[80:112]) {
		return fail("the checksum of the run-time image is wrong: the file is damaged")
	}
	if sum := sha256.Sum256(data[block:]); !bytes.Equal(sum[:], data[48:80]) {
		return fail("the checksum of the HDF5 part is wrong: the file is damaged")
	}
	var h header
	dec := json.NewDecoder(bytes.NewReader(image[imageHeader : imageHeader+head]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return fail("header: %v", err)
	}
	m := &Model{
		Config: h.Config, ReferenceEnergies: h.ReferenceEnergies, Scale: h.Scale,
		Repulsion: h.Repulsion, Binding: h.Binding, Embedded: h.Embedded, Provenance: h.Provenance,
		Weights: make([]float64, count), hash: hex.EncodeToString(sum[:16]),
	}
	if version == 1 && m.Config.NormEpsilon == 0 {
		m.Config.NormEpsilon = 1e-5 // whatever the default is by now
	}
	if version < 3 && m.Config.Activation == "" {
		m.Config.Activation = GELU
	}
	if m.Config.Mixing == "" {
		m.Config.Mixing = Pointwise
	}
	if m.Config.Radial == "" {
		m.Config.Radial = Common
	}
	flat := image[imageHeader+head:]
	for k := range m.Weights {
		if size == 4 {
			m.Weights[k] = float64(math.Float32frombits(le.Uint32(flat[4*k:])))
		} else {
			m.Weights[k] = math.Float64frombits(le.Uint64(flat[8*k:]))
		}
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFormat)
	}
	return m, nil
}

// Encode writes a model file whose HDF5 part is archive, as made by package
// archive. Weights are stored as float32 where that loses nothing, else as
// float64.
func (m *Model) Encode(w io.Writer, archive []byte) error {
	if err := m.Validate(); err != nil {
		return err
	}
	head, err := json.Marshal(header{m.Config, m.ReferenceEnergies, m.Scale, m.Repulsion, m.Binding, m.Embedded, m.Provenance})
	if err != nil {
		return fmt.Errorf("potential: header: %w", err)
	}
	size := 4
	for _, v := range m.Weights {
		if float64(float32(v)) != v {
			size = 8
			break
		}
	}
	block := 512
	for block < imageHeader+len(head)+size*len(m.Weights) {
		block *= 2
	}
	le := binary.LittleEndian
	image := make([]byte, 0, block)
	image = append(image, imageMagic...)
	image = le.AppendUint32(image, imageVersion)
	image = le.AppendUint32(image, uint32(size))
	for _, n := range []int{block, len(head), len(m.Weights), len(archive)} {
		image = le.AppendUint64(image, uint64(n))
	}
	sum := sha256.Sum256(archive)
	image = append(image, sum[:]...)
	image = append(image, make([]byte, 32)...)
	image = append(image, head...)
	for _, v := range m.Weights {
		if size == 4 {
			image = le.AppendUint32(image, math.Float32bits(float32(v)))
		} else {
			image = le.AppendUint64(image, math.Float64bits(v))
		}
	}
	image = image[:block]
	sum = sha256.Sum256(image)
	copy(image[80:], sum[:])
	if _, err := w.Write(image); err != nil {
		return err
	}
	_, err = w.Write(archive)
	return err
}
