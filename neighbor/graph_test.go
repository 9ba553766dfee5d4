package neighbor

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// silicon returns n×n×n cubic cells of diamond, 8 n³ atoms, a = 5.43 Å.
func silicon(n int) (pos [][3]float64, lattice [3][3]float64) {
	const a = 5.43
	basis := [8][3]float64{
		{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0},
		{1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1},
	}
	for x := range n {
		for y := range n {
			for z := range n {
				for _, b := range basis {
					pos = append(pos, [3]float64{
						a * (float64(x) + b[0]/4), a * (float64(y) + b[1]/4), a * (float64(z) + b[2]/4),
					})
				}
			}
		}
	}
	for k := range 3 {
		lattice[k][k] = a * float64(n)
	}
	return pos, lattice
}

// rattled displaces all atoms by a normal distribution of width sigma [Å].
func rattled(pos [][3]float64, sigma float64) [][3]float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	pos = slices.Clone(pos)
	for i := range pos {
		for k := range 3 {
			pos[i][k] += sigma * rng.NormFloat64()
		}
	}
	return pos
}

var everywhere = [3]bool{true, true, true}

// checkSilicon counts the first three shells of the diamond lattice: 4 at
// a√3/4 = 2.351 Å, 12 at a/√2 = 3.840 Å, 12 at a√11/4 = 4.502 Å. The fourth,
// 6 at a = 5.43 Å, is out of reach of 5 Å.
func checkSilicon(t *testing.T, g *Graph) {
	t.Helper()
	for i := range len(g.Start) - 1 {
		var shells [3]int
		for _, v := range g.Vec[g.Start[i]:g.Start[i+1]] {
			for s, r := range []float64{5.43 * math.Sqrt(3) / 4, 5.43 / math.Sqrt2, 5.43 * math.Sqrt(11) / 4} {
				if math.Abs(norm(v)-r) < 1e-10 {
					shells[s]++
				}
			}
		}
		if shells != [3]int{4, 12, 12} || g.Start[i+1]-g.Start[i] != 28 {
			t.Fatalf("atom %d has shells %v and %d neighbors", i, shells, g.Start[i+1]-g.Start[i])
		}
	}
}

func TestSiliconShells(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		pos, lattice := silicon(n)
		g, err := Build(pos, lattice, everywhere, 5)
		if err != nil {
			t.Fatal(err)
		}
		edgesOf(t, g)
		checkSilicon(t, g)
	}
}

func TestMillionAtomsInMemoryProportionalToEdges(t *testing.T) {
	if testing.Short() {
		t.Skip("one gigabyte of edges")
	}
	pos, lattice := silicon(50)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g, err := Build(pos, lattice, everywhere, 5)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	checkSilicon(t, g)
	// 38 bytes are the edge itself; the rest is what sorting needs per atom.
	perEdge := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(g.Neighbor))
	t.Logf("%d atoms, %d edges, %.1f bytes allocated per edge", len(pos), len(g.Neighbor), perEdge)
	if perEdge > 45 {
		t.Errorf("%.1f bytes allocated per edge", perEdge)
	}
}

func TestDenseBoxMatchesBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	lattices := map[string][3][3]float64{
		"cubic":     {{9, 0, 0}, {0, 9, 0}, {0, 0, 9}},
		"triclinic": {{9, 0, 0}, {4, 8, 0}, {-3, 5, 10}},
		"sheared":   {{9, 0, 0}, {70, 9, 0}, {-20, 50, 9}},
		"needle":    {{60, 0, 0}, {0, 3, 0}, {1, 1, 3}},
		"left":      {{0, 9, 0}, {9, 0, 0}, {0, 2, 9}},
	}
	for name, lattice := range lattices {
		for mask := range 8 {
			pbc := [3]bool{mask&1 != 0, mask&2 != 0, mask&4 != 0}
			pos := make([][3]float64, 150)
			for i := range pos {
				for k := range 3 {
					f := rng.Float64()
					for x := range 3 {
						pos[i][x] += f * lattice[k][x]
					}
				}
			}
			g, err := Build(pos, lattice, pbc, 2.1)
			if err != nil {
				t.Fatalf("%s %v: %v", name, pbc, err)
			}
			if got, want := edgesOf(t, g), BruteForce(pos, lattice, pbc, 2.1); !slices.Equal(got, want) {
				t.Errorf("%s %v: %d edges, want %d", name, pbc, len(got), len(want))
			}
		}
	}
}

