package potential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// cell returns a crystal-like cell of two elements, smaller than twice the
// cutoff in one direction, so that atoms see images of themselves.
func cell(seed uint64, n int) (species []int, pos [][3]float64, lattice [3][3]float64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	lattice = [3][3]float64{{4, 0, 0}, {0.7, 7, 0}, {0, -0.6, 8}}
	for len(pos) < n {
		x := [3]float64{4 * rng.Float64(), 7 * rng.Float64(), 8 * rng.Float64()}
		if slices.ContainsFunc(pos, func(y [3]float64) bool { return norm(sub(x, y)) < 1.2 }) {
			continue
		}
		species, pos = append(species, []int{1, 8}[len(pos)%2]), append(pos, x)
	}
	return species, pos, lattice
}

// productGrid is Gauss' rule of 7 heights times 14 angles, exact to degree 13.
func productGrid() Grid {
	heights := []float64{0, 0.4058451513773972, 0.7415311855993945, 0.9491079123427585}
	weights := []float64{0.4179591836734694, 0.3818300505051189, 0.2797053914892766, 0.1294849661688697}
	g := Grid{Name: "product98"}
	for k, height := range heights {
		for _, z := range []float64{height, -height}[:min(k+1, 2)] {
			for a := range 14 {
				sin, cos := math.Sincos(2 * math.Pi * (float64(a) + 0.3) / 14)
				ring := math.Sqrt(1 - z*z)
				g.Orientations = append(g.Orientations, [3]float64{ring * cos, ring * sin, z})
				g.Weights = append(g.Weights, weights[k]/28)
			}
		}
	}
	return g
}

// engines are configurations that the engine evaluates.
func engines() map[string]Config {
	c := Config{Species: []int{1, 8}, Cutoff: 4, Channels: 16, Layers: 2, Hidden: 8, Bessel: 5, MeanNeighbors: 12}
	layers1, layers3, layers4, degree3, degree1, scaled, odd, last, soft, quadratic, exact, bent := c, c, c, c, c, c, c, c, c, c, c, c
	bent.Parabola = Distances{2.5}
	layers1.Layers = 1
	layers3.Layers = 3
	layers4.Layers = 4
	degree3.Degree, degree3.FiberDegree, degree3.Grid = 3, 3, Icosahedral32()
	degree1.Degree, degree1.Grid = 1, Dodecahedron()
	scaled.LayerScale = true
	odd.Channels, odd.Widening, odd.Degree = 13, 3, 5
	last.LastReadoutOnly = true
	soft.NormEpsilon = 1
	quadratic.Activation, quadratic.NormEpsilon = Quadratic, 10
	exact.Activation, exact.FiberDegree, exact.Layers = Quadratic, 1, 3
	spectral := func(layers, degree, fiber int, grid Grid) Config {
		s := quadratic
		s.Layers, s.Degree, s.FiberDegree, s.Grid = layers, degree, fiber, grid
		return s
	}
	scaledToo := spectral(2, 2, 2, Icosahedral32())
	scaledToo.LayerScale, scaledToo.Channels = true, 13
	mixed := func(c Config) Config {
		c.Mixing = Spherical
		return c
	}
	pairs := mixed(spectral(3, 2, 2, Icosahedral32()))
	pairs.Radial, pairs.Parabola = Pairs, Distances{2, 2.5, 0}
	return map[string]Config{
		"radial functions of pairs": pairs,
		"spherical mixing":          mixed(spectral(3, 2, 2, Icosahedral32())), "spherical mixing, one layer": mixed(spectral(1, 2, 2, Icosahedral32())),
		"spherical mixing, layer scale": mixed(scaledToo), "spherical mixing, 12 points": mixed(exact),
		"quadratic, 32 points": spectral(3, 2, 2, Icosahedral32()), "quadratic, one layer": spectral(1, 2, 2, Icosahedral32()),
		"quadratic, degree 1": spectral(2, 1, 2, Icosahedral32()), "quadratic, degree 3": spectral(2, 3, 2, Icosahedral32()),
		"quadratic, degree beyond the grid": spectral(2, 5, 1, Icosahedron()), "quadratic, degree 3 of both": spectral(2, 3, 3, productGrid()),
		"quadratic, layer scale, 13 channels": scaledToo,
		"plain":                               c, "one layer": layers1, "three layers": layers3, "four layers": layers4,
		"degree 3, 32 points": degree3, "degree 1, 20 points": degree1, "layer scale": scaled,
		"parabolas": bent, "13 channels, degree 5": odd, "last readout only": last, "soft norm": soft,
		"quadratic activation": quadratic, "quadratic and exact": exact,
	}
}

