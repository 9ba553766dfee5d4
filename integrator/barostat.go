package integrator

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// Barostat samples constant pressure and temperature (NPT): a thermostat moves
// the atoms, and every few steps the cell is rescaled with them, driven by the
// difference of the pressures and by noise of the temperature. A cell that
// changes its shape needs a solid: nothing holds the shape of a liquid, so it
// wanders until the cell is flat.
//
// With scaled coordinates and momenta held, a strain η of the cell takes x to
// x·exp(η), v to v·exp(−η) and does the work V tr(Pη), P the pressure tensor of
// PressureTensor. The volume moves by λ = √V, in which its noise is additive,
// the shape by the part of η without trace at constant volume:
//
//	dλ = (βλ/2τ) (p − p₀ + k_BT/2V) dt + √(k_BTβ/2τ) dW,  p = tr P/3
//	dη = (β/3τ) (P − p) dt + √(2k_BTβ/3Vτ) dW
//
// η is symmetric, so that no move turns the cell, though many can a little. The
// probability of a volume is that of the isothermal–isobaric ensemble,
// V^(DOF/3) e^(−p₀V/k_BT) for a gas without forces, whichever components move,
// and the mean of the pressure printed is p₀. A move is accepted or rejected by
// Metropolis, so that this holds for moves of any size: β and τ set how fast, not
// what. β within a factor of ten of the compressibility makes τ about the
// relaxation time of the volume; one much too large is an error.
//
// Sources: Bernetti, Bussi, J. Chem. Phys. 153, 114107 (2020); for the shape Del
// Tatto, Raiteri, Bernetti, Bussi, Appl. Sci. 12, 1139 (2022). They have one
// equation for all of the cell; its split, which leaves all noise additive, and
// the acceptance (Roberts, Tweedie, Bernoulli 2, 341 (1996)) are of this package.
type Barostat struct {
	Thermostat      Thermostat // moves the atoms and gives temperature and time step
	Pressure        float64    // p₀ in GPa, positive in compression
	Tau             float64    // τ in fs; 0 means 1000
	Compressibility float64    // β in 1/GPa; 0 means 0.1, between a liquid and a solid
	Cell            Cell       // what changes; the zero value is Isotropic
	Fixed           [3]bool    // x, y, z that keep their length, as in a film
	Stride          int        // steps between moves of the cell, each with an evaluation of its own; 0 means 10
}

// Thermostat is a Stepper that keeps a temperature: CSVR, Langevin, NoseHoover.
type Thermostat interface {
	Stepper

	// target returns the time step [fs] and, at a step, the temperature [K].
	target(step int) (dt, temperature float64)
}

// Cell says how a Barostat changes the cell.
type Cell int

const (
	Isotropic   Cell = iota // all lengths by one factor
	Anisotropic             // x, y and z by a factor each
	Triclinic               // all six components of the strain
)

const (
	defaultBarostatTau     = 1000 // fs, above the periods of sound in cells of a few nanometres
	defaultCompressibility = 0.1  // 1/GPa: water has 0.45, metals 0.01
	defaultStride          = 10

	// largestMove is a strain in one move that no stable barostat makes.
	largestMove = 0.5

	// largestExcess is ΔF̃/k_BT of a move that will never be accepted.
	largestExcess = 50
)

// Validate implements Stepper.
func (c Barostat) Validate() error {
	if c.Thermostat == nil {
		return errors.New("integrator: Barostat.Thermostat is nil, want CSVR, Langevin or NoseHoover")
	}
	if err := c.Thermostat.Validate(); err != nil {
		return err
	}
	if err := setting(true, "Barostat.Pressure", c.Pressure, "GPa", "a finite pressure"); err != nil {
		return err
	}
	if err := setting(c.Tau >= 0, "Barostat.Tau", c.Tau, "fs", "positive, or 0 for the default"); err != nil {
		return err
	}
	if err := setting(c.Compressibility >= 0, "Barostat.Compressibility", c.Compressibility, "1/GPa", "positive, or 0 for the default"); err != nil {
		return err
	}
	if c.Cell < Isotropic || c.Cell > Triclinic {
		return fmt.Errorf("integrator: Barostat.Cell = %d, want Isotropic, Anisotropic or Triclinic", c.Cell)
	}
	if c.axes() == 0 {
		return errors.New("integrator: Barostat.Fixed holds x, y and z: want one that moves, or no barostat")
	}
	return setting(c.Stride >= 0, "Barostat.Stride", float64(c.Stride), "", "positive, or 0 for the default")
}

