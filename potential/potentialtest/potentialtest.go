// Package potentialtest is the physics that every potential must pass, as one
// test to import: the model, the repulsion, a committee or the C ABI all call
// Run. It imports nothing of ours.
//
// Derivatives are tested by their slope: the error of a central difference
// falls fourfold when the step halves. That separates a wrong derivative, whose
// error stays, from rounding, which a tolerance cannot.
package potentialtest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Calculator is what is tested. Compute returns the energy and writes forces
// and the virial −∂E/∂ε.
type Calculator interface {
	Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (energy float64, err error)
}

// Potential makes calculators in float64 for the potential under test.
type Potential struct {
	// New returns a calculator for atoms of the given elements.
	New func(species []int, pbc [3]bool) (Calculator, error)
	// Species are elements the potential knows, at least one.
	Species []int
	// Cutoff is beyond which atoms do not interact directly, Å.
	Cutoff float64
	// Isolated is the energy of a lone atom of an element, eV.
	Isolated func(z int) float64
	// Kinks is what steps in the second derivative, those of tables, may do to a
	// central difference, eV/Å or eV; 0 for a smooth potential.
	Kinks float64
}

// Run runs all checks as subtests.
func Run(t *testing.T, p Potential) {
	checks := []struct {
		name  string
		check func(*testing.T, Potential)
	}{
		{"ForcesMatchFiniteDifference", forces},
		{"VirialMatchesFiniteStrain", virial},
		{"EnergyInvariantUnderTranslation", translation},
		{"EnergyInvariantUnderPermutation", permutation},
		{"EnergyInvariantUnderLatticeShift", latticeShift},
		{"EnergyIsExtensive", extensive},
		{"DistantFragmentsAddUp", fragments},
		{"ForceVanishesAtCutoff", cutoff},
		{"IsolatedAtomHasReferenceEnergy", isolated},
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.check(t, p) })
	}
}

// system is a structure to compute.
type system struct {
	species []int
	pos     [][3]float64
	lattice [3][3]float64
	pbc     [3]bool
}

// structures are a cluster, and a tilted crystal-like cell smaller than most
// cutoffs, so that atoms see images of themselves.
func structures(p Potential) map[string]system {
	rng := rand.New(rand.NewPCG(11, 12))
	place := func(n int, size [3]float64) (s system) {
		for len(s.pos) < n {
			x := [3]float64{size[0] * rng.Float64(), size[1] * rng.Float64(), size[2] * rng.Float64()}
			free := true
			for _, y := range s.pos {
				free = free && distance(x, y) > 1.1
			}
			if free {
				s.species = append(s.species, p.Species[len(s.pos)%len(p.Species)])
				s.pos = append(s.pos, x)
			}
		}
		return s
	}
	cluster := place(8, [3]float64{4, 4, 4})
	cell := place(3, [3]float64{2.8, 2.8, 2.8})
	cell.lattice = [3][3]float64{{3.4, 0, 0}, {0.7, 3.6, 0}, {-0.4, 0.9, 3.9}}
	cell.pbc = [3]bool{true, true, true}
	return map[string]system{"cluster": cluster, "cell": cell}
}

func distance(a, b [3]float64) float64 {
	return math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2])
}

// result is what a calculator says of a system.
type result struct {
	energy float64
	forces [][3]float64
	virial [3][3]float64
}

func compute(t *testing.T, p Potential, s system) result {
	t.Helper()
	c, err := p.New(s.species, s.pbc)
	if err != nil {
		t.Fatal(err)
	}
	r := result{forces: make([][3]float64, len(s.pos))}
	if r.energy, err = c.Compute(s.pos, s.lattice, r.forces, &r.virial); err != nil {
		t.Fatal(err)
	}
	return r
}

