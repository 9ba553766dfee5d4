package potential

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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
	inputs  []domainInput
	virials [][6]float64 // [atom] filled in by run, if not nil
}

type domainInput struct {
	pos   [][3]float64
	kind  []int32
	start []int
	list  []int32

	images []int32
	ids    []int64
}

func (in domainInput) begin(d *Domain) error {
	if err := d.Neighbors(len(in.pos), in.start, in.list, in.images, in.ids); err != nil {
		return err
	}
	return d.Begin(in.pos, in.kind)
}

// newSplit shares atoms at random, which is worse than any decomposition in
// space: most bonds cross.
//
// Ghosts whose originals are in the same domain, or ghosts too, are told to be
// images, and atoms have IDs.
func newSplit(t testing.TB, m *Model, species []int, pos [][3]float64, lattice [3][3]float64, parts int, opts ...Option) *split {
	t.Helper()
	return newSplitOf(t, m, species, pos, lattice, parts, true, true, opts...)
}

func newSplitOf(t testing.TB, m *Model, species []int, pos [][3]float64, lattice [3][3]float64, parts int, tellImages, tellIDs bool, opts ...Option) *split {
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
		start, list, images := []int{0}, []int32(nil), []int32{}
		ghost, first := map[string]int32{}, map[int]int32{}
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
					original, seen := first[j]
					switch {
					case s.owner[j] == d:
						images = append(images, int32(s.at[j]))
					case seen:
						images = append(images, original)
					default:
						images, first[j] = append(images, -1), k
					}
				}
				list = append(list, k)
			}
			start = append(start, len(list))
		}
		var ids []int64
		for _, i := range slices.Concat(s.locals[d], s.ghosts[d]) {
			ids = append(ids, int64(1000-7*i)) // as good as any
		}
		if !tellImages {
			images = nil
		}
		if !tellIDs {
			ids = nil
		}
		in := domainInput{where, kinds, start, list, images, ids}
		if err := in.begin(domain); err != nil {
			t.Fatal(err)
		}
		s.domains, s.inputs = append(s.domains, domain), append(s.inputs, in)
	}
	return s
}

// exchange copies the rows of all atoms to their ghosts, images left out.
func (s *split) exchange() {
	row := make([]byte, s.domains[0].RowBytes())
	for d, domain := range s.domains {
		for k, j := range s.ghosts[d] {
			if images := s.inputs[d].images; images != nil && images[k] >= 0 {
				continue
			}
			s.domains[s.owner[j]].GetRow(s.at[j], row)
			domain.SetRow(len(s.locals[d])+k, row)
		}
	}
}