// Run makes a number of steps; see the function Run.
func (c Barostat) Run(s *State, ff ForceField, steps int, watchers ...Watcher) error {
	return Run(c, s, ff, steps, watchers...)
}

// Step implements Stepper. It needs State.Noise and a cell with a volume.
func (c Barostat) Step(s *State, ff ForceField) error {
	if s.Noise == nil {
		return errNoNoise("Barostat")
	}
	if volume := s.Volume(); math.IsNaN(volume) {
		return fmt.Errorf("integrator: Barostat needs a cell with a volume, State.Lattice is %v", s.Lattice)
	}
	if err := c.Thermostat.Step(s, ff); err != nil {
		return err
	}
	stride := cmp.Or(c.Stride, defaultStride)
	if s.Step%stride != 0 {
		return nil
	}
	dt, temperature := c.Thermostat.target(s.Step)
	return c.move(s, ff, float64(stride)*dt, Boltzmann*temperature)
}

// move changes the cell over a time h, or leaves all but the noise as it is. What
// the cell does to the energy is heat of the barostat.
func (c Barostat) move(s *State, ff ForceField, h, kT float64) error {
	s.keep()
	work, excess, err := c.propose(s, ff, h, kT)
	if err != nil {
		return err
	}
	if kT > 0 && excess > largestExcess*kT {
		return s.diverged(-1, "rise of the free energy in one move of the cell", excess/kT, "k_BT", largestExcess)
	}
	if excess > 0 && (kT == 0 || s.Noise.Float64() >= math.Exp(-excess/kT)) {
		s.putBack()
		return nil
	}
	s.BathEnergy -= work
	return nil
}

// propose makes a move of the cell and returns the work on the atoms, ΔH, and what
// decides on it, ΔF̃. A coordinate y with the force Φ = −∂F/∂y,
// F = H + p₀V − k_BT ln λ, and the mobility μ moves by
//
//	Δy = μhΦ + √(2k_BTμh) R,  R normal,
//
// and the probabilities of this move and of the one back, times the ensemble's,
// differ by the factor exp(−ΔF̃/k_BT), which a perfect step would make 1:
//
//	ΔF̃ = ΔF + Δy (Φ + Φ′)/2 + μh (Φ′² − Φ²)/4
func (c Barostat) propose(s *State, ff ForceField, h, kT float64) (work, excess float64, err error) {
	rate := h * cmp.Or(c.Compressibility, defaultCompressibility) * GPa / cmp.Or(c.Tau, defaultBarostatTau) // Å³/eV
	target := c.Pressure / GPa
	energy := s.Energy + s.KineticEnergy()
	before := c.drive(s, target, kT)

	mobility := rate * float64(c.axes()) / 12
	step := mobility*before.size + math.Sqrt(2*kT*mobility)*s.Noise.NormFloat64()
	growth := 2 * math.Log1p(step/before.root) // of ln V; NaN for a negative root
	// Symmetric in the volumes before and after, so that the noise of the
	// shape is the same on the way back.
	shapeMobility := rate / (3 * before.root * (before.root + step))
	shape := c.shapeMove(s, before.shape, shapeMobility, kT)
	if size := max(math.Abs(growth), math.Sqrt(contract(shape, shape))); !(size <= largestMove) {
		return 0, 0, s.diverged(-1, "strain of the cell in one move", size, "", largestMove)
	}

	strain := shape
	for a := range 3 {
		if !c.Fixed[a] {
			strain[a][a] += growth / float64(c.axes())
		}
	}
	s.deform(strain)
	if err := s.Evaluate(ff); err != nil {
		return 0, 0, err
	}
	after := c.drive(s, target, kT)
	work = s.Energy + s.KineticEnergy() - energy
	excess = work + target*(after.root*after.root-before.root*before.root) - kT*growth/2 +
		step*(before.size+after.size)/2 + mobility*(after.size*after.size-before.size*before.size)/4 +
		(contract(shape, before.shape)+contract(shape, after.shape))/2 +
		shapeMobility*(contract(after.shape, after.shape)-contract(before.shape, before.shape))/4
	return work, excess, nil
}