// compute evaluates a model with the given evaluator for the calculator.
func compute(t *testing.T, m *Model, species []int, pos [][3]float64, lattice [3][3]float64, eval evaluator, opts ...Option) (float64, [][3]float64, [3][3]float64) {
	t.Helper()
	calc, err := m.Calculator(species, [3]bool{true, true, true}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if eval != nil {
		calc.eval = eval
	}
	forces := make([][3]float64, len(pos))
	var virial [3][3]float64
	energy, err := calc.Compute(pos, lattice, forces, &virial)
	if err != nil {
		t.Fatal(err)
	}
	return energy, forces, virial
}

func largestDifference(a, b [][3]float64) (d float64) {
	for i := range a {
		for k := range 3 {
			d = max(d, math.Abs(a[i][k]-b[i][k]))
		}
	}
	return d
}

// TestEngineMatchesPass compares the engine with the layer-by-layer definition
// in float64: what differs is the spline of the radial functions.
func TestEngineMatchesPass(t *testing.T) {
	for name, c := range engines() {
		t.Run(name, func(t *testing.T) {
			m := testModel(c.WithDefaults())
			species, pos, lattice := cell(3, 11)
			kind, err := m.Kinds(species)
			if err != nil {
				t.Fatal(err)
			}
			net, err := newNetwork[float64](m)
			if err != nil {
				t.Fatal(err)
			}
			energy, forces, virial := compute(t, m, species, pos, lattice, newPlain(m, net, kind), DoublePrecision())
			e, f, w := compute(t, m, species, pos, lattice, nil, DoublePrecision())
			largest := largestDifference(forces, make([][3]float64, len(forces)))
			// The spline errs by up to 5e-7 of the largest radial function, its slope
			// by some twenty times as much.
			if d := math.Abs(e - energy); d > 1e-6*(1+math.Abs(energy)) {
				t.Errorf("energy %.12g eV, the pass has %.12g", e, energy)
			}
			if d := largestDifference(f, forces); d > 3e-5*largest {
				t.Errorf("forces differ by %.2g eV/Å, the largest is %.3g", d, largest)
			}
			if d := largestDifference(w[:], virial[:]); d > 3e-5*largest*10 {
				t.Errorf("virials differ by %.2g eV", d)
			}
		})
	}
}

// TestThreadsGiveTheSameBytes: any number of threads, any size of blocks.
func TestThreadsGiveTheSameBytes(t *testing.T) {
	for _, precision := range []string{"float32", "float64"} {
		t.Run(precision, func(t *testing.T) {
			m := testModel(Config{Species: []int{1, 8}, Cutoff: 3, Channels: 16, Layers: 3, MeanNeighbors: 12}.WithDefaults())
			var species []int
			var pos [][3]float64
			s, p, lattice := cell(4, 12)
			for k := range 4 { // 48 atoms: more than one block
				for i := range p {
					species = append(species, s[i])
					pos = append(pos, [3]float64{p[i][0] + 4*float64(k), p[i][1], p[i][2]})
				}
			}
			lattice[0][0] *= 4
			var opts []Option
			if precision == "float64" {
				opts = []Option{DoublePrecision()}
			}
			energy, forces, virial := compute(t, m, species, pos, lattice, nil, append(opts, Threads(1))...)
			for _, threads := range []int{2, 3, 7, 64} {
				e, f, w := compute(t, m, species, pos, lattice, nil, append(opts, Threads(threads))...)
				if e != energy || !slices.Equal(f, forces) || w != virial {
					t.Errorf("%d threads: energy %.17g, one thread %.17g; forces differ by %g",
						threads, e, energy, largestDifference(f, forces))
				}
			}
		})
	}
}

// TestSplineConverges: the error of a cubic Hermite spline falls sixteenfold when
// the intervals double, that of its slope eightfold.
func TestSplineConverges(t *testing.T) {
	wave := func(set int, r []float64) [][]float64 {
		frequency := float64(3 + set)
		out := make([]float64, 2*len(r))
		for k, x := range r {
			out[k], out[len(r)+k] = math.Sin(frequency*x), frequency*math.Cos(frequency*x)
		}
		return [][]float64{out}
	}
	s := &radialSpline{sets: 2, width: 1}
	var value, slope []float64
	for _, n := range []int{64, 128, 256} {
		s.fit(wave, 5, 1, n)
		s.measure(wave)
		value, slope = append(value, s.Error), append(slope, s.SlopeError)
	}
	for k := range 2 {
		if ratio := value[k] / value[k+1]; ratio < 15 || ratio > 17 {
			t.Errorf("the error falls by %.3g, want 16", ratio)
		}
		if ratio := slope[k] / slope[k+1]; ratio < 7 || ratio > 9 {
			t.Errorf("the error of the slope falls by %.3g, want 8", ratio)
		}
	}
	if s := newRadialSpline(wave, 5, 1, 2, 1); s.Error > splineTolerance || s.SlopeError > slopeTolerance {
		t.Errorf("error %.2g, of the slope %.2g, with %d intervals", s.Error, s.SlopeError, s.intervals)
	}
}

// TestGridsAreAntipodal: all built-in grids run in the engine, and a grid of
// points without opposites does not.
func TestGridsAreAntipodal(t *testing.T) {
	for _, g := range []Grid{Icosahedron(), Dodecahedron(), Icosahedral32(), Icosahedral42(), Icosahedral62()} {
		paired, ok := g.paired()
		if !ok {
			t.Fatalf("%s is not antipodal", g.Name)
		}
		for a, o := range paired.Orientations {
			opposite := paired.Orientations[(a+len(g.Weights)/2)%len(g.Weights)]
			if !slices.Contains(g.Orientations, o) || math.Abs(dot(o, opposite)+1) > 1e-12 {
				t.Errorf("%s: orientation %d, %v, has the opposite %v", g.Name, a, o, opposite)
			}
		}
		if again, _ := paired.paired(); !slices.Equal(again.Orientations, paired.Orientations) {
			t.Errorf("%s: the order is not stable", g.Name)
		}
	}
	s := 1 / math.Sqrt(3)
	tetrahedron := uniform("tetrahedron", [][3]float64{{s, s, s}, {s, -s, -s}, {-s, s, -s}, {-s, -s, s}})
	c := Config{Species: []int{1}, Cutoff: 3, Grid: tetrahedron}.WithDefaults()
	if err := c.Validate(); err == nil {
		t.Error("a tetrahedron has no opposite points, and is accepted")
	}
	if c.Kernel = Polynomial; c.Validate() != nil {
		t.Errorf("the polynomial family: %v", c.Validate())
	}
}

// TestResultsDoNotDependOnRows: the order of rows in the engine follows from the
// last search for neighbours, and must leave no trace in the result: a restart would
// see it.
func TestResultsDoNotDependOnRows(t *testing.T) {
	m := testModel(engines()["three layers"].WithDefaults())
	m.Repulsion = NewRepulsion(m.Config.Species, [][]float64{{1.3, 1.3}, {1.3, 1.3}}, m.Config.Cutoff)
	rng := rand.New(rand.NewPCG(8, 1))
	const side = 20.
	lattice := [3][3]float64{{side, 0, 0}, {2, side, 0}, {0, -1, side}}
	var species []int
	var pos, before [][3]float64
	for i := range 500 {
		var x, y [3]float64
		for k := range 3 {
			x[k], y[k] = side*rng.Float64(), side*rng.Float64()
		}
		species, pos, before = append(species, []int{1, 8}[i%2]), append(pos, x), append(before, y)
	}
	// The other order comes from a search in which one atom sat in another cell.
	near := slices.Clone(pos)
	for i := range near {
		for k := range 3 {
			near[i][k] += 0.6 * (rng.Float64() - 0.5)
		}
	}
	var want, got []any
	var orders [][]int32
	for _, first := range [][][3]float64{nil, near, before} {
		calc, err := m.Calculator(species, [3]bool{true, true, true}, Skin(1.2))
		if err != nil {
			t.Fatal(err)
		}
		forces, virial := make([][3]float64, len(pos)), [3][3]float64{}
		if first != nil {
			if _, err := calc.Compute(first, lattice, forces, &virial); err != nil {
				t.Fatal(err)
			}
		}
		energy, err := calc.Compute(pos, lattice, forces, &virial)
		if err != nil {
			t.Fatal(err)
		}
		got = []any{energy, forces, virial, calc.SiteEnergies(), calc.SiteVirials()}
		if first == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("energy %.17g eV, want %.17g and all else the same", got[0], want[0])
		}
		orders = append(orders, slices.Clone(calc.list.Order()))
	}
	if slices.Equal(orders[0], orders[1]) || !slices.Equal(orders[0], orders[2]) {
		t.Error("rows have not been in the orders that the test is about")
	}
}

