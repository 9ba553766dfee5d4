package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Pictures are SVG made here and not by a plotting library: their colours come
// from the style sheet of the page, so that they follow it to a dark screen and
// back to paper, and their texts stay texts.

// axis is the range of one direction and its ticks.
type axis struct {
	low, high   float64
	logarithmic bool
	label       string
	hide        bool // no numbers and no label
}

// at returns where a value lies, 0 at the low end and 1 at the high one.
func (a axis) at(v float64) float64 {
	if a.logarithmic {
		return math.Log(v/a.low) / math.Log(a.high/a.low)
	}
	return (v - a.low) / (a.high - a.low)
}

// ticks returns round values, some n of them, and how to write them.
func (a axis) ticks(n float64) (values []float64, write func(float64) string) {
	if a.logarithmic {
		return a.decades(), func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	}
	step := math.Pow(10, math.Floor(math.Log10(a.high-a.low)))
	for _, finer := range []float64{2, 2.5, 2, 2, 2.5} { // 10 5 2 1 0.5 0.2
		if (a.high-a.low)/step >= n {
			break
		}
		step /= finer
	}
	for k := math.Ceil(a.low/step - 1e-9); k*step <= a.high+1e-9*step; k++ {
		values = append(values, k*step+0) // adding 0 turns −0 into 0
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	return values, func(v float64) string {
		return strings.Replace(strconv.FormatFloat(v, 'f', digits, 64), "-", "−", 1)
	}
}

// decades returns 1, 2 and 5 of every power of ten, or the powers alone if there
// are many.
func (a axis) decades() (values []float64) {
	mantissas := []float64{1, 2, 5}
	if a.high/a.low > 200 {
		mantissas = mantissas[:1]
	}
	for e := math.Floor(math.Log10(a.low)); e <= math.Log10(a.high); e++ {
		for _, m := range mantissas {
			if v := m * math.Pow(10, e); v >= a.low*(1-1e-9) && v <= a.high*(1+1e-9) {
				values = append(values, v)
			}
		}
	}
	return values
}

// panel is a rectangle with two axes, in the pixels of its figure.
type panel struct {
	left, top, width, height float64
	x, y                     axis
	b                        *strings.Builder
}

func (p *panel) px(v float64) float64 { return p.left + p.width*p.x.at(v) }
func (p *panel) py(v float64) float64 { return p.top + p.height*(1-p.y.at(v)) }

// frame draws grid, ticks and labels.
func (p *panel) frame() {
	right, bottom := p.left+p.width, p.top+p.height
	values, write := p.x.ticks(max(3, p.width/95))
	for _, v := range values {
		x := p.px(v)
		fmt.Fprintf(p.b, `<path class="grid" d="M%.1f %.1fV%.1f"/>`, x, p.top, bottom)
		if !p.x.hide {
			fmt.Fprintf(p.b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x, bottom+14, write(v))
		}
	}
	values, write = p.y.ticks(max(2.5, p.height/45))
	for _, v := range values {
		y := p.py(v)
		fmt.Fprintf(p.b, `<path class="grid" d="M%.1f %.1fH%.1f"/>`, p.left, y, right)
		if !p.y.hide {
			fmt.Fprintf(p.b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, p.left-5, y+3.5, write(v))
		}
	}
	fmt.Fprintf(p.b, `<rect class="frame" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, p.left, p.top, p.width, p.height)
	if !p.x.hide {
		fmt.Fprintf(p.b, `<text class="label" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, p.left+p.width/2, bottom+30, html.EscapeString(p.x.label))
	}
	if !p.y.hide {
		fmt.Fprintf(p.b, `<text class="label" transform="translate(%.1f %.1f) rotate(-90)" text-anchor="middle">%s</text>`,
			p.left-min(44, p.left-11), p.top+p.height/2, html.EscapeString(p.y.label))
	}
}

