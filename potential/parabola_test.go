package potential

import (
	"math"
	"testing"

	"ponita/potential/internal/kernel"
)

// TestRadialFunctionsGoOnAsParabolas: nothing changes beyond the distance, where values,
// slopes and second derivatives have no step, and below it third differences are nothing.
func TestRadialFunctionsGoOnAsParabolas(t *testing.T) {
	c := Config{Species: []int{1, 8}, Cutoff: 4, Channels: 4, Hidden: 8, MeanNeighbors: 12}.WithDefaults()
	bent := c
	bent.Parabola = Distances{1.2}
	m := testModel(c)
	values := func(c Config, r ...float64) (value, slope [][]float64) {
		for _, layer := range c.radialFunctions(kernel.Reference[float64](), view(c, m.Weights))(0, r) {
			value, slope = append(value, layer[:len(layer)/2]), append(slope, layer[len(layer)/2:])
		}
		return value, slope
	}
	width := (c.Degree + 1) * c.Channels
	differ := func(a, b [][]float64) (d float64) {
		for t := range a {
			for k := range a[t] {
				d = max(d, math.Abs(a[t][k]-b[t][k]))
			}
		}
		return d
	}

	beyond := []float64{1.2, 1.3, 2, 3.9}
	free, freeSlope := values(c, beyond...)
	held, heldSlope := values(bent, beyond...)
	if d := max(differ(free, held), differ(freeSlope, heldSlope)); d != 0 {
		t.Errorf("beyond the distance they differ by %g", d)
	}
	below := []float64{0.4, 0.6, 0.8, 1}
	free, _ = values(c, below...)
	held, heldSlope = values(bent, below...)
	if d := differ(free, held); d < 1e-3 {
		t.Errorf("below they differ by %g only", d)
	}

	// At the distance: a step of 1e-6 Å to either side.
	const h = 1e-6
	near, nearSlope := values(bent, 1.2-h, 1.2, 1.2+h)
	size, second, step := 0., 0., 0.
	for l := range near {
		for k := range width {
			size = max(size, math.Abs(near[l][width+k]), math.Abs(nearSlope[l][width+k]))
			left := (nearSlope[l][width+k] - nearSlope[l][k]) / h
			right := (nearSlope[l][2*width+k] - nearSlope[l][width+k]) / h
			second, step = max(second, math.Abs(right)), max(step, math.Abs(left-right))
			for _, at := range []int{k, width + k} {
				if d := near[l][at+width] - near[l][at] - h*nearSlope[l][at]; math.Abs(d) > 1e-10 {
					t.Errorf("layer %d, function %d: a step of %g", l, k, d)
				}
			}
		}
	}
	if step > 0.005*second {
		t.Errorf("second derivatives have a step of %g where they are up to %g", step, second)
	}
	for l := range held {
		for k := range width {
			r := func(x [][]float64, n int) float64 { return x[l][n*width+k] }
			if d := r(held, 3) - 3*r(held, 2) + 3*r(held, 1) - r(held, 0); math.Abs(d) > 1e-12*(1+size) {
				t.Errorf("layer %d, function %d: a third difference of %g", l, k, d)
			}
			if d := (r(held, 2)-r(held, 0))/0.4 - r(heldSlope, 1); math.Abs(d) > 1e-12*(1+size) {
				t.Errorf("layer %d, function %d: the slope is off by %g", l, k, d)
			}
		}
	}
}