// The slab repeats every 1 Å along a, and b leans over by five times its height, so
// the nearest images have combined shifts and no minimum image exists. Its
// points are those of a plain 1 Å × 2 Å rectangle.
func TestTiltedSlabHasBondsLongerThanItsCell(t *testing.T) {
	const cutoff = 4.5
	g, err := Build([][3]float64{{3, 1, 7}}, [3][3]float64{{1, 0, 0}, {10, 2, 0}, {}}, [3]bool{true, true, false}, cutoff)
	if err != nil {
		t.Fatal(err)
	}
	want := -1 // the atom itself
	for x := -5; x <= 5; x++ {
		for y := -3; y <= 3; y++ {
			if float64(x*x+4*y*y) < cutoff*cutoff {
				want++
			}
		}
	}
	if got := len(edgesOf(t, g)); got != want {
		t.Errorf("%d edges, want %d", got, want)
	}
}

// A chain of one atom per 1 Å.
func TestOneAtomSeesItsOwnImages(t *testing.T) {
	g, err := Build([][3]float64{{0.25, 0, 0}}, [3][3]float64{{1, 0, 0}, {}, {}}, [3]bool{true, false, false}, 3.5)
	if err != nil {
		t.Fatal(err)
	}
	want := [][3]int16{{-3, 0, 0}, {-2, 0, 0}, {-1, 0, 0}, {1, 0, 0}, {2, 0, 0}, {3, 0, 0}}
	if !slices.Equal(g.Shift, want) || !slices.Equal(g.Reverse, []int32{5, 4, 3, 2, 1, 0}) {
		t.Errorf("shifts %v, reverse %v", g.Shift, g.Reverse)
	}
}

func TestNoEdgesWithoutNeighbors(t *testing.T) {
	for _, pos := range [][][3]float64{nil, {{1, 2, 3}}, {{0, 0, 0}, {0, 0, 5}}, {{0, 0, 0}, {1e8, -1e8, 1e9}}} {
		g, err := Build(pos, [3][3]float64{}, [3]bool{}, 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Neighbor) != 0 || len(g.Start) != len(pos)+1 {
			t.Errorf("%v: %d edges, %d row ends", pos, len(g.Neighbor), len(g.Start))
		}
	}
}

// Memory and time must follow the number of atoms, not the space between them:
// the numbers are cells and the fullest cell.
func TestCellsDependOnAtomsNotOnEmptySpace(t *testing.T) {
	crystal, _ := silicon(10)
	huge := [3][3]float64{{1e7, 0, 0}, {2e6, 1e7, 0}, {0, 0, 1e7}}
	evaporated := append(slices.Clone(crystal), [3]float64{1e8, -1e9, 1e7})
	for i := range crystal {
		for k := range 3 {
			crystal[i][k] += 1e6
		}
	}
	for name, s := range map[string]structure{
		"far from the origin": {crystal, [3][3]float64{}, [3]bool{}, 5},
		"evaporated atom":     {evaporated, [3][3]float64{}, [3]bool{}, 5},
		"slab with vacuum":    {evaporated, huge, [3]bool{true, true, false}, 5},
		"huge periodic cell":  {crystal, huge, everywhere, 5},
	} {
		var c cells
		if err := c.sort(s.pos, s.lattice, s.pbc, s.cutoff); err != nil {
			t.Fatal(err)
		}
		fullest := int32(0)
		for k := range len(c.first) - 1 {
			fullest = max(fullest, c.first[k+1]-c.first[k])
		}
		// A cell of 5 Å holds 6.2 atoms on average and at most about 18.
		if len(c.first) > 3*len(s.pos) || fullest > 40 {
			t.Errorf("%s: %d cells for %d atoms, %d in one", name, len(c.first), len(s.pos), fullest)
		}
	}
}

// dyadic rounds a structure to multiples of 2⁻²⁰ Å, which whole lattice vectors and
// translations add to without rounding.
func dyadic(s structure) structure {
	for _, rows := range [][][3]float64{s.pos, s.lattice[:]} {
		for i := range rows {
			for k, x := range rows[i] {
				rows[i][k] = math.Round(x*0x1p20) * 0x1p-20
			}
		}
	}
	return s
}

func buildOrSkip(t *rapid.T, s structure) []edge {
	g, err := Build(s.pos, s.lattice, s.pbc, s.cutoff)
	if errors.Is(err, ErrCoincident) || errors.Is(err, ErrSingular) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return edgesOf(t, g)
}

