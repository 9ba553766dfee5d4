package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ponita/potential"
	"ponita/potential/pretrained"
	"ponita/potential/train"
	"ponita/xyz"
)

// noise is what the labels of the tests differ from the model, so that the
// errors are known.
const (
	energyNoise = 0.03 // eV
	forceNoise  = 0.02 // eV/Å
)

func acac(t testing.TB) *potential.Model {
	t.Helper()
	m, err := pretrained.AcAc()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// molecules are frames around the molecule of the demonstration, with labels of
// the model and noise, in two groups; the second lacks forces.
func molecules(t testing.TB, m *potential.Model, n int) *train.Dataset {
	t.Helper()
	f, err := xyz.ReadFile(filepath.Join("..", "..", "cmd", "mdrun", "demo", "acac.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	d := &train.Dataset{File: potential.DataFile{Name: "test.xyz", SHA256: "1234", Frames: n}}
	for k := range n {
		g := &xyz.Frame{Species: f.Species, Pos: slices.Clone(f.Pos), Origin: xyz.Origin{File: "test.xyz", Frame: k + 1}}
		for i := range g.Pos {
			for a := range 3 {
				g.Pos[i][a] += 0.03 * rng.NormFloat64()
			}
		}
		g.Set("config_type", []string{"warm", "path"}[k%2])
		d.Frames = append(d.Frames, g)
	}
	predictions, err := train.Predict(m, d, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k, p := range predictions {
		l := xyz.Labels{Energy: new(p.Energy + energyNoise*rng.NormFloat64())}
		if k%2 == 0 {
			for _, v := range p.Forces {
				for a := range v {
					v[a] += forceNoise * rng.NormFloat64()
				}
				l.Forces = append(l.Forces, v)
			}
		}
		d.Labels = append(d.Labels, l)
	}
	return d
}

func options() Options {
	return Options{
		Model: "acac.h5", Program: "test", Time: 0.02, Rotations: 3, Seed: 1, Threads: 1,
		now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	}
}

func mustMake(t testing.TB, m *potential.Model, d *train.Dataset, o Options) *Report {
	t.Helper()
	r, err := Make(context.Background(), m, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestErrorsAreThoseOfTheNoise: the labels are the model's values and noise of a
// known size, 24 energies and 12·45 force components.
func TestErrorsAreThoseOfTheNoise(t *testing.T) {
	m := acac(t)
	d := molecules(t, m, 24)
	a := measured(t, m, d)
	near := func(what string, got *float64, want, sigmas float64, n float64) {
		t.Helper()
		// The standard deviation of a root mean square of n normal numbers is
		// 1/√(2n) of it, of a mean absolute value 0.76/√n.
		if got == nil || math.Abs(*got/want-1) > sigmas/math.Sqrt(n) {
			t.Errorf("%s is %s, want %.4g", what, show(got), want)
		}
	}
	near("energy RMSE", a.All.TotalRMSE, 1e3*energyNoise, 3, 24)
	near("energy RMSE per atom", a.All.EnergyRMSE, 1e3*energyNoise/15, 3, 24)
	near("energy MAE", a.All.TotalMAE, 1e3*energyNoise*math.Sqrt(2/math.Pi), 3, 24)
	near("force RMSE", a.All.ForceRMSE, 1e3*forceNoise, 3, 540)
	near("force MAE", a.All.ForceMAE, 1e3*forceNoise*math.Sqrt(2/math.Pi), 3, 540)
	near("95 % of the forces", a.All.Force95, 1e3*forceNoise*1.96, 4, 540)
	if len(a.ByConfig) != 2 || a.ByConfig[0].Name != "path" || a.ByConfig[0].ForceRMSE != nil || a.ByConfig[1].ForceRMSE == nil || a.ByConfig[1].Frames != 12 {
		t.Errorf("by config_type: %+v, want path without forces and warm with", a.ByConfig)
	}
	for k, f := range d.Frames { // a number, and none
		if f.Set("config_type", 300); k%2 == 1 {
			f.Info = nil
		}
	}
	if g := measured(t, m, d).ByConfig; len(g) != 2 || g[0].Name != "(none)" || g[1].Name != "300" || g[1].Frames != 12 {
		t.Errorf("by config_type: %+v, want (none) and 300", g)
	}
	if len(a.Elements) != 3 || a.Elements[0].Symbol != "H" || a.Elements[0].Atoms != 8*12 {
		t.Errorf("by element: %+v, want 96 H first", a.Elements)
	}
	for _, e := range a.Elements {
		near("force RMSE of "+e.Symbol, &e.RMSE, 1e3*forceNoise, 3.5, float64(3*e.Atoms))
	}
	if w := a.Worst[0]; w.Frame%2 != 1 || w.Config != "warm" || w.Atom == 0 || w.Max < w.Force {
		t.Errorf("worst frame is %+v, want one with forces", w)
	}
	if a.Verdict.Mark != Pass || !strings.Contains(a.Verdict.Text, "meV/Å") {
		t.Errorf("verdict %+v, want pass", a.Verdict)
	}
	// A constant offset of the energies is named.
	for k := range d.Labels {
		*d.Labels[k].Energy += 0.5
	}
	a = measured(t, m, d)
	if a.Verdict.Mark != Caution || !strings.Contains(a.Verdict.Text, "one constant, −3") {
		t.Errorf("with an offset of 0.5 eV: %+v, want caution and about −33 meV/atom", a.Verdict)
	}
	// Forces of the opposite sign are worth nothing.
	for k := range d.Labels {
		for i := range d.Labels[k].Forces {
			for c := range 3 {
				d.Labels[k].Forces[i][c] *= -1
			}
		}
	}
	a = measured(t, m, d)
	if a.Verdict.Mark != Fail || *a.All.ForceCosine > -0.9 {
		t.Errorf("with reversed forces: %+v, cosine %s, want fail and -1", a.Verdict, show(a.All.ForceCosine))
	}
}

func measured(t *testing.T, m *potential.Model, d *train.Dataset) *Accuracy {
	t.Helper()
	predictions, err := train.Predict(m, d, 1)
	if err != nil {
		t.Fatal(err)
	}
	return accuracy(m, d, predictions)
}

func show(v *float64) string {
	if v == nil {
		return "missing"
	}
	return fmt.Sprint(*v)
}

// curve makes a dimer of a function of the distance.
func curve(energy func(r float64) float64) Dimer {
	d := Dimer{Elements: [2]string{"C", "C"}, Shortest: 1.4}
	for r := 0.3; r < 5.5; r += 0.02 {
		d.Distance, d.Energy = append(d.Distance, r), append(d.Energy, energy(r))
	}
	d.well(6, 6)
	d.steepest(6, 6, 0)
	return d
}

func TestHolesInTheWallAreFound(t *testing.T) {
	m := acac(t)
	morse := func(r float64) float64 { q := 1 - math.Exp(-2*(r-1.3)); return 6 * (q*q - 1) }
	gauss := func(r, at, width float64) float64 { return math.Exp(-(r - at) * (r - at) / width / width) }
	for _, test := range []struct {
		what   string
		energy func(r float64) float64
		mark   Mark
		well   float64
	}{
		{"a bond", morse, Pass, 1.3},
		{"pure repulsion", func(r float64) float64 { return 20 / r / r * max(0, 1-r/5) }, Pass, 0},
		{"a hole at 0.5 Å", func(r float64) float64 { return morse(r) - 100*gauss(r, 0.5, 0.1) }, Fail, 0.5},
		{"the wall turned into a well", func(r float64) float64 { return -20 * gauss(r, 0, 1) }, Fail, 0.3},
		{"a bond too short", func(r float64) float64 { return morse(r) - 20*gauss(r, 1, 0.1) }, Caution, 1},
		{"a bond that ends in a step of 1 eV", func(r float64) float64 { return morse(r) + 1/(1+math.Exp((2.51-r)/0.002)) }, Fail, 1.3},
		{"a ripple below rounding", func(r float64) float64 { return 20/r + 1e-4*math.Sin(60*r) }, Pass, 0},
	} {
		d := curve(test.energy)
		if v := (&Dimers{Pairs: []Dimer{d}}).judge(m); v.Mark != test.mark || math.Abs(d.Well-test.well) > 0.06 {
			t.Errorf("%s: %s with a well at %.2f Å, want %s and %.2f: %s", test.what, v.Mark, d.Well, test.mark, test.well, v.Text)
		}
	}
	d := curve(morse)
	d.Separated = 1e-6
	if v := (&Dimers{Pairs: []Dimer{d}}).judge(m); v.Mark != Fail || !strings.Contains(v.Text, "reference energies: C–C") {
		t.Errorf("separated atoms off by 1e-6: %+v, want fail", v)
	}
}

// TestDimersOfShippedModel: ZBL makes the wall, and separated atoms have their
// reference energies to the last bit.
func TestDimersOfShippedModel(t *testing.T) {
	m := acac(t)
	r := &Report{}
	r.dimers(context.Background(), m, molecules(t, m, 2), Options{})
	if len(r.Dimers.Pairs) != 6 || r.Dimers.Verdict.Mark == Fail {
		t.Fatalf("%d pairs, %+v, want 6 without holes", len(r.Dimers.Pairs), r.Dimers.Verdict)
	}
	for _, d := range r.Dimers.Pairs {
		if d.Distance[0] != innermost || d.Distance[len(d.Distance)-1] < 1.1*m.Config.Cutoff || d.Separated != 0 || d.Innermost < 5 {
			t.Errorf("%v: from %g to %g Å, %g eV at the inner end, separated %g", d.Elements, d.Distance[0], d.Distance[len(d.Distance)-1], d.Innermost, d.Separated)
		}
	}
	// A pair that a test set lacks has its wall where the model has it.
	water := &xyz.Frame{Species: []int{8, 1, 1}, Pos: [][3]float64{{}, {0.96, 0, 0}, {-0.24, 0.93, 0}}}
	r.dimers(context.Background(), m, &train.Dataset{Frames: []*xyz.Frame{water}}, Options{})
	if r.Dimers.Verdict.Mark == Fail {
		t.Errorf("judged by a molecule of water: %+v", r.Dimers.Verdict)
	}
	// Without the repulsion there is no wall.
	bare := &potential.Model{Config: m.Config, ReferenceEnergies: m.ReferenceEnergies, Scale: m.Scale, Weights: m.Weights}
	r.dimers(context.Background(), bare, molecules(t, m, 2), Options{})
	if r.Dimers.Verdict.Mark == Pass {
		t.Errorf("without repulsion: %+v, want no pass", r.Dimers.Verdict)
	}
}

func TestDriftOfTooLongStepIsSeen(t *testing.T) {
	m := acac(t)
	d := molecules(t, m, 1)
	o := options().withDefaults()
	run := func() (*Drift, *Speed) {
		r := &Report{}
		r.drift(context.Background(), m, d, o)
		return r.Drift, r.Speed
	}
	o.Time = 0.05
	drift, speed := run()
	if drift.Verdict.Mark != Pass || drift.Atoms != 15 || drift.Formula != "C5H8O2" || drift.Frame != 1 || drift.Fluctuation > 1 {
		t.Errorf("at 0.5 fs: %+v", drift.Verdict)
	}
	if speed.Steps != 100 || speed.PerAtom <= 0 || math.Abs(speed.PerDay-86.4e3*0.5/(15*speed.PerAtom)) > 1e-6*speed.PerDay {
		t.Errorf("speed %+v, want that of 100 steps", speed)
	}
	// 5 fs is longer than half a period of a C–H bond: Verlet is unstable.
	o.Timestep, o.Time = 5, 1
	if drift, _ = run(); drift.Verdict.Mark != Fail || !strings.Contains(drift.Verdict.Text, "left physics") {
		t.Errorf("at 5 fs: %+v, want fail", drift.Verdict)
	}
	o.Time = -1
	if drift, speed = run(); drift.Verdict.Mark != None || speed.Verdict.Mark != None {
		t.Errorf("without dynamics: %+v, want no verdict", drift.Verdict)
	}
}

// TestDriftIsTheSlopeOfTheEnergy fits a line with an oscillation of 20 steps.
func TestDriftIsTheSlopeOfTheEnergy(t *testing.T) {
	var all []float64
	for k := range 2005 {
		all = append(all, 1e-3*(2*0.5e-3*float64(k)*10+3*math.Sin(2*math.Pi*float64(k)/20))) // 2 meV/atom/ps on 10 atoms
	}
	d := Drift{Timestep: 0.5, Length: 1}
	d.fit(all, 10)
	if math.Abs(d.Slope-2) > 1e-3 || math.Abs(d.Fluctuation-0.3/math.Sqrt2) > 1e-3 || d.Uncertainty > 0.01 {
		t.Errorf("slope %g ± %g meV/atom/ps, fluctuation %g meV/atom, want 2 and %g", d.Slope, d.Uncertainty, d.Fluctuation, 0.3/math.Sqrt2)
	}
	if d.judge(nil); d.Verdict.Mark != Fail {
		t.Errorf("2 meV/atom/ps: %+v, want fail", d.Verdict)
	}
}

// TestCoarseGridFailsTheRotation: the shipped model is invariant, with the GELU in
// the place of its activation and the matrices of degree 0 for all it is not, the less
// the fewer points.
func TestCoarseGridFailsTheRotation(t *testing.T) {
	m := acac(t)
	d := molecules(t, m, 6)
	if r := turned(t, m, d); r.Verdict.Mark != Pass || r.OfForce == 0 {
		t.Errorf("32 points: %+v, want pass", r)
	}
	rough, err := m.WithGrid(m.Config.Grid)
	if err != nil {
		t.Fatal(err)
	}
	rough.Config.Activation, rough.Config.Mixing = potential.GELU, potential.Pointwise
	rough.Weights = nil
	all := m.Config.Layout().Tensors
	for k, tensor := range rough.Config.Layout().Tensors { // the same ones, some with more matrices
		for _, v := range m.Weights[all[k].Offset:][:tensor.Len()] {
			if strings.HasSuffix(tensor.Name, "norm.gain") {
				v *= 4 // farther from linear
			}
			rough.Weights = append(rough.Weights, v)
		}
	}
	coarse, err := rough.WithGrid(potential.Icosahedron())
	if err != nil {
		t.Fatal(err)
	}
	if r := turned(t, coarse, molecules(t, coarse, 6)); r.Verdict.Mark != Fail || r.Force < 30 {
		t.Errorf("12 points: %+v, want fail", r)
	}
}

func turned(t *testing.T, m *potential.Model, d *train.Dataset) *Rotation {
	t.Helper()
	r := &Report{Accuracy: measured(t, m, d)}
	r.rotation(context.Background(), m, d, options())
	return r.Rotation
}

func TestTwiceASystemHasTwiceItsEnergy(t *testing.T) {
	m := acac(t)
	f := molecules(t, m, 1).Frames[0]
	cell := &xyz.Frame{Species: f.Species, Pos: f.Pos, PBC: [3]bool{true, true, true}, Lattice: [3][3]float64{{7, 0, 0}, {1, 7, 0}, {0, -1, 6.5}}}
	for what, pair := range map[string][2]*xyz.Frame{"copies": {f, apart(f, m.Config.Cutoff)}, "cell": {cell, doubled(cell, 0)}} {
		a, err := additivity(m, pair[0], pair[1])
		if err != nil || a.Energy > exactSum || a.Force > exactSum || a.Atoms != 30 {
			t.Errorf("%s: %+v, %v, want no difference", what, a, err)
		}
	}
	// Copies that see each other do not add up, which the check must see.
	a, err := additivity(m, f, copied(f, [3]float64{7, 0, 0}))
	if err != nil || a.Energy < 100*exactSum || a.Force < 100*exactSum {
		t.Errorf("copies within the cutoff: %+v, %v, want a difference", a, err)
	}
	r := &Report{}
	r.extensivity(context.Background(), m, &train.Dataset{Frames: []*xyz.Frame{f, cell}}, Options{})
	if r.Extensivity.Verdict.Mark != Pass || len(r.Extensivity.Checks) != 2 {
		t.Errorf("%+v, want both checks to pass", r.Extensivity)
	}
}

// log writes a log with the given validation errors.
func log(valid, trained func(epoch int) float64, epochs int) string {
	var b strings.Builder
	b.WriteString("epoch,learning_rate,train_force_rmse_meV_per_A,valid_force_rmse_meV_per_A,valid_stress_rmse_meV_per_A3,best\n")
	for k := 1; k <= epochs; k++ {
		fmt.Fprintf(&b, "%d,0.001,%g,%g,,1\n", k, trained(k), valid(k))
	}
	return b.String()
}

// TestIsolatedAtomsAreNoFailure: there is nothing to turn, to double or to move.
func TestIsolatedAtomsAreNoFailure(t *testing.T) {
	d := &train.Dataset{
		Frames: []*xyz.Frame{{Species: []int{1}, Pos: make([][3]float64, 1)}},
		Labels: []xyz.Labels{{Energy: new(-13.6)}},
	}
	r := mustMake(t, acac(t), d, options())
	for what, v := range map[string]Verdict{"rotation": r.Rotation.Verdict, "extensivity": r.Extensivity.Verdict, "drift": r.Drift.Verdict, "speed": r.Speed.Verdict} {
		if v.Mark != None || v.Text != "Not applicable: no frame with several atoms." {
			t.Errorf("%s: %+v, want no mark", what, v)
		}
	}
	if err := r.WriteHTML(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestLearningIsJudgedByItsCourse(t *testing.T) {
	falls := func(k int) float64 { return 20 + 500*math.Exp(-float64(k)/10) }
	for _, test := range []struct {
		what, log string
		mark      Mark
		text      string
	}{
		{"converged", log(falls, falls, 100), Pass, "had stopped falling"},
		{"short", log(falls, falls, 5), Caution, "too few epochs"},
		{"falling", log(func(k int) float64 { return 2000 / float64(k) }, func(k int) float64 { return 2000 / float64(k) }, 100), Caution, "a longer run"},
		{"memorised", log(falls, func(k int) float64 { return falls(k) / 3 }, 100), Caution, "more data"},
		{"overfitted", log(func(k int) float64 { return falls(k) + float64(k)/5 }, falls, 100), Caution, "rose again"},
		{"none", "", None, "no log"},
		{"garbage", "epoch,best\n1", None, "cannot be read"},
	} {
		if l := learning(test.log); l.Verdict.Mark != test.mark || !strings.Contains(l.Verdict.Text, test.text) {
			t.Errorf("%s: %+v, want %s and %q", test.what, l.Verdict, test.mark, test.text)
		}
	}
	l := learning(acac(t).Provenance.Log)
	if len(l.Epochs) != 800 || l.Epochs[0].ValidForce == nil || *l.Epochs[0].ValidForce != 228.7981 || l.Verdict.Mark != Caution {
		t.Errorf("log of the shipped model: %d epochs, first %+v, %+v", len(l.Epochs), l.Epochs[0], l.Verdict)
	}
}

func TestTestOnTrainingDataFails(t *testing.T) {
	m := acac(t)
	d := molecules(t, m, 2)
	o := options()
	o.Time = -1
	if r := mustMake(t, m, d, o); r.Provenance.Mark != Pass {
		t.Errorf("another file: %+v, want pass", r.Provenance)
	}
	r := &Report{}
	d.File.SHA256 = m.Provenance.Data[0].SHA256
	if v := r.provenance(m, d, o); v.Mark != Fail {
		t.Errorf("the training file: %+v, want fail", v)
	}
	valid := &potential.Model{Provenance: potential.Provenance{Settings: "x", Data: []potential.DataFile{{SHA256: "another"}, d.File}}}
	if v := r.provenance(valid, d, o); v.Mark != Caution {
		t.Errorf("the validation file: %+v, want caution", v)
	}
	o.Held = true
	if v := r.provenance(m, d, o); v.Mark != Pass || !strings.Contains(v.Text, "held back") {
		t.Errorf("validation frames: %+v, want pass", v)
	}
	o.Rotations = 1
	if _, err := Make(context.Background(), m, d, o); err == nil || err.Error() != "report: rotations is 1, want 2 or more: a deviation needs two" {
		t.Errorf("one rotation: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Make(ctx, m, d, options()); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v, want the error of the context", err)
	}
}

func TestDescriptionHoldsWhatTheFileKnows(t *testing.T) {
	d := Describe(acac(t))
	if d.Weights != 95555 || d.Orientations != 32 || d.Held != 15 || d.Epochs != 800 || d.Seed != "1" || len(d.Repulsion) != 6 ||
		d.Elements[1].Symbol != "C" || d.Elements[1].Reference > -1000 || !strings.Contains(d.Network, "degree 2 in space and 2 on the sphere") {
		t.Errorf("%+v", d)
	}
}

// TestHexagonsCountEveryPointOnce and put each into the cell it is in.
func TestHexagonsCountEveryPointOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var x, y []float64
	for range 5000 {
		x, y = append(x, 100*rng.Float64()), append(y, 100*rng.Float64())
	}
	cells := hexagons(x, y, 3)
	sum := 0
	for _, c := range cells {
		sum += c.count
	}
	if sum != len(x) {
		t.Errorf("%d points in the cells, want %d", sum, len(x))
	}
	// The circumscribed circle of a hexagon has its radius.
	for k := range x {
		nearest := math.Inf(1)
		for _, c := range cells {
			nearest = min(nearest, math.Hypot(x[k]-c.x, y[k]-c.y))
		}
		if nearest > 3 {
			t.Fatalf("point %g %g is %g from the nearest center, want 3 at most", x[k], y[k], nearest)
		}
	}
	if one := hexagons([]float64{10}, []float64{10}, 3); len(one) != 1 || one[0].count != 1 {
		t.Errorf("one point: %+v", one)
	}
}

func TestTicksAreRoundAndWithin(t *testing.T) {
	for _, a := range []axis{{low: -0.0123, high: 0.031}, {low: 3, high: 3.001}, {low: -9391.2, high: -9390.1}, {low: 0, high: 5.5}, {low: 0.02, high: 900, logarithmic: true}} {
		values, write := a.ticks(4)
		if len(values) < 3 || len(values) > 11 {
			t.Errorf("%+v: ticks %v", a, values)
		}
		for _, v := range values {
			if v < a.low-1e-9 || v > a.high+1e-9 || len(write(v)) > 9 {
				t.Errorf("%+v: tick %q", a, write(v))
			}
		}
	}
}

func TestColumnsHaveTheSameDecimals(t *testing.T) {
	c := column{values: []*float64{new(51.52), new(0.236), nil, new(-4.0)}}
	if got := c.texts(); !slices.Equal(got, []string{"51.5", "0.2", "–", "−4.0"}) {
		t.Errorf("got %q", got)
	}
	if got := minus("short-range -0.1 ± 2e-05 (-3), 1-2"); got != "short-range −0.1 ± 2e−05 (−3), 1-2" {
		t.Errorf("got %q", got)
	}
}

func pageOf(t testing.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPageNeedsNothingElse looks for anything that would be loaded, or run.
func TestPageNeedsNothingElse(t *testing.T) {
	m := acac(t)
	o := options()
	o.Model = `<b>"odd" & name.h5`
	text := pageOf(t, mustMake(t, m, molecules(t, m, 6), o))
	for _, bad := range []string{`https?:`, `\bsrc=`, `<script`, `<link (?:[^>]*)href="[^d]`, `@import`, `url\([^#)]`, `<b>"odd"`, `NaN`, `\+Inf`, `%!`, `ZgotmplZ`, `&lt;svg`} {
		if found := regexp.MustCompile(bad).FindString(text); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	for _, id := range []string{"summary", "errors", "parity", "rotation", "dimers", "extensivity", "drift", "speed", "learning", "provenance", "settings"} {
		if !strings.Contains(text, `<section id="`+id+`"`) {
			t.Errorf("the page has no section %s", id)
		}
	}
	if n := strings.Count(text, "<svg viewBox=\"0 0 4"); n != 4 {
		t.Errorf("%d large pictures, want two of parity and two of training", n)
	}
	if !strings.Contains(text, "2 January 2026, 03:04 UTC") {
		t.Error("the date is not on the page")
	}
}

func TestNumbersSurviveJSON(t *testing.T) {
	m := acac(t)
	r := mustMake(t, m, molecules(t, m, 4), options())
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if *back.Accuracy.All.ForceRMSE != *r.Accuracy.All.ForceRMSE || back.Drift.Slope != r.Drift.Slope || len(back.Dimers.Pairs) != 6 || back.Test.File.SHA256 != "1234" {
		t.Errorf("%s", data)
	}
	if s := r.String(); strings.Count(s, "\n") != 8 || !strings.Contains(s, "pass     errors") {
		t.Errorf("text:\n%s", s)
	}
}

// TestPeriodicDataHaveStress goes through crystals, which the shipped model does
// not know, with a model that is not trained.
func TestPeriodicDataHaveStress(t *testing.T) {
	c := potential.Config{Species: []int{14}, Cutoff: 4, Layers: 1, Channels: 4, Hidden: 4}.WithDefaults()
	m := &potential.Model{Config: c, ReferenceEnergies: []float64{-5}, Scale: []float64{1}, Weights: c.Initialize(rand.New(rand.NewPCG(1, 1)))}
	m.Repulsion = potential.NewRepulsion(c.Species, [][]float64{{2.2}}, c.Cutoff)
	d := &train.Dataset{}
	rng := rand.New(rand.NewPCG(2, 2))
	for range 5 {
		f := &xyz.Frame{Species: []int{14, 14}, PBC: [3]bool{true, true, true}, Lattice: [3][3]float64{{0, 2.7, 2.7}, {2.7, 0, 2.7}, {2.7, 2.7, 0}}, Pos: [][3]float64{{}, {1.35 + 0.1*rng.NormFloat64(), 1.35, 1.35}}}
		d.Frames = append(d.Frames, f)
		d.Labels = append(d.Labels, xyz.Labels{Energy: new(-10 + 0.1*rng.NormFloat64()), Forces: [][3]float64{{0.1}, {-0.1}}, Stress: &[3][3]float64{{0.01}, {0, 0.01}, {0, 0, 0.01}}})
	}
	r := mustMake(t, m, d, options())
	// An untrained model predicts reference energies and nothing else: the
	// errors are the labels.
	if a := r.Accuracy.All; math.Abs(*a.ForceRMSE-1e3*0.1/math.Sqrt(3)) > 1e-6 || math.Abs(*a.StressRMSE-10/math.Sqrt(3)) > 1e-6 {
		t.Errorf("force RMSE %g, stress RMSE %g, want those of the labels", *a.ForceRMSE, *a.StressRMSE)
	}
	if r.Accuracy.Verdict.Mark != Fail || r.Extensivity.Verdict.Mark != Pass || r.Provenance.Mark != Caution || r.Learning.Verdict.Mark != None {
		t.Errorf("%v", r)
	}
	if text := pageOf(t, r); !strings.Contains(text, "<small>GPa</small>") || !strings.Contains(text, "a doubled cell") || strings.Contains(text, "NaN") {
		t.Error("the page lacks the stress or the doubled cell, or has a NaN")
	}
}

func Example() {
	m, err := pretrained.AcAc()
	if err != nil {
		panic(err)
	}
	fmt.Println(Describe(m).Network)
	// Output: 3 layers of 32 channels on 32 orientations (icosahedral32), band-limited (Legendre) kernels of degree 2 in space and 2 on the sphere, blocks widened 4 times, quadratic activation and matrices for every degree on the sphere, exactly invariant under rotations, 8 radial Bessel functions, radial functions of every pair of species
}

// TestReportOfPublicTestSet holds the numbers of the README for the 300 K test
// set.
func TestReportOfPublicTestSet(t *testing.T) {
	const path = "../../../shared/data/acac/test_MD_300K.xyz"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the data sets are not here: %v", err)
	}
	d, err := train.ReadDataset(path, xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	var some []int
	for k := 0; k < len(d.Frames); k += 10 {
		some = append(some, k)
	}
	a := measured(t, acac(t), d.Subset(some))
	// 4.4 meV/Å over all 650 frames; every tenth, with the worst among them, has an eighth more.
	if f := *a.All.ForceRMSE; f < 4.6 || f > 5.3 {
		t.Errorf("force RMSE %g meV/Å, want about 4.9", f)
	}
}
