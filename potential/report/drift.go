package report

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"ponita/integrator"
	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// Drift is how well the total energy is conserved at constant energy.
type Drift struct {
	Verdict     Verdict   `json:"verdict"`
	Frame       int       `json:"frame"` // of the test file, counted from 1
	Formula     string    `json:"formula"`
	Atoms       int       `json:"atoms"`
	Timestep    float64   `json:"timestep_fs"`
	Length      float64   `json:"time_ps"`
	Start       float64   `json:"start_temperature_K"` // of the velocities drawn
	Temperature float64   `json:"mean_temperature_K"`
	Slope       float64   `json:"drift_meV_per_atom_per_ps"`
	Uncertainty float64   `json:"drift_uncertainty_meV_per_atom_per_ps"` // standard error
	Fluctuation float64   `json:"fluctuation_meV_per_atom"`              // standard deviation about the line
	Time        []float64 `json:"sample_time_ps"`
	Energy      []float64 `json:"sample_energy_meV_per_atom"` // total, since the start
	Kelvin      []float64 `json:"sample_temperature_K"`
}

// Speed is that of the dynamics.
type Speed struct {
	Verdict  Verdict `json:"verdict"`
	Atoms    int     `json:"atoms"`
	PerAtom  float64 `json:"us_per_atom_and_step"` // median over steps
	PerDay   float64 `json:"ns_per_day"`           // at Timestep
	Timestep float64 `json:"timestep_fs"`
	Kernel   string  `json:"kernel"`
	Steps    int     `json:"steps"`
}

// Drift of the total energy in meV/atom/ps up to which a run of a nanosecond
// stays within 10 meV/atom, and up to which a thermostat covers it.
const (
	goodDrift   = 0.01
	usableDrift = 1
)

// samples is how many points of the dynamics are kept.
const samples = 400

// drift runs at constant energy from a test frame with velocities of the
// temperature, and takes the time of every step.
func (r *Report) drift(ctx context.Context, m *potential.Model, d *train.Dataset, o Options) {
	if o.Time < 0 {
		r.Drift = &Drift{Verdict: verdict(None, "Not measured.")}
		r.Speed = &Speed{Verdict: verdict(None, "Not measured, it is taken from the dynamics.")}
		return
	}
	f, err := firstFrame(d, whatever)
	if err != nil {
		r.Drift, r.Speed = &Drift{Verdict: impossible(err)}, &Speed{Verdict: impossible(err)}
		return
	}
	run := dynamics{frame: f, options: o, drift: &Drift{
		Frame: f.Origin.Frame, Formula: formula(f.Species), Atoms: len(f.Species), Timestep: o.Timestep, Start: o.Temperature,
	}}
	r.Drift = run.drift
	err = run.run(ctx, m)
	run.drift.fit(run.all, len(f.Species))
	r.Speed = run.speed()
	run.drift.judge(err)
}

// dynamics is a run under way.
type dynamics struct {
	frame   *xyz.Frame
	options Options
	drift   *Drift
	kernel  string
	steps   []time.Duration
	all     []float64 // total energy after each step, eV
	kelvin  []float64
}

func (r *dynamics) run(ctx context.Context, m *potential.Model) error {
	f, o := r.frame, r.options
	// One thread: the number that does not depend on how many cores there are.
	calc, err := m.Calculator(f.Species, f.PBC, append([]potential.Option{potential.Threads(1)}, o.Calculator...)...)
	if err != nil {
		return err
	}
	r.kernel = calc.KernelName()
	state, err := integrator.NewState(calc, f.Pos, f.Lattice, integrator.Masses(f.Species))
	if err != nil {
		return err
	}
	v := integrator.Velocities{Temperature: o.Temperature, Molecule: molecule(f), Exact: true}
	if err := v.Draw(state, integrator.NewStream(o.Seed, integrator.VelocityStream).Rand); err != nil {
		return err
	}
	var guard integrator.Guard
	if err := guard.Check(state); err != nil {
		return err
	}
	r.sample(state)
	steps := max(20, int(math.Round(1e3*o.Time/o.Timestep)))
	last := time.Now()
	return integrator.VelocityVerlet{Timestep: o.Timestep}.Run(state, calc, steps, func(s *integrator.State) error {
		now := time.Now()
		r.steps = append(r.steps, now.Sub(last))
		last = now
		r.sample(s)
		if err := guard.Check(s); err != nil {
			return err
		}
		return ctx.Err()
	})
}

