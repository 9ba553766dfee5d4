package distill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"ponita/integrator"
	"ponita/internal/parallel"
	"ponita/potential"
	"ponita/xyz"
)

// Options say how Sample moves the atoms.
type Options struct {
	Temperatures []float64 // K, in turn; none means 300
	Samples      int       // runs from every frame; 0 means 10
	Time         float64   // length of a run, fs; 0 means 100
	Timestep     float64   // fs; 0 means 0.5
	Friction     float64   // of the Langevin thermostat, 1/fs; 0 is constant energy
	MaxDeviation float64   // eV/Å about any atom, beyond which a run is given up; 0 means 1
	Seed         uint64
	Threads      int // 0 is all cores; the result does not depend on it

	// Progress is called after each frame, from one goroutine at a time, if set.
	Progress func(done, frames int)
}

func (o Options) withDefaults() Options {
	if len(o.Temperatures) == 0 {
		o.Temperatures = []float64{300}
	}
	o.Samples, o.Time, o.Timestep = cmp.Or(o.Samples, 10), cmp.Or(o.Time, 100), cmp.Or(o.Timestep, 0.5)
	o.MaxDeviation = cmp.Or(o.MaxDeviation, 1)
	return o
}

// Validate names the first option that cannot be used.
func (o Options) Validate() error {
	o = o.withDefaults()
	for _, t := range o.Temperatures {
		if !(t >= 0) || math.IsInf(t, 0) {
			return fmt.Errorf("distill: a temperature is %g K, want 0 or more", t)
		}
	}
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"number of samples", float64(o.Samples)}, {"time", o.Time}, {"time step", o.Timestep},
		{"largest deviation", o.MaxDeviation},
	} {
		if !(x.value > 0) || math.IsInf(x.value, 0) {
			return fmt.Errorf("distill: the %s is %g, want a positive number", x.name, x.value)
		}
	}
	if !(o.Friction >= 0) || math.IsInf(o.Friction, 0) {
		return fmt.Errorf("distill: the friction is %g 1/fs, want 0 or more", o.Friction)
	}
	if o.Time < o.Timestep {
		return fmt.Errorf("distill: the time of a run is %g fs, less than the time step of %g fs", o.Time, o.Timestep)
	}
	return nil
}

// Sampled is what came of Sample.
type Sampled struct {
	Frames     []*xyz.Frame // in the order of the frames that they started from
	Deviations []float64    // the largest about an atom of each, eV/Å
	GivenUp    int          // runs in which the members came too far apart
}

// Sample runs Langevin dynamics with the mean of the models from every frame of
// more than one atom, and keeps the last step of each run with the mean's energy,
// forces and, where periodic in all directions, stress, under these names. They
// inherit the frame's config_type and config_weight; committee_deviation is the largest deviation of
// forces about an atom [eV/Å]. Runs are given up where the members come too far
// apart or the dynamics leaves physics. An error names the frame.
func Sample(ctx context.Context, models []*potential.Model, frames []*xyz.Frame, o Options) (*Sampled, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &sampler{models: models, frames: frames, options: o, parts: make([]Sampled, len(frames))}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	all := &Sampled{}
	for _, part := range s.parts {
		all.Frames = append(all.Frames, part.Frames...)
		all.Deviations = append(all.Deviations, part.Deviations...)
		all.GivenUp += part.GivenUp
	}
	return all, nil
}

// sampler shares frames among threads.
type sampler struct {
	models  []*potential.Model
	frames  []*xyz.Frame
	options Options
	parts   []Sampled // [frame]
}

func (s *sampler) run(ctx context.Context) error {
	var lock sync.Mutex
	done := 0
	return parallel.Each(len(s.frames), s.options.Threads, func(_, k int) (err error) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		f := s.frames[k]
		if len(f.Species) > 1 {
			if s.parts[k], err = s.from(ctx, k); err != nil {
				return fmt.Errorf("distill: %v: %w", f.Origin, err)
			}
		}
		lock.Lock()
		defer lock.Unlock()
		done++
		if s.options.Progress != nil {
			s.options.Progress(done, len(s.frames))
		}
		return nil
	})
}