// drive is what moves a cell: λ and the force on it, and the force on the
// strain without trace, both along the components that may change.
type drive struct {
	root  float64       // λ = √V, Å^1.5
	size  float64       // −∂F/∂λ = 2λ(p − p₀) + k_BT/λ, eV/Å^1.5
	shape [3][3]float64 // V (P − p), eV
}

func (c Barostat) drive(s *State, target, kT float64) drive {
	volume := s.Volume()
	work := scaled(s.PressureTensor(), volume/GPa)
	mean := 0.0
	for a := range 3 {
		if !c.Fixed[a] {
			mean += work[a][a] / float64(c.axes())
		}
	}
	d := drive{root: math.Sqrt(volume)}
	d.size = 2*d.root*(mean/volume-target) + kT/d.root
	for a := range 3 {
		for b := range 3 {
			if c.moves(a, b) {
				d.shape[a][b] = (work[a][b] + work[b][a]) / 2
			}
		}
		if c.moves(a, a) {
			d.shape[a][a] -= mean
		}
	}
	return d
}

// shapeMove returns the strain without trace of a move. Its noise has the same
// variance along every direction of the symmetric tensors that may change.
func (c Barostat) shapeMove(s *State, force [3][3]float64, mobility, kT float64) (strain [3][3]float64) {
	if c.Cell == Isotropic {
		return strain
	}
	sigma, mean := math.Sqrt(2*kT*mobility), 0.0
	for a := range 3 {
		for b := a; b < 3; b++ {
			if !c.moves(a, b) {
				continue
			}
			noise := sigma * s.Noise.NormFloat64()
			if a == b {
				mean += noise / float64(c.axes())
			} else {
				noise /= math.Sqrt2 // it stands in two places
			}
			strain[a][b] = mobility*force[a][b] + noise
			strain[b][a] = strain[a][b]
		}
	}
	for a := range 3 {
		if c.moves(a, a) {
			strain[a][a] -= mean
		}
	}
	return strain
}

// moves reports whether the shape changes by component ab of the strain.
func (c Barostat) moves(a, b int) bool {
	return !c.Fixed[a] && !c.Fixed[b] && (c.Cell == Triclinic || c.Cell == Anisotropic && a == b)
}

// axes is the number of x, y, z that move.
func (c Barostat) axes() int {
	n := 0
	for _, fixed := range c.Fixed {
		if !fixed {
			n++
		}
	}
	return n
}

// deform applies exp(strain), symmetric, to the cell and the atoms in it, and its
// inverse to the velocities.
func (s *State) deform(strain [3][3]float64) {
	forward, back := exponential(strain), exponential(scaled(strain, -1))
	for k := range s.Lattice {
		s.Lattice[k] = times(s.Lattice[k], &forward)
	}
	for i := range s.Pos {
		s.Pos[i] = times(s.Pos[i], &forward)
		s.Vel[i] = times(s.Vel[i], &back)
	}
}

// keep holds what a move of the cell changes, for putBack.
func (s *State) keep() {
	k := &s.kept
	k.lattice, k.energy, k.virial = s.Lattice, s.Energy, s.Virial
	k.pos, k.vel, k.forces = append(k.pos[:0], s.Pos...), append(k.vel[:0], s.Vel...), append(k.forces[:0], s.Forces...)
}

func (s *State) putBack() {
	k := &s.kept
	s.Lattice, s.Energy, s.Virial = k.lattice, k.energy, k.virial
	copy(s.Pos, k.pos)
	copy(s.Vel, k.vel)
	copy(s.Forces, k.forces)
}

// exponential returns exp(m) for a small matrix by its series: with |m| < 1 the
// first term left out is below rounding.
func exponential(m [3][3]float64) [3][3]float64 {
	sum := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	term := sum
	for n := 1; n <= 18; n++ {
		for a := range 3 {
			term[a] = times(term[a], &m)
		}
		term = scaled(term, 1/float64(n))
		for a := range 3 {
			for b := range 3 {
				sum[a][b] += term[a][b]
			}
		}
	}
	return sum
}

// times returns the row vector v times m.
func times(v [3]float64, m *[3][3]float64) (w [3]float64) {
	for b := range 3 {
		w[b] = v[0]*m[0][b] + v[1]*m[1][b] + v[2]*m[2][b]
	}
	return w
}

// contract returns Σ a_ij b_ij.
func contract(a, b [3][3]float64) float64 { return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) }
