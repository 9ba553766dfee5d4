package potential

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Grid is a quadrature on the sphere S²: unit vectors o_a (`Orientations`) and
// weights w_a that add up to one.
//
// It integrates spherical harmonics exactly up to the degree of the design (5 for 12
// and 20 points, 9 for 32 and 42, 11 for 62). Where the network makes no higher ones
// it is exactly invariant under rotations ([Config.Exact]), else they show as a
// rotation residual, which is measured with every accuracy figure.
type Grid struct {
	Name         string       `json:"name"`
	Orientations [][3]float64 `json:"orientations"` // o_a
	Weights      []float64    `json:"weights"`      // w_a
}

// Validate reports a grid that is not a quadrature: vectors that are not of
// unit length, weights that are not positive or do not add up to one.
func (g Grid) Validate() error {
	if n := len(g.Orientations); n == 0 || n != len(g.Weights) || n > maxGrid {
		return fmt.Errorf("potential: grid %q has %d orientations and %d weights, want as many of both, 1 to %d",
			g.Name, n, len(g.Weights), maxGrid)
	}
	sum := 0.0
	for a, o := range g.Orientations {
		if r := norm(o); math.Abs(r-1) > 1e-6 && g.Name != "none" {
			return fmt.Errorf("potential: grid %q: orientation %d has length %g, want 1", g.Name, a+1, r)
		}
		if w := g.Weights[a]; !(w > 0) {
			return fmt.Errorf("potential: grid %q: weight %d is %g, want a positive number", g.Name, a+1, w)
		}
		sum += g.Weights[a]
	}
	if math.Abs(sum-1) > 1e-6 {
		return fmt.Errorf("potential: grid %q: weights add up to %.9g, want 1", g.Name, sum)
	}
	return nil
}

// Degree returns the largest degree up to which the grid integrates all spherical
// harmonics exactly: up to which, by their addition theorem, Σ_ab w_a w_b P_l(o_a·o_b)
// is zero for l ≥ 1.
func (g Grid) Degree() int {
	const tolerance = 1e-10
	p, dp := make([]float64, maxDegree+1), make([]float64, maxDegree+1)
	sums := make([]float64, maxDegree+1)
	for a, o := range g.Orientations {
		for b, q := range g.Orientations {
			legendre(p, dp, dot(o, q))
			for l := range sums {
				sums[l] += g.Weights[a] * g.Weights[b] * p[l]
			}
		}
	}
	for l, sum := range sums {
		if l > 0 && math.Abs(sum) > tolerance {
			return l - 1
		}
	}
	return maxDegree
}

// paired returns the grid in antipodal order, the second half of the
// orientations opposite to the first, or false if an orientation has no opposite
// of the same weight.
func (g Grid) paired() (Grid, bool) {
	const tolerance = 1e-9
	half, opposite := Grid{Name: g.Name}, Grid{}
	used := make([]bool, len(g.Orientations))
	for a, o := range g.Orientations {
		if used[a] {
			continue
		}
		b := a + 1
		for ; b < len(used); b++ {
			p := g.Orientations[b]
			sum := [3]float64{o[0] + p[0], o[1] + p[1], o[2] + p[2]}
			if !used[b] && norm(sum) < tolerance && math.Abs(g.Weights[a]-g.Weights[b]) < tolerance {
				break
			}
		}
		if b == len(used) {
			return g, false
		}
		used[b] = true
		half.Orientations, half.Weights = append(half.Orientations, o), append(half.Weights, g.Weights[a])
		opposite.Orientations, opposite.Weights = append(opposite.Orientations, g.Orientations[b]), append(opposite.Weights, g.Weights[b])
	}
	half.Orientations = append(half.Orientations, opposite.Orientations...)
	half.Weights = append(half.Weights, opposite.Weights...)
	return half, true
}

// Icosahedron returns the 12 vertices of a regular icosahedron with equal
// weights: a spherical 5-design.
func Icosahedron() Grid {
	return uniform("icosahedron12", icosahedronVertices())
}

// Dodecahedron returns the 20 vertices of a regular dodecahedron with equal
// weights: a spherical 5-design.
func Dodecahedron() Grid {
	return uniform("dodecahedron20", dodecahedronVertices())
}

// Icosahedral32 returns the vertices of an icosahedron and of its dual
// dodecahedron, 12 with weight 25/840 and 20 with weight 27/840: exact up to
// degree 9.
//
// Source: McLaren, Math. Comp. 17 (1963) 361.
func Icosahedral32() Grid {
	return orbits("icosahedral32", orbit{icosahedronVertices(), 25. / 840}, orbit{dodecahedronVertices(), 27. / 840})
}

// Icosahedral42 returns the vertices of an icosahedron and the midpoints of its
// edges, 12 with weight 5/252 and 30 with weight 8/315: exact up to degree 9, and
// with less error in degree 10, the first that is not integrated, than
// [Icosahedral32].
func Icosahedral42() Grid {
	return orbits("icosahedral42", orbit{icosahedronVertices(), 5. / 252}, orbit{icosidodecahedronVertices(), 8. / 315})
}

// Icosahedral62 returns all three, 12 with weight 125/5544, 20 with weight 27/3080
// and 30 with weight 64/3465: exact up to degree 11.
func Icosahedral62() Grid {
	return orbits("icosahedral62", orbit{icosahedronVertices(), 125. / 5544},
		orbit{dodecahedronVertices(), 27. / 3080}, orbit{icosidodecahedronVertices(), 64. / 3465})
}

