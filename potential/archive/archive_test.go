package archive

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ponita/potential"
	"ponita/potential/internal/h5"
)

func testModel() *potential.Model {
	c := potential.Config{Species: []int{1, 8}, Cutoff: 4, Channels: 8, Layers: 2, Hidden: 8}.WithDefaults()
	embedded := potential.NewEmbeddedAtom(2)
	embedded.Root[1] = 0.25
	return &potential.Model{
		Config: c, ReferenceEnergies: []float64{-13.5, -2035.25}, Scale: []float64{1.5, 2},
		Repulsion:  potential.NewRepulsion(c.Species, [][]float64{{1.5, 0.9}, {0.9, 2.4}}, c.Cutoff),
		Embedded:   embedded,
		Binding:    potential.Binding{Energy: []float64{-2.1, -3.4}, Company: []float64{2.5, 4}},
		Weights:    c.Initialize(rand.New(rand.NewPCG(1, 2))),
		Provenance: potential.Provenance{Version: "test", Settings: "epochs = 3\n", Errors: map[string]float64{"force_rmse_meV_per_A": 40}},
	}
}

// TestModelFileIsHDF5AndImage saves a model with weights in full float64 and
// rounded to float32, reads it back through the image, and opens the same file
// as HDF5.
func TestModelFileIsHDF5AndImage(t *testing.T) {
	for _, round := range []bool{false, true} {
		m := testModel()
		if round {
			for k, v := range m.Weights {
				m.Weights[k] = float64(float32(v))
			}
		}
		path := filepath.Join(t.TempDir(), "m.h5")
		if err := Save(path, m); err != nil {
			t.Fatal(err)
		}
		back, err := potential.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(back.Weights, m.Weights) || back.ReferenceEnergies[1] != -2035.25 || back.Binding.Company[1] != 4 || back.Embedded.Root[1] != 0.25 || back.Provenance.Settings != m.Provenance.Settings {
			t.Error("the model read back is not the one saved")
		}
		f, err := h5.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, s, err := f.Int64s("species"); err != nil || !slices.Equal(s, []int64{1, 8}) {
			t.Errorf("species in HDF5: %v, %v", s, err)
		}
		if s, err := f.String("training/settings"); err != nil || s != "epochs = 3\n" {
			t.Errorf("settings in HDF5: %q, %v", s, err)
		}
		if !round {
			shape, w, err := f.Float64s("weights/layers.1.w1")
			if err != nil || !slices.Equal(shape, []int{8, 32}) {
				t.Fatalf("weights in HDF5: %v, %v", shape, err)
			}
			for _, tensor := range m.Config.Layout().Tensors {
				if tensor.Name == "layers.1.w1" && !slices.Equal(w, m.Weights[tensor.Offset:tensor.Offset+tensor.Len()]) {
					t.Error("weights in HDF5 differ")
				}
			}
		}
		f.Close()
	}
}

// TestDamagedModelFileIsRefused flips every byte of a small file in turn, and
// cuts it off at every length: all give an error, none a crash.
func TestDamagedModelFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.h5")
	if err := Save(path, testModel()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stride := 1
	if len(data) > 2000 {
		stride = len(data) / 2000
	}
	for k := 0; k < len(data); k += stride {
		data[k] ^= 0x10
		if _, err := potential.Decode(data); err == nil {
			t.Fatalf("byte %d changed and nobody noticed", k)
		}
		data[k] ^= 0x10
		if _, err := potential.Decode(data[:k]); err == nil {
			t.Fatalf("cut off after %d bytes and nobody noticed", k)
		}
	}
	if _, err := potential.Decode(data); err != nil {
		t.Fatal(err)
	}
}

// TestModelFileHasNoClock saves one model twice, a second apart: a resumed
// training must end in the same bytes as an uninterrupted one.
func TestModelFileHasNoClock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.h5")
	var files [2][]byte
	for k := range files {
		if err := Save(path, testModel()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[k] = data
		if k == 0 {
			time.Sleep(1100 * time.Millisecond) // HDF5 times have whole seconds
		}
	}
	if !slices.Equal(files[0], files[1]) {
		t.Error("the same model saved twice gives different bytes")
	}
}
