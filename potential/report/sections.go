package report

import (
	"fmt"
	"html/template"

	"ponita/integrator"
)

func (r *Report) accuracySection() section {
	a := r.Accuracy
	s := section{ID: "errors", Title: "Errors", Verdict: a.Verdict, Criterion: fmt.Sprintf("Pass: the force RMSE is at most %.0f %% of the root mean square force, caution: at most %.0f %%. Without forces, the same of the energies per atom and their spread.", 100*goodError, 100*usableError)}
	groups := append([]Group{a.All}, a.ByConfig...)
	column := func(group, head, unit string, of func(Group) *float64) column {
		return column{group: group, head: head, unit: unit, values: optional(groups, of)}
	}
	s.Tables = append(s.Tables, captioned{
		"All frames and each config_type. RMSE: root mean square error; MAE: mean absolute error; 95 %: of the force components are within; " +
			"offset: mean of the errors; cosine: of the angle between predicted and reference force, weighted by its size.",
		newTable("", textOf(groups, func(g Group) string { return g.Name }),
			column("", "frames", "", func(g Group) *float64 { return new(float64(g.Frames)) }),
			column("energy per atom, meV/atom", "RMSE", "", func(g Group) *float64 { return g.EnergyRMSE }),
			column("energy per atom, meV/atom", "MAE", "", func(g Group) *float64 { return g.EnergyMAE }),
			column("energy per atom, meV/atom", "max", "", func(g Group) *float64 { return g.EnergyMax }),
			column("energy per atom, meV/atom", "offset", "", func(g Group) *float64 { return g.EnergyOffset }),
			column("total, meV", "RMSE", "", func(g Group) *float64 { return g.TotalRMSE }),
			column("total, meV", "MAE", "", func(g Group) *float64 { return g.TotalMAE }),
			column("force component, meV/Å", "RMSE", "", func(g Group) *float64 { return g.ForceRMSE }),
			column("force component, meV/Å", "MAE", "", func(g Group) *float64 { return g.ForceMAE }),
			column("force component, meV/Å", "95 %", "", func(g Group) *float64 { return g.Force95 }),
			column("force component, meV/Å", "max", "", func(g Group) *float64 { return g.ForceMax }),
			precise(column("force", "cosine", "", func(g Group) *float64 { return g.ForceCosine })),
			column("stress", "RMSE", "meV/Å³", func(g Group) *float64 { return g.StressRMSE }),
			column("stress", "MAE", "meV/Å³", func(g Group) *float64 { return g.StressMAE }),
			column("stress", "RMSE", "GPa", func(g Group) *float64 { return times(g.StressRMSE, integrator.GPa/1e3) }),
		),
	})
	if e := a.Elements; len(e) > 0 {
		s.Tables = append(s.Tables, captioned{"Forces by element. Relative: RMSE over the root mean square of the reference forces on that element.", newTable("element",
			textOf(e, func(e ElementError) string { return e.Symbol }),
			columnOf("atoms", "", e, func(e ElementError) float64 { return float64(e.Atoms) }),
			columnOf("RMSE", "meV/Å", e, func(e ElementError) float64 { return e.RMSE }),
			columnOf("MAE", "meV/Å", e, func(e ElementError) float64 { return e.MAE }),
			columnOf("max", "meV/Å", e, func(e ElementError) float64 { return e.Max }),
			columnOf("relative", "%", e, func(e ElementError) float64 { return 100 * e.Relative }),
		)})
	}
	if w := a.Worst; len(w) > 0 {
		s.Tables = append(s.Tables, captioned{"The frames with the largest errors, as counted in the file from 1.", newTable("config_type",
			textOf(w, func(w WorstFrame) string { return w.Config }),
			columnOf("frame", "", w, func(w WorstFrame) float64 { return float64(w.Frame) }),
			column2("energy error", "meV/atom", optional(w, func(w WorstFrame) *float64 { return w.Energy })),
			column2("force RMSE", "meV/Å", optional(w, func(w WorstFrame) *float64 { return ifAtom(w, w.Force) })),
			column2("largest force error", "meV/Å", optional(w, func(w WorstFrame) *float64 { return ifAtom(w, w.Max) })),
			column2("on atom", "", optional(w, func(w WorstFrame) *float64 { return ifAtom(w, float64(w.Atom)) })),
		)})
	}
	return s
}

// ifAtom returns a value of the forces of a frame, nil if it has none.
func ifAtom(w WorstFrame, v float64) *float64 {
	if w.Atom == 0 {
		return nil
	}
	return &v
}

func times(v *float64, factor float64) *float64 {
	if v == nil {
		return nil
	}
	return new(*v * factor)
}

// precise writes more digits.
func precise(c column) column {
	c.digits = 5
	return c
}

