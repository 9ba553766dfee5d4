package potential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponita/neighbor"
)

// testNetwork returns a small network with every weight random, so that no term
// of any derivative is zero, and a random cluster to evaluate.
func testNetwork(t *testing.T, c Config) (*Network[float64], []float64, Input) {
	t.Helper()
	c = c.WithDefaults()
	net, err := NewNetwork[float64](c)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	w := c.Initialize(rng)
	for k := range w {
		w[k] += 0.3 * rng.NormFloat64()
	}
	if err := net.SetWeights(w, 1); err != nil {
		t.Fatal(err)
	}
	kind := make([]int, 7)
	pos := make([][3]float64, len(kind))
	for i := range kind {
		kind[i] = i % len(c.Species)
		for k := range pos[i] {
			pos[i][k] = 3 * rng.Float64()
		}
	}
	g, err := neighbor.Build(pos, [3][3]float64{{3.5, 0, 0}, {0.4, 9, 0}, {0, 0, 9}}, [3]bool{true}, c.Cutoff)
	if err != nil {
		t.Fatal(err)
	}
	return net, w, Input{Graph: g, Scalars: c.OneHot(kind)}
}

// networks are small configurations of every family.
func networks() map[string]Config {
	small := Config{Species: []int{1, 6, 8}, Cutoff: 3, Channels: 6, Layers: 2, Hidden: 5, Basis: 4, Widening: 2, Bessel: 4, MeanNeighbors: 5}
	legendre, scaled, quadratic, polynomial, distance := small, small, small, small, small
	legendre.Degree, legendre.FiberDegree = 3, 2
	scaled.LayerScale, scaled.Grid = true, Icosahedral32()
	quadratic.Activation, quadratic.Grid, quadratic.LayerScale, quadratic.NormEpsilon = Quadratic, Icosahedral32(), true, 0.1
	spherical := quadratic
	spherical.Mixing = Spherical
	bent := legendre
	bent.Parabola = Distances{1.7} // some of the pairs are closer
	pairs := spherical
	pairs.Radial, pairs.Parabola = Pairs, Distances{1.7, 1.5, 0, 1.6, 1.8, 1.4}
	polynomial.Kernel, distance.Kernel = Polynomial, Distance
	return map[string]Config{"legendre": legendre, "parabolas": bent, "radial functions of pairs": pairs, "layer scale, 32 points": scaled, "quadratic": quadratic, "spherical mixing": spherical, "polynomial": polynomial, "distance": distance}
}

// slope returns how the error of a central difference falls when the step
// halves: 4 for a right derivative. Errors at rounding level count as right.
func slope(f func(h float64) float64, derivative, scale float64) (ratio, smallest float64) {
	const h = 2e-3
	wide := math.Abs((f(h)-f(-h))/(2*h) - derivative)
	narrow := math.Abs((f(h/2)-f(-h/2))/h - derivative)
	if narrow < 1e-9*scale {
		return 4, narrow
	}
	return wide / narrow, narrow
}

// TestLossGradientMatchesFiniteDifference differentiates λ·output + Ṡ, with Ṡ
// the directional derivative by positions, by each weight tensor in a random
// direction. This is the gradient of every loss on energies, forces and stress.
func TestLossGradientMatchesFiniteDifference(t *testing.T) {
	for name, c := range networks() {
		t.Run(name, func(t *testing.T) {
			net, w, in := testNetwork(t, c)
			c = net.Config()
			rng := rand.New(rand.NewPCG(3, 4))
			atoms, edges := len(in.Graph.Start)-1, len(in.Graph.Vec)
			seed, late := make([]float64, atoms), make([]float64, atoms)
			for i := range seed {
				seed[i], late[i] = rng.NormFloat64(), rng.NormFloat64()
			}
			vecDot := make([][3]float64, edges)
			for e := range vecDot {
				r := int(in.Graph.Reverse[e])
				for k := range vecDot[e] {
					vecDot[e][k] = rng.NormFloat64()
					if r < e {
						vecDot[e][k] = -vecDot[r][k]
					}
				}
			}
			p := net.NewPass(true)
			value := func(weights []float64) float64 {
				if err := net.SetWeights(weights, 2); err != nil {
					t.Fatal(err)
				}
				dVec := make([][3]float64, edges)
				p.Forward(in)
				p.Backward(seed, dVec)
				s := 0.
				for i, l := range late {
					s += l * p.Output[i]
				}
				for e := range dVec {
					s += dot(dVec[e], vecDot[e])
				}
				return s
			}
			value(w)
			grad, withoutTangent, tangentOfZero := make([]float64, len(w)), make([]float64, len(w)), make([]float64, len(w))
			part := net.NewGradient()
			total := func(grad []float64) {
				p.Gradient(late, part)
				net.Total(grad, []*Gradient[float64]{part}, 2)
			}
			total(withoutTangent)
			p.Tangent(make([][3]float64, edges))
			total(tangentOfZero)
			for k, want := range tangentOfZero {
				if math.Abs(withoutTangent[k]-want) > 1e-12*(1+math.Abs(want)) {
					t.Fatalf("derivative %d is %.15g without a tangent, %.15g with one of zero", k, withoutTangent[k], want)
				}
			}
			p.Tangent(vecDot)
			total(grad)
			for _, tensor := range c.Layout().Tensors {
				direction := make([]float64, len(w))
				want, size := 0., 0.
				for k := tensor.Offset; k < tensor.Offset+tensor.Len(); k++ {
					direction[k] = rng.NormFloat64() / math.Sqrt(float64(tensor.Len()))
					want += direction[k] * grad[k]
					size += grad[k] * grad[k]
				}
				ratio, err := slope(func(h float64) float64 {
					moved := make([]float64, len(w))
					for k := range w {
						moved[k] = w[k] + h*direction[k]
					}
					return value(moved)
				}, want, 1+math.Sqrt(size))
				if ratio < 3.5 || ratio > 4.5 {
					t.Errorf("%s: error %.2e falls by %.3g when the step halves, want 4", tensor.Name, err, ratio)
				}
				if size == 0 {
					t.Errorf("%s has no gradient", tensor.Name)
				}
			}
		})
	}
}

