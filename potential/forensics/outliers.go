package forensics

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// outlier is by how many robust standard deviations a value stands out.
const outlier = 10

// energyOutliers finds energies per atom far from those of the other frames of
// their kind.
func (e *examination) energyOutliers() {
	const floor = 1e-3 // eV/atom: a smaller spread is not one of structures
	for _, cohort := range e.cohorts() {
		var values []float64
		var items []int
		for _, k := range cohort {
			if x, ok := e.cohesion(&e.items[k]); ok {
				values, items = append(values, x), append(items, k)
			}
		}
		center, sigma := robust(values)
		sigma = max(sigma, floor)
		var out []int
		for n, x := range values {
			if math.Abs(x-center) > outlier*sigma {
				out = append(out, items[n])
			}
		}
		if len(out) > 0 && len(values) >= cohortSize {
			e.add(Warning, "energy-outlier", e.places(out...),
				"look whether the calculation converged and has the settings of the others; if these are structures of another kind, a config_type of their own says so",
				"%s with an energy far from the median, by %s eV/atom (the others spread by %.3g): %s",
				plural(len(out), "frame"), span(out, func(k int) float64 { x, _ := e.cohesion(&e.items[k]); return x - center }), sigma, e.firstNames(out))
		}
	}
}

// cohortSize is how many frames it takes to tell what is usual.
const cohortSize = 20

// cohorts groups the items that are to be compared with each other: by
// config_type where it has enough frames, and all others together.
func (e *examination) cohorts() [][]int {
	kinds := map[string][]int{}
	for k := range e.items {
		name := e.items[k].frame.ConfigType()
		kinds[name] = append(kinds[name], k)
	}
	var groups [][]int
	var rest []int
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		if list := kinds[name]; name != "" && len(list) >= cohortSize {
			groups = append(groups, list)
		} else {
			rest = append(rest, list...)
		}
	}
	return append(groups, rest)
}

const (
	// forceSpread is by how many robust standard deviations of its logarithm the
	// largest force of a frame stands out.
	forceSpread = 7
	// hugeForce in eV/Å is that of atoms pushed into each other.
	hugeForce = 50
)

// forceOutliers measures the forces and finds frames whose largest is far above
// those of the other frames of their kind.
func (e *examination) forceOutliers() {
	e.result.Forces = e.magnitude()
	const floor = 0.1 // 10 %: a smaller spread is not one of structures
	for _, cohort := range e.cohorts() {
		var logs []float64
		var items []int
		for _, k := range cohort {
			// Crystals at rest have no forces, which is no outlier.
			if _, magnitude := largestForce(e.items[k].labels.Forces); magnitude > 1e-2 {
				logs, items = append(logs, math.Log(magnitude)), append(items, k)
			}
		}
		center, sigma := robust(logs)
		limit := center + forceSpread*max(sigma, floor)
		var out []int
		for n, x := range logs {
			if x > limit && len(logs) >= cohortSize || x > math.Log(hugeForce) {
				out = append(out, items[n])
			}
		}
		if len(out) > 0 {
			e.add(Warning, "force-outlier", e.places(out...),
				"look whether the calculation converged and the unit is eV/Å; a few such frames dominate a loss",
				"%s with forces up to %s eV/Å, while half of the frames stay below %.3g: %s", plural(len(out), "frame"),
				span(out, func(k int) float64 { _, x := largestForce(e.items[k].labels.Forces); return x }), math.Exp(center), e.firstNames(out))
		}
	}
}

// robust returns the median and the standard deviation that a normal
// distribution with the same median deviation has. Both do not notice outliers.
func robust(x []float64) (median, sigma float64) {
	if len(x) == 0 {
		return 0, 0
	}
	median = middle(slices.Clone(x))
	d := make([]float64, len(x))
	for k, v := range x {
		d[k] = math.Abs(v - median)
	}
	return median, 1.4826 * middle(d)
}

// middle returns the median and sorts x.
func middle(x []float64) float64 {
	slices.SortFunc(x, cmp.Compare[float64])
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
