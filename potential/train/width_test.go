package train

import (
	"context"
	"math"
	"slices"
	"testing"

	"ponita/potential"
	"ponita/potential/abc"
)

// TestScalingIsTheTable compares with the table in the comment of scaling, whose
// powers of m stand here as numbers for m = 4.
func TestScalingIsTheTable(t *testing.T) {
	type row struct{ multiplier, rate, gradient, norm float64 }
	one := row{1, 1, 1, 1}
	want := map[string]map[potential.Role]row{
		"mup": {
			potential.InputLike: {1, 1, 1. / 4, 4}, potential.Depthwise: {1, 1, 1. / 4, 4}, potential.Vector: {1, 1, 1. / 4, 4},
			potential.Hidden: {1, 1. / 4, 1. / 4, 1}, potential.OutputLike: {1. / 4, 1, 1. / 4, 4},
			potential.Finite: one, potential.FiniteVector: one,
		},
		"ntk": {
			potential.InputLike: {1, 1. / 2, 1. / 4, 4}, potential.Depthwise: {1, 1. / 2, 1. / 4, 4}, potential.Vector: {1, 1. / 2, 1. / 4, 4},
			potential.Hidden: {1. / 2, 1. / 4, 1. / 8, 4}, potential.OutputLike: {1. / 2, 1. / 2, 1. / 2, 1},
			potential.Finite: {1, 1. / 2, 1, 1}, potential.FiniteVector: {1, 1. / 2, 1, 1},
		},
		"sp": {
			potential.InputLike: one, potential.Depthwise: one, potential.Vector: one, potential.Hidden: one,
			potential.OutputLike: one, potential.Finite: one, potential.FiniteVector: one,
		},
	}
	c := potential.Config{Species: []int{1}, Cutoff: 5, Channels: 64}.WithDefaults()
	for _, name := range Parametrizations {
		s := Settings{Parametrization: name, BaseChannels: 16}
		seen := map[potential.Role]bool{}
		for _, x := range s.scaling(c) {
			if got := (row{x.multiplier, x.rate, x.gradient, x.norm}); got != want[name][x.Role] {
				t.Errorf("%s, %s (%s): %v, want %v", name, x.Name, x.Role, got, want[name][x.Role])
			}
			seen[x.Role] = true
		}
		if len(seen) != len(want[name]) {
			t.Errorf("%s: tensors of %d roles, want %d", name, len(seen), len(want[name]))
		}
		s.BaseChannels = c.Channels
		for _, x := range s.scaling(c) {
			if got := (row{x.multiplier, x.rate, x.gradient, x.norm}); got != one {
				t.Errorf("%s at the base width, %s: %v, want %v", name, x.Name, got, one)
			}
		}
	}
}

// TestInitialWeightsFollowTheTheory compares the spread of the initial weights
// at two widths with n^(-a-b) of each layer.
func TestInitialWeightsFollowTheTheory(t *testing.T) {
	deviation := func(channels int, name string) float64 {
		c := potential.Config{Species: []int{1, 6, 8}, Cutoff: 5, Channels: channels}.WithDefaults()
		w := c.Initialize(stream(1, "weights", 0, 0))
		for _, tensor := range c.Layout().Tensors {
			if tensor.Name == name {
				sum := 0.
				for _, x := range w[tensor.Offset : tensor.Offset+tensor.Len()] {
					sum += x * x
				}
				return math.Sqrt(sum / float64(tensor.Len()))
			}
		}
		t.Fatalf("no tensor %s", name)
		return 0
	}
	const m = 4
	for _, p := range []abc.Parametrization{abc.Standard(2, 0), abc.NeuralTangentAdam(2), abc.MaximalUpdateAdam(2)} {
		for name, layer := range map[string]int{
			"embedding": 0, "layers.0.spatial": 0, "layers.1.self": 0, "layers.1.fiber": 0, "radial.w2": 0,
			"layers.0.w1": 1, "layers.1.w2": 1,
		} {
			multiplier, raw, _ := p[layer].At(m)
			got, want := deviation(64*m, name)/deviation(64, name), multiplier*raw
			// The least tensor has 64 elements, whose spread is known to 1/√128 = 9 %.
			if math.Abs(got/want-1) > 0.3 {
				t.Errorf("%s: spread grows by %.3f with the width, want %.3f", name, got, want)
			}
		}
	}
}

// TestParametrizationsAreOneAtTheBaseWidth trains there, with decay and a clip
// that acts, and compares the weights bit by bit. The standard parametrization
// has no factors at all: it is the trainer as it was without them.
func TestParametrizationsAreOneAtTheBaseWidth(t *testing.T) {
	data := writeData(t, 10)
	var first *state
	for _, parametrization := range Parametrizations {
		s := small(data, t.TempDir())
		s.Parametrization, s.BaseChannels, s.WeightDecay, s.Clip = parametrization, s.Channels, 0.01, 1.01
		trainer := newTrainer(t, s)
		if err := trainer.Run(context.Background(), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = &trainer.state
		}
		for k, v := range trainer.state.vectors() {
			if !slices.Equal(*v, *first.vectors()[k]) {
				t.Errorf("%s differs from %s in vector %d of the checkpoint", parametrization, Parametrizations[0], k)
			}
		}
	}
}

// TestUntrainedNetworkDoesNotDependOnParametrization holds at every width.
func TestUntrainedNetworkDoesNotDependOnParametrization(t *testing.T) {
	data := writeData(t, 6)
	var first []float64
	for _, parametrization := range Parametrizations {
		s := small(data, t.TempDir())
		s.Parametrization, s.BaseChannels = parametrization, 5
		trainer := newTrainer(t, s)
		w := trainer.withWeights(trainer.state.theta).Weights
		if first == nil {
			first = w
		}
		for k := range w {
			// Raw weights are divided and multiplied by a factor, and rounded to float32.
			if math.Abs(w[k]-first[k]) > 2e-7*math.Abs(first[k]) {
				t.Fatalf("%s: weight %d is %g, under %s %g", parametrization, k, w[k], Parametrizations[0], first[k])
			}
		}
	}
}