// run goes through the stages and returns energy, forces and virial. Rows are
// exchanged as often as they must be.
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
		if s.domains[0].Exchanging() {
			s.exchange()
		}
	}
	forces = make([][3]float64, atoms)
	for d, domain := range s.domains {
		e := make([]float64, len(s.locals[d]))
		f, w := make([][3]float64, len(s.inputs[d].pos)), make([][6]float64, len(s.inputs[d].pos))
		if err := domain.Finish(e, f, w); err != nil {
			t.Fatal(err)
		}
		for _, x := range e {
			energy += x
		}
		for k, i := range slices.Concat(s.locals[d], s.ghosts[d]) {
			for c := range f[k] {
				forces[i][c] += f[k][c]
			}
			for c := range w[k] {
				virial[c] += w[k][c]
				if s.virials != nil {
					s.virials[i][c] += w[k][c]
				}
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
			for n := range 12 {
				parts, images, ids := []int{1, 2, 5}[n/4], n%2 == 1, n/2%2 == 1
				e, f, w := newSplitOf(t, m, species, pos, lattice, parts, images, ids, DoublePrecision()).run(t, len(pos))
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

// TestImagesCostNoMore: with images told, the edges of one domain are those of
// the whole system, each with its reverse.
func TestImagesCostNoMore(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Layers: 1, MeanNeighbors: 12})
	species, pos, lattice := cell(6, 12)
	d := newSplit(t, m, species, pos, lattice, 1).domains[0]
	if len(d.kind) != len(pos) {
		t.Errorf("%d places for %d atoms", len(d.kind), len(pos))
	}
	for e, back := range d.graph.Reverse {
		if back < 0 || int(d.graph.Reverse[back]) != e || d.graph.Vec[back] != sub([3]float64{}, d.graph.Vec[e]) {
			t.Fatalf("edge %d has the reverse %d", e, back)
		}
	}
}

// TestBondsBetweenDomainsAreComputedOnce where domains know IDs, but for the first
// layer, in which each domain does its half of the work twice.
func TestBondsBetweenDomainsAreComputedOnce(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Layers: 2, MeanNeighbors: 12})
	species, pos, lattice := cell(40, 12)
	whole := newSplit(t, m, species, pos, lattice, 1).domains[0]
	count := func(s *split, t int) (bonds, ghosts int, uneven float64) {
		for _, d := range s.domains {
			e, own := d.stage.(*engine[float32]), 0
			for i := range d.pairs.own() {
				whole, owned := e.roles[i].bonds(t)
				own, ghosts = own+whole, ghosts+owned-whole
			}
			bonds += own
			uneven = max(uneven, 2*float64(own)/float64(d.Edges()))
		}
		return bonds, ghosts, uneven
	}
	s := newSplit(t, m, species, pos, lattice, 2)
	all, _, _ := count(newSplit(t, m, species, pos, lattice, 1), 1)
	if all != whole.Edges()/2 {
		t.Fatalf("%d bonds of %d edges", all, whole.Edges())
	}
	bonds, ghosts, uneven := count(s, 1)
	if bonds != all || ghosts != 0 {
		t.Errorf("layer 1: %d bonds and %d edges to ghosts, want %d and none", bonds, ghosts, all)
	}
	if uneven > 1.15 {
		t.Errorf("layer 1: a domain has %.2f of half of its edges", uneven)
	}
	if bonds, ghosts, _ := count(s, 0); ghosts == 0 || 2*bonds+ghosts != whole.Edges() {
		t.Errorf("layer 0: %d bonds and %d edges to ghosts of %d edges", bonds, ghosts, whole.Edges())
	}
}

