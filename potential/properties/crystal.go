package properties

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ponita/potential"
	"ponita/xyz"
)

// Options choose the crystal and what is computed. The zero value of every field
// but Lattice is a default.
type Options struct {
	Lattice string  // one of Lattices
	Element int     // atomic number; 0 is the model's only element
	Start   float64 // lattice constant to relax from, Å; 0 searches for the lowest minimum
	// Size is how many conventional cells along each axis the supercell for the
	// vacancy has; 0: sides of 9 Å at least. That of the phonons is the same, or as
	// large as 300 atoms allow.
	Size   int
	Strain float64 // of the elastic constants; 0 means 0.005
	// Turn is a rotation x → x·Turn of the crystal in space; zero means none. With
	// a finite grid of orientations the results depend on it a little, as energies
	// do. Elastic constants are those along the crystal's axes all the same.
	Turn    [3][3]float64
	Quick   bool // leave out vacancy and phonons
	Threads int  // 0 is all cores
}

// Crystal is what a model says of a crystal at zero temperature and pressure.
type Crystal struct {
	Element  string  `json:"element"`
	Lattice  string  `json:"lattice"`
	Constant float64 `json:"a_A"`
	Ratio    float64 `json:"c_over_a,omitempty"` // of hcp
	Volume   float64 `json:"volume_A3_per_atom"`
	Energy   float64 `json:"energy_eV_per_atom"`
	// Cohesive is the energy of an isolated atom less Energy, positive if the crystal is
	// bound; nil where the model's reference energies are a fit.
	Cohesive *float64        `json:"cohesive_energy_eV_per_atom,omitempty"`
	State    EquationOfState `json:"equation_of_state"`
	Elastic  Elastic         `json:"elastic"`
	Vacancy  *Vacancy        `json:"vacancy,omitempty"`
	Phonons  *Phonons        `json:"phonons,omitempty"`
	Relaxed  State           `json:"-"` // the conventional cell
}

// side is the shortest side of a supercell that is chosen, Å: 64 atoms of
// silicon, 54 of molybdenum.
const side = 9

// Compute relaxes a crystal of a model's element and computes its properties. It
// fails where the model has no such crystal.
func Compute(m *potential.Model, o Options) (*Crystal, error) {
	c, err := findCell(o.Lattice)
	if err != nil {
		return nil, err
	}
	if o.Element, err = element(m, o.Element); err != nil {
		return nil, err
	}
	switch {
	case !(o.Start >= 0 && o.Start < 1e3):
		return nil, fmt.Errorf("properties: start %g Å, want a lattice constant, or 0 to search for it", o.Start)
	case o.Size < 0:
		return nil, fmt.Errorf("properties: size %d, want 1 or more, or 0 for sides of %d Å", o.Size, side)
	}
	k := slices.Index(m.Config.Species, o.Element)
	closest := 0.
	if outer := m.Repulsion.Outer; len(outer) > 0 {
		closest = outer[k][k] // the repulsion begins where the training data end
	}
	out, err := NewField(m, o.Threads).crystal(c, o, closest)
	if err == nil && len(m.Binding.Energy) > 0 { // what a fit leaves out
		cohesive := m.ReferenceEnergies[k] - out.Energy
		out.Cohesive = &cohesive
	}
	return out, err
}

// crystal relaxes and computes all but the cohesive energy; a search leaves out distances
// below closest, Å.
func (f Field) crystal(c cell, o Options, closest float64) (*Crystal, error) {
	start := o.Start
	if start == 0 {
		var err error
		if start, err = f.search(c, o.Element, closest); err != nil {
			return nil, err
		}
	}
	s := c.of(o.Element, start)
	if o.Turn != [3][3]float64{} {
		s = s.Deformed(o.Turn)
	}
	relaxed, err := f.RelaxCell(s)
	if err != nil {
		return nil, fmt.Errorf("%s %s from a = %.3f Å: %w", c.name, xyz.Symbol(o.Element), start, err)
	}
	return f.compute(c, relaxed, o)
}

