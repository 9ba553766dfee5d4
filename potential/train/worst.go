package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ponita/neighbor"
	"ponita/xyz"
)

// FrameError is what a model gets wrong in one frame.
type FrameError struct {
	Frame     int      `json:"frame"`                      // of its file, from 1
	Energy    *float64 `json:"energy_error_meV,omitempty"` // predicted − reference
	ForceRMSE float64  `json:"force_rmse_meV_per_A"`       // of the frame's components; 0 without forces
	Share     float64  `json:"share"`                      // of the squared force errors of all frames, or of those of energies per atom

	Atom      int     `json:"atom"`                 // with the largest error of its force, from 1; 0 without forces
	Element   string  `json:"element"`              // of that atom
	AtomError float64 `json:"atom_error_meV_per_A"` // length of that error
	Nearest   string  `json:"nearest,omitempty"`    // element of the atom nearest to it, within 5 Å
	Distance  float64 `json:"distance_A,omitempty"` // to that atom
}

// Worst returns the frames with the largest squared force errors, at most so many,
// the largest first; where no frame has forces, those of energies per atom. A frame or two beyond the training data can make most of an
// RMSE: their shortest bonds tell.
func (d *Dataset) Worst(predictions []Prediction, most int) ([]FrameError, error) {
	type scored struct {
		FrameError
		of *xyz.Frame
	}
	var out []scored
	forces := slices.ContainsFunc(d.Labels, func(l xyz.Labels) bool { return len(l.Forces) > 0 })
	total := 0.
	for k, p := range predictions {
		f, l := d.Frames[k], d.Labels[k]
		if forces && len(l.Forces) == 0 || !forces && l.Energy == nil {
			continue
		}
		e, largest := FrameError{Frame: f.Origin.Frame}, -1.
		for i, ref := range l.Forces {
			square := 0.
			for c, v := range ref {
				square += (p.Forces[i][c] - v) * (p.Forces[i][c] - v)
			}
			e.Share += square
			if square > largest {
				largest, e.Atom, e.Element = square, i+1, xyz.Symbol(f.Species[i])
			}
		}
		if l.Energy != nil {
			x := 1e3 * (p.Energy - *l.Energy)
			e.Energy = &x
		}
		if !forces {
			perAtom := *e.Energy / float64(len(f.Species))
			e.Share = perAtom * perAtom
			total += e.Share
			out = append(out, scored{e, f})
			continue
		}
		e.ForceRMSE, e.AtomError = 1e3*math.Sqrt(e.Share/float64(3*len(l.Forces))), 1e3*math.Sqrt(largest)
		total += e.Share
		out = append(out, scored{e, f})
	}
	slices.SortStableFunc(out, func(a, b scored) int { return cmp.Compare(b.Share, a.Share) })
	out = out[:min(max(most, 0), len(out))]
	worst := make([]FrameError, 0, len(out))
	for _, s := range out {
		e, f := s.FrameError, s.of
		if total > 0 {
			e.Share /= total
		}
		if e.Atom == 0 {
			worst = append(worst, e)
			continue
		}
		g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, 5)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", f.Origin, err)
		}
		for n := g.Start[e.Atom-1]; n < g.Start[e.Atom]; n++ {
			x := g.Vec[n]
			if r := math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2]); e.Nearest == "" || r < e.Distance {
				e.Distance, e.Nearest = r, xyz.Symbol(f.Species[g.Neighbor[n]])
			}
		}
		worst = append(worst, e)
	}
	return worst, nil
}