// differentiate compares a derivative with central differences at two steps.
func differentiate(t *testing.T, what string, kinks float64, energy func(h float64) float64, derivative float64) {
	t.Helper()
	// Large enough that truncation (∝h²) stands far above rounding of the energy.
	const h = 4e-3
	wide := math.Abs((energy(h)-energy(-h))/(2*h) - derivative)
	narrow := math.Abs((energy(h/2)-energy(-h/2))/h - derivative)
	rounding := 1e-15 * (1 + math.Abs(energy(0))) / h * 20
	if ratio := wide / narrow; narrow > rounding+kinks && (ratio < 3.4 || ratio > 4.6) {
		t.Errorf("%s: derivative %.10g, error of the central difference %.2e falls by %.3g when the step halves, want 4", what, derivative, narrow, ratio)
	}
}

func forces(t *testing.T, p Potential) {
	for name, s := range structures(p) {
		r := compute(t, p, s)
		rng := rand.New(rand.NewPCG(5, 6))
		for range 4 {
			direction := make([][3]float64, len(s.pos))
			want := 0.
			for i := range direction {
				for k := range 3 {
					direction[i][k] = rng.NormFloat64()
					want -= r.forces[i][k] * direction[i][k]
				}
			}
			differentiate(t, name, p.Kinks, func(h float64) float64 {
				moved := s
				moved.pos = make([][3]float64, len(s.pos))
				for i, x := range s.pos {
					for k := range x {
						moved.pos[i][k] = x[k] + h*direction[i][k]
					}
				}
				return compute(t, p, moved).energy
			}, want)
		}
	}
}

// virial strains positions and cell together: dE/dε = −W for symmetric strains,
// the ones whose derivative does not turn the structure.
func virial(t *testing.T, p Potential) {
	for name, s := range structures(p) {
		r := compute(t, p, s)
		for a := range 3 {
			for b := a; b < 3; b++ {
				differentiate(t, name, p.Kinks, func(h float64) float64 {
					var strain [3][3]float64
					for k := range 3 {
						strain[k][k] = 1
					}
					strain[a][b] += h / 2
					strain[b][a] += h / 2
					moved := s
					moved.pos = make([][3]float64, len(s.pos))
					for i, x := range s.pos {
						moved.pos[i] = multiply(strain, x)
					}
					for k, row := range s.lattice {
						moved.lattice[k] = multiply(strain, row)
					}
					return compute(t, p, moved).energy
				}, -(r.virial[a][b]+r.virial[b][a])/2)
			}
		}
	}
}

func multiply(m [3][3]float64, v [3]float64) (w [3]float64) {
	for a := range 3 {
		w[a] = m[a][0]*v[0] + m[a][1]*v[1] + m[a][2]*v[2]
	}
	return w
}

// same fails if two energies, or forces, differ beyond the rounding of sums over
// a few hundred terms.
func same(t *testing.T, what string, got, want result) {
	t.Helper()
	const tolerance = 1e-9
	if math.Abs(got.energy-want.energy) > tolerance*(1+math.Abs(want.energy)) {
		t.Errorf("%s: energy %.12f eV, was %.12f", what, got.energy, want.energy)
	}
	for i := range want.forces {
		if d := distance(got.forces[i], want.forces[i]); d > tolerance*100 {
			t.Errorf("%s: force on atom %d changed by %.1e eV/Å", what, i+1, d)
		}
	}
}

func translation(t *testing.T, p Potential) {
	for name, s := range structures(p) {
		want := compute(t, p, s)
		moved := s
		moved.pos = nil
		for _, x := range s.pos {
			moved.pos = append(moved.pos, [3]float64{x[0] + 31.7, x[1] - 12.3, x[2] + 1.9})
		}
		same(t, name, compute(t, p, moved), want)
	}
}

