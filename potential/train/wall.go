package train

import (
	"fmt"
	"math"

	"ponita/neighbor"
	"ponita/xyz"
)

// Data say nothing of atoms closer than any of theirs, and a network that goes on from
// where they end may well go down there: two atoms alone would fall into each other, as the
// repulsion begins too far in. So every batch has one more configuration, two atoms at a
// distance where they must not attract each other (potential.Model.Wall), and where they do
// that is an error like one of a force. How much they repel is the network's own affair.

// wallForce is the least force with which two atoms repel each other there, eV/Å: more
// than nothing, so that no ripple is left of what is enforced at some distances.
const wallForce = 0.1

// wallStep is the error of a force there up to which its square counts, eV/Å.
const wallStep = 0.1

// wall draws the two atoms for a batch of an epoch. There may be no pair of species that
// leaves room for them.
func (t *Trainer) wall(epoch, batch int) (s sample, ok bool, err error) {
	m := t.model
	var pairs [][2]int
	for a := range m.Config.Species {
		for b := range a + 1 {
			if from, to := m.Wall(a, b); from < to {
				pairs = append(pairs, [2]int{a, b})
			}
		}
	}
	if t.settings.WallWeight == 0 || len(pairs) == 0 {
		return sample{}, false, nil
	}
	rng := stream(t.settings.Seed, "wall", epoch, batch)
	pair := pairs[rng.IntN(len(pairs))]
	from, to := m.Wall(pair[0], pair[1])
	distance := from + (to-from)*rng.Float64()
	direction := Rotation(rng)[0]
	f := &xyz.Frame{Species: []int{m.Config.Species[pair[0]], m.Config.Species[pair[1]]}, Pos: make([][3]float64, 2)}
	forces := make([][3]float64, 2)
	for k, u := range direction {
		f.Pos[1][k] = distance * u
		forces[0][k], forces[1][k] = -wallForce*u, wallForce*u
	}
	g, err := neighbor.Build(f.Pos, f.Lattice, f.PBC, m.Config.Cutoff)
	if err != nil {
		return sample{}, false, fmt.Errorf("train: two atoms at %.3g Å: %w", distance, err)
	}
	s, err = newSample(f, xyz.Labels{Forces: forces}, g, m)
	s.wall = &direction
	return s, true, err
}

// huberWeight is the part of the squared error of a sample's forces that counts, where f is
// what the network gives for the first atom: all of it for data. For the two atoms of the
// wall it is nothing where they do not attract each other by more than the sample has it,
// and the square of a large error counts as far as makes its gradient that of wallStep
// (Huber's loss): after thousands of steps without any it would otherwise throw the weights
// far off.
func (s *sample) huberWeight(f [3]float64) float64 {
	if s.wall == nil {
		return 1
	}
	along, square := 0., 0.
	for k, u := range s.wall {
		d := f[k] - s.forces[0][k]
		along += d * u
		square += d * d
	}
	if along <= 0 {
		return 0
	}
	return min(1, wallStep/math.Sqrt(square))
}

// withWall adds the two atoms of a batch to it.
func (t *Trainer) withWall(batch []sample, rotations [][3][3]float64) ([]sample, [][3][3]float64, error) {
	s, ok, err := t.wall(t.state.Epoch, t.state.Batch)
	if err != nil || !ok {
		return batch, rotations, err
	}
	if rotations != nil { // its direction is random already
		rotations = append(rotations, [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})
	}
	return append(batch, s), rotations, nil
}
