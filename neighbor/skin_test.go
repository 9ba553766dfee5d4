package neighbor

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func newList(t fataler, cutoff, skin float64, pbc [3]bool) *List {
	t.Helper()
	l, err := NewList(cutoff, skin, pbc)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return l
}

// update compares the list with a new graph, order and last bits included.
func update(t fataler, l *List, pos [][3]float64, lattice [3][3]float64) (rebuilt bool) {
	t.Helper()
	want, err := Build(pos, lattice, l.pbc, l.cutoff)
	if err != nil {
		t.Fatalf("%v", err)
	}
	got, rebuilt, err := l.Update(pos, lattice)
	if err != nil {
		t.Fatalf("%v", err)
	}
	edgesOf(t, got)
	got = byNumber(t, l, got)
	if !slices.Equal(got.Start, want.Start) || !slices.Equal(got.Neighbor, want.Neighbor) || !slices.Equal(got.Shift, want.Shift) ||
		!slices.Equal(got.Vec, want.Vec) || !slices.Equal(got.Reverse, want.Reverse) {
		t.Fatalf("rebuilt %v: %d edges, Build has %d", rebuilt, len(got.Neighbor), len(want.Neighbor))
	}
	return rebuilt
}

// byNumber returns the graph of a grouped list with its rows in the order of
// the atoms' numbers.
func byNumber(t fataler, l *List, g *Graph) *Graph {
	order := l.Order()
	if order == nil {
		return g
	}
	row, edge := make([]int, len(order)), make([]int32, len(g.Neighbor))
	for r, i := range order {
		row[i] = r
	}
	b := &Graph{Start: []int{0}}
	for _, r := range row {
		for e := g.Start[r]; e < g.Start[r+1]; e++ {
			edge[e] = int32(len(b.Neighbor))
			b.Neighbor, b.Shift, b.Vec = append(b.Neighbor, order[g.Neighbor[e]]), append(b.Shift, g.Shift[e]), append(b.Vec, g.Vec[e])
			b.Reverse = append(b.Reverse, g.Reverse[e])
		}
		b.Start = append(b.Start, len(b.Neighbor))
	}
	if len(b.Neighbor) != len(g.Neighbor) || len(row) != len(g.Start)-1 {
		t.Fatalf("%d edges in %d rows, Order has those of %d edges in %d rows", len(g.Neighbor), len(g.Start)-1, len(b.Neighbor), len(row))
	}
	for k, back := range b.Reverse {
		b.Reverse[k] = edge[back]
	}
	return b
}

// TestGroupedRowsLieTogether: atoms numbered at random get rows along a curve,
// those of a crystal made cell by cell keep their order.
func TestGroupedRowsLieTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	pos, lattice := silicon(10)
	l := newList(t, 5, 0.5, everywhere)
	l.Group = true
	distance := func() (sum float64) { // of rows that are neighbors
		update(t, l, pos, lattice)
		g := &l.graph
		for row := range g.Start[1:] {
			for _, other := range g.Neighbor[g.Start[row]:g.Start[row+1]] {
				sum += math.Abs(float64(int(other) - row))
			}
		}
		return sum / float64(len(g.Neighbor))
	}
	crystal := distance()
	if !slices.IsSorted(l.Order()) {
		t.Error("the rows of a crystal have been moved")
	}
	rng.Shuffle(len(pos), func(i, j int) { pos[i], pos[j] = pos[j], pos[i] })
	grouped := distance()
	t.Logf("neighbors are %.0f rows apart in a crystal of %d atoms, %.0f if it is numbered at random", crystal, len(pos), grouped)
	// A third of the atoms, 2700 rows, lie between two at random.
	if grouped > 3*crystal || slices.IsSorted(l.Order()) {
		t.Errorf("neighbors are %.0f rows apart", grouped)
	}
}

