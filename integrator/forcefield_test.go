package integrator

import (
	"math"
	"testing"
)

// trap holds every atom at the origin with spring constant k [eV/Å²], each on
// its own: solvable, and it conserves no momentum.
type trap struct{ k float64 }

func (f trap) Compute(pos [][3]float64, _ [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	energy := 0.0
	*virial = [3][3]float64{}
	for i, x := range pos {
		energy += f.k / 2 * norm2(x)
		for a := range 3 {
			forces[i][a] = -f.k * x[a]
			for b := range 3 {
				virial[a][b] -= f.k * x[a] * x[b]
			}
		}
	}
	return energy, nil
}

// argon is a Lennard-Jones potential (Rahman's parameters, rounded): a cluster
// when the lattice is zero, otherwise nearest images in a cubic cell, where it
// goes to zero between two radii with two smooth derivatives, so that the
// errors measured are those of the integrator.
type argon struct{}

const (
	argonEpsilon = 0.0103 // eV
	argonSigma   = 3.40   // Å
	argonInner   = 4.4    // Å
	argonCutoff  = 5.8    // Å, below half the cell of fluid
)

func (argon) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	box := lattice[0][0]
	clear(forces)
	*virial = [3][3]float64{}
	energy := 0.0
	for i := range pos {
		for j := range i {
			d := sub(pos[j], pos[i])
			if box > 0 {
				for a := range 3 {
					d[a] -= box * math.RoundToEven(d[a]/box)
				}
			}
			r2 := norm2(d)
			if box > 0 && r2 > argonCutoff*argonCutoff {
				continue
			}
			r := math.Sqrt(r2)
			s2 := argonSigma * argonSigma / r2
			s6 := s2 * s2 * s2
			e := 4 * argonEpsilon * s6 * (s6 - 1)
			dedr := 4 * argonEpsilon * s6 * (6 - 12*s6) / r
			if box > 0 && r > argonInner {
				const width = argonCutoff - argonInner
				x := (r - argonInner) / width
				w := 1 + x*x*x*(-10+x*(15-6*x))
				dwdr := -30 * x * x * (1 - x) * (1 - x) / width
				e, dedr = e*w, dedr*w+e*dwdr
			}
			energy += e
			for a := range 3 {
				f := dedr * d[a] / r
				forces[i][a] += f
				forces[j][a] -= f
				for b := range 3 {
					virial[a][b] -= f * d[b]
				}
			}
		}
	}
	return energy, nil
}

// cluster is 13 argon atoms: one and its 12 neighbours on an icosahedron, at
// the pair distance 2^(1/6) σ.
func cluster(t testing.TB) *State {
	t.Helper()
	golden := (1 + math.Sqrt(5)) / 2
	radius := math.Pow(2, 1./6) * argonSigma / math.Hypot(1, golden)
	pos := [][3]float64{{}}
	for _, a := range []float64{-1, 1} {
		for _, b := range []float64{-golden, golden} {
			pos = append(pos, [3]float64{0, radius * a, radius * b},
				[3]float64{radius * a, radius * b, 0}, [3]float64{radius * b, 0, radius * a})
		}
	}
	return newState(t, argon{}, pos, [3][3]float64{}, 18)
}

// fluid is 32 argon atoms on a face-centred cubic lattice at the density of the
// liquid (0.8 σ⁻³), at temperature [K]; it melts within a picosecond.
func fluid(t testing.TB, temperature float64, seed uint64) *State {
	t.Helper()
	box := argonSigma * math.Cbrt(32/0.8)
	var pos [][3]float64
	for i := range 4 {
		for j := range 4 {
			for k := range 4 {
				if (i+j+k)%2 == 0 {
					pos = append(pos, [3]float64{float64(i) * box / 4, float64(j) * box / 4, float64(k) * box / 4})
				}
			}
		}
	}
	s := newState(t, argon{}, pos, [3][3]float64{{box, 0, 0}, {0, box, 0}, {0, 0, box}}, 18)
	s.Noise = NewStream(seed, ThermostatStream)
	if err := (Velocities{Temperature: temperature}).Draw(s, NewStream(seed, VelocityStream).Rand); err != nil {
		t.Fatal(err)
	}
	return s
}

// trapped is n particles of 10 amu in a trap whose period is 2π/ω, each started
// from its thermal distribution at 300 K.
func trapped(t testing.TB, n int, omega float64, seed uint64) (*State, trap) {
	t.Helper()
	const mass = 10
	field := trap{k: mass * omega * omega / PerMass}
	pos, masses := make([][3]float64, n), make([]float64, n)
	rng := NewStream(seed, VelocityStream)
	for i := range pos {
		masses[i] = mass
		for a := range 3 {
			pos[i][a] = math.Sqrt(Boltzmann*300/field.k) * rng.NormFloat64()
		}
	}
	s, err := NewState(field, pos, [3][3]float64{}, masses)
	if err != nil {
		t.Fatal(err)
	}
	if err := (Velocities{Temperature: 300}).Draw(s, rng.Rand); err != nil {
		t.Fatal(err)
	}
	s.DOF = 3 * n
	s.Noise = NewStream(seed, ThermostatStream)
	return s, field
}

func newState(t testing.TB, ff ForceField, pos [][3]float64, lattice [3][3]float64, z int) *State {
	t.Helper()
	species := make([]int, len(pos))
	for i := range species {
		species[i] = z
	}
	s, err := NewState(ff, pos, lattice, Masses(species))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, stepper Stepper, s *State, ff ForceField, steps int, watchers ...Watcher) {
	t.Helper()
	if err := Run(stepper, s, ff, steps, watchers...); err != nil {
		t.Fatal(err)
	}
}

// The measurements of this package rest on this field being a gradient.
func TestArgonMatchesFiniteDifference(t *testing.T) {
	s := fluid(t, 100, 1)
	run(t, VelocityVerlet{Timestep: 5}, s, argon{}, 200) // off the lattice, where forces vanish
	scratch := make([][3]float64, len(s.Pos))
	// energy with atom 3 moved along y and everything scaled by 1 + strain.
	energy := func(move, strain float64) float64 {
		pos := make([][3]float64, len(s.Pos))
		for i, x := range s.Pos {
			if i == 3 {
				x[1] += move
			}
			for a := range 3 {
				pos[i][a] = x[a] * (1 + strain)
			}
		}
		var virial [3][3]float64
		e, _ := argon{}.Compute(pos, scaled(s.Lattice, 1+strain), scratch, &virial)
		return e
	}
	// h = 1e-4: the truncation, h² times the third derivative, and the rounding,
	// 1e-16 E/h, are both below 1e-6 of the value.
	const h = 1e-4
	force := -(energy(h, 0) - energy(-h, 0)) / (2 * h)
	if got := s.Forces[3][1]; math.Abs(got-force) > 1e-6*math.Abs(force) {
		t.Errorf("force %.10g eV/Å, finite difference %.10g", got, force)
	}
	trace := -(energy(0, h) - energy(0, -h)) / (2 * h)
	// 1e-4: with twelfth powers of r the truncation is (12h)², relative to terms that cancel.
	if got := s.Virial[0][0] + s.Virial[1][1] + s.Virial[2][2]; math.Abs(got-trace) > 1e-4*math.Abs(trace) {
		t.Errorf("trace of the virial %.10g eV, finite strain %.10g", got, trace)
	}
}
