package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ponita/integrator"
	"ponita/xyz"
)

// system is what does not change during a run.
type system struct {
	species []int
	pbc     [3]bool
	types   string // of a LAMMPS data file: which elements they are
	isotope bool   // masses are those of the file, and written again
	origin  string // for messages: "water.xyz: frame 3"
}

// periodic tells whether there is a volume to speak of.
func (s *system) periodic() bool { return s.pbc == [3]bool{true, true, true} }
func (s *system) molecule() bool { return s.pbc == [3]bool{} }

// checkPressure refuses a pressure on what has no volume.
func (s *system) checkPressure(set *Settings) error {
	if set.Pressure != nil && !s.periodic() {
		return fmt.Errorf("%s is %s, pressure = %g needs a cell that is periodic along a, b and c: leave pressure out", s.origin, periodicity(s.pbc), *set.Pressure)
	}
	return nil
}

// start is a system with the positions, velocities and masses it starts from.
type start struct {
	system
	pos     [][3]float64
	vel     [][3]float64 // Å/fs; nil if they are to be drawn
	masses  []float64
	lattice [3][3]float64
	notes   []string // for the user
}

// readStart returns what the settings say about the start of a run.
func readStart(s *Settings) (*start, error) {
	frame, err := readStructure(s)
	if err != nil {
		return nil, err
	}
	if len(frame.Species) == 0 {
		return nil, fmt.Errorf("%s has no atoms", frame.Origin)
	}
	st := &start{
		system:  system{species: frame.Species, pbc: frame.PBC, origin: frame.Origin.String()},
		pos:     frame.Pos,
		lattice: frame.Lattice,
	}
	st.types, _ = frame.Value("types").(string)
	if st.masses, st.isotope, err = masses(frame); err != nil {
		return nil, err
	}
	if s.IPI != "" {
		return st, st.repeat([3]int(s.Repeat)) // i-PI moves the atoms
	}
	if err := checkFree(frame); err != nil {
		return nil, err
	}
	for _, name := range []string{"fixed", "fix", "frozen", "freeze", "selective_dynamics", "constraint", "constraints"} {
		if frame.Column(name) != nil {
			st.notes = append(st.notes, fmt.Sprintf("%s: column %s is not used: all atoms move", frame.Origin, name))
		}
	}
	st.notes = append(st.notes, oddMasses(frame.Species, st.masses)...)
	if err := st.readVelocities(frame, s); err != nil {
		return nil, err
	}
	return st, st.repeat([3]int(s.Repeat))
}

// readVelocities takes the column vel, or velo as GPUMD has it, both in Å/fs, or
// momenta as ASE has them.
func (st *start) readVelocities(frame *xyz.Frame, s *Settings) error {
	if s.draws() {
		return nil
	}
	for _, name := range []string{"vel", "velo", "momenta"} {
		column := frame.Column(name)
		if column == nil {
			continue
		}
		var ok bool
		if st.vel, ok = vectors(column, len(frame.Species)); !ok {
			return fmt.Errorf("%s: column %s is not of three reals for each atom: want velocities, or velocities = \"draw\" in the settings", frame.Origin, name)
		}
		if name == "momenta" {
			// In units of ASE: its time is Å √(amu/eV), 10.18 fs.
			for i, m := range st.masses {
				for k := range 3 {
					st.vel[i][k] *= math.Sqrt(integrator.PerMass) / m
				}
			}
		}
		if s.copies() {
			st.notes = append(st.notes, "all copies of the cell start with the velocities of the file and move alike: velocities = \"draw\" makes them differ")
		}
		return nil
	}
	if s.Velocities == "file" {
		return fmt.Errorf("%s has no column vel, velo or momenta of three reals", frame.Origin)
	}
	if frame.Column("velocities") != nil {
		st.notes = append(st.notes, fmt.Sprintf("%s: column velocities is left out, its units differ between programs: call it vel if it is in Å/fs", frame.Origin))
	}
	return nil
}

// vectors returns a column of three numbers for each of n atoms.
func vectors(column any, n int) ([][3]float64, bool) {
	whole, ok := column.([]int)
	if !ok {
		v, ok := column.([][3]float64)
		return v, ok
	}
	if len(whole) != 3*n {
		return nil, false
	}
	v := make([][3]float64, n)
	for i, x := range whole {
		v[i/3][i%3] = float64(x)
	}
	return v, true
}

