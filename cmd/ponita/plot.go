package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ponita/internal/plots"
	"ponita/potential/properties"
	"ponita/potential/train"
)

// inks are for lines in an order, such as widths: dark to light, through hues
// that differ in print too.
var inks = []color.Color{
	color.RGBA{0x44, 0x01, 0x54, 0xff}, color.RGBA{0x31, 0x68, 0x8e, 0xff}, color.RGBA{0x1f, 0x9e, 0x89, 0xff},
	color.RGBA{0x8a, 0xc0, 0x3a, 0xff}, color.RGBA{0xe0, 0x9b, 0x1a, 0xff}, color.RGBA{0xc8, 0x4b, 0x31, 0xff},
}

func ink(k int) color.Color { return inks[k%len(inks)] }

// drawSweep writes loss against learning rate, a panel for each parametrization
// and a line for each width.
func drawSweep(path string, curves []train.Curve) error {
	var panels []*plot.Plot
	var low, high float64 = math.Inf(1), math.Inf(-1)
	name := ""
	for k, line := 0, 0; k < len(curves); k, line = k+1, line+1 {
		c := curves[k]
		if c.Parametrization != name {
			name, line = c.Parametrization, 0
			p := panel(name)
			p.X.Label.Text, p.X.Tick.Marker = "learning rate", powersOfTwo{rates: true}
			p.Legend.Left, p.Legend.XOffs, p.Legend.YOffs = true, vg.Points(6), vg.Points(6)
			panels = append(panels, p)
		}
		p := panels[len(panels)-1]
		var points plotter.XYs
		for i, loss := range c.Losses {
			if loss > 0 {
				points = append(points, plotter.XY{X: math.Log2(c.Rates[i]), Y: math.Log10(loss)})
				low, high = min(low, points[len(points)-1].Y), max(high, points[len(points)-1].Y)
			}
		}
		if err := curve(p, points, ink(line), fmt.Sprintf("C = %d", c.Channels)); err != nil {
			return err
		}
		if c.Best >= 0 {
			best, err := plotter.NewScatter(plotter.XYs{{X: math.Log2(c.Rates[c.Best]), Y: math.Log10(c.Losses[c.Best])}})
			if err != nil {
				return err
			}
			best.GlyphStyle = draw.GlyphStyle{Color: ink(line), Radius: vg.Points(5), Shape: draw.RingGlyph{}}
			p.Add(best)
		}
	}
	if len(panels) == 0 || low > high {
		return fmt.Errorf("%s: every run diverged, there is nothing to draw", path)
	}
	panels[0].Y.Label.Text = "validation loss"
	for _, p := range panels {
		// Losses of rates that are far too large would leave no room for the rest.
		p.Y.Min, p.Y.Max = low-0.05, min(high, low+1.5)+0.1
		p.X.Min, p.X.Max = p.X.Min-0.3, p.X.Max+0.3
	}
	return savePanels(path, [][]*plot.Plot{panels}, 9.5*vg.Centimeter, 9*vg.Centimeter)
}

// drawCoordinates writes the changes of the last layer's activations against
// the width: a row for each parametrization, a column for each quantity, a line
// for each step.
func drawCoordinates(path string, powers []train.Power, widths []int) error {
	last := 0
	var names []string
	for _, p := range powers {
		last = max(last, p.Layer)
		if !slices.Contains(names, p.Parametrization) {
			names = append(names, p.Parametrization)
		}
	}
	quantities := train.Quantities[:4]
	rows := make([][]*plot.Plot, len(names))
	for column, quantity := range quantities {
		low, high := math.Inf(1), math.Inf(-1)
		for row, name := range names {
			p := panel("")
			if row == 0 {
				p.Title.Text = "change of " + quantity
			}
			if column == 0 {
				p.Y.Label.Text = name
			}
			if row == len(names)-1 {
				p.X.Label.Text = "channels"
			}
			p.X.Tick.Marker = powersOfTwo{}
			for _, x := range powers {
				if x.Parametrization != name || x.Layer != last || x.Quantity != quantity || x.Step == 0 {
					continue
				}
				var points plotter.XYs
				for k, v := range x.Changes {
					if v > 0 {
						points = append(points, plotter.XY{X: math.Log2(float64(widths[k])), Y: math.Log10(v)})
						low, high = min(low, math.Log10(v)), max(high, math.Log10(v))
					}
				}
				label := ""
				if row == 0 && column == len(quantities)-1 {
					label = fmt.Sprintf("step %d", x.Step)
				}
				p.Legend.Top, p.Legend.Left, p.Legend.XOffs = true, true, vg.Points(6)
				if err := curve(p, points, ink(x.Step-1), label); err != nil {
					return err
				}
			}
			rows[row] = append(rows[row], p)
		}
		for row := range rows { // one scale for a column: parametrizations are compared
			rows[row][column].Y.Min, rows[row][column].Y.Max = low-0.1, high+0.1
		}
	}
	return savePanels(path, rows, 6*vg.Centimeter, 5*vg.Centimeter)
}