func TestEdgesInvariantUnderTranslation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := dyadic(structures(8).Draw(t, "structure"))
		want := buildOrSkip(t, s)
		for k := range 3 {
			d := float64(rapid.IntRange(-1<<30, 1<<30).Draw(t, "translation")) * 0x1p-20
			for i := range s.pos {
				s.pos[i][k] += d
			}
		}
		if got := buildOrSkip(t, s); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestEdgesInvariantUnderLatticeShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := dyadic(structures(8).Draw(t, "structure"))
		want := buildOrSkip(t, s)
		moved := make([][3]int16, len(s.pos))
		for i := range s.pos {
			for k := range 3 {
				if s.pbc[k] {
					moved[i][k] = int16(rapid.IntRange(-20, 20).Draw(t, "shift"))
				}
				for x := range 3 {
					s.pos[i][x] += float64(moved[i][k]) * s.lattice[k][x]
				}
			}
		}
		got := buildOrSkip(t, s)
		for e := range got {
			for k := range 3 {
				got[e].shift[k] += moved[got[e].neighbor][k] - moved[got[e].center][k]
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestEdgesInvariantUnderPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := structures(8).Draw(t, "structure")
		want := buildOrSkip(t, s)
		old := make([]int32, len(s.pos))
		for i := range old {
			old[i] = int32(i)
		}
		old = rapid.Permutation(old).Draw(t, "order")
		pos := s.pos
		s.pos = make([][3]float64, len(pos))
		for i, o := range old {
			s.pos[i] = pos[o]
		}
		got := buildOrSkip(t, s)
		for e := range got {
			got[e].center, got[e].neighbor = old[got[e].center], old[got[e].neighbor]
		}
		slices.SortFunc(got, func(a, b edge) int {
			return slices.Compare([]int32{a.center, a.neighbor, int32(a.shift[0]), int32(a.shift[1]), int32(a.shift[2])},
				[]int32{b.center, b.neighbor, int32(b.shift[0]), int32(b.shift[1]), int32(b.shift[2])})
		})
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestWrongInputIsNamed(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cube := [3][3]float64{{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}
	two := [][3]float64{{0, 0, 0}, {1, 0, 0}}
	for _, test := range []struct {
		pos     [][3]float64
		lattice [3][3]float64
		pbc     [3]bool
		cutoff  float64
		is      error
		message string
	}{
		{two, cube, everywhere, 0, nil, "neighbor: cutoff 0 Å, want a positive finite length"},
		{two, cube, everywhere, -1, nil, "neighbor: cutoff -1 Å, want a positive finite length"},
		{two, cube, everywhere, nan, nil, "neighbor: cutoff NaN Å, want a positive finite length"},
		{two, cube, everywhere, inf, nil, "neighbor: cutoff +Inf Å, want a positive finite length"},
		{[][3]float64{{0, 0, 0}, {1, nan, 0}}, cube, everywhere, 5, ErrNotFinite,
			"neighbor: atom 2 at [1 NaN 0]: not finite"},
		{[][3]float64{{-inf, 0, 0}, {1, 0, 0}}, cube, [3]bool{}, 5, ErrNotFinite,
			"neighbor: atom 1 at [-Inf 0 0]: not finite"},
		{two, [3][3]float64{{4, 0, 0}, {0, nan, 0}, {0, 0, 4}}, [3]bool{}, 5, ErrNotFinite,
			"neighbor: lattice vector b is [0 NaN 0]: not finite"},
		{two, [3][3]float64{{4, 0, 0}, {4, 1e-12, 0}, {0, 0, 4}}, everywhere, 5, ErrSingular,
			"neighbor: lattice [[4 0 0] [4 1e-12 0] [0 0 4]], periodic [true true true]: periodic lattice vectors are linearly dependent"},
		{two, [3][3]float64{{4, 0, 0}, {8, 0, 0}, {0, 0, 4}}, [3]bool{true, true, false}, 5, ErrSingular,
			"neighbor: lattice [[4 0 0] [8 0 0] [0 0 4]], periodic [true true false]: periodic lattice vectors are linearly dependent"},
		{two, [3][3]float64{}, [3]bool{false, true, false}, 5, ErrSingular,
			"neighbor: lattice [[0 0 0] [0 0 0] [0 0 0]], periodic [false true false]: periodic lattice vectors are linearly dependent"},
		{[][3]float64{{9, 9, 9}, {1, 0, 0}, {2, 0, 0}, {1, 0, 0}}, cube, [3]bool{}, 5, ErrCoincident,
			"neighbor: atom 2 and atom 4 with shift [0 0 0]: atoms coincide"},
		{[][3]float64{{1, 0, 0}, {5, 0, -4}}, cube, everywhere, 2, ErrCoincident,
			"neighbor: atom 1 and atom 2 with shift [-1 0 1]: atoms coincide"},
		{[][3]float64{{0, 0, 0}, {1, 0, 160000}}, cube, everywhere, 2, ErrShiftRange,
			"neighbor: atoms 1 and 2 are more than 32767 periods apart, wrap them into the cell: lattice shift does not fit 16 bits"},
		{[][3]float64{{-1e9, 0, 0}, {1e9, 0, 0}}, [3][3]float64{{0.5, 0, 0}, {}, {}}, [3]bool{true, false, false}, 1, ErrShiftRange,
			"neighbor: atoms 4e+09 periods apart, wrap them into the cell: lattice shift does not fit 16 bits"},
		{[][3]float64{{0, 0, 0}, {0, -1e12, 0}}, cube, everywhere, 2, ErrUnphysical,
			"neighbor: atom 2 at [0 -1e+12 0] Å, want at most 1e+09 Å from the origin: no structure of atoms"},
		{two, [3][3]float64{{4, 0, 0}, {0, 5e-324, 0}, {0, 0, 4}}, everywhere, 5, ErrUnphysical,
			"neighbor: lattice vector b is [0 5e-324 0], 0 Å long, want 0.1 to 1e+09 Å: is the lattice in Å? no structure of atoms"},
		{two, [3][3]float64{{4, 0, 0}, {0, 4, 0}, {0, 0, 1e300}}, everywhere, 5, ErrUnphysical,
			"neighbor: lattice vector c is [0 0 1e+300], +Inf Å long, want 0.1 to 1e+09 Å: is the lattice in Å? no structure of atoms"},
		{two, [3][3]float64{{4, 0, 0}, {4, 0.01, 0}, {0, 0, 4}}, everywhere, 5, ErrUnphysical,
			"neighbor: lattice [[4 0 0] [4 0.01 0] [0 0 4]] repeats every 0.01 Å, along [0 -0.01 0], want 0.1 Å or more: no structure of atoms"},
		{two, [3][3]float64{{0.36, 0, 0}, {0, 0.36, 0}, {0, 0, 0.36}}, everywhere, 5, ErrTooManyEdges,
			"neighbor: a cell of 0.0467 Å³ with 2 atoms has 2.24e+04 neighbors of each within 5 Å, want at most 10000: is the lattice in Å? too many edges"},
		{two, [3][3]float64{{0.2, 0, 0}, {0, 0.2, 0}, {}}, [3]bool{true, true, false}, 50, ErrTooManyEdges,
			"neighbor: 1.77e+06 periodic images of each atom within 50 Å in the lattice [[0.2 0 0] [0 0.2 0] [0 0 0]]: is it in Å, and sheared no more than needed? too many edges"},
		{two, [3][3]float64{{0.2, 0, 0}, {0, 0.2, 0}, {}}, [3]bool{true, true, false}, 16, ErrTooManyEdges,
			"neighbor: more than 20000 edges of 2 atoms within 16 Å: are positions in Å, not fractions? too many edges"},
		{two, [3][3]float64{{1, 0, 0}, {1e9, 1, 0}, {0, 0, 1e9}}, everywhere, 5, ErrTooManyEdges,
			"neighbor: 1.95e+11 periodic images of each atom within 5 Å in the lattice [[1 0 0] [1e+09 1 0] [0 0 1e+09]]: is it in Å, and sheared no more than needed? too many edges"},
		{[][3]float64{{0, 0, 0}, {0, 0, 1e9}}, [3][3]float64{{1e3, 0, 0}, {9e8, 0, 1e3}, {}}, [3]bool{true, true, false}, 5, ErrUnphysical,
			"neighbor: distances are uncertain by 1e+01 Å in the lattice [[1000 0 0] [9e+08 0 1000] [0 0 0]], want shorter vectors of the same lattice or atoms closer to the cell: no structure of atoms"},
	} {
		_, err := Build(test.pos, test.lattice, test.pbc, test.cutoff)
		if err == nil || err.Error() != test.message || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("got  %v\nwant %s", err, test.message)
		}
	}
}