func columnOf[T any](head, unit string, rows []T, of func(T) float64) column {
	return column{head: head, unit: unit, values: numbers(rows, of)}
}

func column2(head, unit string, values []*float64) column {
	return column{head: head, unit: unit, values: values}
}

func (r *Report) paritySection() section {
	s := section{ID: "parity", Title: "Predicted and reference values", Verdict: Verdict{Mark: None}}
	s.Text = []string{"Each step of the colour stands for the same factor in the number of points. The lower panels show predicted minus reference values."}
	for _, p := range r.parity {
		s.Pictures = append(s.Pictures, picture{p.name, drawParity(p)})
	}
	return s
}

func (r *Report) rotationSection() section {
	x := r.Rotation
	s := section{ID: "rotation", Title: "Rotation residual", Verdict: x.Verdict, Criterion: fmt.Sprintf("Pass: at most %.0f %% of the force RMSE, caution: at most %.0f %%.", 100*smallResidual, 100*largeResidual)}
	if x.Rotations == 0 {
		return s
	}
	s.Text = []string{fmt.Sprintf("The network lives on a finite grid of %d orientations, so its energy depends a little on how a system is turned. "+
		"This is the standard deviation over %d random orientations of each of %d frames; it is part of the errors above, which are of single evaluations without averaging.",
		r.Model.Orientations, x.Rotations, x.Frames)}
	s.Facts = [][2]string{{"energy", short(x.Energy) + " meV"}, {"force components", short(x.Force) + " meV/Å"}}
	if x.OfForce > 0 {
		s.Facts = append(s.Facts, [2]string{"over the force RMSE", fmt.Sprintf("%.2g %%", 100*x.OfForce)})
	}
	return s
}

func (r *Report) dimerSection() section {
	s := section{ID: "dimers", Title: "Pairs of atoms", Verdict: r.Dimers.Verdict, Criterion: fmt.Sprintf("Fail: a minimum closer than %.2g of the sum of the covalent radii, an energy beyond the cutoff that is not that of the separated atoms, or a slope of more than %g eV/Å beyond %.2g of the sum of the covalent radii and the shortest distance in the test set. Caution: a minimum closer than %.2g of it and than in the test set.", fused, float64(cliff), loose, tight)}
	s.Text = []string{fmt.Sprintf("Two atoms alone, from %g Å to beyond the cutoff, beside their reference energies. Where the training data have no free pairs the curve is an extrapolation and says nothing of real dimers; "+
		"what counts is that it rises all the way in, so that atoms in dynamics cannot fall into each other, and that it ends at zero.", innermost)}
	for n, d := range r.Dimers.Pairs {
		s.Small = append(s.Small, template.HTML(fmt.Sprintf(`<figure class="pair"><figcaption>%s–%s</figcaption>%s</figure>`, d.Elements[0], d.Elements[1], d.draw(n, r.Model.Cutoff))))
	}
	p := r.Dimers.Pairs
	s.Tables = []captioned{{"", newTable("pair", textOf(p, func(d Dimer) string { return d.Elements[0] + "–" + d.Elements[1] }),
		columnOf(fmt.Sprintf("energy at %g Å", innermost), "eV", p, func(d Dimer) float64 { return d.Innermost }),
		column2("shortest in test set", "Å", optional(p, func(d Dimer) *float64 { return positive(d.Shortest) })),
		columnOf("lowest energy", "eV", p, func(d Dimer) float64 { return d.Minimum }),
		columnOf("at", "Å", p, func(d Dimer) float64 { return d.At }),
		column2("innermost minimum", "Å", optional(p, func(d Dimer) *float64 { return positive(d.Well) })),
		column2("its depth", "eV", optional(p, func(d Dimer) *float64 { return positive(d.Depth) })),
		columnOf("steepest slope beyond bonds", "eV/Å", p, func(d Dimer) float64 { return d.Slope }),
		columnOf("energy beyond the cutoff", "relative", p, func(d Dimer) float64 { return d.Separated }),
	)}}
	if len(p) == 0 {
		s.Tables = nil
	}
	return s
}

func positive(v float64) *float64 {
	if v > 0 {
		return &v
	}
	return nil
}

func (r *Report) extensivitySection() section {
	s := section{ID: "extensivity", Title: "Extensivity", Verdict: r.Extensivity.Verdict, Criterion: "Pass: no difference but the rounding of double precision."}
	c := r.Extensivity.Checks
	if len(c) == 0 {
		return s
	}
	s.Tables = []captioned{{"A system and twice the system, in double precision.", newTable("", textOf(c, func(a Additivity) string { return a.What }),
		columnOf("frame", "", c, func(a Additivity) float64 { return float64(a.Frame) }),
		columnOf("atoms", "", c, func(a Additivity) float64 { return float64(a.Atoms) }),
		columnOf("difference of the energy", "meV/atom", c, func(a Additivity) float64 { return a.Energy }),
		columnOf("largest difference of a force", "meV/Å", c, func(a Additivity) float64 { return a.Force }),
	)}}
	return s
}

