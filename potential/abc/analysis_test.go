package abc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRegimesOfTheTheorem are the cases whose r and regime are known: for SGD
// from Yang & Hu, for Adam by hand from the conditions in doc.go.
func TestRegimesOfTheTheorem(t *testing.T) {
	none := math.NaN()
	for _, test := range []struct {
		name string
		p    Parametrization
		by   Optimizer
		r    float64
		want Regime
	}{
		{"standard, rate 1", Standard(2, 0), SGD, -1, Unstable},
		{"standard, rate 1, deep", Standard(5, 0), SGD, -1, Unstable},
		{"standard, rate n^-1/2", Standard(2, .5), SGD, none, Unstable},
		{"standard, rate 1/n", Standard(2, 1), SGD, .5, KernelRegime},
		{"standard, rate n^-2", Standard(2, 2), SGD, 1.5, Trivial},
		{"neural tangent", NeuralTangent(2), SGD, .5, KernelRegime},
		{"neural tangent, one layer", NeuralTangent(1), SGD, .5, KernelRegime},
		{"mean field", MeanField(), SGD, 0, FeatureLearning},
		{"maximal update, one layer", MaximalUpdate(1), SGD, 0, FeatureLearning},
		{"maximal update", MaximalUpdate(2), SGD, 0, FeatureLearning},
		{"maximal update, deep", MaximalUpdate(7), SGD, 0, FeatureLearning},
		{"maximal update, readout from zero", MaximalUpdate(2).ZeroReadout(), SGD, 0, FeatureLearning},

		{"standard, rate 1", Standard(2, 0), Adam, -1, Unstable},
		{"standard, rate 1/n", Standard(2, 1), Adam, 0, Unstable}, // the readout is too large: n · n^(-1/2)
		{"standard, rate 1/n, readout from zero", Standard(2, 1).ZeroReadout(), Adam, 0, FeatureLearning},
		{"standard, rate n^-3/2", Standard(2, 1.5), Adam, .5, KernelRegime},
		{"standard, rate 1/n, one layer", Standard(1, 1), Adam, 1, KernelRegime},
		{"standard, rate n^-2", Standard(2, 2), Adam, 1, Trivial},
		{"neural tangent with rates for SGD", NeuralTangent(2), Adam, -.5, Unstable},
		{"neural tangent", NeuralTangentAdam(2), Adam, .5, KernelRegime},
		{"maximal update with rates for SGD", MaximalUpdate(2), Adam, -1, Unstable},
		{"maximal update", MaximalUpdateAdam(2), Adam, 0, FeatureLearning},
		{"maximal update, deep", MaximalUpdateAdam(7), Adam, 0, FeatureLearning},
		{"maximal update, readout from zero", MaximalUpdateAdam(2).ZeroReadout(), Adam, 0, FeatureLearning},
		{"maximal update for Adam", MaximalUpdateAdam(2), SGD, none, Trivial},
	} {
		a := test.p.Analyze(test.by)
		if a.Regime != test.want || !math.IsNaN(test.r) && a.R != test.r {
			t.Errorf("%s, optimizer %d: %v with r = %g, want %v with %g (%s)", test.name, test.by, a.Regime, a.R, test.want, test.r, a.Reason)
		}
	}
}

// theorem is r and the conditions as the paper has them, written down anew: one
// c for all layers, SGD.
func theorem(p Parametrization) (r float64, regime Regime) {
	l := p.Hidden()
	c, last := p[0].C, p[l]
	least := math.Inf(1)
	for k := range l {
		x := 2 * p[k].A
		if k == 0 {
			x++
		}
		least = math.Min(least, x)
	}
	r = math.Min(last.A+last.B, 2*last.A+c) + c - 1 + least
	stable := p[0].A+p[0].B == 0
	for k := 1; k < l; k++ {
		stable = stable && p[k].A+p[k].B == .5
	}
	stable = stable && last.A+last.B >= .5 && r >= 0 && 2*last.A+c >= 1 && last.A+last.B+r >= 1
	switch {
	case !stable:
		return r, Unstable
	case last.A+last.B+r > 1 && 2*last.A+c > 1:
		return r, Trivial
	case r > 0:
		return r, KernelRegime
	}
	return r, FeatureLearning
}