// compute fills in a crystal from its relaxed cell.
func (f Field) compute(c cell, relaxed State, o Options) (*Crystal, error) {
	out := &Crystal{
		Element: xyz.Symbol(o.Element), Lattice: c.name, Relaxed: relaxed,
		Volume: relaxed.Volume() / float64(len(relaxed.Pos)), Energy: relaxed.PerAtom(),
	}
	if c.name == "hcp" {
		out.Constant = (length(relaxed.Lattice[0]) + length(relaxed.Lattice[1])) / 2
		out.Ratio = length(relaxed.Lattice[2]) / out.Constant
	} else {
		// Of the volume: the cell of a turned crystal is a cube up to the residual.
		out.Constant = math.Cbrt(relaxed.Volume())
	}
	name := out.Lattice + " " + out.Element
	state, err := f.EquationOfState(relaxed.Structure)
	if err != nil {
		return nil, fmt.Errorf("equation of state of %s: %w", name, err)
	}
	out.State = *state
	elastic, err := f.Elastic(relaxed.Structure, o.Strain)
	if err != nil {
		return nil, fmt.Errorf("elastic constants of %s: %w", name, err)
	}
	if o.Turn != [3][3]float64{} {
		elastic.Constants, elastic.Clamped = seenFrom(elastic.Constants, o.Turn), seenFrom(elastic.Clamped, o.Turn)
	}
	out.Elastic = *elastic
	if o.Quick {
		return out, nil
	}
	n := o.Size
	if n == 0 {
		n = int(math.Ceil(side / min(length(relaxed.Lattice[0]), length(relaxed.Lattice[2]))))
	}
	if out.Vacancy, err = f.Vacancy(relaxed.Structure, n); err != nil {
		return nil, fmt.Errorf("vacancy in %s: %w", name, err)
	}
	for n > 1 && n*n*n*len(relaxed.Pos) > mostPhonons {
		n--
	}
	if out.Phonons, err = f.Phonons(relaxed.Structure, n); err != nil {
		return nil, fmt.Errorf("phonons of %s: %w", name, err)
	}
	return out, nil
}

func length(x [3]float64) float64 { return math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2]) }

// element returns the atomic number asked for, or the model's only one.
func element(m *potential.Model, z int) (int, error) {
	known := m.Config.Species
	if z == 0 && len(known) == 1 {
		return known[0], nil
	}
	if slices.Contains(known, z) {
		return z, nil
	}
	var names []string
	for _, k := range known {
		names = append(names, xyz.Symbol(k))
	}
	if z == 0 {
		return 0, fmt.Errorf("properties: the model knows %s: name the element of the crystal", strings.Join(names, ", "))
	}
	return 0, fmt.Errorf("properties: element %s, the model knows %s: %w", xyz.Symbol(z), strings.Join(names, ", "), potential.ErrUnknownElement)
}

// Nearest neighbours are searched between these fractions of twice the covalent
// radius: molybdenum and tungsten are at 0.9 and 0.85, lithium and potassium at
// 1.16 and 1.13.
const (
	nearest, farthest = 0.7, 1.5
	searchStep        = 1.01 // ratio of lattice constants
)

// search returns the lattice constant [Å] of the lowest minimum of the energy.
func (f Field) search(c cell, z int, closest float64) (float64, error) {
	bond := 2 * potential.CovalentRadius(z)
	low, high := max(nearest*bond, closest), farthest*bond
	w, err := f.work(c.of(z, 1))
	if err != nil {
		return 0, err
	}
	var a, e []float64
	for r := low; r <= high; r *= searchStep {
		energy, err := w.at(c.of(z, r/c.near))
		if err != nil {
			return 0, err
		}
		a, e = append(a, r/c.near), append(e, energy)
	}
	best := -1
	for k := 1; k+1 < len(e); k++ {
		if e[k] < e[k-1] && e[k] < e[k+1] && (best < 0 || e[k] < e[best]) {
			best = k
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("properties: %s %s between a = %.2f and %.2f Å: %w: is it in the training data? A start can be named",
			c.name, xyz.Symbol(z), low/c.near, high/c.near, ErrNoMinimum)
	}
	return a[best], nil
}
