package abc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// moved are the root mean squares, over units, inputs and seeds, of the changes
// of h^1…h^L and of f in a few steps of training.
func moved(p Parametrization, by Optimizer, width, seeds int) []float64 {
	const configurations, steps = 4, 4
	// Small enough for a first-order change at the base width, where all
	// parametrizations are the same network.
	rate := map[Optimizer]float64{SGD: 0.02, Adam: 0.002}[by]
	sum := make([]float64, len(p))
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		xs, ys := make([][]float64, configurations), make([]float64, configurations)
		for k := range xs {
			xs[k] = make([]float64, inputs)
			norm := 0.
			for j := range xs[k] {
				xs[k][j] = rng.NormFloat64()
				norm += xs[k][j] * xs[k][j]
			}
			for j := range xs[k] {
				xs[k][j] *= math.Sqrt(inputs / norm)
			}
			ys[k] = 2 * rng.NormFloat64()
		}
		n := newMLP(p, by, width, rate, rng)
		var before [][][]float64
		for _, x := range xs {
			var copies [][]float64
			for _, h := range n.forward(x) {
				copies = append(copies, append([]float64(nil), h...))
			}
			before = append(before, copies)
		}
		for range steps {
			n.step(xs, ys)
		}
		for k, x := range xs {
			for l, h := range n.forward(x) {
				for i, v := range h {
					d := v - before[k][l][i]
					sum[l] += d * d / float64(len(h)*configurations*seeds)
				}
			}
		}
	}
	for l := range sum {
		sum[l] = math.Sqrt(sum[l])
	}
	return sum
}

// exponent is the slope of log y against log x.
func exponent(x, y []float64) float64 {
	lx, ly := make([]float64, len(x)), make([]float64, len(y))
	for k := range x {
		lx[k], ly[k] = math.Log(x[k]), math.Log(y[k])
	}
	_, slope := stat.LinearRegression(lx, ly, nil, false)
	return slope
}

// TestMeasuredExponentsMatchTheory trains small networks of growing width and
// fits the powers of the width by which features and output move.
func TestMeasuredExponentsMatchTheory(t *testing.T) {
	// Two different exponents differ by 1/2, so what is nearer than 1/4 to one is
	// that one. Half of this is for corrections of relative order m^(-1/2) at the
	// narrow end, the rest for the scatter of the output over seeds.
	const tolerance = 0.2
	widths, seeds := []int{64, 128, 256, 512, 1024}, 8
	if testing.Short() {
		widths = []int{64, 128, 256}
	}
	for _, test := range []struct {
		name string
		p    Parametrization
		by   Optimizer
	}{
		{"standard, rate 1", Standard(2, 0), SGD},
		{"standard, rate 1/n", Standard(2, 1), SGD},
		{"neural tangent", NeuralTangent(2), SGD},
		{"mean field", MeanField(), SGD},
		{"maximal update", MaximalUpdate(2), SGD},
		{"maximal update, three layers", MaximalUpdate(3), SGD},
		{"standard, rate 1", Standard(2, 0), Adam},
		{"standard, rate 1/n", Standard(2, 1), Adam},
		{"standard, rate n^-3/2", Standard(2, 1.5), Adam},
		{"neural tangent", NeuralTangentAdam(2), Adam},
		{"maximal update", MaximalUpdateAdam(2), Adam},
		{"maximal update, readout from zero", MaximalUpdateAdam(2).ZeroReadout(), Adam},
	} {
		t.Run(fmt.Sprintf("%s, %v", test.name, map[Optimizer]string{SGD: "SGD", Adam: "Adam"}[test.by]), func(t *testing.T) {
			a := test.p.Analyze(test.by)
			sizes, x := make([][]float64, len(test.p)), []float64{}
			for _, width := range widths {
				x = append(x, float64(width))
				for l, size := range moved(test.p, test.by, width, max(2, seeds*256/width)) {
					sizes[l] = append(sizes[l], size)
				}
			}
			want := append(append([]float64(nil), a.Features...), a.Output())
			grows := false
			for l, y := range sizes {
				got, name := exponent(x, y), fmt.Sprintf("features of layer %d", l+1)
				if l == test.p.Hidden() {
					name = "output"
				}
				t.Logf("%-22s move by n^%+.3f, theory %+.1f   %.3g", name, got, want[l], y)
				if a.Regime == Unstable { // until tanh saturates or the loss explodes
					grows = grows || got > tolerance
				} else if math.Abs(got-want[l]) > tolerance {
					t.Errorf("%s move by n^%.3f, want n^%g within %g", name, got, want[l], tolerance)
				}
			}
			if a.Regime == Unstable && !grows {
				t.Error("nothing grows with the width")
			}
		})
	}
}

// TestTrainingInvariantUnderShift trains the same network from two equivalent
// parametrizations.
func TestTrainingInvariantUnderShift(t *testing.T) {
	for _, by := range []Optimizer{SGD, Adam} {
		for _, p := range []Parametrization{MaximalUpdate(2), MaximalUpdateAdam(2), NeuralTangentAdam(2)} {
			var outputs [2][]float64
			for k, q := range []Parametrization{p, p.Shift(by, 0.75)} {
				rng := rand.New(rand.NewPCG(1, 1))
				n := newMLP(q, by, 4*baseWidth, 0.002, rng)
				xs, ys := [][]float64{{1, -1, 1, 1}, {0, 2, 0, 0}}, []float64{1, -2}
				for range 10 {
					n.step(xs, ys)
					outputs[k] = append(outputs[k], n.forward(xs[0])[2][0])
				}
			}
			for k, f := range outputs[0] {
				// Ten steps of rounding, each a few units in the last place of 256 terms.
				if math.Abs(f-outputs[1][k]) > 1e-10*(1+math.Abs(f)) {
					t.Errorf("%v by optimizer %d: step %d gives %.15g, shifted %.15g", p, by, k+1, f, outputs[1][k])
				}
			}
		}
	}
}
