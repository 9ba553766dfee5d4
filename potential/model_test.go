package potential

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"ponita/potential/potentialtest"
)

// testModel is an untrained model with random readout: unphysical, but generic.
func testModel(c Config) *Model {
	c.Species = []int{1, 8}
	c = c.WithDefaults()
	rng := rand.New(rand.NewPCG(2, 3))
	w := c.Initialize(rng)
	for k := range w {
		w[k] += 0.1 * rng.NormFloat64()
	}
	embedded := NewEmbeddedAtom(2)
	for _, a := range embedded.Coefficients() {
		*a = 2 * (rng.Float64() - 0.2)
	}
	return &Model{
		Config: c, ReferenceEnergies: []float64{-13.6, -430}, Scale: []float64{0.7, 1.1},
		Repulsion: NewRepulsion(c.Species, [][]float64{{1.4, 0.9}, {0.9, 2}}, c.Cutoff), Weights: w,
		Binding:  Binding{Energy: []float64{-2.1, -3.4}, Company: []float64{2.5, 4}}, // some of the atoms lack company
		Embedded: embedded,
	}
}

func TestModelPhysics(t *testing.T) {
	small := Config{Cutoff: 4, Channels: 8, Hidden: 8, Layers: 2, MeanNeighbors: 12}
	fine := small
	fine.Grid, fine.Degree = Icosahedral32(), 3
	for name, c := range map[string]Config{"12 orientations": small, "32 orientations": fine} {
		m := testModel(c)
		t.Run(name, func(t *testing.T) {
			potentialtest.Run(t, potentialtest.Potential{
				New: func(species []int, pbc [3]bool) (potentialtest.Calculator, error) {
					return m.Calculator(species, pbc, DoublePrecision())
				},
				Species: m.Config.Species, Cutoff: m.Config.Cutoff,
				Isolated: func(z int) float64 {
					k, _ := m.Kinds([]int{z})
					return m.ReferenceEnergies[k[0]]
				},
			})
		})
	}
}

// TestSinglePrecisionFollowsDouble bounds the rounding of features and weights:
// 1e-4 eV/Å rms is far below any model's error.
func TestSinglePrecisionFollowsDouble(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 16, Layers: 3, MeanNeighbors: 12})
	rng := rand.New(rand.NewPCG(4, 5))
	const n = 24
	species, pos := make([]int, n), make([][3]float64, n)
	for i := range pos {
		species[i] = m.Config.Species[i%2]
		pos[i] = [3]float64{2*float64(i%3) + 0.3*rng.Float64(), 2*float64(i/3%3) + 0.3*rng.Float64(), 2*float64(i/9) + 0.3*rng.Float64()}
	}
	var forces [2][][3]float64
	var energy [2]float64
	for k, options := range [][]Option{{DoublePrecision()}, nil} {
		c, err := m.Calculator(species, [3]bool{}, options...)
		if err != nil {
			t.Fatal(err)
		}
		forces[k] = make([][3]float64, n)
		var virial [3][3]float64
		if energy[k], err = c.Compute(pos, [3][3]float64{}, forces[k], &virial); err != nil {
			t.Fatal(err)
		}
	}
	sum := 0.
	for i := range n {
		d := sub(forces[0][i], forces[1][i])
		sum += dot(d, d)
	}
	if rms := math.Sqrt(sum / (3 * n)); rms > 1e-4 {
		t.Errorf("float32 forces are %.1e eV/Å rms off those in float64, want below 1e-4", rms)
	}
	if d := math.Abs(energy[0] - energy[1]); d > 1e-4*n {
		t.Errorf("float32 energy is %.1e eV off that in float64", d)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Hidden: 8, Layers: 2})
	c, err := m.Calculator([]int{1, 8, 1}, [3]bool{})
	if err != nil {
		t.Fatal(err)
	}
	pos, forces := [][3]float64{{0, 0, 0}, {1, 0, 0}, {1.2, 1, 0}}, make([][3]float64, 3)
	var virial [3][3]float64
	step := func() {
		pos[0][0] += 1e-4
		if _, err := c.Compute(pos, [3][3]float64{}, forces, &virial); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(50, step); n != 0 {
		t.Errorf("a step allocates %v times, want never", n)
	}
}

// TestRepulsionCoversShortDistances follows every pair from 0.2 Å out: with the
// network silent the energy falls all the way, without a hole.
func TestRepulsionCoversShortDistances(t *testing.T) {
	m := testModel(Config{Cutoff: 4})
	for si, zi := range m.Config.Species {
		for sj, zj := range m.Config.Species {
			last := math.Inf(1)
			for r := 0.2; r < m.Repulsion.Outer[si][sj]; r += 0.01 {
				e, slope := m.Repulsion.pair(si, sj, zi, zj, r)
				if e >= last || slope >= 0 {
					t.Fatalf("Z %d and %d: energy %g eV at %.2f Å does not fall", zi, zj, e, r)
				}
				last = e
			}
		}
	}
	// Hydrogen at 0.5 Å, from the formula by hand: a = 0.23425 Å, x = 2.13447,
	// φ = 0.00020+0.06823+0.11858+0.01832, k/r = 28.7993 eV.
	e, _ := Repulsion{Inner: [][]float64{{0.6}}, Outer: [][]float64{{1}}}.pair(0, 0, 1, 1, 0.5)
	if math.Abs(e-5.91) > 0.02 {
		t.Errorf("ZBL of two protons at 0.5 Å is %.3f eV, want 5.91", e)
	}
}

func TestUnknownElementIsNamed(t *testing.T) {
	m := testModel(Config{Cutoff: 4})
	_, err := m.Calculator([]int{1, 8, 26}, [3]bool{})
	if !errors.Is(err, ErrUnknownElement) {
		t.Fatalf("got %v", err)
	}
	const want = "potential: atom 3 has atomic number 26, the model knows [1 8]: unknown element"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

// FuzzDecode feeds damaged images to the reader: an error or a valid model,
// never a crash.
func FuzzDecode(f *testing.F) {
	m := testModel(Config{Cutoff: 4, Channels: 2, Hidden: 2, Layers: 1})
	var b bytes.Buffer
	if err := m.Encode(&b, []byte("archive")); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Decode(data); err == nil && m.Validate() != nil {
			t.Error("an invalid model was accepted")
		}
	})
}