// NamedGrid returns the built-in grid of that name, "icosahedron12",
// "dodecahedron20", "icosahedral32", "icosahedral42" or "icosahedral62", or of
// that number of points.
func NamedGrid(name string) (Grid, error) {
	for _, g := range []Grid{Icosahedron(), Dodecahedron(), Icosahedral32(), Icosahedral42(), Icosahedral62()} {
		if name == g.Name || name == strconv.Itoa(len(g.Orientations)) {
			return g, nil
		}
	}
	return Grid{}, fmt.Errorf("potential: no grid %q: want icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62, or a file", name)
}

// FindGrid returns the built-in grid of that name, or reads the file of that
// path.
func FindGrid(name string) (Grid, error) {
	g, unknown := NamedGrid(name)
	if unknown == nil {
		return g, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return Grid{}, fmt.Errorf("%w: %w", unknown, err)
	}
	defer f.Close()
	return ReadGrid(f, filepath.Base(name))
}

// ReadGrid reads a grid from text, one orientation a line: x y z, and a weight
// if they are not all equal. Vectors and weights are normalised; '#' starts a
// comment. This is how a grid made by repulsion, as the authors use, comes in.
func ReadGrid(r io.Reader, name string) (Grid, error) {
	g := Grid{Name: name}
	weighted := 0
	scan := bufio.NewScanner(r)
	for line := 1; scan.Scan(); line++ {
		text, _, _ := strings.Cut(scan.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 && len(fields) != 4 {
			return Grid{}, fmt.Errorf("potential: grid %s, line %d: %d columns, want x y z and perhaps a weight", name, line, len(fields))
		}
		var v [4]float64
		v[3] = 1
		for k, f := range fields {
			if _, err := fmt.Sscanf(f, "%g", &v[k]); err != nil || math.IsNaN(v[k]) || math.IsInf(v[k], 0) {
				return Grid{}, fmt.Errorf("potential: grid %s, line %d: %q is not a number", name, line, f)
			}
		}
		length := norm([3]float64(v[:3]))
		if length == 0 || v[3] <= 0 {
			return Grid{}, fmt.Errorf("potential: grid %s, line %d: want a vector of nonzero length and a positive weight", name, line)
		}
		if len(fields) == 4 {
			weighted++
		}
		g.Orientations = append(g.Orientations, [3]float64{v[0] / length, v[1] / length, v[2] / length})
		g.Weights = append(g.Weights, v[3])
	}
	if err := scan.Err(); err != nil {
		return Grid{}, fmt.Errorf("potential: grid %s: %w", name, err)
	}
	if weighted != 0 && weighted != len(g.Weights) {
		return Grid{}, fmt.Errorf("potential: grid %s: %d of %d lines have a weight, want all or none", name, weighted, len(g.Weights))
	}
	sum := 0.0
	for _, w := range g.Weights {
		sum += w
	}
	for a := range g.Weights {
		g.Weights[a] /= sum
	}
	return g, g.Validate()
}

// An orbit is a set of orientations that share a weight.
type orbit struct {
	orientations [][3]float64
	weight       float64
}

func orbits(name string, parts ...orbit) Grid {
	g := Grid{Name: name}
	for _, part := range parts {
		for _, o := range part.orientations {
			g.Orientations = append(g.Orientations, o)
			g.Weights = append(g.Weights, part.weight)
		}
	}
	return g
}

func uniform(name string, o [][3]float64) Grid {
	g := Grid{Name: name, Orientations: o, Weights: make([]float64, len(o))}
	for a := range g.Weights {
		g.Weights[a] = 1 / float64(len(o))
	}
	return g
}

func icosahedronVertices() [][3]float64 {
	s := 1 / math.Sqrt(1+math.Phi*math.Phi)
	var out [][3]float64
	for k := range 3 {
		for _, sign := range [][2]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
			var o [3]float64
			o[(k+1)%3] = sign[0] * s
			o[(k+2)%3] = sign[1] * s * math.Phi
			out = append(out, o)
		}
	}
	return out
}

// icosidodecahedronVertices are the midpoints of the edges of the icosahedron.
func icosidodecahedronVertices() [][3]float64 {
	vertices := icosahedronVertices()
	edge := 2 / math.Sqrt(1+math.Phi*math.Phi) // the least distance of two vertices
	var out [][3]float64
	for i, a := range vertices {
		for _, b := range vertices[:i] {
			if d := [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]}; norm(d) < 1.01*edge {
				m := [3]float64{a[0] + b[0], a[1] + b[1], a[2] + b[2]}
				n := norm(m)
				out = append(out, [3]float64{m[0] / n, m[1] / n, m[2] / n})
			}
		}
	}
	return out
}

func dodecahedronVertices() [][3]float64 {
	s := 1 / math.Sqrt(3)
	var out [][3]float64
	for _, x := range []float64{s, -s} {
		for _, y := range []float64{s, -s} {
			out = append(out, [3]float64{x, y, s}, [3]float64{x, y, -s})
		}
	}
	for k := range 3 {
		for _, sign := range [][2]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
			var o [3]float64
			o[(k+1)%3] = sign[0] * s * math.Phi
			o[(k+2)%3] = sign[1] * s / math.Phi
			out = append(out, o)
		}
	}
	return out
}
