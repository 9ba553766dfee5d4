package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func norm(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

// largest returns the largest magnitude.
func largest(x []float64) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}

// line fits y = a + b x and returns b with its standard error, NaN for fewer
// than three points.
func line(x, y []float64) (slope, uncertainty float64) {
	n := float64(len(x))
	if n < 3 {
		return math.NaN(), math.NaN()
	}
	mx := stat.Mean(x, nil)
	my := stat.Mean(y, nil)
	var xx, xy, rest float64
	for k := range x {
		xx += (x[k] - mx) * (x[k] - mx)
		xy += (x[k] - mx) * (y[k] - my)
	}
	slope = xy / xx
	for k := range x {
		d := y[k] - my - slope*(x[k]-mx)
		rest += d * d
	}
	return slope, math.Sqrt(rest / (n - 2) / xx)
}

// short writes a number with three significant digits and no exponent.
func short(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Sprint(x)
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	return fmt.Sprintf("%.*f", min(max(digits, 0), 9), x)
}

func sortedNames[V interface{ ~[]int }](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