// drawProfile writes the energies along a path.
func drawProfile(path, title, coordinate string, p *properties.Profile) error {
	image := panel(title)
	image.X.Tick.Marker, image.Y.Tick.Marker = linear{}, linear{}
	image.X.Label.Text, image.Y.Label.Text = coordinate, "energy, meV"
	image.Legend.Top, image.Legend.Left, image.Legend.XOffs, image.Legend.YOffs = true, true, vg.Points(6), -vg.Points(6)
	along := func(c properties.Curve) (points plotter.XYs) {
		for i, e := range c.Energies {
			points = append(points, plotter.XY{X: p.Coordinate[i], Y: e})
		}
		return points
	}
	if p.Reference != nil {
		if err := curve(image, along(*p.Reference), ink(5), fmt.Sprintf("reference, barrier %.4g meV", p.Reference.Barrier)); err != nil {
			return err
		}
	}
	if err := curve(image, along(p.Model), ink(1), fmt.Sprintf("model, barrier %.4g meV", p.Model.Barrier)); err != nil {
		return err
	}
	// Room for the legend above the curves.
	margin := 0.05 * (image.Y.Max - image.Y.Min)
	image.Y.Min, image.Y.Max = image.Y.Min-margin, image.Y.Max+4*margin
	return savePanels(path, [][]*plot.Plot{{image}}, 14*vg.Centimeter, 9*vg.Centimeter)
}

// panel returns an empty plot whose vertical axis is a decimal logarithm.
func panel(title string) *plot.Plot {
	p := plot.New()
	p.Add(plotter.NewGrid())
	p.Title.Text = title
	p.Y.Tick.Marker = decades{}
	sans := func(f *font.Font, points float64) { f.Size, f.Variant = vg.Points(points), "Sans" }
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		sans(&axis.Label.TextStyle.Font, 10)
		sans(&axis.Tick.Label.Font, 8)
	}
	sans(&p.Title.TextStyle.Font, 11)
	sans(&p.Legend.TextStyle.Font, 8)
	return p
}

// curve adds a line with points.
func curve(p *plot.Plot, points plotter.XYs, ink color.Color, label string) error {
	if len(points) == 0 {
		return nil
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = ink, vg.Points(1.2)
	dots.Color, dots.Shape, dots.Radius = ink, draw.CircleGlyph{}, vg.Points(1.8)
	p.Add(line, dots)
	if label != "" {
		p.Legend.Add(label, line)
	}
	return nil
}

// powersOfTwo labels whole numbers k as 2^k: as widths, or as learning rates.
type powersOfTwo struct{ rates bool }

func (t powersOfTwo) Ticks(low, high float64) (list []plot.Tick) {
	for k := math.Ceil(low); k <= high; k++ {
		label := fmt.Sprint(math.Exp2(k))
		if t.rates {
			label = powerOfTwo(math.Exp2(k))
		}
		list = append(list, plot.Tick{Value: k, Label: label})
	}
	return list
}

// decades labels 1, 2 and 5 in every decade of a decimal logarithm, 1 alone
// where there are many, and all digits where there is less than one.
type decades struct{}

func (decades) Ticks(low, high float64) (list []plot.Tick) {
	digits := []float64{1, 2, 5}
	switch {
	case high-low > 2.5:
		digits = digits[:1]
	case high-low < 0.8:
		digits = []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for k := math.Floor(low); k <= high; k++ {
		for _, d := range digits {
			if v := k + math.Log10(d); v >= low && v <= high {
				list = append(list, plot.Tick{Value: v, Label: fmt.Sprintf("%.4g", d*math.Pow(10, k))})
			}
		}
	}
	return list
}

// linear labels some six round numbers.
type linear struct{}

func (linear) Ticks(low, high float64) (list []plot.Tick) {
	power := math.Pow(10, math.Floor(math.Log10(high-low)))
	step := power
	for _, d := range []float64{5, 2, 1, 0.5, 0.2, 0.1} {
		if step = d * power; (high-low)/step >= 4 {
			break
		}
	}
	for k := math.Ceil(low / step); k*step <= high; k++ {
		list = append(list, plot.Tick{Value: k * step, Label: fmt.Sprintf("%.6g", k*step+0)}) // not −0
	}
	return list
}

// savePanels draws plots as a table, each of the given size.
func savePanels(path string, rows [][]*plot.Plot, width, height vg.Length) error {
	return plots.Save(path, rows, width*vg.Length(len(rows[0])), height*vg.Length(len(rows)), 110, vg.Points(6))
}
