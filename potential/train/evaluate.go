package train

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"ponita/internal/parallel"
	"ponita/potential"
	"ponita/xyz"
)

// Errors are the errors of a model over a set of frames, in the units of their
// JSON names. A quantity that no frame has a reference for is nil.
type Errors struct {
	Frames            int      `json:"frames"`
	EnergyFrames      int      `json:"energy_frames"` // that have a reference for it
	ForceFrames       int      `json:"force_frames"`
	StressFrames      int      `json:"stress_frames"`
	EnergyRMSE        *float64 `json:"energy_rmse_meV,omitempty"`
	EnergyMAE         *float64 `json:"energy_mae_meV,omitempty"`
	EnergyRMSEPerAtom *float64 `json:"energy_rmse_meV_per_atom,omitempty"`
	EnergyMAEPerAtom  *float64 `json:"energy_mae_meV_per_atom,omitempty"`
	ForceRMSE         *float64 `json:"force_rmse_meV_per_A,omitempty"`
	ForceMAE          *float64 `json:"force_mae_meV_per_A,omitempty"`
	StressRMSE        *float64 `json:"stress_rmse_meV_per_A3,omitempty"`
	StressMAE         *float64 `json:"stress_mae_meV_per_A3,omitempty"`
}

// Evaluation is the outcome of Evaluate.
type Evaluation struct {
	All      Errors            `json:"all"`
	ByConfig map[string]Errors `json:"by_config_type,omitempty"`
	Rotation *Residual         `json:"rotation_residual,omitempty"`
	Worst    []FrameError      `json:"worst,omitempty"`
}

// Residual is how much a model's results depend on the orientation of the frame:
// standard deviations over random rotations of the same configurations.
type Residual struct {
	Frames    int     `json:"frames"`
	Rotations int     `json:"rotations"`
	Energy    float64 `json:"energy_meV"`
	Force     float64 `json:"force_meV_per_A"`
}

// tally sums absolute and squared errors.
type tally struct{ count, absolute, squared float64 }

func (t *tally) add(d float64) {
	t.count++
	t.absolute += math.Abs(d)
	t.squared += d * d
}

func (t *tally) merge(o tally) {
	t.count += o.count
	t.absolute += o.absolute
	t.squared += o.squared
}

// milli returns RMSE and MAE in thousandths of the unit.
func (t tally) milli() (rmse, mae *float64) {
	if t.count == 0 {
		return nil, nil
	}
	r, m := 1e3*math.Sqrt(t.squared/t.count), 1e3*t.absolute/t.count
	return &r, &m
}

// tallies are the errors of one frame or of many.
type tallies struct {
	frames, forceFrames, stressed  int
	energy, perAtom, force, stress tally
}

func (t *tallies) merge(o tallies) {
	t.frames += o.frames
	t.forceFrames += o.forceFrames
	t.stressed += o.stressed
	t.energy.merge(o.energy)
	t.perAtom.merge(o.perAtom)
	t.force.merge(o.force)
	t.stress.merge(o.stress)
}

func (t tallies) errors() Errors {
	e := Errors{Frames: t.frames, EnergyFrames: int(t.energy.count), ForceFrames: t.forceFrames, StressFrames: t.stressed}
	e.EnergyRMSE, e.EnergyMAE = t.energy.milli()
	e.EnergyRMSEPerAtom, e.EnergyMAEPerAtom = t.perAtom.milli()
	e.ForceRMSE, e.ForceMAE = t.force.milli()
	e.StressRMSE, e.StressMAE = t.stress.milli()
	return e
}

// Evaluate compares the model with the labels of the listed frames (all if nil).
// Threads 0 is all cores; the result does not depend on it.
func Evaluate(m *potential.Model, d *Dataset, frames []int, threads int, options ...potential.Option) (*Evaluation, error) {
	if frames != nil {
		d = d.Subset(frames)
	}
	predictions, err := Predict(m, d, threads, options...)
	if err != nil {
		return nil, err
	}
	return d.Compare(predictions), nil
}

// Compare returns the errors of predictions for the frames of the set.
func (d *Dataset) Compare(predictions []Prediction) *Evaluation {
	var all tallies
	groups := map[string]*tallies{}
	for k, p := range predictions {
		t := compare(d.Frames[k], d.Labels[k], p)
		all.merge(t)
		name := cmp.Or(d.Frames[k].ConfigType(), xyz.NoConfigType)
		if groups[name] == nil {
			groups[name] = &tallies{}
		}
		groups[name].merge(t)
	}
	out := &Evaluation{All: all.errors()}
	if len(groups) == 1 {
		delete(groups, xyz.NoConfigType) // of all frames
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if out.ByConfig == nil {
			out.ByConfig = map[string]Errors{}
		}
		out.ByConfig[name] = groups[name].errors()
	}
	return out
}