// A dense box whose atoms walk, drift and change image while the cell is strained.
// Steps are drawn about the size of the skin, where a wrong criterion shows.
func TestListMatchesBuildAlongTrajectories(t *testing.T) {
	reused := 0
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		normal := func(sigma float64) [3]float64 {
			return [3]float64{sigma * rng.NormFloat64(), sigma * rng.NormFloat64(), sigma * rng.NormFloat64()}
		}
		pbc := [3]bool{rng.IntN(4) > 0, rng.IntN(4) > 0, rng.IntN(4) > 0}
		// The larger box has cells enough for rows to be grouped.
		size := rapid.SampledFrom([]float64{6, 14}).Draw(t, "size")
		lattice := [3][3]float64{{size, 0, 0}, {3 * rng.NormFloat64(), size, 0}, {0, rng.NormFloat64(), size}}
		pos := make([][3]float64, int(size*10))
		for i := range pos {
			for k := range 3 {
				pos[i][k] = size * rng.Float64()
			}
		}
		skin := 0.2 + rng.Float64()
		l := newList(t, 2, skin, pbc)
		if rapid.Bool().Draw(t, "parallel") {
			l.Each = threes
		}
		l.Group = rapid.Bool().Draw(t, "group")
		walk := skin * rapid.SampledFrom([]float64{0, 0.02, 0.1, 0.3}).Draw(t, "walk")
		drift := rapid.SampledFrom([]float64{0, 1}).Draw(t, "drift")
		strain := rapid.SampledFrom([]float64{0, 0.01, 0.05}).Draw(t, "strain")
		affine := rapid.Bool().Draw(t, "affine")
		for range 5 {
			if !update(t, l, pos, lattice) {
				reused++
			}
			common := normal(drift)
			deform := identity
			for k := range 3 {
				e := normal(strain)
				for x := range 3 {
					deform[k][x] += e[x]
				}
			}
			transform := func(x [3]float64) (y [3]float64) {
				for k := range 3 {
					for m := range 3 {
						y[m] += x[k] * deform[k][m]
					}
				}
				return y
			}
			for k := range 3 {
				lattice[k] = transform(lattice[k])
			}
			for i := range pos {
				if affine {
					pos[i] = transform(pos[i])
				}
				w := normal(walk)
				for k := range 3 {
					pos[i][k] += w[k] + common[k]
				}
			}
			if rng.IntN(8) == 0 { // an atom is given by another image
				k := rng.IntN(3)
				if i := rng.IntN(len(pos)); pbc[k] {
					for x := range 3 {
						pos[i][x] += lattice[k][x]
					}
				}
			}
		}
	})
	if reused == 0 {
		t.Error("no list was ever reused")
	}
}

// threes is a loop whose parts run at the same time, in no order.
func threes(count int, body func(lo, hi int)) {
	var wait sync.WaitGroup
	for lo := 0; lo < count; lo += 3 {
		wait.Go(func() { body(lo, min(lo+3, count)) })
	}
	wait.Wait()
}