func TestDomainRefusesWrongUse(t *testing.T) {
	m := testModel(Config{Species: []int{1, 8}, Cutoff: 3, Channels: 8, Layers: 2, MeanNeighbors: 4}.WithDefaults())
	var d *Domain
	pair, kind := [][3]float64{{0, 0, 0}, {1, 0, 0}}, []int32{0, 1}
	begin := func() error {
		return errors.Join(d.Neighbors(2, []int{0, 1}, []int32{1}, nil, nil), d.Begin(pair, kind))
	}
	for name, call := range map[string]func() error{
		"before Begin":      func() error { return d.Forward(0) },
		"before Neighbors":  func() error { return d.Begin(pair, kind) },
		"a half list":       func() error { return d.Neighbors(2, []int{0, 1, 1}, []int32{1}, nil, nil) },
		"a ring":            func() error { return d.Neighbors(3, []int{0, 1, 2, 3}, []int32{1, 2, 0}, nil, nil) },
		"once and twice":    func() error { return d.Neighbors(2, []int{0, 1, 3}, []int32{1, 0, 0}, nil, nil) },
		"itself":            func() error { return d.Neighbors(2, []int{0, 1}, []int32{0}, nil, nil) },
		"no such atom":      func() error { return d.Neighbors(2, []int{0, 1}, []int32{2}, nil, nil) },
		"rows too long":     func() error { return d.Neighbors(2, []int{0, 3}, []int32{1}, nil, nil) },
		"rows descend":      func() error { return d.Neighbors(3, []int{0, 2, 1, 2}, []int32{1, 2}, nil, nil) },
		"images missing":    func() error { return d.Neighbors(2, []int{0, 1}, []int32{1}, []int32{}, nil) },
		"IDs missing":       func() error { return d.Neighbors(2, []int{0, 1}, []int32{1}, nil, []int64{1}) },
		"image of other ID": func() error { return d.Neighbors(2, []int{0, 1}, []int32{1}, []int32{0}, []int64{1, 2}) },
		"image of itself":   func() error { return d.Neighbors(2, []int{0, 1}, []int32{1}, []int32{1}, nil) },
		"image of a later":  func() error { return d.Neighbors(3, []int{0, 1}, []int32{1}, []int32{2, -1}, nil) },
		"image of a ghost of another kind": func() error {
			d.Neighbors(3, []int{0, 1}, []int32{1}, []int32{-1, 1}, nil)
			return d.Begin([][3]float64{{}, {1}, {2}}, []int32{0, 0, 1})
		},
		"image of another": func() error { d.Neighbors(2, []int{0, 1}, []int32{1}, []int32{0}, nil); return d.Begin(pair, kind) },
		"no rows":          func() error { return d.Neighbors(2, nil, nil, nil, nil) },
		"more own than is": func() error { return d.Neighbors(1, []int{0, 0, 0}, nil, nil, nil) },
		"bad lists":        func() error { d.Neighbors(2, []int{0, 1}, []int32{0}, nil, nil); return d.Begin(pair, kind) },
		"kinds missing":    func() error { d.Neighbors(2, []int{0, 1}, []int32{1}, nil, nil); return d.Begin(pair, kind[:1]) },
		"layers skipped":   func() error { begin(); return d.Forward(1) },
		"backward first":   func() error { begin(); return d.Backward(1) },
		"too early":        func() error { begin(); return d.Finish(nil, nil, nil) },
		"no room":          func() error { return errors.Join(begin(), through(d, make([]float64, 2))) },
	} {
		var err error
		if d, err = m.Domain(); err != nil {
			t.Fatal(err)
		}
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	polynomial := testModel(Config{Species: []int{1}, Cutoff: 3, Kernel: Polynomial, Channels: 8}.WithDefaults())
	if _, err := polynomial.Domain(); err == nil {
		t.Error("a polynomial model in stages: no error")
	}
}

// through goes through the stages without ghosts.
func through(d *Domain, energies []float64) error {
	for t := range d.Layers() {
		if err := d.Forward(t); err != nil {
			return err
		}
	}
	for t := d.Layers() - 1; t >= 0; t-- {
		if err := d.Backward(t); err != nil {
			return err
		}
	}
	return d.Finish(energies, nil, nil)
}

// TestDomainErrorsNameTheAtom: of several at fault it is the first.
func TestDomainErrorsNameTheAtom(t *testing.T) {
	m := testModel(Config{Cutoff: 3, Channels: 8, Layers: 2, MeanNeighbors: 4})
	nan := math.NaN()
	for name, c := range map[string]struct {
		pos   [][3]float64
		kind  []int32
		err   error
		atoms [2]int
	}{
		"kind":       {[][3]float64{{}, {1}, {2}}, []int32{0, 1, 7}, ErrUnknownElement, [2]int{2, -1}},
		"not finite": {[][3]float64{{}, {1, nan}, {2, nan}}, []int32{0, 1, 0}, neighbor.ErrNotFinite, [2]int{1, -1}},
		"coincident": {[][3]float64{{}, {1}, {1}}, []int32{0, 1, 0}, neighbor.ErrCoincident, [2]int{1, 2}},
	} {
		d, err := m.Domain()
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Neighbors(3, []int{0, 2, 4, 6}, []int32{1, 2, 0, 2, 0, 1}, nil, nil); err != nil {
			t.Fatal(err)
		}
		err = d.Begin(c.pos, c.kind)
		var at *AtomError
		if !errors.As(err, &at) || !errors.Is(err, c.err) || [2]int{at.Atom, at.Other} != c.atoms {
			t.Errorf("%s: %v, want %v of atoms %v", name, err, c.err, c.atoms)
		}
	}
	d, err := m.Domain()
	if err != nil {
		t.Fatal(err)
	}
	m.Scale[1] = math.Inf(1) // as an overflow in the network would give
	err = errors.Join(d.Neighbors(2, []int{0, 1, 2}, []int32{1, 0}, nil, nil), d.Begin([][3]float64{{}, {1}}, []int32{0, 1}), through(d, nil))
	var at *AtomError
	if !errors.As(err, &at) || !errors.Is(err, ErrNotFinite) {
		t.Errorf("an infinite result: %v", err)
	}
}

// TestDomainFindsTheClosestPair measures distances in units of the inner radius
// of the pair.
func TestDomainFindsTheClosestPair(t *testing.T) {
	m := testModel(Config{Cutoff: 3, Channels: 8, Layers: 1, MeanNeighbors: 4})
	d, err := m.Domain()
	if err != nil {
		t.Fatal(err)
	}
	// 1.1 Å between two O is closer, by that measure, than 0.7 Å between O and H.
	pos, kind := [][3]float64{{0, 0, 0}, {1.1, 0, 0}, {0, 0, 2}, {0, 0.7, 2}}, []int32{1, 1, 0, 1}
	start, list := []int{0, 3, 6, 9, 12}, []int32{1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2}
	if err := errors.Join(d.Neighbors(4, start, list, nil, nil), d.Begin(pos, kind)); err != nil {
		t.Fatal(err)
	}
	want := Closest{[2]int{0, 1}, 1.1, m.Repulsion.Inner[1][1]}
	if got := d.Closest(); got.Atoms != want.Atoms || math.Abs(got.Distance-1.1) > 1e-14 || math.Abs(got.Limit-want.Limit) > 1e-14 {
		t.Errorf("closest pair %+v, want %+v", got, want)
	}
}

// TestCandidatesFindTheirOpposites compares with a search through the lists.
func TestCandidatesFindTheirOpposites(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var c candidates // reused, as in a run
	for range 50 {
		own := rng.IntN(12)
		rows := own + rng.IntN(6)
		lists := make([][]int32, own)
		for range rng.IntN(5 * (own + 1)) {
			i, j := rng.IntN(max(own, 1)), rng.IntN(max(rows, 1))
			if i == j || own == 0 {
				continue
			}
			lists[i] = append(lists[i], int32(j))
			if j < own {
				lists[j] = append(lists[j], int32(i))
			}
		}
		start, list := []int{0}, []int32(nil)
		for _, l := range lists {
			rng.Shuffle(len(l), func(a, b int) { l[a], l[b] = l[b], l[a] })
			list = append(list, l...)
			start = append(start, len(list))
		}
		if err := c.set(rows, start, list, nil, nil); err != nil {
			t.Fatal(err)
		}
		for i := range own {
			for k := start[i]; k < start[i+1]; k++ {
				j, back := int(list[k]), int(c.back[k])
				if j >= own {
					if back != -1 {
						t.Fatalf("a ghost has the opposite %d", back)
					}
					continue
				}
				if back < start[j] || back >= start[j+1] || int(list[back]) != i || int(c.back[back]) != k {
					t.Fatalf("candidate %d, %d to %d, has the opposite %d", k, i, j, back)
				}
			}
		}
	}
}

// TestDomainAllocatesNothing in steady state, also when the number of ghosts
// goes up and down.
func TestDomainAllocatesNothing(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Layers: 2, MeanNeighbors: 4})
	species, pos, lattice := cell(6, 12)
	for _, threads := range []int{1, 3} {
		s := newSplit(t, m, species, pos, lattice, 1, Threads(threads))
		d, all := s.domains[0], s.inputs[0]
		rows := len(all.pos) - 3
		fewer := domainInput{pos: all.pos[:rows], kind: all.kind[:rows], start: []int{0}, images: all.images[:len(all.images)-3]}
		for i := range pos {
			for _, j := range all.list[all.start[i]:all.start[i+1]] {
				if int(j) < rows {
					fewer.list = append(fewer.list, j)
				}
			}
			fewer.start = append(fewer.start, len(fewer.list))
		}
		energies, forces, virials := make([]float64, len(pos)), make([][3]float64, len(s.inputs[0].pos)), make([][6]float64, len(s.inputs[0].pos))
		step := func(in domainInput) {
			if err := in.begin(d); err != nil {
				t.Fatal(err)
			}
			for k := range 2 * d.Layers() {
				if k < d.Layers() {
					d.Forward(k)
				} else {
					d.Backward(2*d.Layers() - 1 - k)
				}
			}
			if err := d.Finish(energies, forces[:len(in.pos)], virials[:len(in.pos)]); err != nil {
				t.Fatal(err)
			}
		}
		// While the measurement has one processor, a thread gets its first block
		// when another is interrupted, which on a busy machine is in the middle of
		// it: 20 buffers then grow at once. So each has all blocks once before.
		e := d.stage.(*engine[float32])
		for k := range threads {
			first := func(n int) { e.workers[0], e.workers[k] = e.workers[k], e.workers[0]; d.crew.threads = n }
			first(1)
			step(all)
			first(threads)
		}
		if allocs := testing.AllocsPerRun(20, func() { step(all); step(fewer) }); allocs > 0 {
			t.Errorf("%d threads: %g allocations", threads, allocs)
		}
	}
}

