package forensics

import (
	"ponita/neighbor"
	"ponita/xyz"
)

// A frame of fragments farther apart than the cutoff is the same to a network wherever they
// are, and yet another structure: two molecules on their way apart. What is compared
// with others are its distances within its reach, the cutoff or as much more as connects all
// atoms.

const (
	reachStep = 1.5
	mostReach = 100 // cutoffs
)

// reach returns the reach of a frame [Å], of which g is the graph within the cutoff.
func (e *examination) reach(f *xyz.Frame, g *neighbor.Graph) float64 {
	r := e.Cutoff
	for !connected(g) && r < mostReach*e.Cutoff {
		r *= reachStep
		var err error
		if g, err = graph(f, r); err != nil {
			return e.Cutoff
		}
	}
	return r
}

// connected tells whether bonds lead from every atom to every other.
func connected(g *neighbor.Graph) bool {
	atoms := len(g.Start) - 1
	u := newUnion(atoms)
	for i := range atoms {
		for _, j := range g.Neighbor[g.Start[i]:g.Start[i+1]] {
			u.join(i, int(j))
		}
	}
	for i := range atoms {
		if u.find(i) != 0 {
			return false
		}
	}
	return true
}