// checkFree refuses atoms that ASE holds fixed: here they would move.
func checkFree(frame *xyz.Frame) error {
	var free []bool
	switch mask := frame.Column("move_mask").(type) {
	case []bool:
		free = mask
	case []int: // of QUIP
		for _, m := range mask {
			free = append(free, m != 0)
		}
	}
	if i := slices.Index(free, false); i >= 0 {
		return fmt.Errorf("%s: column move_mask holds atom %d fixed, and atoms cannot be held fixed here: leave the column out to let all move",
			frame.Origin, 1+i*len(frame.Species)/len(free))
	}
	return nil
}

// mostAtoms need a terabyte and more.
const mostAtoms = 1e8

// repeat makes a supercell of n copies along a, b and c.
func (st *start) repeat(n [3]int) error {
	for k, name := range []string{"a", "b", "c"} {
		if n[k] > 1 && !st.pbc[k] {
			return fmt.Errorf("%s is not periodic along %s: cannot repeat it %d times there", st.origin, name, n[k])
		}
	}
	if atoms := float64(len(st.pos)) * float64(n[0]) * float64(n[1]) * float64(n[2]); atoms > mostAtoms {
		return fmt.Errorf("%s: repeat = %v makes %.3g atoms, more than the %g that a run can have", st.origin, n, atoms, float64(mostAtoms))
	}
	cell := *st
	st.species, st.pos, st.masses, st.vel = nil, nil, nil, nil
	for i := range n[0] {
		for j := range n[1] {
			for k := range n[2] {
				st.species = append(st.species, cell.species...)
				st.masses = append(st.masses, cell.masses...)
				st.vel = append(st.vel, cell.vel...)
				for _, x := range cell.pos {
					for d := range 3 {
						x[d] += float64(i)*cell.lattice[0][d] + float64(j)*cell.lattice[1][d] + float64(k)*cell.lattice[2][d]
					}
					st.pos = append(st.pos, x)
				}
			}
		}
	}
	for k := range 3 {
		for d := range 3 {
			st.lattice[k][d] *= float64(n[k])
		}
	}
	return nil
}

// newState returns the state at step 0.
func newState(st *start, ff integrator.ForceField, s *Settings) (*integrator.State, error) {
	if err := checkMasses(st); err != nil {
		return nil, err
	}
	state, err := integrator.NewState(ff, st.pos, st.lattice, st.masses)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", st.origin, err)
	}
	state.Noise = integrator.NewStream(s.Seed, integrator.ThermostatStream)
	if st.vel == nil {
		draw := integrator.Velocities{Temperature: s.Temperature, Molecule: st.molecule()}
		return state, draw.Draw(state, integrator.NewStream(s.Seed, integrator.VelocityStream).Rand)
	}
	state.Vel = st.vel
	countFreedom(state, st.molecule())
	return state, nil
}

// countFreedom sets the degrees of freedom of velocities that come from a file:
// those of the whole are left out if they hold no energy to speak of, as
// velocities drawn here.
func countFreedom(state *integrator.State, molecule bool) {
	state.DOF = 3 * len(state.Pos)
	trial := *state
	for _, remove := range []func(){trial.RemoveMomentum, trial.RemoveRotation} {
		trial.Vel = slices.Clone(state.Vel)
		remove()
		if state.KineticEnergy()-trial.KineticEnergy() <= 1e-3*state.KineticEnergy() {
			state.DOF = trial.DOF
		}
		if !molecule {
			return
		}
	}
}

// formula returns the composition in the order of Hill, as C5H8O2.
func formula(species []int) string {
	count := map[string]int{}
	for _, z := range species {
		count[xyz.Symbol(z)]++
	}
	var order []string
	for symbol := range count {
		order = append(order, symbol)
	}
	rank := func(symbol string) string {
		if at := strings.Index("CH", symbol); at >= 0 && count["C"] > 0 {
			return fmt.Sprint(at)
		}
		return symbol
	}
	slices.SortFunc(order, func(a, b string) int { return strings.Compare(rank(a), rank(b)) })
	var b strings.Builder
	for _, symbol := range order {
		b.WriteString(symbol)
		if count[symbol] > 1 {
			fmt.Fprint(&b, count[symbol])
		}
	}
	return b.String()
}
