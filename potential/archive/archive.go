// Package archive writes model files: the HDF5 part that people open with h5py
// and other tools, behind the run-time image that inference reads. It is apart
// from package potential so that programs which only run a model do not link
// the HDF5 library.
package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"ponita/internal/replace"
	"ponita/potential"
	"ponita/potential/internal/h5"
)

// Save writes the model to path, atomically: an existing file is replaced only
// once the new one is complete.
//
// Layout of the HDF5 part: /config (JSON), /weights/NAME (float32 or float64,
// [in][out], named as in the layout), /species (atomic numbers),
// /reference_energies and /scale (eV), /grid/orientations and /grid/weights,
// /training/… (JSON of the provenance, the run file, log.csv), /units.
func Save(path string, m *potential.Model) error {
	if err := m.Validate(); err != nil {
		return err
	}
	dir, base := filepath.Split(path)
	part, err := os.CreateTemp(dir, base+".*.h5part")
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	part.Close()
	defer os.Remove(part.Name())
	if err := writeHDF5(part.Name(), m); err != nil {
		return err
	}
	data, err := os.ReadFile(part.Name())
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	var file bytes.Buffer
	if err := m.Encode(&file, data); err != nil {
		return fmt.Errorf("archive: %s: %w", path, err)
	}
	if err := replace.File(path, file.Bytes()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

func writeHDF5(path string, m *potential.Model) (err error) {
	f, err := h5.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	// try runs the writes in order until one fails.
	try := func(e error) {
		if err == nil {
			err = e
		}
	}
	text := func(name string, v any) {
		data, e := json.MarshalIndent(v, "", " ")
		try(e)
		try(f.WriteString(name, string(data)))
	}
	c := m.Config
	text("config", c)
	species := make([]int64, len(c.Species))
	for k, z := range c.Species {
		species[k] = int64(z)
	}
	n := len(species)
	try(f.WriteInt64s("species", []int{n}, species))
	try(f.WriteFloat64s("reference_energies", []int{n}, m.ReferenceEnergies))
	try(f.WriteFloat64s("scale", []int{n}, m.Scale))
	var flat []float64
	for _, o := range c.Grid.Orientations {
		flat = append(flat, o[:]...)
	}
	try(f.WriteFloat64s("grid/orientations", []int{len(flat) / 3, 3}, flat))
	try(f.WriteFloat64s("grid/weights", []int{len(c.Grid.Weights)}, c.Grid.Weights))
	text("repulsion", m.Repulsion)
	text("binding", m.Binding)
	text("embedded", m.Embedded)
	text("units", map[string]string{
		"energy": "eV", "length": "angstrom", "force": "eV/angstrom", "virial": "eV", "stress": "eV/angstrom^3, positive in tension",
	})
	for _, t := range c.Layout().Tensors {
		try(writeTensor(f, "weights/"+t.Name, t.Shape, m.Weights[t.Offset:t.Offset+t.Len()]))
	}
	p := m.Provenance
	try(f.WriteString("training/settings", p.Settings))
	try(f.WriteString("training/log", p.Log))
	p.Settings, p.Log = "", ""
	text("training/provenance", p)
	return err
}

// writeTensor stores weights as float32 where that loses nothing.
func writeTensor(f *h5.File, name string, shape []int, w []float64) error {
	single := make([]float32, len(w))
	for k, v := range w {
		single[k] = float32(v)
		if float64(single[k]) != v {
			return f.WriteFloat64s(name, shape, w)
		}
	}
	return f.WriteFloat32s(name, shape, single)
}