// compare returns the errors on one frame.
func compare(f *xyz.Frame, l xyz.Labels, p Prediction) tallies {
	t := tallies{frames: 1}
	if l.Energy != nil {
		t.energy.add(p.Energy - *l.Energy)
		t.perAtom.add((p.Energy - *l.Energy) / float64(len(f.Species)))
	}
	if l.Forces != nil {
		t.forceFrames = 1
	}
	for i, ref := range l.Forces {
		for k := range ref {
			t.force.add(p.Forces[i][k] - ref[k])
		}
	}
	if l.Stress != nil && p.Stress != nil {
		t.stressed = 1
		for k, row := range l.Stress {
			for n, ref := range row {
				t.stress.add(p.Stress[k][n] - ref)
			}
		}
	}
	return t
}

// calculator is for one frame or its rotations, on one of the threads that frames
// are shared among: a skin would only add candidates.
func calculator(m *potential.Model, f *xyz.Frame, options []potential.Option) (*potential.Calculator, error) {
	return m.Calculator(f.Species, f.PBC, append([]potential.Option{potential.Skin(0), potential.Threads(1)}, options...)...)
}

// RotationResidual measures how much energy and forces change when a frame is
// turned, on up to 20 of the frames with more than one atom, each in the given
// number of random orientations (0 means 10).
func RotationResidual(m *potential.Model, d *Dataset, rotations, threads int, seed uint64, options ...potential.Option) (*Residual, error) {
	const most = 20
	rotations = cmp.Or(rotations, 10)
	var frames []*xyz.Frame
	for _, f := range d.Frames {
		if len(f.Species) > 1 {
			frames = append(frames, f)
		}
	}
	if n := len(frames); n > most {
		for k := range most {
			frames[k] = frames[k*n/most]
		}
		frames = frames[:most]
	}
	energy, force := make([]tally, len(frames)), make([]tally, len(frames))
	err := parallel.Each(len(frames), threads, func(_, k int) error {
		return residual(m, frames[k], rotations, seed, k, options, &energy[k], &force[k])
	})
	if err != nil || len(frames) == 0 {
		return nil, err
	}
	var e, f tally
	for k := range frames {
		e.merge(energy[k])
		f.merge(force[k])
	}
	unbiased := math.Sqrt(float64(rotations) / float64(rotations-1)) // the mean is estimated too
	return &Residual{
		Frames: len(frames), Rotations: rotations,
		Energy: 1e3 * unbiased * math.Sqrt(e.squared/e.count), Force: 1e3 * unbiased * math.Sqrt(f.squared/f.count),
	}, nil
}

// residual adds one frame's deviations from their mean over rotations.
func residual(m *potential.Model, f *xyz.Frame, rotations int, seed uint64, frame int, options []potential.Option, energy, force *tally) error {
	calc, err := calculator(m, f, options)
	if err != nil {
		return fmt.Errorf("%v: %w", f.Origin, err)
	}
	n := len(f.Species)
	energies, back := make([]float64, rotations), make([][][3]float64, rotations)
	meanE, mean := 0., make([][3]float64, n)
	for r := range rotations {
		turn := Rotation(stream(seed, "residual", frame, r))
		pos, forces := make([][3]float64, n), make([][3]float64, n)
		var lattice, virial [3][3]float64
		for i, x := range f.Pos {
			pos[i] = apply(turn, x)
		}
		for k, row := range f.Lattice {
			lattice[k] = apply(turn, row)
		}
		e, err := calc.Compute(pos, lattice, forces, &virial)
		if err != nil {
			return fmt.Errorf("%v, turned: %w", f.Origin, err)
		}
		energies[r] = e
		meanE += e / float64(rotations)
		for i := range forces {
			forces[i] = apply(transposed(turn), forces[i])
			for k := range 3 {
				mean[i][k] += forces[i][k] / float64(rotations)
			}
		}
		back[r] = forces
	}
	for r := range rotations {
		energy.add(energies[r] - meanE)
		for i := range mean {
			for k := range 3 {
				force.add(back[r][i][k] - mean[i][k])
			}
		}
	}
	return nil
}

func transposed(r [3][3]float64) (t [3][3]float64) {
	for a := range 3 {
		for b := range 3 {
			t[a][b] = r[b][a]
		}
	}
	return t
}