func (r *dynamics) sample(s *integrator.State) {
	r.all = append(r.all, s.Conserved())
	r.kelvin = append(r.kelvin, s.Temperature())
	d, n := r.drift, len(r.all)-1
	d.Length = s.Time / 1e3
	d.Temperature += (s.Temperature() - d.Temperature) / float64(n+1)
	total := max(1, int(math.Round(1e3*r.options.Time/r.options.Timestep)))
	if stride := 1 + total/samples; n%stride == 0 {
		d.Time = append(d.Time, s.Time/1e3)
		d.Energy = append(d.Energy, 1e3*(s.Conserved()-r.all[0])/float64(len(s.Pos)))
		d.Kelvin = append(d.Kelvin, s.Temperature())
	}
}

// blocks of the run whose means the line of the drift is fitted to: means of
// vibrations over many periods are nearly independent, single steps are not.
const blocks = 10

// fit sets slope and fluctuation from the total energies [eV] at the start and
// after each step.
func (d *Drift) fit(all []float64, atoms int) {
	n := (len(all) - 1) / blocks * blocks
	if n < 2*blocks {
		return
	}
	size := n / blocks
	perAtom := 1e3 / float64(atoms)
	var x, y []float64
	for k := range blocks {
		mean := 0.
		for _, e := range all[1+k*size : 1+(k+1)*size] {
			mean += perAtom * (e - all[0]) / float64(size)
		}
		x, y = append(x, d.Timestep/1e3*(float64(k)+0.5)*float64(size)), append(y, mean)
	}
	d.Slope, d.Uncertainty = line(x, y)
	mx := stat.Mean(x, nil)
	my := stat.Mean(y, nil)
	sum := 0.
	for k, e := range all[1 : n+1] {
		v := perAtom*(e-all[0]) - my - d.Slope*(d.Timestep/1e3*float64(k+1)-mx)
		sum += v * v
	}
	d.Fluctuation = math.Sqrt(sum / float64(n))
}

func (d *Drift) judge(err error) {
	var diverged *integrator.DivergedError
	switch {
	case errors.As(err, &diverged):
		d.Verdict = verdict(Fail, "The run left physics after %.3g ps: %v.", d.Length, err)
		return
	case err != nil:
		d.Verdict = impossible(err)
		return
	}
	text := fmt.Sprintf("The total energy drifts by %+.2g ± %.1g meV/atom/ps and fluctuates by %.2g meV/atom over %.3g ps at %.0f K",
		d.Slope, d.Uncertainty, d.Fluctuation, d.Length, d.Temperature)
	switch size := math.Abs(d.Slope); {
	case size <= goodDrift:
		d.Verdict = verdict(Pass, "%s.", text)
	case size <= usableDrift && (size*d.Length <= d.Fluctuation/2 || size <= 2*d.Uncertainty):
		// The slow exchange of energy between vibrations moves the mean of the
		// blocks by a part of the fluctuation.
		d.Verdict = verdict(Pass, "%s: no drift beyond fluctuation and uncertainty; a longer run says more.", text)
	default:
		d.Verdict = verdict(graded(size, goodDrift, usableDrift), "%s: try a shorter timestep.", text)
	}
}

// speed is the median over the steps, list rebuilds included where half of the
// steps have one.
func (r *dynamics) speed() *Speed {
	s := &Speed{Atoms: len(r.frame.Species), Timestep: r.options.Timestep, Kernel: r.kernel, Steps: len(r.steps)}
	if len(r.steps) == 0 {
		s.Verdict = verdict(None, "Not measured, the dynamics did not run.")
		return s
	}
	slices.Sort(r.steps)
	median := r.steps[len(r.steps)/2].Seconds()
	s.PerAtom = 1e6 * median / float64(s.Atoms)
	s.PerDay = r.options.Timestep * 1e-6 * 86400 / median
	s.Verdict = verdict(None, "%s µs per atom and step, %s ns/day at %g fs for %d atoms on one core.", short(s.PerAtom), short(s.PerDay), s.Timestep, s.Atoms)
	return s
}

// formula writes a composition in the order of Hill: carbon, hydrogen, then by
// symbol.
func formula(species []int) string {
	counts := map[string]int{}
	var symbols []string
	for _, z := range species {
		s := xyz.Symbol(z)
		if counts[s] == 0 {
			symbols = append(symbols, s)
		}
		counts[s]++
	}
	rank := func(s string) string {
		switch {
		case s == "C" && counts["C"] > 0:
			return "0"
		case s == "H" && counts["C"] > 0:
			return "1"
		}
		return s
	}
	slices.SortFunc(symbols, func(a, b string) int {
		if rank(a) < rank(b) {
			return -1
		}
		return 1
	})
	out := ""
	for _, s := range symbols {
		out += s
		if counts[s] > 1 {
			out += fmt.Sprint(counts[s])
		}
	}
	return out
}
