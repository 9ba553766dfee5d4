package main

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ponita/internal/plots"
)

var (
	red  = color.RGBA{0xd9, 0x8a, 0x80, 0xff} // pale: the line of the mean crosses it
	blue = color.RGBA{0x2a, 0x5d, 0x9c, 0xff}
	gray = color.RGBA{0x40, 0x40, 0x40, 0xff}
)

// maxPoints is more than the pixels of a panel.
const maxPoints = 4000

// draw writes PREFIX.png: temperature and conserved quantity against one axis
// of time.
func (r *simulation) draw(samples []sample) error {
	if len(samples) < 2 {
		return fmt.Errorf("%d rows in the thermo file, want 2 or more", len(samples))
	}
	scale := 1e3 / float64(len(r.sys.species))
	origin := samples[0].Conserved
	mean := summarize(samples, r).temperature

	hot, err := panel(samples, red, func(s *sample) float64 { return s.Temperature })
	if err != nil {
		return err
	}
	hot.Title.Text = fmt.Sprintf("%s: %s, %s, %g fs", r.set.Prefix, formula(r.sys.species), r.set.Ensemble, r.set.Timestep)
	hot.Title.Padding = vg.Points(6)
	hot.Y.Label.Text = "temperature, K"
	conserved, err := panel(samples, blue, func(s *sample) float64 { return scale * (s.Conserved - origin) })
	if err != nil {
		return err
	}
	conserved.Y.Label.Text = "conserved energy, meV/atom"
	conserved.X.Label.Text = "time, ps"
	// Room, so that a run without drift shows a line and not its rounding.
	conserved.Y.Min, conserved.Y.Max = min(conserved.Y.Min, -0.1), max(conserved.Y.Max, 0.1)

	begin := float64(r.set.equilibration()) * r.set.Timestep / 1000
	end := samples[len(samples)-1].Time / 1000
	if mean > 0 {
		dashed(hot, plotter.XYs{{X: begin, Y: mean}, {X: end, Y: mean}})
		label(hot, end, fmt.Sprintf("mean %.0f K ", mean), draw.XRight)
	}
	if begin > 0 && begin < end {
		dashed(hot, plotter.XYs{{X: begin, Y: hot.Y.Min}, {X: begin, Y: hot.Y.Max}})
		dashed(conserved, plotter.XYs{{X: begin, Y: conserved.Y.Min}, {X: begin, Y: conserved.Y.Max}})
		label(hot, begin, "csvr ", draw.XRight)
		label(hot, begin, " "+r.set.Ensemble, draw.XLeft)
	}
	// One axis of time for both: labels below the last panel only.
	conserved.X.Min, conserved.X.Max = hot.X.Min, hot.X.Max
	hot.X.Tick.Marker = unlabelled{}
	return plots.Save(r.set.path(".png"), [][]*plot.Plot{{hot}, {conserved}}, 18*vg.Centimeter, 14*vg.Centimeter, 150, vg.Points(8))
}

// panel draws one quantity against the time in ps.
func panel(samples []sample, ink color.Color, value func(*sample) float64) (*plot.Plot, error) {
	stride := 1 + len(samples)/maxPoints
	var points plotter.XYs
	for i := 0; i < len(samples); i += stride {
		s := &samples[i]
		if y := value(s); !math.IsNaN(y) && !math.IsInf(y, 0) {
			points = append(points, plotter.XY{X: s.Time / 1000, Y: y})
		}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.Color = ink
	line.Width = vg.Points(0.8)
	p := plot.New()
	p.Add(plotter.NewGrid(), line)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Tick.Marker = ticks{}
		axis.Label.TextStyle.Font.Size, axis.Label.TextStyle.Font.Variant = vg.Points(12), "Sans"
		axis.Tick.Label.Font.Size, axis.Tick.Label.Font.Variant = vg.Points(10), "Sans"
	}
	p.Title.TextStyle.Font.Size, p.Title.TextStyle.Font.Variant = vg.Points(12), "Sans"
	p.Y.Label.Padding = vg.Points(4)
	margin := 0.05 * (p.Y.Max - p.Y.Min)
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+3*margin
	return p, nil
}

// ticks places some six round numbers along an axis.
type ticks struct{}

func (ticks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10(high-low)))
	for _, finer := range []float64{2, 2.5, 2, 2, 2.5} { // 10 5 2 1 0.5 0.2
		if (high-low)/step >= 5 {
			break
		}
		step /= finer
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var list []plot.Tick
	for k := math.Ceil(low / step); k*step <= high; k++ {
		// Adding 0 turns −0 into 0.
		list = append(list, plot.Tick{Value: k * step, Label: strconv.FormatFloat(k*step+0, 'f', digits, 64)})
	}
	return list
}

// unlabelled is ticks without the numbers.
type unlabelled struct{ ticks }

func (u unlabelled) Ticks(low, high float64) []plot.Tick {
	list := u.ticks.Ticks(low, high)
	for i := range list {
		list[i].Label = " " // an empty one makes a short, minor tick
	}
	return list
}

func dashed(p *plot.Plot, points plotter.XYs) {
	line, err := plotter.NewLine(points)
	if err != nil {
		return // not finite: there is nothing to draw
	}
	line.Color = gray
	line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(line)
}

// label writes a text at the upper edge.
func label(p *plot.Plot, x float64, text string, align draw.XAlignment) {
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: p.Y.Max}}, Labels: []string{text}})
	if err != nil {
		return
	}
	style := &labels.TextStyle[0]
	style.Font.Size, style.Font.Variant = vg.Points(10), "Sans"
	style.XAlign, style.YAlign = align, draw.YTop
	p.Add(labels)
}