func (r *Report) driftSection() section {
	d := r.Drift
	s := section{ID: "drift", Title: "Energy conservation", Verdict: d.Verdict, Criterion: fmt.Sprintf("Pass: a drift of at most %g meV/atom/ps, or none beyond half of the fluctuation or twice the uncertainty; caution: at most %g meV/atom/ps.", goodDrift, float64(usableDrift))}
	if d.Length == 0 {
		return s
	}
	s.Text = []string{fmt.Sprintf("Velocity Verlet at constant energy from frame %d (%s, %d atoms), timestep %g fs, velocities drawn at %g K. "+
		"The drift is the slope of a line through the means of %d blocks; its uncertainty is a standard error.", d.Frame, d.Formula, d.Atoms, d.Timestep, d.Start, blocks)}
	s.Wide = d.draw()
	s.Facts = [][2]string{
		{"length", fmt.Sprintf("%.4g ps", d.Length)}, {"mean temperature", fmt.Sprintf("%.0f K", d.Temperature)},
		{"drift", minus(fmt.Sprintf("%+.2g ± %.1g meV/atom/ps", d.Slope, d.Uncertainty))}, {"fluctuation", fmt.Sprintf("%.2g meV/atom", d.Fluctuation)},
	}
	return s
}

func (r *Report) speedSection() section {
	x := r.Speed
	s := section{ID: "speed", Title: "Speed on this machine", Verdict: x.Verdict}
	if x.Steps > 0 {
		s.Facts = [][2]string{
			{"per atom and step", short(x.PerAtom) + " µs, median of " + fmt.Sprint(x.Steps) + " steps"},
			{"dynamics", fmt.Sprintf("%s ns/day at %g fs, %d atoms", short(x.PerDay), x.Timestep, x.Atoms)},
			{"kernels", x.Kernel}, {"processor", fmt.Sprintf("%s, %d cores, of which one is used", r.Machine.Processor, r.Machine.Cores)},
		}
	}
	return s
}

func (r *Report) learningSection() section {
	s := section{ID: "learning", Title: "Training", Verdict: r.Learning.Verdict, Criterion: fmt.Sprintf("Pass: a validation error that fell by less than %.0f %% in the last tenth of the epochs, did not rise again, and is at most %.2g times that of training.", 100*falling, memorized)}
	for _, p := range []template.HTML{
		r.Learning.draw("Force RMSE", "meV/Å", func(e Epoch) (*float64, *float64) { return e.ValidForce, e.TrainForce }),
		r.Learning.draw("Energy RMSE", "meV/atom", func(e Epoch) (*float64, *float64) { return e.ValidEnergy, e.TrainEnergy }),
	} {
		if p != "" {
			s.Pictures = append(s.Pictures, picture{"", p})
		}
	}
	if len(s.Pictures) > 0 {
		s.Text = []string{"Validation errors are of the averaged weights after the epoch, training errors of the weights of the moment during it, on turned frames."}
	}
	return s
}

func (r *Report) provenanceSection() section {
	m := r.Model
	s := section{ID: "provenance", Title: "Provenance", Verdict: r.Provenance}
	fact := func(name, format string, args ...any) {
		s.Facts = append(s.Facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	fact("model", "%s, hash %s", r.modelName(), m.Hash)
	fact("network", "%s; %d weights", m.Network, m.Weights)
	fact("cutoff", "%g Å, %.1f neighbours on average", m.Cutoff, m.MeanNeighbors)
	for _, e := range m.Elements {
		fact(e.Symbol, "reference energy %s eV, scale %.4g eV", minus(fmt.Sprintf("%.6f", e.Reference)), e.Scale)
	}
	for k, d := range m.Data {
		held := ""
		if k == 0 && m.Held > 0 {
			held = fmt.Sprintf(", of which %d held back for validation", m.Held)
		}
		fact("training data", "%s, %d frames%s, SHA-256 %s", d.Name, d.Frames, held, d.SHA256)
	}
	if m.Start != nil {
		fact("started from", "%s", Beginning(m.Start))
	}
	if m.Seed != "" {
		fact("seed", "%s", m.Seed)
	}
	fact("trained by", "ponita %s", m.Version)
	if m.Created != "" {
		fact("trained", "%s", m.Created)
	}
	fact("test data", "%s, %d frames, SHA-256 %s", r.Test.File.Name, r.Test.File.Frames, r.Test.File.SHA256)
	fact("measured by", "ponita %s, %s, %s", r.Machine.Program, r.Machine.Go, r.Machine.System)
	return s
}
