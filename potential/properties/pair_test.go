package properties

import (
	"math"
	"math/rand/v2"
	"testing"

	"ponita/integrator"
	"ponita/neighbor"
	"ponita/potential"
)

const (
	copper    = 29
	cutoff    = 5.0
	reference = -3.0 // eV, of an atom alone
)

// pairPotential is copper's Morse potential (Girifalco and Weizer, Phys. Rev. 114,
// 687 (1959): D = 0.343 eV, α = 1.359/Å, r0 = 2.866 Å) times (1 − r²/r_c²)³: value,
// first and second derivative at r.
func pairPotential(r float64) (v, dv, d2v float64) {
	if r >= cutoff {
		return 0, 0, 0
	}
	const depth, alpha, r0 = 0.343, 1.359, 2.866
	x := math.Exp(-alpha * (r - r0))
	m, dm, d2m := depth*x*(x-2), -2*alpha*depth*x*(x-1), 2*alpha*alpha*depth*x*(2*x-1)
	u, du := 1-r*r/(cutoff*cutoff), -2*r/(cutoff*cutoff)
	s, ds, d2s := u*u*u, 3*u*u*du, 6*u*du*du-6*u*u/(cutoff*cutoff)
	return m * s, dm*s + m*ds, d2m*s + 2*dm*ds + m*d2s
}

// pairs is a force field of pairs, with a network besides if there is one.
type pairs struct{ network *potential.Calculator }

func (p pairs) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	g, err := neighbor.Build(pos, lattice, [3]bool{true, true, true}, cutoff)
	if err != nil {
		return 0, err
	}
	energy := reference * float64(len(pos))
	clear(forces)
	*virial = [3][3]float64{}
	if p.network != nil {
		e, err := p.network.Compute(pos, lattice, forces, virial)
		if err != nil {
			return 0, err
		}
		energy += e
	}
	for i := range pos {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			x := g.Vec[e]
			r := length(x)
			v, dv, _ := pairPotential(r)
			energy += v / 2
			for a := range 3 {
				forces[i][a] += dv * x[a] / r
				for b := range 3 {
					virial[a][b] -= dv * x[a] * x[b] / r / 2
				}
			}
		}
	}
	return energy, nil
}

// pairField binds by pairs alone; a scale above zero adds a network with random
// weights.
func pairField(t *testing.T, scale float64) Field {
	t.Helper()
	if scale == 0 {
		return func([]int) (ForceField, error) { return pairs{}, nil }
	}
	network := NewField(randomModel(t, scale), 1)
	return func(species []int) (ForceField, error) {
		calc, err := network(species)
		if err != nil {
			return nil, err
		}
		return pairs{calc.(*potential.Calculator)}, nil
	}
}

func randomModel(t *testing.T, scale float64) *potential.Model {
	t.Helper()
	c := potential.Config{Species: []int{copper}, Cutoff: cutoff, Layers: 2, Channels: 8, Hidden: 8, MeanNeighbors: 40}.WithDefaults()
	m := &potential.Model{Config: c, ReferenceEnergies: []float64{0}, Scale: []float64{scale}}
	// Not as initialized: the readout would be zero.
	rng := rand.New(rand.NewPCG(1, 2))
	m.Weights = c.Initialize(rng)
	for k := range m.Weights {
		m.Weights[k] += 0.1 * rng.NormFloat64()
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	return m
}

// sums are sums over the pairs of an atom in a lattice with one atom per point.
type sums struct {
	constant      float64      // Å
	perAtom       float64      // Å³
	points        [][3]float64 // Å, within the cutoff
	energy        float64      // eV per atom
	c11, c12, c44 float64      // GPa
}

// fcc and bcc points within the cutoff, from their definition: integers of even
// sum times a/2, integers all even or all odd times a/2.
func points(lattice string, a float64) (list [][3]float64) {
	const reach = 10
	for i := -reach; i <= reach; i++ {
		for j := -reach; j <= reach; j++ {
			for k := -reach; k <= reach; k++ {
				even := (i+j+k)%2 == 0
				if lattice == "bcc" {
					even = (i-j)%2 == 0 && (j-k)%2 == 0
				}
				x := [3]float64{float64(i) * a / 2, float64(j) * a / 2, float64(k) * a / 2}
				if r := length(x); even && r > 0 && r < cutoff {
					list = append(list, x)
				}
			}
		}
	}
	return list
}

// latticeSums finds the lattice constant by bisection of dE/da, and sums there
//
//	C_abcd = 1/(2Ω) Σ (V″ − V′/r) x_a x_b x_c x_d/r²
//
// the elastic constants of central forces without pressure (Born and Huang,
// Dynamical Theory of Crystal Lattices, §29).
func latticeSums(lattice string) (s sums) {
	slope := func(a float64) (sum float64) {
		for _, x := range points(lattice, a) {
			r := length(x)
			_, dv, _ := pairPotential(r)
			sum += dv * r
		}
		return sum
	}
	low, high := 2.5, 4.5
	if lattice == "bcc" {
		low, high = 2.2, 3.6
	}
	for range 60 {
		s.constant = (low + high) / 2
		if slope(s.constant) < 0 {
			low = s.constant
		} else {
			high = s.constant
		}
	}
	s.perAtom = math.Pow(s.constant, 3) / map[string]float64{"fcc": 4, "bcc": 2}[lattice]
	s.points = points(lattice, s.constant)
	for _, x := range s.points {
		r := length(x)
		v, dv, d2v := pairPotential(r)
		w := (d2v - dv/r) / (r * r) / (2 * s.perAtom) * integrator.GPa
		s.energy += v / 2
		s.c11 += w * x[0] * x[0] * x[0] * x[0]
		s.c12 += w * x[0] * x[0] * x[1] * x[1]
		s.c44 += w * x[1] * x[2] * x[1] * x[2]
	}
	return s
}

// compute is Compute for a field instead of a model.
func compute(t *testing.T, f Field, o Options) *Crystal {
	t.Helper()
	cell, err := findCell(o.Lattice)
	if err != nil {
		t.Fatal(err)
	}
	o.Element = copper
	c, err := f.crystal(cell, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// near fails unless got is want within a relative tolerance.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %.10g, want %.10g within %.1g", what, got, want, tolerance)
	}
}
