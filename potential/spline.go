package potential

import (
	"math"
	"slices"

	"ponita/potential/internal/kernel"
)

// radialSpline holds the radial functions R_lc(r) of every layer as cubic
// splines in r, so that the MLP behind them costs nothing at run time. Each
// interval has the cubic polynomial that agrees with R and dR/dr at both ends
// (Hermite): the energy is continuous with its first derivative, and forces are
// the exact derivative of the splined energy.
type radialSpline struct {
	intervals int
	perLength float64     // intervals per Å
	width     int         // (L+1)·C
	table     [][]float64 // [layer][interval][4][degree][channel]

	// Error is the largest difference between spline and function over the
	// largest value of the layer's functions; slopeError the same of dR/dr.
	Error, SlopeError float64
}

// Errors below which intervals are small enough, of the values and of the slopes
// that forces are made of. The first is a few times the rounding of float32; both
// are the largest errors over all distances.
const (
	splineTolerance = 5e-7
	slopeTolerance  = 5e-5
)

// Numbers of intervals. A table larger than the second-level cache is slow, so
// there are no more of them than the tolerances ask for.
const (
	leastIntervals = 64
	mostIntervals  = 4096
)

// radialFunctions evaluates R and dR/dr of all layers at distances r:
// [layer][2][distance][width].
type radialFunctions func(r []float64) [][]float64

// newRadialSpline tabulates functions that vanish at the cutoff.
func newRadialSpline(f radialFunctions, cutoff float64, layers, width int) *radialSpline {
	s := &radialSpline{width: width}
	for n := leastIntervals; ; {
		s.fit(f, cutoff, layers, n)
		s.measure(f, cutoff)
		// Errors go as the fourth and the third power of the length of an interval,
		// once that is short beside the shortest Bessel wave.
		missing := max(math.Pow(s.Error/splineTolerance, 1./4), math.Pow(s.SlopeError/slopeTolerance, 1./3))
		if !(missing > 1) || n == mostIntervals {
			return s
		}
		n = min(max(n+8, int(float64(n)*min(missing, 2))), mostIntervals)
	}
}

// fit makes the table for n intervals.
func (s *radialSpline) fit(f radialFunctions, cutoff float64, layers, n int) {
	s.intervals, s.perLength = n, float64(n)/cutoff
	h := cutoff / float64(n)
	knots := make([]float64, n+1)
	for k := range knots {
		knots[k] = float64(k) * h
	}
	values := f(knots)
	s.table = make([][]float64, layers)
	for t := range s.table {
		s.table[t] = make([]float64, n*4*s.width)
		slopes := values[t][(n+1)*s.width:]
		for k := range n {
			q := s.table[t][k*4*s.width:]
			for w := range s.width {
				at, next := k*s.width+w, (k+1)*s.width+w
				f0, d0, f1, d1 := values[t][at], h*slopes[at], values[t][next], h*slopes[next]
				q[w], q[s.width+w] = f0, d0
				q[2*s.width+w] = 3*(f1-f0) - 2*d0 - d1
				q[3*s.width+w] = 2*(f0-f1) + d0 + d1
			}
		}
	}
}

// measure compares the spline with the functions, at the places in each
// interval where cubic interpolation errs most, in value and in slope.
func (s *radialSpline) measure(f radialFunctions, cutoff float64) {
	places := []float64{0.2113, 0.5, 0.7887}
	var r []float64
	for k := range s.intervals {
		for _, x := range places {
			r = append(r, (float64(k)+x)/s.perLength)
		}
	}
	s.Error, s.SlopeError = 0, 0
	for t, values := range f(r) {
		var largest, steepest, wrong, wrongSlope float64
		for i := range r {
			q := s.table[t][i/len(places)*4*s.width:]
			x := places[i%len(places)]
			for w := range s.width {
				v, slope := values[i*s.width+w], values[(len(r)+i)*s.width+w]
				q0, q1, q2, q3 := q[w], q[s.width+w], q[2*s.width+w], q[3*s.width+w]
				largest, steepest = max(largest, math.Abs(v)), max(steepest, math.Abs(slope))
				wrong = max(wrong, math.Abs(((q3*x+q2)*x+q1)*x+q0-v))
				wrongSlope = max(wrongSlope, math.Abs(((3*q3*x+2*q2)*x+q1)*s.perLength-slope))
			}
		}
		if largest > 0 {
			s.Error = max(s.Error, wrong/largest)
		}
		if steepest > 0 {
			s.SlopeError = max(s.SlopeError, wrongSlope/steepest)
		}
	}
}

// rounded returns values in the precision of T.
func rounded[T, W Float](table []W) []T {
	out := make([]T, len(table))
	for k, v := range table {
		out[k] = T(v)
	}
	return out
}

// radialSpline returns the splines of a network, n̄^(-1/2) included.
func (c *Config) radialSpline(set *kernel.Set[float64], w *weights[float64]) *radialSpline {
	width := (c.Degree + 1) * c.Channels
	if c.Kernel != Tabulated {
		return newRadialSpline(c.radialFunctions(set, w), c.Cutoff, c.Layers, width)
	}
	s := &radialSpline{width: width}
	s.fit(func([]float64) (values [][]float64) {
		for t := range w.layers {
			v := slices.Clone(w.layers[t].spatial)
			for k := range v {
				v[k] /= math.Sqrt(c.MeanNeighbors)
			}
			values = append(values, v)
		}
		return values
	}, c.Cutoff, c.Layers, c.Intervals)
	return s
}

// radialFunctions returns the radial functions of the legendre family with the
// given weights.
func (c *Config) radialFunctions(set *kernel.Set[float64], w *weights[float64]) radialFunctions {
	return func(r []float64) [][]float64 {
		e := edges{r: r, first: make([]int32, len(r))}
		for k := range e.first {
			e.first[k] = int32(k)
		}
		k := newLegendreKernel(c, set, w, &e)
		k.forwardRadial()
		return k.radial
	}
}