// TestAnalysisAgreesWithTheTheorem compares the exponents, from which a regime
// follows here, with the conditions of the theorem, on a grid of halves that
// has all regimes in it.
func TestAnalysisAgreesWithTheTheorem(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	half := func(low, high int) float64 { return float64(low+rng.IntN(high-low+1)) / 2 }
	count := map[Regime]int{}
	for range 100000 {
		c := half(-2, 3)
		var p Parametrization
		for l := range 2 + rng.IntN(3) {
			a, sum := half(-2, 3), half(0, 1)
			if rng.IntN(10) > 0 { // mostly stable at the start, else all is unstable
				sum = map[bool]float64{true: 0, false: .5}[l == 0]
			}
			p = append(p, Layer{a, sum - a, c})
		}
		p[p.Hidden()].B += half(0, 2)
		r, regime := theorem(p)
		count[regime]++
		if a := p.Analyze(SGD); a.R != r || a.Regime != regime {
			t.Fatalf("%v: r = %g and %v, the theorem has %g and %v (%s)", p, a.R, a.Regime, r, regime, a.Reason)
		}
	}
	for _, r := range []Regime{Unstable, Trivial, KernelRegime, FeatureLearning} {
		if count[r] < 100 {
			t.Errorf("only %d of the parametrizations are %v: the grid shows nothing", count[r], r)
		}
	}
}

func TestRegimeInvariantUnderShift(t *testing.T) {
	for _, by := range []Optimizer{SGD, Adam} {
		for _, p := range []Parametrization{Standard(2, 0), Standard(2, 1), NeuralTangent(3), MeanField(), MaximalUpdate(3), NeuralTangentAdam(2), MaximalUpdateAdam(3)} {
			a := p.Analyze(by)
			for _, theta := range []float64{-1, -.5, .25, 2} {
				b := p.Shift(by, theta).Analyze(by)
				// The gradient is that of w, which is rescaled.
				if b.Regime != a.Regime || b.R != a.R || b.Output() != a.Output() || !slices.Equal(b.Initial, a.Initial) || !slices.Equal(b.Features, a.Features) {
					t.Errorf("optimizer %d, %v shifted by %g: %+v, want %+v", by, p, theta, b, a)
				}
				for l := range p {
					if b.Gradient[l] != a.Gradient[l]-theta {
						t.Errorf("optimizer %d, %v shifted by %g: gradient of layer %d is n^%g, want n^%g", by, p, theta, l+1, b.Gradient[l], a.Gradient[l]-theta)
					}
				}
			}
		}
	}
	if !slices.Equal(MaximalUpdate(1).Shift(SGD, .5), MeanField()) {
		t.Error("the mean field parametrization is not that of maximal updates, shifted")
	}
}

func TestNothingChangesAtTheBaseWidth(t *testing.T) {
	for _, p := range []Parametrization{NeuralTangentAdam(2), MaximalUpdateAdam(2), MaximalUpdate(2)} {
		for _, l := range p {
			if m, s, r := l.At(1); m != 1 || s != 1 || r != 1 {
				t.Errorf("%+v at the base width: multiplier %g, deviation %g, rate %g", l, m, s, r)
			}
		}
	}
}

func Example() {
	for _, p := range []Parametrization{Standard(2, 0), Standard(2, 1.5), MaximalUpdateAdam(2)} {
		a := p.Analyze(Adam)
		fmt.Printf("%v, r = %g\n", a.Regime, a.R)
	}
	multiplier, _, _ := MaximalUpdateAdam(2)[2].At(4)
	fmt.Println("readout of a network four times as wide:", multiplier)
	// Output:
	// unstable, r = -1
	// kernel regime, r = 0.5
	// feature learning, r = 0
	// readout of a network four times as wide: 0.25
}
