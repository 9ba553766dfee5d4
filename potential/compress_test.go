package potential

import (
	"math"
	"testing"

	"ponita/potential/potentialtest"
)

// polynomialModel is a small model of the paper's family.
func polynomialModel() *Model {
	return testModel(Config{
		Species: []int{1, 8}, Cutoff: 4, Kernel: Polynomial, Channels: 16, Layers: 2, Hidden: 8, Basis: 8, Degree: 2, MeanNeighbors: 12,
	}.WithDefaults())
}

// TestCompressionConverges: with the degree the compressed model tends to the
// model it came from, in energy and forces, as the reported errors say.
func TestCompressionConverges(t *testing.T) {
	m := polynomialModel()
	species, pos, lattice := cell(3, 11)
	energy, forces, _ := compute(t, m, species, pos, lattice, nil, DoublePrecision())
	largest := largestDifference(forces, make([][3]float64, len(forces)))
	var energyError, forceError []float64
	var report *Compression
	for _, degree := range []int{2, 4, 8, 16} {
		out, r, err := m.Compress(degree, min(degree, 8))
		if err != nil {
			t.Fatal(err)
		}
		report = r
		e, f, _ := compute(t, out, species, pos, lattice, nil, DoublePrecision())
		energyError = append(energyError, math.Abs(e-energy))
		forceError = append(forceError, largestDifference(f, forces)/largest)
		if r.Spline > splineTolerance {
			t.Errorf("degree %d: the splines err by %.2g", degree, r.Spline)
		}
	}
	for k := range 3 {
		if forceError[k+1] > forceError[k] {
			t.Errorf("relative errors of forces %.2g for degrees 2, 4, 8, 16: want them to fall", forceError)
			break
		}
	}
	// The cone of |x − o(o·x)| along o limits the convergence of forces.
	if energyError[3] > 1e-3*math.Abs(energy) || forceError[3] > 0.2*forceError[0] {
		t.Errorf("degree 16: energy %.2g eV off, forces %.2g of the largest", energyError[3], forceError[3])
	}
	for l := 2; l < len(report.Spatial); l++ {
		if report.Spatial[l] > report.Spatial[l-1] || report.Fiber[l] > report.Fiber[l-1] {
			t.Errorf("reported errors rise at degree %d: %.2g, %.2g", l, report.Spatial, report.Fiber)
			break
		}
	}
	if report.Spatial[16] > 0.01 || report.Spatial[0] < 0.05 {
		t.Errorf("reported errors of the spatial kernels %.2g", report.Spatial)
	}
}

func TestCompressedModelIsAPotential(t *testing.T) {
	m, _, err := polynomialModel().Compress(3, 3)
	if err != nil {
		t.Fatal(err)
	}
	potentialtest.Run(t, potentialtest.Potential{
		New: func(species []int, pbc [3]bool) (potentialtest.Calculator, error) {
			return m.Calculator(species, pbc, DoublePrecision())
		},
		Species: m.Config.Species, Cutoff: m.Config.Cutoff,
		Isolated: func(z int) float64 { return m.ReferenceEnergies[z/8] },
		Kinks:    5e-7,
	})
}

func TestCompressRefusesOtherFamilies(t *testing.T) {
	m := testModel(Config{Species: []int{1}, Cutoff: 4, Channels: 8}.WithDefaults())
	if _, _, err := m.Compress(3, 3); err == nil {
		t.Error("a legendre model is compressed")
	}
	if _, _, err := polynomialModel().Compress(99, 3); err == nil {
		t.Error("degree 99")
	}
	compressed, _, err := polynomialModel().Compress(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewNetwork[float64](compressed.Config); err == nil {
		t.Error("a tabulated network can be trained")
	}
}
