package integrator

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Velocities draws velocities from the Maxwell–Boltzmann distribution at zero
// total momentum.
type Velocities struct {
	Temperature float64 // K; 0 is at rest
	Molecule    bool    // no periodic direction: zero angular momentum too
	Exact       bool    // rescale to Temperature exactly; the kinetic energy is then no longer that of a canonical ensemble
}

// Validate names the first setting that makes no sense.
func (c Velocities) Validate() error {
	return setting(c.Temperature >= 0, "Velocities.Temperature", c.Temperature, "K", "0 or more")
}

// Draw replaces the velocities of s and sets its DOF to 3N−3, for a molecule
// 3N−6, or 3N−5 if its atoms lie on a line. One atom keeps its 3.
func (c Velocities) Draw(s *State, rng *rand.Rand) error {
	if err := c.Validate(); err != nil {
		return err
	}
	for i, m := range s.Masses {
		sigma := math.Sqrt(Boltzmann * c.Temperature * PerMass / m)
		for a := range 3 {
			s.Vel[i][a] = sigma * rng.NormFloat64()
		}
	}
	// Both removals are orthogonal projections in the metric of the kinetic
	// energy, so what is left is Maxwell–Boltzmann in the subspace.
	if c.Molecule {
		s.RemoveRotation()
	} else {
		s.RemoveMomentum()
	}
	if c.Exact && c.Temperature > 0 {
		scaleVelocities(s, math.Sqrt(c.Temperature/s.Temperature()))
	}
	return nil
}

// RemoveMomentum stops the centre of mass and sets DOF to 3N−3. One atom is
// left as it is. The kinetic energy removed is missing from Conserved.
func (s *State) RemoveMomentum() {
	s.DOF = translationFree(len(s.Pos))
	if len(s.Pos) == 1 {
		return
	}
	momentum := s.Momentum()
	total := 0.0
	for _, m := range s.Masses {
		total += m
	}
	for i := range s.Vel {
		for a := range 3 {
			s.Vel[i][a] -= momentum[a] / total
		}
	}
}

// linear is the ratio of the smallest to the largest moment of inertia below
// which a molecule counts as linear: atoms within 1e-4 of its length from the
// axis, the resolution of coordinates in a file. What rotation is left then is
// about an axis on which no atom has a lever.
const linear = 1e-8

// RemoveRotation stops the centre of mass and the rotation about it, for a
// molecule without periodic images, and sets DOF to 3N−6, or 3N−5 if the atoms
// lie on a line at this moment.
func (s *State) RemoveRotation() {
	s.RemoveMomentum()
	var eigen mat.EigenSym
	if !eigen.Factorize(s.inertia(), true) {
		panic("integrator: eigenvalues of a 3x3 inertia tensor did not converge")
	}
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	moments := eigen.Values(nil) // ascending

	// ω = I⁻¹L on the axes that have a moment of inertia.
	l := s.AngularMomentum()
	var omega [3]float64
	for k, moment := range moments {
		if moment <= linear*moments[2] {
			continue
		}
		axis := [3]float64{axes.At(0, k), axes.At(1, k), axes.At(2, k)}
		for a := range 3 {
			omega[a] += dot(axis, l) / moment * axis[a]
		}
		s.DOF--
	}
	centre := s.centreOfMass()
	for i := range s.Vel {
		rotation := cross(omega, sub(s.Pos[i], centre))
		for a := range 3 {
			s.Vel[i][a] -= rotation[a]
		}
	}
}

// inertia returns Σ m (r²δ − r⊗r) about the centre of mass, amu·Å².
func (s *State) inertia() *mat.SymDense {
	tensor := mat.NewSymDense(3, nil)
	centre := s.centreOfMass()
	for i, m := range s.Masses {
		r := sub(s.Pos[i], centre)
		for a := range 3 {
			for b := range a + 1 {
				term := -m * r[a] * r[b]
				if a == b {
					term += m * norm2(r)
				}
				tensor.SetSym(a, b, tensor.At(a, b)+term)
			}
		}
	}
	return tensor
}

func scaleVelocities(s *State, factor float64) {
	for i := range s.Vel {
		v := &s.Vel[i]
		v[0] *= factor
		v[1] *= factor
		v[2] *= factor
	}
}
