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
// the exact derivative of the splined energy. A table of values and slopes is half as large
// as one of the polynomials, and what distances of a crystal need of it fits the
// second-level cache.
type radialSpline struct {
	intervals int
	perLength float64     // intervals per Å
	sets      int         // of functions, one or for every pair of species
	width     int         // (L+1)·C
	table     [][]float64 // [layer][set][node][2][degree][channel]: R and dR/ds, s from 0 to 1 in an interval

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

// radialFunctions evaluates R and dR/dr of all layers at distances r, for one of the sets of
// functions: [layer][2][distance][width].
type radialFunctions func(set int, r []float64) [][]float64

// newRadialSpline tabulates functions that vanish at the cutoff.
func newRadialSpline(f radialFunctions, cutoff float64, layers, sets, width int) *radialSpline {
	s := &radialSpline{sets: 1, width: width}
	for n := leastIntervals; ; {
		s.fit(f, cutoff, layers, n)
		s.measure(f)
		// Errors go as the fourth and the third power of the length of an interval,
		// once that is short beside the shortest Bessel wave.
		missing := max(math.Pow(s.Error/splineTolerance, 1./4), math.Pow(s.SlopeError/slopeTolerance, 1./3))
		if !(missing > 1) || n == mostIntervals {
			if s.sets == sets {
				return s
			}
			s.sets = sets // what is enough for the first is nearly enough for all
			continue
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
	s.table = make([][]float64, layers)
	for t := range s.table {
		s.table[t] = make([]float64, 0, s.sets*(n+1)*2*s.width)
	}
	for set := range s.sets {
		values := f(set, knots)
		for t := range s.table {
			slopes := values[t][(n+1)*s.width:]
			for k := range n + 1 {
				s.table[t] = append(s.table[t], values[t][k*s.width:(k+1)*s.width]...)
				for _, slope := range slopes[k*s.width : (k+1)*s.width] {
					s.table[t] = append(s.table[t], h*slope)
				}
			}
		}
	}
}

// measure compares the spline with the functions, at the places in each
// interval where cubic interpolation errs most, in value and in slope.
func (s *radialSpline) measure(f radialFunctions) {
	var r, places []float64
	var intervals []int32
	for k := range s.intervals {
		for _, x := range []float64{0.2113, 0.5, 0.7887} {
			r, places, intervals = append(r, (float64(k)+x)/s.perLength), append(places, x), append(intervals, int32(k))
		}
	}
	s.Error, s.SlopeError = 0, 0
	for set := range s.sets {
		s.measureSet(f(set, r), set, intervals, places)
	}
}

// measureSet does so for one set of functions, with the values that these have.
func (s *radialSpline) measureSet(functions [][]float64, set int, intervals []int32, places []float64) {
	got, gotSlope := make([]float64, len(places)*s.width), make([]float64, len(places)*s.width)
	size := (s.intervals + 1) * 2 * s.width
	for t, values := range functions {
		var largest, steepest, wrong, wrongSlope float64
		kernel.Reference[float64]().SplineSlope(got, gotSlope, s.table[t][set*size:(set+1)*size], intervals, places, s.width)
		for i, v := range got {
			want, slope := values[i], values[len(got)+i]
			largest, steepest = max(largest, math.Abs(want)), max(steepest, math.Abs(slope))
			wrong = max(wrong, math.Abs(v-want))
			wrongSlope = max(wrongSlope, math.Abs(gotSlope[i]*s.perLength-slope))
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
		return newRadialSpline(c.radialFunctions(set, w), c.Cutoff, c.Layers, c.RadialSets(), width)
	}
	s := &radialSpline{sets: 1, width: width}
	s.fit(func(int, []float64) (values [][]float64) {
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
	return func(functions int, r []float64) [][]float64 {
		e := edges{r: r, first: make([]int32, len(r)), set: make([]int32, len(r))}
		for k := range e.first {
			e.first[k], e.set[k] = int32(k), int32(functions)
		}
		k := newLegendreKernel(c, set, w, &e)
		k.forwardRadial()
		return k.radial
	}
}
