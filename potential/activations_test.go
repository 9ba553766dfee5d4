package potential

import (
	"math"
	"slices"
	"testing"
)

func TestInspectShowsWhatForwardComputes(t *testing.T) {
	for name, c := range networks() {
		t.Run(name, func(t *testing.T) {
			net, _, in := testNetwork(t, c)
			p := net.NewPass(false)
			p.Forward(in)
			want := slices.Clone(p.Output)
			layers := p.Inspect(in)
			if !slices.Equal(p.Output, want) {
				t.Errorf("output %v, want %v", p.Output, want)
			}
			for i := range want {
				mean := 0.
				for _, l := range layers {
					mean += l.Readout[i] / float64(len(layers))
				}
				// A sum of a few terms in another order.
				if math.Abs(mean-want[i]) > 1e-13*(1+math.Abs(want[i])) {
					t.Errorf("atom %d: the mean of e_t is %.15g, the output %.15g", i+1, mean, want[i])
				}
			}
			for k := range layers[1:] {
				if !slices.Equal(layers[k].Next, layers[k+1].H) {
					t.Errorf("h' of layer %d is not h of the next", k+1)
				}
			}
		})
	}
}
