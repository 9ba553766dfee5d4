package potential

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"ponita/xyz"
)

// repeated returns a structure of testdata, repeated along its cell and shaken.
func repeated(b *testing.B, name string, n int) (species []int, pos [][3]float64, lattice [3][3]float64, pbc [3]bool) {
	f, err := xyz.ReadFile(filepath.Join("..", "testdata", "structures", name))
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for x := range n {
		for y := range n {
			for z := range n {
				for i, p := range f.Pos {
					for k := range 3 {
						p[k] += float64(x)*f.Lattice[0][k] + float64(y)*f.Lattice[1][k] + float64(z)*f.Lattice[2][k] + 0.08*rng.NormFloat64()
					}
					species, pos = append(species, f.Species[i]), append(pos, p)
				}
			}
		}
	}
	lattice = f.Lattice
	for a := range lattice {
		for k := range 3 {
			lattice[a][k] *= float64(n)
		}
	}
	return species, pos, lattice, f.PBC
}

// BenchmarkForces is a whole evaluation, forces and virial included, with fixed
// neighbours, on one thread.
func BenchmarkForces(b *testing.B) {
	for _, size := range []struct {
		name     string
		channels int
		layers   int
	}{{"C32T2", 32, 2}, {"C32T3", 32, 3}, {"C64T3", 64, 3}} {
		for _, system := range []struct {
			name, file string
			repeat     int
		}{{"silicon64", "silicon8.xyz", 2}, {"silicon512", "silicon8.xyz", 4}, {"water9", "water3.xyz", 1}} {
			b.Run("size="+size.name+"/system="+system.name, func(b *testing.B) {
				species, pos, lattice, pbc := repeated(b, system.file, system.repeat)
				c := Config{Species: []int{1, 8, 14}, Cutoff: 5, Channels: size.channels, Layers: size.layers, MeanNeighbors: 28}.WithDefaults()
				m := &Model{
					Config: c, ReferenceEnergies: make([]float64, 3), Scale: []float64{1, 1, 1},
					Weights: c.Initialize(rand.New(rand.NewPCG(1, 1))),
				}
				calc, err := m.Calculator(species, pbc)
				if err != nil {
					b.Fatal(err)
				}
				forces := make([][3]float64, len(pos))
				var virial [3][3]float64
				for b.Loop() {
					if _, err := calc.Compute(pos, lattice, forces, &virial); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N*len(pos)), "us/atom-step")
			})
		}
	}
}
