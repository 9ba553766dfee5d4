package potential

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"ponita/neighbor"
)

// split is a system shared among domains by position, in one process: every
// domain has ghosts of all atoms and images within the cutoff of its own.
type split struct {
	domains []*Domain
	owner   []int   // [atom]
	locals  [][]int // [domain] atoms
	ghosts  [][]int // [domain] atoms, the originals of its ghosts
	at      []int   // [atom] place among the locals of its domain
}

// newSplit shares atoms at random, which is worse than any decomposition in
// space: most bonds cross.
func newSplit(t *testing.T, m *Model, species []int, pos [][3]float64, lattice [3][3]float64, parts int, opts ...Option) *split {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(parts), 9))
	s := &split{owner: make([]int, len(pos)), at: make([]int, len(pos)), locals: make([][]int, parts), ghosts: make([][]int, parts)}
	for i := range pos {
		d := rng.IntN(parts)
		s.owner[i], s.at[i] = d, len(s.locals[d])
		s.locals[d] = append(s.locals[d], i)
	}
	kind, err := m.Kinds(species)
	if err != nil {
		t.Fatal(err)
	}
	g, err := neighbor.Build(pos, lattice, [3]bool{true, true, true}, m.Config.Cutoff)
	if err != nil {
		t.Fatal(err)
	}
	for d := range parts {
		domain, err := m.Domain(opts...)
		if err != nil {
			t.Fatal(err)
		}
		var where [][3]float64
		var kinds []int32
		for _, i := range s.locals[d] {
			where, kinds = append(where, pos[i]), append(kinds, int32(kind[i]))
		}
		start, list := []int{0}, []int32(nil)
		ghost := map[string]int32{}
		for _, i := range s.locals[d] {
			for e := g.Start[i]; e < g.Start[i+1]; e++ {
				j := int(g.Neighbor[e])
				if s.owner[j] == d && g.Shift[e] == [3]int16{} {
					list = append(list, int32(s.at[j]))
					continue
				}
				key := fmt.Sprint(j, g.Shift[e])
				k, known := ghost[key]
				if !known {
					k = int32(len(where))
					ghost[key] = k
					x := pos[j]
					for a, n := range g.Shift[e] {
						for b := range 3 {
							x[b] += float64(n) * lattice[a][b]
						}
					}
					where, kinds = append(where, x), append(kinds, int32(kind[j]))
					s.ghosts[d] = append(s.ghosts[d], j)
				}
				list = append(list, k)
			}
			start = append(start, len(list))
		}
		if err := domain.Begin(where, kinds, start, list); err != nil {
			t.Fatal(err)
		}
		s.domains = append(s.domains, domain)
	}
	return s
}

// exchange copies the rows of all atoms to their ghosts.
func (s *split) exchange() {
	rows := make([][]byte, len(s.domains))
	for d, domain := range s.domains {
		rows[d] = domain.Rows()
	}
	for d, domain := range s.domains {
		n := domain.RowBytes()
		for k, j := range s.ghosts[d] {
			to := (len(s.locals[d]) + k) * n
			from := s.at[j] * n
			copy(rows[d][to:to+n], rows[s.owner[j]][from:from+n])
		}
	}
}

// run goes through the stages and returns energy, forces and virial.
func (s *split) run(t *testing.T, atoms int) (energy float64, forces [][3]float64, virial [6]float64) {
	t.Helper()
	layers := s.domains[0].Layers()
	for stage := range 2 * layers {
		for _, d := range s.domains {
			step, layer := d.Forward, stage
			if stage >= layers {
				step, layer = d.Backward, 2*layers-1-stage
			}
			if err := step(layer); err != nil {
				t.Fatal(err)
			}
		}
		if stage < 2*layers-1 {
			s.exchange()
		}
	}
	forces = make([][3]float64, atoms)
	for d, domain := range s.domains {
		n := len(s.locals[d])
		e, f, w := make([]float64, n), make([][3]float64, n), make([][6]float64, n)
		if err := domain.Finish(e, f, w); err != nil {
			t.Fatal(err)
		}
		for k, i := range s.locals[d] {
			energy += e[k]
			forces[i] = f[k]
			for c := range virial {
				virial[c] += w[k][c]
			}
		}
	}
	return energy, forces, virial
}

