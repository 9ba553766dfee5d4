package potential

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ponita/xyz"
)

// structure is what is evaluated in a benchmark.
type structure struct {
	species []int
	pos     [][3]float64
	lattice [3][3]float64
	pbc     [3]bool
}

// silicon returns a diamond crystal of n³ cells, shaken.
func silicon(b *testing.B, n int) (s structure) {
	f, err := xyz.ReadFile("../testdata/structures/silicon8.xyz")
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for m := range n * n * n {
		cell := [3]float64{float64(m % n), float64(m / n % n), float64(m / n / n)}
		for i, p := range f.Pos {
			for k := range p {
				p[k] += cell[k]*f.Lattice[k][k] + 0.08*rng.NormFloat64()
			}
			s.species, s.pos = append(s.species, f.Species[i]), append(s.pos, p)
		}
	}
	for k := range 3 {
		s.lattice[k][k] = float64(n) * f.Lattice[k][k]
	}
	s.pbc = f.PBC
	return s
}

// water returns n³ molecules in a box at the density of the liquid, each turned
// its own way.
func water(n int) (s structure) {
	const spacing = 3.104 // Å: 0.997 g/cm³
	rng := rand.New(rand.NewPCG(3, 4))
	for m := range n * n * n {
		center := [3]float64{spacing * float64(m%n), spacing * float64(m/n%n), spacing * float64(m/n/n)}
		s.species, s.pos = append(s.species, 8, 1, 1), append(s.pos, center)
		var u, v [3]float64 // two directions at right angles
		for k := range u {
			u[k], v[k] = rng.NormFloat64(), rng.NormFloat64()
		}
		along := dot(u, v) / dot(u, u)
		for k := range v {
			v[k] -= along * u[k]
		}
		for _, sign := range []float64{1, -1} {
			x := center
			for k := range x { // 0.957 Å, 104.5°
				x[k] += 0.5859*u[k]/norm(u) + sign*0.7572*v[k]/norm(v)
			}
			s.pos = append(s.pos, x)
		}
	}
	for k := range 3 {
		s.lattice[k][k] = spacing * float64(n)
	}
	s.pbc = [3]bool{true, true, true}
	return s
}

// molecule returns a compact cluster of that many atoms, as a molecule of organic
// chemistry is, or the acetylacetone of the demo for 15.
func molecule(b *testing.B, atoms int) (s structure) {
	if atoms == 15 {
		f, err := xyz.ReadFile("../cmd/mdrun/demo/acac.xyz")
		if err != nil {
			b.Fatal(err)
		}
		return structure{species: f.Species, pos: f.Pos}
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for len(s.pos) < atoms {
		x := [3]float64{7 * rng.Float64(), 5 * rng.Float64(), 3 * rng.Float64()}
		if slices.ContainsFunc(s.pos, func(y [3]float64) bool { return norm(sub(x, y)) < 1.1 }) {
			continue
		}
		s.species, s.pos = append(s.species, []int{1, 6, 8}[len(s.pos)%3]), append(s.pos, x)
	}
	return s
}

// BenchmarkForces is a whole evaluation, forces, virial and neighbour list
// included, on one thread. Atoms stay where they are: ponita bench moves them.
func BenchmarkForces(b *testing.B) {
	for _, size := range []struct{ channels, layers, orientations int }{{32, 2, 12}, {32, 2, 32}, {64, 3, 12}, {64, 3, 32}, {128, 5, 20}} {
		grid, err := NamedGrid(fmt.Sprint(size.orientations))
		if err != nil {
			b.Fatal(err)
		}
		for _, system := range []struct {
			name string
			make func() structure
			big  bool
		}{
			{"silicon64", func() structure { return silicon(b, 2) }, false},
			{"silicon512", func() structure { return silicon(b, 4) }, false},
			{"silicon4096", func() structure { return silicon(b, 8) }, true},
			{"silicon32768", func() structure { return silicon(b, 16) }, true},
			{"water192", func() structure { return water(4) }, false},
			{"molecule15", func() structure { return molecule(b, 15) }, false},
			{"molecule21", func() structure { return molecule(b, 21) }, false},
		} {
			if system.big && size.channels > 64 {
				continue
			}
			b.Run(fmt.Sprintf("channels=%d/layers=%d/orientations=%d/system=%s", size.channels, size.layers, size.orientations, system.name), func(b *testing.B) {
				s := system.make()
				c := Config{Species: []int{1, 6, 8, 14}, Cutoff: 5, Channels: size.channels, Layers: size.layers, Grid: grid, Activation: Quadratic, Mixing: Spherical, MeanNeighbors: 28}.WithDefaults()
				m := &Model{
					Config: c, ReferenceEnergies: make([]float64, 4), Scale: []float64{1, 1, 1, 1},
					Weights: c.Initialize(rand.New(rand.NewPCG(1, 1))),
				}
				benchForces(b, m, s)
			})
		}
	}
}

// BenchmarkEmbeddedAtom is the same with and without an embedded-atom potential beneath the
// network.
func BenchmarkEmbeddedAtom(b *testing.B) {
	for _, there := range []bool{false, true} {
		b.Run(fmt.Sprintf("embedded=%v", there), func(b *testing.B) {
			c := Config{Species: []int{14}, Cutoff: 5, Channels: 32, Layers: 2, Grid: Icosahedral32(), Activation: Quadratic, Mixing: Spherical, MeanNeighbors: 28}.WithDefaults()
			m := &Model{Config: c, ReferenceEnergies: make([]float64, 1), Scale: []float64{1}, Weights: c.Initialize(rand.New(rand.NewPCG(1, 1)))}
			if there {
				m.Embedded = NewEmbeddedAtom(1)
				for _, a := range m.Embedded.Coefficients() {
					*a = 1
				}
			}
			benchForces(b, m, silicon(b, 4))
		})
	}
}

func benchForces(b *testing.B, m *Model, s structure) {
	calc, err := m.Calculator(s.species, s.pbc, Threads(1))
	if err != nil {
		b.Fatal(err)
	}
	forces := make([][3]float64, len(s.pos))
	var virial [3][3]float64
	for b.Loop() {
		if _, err := calc.Compute(s.pos, s.lattice, forces, &virial); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N*len(s.pos)), "us/atom-step")
}
