package report

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// Rotation is how much results depend on the orientation in space, standard
// deviations over random rotations.
type Rotation struct {
	Verdict   Verdict `json:"verdict"`
	Frames    int     `json:"frames"`
	Rotations int     `json:"rotations"`
	Energy    float64 `json:"energy_meV"`
	Force     float64 `json:"force_meV_per_A"`
	OfForce   float64 `json:"over_force_rmse,omitempty"` // the residual of the forces over their error
}

// The residual over the error of the forces up to which it is nothing to the errors
// (a tenth is a hundredth of the squares), and up to which it is a small part of them.
const (
	smallResidual = 0.1
	largeResidual = 1. / 3
)

func (r *Report) rotation(_ context.Context, m *potential.Model, d *train.Dataset, o Options) {
	r.Rotation = &Rotation{}
	res, err := train.RotationResidual(m, d, o.Rotations, o.Threads, o.Seed, o.Calculator...)
	if err == nil && res == nil {
		err = errNone
	}
	if err != nil {
		r.Rotation.Verdict = impossible(err)
		return
	}
	*r.Rotation = Rotation{Frames: res.Frames, Rotations: res.Rotations, Energy: res.Energy, Force: res.Force}
	text := fmt.Sprintf("Turning a frame changes its energy by %s meV and its forces by %s meV/Å", short(res.Energy), short(res.Force))
	if e := r.Accuracy.All.ForceRMSE; e != nil && *e > 0 {
		r.Rotation.OfForce = res.Force / *e
		r.Rotation.Verdict = verdict(graded(r.Rotation.OfForce, smallResidual, largeResidual), "%s, %.2g %% of the error of the forces.", text, 100*r.Rotation.OfForce)
		if r.Rotation.Verdict.Mark != Pass {
			r.Rotation.Verdict.Text += " The quadratic activation on a grid of sufficient degree has none."
		}
		return
	}
	r.Rotation.Verdict = verdict(None, "%s.", text)
}

// Extensivity is whether two systems that do not see each other add up.
type Extensivity struct {
	Verdict Verdict      `json:"verdict"`
	Checks  []Additivity `json:"checks"`
}

// Additivity compares a system with twice itself, in float64.
type Additivity struct {
	What   string  `json:"what"`
	Frame  int     `json:"frame"` // of the test file, counted from 1
	Atoms  int     `json:"atoms"` // of the doubled system
	Energy float64 `json:"energy_difference_meV_per_atom"`
	Force  float64 `json:"force_difference_meV_per_A"`
}

// exactSum is the rounding of sums over a few hundred atoms in float64, relative
// to total energies of 1e6 eV: meV/atom and meV/Å.
const exactSum = 1e-5

func (r *Report) extensivity(_ context.Context, m *potential.Model, d *train.Dataset, _ Options) {
	r.Extensivity = &Extensivity{}
	var failed []string
	for _, c := range []struct {
		what  string
		want  func(*xyz.Frame) bool
		twice func(*xyz.Frame, float64) *xyz.Frame
	}{
		{"two copies, further apart than the cutoff", molecule, apart},
		{"a doubled cell", periodic, doubled},
	} {
		f, err := firstFrame(d, c.want)
		if err != nil {
			continue
		}
		check, err := additivity(m, f, c.twice(f, m.Config.Cutoff))
		if err != nil {
			r.Extensivity.Verdict = impossible(err)
			return
		}
		check.What, check.Frame = c.what, f.Origin.Frame
		r.Extensivity.Checks = append(r.Extensivity.Checks, check)
		if !(check.Energy <= exactSum && check.Force <= exactSum) {
			failed = append(failed, fmt.Sprintf("%s differs by %s meV/atom and %s meV/Å", c.what, short(check.Energy), short(check.Force)))
		}
	}
	switch {
	case len(r.Extensivity.Checks) == 0:
		r.Extensivity.Verdict = impossible(errNone)
	case len(failed) > 0:
		r.Extensivity.Verdict = verdict(Fail, "Energies do not add up: %s.", strings.Join(failed, "; "))
	default:
		r.Extensivity.Verdict = verdict(Pass, "Twice a system has twice its energy and the same forces, to rounding.")
	}
}

// additivity compares a frame with twice itself.
func additivity(m *potential.Model, one, two *xyz.Frame) (Additivity, error) {
	energy, forces, err := evaluate(m, one)
	if err != nil {
		return Additivity{}, err
	}
	both, bothForces, err := evaluate(m, two)
	if err != nil {
		return Additivity{}, err
	}
	a := Additivity{Atoms: len(two.Species), Energy: 1e3 * math.Abs(both-2*energy) / float64(len(two.Species))}
	for i, f := range bothForces {
		for k, ref := range forces[i%len(forces)] {
			a.Force = max(a.Force, 1e3*math.Abs(f[k]-ref))
		}
	}
	return a, nil
}

func evaluate(m *potential.Model, f *xyz.Frame) (float64, [][3]float64, error) {
	calc, err := m.Calculator(f.Species, f.PBC, potential.DoublePrecision(), potential.Threads(1))
	if err != nil {
		return 0, nil, err
	}
	forces := make([][3]float64, len(f.Species))
	var virial [3][3]float64
	energy, err := calc.Compute(f.Pos, f.Lattice, forces, &virial)
	return energy, forces, err
}

// apart returns two copies of a molecule with twice the cutoff between them.
func apart(f *xyz.Frame, cutoff float64) *xyz.Frame {
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range f.Pos {
		low, high = min(low, x[0]), max(high, x[0])
	}
	return copied(f, [3]float64{high - low + 2*cutoff, 0, 0})
}

// doubled returns a cell and its neighbour in the first periodic direction.
func doubled(f *xyz.Frame, _ float64) *xyz.Frame {
	k := 0
	for !f.PBC[k] {
		k++
	}
	out := copied(f, f.Lattice[k])
	for a := range out.Lattice[k] {
		out.Lattice[k][a] *= 2
	}
	return out
}

func copied(f *xyz.Frame, by [3]float64) *xyz.Frame {
	out := &xyz.Frame{Lattice: f.Lattice, PBC: f.PBC}
	out.Species = append(append(out.Species, f.Species...), f.Species...)
	out.Pos = append(out.Pos, f.Pos...)
	for _, x := range f.Pos {
		out.Pos = append(out.Pos, [3]float64{x[0] + by[0], x[1] + by[1], x[2] + by[2]})
	}
	return out
}
