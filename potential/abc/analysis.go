package abc

import (
	"fmt"
	"math"
)

// Optimizer is how gradients become moves.
type Optimizer int

// The optimisers whose exponents are known here. Adam stands for every optimiser
// that divides a gradient by its size, entry by entry.
const (
	SGD Optimizer = iota
	Adam
)

// shift is how much c falls when a rises by one and W stays the same: one power
// for the forward pass, and one for the gradient where the optimiser sees its
// size. It is also how often a counts in the move of W.
func (o Optimizer) shift() float64 {
	if o == SGD {
		return 2
	}
	return 1
}

// Regime is what an infinitely wide network does in training.
type Regime int

// The regimes.
const (
	Unstable        Regime = iota // features, outputs or their changes grow with the width
	Trivial                       // the output does not move
	KernelRegime                  // the output moves, features do not: a linear model
	FeatureLearning               // features move by Θ(1)
)

func (r Regime) String() string {
	return [...]string{"unstable", "trivial", "kernel regime", "feature learning"}[r]
}

// Analysis holds exponents of n: what is n^x has x here. The changes are those
// after a fixed number of steps, large enough that every layer has moved twice.
// Where the parametrization is unstable they hold until something saturates.
type Analysis struct {
	Initial  []float64 // entries of h^1…h^L, and f, at the start
	Gradient []float64 // entries of ∂f/∂w^1…∂f/∂w^(L+1) once the readout has moved
	Features []float64 // changes of h^1…h^L

	// Changes of f by that of the readout and by those of the features.
	OutputByReadout, OutputByFeatures float64

	R      float64 // r of the theorem: −max Features
	Regime Regime
	Reason string // what makes it unstable or trivial
}

// Output is the exponent of the change of f.
func (a *Analysis) Output() float64 { return max(a.OutputByReadout, a.OutputByFeatures) }

// Analyze derives the exponents and the regime, as in the documentation of the
// package. A parametrization of fewer than two layers is a mistake in the
// program and panics.
func (p Parametrization) Analyze(o Optimizer) *Analysis {
	hidden := p.Hidden()
	if hidden < 1 {
		panic(fmt.Sprintf("abc: %d layers, want 2 or more", len(p)))
	}
	last := p[hidden]
	start := last.A + last.B           // of the readout's entries, −exponent
	moved := o.shift()*last.A + last.C // of their moves
	v := math.Min(start, moved)        // of both
	a := &Analysis{R: math.Inf(1)}
	for l, layer := range p[:hidden] {
		fanIn := 1.
		if l == 0 {
			fanIn = 0
		}
		a.Initial = append(a.Initial, fanIn/2-layer.A-layer.B)
		a.Gradient = append(a.Gradient, -layer.A-v)
		r := o.shift()*layer.A + layer.C - fanIn
		if o == SGD { // a gradient keeps its size
			r += v
		}
		a.R = math.Min(a.R, r)
		a.Features = append(a.Features, 0-a.R) // carried on from earlier layers too
	}
	a.Initial = append(a.Initial, 0.5-start)
	a.Gradient = append(a.Gradient, -last.A)
	a.OutputByReadout = 1 - moved
	a.OutputByFeatures = 1 - v - a.R
	a.classify()
	return a
}

// tolerance is far below the difference of any two exponents that are not
// equal: they are sums of a few halves.
const tolerance = 1e-9

func (a *Analysis) classify() {
	hidden := len(a.Features)
	for l, x := range a.Initial[:hidden] {
		if math.Abs(x) > tolerance {
			a.Reason = fmt.Sprintf("features of layer %d start as n^(%g)", l+1, x)
			return
		}
	}
	for _, growing := range []struct {
		what     string
		exponent float64
	}{
		{"the output starts", a.Initial[hidden]},
		{"features move", a.Features[hidden-1]},
		{"the readout moves the output", a.OutputByReadout},
		{"features move the output", a.OutputByFeatures},
	} {
		if growing.exponent > tolerance {
			a.Reason = fmt.Sprintf("%s as n^(%g)", growing.what, growing.exponent)
			return
		}
	}
	switch {
	case a.Output() < -tolerance:
		a.Regime, a.Reason = Trivial, fmt.Sprintf("the output moves as n^(%g)", a.Output())
	case a.R > tolerance:
		a.Regime = KernelRegime
	default:
		a.Regime = FeatureLearning
	}
}
