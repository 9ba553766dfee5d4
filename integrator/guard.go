package integrator

import (
	"cmp"
	"fmt"
	"math"
	"strings"
)

// DivergedError says where a run left physics: a number that is not finite, or
// one beyond a limit of Guard.
type DivergedError struct {
	Step     int
	Atom     int    // index, -1 when no single atom is to blame
	Quantity string // "position", "force", "energy", "velocity", "displacement", "temperature", "energy change per atom", "shrinkage of the volume", ...
	Value    float64
	Unit     string
	Limit    float64 // 0 when Value is not finite
}

func (e *DivergedError) Error() string {
	where := fmt.Sprintf("integrator: step %d", e.Step)
	if e.Atom >= 0 {
		where += fmt.Sprintf(", atom %d", e.Atom+1)
	}
	if e.Limit == 0 {
		return fmt.Sprintf("%s: %s is %g %s", where, e.Quantity, e.Value, e.Unit)
	}
	amount := strings.TrimSpace(fmt.Sprintf("%.4g %s", e.Value, e.Unit))
	return fmt.Sprintf("%s: %s %s exceeds the limit %g", where, e.Quantity, amount, e.Limit)
}

func (s *State) diverged(atom int, quantity string, value float64, unit string, limit float64) error {
	return &DivergedError{Step: s.Step, Atom: atom, Quantity: quantity, Value: value, Unit: unit, Limit: limit}
}

// Guard stops a run that has left physics but still has finite numbers, as a
// learned potential does outside its training data. Its Check is a Watcher for
// every step; a run without one only fails on numbers that are not finite. Call
// Check once before the run to cover the first step too, and keep Reference with
// a restart, so that both parts of the run stop where the whole would. math.Inf(1)
// switches a limit off.
type Guard struct {
	MaxMove         float64 // Å an atom moves between two checks, beside the cell; 0 means 1
	MaxTemperature  float64 // K; 0 means 10000
	MaxEnergyChange float64 // eV/atom, potential energy since Reference; 0 means 10
	MaxCellChange   float64 // factor by which the volume or a width of the cell grows or shrinks since Reference; 0 means 2

	Reference *Reference // what energy and cell are compared with; nil becomes the state of the first check

	last    [][3]float64  // positions at the last check
	lattice [3][3]float64 // then
}

// Reference is a state that a Guard compares others with.
type Reference struct {
	Energy  float64       // eV/atom, potential energy
	Lattice [3][3]float64 // rows a, b, c in Å
}

// Check returns a *DivergedError for the first limit exceeded. Its atom is the
// first that moved too far, or the fastest one when the temperature is too high.
func (g *Guard) Check(s *State) error {
	perAtom := s.Energy / float64(len(s.Pos))
	if len(g.last) != len(s.Pos) {
		g.last = make([][3]float64, len(s.Pos))
		copy(g.last, s.Pos)
		g.lattice = s.Lattice
	}
	if g.Reference == nil {
		g.Reference = &Reference{perAtom, s.Lattice}
	}
	if atom := firstNotFinite(s.Vel); atom >= 0 {
		return s.diverged(atom, "velocity", largest(s.Vel[atom]), "Å/fs", 0)
	}
	if s.Lattice != g.lattice {
		// A barostat moves what is far from the origin by more than an atom can move.
		for i, x := range g.last {
			g.last[i] = carried(x, &g.lattice, &s.Lattice)
		}
		g.lattice = s.Lattice
	}
	limit := cmp.Or(g.MaxMove, 1)
	for i, x := range s.Pos {
		move := math.Sqrt(norm2(sub(x, g.last[i])))
		if move > limit {
			return s.diverged(i, "displacement", move, "Å", limit)
		}
	}
	copy(g.last, s.Pos)
	limit = cmp.Or(g.MaxTemperature, 10000)
	if t := s.Temperature(); t > limit {
		return s.diverged(s.fastest(), "temperature", t, "K", limit)
	}
	limit = cmp.Or(g.MaxEnergyChange, 10)
	if change := perAtom - g.Reference.Energy; math.Abs(change) > limit {
		return s.diverged(-1, "energy change per atom", change, "eV", limit)
	}
	limit = cmp.Or(g.MaxCellChange, 2)
	reference := State{Lattice: g.Reference.Lattice}
	before := reference.extents()
	for k, extent := range s.extents() {
		// Without a cell the factor is NaN and exceeds nothing.
		factor, change := extent/before[k], "growth of the "
		if factor < 1 {
			factor, change = 1/factor, "shrinkage of the "
		}
		if factor > limit {
			return s.diverged(-1, change+extentNames[k], factor, "times", limit)
		}
	}
	return nil
}

var extentNames = [4]string{"volume", "cell along a", "cell along b", "cell along c"}

// extents returns the volume [Å³] and the distances between opposite faces of
// the cell [Å], NaN without a volume.
func (s *State) extents() (e [4]float64) {
	e[0] = s.Volume()
	for k := range 3 {
		e[k+1] = e[0] / math.Sqrt(norm2(cross(s.Lattice[(k+1)%3], s.Lattice[(k+2)%3])))
	}
	return e
}

// carried returns where a point of the cell from is in the cell to.
func carried(x [3]float64, from, to *[3][3]float64) (y [3]float64) {
	volume := dot(from[0], cross(from[1], from[2]))
	for k := range 3 {
		fraction := dot(x, cross(from[(k+1)%3], from[(k+2)%3])) / volume
		for a := range 3 {
			y[a] += fraction * to[k][a]
		}
	}
	return y
}

// fastest returns the atom with the largest kinetic energy.
func (s *State) fastest() int {
	atom, most := 0, 0.0
	for i, v := range s.Vel {
		if k := s.Masses[i] * norm2(v); k > most {
			atom, most = i, k
		}
	}
	return atom
}