func permutation(t *testing.T, p Potential) {
	for name, s := range structures(p) {
		want := compute(t, p, s)
		n := len(s.pos)
		order := rand.New(rand.NewPCG(1, 9)).Perm(n)
		mixed, expected := s, want
		mixed.pos, mixed.species, expected.forces = nil, nil, nil
		for _, k := range order {
			mixed.pos = append(mixed.pos, s.pos[k])
			mixed.species = append(mixed.species, s.species[k])
			expected.forces = append(expected.forces, want.forces[k])
		}
		same(t, name, compute(t, p, mixed), expected)
	}
}

func latticeShift(t *testing.T, p Potential) {
	s := structures(p)["cell"]
	want := compute(t, p, s)
	moved := s
	moved.pos = append([][3]float64(nil), s.pos...)
	for k := range 3 {
		moved.pos[1][k] += 2*s.lattice[0][k] - 3*s.lattice[2][k]
	}
	same(t, "one atom moved by whole lattice vectors", compute(t, p, moved), want)
}

func extensive(t *testing.T, p Potential) {
	s := structures(p)["cell"]
	one := compute(t, p, s)
	double := system{pbc: s.pbc, lattice: s.lattice}
	for image := range 2 {
		for i, x := range s.pos {
			for k := range 3 {
				x[k] += float64(image) * s.lattice[1][k]
			}
			double.pos = append(double.pos, x)
			double.species = append(double.species, s.species[i])
		}
	}
	for k := range 3 {
		double.lattice[1][k] *= 2
	}
	want := result{energy: 2 * one.energy, forces: append(append([][3]float64(nil), one.forces...), one.forces...)}
	same(t, "a doubled cell", compute(t, p, double), want)
}

func fragments(t *testing.T, p Potential) {
	s := structures(p)["cluster"]
	one := compute(t, p, s)
	pair := system{species: append(append([]int(nil), s.species...), s.species...), pos: append([][3]float64(nil), s.pos...)}
	for _, x := range s.pos {
		pair.pos = append(pair.pos, [3]float64{x[0] + 4 + 20*p.Cutoff, x[1], x[2]})
	}
	want := result{energy: 2 * one.energy, forces: append(append([][3]float64(nil), one.forces...), one.forces...)}
	same(t, "two clusters far apart", compute(t, p, pair), want)
}

// cutoff follows a pair across the cutoff: force and energy come in smoothly, at
// least as the square of the distance inside.
func cutoff(t *testing.T, p Potential) {
	at := func(r float64) (energy, force float64) {
		s := system{species: []int{p.Species[0], p.Species[0]}, pos: [][3]float64{{}, {r, 0, 0}}}
		c := compute(t, p, s)
		return c.energy, c.forces[1][0]
	}
	far, _ := at(p.Cutoff + 0.1)
	inside := 1e-3 * p.Cutoff
	energy, force := at(p.Cutoff - inside)
	_, half := at(p.Cutoff - inside/2)
	// x³ and x² with room for the size of the potential (eV, eV/Å).
	if d := math.Abs(energy - far); d > 1e-6 {
		t.Errorf("energy jumps by %.1e eV within %.1e Å of the cutoff", d, inside)
	}
	if math.Abs(force) > 1e-3 || math.Abs(half) > 1.1*math.Abs(force)/3 && math.Abs(half) > 1e-9 {
		t.Errorf("forces %.2e and %.2e eV/Å at %.1e and half of it inside the cutoff, want a quadratic approach to zero", force, half, inside)
	}
	if _, beyond := at(p.Cutoff + 1e-9); beyond != 0 {
		t.Errorf("force beyond the cutoff is %g eV/Å, want 0", beyond)
	}
}

func isolated(t *testing.T, p Potential) {
	for _, z := range p.Species {
		r := compute(t, p, system{species: []int{z}, pos: [][3]float64{{1, 2, 3}}})
		if want := p.Isolated(z); r.energy != want || r.forces[0] != [3]float64{} {
			t.Errorf("a lone atom of Z=%d has energy %.12g eV and force %g, want %.12g and none", z, r.energy, r.forces[0], want)
		}
	}
}