// Atoms that meet between searches are found in parallel too, and named.
func TestParallelListNamesAtomsAtTheSamePlace(t *testing.T) {
	pos := [][3]float64{{0, 0, 0}, {1, 0, 0}, {1.2, 0, 0}, {2, 0, 0}}
	l := newList(t, 2, 1, [3]bool{})
	l.Each = threes
	update(t, l, pos, [3][3]float64{})
	pos[2] = pos[1]
	_, _, err := l.Update(pos, [3][3]float64{})
	if want := "neighbor: atom 2 and atom 3 with shift [0 0 0]: atoms coincide"; !errors.Is(err, ErrCoincident) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The closest call: two atoms just outside the cutoff plus skin approach each
// other by almost skin/2 each, or by slightly more.
func TestListSearchesWhenAtomsMovedHalfTheSkin(t *testing.T) {
	const cutoff, skin = 4, 1
	for _, test := range []struct {
		moved  float64
		search bool
	}{{0.499, false}, {0.501, true}} {
		l := newList(t, cutoff, skin, [3]bool{})
		update(t, l, [][3]float64{{0, 0, 0}, {5.001, 0, 0}}, [3][3]float64{})
		if got := update(t, l, [][3]float64{{test.moved, 0, 0}, {5.001 - test.moved, 0, 0}}, [3][3]float64{}); got != test.search {
			t.Errorf("moved %g Å each with a skin of %d Å: search %v", test.moved, skin, got)
		}
	}
}

// One atom per cell does not move at all while the cell shrinks around it: its images
// come closer all the same. 5.1 Å is out of reach of 4 Å + 1 Å.
func TestListSeesImagesApproachWhenTheCellShrinks(t *testing.T) {
	l := newList(t, 4, 1, everywhere)
	pos := [][3]float64{{1, 2, 3}}
	searched := false
	for a := 5.1; a > 3.8; a -= 0.05 {
		searched = update(t, l, pos, [3][3]float64{{a, 0, 0}, {0, a, 0}, {0, 0, a}}) || searched
	}
	if !searched || len(l.graph.Neighbor) != 6 {
		t.Errorf("searched %v, %d edges, want 6", searched, len(l.graph.Neighbor))
	}
}

// What a barostat does every step: scale cell and atoms by a little, here about
// a point far from the origin, while everything drifts. Neither takes a search; a
// compression by 1 - 5/(5+1) would.
func TestListOutlivesDriftAndSmallStrain(t *testing.T) {
	pos, lattice := silicon(3)
	pos = rattled(pos, thermal)
	l := newList(t, 5, 1, everywhere)
	update(t, l, pos, lattice)
	about := [3]float64{100, -200, 300}
	for step := range 20 {
		scale := 1 + 0.05*math.Sin(float64(step))
		moved, strained := slices.Clone(pos), lattice
		for i := range moved {
			for k := range 3 {
				moved[i][k] = about[k] + scale*(moved[i][k]-about[k]) + float64(step)
			}
		}
		for k := range 3 {
			strained[k] = scaled(strained[k], scale)
		}
		if update(t, l, moved, strained) {
			t.Fatalf("step %d: a search for a strain of %.3f", step, scale-1)
		}
	}
}

func TestListFollowsTheNumberOfAtoms(t *testing.T) {
	l := newList(t, 5, 1, everywhere)
	pos, lattice := silicon(2)
	for _, n := range []int{64, 64, 63, 0, 1, 64} {
		before := len(l.pos)
		if rebuilt := update(t, l, pos[:n], lattice); rebuilt != (n != before || !l.valid) {
			t.Errorf("%d atoms after %d: search %v", n, before, rebuilt)
		}
	}
}

func TestListRecoversFromWrongInput(t *testing.T) {
	l := newList(t, 5, 1, everywhere)
	pos, lattice := silicon(1)
	update(t, l, pos, lattice)

	bad := slices.Clone(pos)
	bad[3][1] = math.NaN()
	if _, _, err := l.Update(bad, lattice); !errors.Is(err, ErrNotFinite) {
		t.Error(err)
	}
	if _, _, err := l.Update(pos, [3][3]float64{}); !errors.Is(err, ErrSingular) {
		t.Error(err)
	}
	bad = slices.Clone(pos)
	bad[3] = bad[4]
	if _, _, err := l.Update(bad, lattice); !errors.Is(err, ErrCoincident) {
		t.Error(err)
	}
	update(t, l, pos, lattice)

	for _, skin := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := NewList(5, skin, everywhere); err == nil {
			t.Errorf("skin %g passes", skin)
		}
	}
	if _, err := NewList(0, 1, everywhere); err == nil {
		t.Error("cutoff 0 passes")
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	pos, lattice := silicon(3)
	for _, skin := range []float64{1, 0} { // with and without reuse
		l := newList(t, 5, skin, everywhere)
		frames := [2][][3]float64{rattled(pos, thermal), rattled(pos, 0.9*thermal)}
		step := 0
		once := func() {
			strained := lattice
			strained[1][0] = 0.01 * float64(step%2)
			if _, _, err := l.Update(frames[step%2], strained); err != nil {
				t.Fatal(err)
			}
			step++
		}
		once()
		once()
		if n := testing.AllocsPerRun(10, once); n != 0 {
			t.Errorf("skin %g Å: %g allocations per update", skin, n)
		}
	}
}