// TestEdgeGradientMatchesFiniteDifference differentiates the seeded output by
// the vector of one bond (both edges of it).
func TestEdgeGradientMatchesFiniteDifference(t *testing.T) {
	for name, c := range networks() {
		t.Run(name, func(t *testing.T) {
			net, _, in := testNetwork(t, c)
			p := net.NewPass(false)
			seed := make([]float64, len(in.Graph.Start)-1)
			for i := range seed {
				seed[i] = 1 + 0.1*float64(i)
			}
			value := func() float64 {
				p.Forward(in)
				s := 0.
				for i, l := range seed {
					s += l * p.Output[i]
				}
				return s
			}
			value()
			dVec := make([][3]float64, len(in.Graph.Vec))
			p.Backward(seed, dVec)
			for e := 0; e < len(dVec); e += 5 {
				back := int(in.Graph.Reverse[e])
				for k := range 3 {
					x := in.Graph.Vec[e][k]
					ratio, err := slope(func(h float64) float64 {
						in.Graph.Vec[e][k], in.Graph.Vec[back][k] = x+h, -x-h
						v := value()
						in.Graph.Vec[e][k], in.Graph.Vec[back][k] = x, -x
						return v
					}, dVec[e][k]-dVec[back][k], 1)
					if ratio < 3.5 || ratio > 4.5 {
						t.Errorf("edge %d, component %d: error %.2e falls by %.3g when the step halves, want 4", e, k, err, ratio)
					}
				}
			}
		})
	}
}

// TestGridsIntegrateSphericalHarmonics checks the degree of each design: powers
// of a coordinate along a random axis have the mean 1/(n+1), or zero.
func TestGridsIntegrateSphericalHarmonics(t *testing.T) {
	axis := [3]float64{0.36, 0.48, 0.8}
	for _, test := range []struct {
		grid   Grid
		degree int
	}{{Icosahedron(), 5}, {Dodecahedron(), 5}, {Icosahedral32(), 9}, {Icosahedral42(), 9}, {Icosahedral62(), 11}} {
		if err := test.grid.Validate(); err != nil {
			t.Fatal(err)
		}
		if got := test.grid.Degree(); got != test.degree {
			t.Errorf("%s has degree %d, want %d", test.grid.Name, got, test.degree)
		}
		for n := range test.degree + 2 {
			sum, want := 0., 0.
			if n%2 == 0 {
				want = 1 / float64(n+1)
			}
			for a, o := range test.grid.Orientations {
				sum += test.grid.Weights[a] * math.Pow(dot(o, axis), float64(n))
			}
			if exact := math.Abs(sum-want) < 1e-14; exact != (n <= test.degree) && !(n == test.degree+1 && n%2 == 1) {
				t.Errorf("%s: mean of cos^%d is %.15g, exact %.15g: want a design of degree %d", test.grid.Name, n, sum, want, test.degree)
			}
		}
	}
}

// TestGridFromFile reads a grid as made by repulsion: any lengths, comments,
// perhaps weights.
func TestGridFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "six.txt")
	const text = "# octahedron\n 2 0 0\n-1 0 0\n0 1 0\n0 -3 0 # long\n\n0 0 1\n0 0 -1\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	g, err := FindGrid(path)
	if err != nil || len(g.Orientations) != 6 || g.Orientations[3] != [3]float64{0, -1, 0} || math.Abs(g.Weights[0]-1./6) > 1e-15 {
		t.Errorf("got %+v, %v", g, err)
	}
	for bad, want := range map[string]string{
		"1 0\n": "line 1: 2 columns", "1 0 x\n": `line 1: "x" is not a number`, "0 0 0\n": "nonzero length",
		"1 0 0 1\n0 1 0\n": "1 of 2 lines have a weight", "": "0 orientations", "1 0 0 -1\n": "positive weight",
	} {
		if _, err := ReadGrid(strings.NewReader(bad), "bad"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
	if _, err := FindGrid("icosahedron13"); err == nil || !strings.Contains(err.Error(), `no grid "icosahedron13"`) {
		t.Errorf("a wrong name: %v", err)
	}
}

func ExampleConfig_Layout() {
	c := Config{Species: []int{14}, Cutoff: 5}.WithDefaults()
	fmt.Println(c.Layout().Len, "weights")
	// Output: 36419 weights
}
