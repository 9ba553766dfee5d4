package report

import (
	"fmt"
	"strings"
)

// String returns the verdicts, a line each.
func (r *Report) String() string {
	var b strings.Builder
	for _, s := range []struct {
		title string
		v     Verdict
	}{
		{"errors", r.Accuracy.Verdict}, {"rotation", r.Rotation.Verdict}, {"pairs", r.Dimers.Verdict}, {"extensivity", r.Extensivity.Verdict},
		{"conservation", r.Drift.Verdict}, {"speed", r.Speed.Verdict}, {"training", r.Learning.Verdict}, {"provenance", r.Provenance},
	} {
		mark := string(s.v.Mark)
		if s.v.Mark == None {
			mark = "-"
		}
		fmt.Fprintf(&b, "%-8s %-13s %s\n", mark, s.title, s.v.Text)
	}
	return b.String()
}