// TestKeptSlopesChangeNothing: GELU' that is kept between the passes is the one that
// would be computed again, to the last bit.
func TestKeptSlopesChangeNothing(t *testing.T) {
	m := testModel(engines()["three layers"].WithDefaults())
	species, pos, lattice := cell(6, 12)
	calc, err := m.Calculator(species, [3]bool{true, true, true})
	if err != nil {
		t.Fatal(err)
	}
	e := calc.eval.(*fast[float32]).engine
	var forces [2][][3]float64
	for k, keep := range []int{1 << 30, 0} {
		e.keep = keep
		forces[k] = make([][3]float64, len(pos))
		var virial [3][3]float64
		if _, err := calc.Compute(pos, lattice, forces[k], &virial); err != nil {
			t.Fatal(err)
		}
		if kept := len(e.act[0]) > 0; kept != (keep > 0) {
			t.Errorf("%d bytes to keep: kept is %v", keep, kept)
		}
	}
	if !slices.Equal(forces[0], forces[1]) {
		t.Errorf("forces differ by %g eV/Å", largestDifference(forces[0], forces[1]))
	}
}

// TestExactNetworksDoNotKnowTheGrid turns atoms at random: energy and forces of a
// configuration that calls itself exact turn with them, to rounding, in the
// engine and in the pass that it is trained with. Others have a residual.
func TestExactNetworksDoNotKnowTheGrid(t *testing.T) {
	base := Config{Species: []int{1, 8}, Cutoff: 4, Channels: 8, Layers: 3, Hidden: 8, Bessel: 5, MeanNeighbors: 6, NormEpsilon: 0.01}
	species, pos, _ := cell(7, 9)
	for _, test := range []struct {
		activation    string
		mixing        string
		grid          Grid
		degree, fiber int
		exact         bool
	}{
		{Quadratic, Spherical, Icosahedron(), 2, 1, true},
		{Quadratic, Spherical, Icosahedral32(), 2, 2, true},
		{Quadratic, Pointwise, Icosahedron(), 2, 1, true},
		{Quadratic, Pointwise, Dodecahedron(), 2, 1, true},
		{Quadratic, Pointwise, Icosahedral32(), 2, 2, true},
		{Quadratic, Pointwise, Icosahedral32(), 3, 2, true},
		{Quadratic, Pointwise, Icosahedral42(), 2, 2, true},
		{Quadratic, Pointwise, Icosahedral62(), 4, 2, true},
		{Quadratic, Pointwise, Icosahedron(), 3, 1, false},
		{Quadratic, Pointwise, Dodecahedron(), 4, 1, false},
		{Quadratic, Pointwise, Icosahedral32(), 4, 2, false},
		{GELU, Pointwise, Icosahedral32(), 2, 2, false},
	} {
		c := base
		c.Activation, c.Mixing, c.Grid, c.Degree, c.FiberDegree = test.activation, test.mixing, test.grid, test.degree, test.fiber
		c = c.WithDefaults()
		name := fmt.Sprintf("%s, %s, %s, degrees %d and %d", test.activation, test.mixing, test.grid.Name, test.degree, test.fiber)
		if c.Exact() != test.exact {
			t.Errorf("%s: Exact is %v", name, c.Exact())
		}
		m := testModel(c)
		m.Repulsion, m.Binding, m.Embedded = Repulsion{}, Binding{}, EmbeddedAtom{} // only the network
		net, err := newNetwork[float64](m)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := m.Kinds(species)
		if err != nil {
			t.Fatal(err)
		}
		turned := func(x [][3]float64) [][3]float64 { // about an axis that is nothing to the grid
			out := make([][3]float64, len(x))
			for i, v := range x {
				out[i] = turnedAbout([3]float64{0.36, 0.48, 0.8}, 1.1, v)
			}
			return out
		}
		for evaluator, eval := range map[string]evaluator{"engine": nil, "pass": newPlain(m, net, kind)} {
			// large cell: no images
			lattice := [3][3]float64{{100, 0, 0}, {0, 100, 0}, {0, 0, 100}}
			energy, forces, _ := compute(t, m, species, pos, lattice, eval, DoublePrecision())
			e, f, _ := compute(t, m, species, turned(pos), lattice, eval, DoublePrecision())
			forces = turned(forces)
			residual := max(math.Abs(e-energy), largestDifference(f, forces)) / largestDifference(forces, make([][3]float64, len(forces)))
			if test.exact && residual > 1e-12 || !test.exact && residual < 1e-9 {
				t.Errorf("%s: residual %g of the %s", name, residual, evaluator)
			}
		}
	}
}

