package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var page = template.Must(template.New("page").Parse(pageHTML))

// view is what the template needs.
type view struct {
	Title    string
	Subtitle string
	Style    template.CSS
	Figures  []headline
	Sections []section
	Settings string
}

// headline is one of the numbers at the top.
type headline struct{ Value, Unit, Name string }

// section of the page.
type section struct {
	ID, Title string
	Verdict   Verdict
	Criterion string   // of the verdict
	Text      []string // paragraphs
	Pictures  []picture
	Small     []template.HTML // many to a row
	Wide      template.HTML
	Tables    []captioned
	Facts     [][2]string
}

type picture struct {
	Caption string
	Drawing template.HTML
}

type captioned struct {
	Caption string
	table
}

// WriteHTML writes the page.
func (r *Report) WriteHTML(w io.Writer) error {
	v := view{
		Title:    fmt.Sprintf("%s on %s", r.modelName(), r.Test.Name),
		Subtitle: r.subtitle(),
		Style:    template.CSS(pageCSS),
		Figures:  r.headlines(),
		Sections: []section{
			r.accuracySection(), r.paritySection(), r.rotationSection(), r.dimerSection(), r.extensivitySection(),
			r.driftSection(), r.speedSection(), r.learningSection(), r.provenanceSection(),
		},
		Settings: strings.TrimSpace(r.Model.Settings),
	}
	if len(r.parity) == 0 {
		v.Sections = append(v.Sections[:1], v.Sections[2:]...)
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (r *Report) modelName() string {
	if r.Model.Name != "" {
		return r.Model.Name
	}
	return "model " + r.Model.Hash
}

func (r *Report) subtitle() string {
	day := r.Created
	if t, err := time.Parse(time.RFC3339, r.Created); err == nil {
		day = t.Format("2 January 2006, 15:04 MST")
	}
	var elements []string
	for _, e := range r.Model.Elements {
		elements = append(elements, e.Symbol)
	}
	return fmt.Sprintf("Interatomic potential for %s. %d frames, %d atoms. Measured %s.", strings.Join(elements, ", "), r.Test.Frames, r.Test.Atoms, day)
}

// headlines are the numbers at the top, those that there are.
func (r *Report) headlines() (out []headline) {
	add := func(v *float64, unit, name string) {
		if v != nil && !math.IsNaN(*v) {
			out = append(out, headline{minus(short(*v)), unit, name})
		}
	}
	g := r.Accuracy.All
	add(g.EnergyRMSE, "meV/atom", "energy RMSE")
	add(g.ForceRMSE, "meV/Å", "force RMSE")
	add(g.StressRMSE, "meV/Å³", "stress RMSE")
	if r.Rotation.Rotations > 0 {
		add(&r.Rotation.Force, "meV/Å", "rotation residual of forces")
	}
	if r.Drift.Verdict.Mark != None && r.Drift.Uncertainty > 0 {
		out = append(out, headline{minus(fmt.Sprintf("%+.2g ± %.1g", r.Drift.Slope, r.Drift.Uncertainty)), "meV/atom/ps", "drift of the energy, NVE"})
	}
	if r.Speed.PerAtom > 0 {
		add(&r.Speed.PerAtom, "µs/atom/step", "speed, one core")
	}
	return out
}
