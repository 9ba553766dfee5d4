package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// The width of a figure in pixels: half of the text on a desk, all of it on a
// telephone, its letters of the size of a note in both.
const (
	figureWidth = 420
	leftMargin  = 58
	rightMargin = 20
)

// drawParity shows predictions against labels, and below the errors themselves,
// which parity hides.
func drawParity(p parity) template.HTML {
	var b strings.Builder
	low, high := padded(slices.Concat(p.label, p.predicted), 0.04)
	var errors []float64
	for k := range p.label {
		errors = append(errors, 1e3*(p.predicted[k]-p.label[k]))
	}
	// The middle 99.8 % of the errors, so that one outlier does not flatten the rest.
	sorted := slices.Sorted(slices.Values(errors))
	for k := range sorted {
		sorted[k] = math.Abs(sorted[k])
	}
	slices.Sort(sorted)
	bound := 1.15 * max(sorted[(len(sorted)-1)*998/1000], 1e-6)
	hidden := 0
	for _, e := range errors {
		if math.Abs(e) > bound {
			hidden++
		}
	}
	const width = figureWidth - leftMargin - rightMargin
	top := panel{
		left: leftMargin, top: 8, width: width, height: 240, b: &b,
		x: axis{low: low, high: high, hide: true}, y: axis{low: low, high: high, label: "model, " + p.unit},
	}
	top.frame()
	top.diagonal()
	top.density(p.label, p.predicted)
	bottom := panel{
		left: leftMargin, top: 260, width: width, height: 110, b: &b,
		x: axis{low: low, high: high, label: "reference, " + p.unit}, y: axis{low: -bound, high: bound, label: "error, " + p.errorUnit},
	}
	bottom.frame()
	bottom.horizontal(0)
	bottom.density(p.label, errors)
	if hidden > 0 {
		fmt.Fprintf(&b, `<text class="note" x="%d" y="272" text-anchor="end">%d of %d beyond</text>`, figureWidth-rightMargin-4, hidden, len(errors))
	}
	return figure(figureWidth, 408, fmt.Sprintf("%s: %d predictions against reference values, and their errors", p.name, len(errors)), &b)
}

// drawLearning shows errors over the epochs.
func (l *Learning) draw(title, unit string, of func(Epoch) (valid, trained *float64)) template.HTML {
	var x, valid, trained []float64
	for _, e := range l.Epochs {
		v, t := of(e)
		x = append(x, float64(e.Epoch))
		valid, trained = append(valid, number(v)), append(trained, number(t))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range slices.Concat(valid, trained) {
		if v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	if !(high > 0) {
		return ""
	}
	var b strings.Builder
	p := panel{
		left: leftMargin, top: 24, width: figureWidth - leftMargin - rightMargin, height: 200, b: &b,
		x: axis{low: 0, high: max(1, x[len(x)-1]), label: "epoch"}, y: axis{low: low / 1.2, high: high * 1.2, logarithmic: true, label: unit},
	}
	p.frame()
	p.curve("b dashed", x, trained)
	p.curve("a", x, valid)
	p.legend(entry{"a", title + ", validation"}, entry{"b dashed", "training"})
	return figure(figureWidth, 262, title+" over the epochs of training", &b)
}

func number(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// draw shows the energy of a pair from the innermost distance to beyond the
// cutoff, the wall cut off.
func (d Dimer) draw(n int, cutoff float64) template.HTML {
	var b strings.Builder
	depth := max(0.5, -d.Minimum)
	p := panel{
		left: 50, top: 8, width: 216, height: 170, b: &b,
		x: axis{low: 0, high: beyond * cutoff, label: "distance, Å"}, y: axis{low: -1.35 * depth, high: 2.2 * depth, label: "energy, eV"},
	}
	p.frame()
	p.horizontal(0)
	p.vertical(d.Shortest, "shortest in the test set")
	p.vertical(cutoff, "cutoff")
	p.clipped(fmt.Sprintf("dimer%d", n), func() { p.curve("a", d.Distance, d.Energy) })
	return figure(278, 216, fmt.Sprintf("Energy of %s–%s over their distance", d.Elements[0], d.Elements[1]), &b)
}

// draw shows total energy and temperature over the time.
func (d *Drift) draw() template.HTML {
	if len(d.Time) < 2 {
		return ""
	}
	var b strings.Builder
	const width = 2*figureWidth - leftMargin - rightMargin
	end := d.Time[len(d.Time)-1]
	low, high := padded(d.Energy, 0.08)
	energy := panel{
		left: leftMargin, top: 8, width: width, height: 130, b: &b,
		x: axis{high: end, hide: true}, y: axis{low: min(low, -0.02), high: max(high, 0.02), label: "E, meV/atom"},
	}
	energy.frame()
	energy.horizontal(0)
	energy.curve("a thin", d.Time, d.Energy)
	low, high = padded(d.Kelvin, 0.08)
	hot := panel{
		left: leftMargin, top: 152, width: width, height: 90, b: &b,
		x: axis{high: end, label: "time, ps"}, y: axis{low: max(0, low), high: high, label: "T, K"},
	}
	hot.frame()
	hot.curve("b thin", d.Time, d.Kelvin)
	return figure(2*figureWidth, 280, "Total energy and temperature of a run at constant energy", &b)
}
