package neighbor

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// edge is one row entry of a Graph, comparable.
type edge struct {
	center, neighbor int32
	shift            [3]int16
	vec              [3]float64
}

// BruteForce tries every pair with every shift that could bring it within the
// cutoff. It shares nothing with the package but the documented expression of Vec.
func BruteForce(pos [][3]float64, lattice [3][3]float64, pbc [3]bool, cutoff float64) []edge {
	frame, err := completed(lattice, pbc)
	if err != nil {
		panic(err)
	}
	g := dual(frame)
	var edges []edge
	for i := range pos {
		for j := range pos {
			d := sub(pos[j], pos[i])
			var low, high [3]int
			for k := range 3 {
				if pbc[k] {
					// |d + S·L| < cutoff puts every coordinate within cutoff/height.
					middle, reach := -dot(d, g[k]), cutoff*norm(g[k])
					low[k] = int(math.Floor(middle - reach - 1e-6))
					high[k] = int(math.Ceil(middle + reach + 1e-6))
				}
			}
			for a := low[0]; a <= high[0]; a++ {
				for b := low[1]; b <= high[1]; b++ {
					for c := low[2]; c <= high[2]; c++ {
						var v [3]float64
						for x := range v {
							v[x] = d[x] + (float64(float64(a)*lattice[0][x]) + float64(float64(b)*lattice[1][x]) + float64(float64(c)*lattice[2][x]))
						}
						r2 := float64(v[0]*v[0]) + float64(v[1]*v[1]) + float64(v[2]*v[2])
						if r2 < cutoff*cutoff && (i != j || a != 0 || b != 0 || c != 0) {
							edges = append(edges, edge{int32(i), int32(j), [3]int16{int16(a), int16(b), int16(c)}, v})
						}
					}
				}
			}
		}
	}
	return edges
}

// fataler is *testing.T or *rapid.T.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// edgesOf lists the edges of a graph and checks that Reverse pairs them.
func edgesOf(t fataler, g *Graph) []edge {
	t.Helper()
	edges := make([]edge, 0, len(g.Neighbor))
	if len(g.Shift) != len(g.Neighbor) || len(g.Vec) != len(g.Neighbor) || len(g.Reverse) != len(g.Neighbor) {
		t.Fatalf("%d neighbors, %d shifts, %d vectors, %d reverses", len(g.Neighbor), len(g.Shift), len(g.Vec), len(g.Reverse))
	}
	for i := range len(g.Start) - 1 {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			edges = append(edges, edge{int32(i), g.Neighbor[e], g.Shift[e], g.Vec[e]})
		}
	}
	if len(edges) != len(g.Neighbor) {
		t.Fatalf("rows hold %d edges of %d", len(edges), len(g.Neighbor))
	}
	for e, x := range edges {
		r := g.Reverse[e]
		y := edges[r]
		y.center, y.neighbor = y.neighbor, y.center
		for k := range 3 {
			y.shift[k], y.vec[k] = -y.shift[k], -y.vec[k]
		}
		if x != y || g.Reverse[r] != int32(e) {
			t.Fatalf("edge %d %v: reverse %d is %v, and its reverse %d", e, x, r, edges[r], g.Reverse[r])
		}
	}
	return edges
}

// structure is a random input. Cutoffs exceed the cell height up to a few times.
type structure struct {
	pos     [][3]float64
	lattice [3][3]float64
	pbc     [3]bool
	cutoff  float64
}

func structures(atoms int) *rapid.Generator[structure] {
	return rapid.Custom(func(t *rapid.T) structure {
		number := func(low, high float64, name string) float64 { return rapid.Float64Range(low, high).Draw(t, name) }
		s := structure{cutoff: number(0.5, 4, "cutoff")}
		n := rapid.IntRange(1, atoms).Draw(t, "atoms")
		// Triangular, then sheared up to eight times along a random pair.
		for k := range 3 {
			s.pbc[k] = rapid.Bool().Draw(t, "periodic")
			s.lattice[k][k] = s.cutoff * rapid.SampledFrom([]float64{0.4, 0.5, 0.9, 1, 1.7, 2, 3.2, 6}).Draw(t, "height") * number(0.9, 1.1, "stretch")
			for m := range k {
				s.lattice[k][m] = s.lattice[m][m] * number(-1, 1, "tilt")
			}
		}
		if rapid.Bool().Draw(t, "sheared") {
			k := rapid.IntRange(0, 2).Draw(t, "row")
			m := (k + rapid.IntRange(1, 2).Draw(t, "along")) % 3
			q := number(-8, 8, "shear")
			for x := range 3 {
				s.lattice[k][x] += q * s.lattice[m][x]
			}
		}
		origin := rapid.SampledFrom([]float64{0, 0, 30, 1e4}).Draw(t, "origin")
		for range n {
			x := [3]float64{origin, -origin, origin}
			for k := range 3 {
				f := number(-0.2, 1.2, "fraction")
				if rapid.IntRange(0, 9).Draw(t, "unwrapped") == 0 {
					f = number(-5, 5, "far")
				}
				for d := range 3 {
					x[d] += f * s.lattice[k][d]
				}
			}
			s.pos = append(s.pos, x)
		}
		for k := range 3 {
			if !s.pbc[k] && rapid.Bool().Draw(t, "zero row") {
				s.lattice[k] = [3]float64{}
			}
		}
		return s
	})
}

// apart reports whether no edge has length zero: rapid likes to draw equal numbers,
// and such that differ by a length whose square underflows.
func apart(edges []edge) bool {
	return !slices.ContainsFunc(edges, func(e edge) bool { return dot(e.vec, e.vec) == 0 })
}

func TestCellListMatchesBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := structures(12).Draw(t, "structure")
		g, err := Build(s.pos, s.lattice, s.pbc, s.cutoff)
		want := BruteForce(s.pos, s.lattice, s.pbc, s.cutoff)
		if !apart(want) {
			if !errors.Is(err, ErrCoincident) {
				t.Fatalf("coincident atoms: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := edgesOf(t, g); !slices.Equal(got, want) {
			t.Fatalf("%d edges, want %d\n%v\n%v", len(got), len(want), got, want)
		}
	})
}

// A cutoff within an ulp of a bond: the wrapped positions of the cells round
// differently from the positions as given, and only the latter decide.
func TestCutoffIsSharpToTheLastBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := structures(8).Draw(t, "structure")
		all := BruteForce(s.pos, s.lattice, s.pbc, s.cutoff)
		if !apart(all) || len(all) == 0 {
			t.Skip("no bond")
		}
		bond := norm(rapid.SampledFrom(all).Draw(t, "bond").vec)
		for _, cutoff := range []float64{math.Nextafter(bond, 0), bond, math.Nextafter(bond, 10)} {
			g, err := Build(s.pos, s.lattice, s.pbc, cutoff)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := edgesOf(t, g), BruteForce(s.pos, s.lattice, s.pbc, cutoff); !slices.Equal(got, want) {
				t.Fatalf("cutoff %g: %d edges, want %d", cutoff, len(got), len(want))
			}
		}
	})
}