// curve draws a line through the points with numbers, cut off a little beyond
// the panel, where a clip hides it.
func (p *panel) curve(class string, x, y []float64) {
	var d strings.Builder
	pen := "M"
	for k := range x {
		if math.IsNaN(y[k]) || math.IsInf(y[k], 0) || p.y.logarithmic && !(y[k] > 0) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&d, "%s%.1f %.1f", pen, p.px(x[k]), min(max(p.py(y[k]), p.top-p.height), p.top+2*p.height))
		pen = "L"
	}
	fmt.Fprintf(p.b, `<path class="curve %s" d="%s"/>`, class, d.String())
}

// vertical marks a value of x with a name at the top.
func (p *panel) vertical(x float64, name string) {
	if !(x > p.x.low && x < p.x.high) {
		return
	}
	fmt.Fprintf(p.b, `<path class="mark" d="M%.1f %.1fV%.1f"/><text class="note" transform="translate(%.1f %.1f) rotate(-90)" text-anchor="end">%s</text>`,
		p.px(x), p.top, p.top+p.height, p.px(x)-3, p.top+4, html.EscapeString(name))
}

func (p *panel) horizontal(y float64) {
	if y > p.y.low && y < p.y.high {
		fmt.Fprintf(p.b, `<path class="mark" d="M%.1f %.1fH%.1f"/>`, p.left, p.py(y), p.left+p.width)
	}
}

// diagonal marks y = x.
func (p *panel) diagonal() {
	low, high := max(p.x.low, p.y.low), min(p.x.high, p.y.high)
	fmt.Fprintf(p.b, `<path class="mark" d="M%.1f %.1fL%.1f %.1f"/>`, p.px(low), p.py(low), p.px(high), p.py(high))
}

// density draws how many points lie where, in steps of a colour that are even in
// the logarithm of the count.
func (p *panel) density(x, y []float64) (most int) {
	const radius, levels = 2.4, 6
	var px, py []float64
	for k := range x {
		if u, v := p.px(x[k]), p.py(y[k]); u >= p.left && u <= p.left+p.width && v >= p.top && v <= p.top+p.height {
			px, py = append(px, u), append(py, v)
		}
	}
	cells := hexagons(px, py, radius)
	for _, c := range cells {
		most = max(most, c.count)
	}
	paths := make([]strings.Builder, levels)
	w, h := math.Sqrt(3)/2*radius, radius/2
	for _, c := range cells {
		level := 0
		if most > 1 {
			level = min(levels-1, int(float64(levels)*math.Log(float64(c.count))/math.Log(float64(most))))
		}
		fmt.Fprintf(&paths[level], "M%.1f %.1fl%.2f %.2fv%.2fl%.2f %.2fl%.2f %.2fv%.2fz", c.x, c.y-radius, w, h, radius, -w, h, -w, -h, -radius)
	}
	for level := range paths {
		if paths[level].Len() > 0 {
			fmt.Fprintf(p.b, `<path class="d%d" d="%s"/>`, level, paths[level].String())
		}
	}
	return most
}

// clipped draws inside the panel only.
func (p *panel) clipped(id string, draw func()) {
	fmt.Fprintf(p.b, `<clipPath id="%s"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"/></clipPath><g clip-path="url(#%s)">`, id, p.left, p.top, p.width, p.height, id)
	draw()
	p.b.WriteString("</g>")
}

// entry is a line of a legend.
type entry struct{ class, name string }

// legend writes the names of curves above the panel.
func (p *panel) legend(entries ...entry) {
	x := p.left
	for _, e := range entries {
		fmt.Fprintf(p.b, `<path class="curve %s" d="M%.1f %.1fh16"/><text class="note" x="%.1f" y="%.1f">%s</text>`,
			e.class, x, p.top-8, x+20, p.top-4.5, html.EscapeString(e.name))
		x += 34 + 6*float64(len([]rune(e.name)))
	}
}

// figure wraps panels drawn into b.
func figure(width, height float64, title string, b *strings.Builder) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">%s</svg>`, width, height, html.EscapeString(title), b.String()))
}

// padded widens a range by a part of it at both ends, and a single value to
// something.
func padded(values []float64, part float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high {
		low, high = 0, 1
	}
	width := high - low
	if width < 1e-9*max(math.Abs(low), math.Abs(high), 1e-9) {
		width = max(math.Abs(high), 1e-3)
		return low - width, high + width
	}
	return low - part*width, high + part*width
}