// TestDomainsAddUp: any number of domains gives the energy, forces and virial of
// the whole system.
func TestDomainsAddUp(t *testing.T) {
	for name, c := range engines() {
		t.Run(name, func(t *testing.T) {
			m := testModel(c.WithDefaults())
			m.Repulsion = NewRepulsion(m.Config.Species, [][]float64{{2, 2}, {2, 2}}, m.Config.Cutoff)
			species, pos, lattice := cell(6, 12)
			energy, forces, virial := compute(t, m, species, pos, lattice, nil, DoublePrecision())
			for _, parts := range []int{1, 2, 5} {
				e, f, w := newSplit(t, m, species, pos, lattice, parts, DoublePrecision()).run(t, len(pos))
				if math.Abs(e-energy) > 1e-11*math.Abs(energy) {
					t.Errorf("%d domains: energy %.15g eV, the whole has %.15g", parts, e, energy)
				}
				largest := largestDifference(forces, make([][3]float64, len(forces)))
				if d := largestDifference(f, forces); d > 1e-11*largest {
					t.Errorf("%d domains: forces differ by %.2g eV/Å, the largest is %.3g", parts, d, largest)
				}
				for k, ab := range [][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
					if want := virial[ab[0]][ab[1]]; math.Abs(w[k]-want) > 1e-10*largest {
						t.Errorf("%d domains: virial %v is %.15g eV, the whole has %.15g", parts, ab, w[k], want)
					}
				}
			}
		})
	}
}

func TestDomainRefusesWrongUse(t *testing.T) {
	m := testModel(Config{Species: []int{1, 8}, Cutoff: 3, Channels: 8, Layers: 2, MeanNeighbors: 4}.WithDefaults())
	var d *Domain
	pair := [][3]float64{{0, 0, 0}, {1, 0, 0}}
	for name, call := range map[string]func() error{
		"before Begin":     func() error { return d.Forward(0) },
		"a half list":      func() error { return d.Begin(pair, []int32{0, 1}, []int{0, 1, 1}, []int32{1}) },
		"itself":           func() error { return d.Begin(pair, []int32{0, 1}, []int{0, 1}, []int32{0}) },
		"no such atom":     func() error { return d.Begin(pair, []int32{0, 1}, []int{0, 1}, []int32{2}) },
		"rows too long":    func() error { return d.Begin(pair, []int32{0, 1}, []int{0, 3}, []int32{1}) },
		"kinds missing":    func() error { return d.Begin(pair, []int32{0}, []int{0, 1}, []int32{1}) },
		"layers skipped":   func() error { return errors.Join(d.Begin(pair, []int32{0, 1}, []int{0, 1}, []int32{1}), d.Forward(1)) },
		"backward too far": func() error { return d.Backward(1) },
		"too early":        func() error { return d.Finish(nil, nil, nil) },
	} {
		var err error
		if d, err = m.Domain(); err != nil {
			t.Fatal(err)
		}
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := d.Begin(pair, []int32{0, 7}, []int{0, 1}, []int32{1}); !errors.Is(err, ErrUnknownElement) {
		t.Errorf("unknown kind: %v", err)
	}
	pair[1] = pair[0]
	if err := d.Begin(pair, []int32{0, 1}, []int{0, 1}, []int32{1}); !errors.Is(err, neighbor.ErrCoincident) {
		t.Errorf("atoms at the same place: %v", err)
	}
	polynomial := testModel(Config{Species: []int{1}, Cutoff: 3, Kernel: Polynomial, Channels: 8}.WithDefaults())
	if _, err := polynomial.Domain(); err == nil {
		t.Error("a polynomial model in stages: no error")
	}
}