// TestSiteVirialsAddUp: those of a calculator are those of a domain, and their
// sum is the virial.
func TestSiteVirialsAddUp(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Layers: 2, MeanNeighbors: 12})
	species, pos, lattice := cell(6, 12)
	calc, err := m.Calculator(species, [3]bool{true, true, true}, DoublePrecision())
	if err != nil {
		t.Fatal(err)
	}
	want := make([][6]float64, len(pos))
	forces := make([][3]float64, len(pos))
	var total [3][3]float64
	if _, err := calc.Compute(pos, lattice, forces, &total); err != nil {
		t.Fatal(err)
	}
	got := calc.SiteVirials()
	s := newSplit(t, m, species, pos, lattice, 1, DoublePrecision())
	s.virials = want
	s.run(t, len(pos))
	for k, ab := range [][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
		sum := 0.
		for i := range got {
			sum += got[i][k]
			if math.Abs(got[i][k]-want[i][k]) > 1e-10 {
				t.Errorf("virial %v of atom %d is %.12g eV, the domain's %.12g", ab, i+1, got[i][k], want[i][k])
			}
		}
		if w := total[ab[0]][ab[1]]; math.Abs(sum-w) > 1e-10 {
			t.Errorf("virials %v add up to %.12g eV, want %.12g", ab, sum, w)
		}
	}
}

