package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// Accuracy are the errors on the test set.
type Accuracy struct {
	Verdict  Verdict        `json:"verdict"`
	All      Group          `json:"all"`
	ByConfig []Group        `json:"by_config_type,omitempty"`
	Elements []ElementError `json:"by_element,omitempty"`
	Worst    []WorstFrame   `json:"worst_frames,omitempty"`
}

// Group are the errors on some of the frames. What no frame has a label for is
// nil.
type Group struct {
	Name   string `json:"name"`
	Frames int    `json:"frames"`
	// Energies per atom [meV/atom]: Offset is the mean error, the rest is about
	// the errors as they are. Spread is the standard deviation of the labels
	// beside the reference energies.
	EnergyRMSE   *float64 `json:"energy_rmse_meV_per_atom,omitempty"`
	EnergyMAE    *float64 `json:"energy_mae_meV_per_atom,omitempty"`
	EnergyMax    *float64 `json:"energy_max_meV_per_atom,omitempty"`
	EnergyOffset *float64 `json:"energy_offset_meV_per_atom,omitempty"`
	EnergySpread *float64 `json:"energy_spread_meV_per_atom,omitempty"`
	TotalRMSE    *float64 `json:"energy_rmse_meV,omitempty"`
	TotalMAE     *float64 `json:"energy_mae_meV,omitempty"`
	// Force components [meV/Å].
	ForceRMSE   *float64 `json:"force_rmse_meV_per_A,omitempty"`
	ForceMAE    *float64 `json:"force_mae_meV_per_A,omitempty"`
	Force95     *float64 `json:"force_95_percent_meV_per_A,omitempty"` // 95 % of the errors are below
	ForceMax    *float64 `json:"force_max_meV_per_A,omitempty"`
	ForceSize   *float64 `json:"force_rms_meV_per_A,omitempty"` // of the labels
	ForceCosine *float64 `json:"force_mean_cosine,omitempty"`   // of the angle to the label, weighted by its size
	StressRMSE  *float64 `json:"stress_rmse_meV_per_A3,omitempty"`
	StressMAE   *float64 `json:"stress_mae_meV_per_A3,omitempty"`
}

// ElementError are the errors of the forces on one element.
type ElementError struct {
	Symbol   string  `json:"symbol"`
	Atoms    int     `json:"atoms"`
	RMSE     float64 `json:"force_rmse_meV_per_A"`
	MAE      float64 `json:"force_mae_meV_per_A"`
	Max      float64 `json:"force_max_meV_per_A"`
	Relative float64 `json:"relative"` // RMSE over the root mean square of the labels
}

// WorstFrame is a frame with large errors.
type WorstFrame struct {
	Frame  int      `json:"frame"` // of the file, counted from 1
	Config string   `json:"config_type,omitempty"`
	Energy *float64 `json:"energy_error_meV_per_atom,omitempty"`
	Force  float64  `json:"force_rmse_meV_per_A"`
	Max    float64  `json:"force_max_meV_per_A"`
	Atom   int      `json:"atom"` // with the largest error, counted from 1
}

// accuracy compares predictions with labels.
func accuracy(m *potential.Model, d *train.Dataset, predictions []train.Prediction) *Accuracy {
	a := &Accuracy{}
	all := make([]int, len(d.Frames))
	byConfig := map[string][]int{}
	for k := range all {
		all[k] = k
		name := cmp.Or(d.Frames[k].ConfigType(), xyz.NoConfigType)
		byConfig[name] = append(byConfig[name], k)
	}
	a.All = group("all", m, d, predictions, all)
	if len(byConfig) > 1 {
		for _, name := range sortedNames(byConfig) {
			a.ByConfig = append(a.ByConfig, group(name, m, d, predictions, byConfig[name]))
		}
	}
	a.Elements = elementErrors(m, d, predictions)
	a.Worst = worst(d, predictions)
	a.Verdict = a.judge()
	return a
}

// The root mean square error of the forces over that of the forces themselves
// up to which a potential is good for dynamics, and up to which it is of any use.
// The same bounds hold for the energies per atom over their spread where there
// are no forces.
const (
	goodError   = 0.1
	usableError = 0.3
)

func (a *Accuracy) judge() Verdict {
	g := a.All
	var text string
	value := math.NaN()
	if g.ForceRMSE != nil {
		value = *g.ForceRMSE / *g.ForceSize
		text = fmt.Sprintf("Forces are off by %s meV/Å", short(*g.ForceRMSE))
		if *g.ForceSize > 0 {
			text += fmt.Sprintf(", %.2g %% of their size of %s", 100*value, short(*g.ForceSize))
		}
	}
	if g.EnergyRMSE != nil {
		if text != "" {
			text += "; energies are off"
		} else {
			text = "Energies are off"
			value = *g.EnergyRMSE / *g.EnergySpread
		}
		text += fmt.Sprintf(" by %s meV/atom where they spread over %s", short(*g.EnergyRMSE), short(*g.EnergySpread))
	}
	if text == "" {
		return verdict(None, "The frames have no labels.")
	}
	mark := graded(value, goodError, usableError)
	if math.IsNaN(value) || math.IsInf(value, 0) { // all labels are equal: there is no size to compare with
		mark = None
	}
	text += "."
	if g.EnergyOffset != nil && g.Frames > 10 && math.Abs(*g.EnergyOffset) > 0.7**g.EnergyRMSE && math.Abs(*g.EnergyOffset) > 0.1 {
		mark = lower(mark, Caution)
		text += fmt.Sprintf(" Most of the energy error is one constant, %+.3g meV/atom: another reference, or another level of theory?", *g.EnergyOffset)
	}
	return verdict(mark, "%s", text)
}

