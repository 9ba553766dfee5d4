package integrator

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// broken is the trap until call number at, when spoil changes its result.
type broken struct {
	trap
	calls, at int
	spoil     func(forces [][3]float64, energy *float64)
}

func (f *broken) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	energy, err := f.trap.Compute(pos, lattice, forces, virial)
	if f.calls++; f.calls == f.at {
		f.spoil(forces, &energy)
	}
	return energy, err
}

func TestRunStopsAtTheFirstNumberThatIsNotFinite(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(forces [][3]float64, energy *float64)
		want  string
	}{
		{"force", func(f [][3]float64, _ *float64) { f[2][1], f[3][0] = math.NaN(), math.NaN() },
			"integrator: step 4, atom 3: force is NaN eV/Å"},
		{"energy", func(_ [][3]float64, e *float64) { *e = math.Inf(-1) },
			"integrator: step 4: energy is -Inf eV"},
		// A force that is finite but absurd: the position overflows a step later.
		{"position", func(f [][3]float64, _ *float64) { f[1][2] = 1e308; f[1][0] = 1e308 },
			"integrator: step 5, atom 2: position is +Inf Å"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, field := trapped(t, 4, 0.05, 1)
			// The state was made with a call of its own, so call 4 is step 4.
			err := Run(VelocityVerlet{Timestep: 1000}, s, &broken{trap: trap{field.k * 1e-6}, at: 4, spoil: c.spoil}, 10)
			var diverged *DivergedError
			if !errors.As(err, &diverged) {
				t.Fatalf("error %v, want a DivergedError", err)
			}
			if err.Error() != c.want {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

func TestForceFieldErrorNamesStep(t *testing.T) {
	s, field := trapped(t, 1, 0.05, 1)
	failure := errors.New("atom outside the model")
	err := VelocityVerlet{}.Run(s, failing{field, failure}, 1)
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "step 1") {
		t.Errorf("error %v, want step 1 and the cause", err)
	}
}

type failing struct {
	trap
	err error
}

func (f failing) Compute([][3]float64, [3][3]float64, [][3]float64, *[3][3]float64) (float64, error) {
	return 0, f.err
}

func TestGuardNamesWhatRanAway(t *testing.T) {
	for _, c := range []struct {
		name  string
		guard Guard
		spoil func(*State)
		want  DivergedError
	}{
		{"lost atom", Guard{}, func(s *State) { s.Pos[2][0] += 1.5 },
			DivergedError{Atom: 2, Quantity: "displacement", Limit: 1}},
		{"hot atom", Guard{}, func(s *State) { s.Vel[3][1] = 1 },
			DivergedError{Atom: 3, Quantity: "temperature", Limit: 10000}},
		{"hole in the potential", Guard{MaxEnergyChange: 2}, func(s *State) { s.Energy -= 9 },
			DivergedError{Atom: -1, Quantity: "energy change per atom", Limit: 2}},
		{"velocity", Guard{}, func(s *State) { s.Vel[1][1] = math.NaN() },
			DivergedError{Atom: 1, Quantity: "velocity"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := trapped(t, 4, 0.05, 1)
			if err := c.guard.Check(s); err != nil {
				t.Fatalf("sound state: %v", err)
			}
			s.Step = 17
			c.spoil(s)
			var got *DivergedError
			if err := c.guard.Check(s); !errors.As(err, &got) {
				t.Fatalf("error %v, want a DivergedError", err)
			}
			if got.Step != 17 || got.Atom != c.want.Atom || got.Quantity != c.want.Quantity || got.Limit != c.want.Limit {
				t.Errorf("%v: step %d, atom %d, %s, limit %g; want step 17 and %+v", got, got.Step, got.Atom, got.Quantity, got.Limit, c.want)
			}
		})
	}
}

func TestGuardStopsACellThatCollapses(t *testing.T) {
	for _, c := range []struct {
		strain [3][3]float64
		want   string
	}{
		{[3][3]float64{{0.1, 0.2}, {0.2, -0.1}}, ""},
		{[3][3]float64{{-0.25}, {0, -0.25}, {0, 0, -0.25}}, "integrator: step 0: shrinkage of the volume 2.117 times exceeds the limit 2"},
		{[3][3]float64{{0.3}, {0, 0.3}, {0, 0, 0.3}}, "integrator: step 0: growth of the volume 2.46 times exceeds the limit 2"},
		// As a liquid whose cell may change its shape: the volume stays.
		{[3][3]float64{{0.4}, {0, -0.8}, {0, 0, 0.4}}, "integrator: step 0: shrinkage of the cell along b 2.226 times exceeds the limit 2"},
	} {
		s := solid(t, 5.3, 0, 1)
		guard := Guard{MaxMove: math.Inf(1)}
		if err := guard.Check(s); err != nil {
			t.Fatal(err)
		}
		s.deform(c.strain)
		again := Guard{MaxMove: math.Inf(1), Reference: guard.Reference} // after a restart
		err := again.Check(s)
		if err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("strain %v: error %v, want %q", c.strain, err, c.want)
		}
	}
}

// TestGuardDoesNotSeeTheCellMoveFarFromTheOrigin: a strain of 3e-4 moves a crystal a thousand
// cells away by 1.6 Å, and no atom beside its neighbors.
func TestGuardDoesNotSeeTheCellMoveFarFromTheOrigin(t *testing.T) {
	s := solid(t, 5.3, 0, 1)
	for i := range s.Pos {
		s.Pos[i][0] += 5431
	}
	var guard Guard
	if err := guard.Check(s); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.deform([3][3]float64{{3e-4, 2e-4}, {2e-4, 1e-4}})
		if err := guard.Check(s); err != nil {
			t.Error(err)
		}
	}
	s.deform([3][3]float64{{3e-4}})
	s.Pos[1][1] += 1.01
	if err := guard.Check(s); err == nil {
		t.Error("an atom that moves with the cell is not seen")
	}
}

func TestGuardLimitsCanBeSwitchedOff(t *testing.T) {
	s, _ := trapped(t, 4, 0.05, 1)
	off := math.Inf(1)
	guard := Guard{MaxMove: off, MaxTemperature: off, MaxEnergyChange: off}
	if err := guard.Check(s); err != nil {
		t.Fatal(err)
	}
	s.Pos[0][0], s.Vel[0][0], s.Energy = 1e6, 1e6, -1e6
	if err := guard.Check(s); err != nil {
		t.Error(err)
	}
}
