package forensics

import (
	"math"
)

// Magnitude is the size of the forces.
type Magnitude struct {
	RMS     float64 `json:"rms_eV_per_A"` // of a component
	Largest float64 `json:"largest_eV_per_A"`
	File    string  `json:"file"`
	Frame   int     `json:"frame"` // counted from 1
	Atom    int     `json:"atom"`  // counted from 1
}

const (
	// netNoted and netWrong are sums of the forces over the number of atoms,
	// eV/Å: float32 output stays below the first, errors that a network would
	// have to learn are above the second.
	netNoted = 1e-3
	netWrong = 5e-3
	// torqueWrong is the torque over the root of the sum of the squares of the
	// atoms' torques. A grid of integration leaves below 0.01.
	torqueWrong = 0.1
)

// netForces finds forces that do not sum to zero, and forces on a molecule that
// turn it: no potential has them.
func (e *examination) netForces() {
	for n := range e.sets {
		var noted, wrong, turning []int
		worst, worstTorque := -1, -1
		most := 0. // of those noted
		net, torque := map[int]float64{}, map[int]float64{}
		for k := range e.items {
			it := &e.items[k]
			if it.set != n || it.labels.Forces == nil || len(it.frame.Species) < 2 {
				continue
			}
			net[k] = norm(total(it.labels.Forces)) / float64(len(it.labels.Forces))
			torque[k] = relativeTorque(it)
			switch {
			case net[k] > netWrong:
				wrong = append(wrong, k)
			case net[k] > netNoted:
				noted = append(noted, k)
				most = max(most, net[k])
			case torque[k] > torqueWrong:
				turning = append(turning, k)
				if worstTorque < 0 || torque[k] > torque[worstTorque] {
					worstTorque = k
				}
			}
			if worst < 0 || net[k] > net[worst] {
				worst = k
			}
		}
		if len(wrong) > 0 {
			e.add(Warning, "net-force", e.places(wrong...),
				"a potential cannot learn such forces: look for an external field, fixed atoms, atoms left out, or forces of another frame",
				"%s with forces that do not sum to zero, up to %.3g meV/Å per atom in frame %d", plural(len(wrong), "frame"), 1e3*net[worst], e.items[worst].index+1)
		}
		if len(noted) > 0 {
			e.add(Note, "net-force", e.places(noted...), "a floor for the error of the forces; a finer grid or tighter convergence in the reference calculation lowers it",
				"%s with forces that sum to more than %g meV/Å per atom, up to %.3g", plural(len(noted), "frame"), 1e3*netNoted, 1e3*most)
		}
		if len(turning) > 0 {
			e.add(Warning, "torque", e.places(turning...), "the forces may belong to another frame, or to the same one turned differently",
				"%s of molecules with forces that turn them, up to %.2g of the torques of the atoms, in frame %d",
				plural(len(turning), "frame"), torque[worstTorque], e.items[worstTorque].index+1)
		}
	}
}

func total(vectors [][3]float64) (sum [3]float64) {
	for _, v := range vectors {
		for k := range sum {
			sum[k] += v[k]
		}
	}
	return sum
}

// relativeTorque returns |Σ x×F| / √Σ|x×F|² about the centre of a molecule, 0
// for anything periodic.
func relativeTorque(it *item) float64 {
	if it.frame.PBC != [3]bool{} {
		return 0
	}
	center := total(it.frame.Pos)
	for k := range center {
		center[k] /= float64(len(it.frame.Pos))
	}
	var sum [3]float64
	squares := 0.
	for i, f := range it.labels.Forces {
		t := cross(sub(it.frame.Pos[i], center), f)
		squares += dot(t, t)
		for k := range sum {
			sum[k] += t[k]
		}
	}
	// Below 1e-2 eV it is the convergence of small forces.
	if norm(sum) < 1e-2*math.Sqrt(float64(len(it.frame.Pos))) {
		return 0
	}
	return norm(sum) / math.Sqrt(squares)
}

// magnitude measures the forces, nil if there are none.
func (e *examination) magnitude() *Magnitude {
	var m Magnitude
	sum, components := 0., 0
	for k := range e.items {
		it := &e.items[k]
		if atom, magnitude := largestForce(it.labels.Forces); it.labels.Forces != nil && (m.Atom == 0 || magnitude > m.Largest) {
			m.Largest, m.File, m.Frame, m.Atom = magnitude, e.sets[it.set].Name, it.index+1, atom+1
		}
		for _, f := range it.labels.Forces {
			sum += dot(f, f)
			components += 3
		}
	}
	if components == 0 {
		return nil
	}
	m.RMS = math.Sqrt(sum / float64(components))
	return &m
}

// largestForce returns the atom (from 0) with the largest force and its
// magnitude, eV/Å.
func largestForce(forces [][3]float64) (atom int, magnitude float64) {
	for i, f := range forces {
		if x := norm(f); x > magnitude {
			atom, magnitude = i, x
		}
	}
	return atom, magnitude
}

// frozen finds atoms without any force among others that have some: what a
// program writes for atoms that were held fixed.
func (e *examination) frozen() {
	var frames []int
	for k := range e.items {
		it := &e.items[k]
		_, largest := largestForce(it.labels.Forces)
		zero := 0
		for _, f := range it.labels.Forces {
			if f == ([3]float64{}) {
				zero++
			}
		}
		// One atom may sit on a centre of symmetry; the forces of a crystal at
		// rest are rounded to zero.
		if zero > 1 && largest > 0.05 {
			frames = append(frames, k)
		}
	}
	e.bySet(frames, func(frames []int) {
		e.add(Warning, "frozen-atoms", e.places(frames...), "a constraint may have zeroed them in the output: take the forces of the calculation itself, or the frames out",
			"%s in which several atoms have a force of exactly zero and others do not", plural(len(frames), "frame"))
	})
}