// lower returns the worse of two marks.
func lower(a, b Mark) Mark {
	order := []Mark{Fail, Caution, Pass, None}
	if slices.Index(order, a) < slices.Index(order, b) {
		return a
	}
	return b
}

func group(name string, m *potential.Model, d *train.Dataset, predictions []train.Prediction, frames []int) Group {
	sub := d.Subset(frames)
	var some []train.Prediction
	for _, k := range frames {
		some = append(some, predictions[k])
	}
	e := sub.Compare(some).All
	g := Group{
		Name: name, Frames: e.Frames, EnergyRMSE: e.EnergyRMSEPerAtom, EnergyMAE: e.EnergyMAEPerAtom, TotalRMSE: e.EnergyRMSE, TotalMAE: e.EnergyMAE,
		ForceRMSE: e.ForceRMSE, ForceMAE: e.ForceMAE, StressRMSE: e.StressRMSE, StressMAE: e.StressMAE,
	}
	var energies, labels, forces []float64
	var size, aligned, length float64
	for n, f := range sub.Frames {
		l, p := sub.Labels[n], some[n]
		if l.Energy != nil {
			energies = append(energies, 1e3*(p.Energy-*l.Energy)/float64(len(f.Species)))
			labels = append(labels, 1e3*cohesion(m, f, *l.Energy))
		}
		for i, ref := range l.Forces {
			for k := range ref {
				forces = append(forces, 1e3*math.Abs(p.Forces[i][k]-ref[k]))
			}
			size += dot(ref, ref)
			if q := norm(p.Forces[i]); q > 0 && norm(ref) > 0 {
				aligned += dot(ref, p.Forces[i]) / q
				length += norm(ref)
			}
		}
	}
	if len(energies) > 0 {
		mean := stat.Mean(energies, nil)
		spread := stat.PopStdDev(labels, nil)
		g.EnergyOffset, g.EnergySpread, g.EnergyMax = &mean, &spread, new(largest(energies))
	}
	if len(forces) > 0 {
		slices.Sort(forces)
		g.ForceMax, g.Force95 = &forces[len(forces)-1], &forces[(len(forces)-1)*95/100]
		g.ForceSize = new(1e3 * math.Sqrt(size/float64(len(forces))))
		if length > 0 {
			g.ForceCosine = new(aligned / length)
		}
	}
	return g
}

// cohesion is the energy per atom beside the reference energies of the model, eV.
func cohesion(m *potential.Model, f *xyz.Frame, energy float64) float64 {
	for _, z := range f.Species {
		energy -= m.ReferenceEnergies[slices.Index(m.Config.Species, z)]
	}
	return energy / float64(len(f.Species))
}

func elementErrors(m *potential.Model, d *train.Dataset, predictions []train.Prediction) (out []ElementError) {
	for _, z := range m.Config.Species {
		e := ElementError{Symbol: xyz.Symbol(z)}
		var squares, absolute, size, n float64
		for k, f := range d.Frames {
			for i, ref := range d.Labels[k].Forces {
				if f.Species[i] != z {
					continue
				}
				e.Atoms++
				size += dot(ref, ref)
				for a := range ref {
					x := 1e3 * math.Abs(predictions[k].Forces[i][a]-ref[a])
					squares, absolute, n = squares+x*x, absolute+x, n+1
					e.Max = max(e.Max, x)
				}
			}
		}
		if n > 0 {
			e.RMSE, e.MAE = math.Sqrt(squares/n), absolute/n
			if size > 0 {
				e.Relative = e.RMSE / (1e3 * math.Sqrt(size/n))
			}
			out = append(out, e)
		}
	}
	return out
}

// worst lists the frames with the largest errors of forces, or of energies if
// there are no forces.
func worst(d *train.Dataset, predictions []train.Prediction) []WorstFrame {
	const listed = 5
	var list []WorstFrame
	for k, f := range d.Frames {
		l, p := d.Labels[k], predictions[k]
		w := WorstFrame{Frame: f.Origin.Frame, Config: f.ConfigType()}
		if l.Energy != nil {
			w.Energy = new(1e3 * (p.Energy - *l.Energy) / float64(len(f.Species)))
		}
		for i, ref := range l.Forces {
			for a := range ref {
				x := 1e3 * math.Abs(p.Forces[i][a]-ref[a])
				w.Force += x * x / float64(3*len(l.Forces))
				if x > w.Max {
					w.Max, w.Atom = x, i+1
				}
			}
		}
		w.Force = math.Sqrt(w.Force)
		if l.Energy != nil || l.Forces != nil {
			list = append(list, w)
		}
	}
	energy := func(w WorstFrame) float64 {
		if w.Energy == nil {
			return 0
		}
		return math.Abs(*w.Energy)
	}
	slices.SortStableFunc(list, func(a, b WorstFrame) int {
		return cmp.Or(cmp.Compare(b.Force, a.Force), cmp.Compare(energy(b), energy(a)))
	})
	return list[:min(listed, len(list))]
}