// turnedAbout returns v turned about a unit vector (Rodrigues).
func turnedAbout(axis [3]float64, angle float64, v [3]float64) (out [3]float64) {
	sin, cos := math.Sincos(angle)
	cross := [3]float64{axis[1]*v[2] - axis[2]*v[1], axis[2]*v[0] - axis[0]*v[2], axis[0]*v[1] - axis[1]*v[0]}
	for k := range out {
		out[k] = cos*v[k] + sin*cross[k] + (1-cos)*dot(axis, v)*axis[k]
	}
	return out
}

// TestSquareNeedsItsGrid: a grid must carry the spectrum of the hidden features, and
// the kernels know how to square functions of the degree.
func TestSquareNeedsItsGrid(t *testing.T) {
	for _, test := range []struct {
		grid  Grid
		fiber int
		want  string
	}{
		{Icosahedron(), 1, ""},
		{Icosahedron(), 2, "choose fiber_degree 1 or less"},
		{Icosahedral32(), 2, ""},
		{Icosahedral32(), 3, "needs 12"},
		{Icosahedral62(), 5, "at most 4"},
	} {
		c := Config{Species: []int{1}, Cutoff: 4, Activation: Quadratic, Grid: test.grid, FiberDegree: test.fiber}.WithDefaults()
		err := c.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, degree %d: %v, want %q", test.grid.Name, test.fiber, err, test.want)
		}
	}
}