// from makes the runs from frame k.
func (s *sampler) from(ctx context.Context, k int) (part Sampled, err error) {
	f := s.frames[k]
	c, err := NewCommittee(s.models, f.Species, f.PBC, potential.Threads(1))
	if err != nil {
		return part, err
	}
	for n := range s.options.Samples {
		temperature := s.options.Temperatures[(k*s.options.Samples+n)%len(s.options.Temperatures)]
		random := fmt.Sprintf("distill %d %d ", k, n)
		state, err := s.move(ctx, c, f, temperature, random)
		var diverged *integrator.DivergedError
		switch {
		case errors.Is(err, errApart), errors.Is(err, potential.ErrNotFinite), errors.As(err, &diverged):
			part.GivenUp++
		case err != nil:
			return part, err
		default:
			deviation := slices.Max(c.Deviations())
			out := relabelled(f, state.Pos, labels(f, state), ofThePlace)
			out.Set("committee_deviation", deviation)
			part.Frames = append(part.Frames, out)
			part.Deviations = append(part.Deviations, deviation)
		}
	}
	return part, nil
}

var errApart = errors.New("the members of the committee are too far apart")

// move makes one run.
func (s *sampler) move(ctx context.Context, c *Committee, f *xyz.Frame, temperature float64, random string) (*integrator.State, error) {
	state, err := integrator.NewState(c, slices.Clone(f.Pos), f.Lattice, integrator.Masses(f.Species))
	if err != nil {
		return nil, err
	}
	v := integrator.Velocities{Temperature: temperature, Molecule: f.PBC == [3]bool{}}
	if err := v.Draw(state, integrator.NewStream(s.options.Seed, random+integrator.VelocityStream).Rand); err != nil {
		return nil, err
	}
	state.Noise = integrator.NewStream(s.options.Seed, random+integrator.ThermostatStream)
	var guard integrator.Guard
	if err := guard.Check(state); err != nil {
		return nil, err
	}
	thermostat := integrator.Langevin{Timestep: s.options.Timestep, Temperature: temperature, Friction: s.options.Friction}
	steps := int(math.Round(s.options.Time / s.options.Timestep))
	return state, thermostat.Run(state, c, steps, guard.Check, func(*integrator.State) error {
		if slices.Max(c.Deviations()) > s.options.MaxDeviation {
			return errApart
		}
		return ctx.Err()
	})
}

// labels are those of the committee at the end of a run.
func labels(f *xyz.Frame, s *integrator.State) xyz.Labels {
	l := xyz.Labels{Energy: &s.Energy, Forces: s.Forces}
	if f.PBC == [3]bool{true, true, true} {
		stress := s.Stress()
		l.Stress = &stress
	}
	return l
}

// Original returns what the data of a committee keep of a frame that they begin with: its
// atoms, labels, and all that is called config_…: its type and its weights. It shares memory
// with its arguments.
func Original(f *xyz.Frame, l xyz.Labels) *xyz.Frame {
	return relabelled(f, f.Pos, l, func(key string) bool { return strings.HasPrefix(key, "config_") })
}

// ofThePlace tells what a frame gives those that dynamics from it end in. (Weights of single
// labels are about what the frame has, which is not what the committee says.)
func ofThePlace(key string) bool { return key == "config_type" || key == "config_weight" }

// relabelled returns a frame of the atoms of f at pos [Å] with nothing but the keys to keep
// and the labels, as energy [eV], forces [eV/Å] and stress [eV/Å³], where there are any.
func relabelled(f *xyz.Frame, pos [][3]float64, l xyz.Labels, keep func(key string) bool) *xyz.Frame {
	out := &xyz.Frame{Species: f.Species, Pos: pos, Lattice: f.Lattice, PBC: f.PBC}
	for _, e := range f.Info {
		if keep(e.Key) {
			out.Set(e.Key, e.Value)
		}
	}
	if l.Energy != nil {
		out.Set("energy", *l.Energy)
	}
	if l.Stress != nil {
		out.Set("stress", slices.Concat(l.Stress[0][:], l.Stress[1][:], l.Stress[2][:]))
	}
	if l.Forces != nil {
		out.SetColumn(xyz.Column{Name: "forces", Data: l.Forces})
	}
	return out
}