// TestDomainGivesTheSameBytesOnThreads: 96 atoms are two blocks.
func TestDomainGivesTheSameBytesOnThreads(t *testing.T) {
	m := testModel(Config{Cutoff: 4, Channels: 8, Layers: 2, MeanNeighbors: 12})
	s, p, lattice := cell(6, 12)
	var species []int
	var pos [][3]float64
	for k := range 8 {
		for i := range p {
			species, pos = append(species, s[i]), append(pos, [3]float64{p[i][0] + 4*float64(k), p[i][1], p[i][2]})
		}
	}
	lattice[0][0] *= 8
	energy, forces, virial := newSplit(t, m, species, pos, lattice, 1, Threads(1)).run(t, len(pos))
	for _, threads := range []int{2, 5} {
		e, f, w := newSplit(t, m, species, pos, lattice, 1, Threads(threads)).run(t, len(pos))
		if e != energy || !slices.Equal(f, forces) || w != virial {
			t.Errorf("%d threads: energy %.17g, one thread %.17g", threads, e, energy)
		}
	}
}

// BenchmarkDomain compares the share of a domain's own work: neighbours, edges,
// results.
func BenchmarkDomain(b *testing.B) {
	si := silicon(b, 4)
	species, pos, lattice := si.species, si.pos, si.lattice
	c := Config{Species: []int{1, 8, 14}, Cutoff: 5, MeanNeighbors: 28}.WithDefaults()
	m := &Model{
		Config: c, ReferenceEnergies: make([]float64, 3), Scale: []float64{1, 1, 1},
		Weights: c.Initialize(rand.New(rand.NewPCG(1, 1))),
	}
	s := newSplit(b, m, species, pos, lattice, 1, Threads(1))
	d, in := s.domains[0], s.inputs[0]
	energies, forces, virials := make([]float64, len(pos)), make([][3]float64, len(s.inputs[0].pos)), make([][6]float64, len(s.inputs[0].pos))
	perAtom := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(b.N*len(pos)), "us/atom-step")
	}
	b.Run("neighbors", func(b *testing.B) {
		for b.Loop() {
			d.Neighbors(len(in.pos), in.start, in.list, in.images, in.ids)
			d.pairs.linkImages(in.pos)
		}
		perAtom(b)
	})
	b.Run("begin", func(b *testing.B) {
		for b.Loop() {
			d.Begin(in.pos, in.kind)
		}
		perAtom(b)
	})
	b.Run("finish", func(b *testing.B) {
		for b.Loop() {
			d.done = 2 * d.Layers()
			d.Finish(energies, forces, virials)
		}
		perAtom(b)
	})
}
