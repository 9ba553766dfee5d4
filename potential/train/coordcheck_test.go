package train

import (
	"context"
	"math"
	"testing"
)

// TestActivationsFollowTheWidthAsInTheory is a coordinate check at four widths.
func TestActivationsFollowTheWidthAsInTheory(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of training")
	}
	c := CoordinateCheck{
		Settings: Settings{Layers: 2, Hidden: 16, Threads: 1, LearningRate: 0.004}.WithDefaults(),
		Widths:   []int{16, 32, 64, 128}, Parametrizations: Parametrizations, Steps: 5, Seeds: 8,
	}
	rows, err := c.Run(context.Background(), func(string, int) {})
	if err != nil {
		t.Fatal(err)
	}
	// Powers are multiples of 1/2. Half of that separates them; scatter between
	// seeds and corrections at width 16 take the rest.
	const near = 0.25
	tests := 0
	for _, p := range Powers(rows, c.Widths) {
		want, got := 0., p.Change
		switch {
		case p.Step == 0 && p.Quantity != "e":
			got = p.Size // all start the same
		case p.Quantity == "gradient" && p.Parametrization == "mup":
			got = p.Size
		case p.Step < c.Steps || p.Quantity == "gradient":
			continue
		case p.Parametrization == "ntk" && p.Quantity != "e":
			want = -0.5
		case p.Parametrization == "ntk" || p.Parametrization == "sp" && p.Layer == 1 && p.Quantity != "h'" && p.Quantity != "e":
			continue // with a readout from zero; not behind W1 and W2, the first that grow
		case p.Parametrization == "sp":
			// They grow, until layer norm and clip stop them.
			if *got < near {
				t.Errorf("sp, layer %d: %s moves as C^%.2f, want growth", p.Layer, p.Quantity, *got)
			}
			continue
		}
		tests++
		if got == nil || math.Abs(*got-want) > near {
			t.Errorf("%s, layer %d, step %d: %s follows C^%.2f, want C^%.1f within %.2f; sizes %.3g, changes %.3g",
				p.Parametrization, p.Layer, p.Step, p.Quantity, *got, want, near, p.Sizes, p.Changes)
		}
	}
	if tests < 30 {
		t.Errorf("%d powers compared", tests)
	}
}

func TestCoordinateCheckRefusesNonsense(t *testing.T) {
	for _, c := range []CoordinateCheck{
		{Widths: []int{8}, Parametrizations: Parametrizations, Steps: 1, Seeds: 1},
		{Widths: []int{8, 16}, Parametrizations: []string{"mu"}, Steps: 1, Seeds: 1},
		{Widths: []int{8, 16}, Parametrizations: Parametrizations, Seeds: 1},
	} {
		c.Settings = Settings{}.WithDefaults()
		if _, err := c.Run(context.Background(), func(string, int) {}); err == nil {
			t.Errorf("%v %v %d: no error", c.Widths, c.Parametrizations, c.Steps)
		}
	}
}

func TestSyntheticForcesMatchFiniteDifference(t *testing.T) {
	for _, f := range Synthetic(3, 1).Frames {
		_, forces := morse(f)
		for i := range f.Pos {
			for k := range 3 {
				at := func(h float64) float64 {
					x := f.Pos[i][k]
					f.Pos[i][k] = x + h
					e, _ := morse(f)
					f.Pos[i][k] = x
					return e
				}
				const h = 1e-3
				wide := math.Abs((at(-h)-at(h))/(2*h) - forces[i][k])
				narrow := math.Abs((at(-h/2)-at(h/2))/h - forces[i][k])
				// Below this the difference is rounding of the energy.
				if ratio := wide / narrow; narrow > 1e-12/h && (ratio < 3.8 || ratio > 4.2) {
					t.Errorf("atom %d: error %.1e falls by %.3g when the step halves, want 4", i+1, narrow, ratio)
				}
			}
		}
	}
}
