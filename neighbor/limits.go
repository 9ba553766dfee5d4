package neighbor

import (
	"fmt"
	"math"
)

// Limits of what is a structure. They keep a wrong unit or a damaged number from
// becoming a search without end, and are far from any atoms there are.
const (
	farthest = 1e9 // Å from the origin: beyond, a distance has lost its digits
	shortest = 0.1 // Å between an atom and its image

	// mostNeighbors is the mean number of candidates per atom. Dense matter has
	// 1e4 within 25 Å.
	mostNeighbors = 10_000
	// mostImages is the number of cells around an atom, of which there is
	// at least one per period.
	mostImages = 1 << 18
	// coarsest is the rounding error of a distance, Å.
	coarsest = 1e-3
)

// spread returns the largest distance of an atom from the first along an axis,
// or what is wrong with the positions.
func spread(pos [][3]float64) (extent float64, err error) {
	if len(pos) > math.MaxInt32/4 {
		return 0, fmt.Errorf("neighbor: %d atoms: %w", len(pos), ErrTooManyEdges)
	}
	for i, x := range pos {
		if !finite(x) {
			return 0, &AtomError{i, -1, fmt.Errorf("neighbor: atom %d at %v: %w", i+1, x, ErrNotFinite)}
		}
		for k := range 3 {
			if math.Abs(x[k]) > farthest {
				return 0, &AtomError{i, -1, fmt.Errorf("neighbor: atom %d at %v Å, want at most %g Å from the origin: %w",
					i+1, x, float64(farthest), ErrUnphysical)}
			}
			extent = max(extent, math.Abs(x[k]-pos[0][k]))
		}
	}
	return extent, nil
}

// checkLength refuses a lattice vector that is no length. A square that
// overflows or vanishes is outside too.
func checkLength(k int, row [3]float64) error {
	if length := norm(row); !(length >= shortest && length <= farthest) {
		return fmt.Errorf("neighbor: lattice vector %c is %v, %.3g Å long, want %g to %g Å: is the lattice in Å? %w",
			'a'+k, row, length, shortest, float64(farthest), ErrUnphysical)
	}
	return nil
}

// checkPeriods refuses a sheared lattice whose vectors are long and whose
// periods are short.
func (c *cells) checkPeriods() error {
	for k, row := range c.frame {
		if length := norm(row); c.periodic[k] && !(length >= shortest) {
			return fmt.Errorf("neighbor: lattice %v repeats every %.3g Å, along %v, want %g Å or more: %w",
				c.lattice, length, row, shortest, ErrUnphysical)
		}
	}
	return nil
}

// checkDensity refuses a crystal that has more neighbors than could be kept.
func (c *cells) checkDensity(atoms int, cutoff float64) error {
	if c.periodic != [3]bool{true, true, true} {
		return nil // known when they are counted
	}
	volume := Volume(c.frame)
	if mean := float64(atoms) / volume * 4 / 3 * math.Pi * cutoff * cutoff * cutoff; !(mean <= mostNeighbors) {
		return fmt.Errorf("neighbor: a cell of %.3g Å³ with %d atoms has %.3g neighbors of each within %g Å, want at most %d: is the lattice in Å? %w",
			volume, atoms, mean, cutoff, mostNeighbors, ErrTooManyEdges)
	}
	return nil
}

// checkRounding refuses numbers so large that the distances in between have no
// digits.
func (c *cells) checkRounding() error {
	if !(c.slack <= coarsest) {
		return fmt.Errorf("neighbor: distances are uncertain by %.1g Å in the lattice %v, want shorter vectors of the same lattice or atoms closer to the cell: %w",
			c.slack, c.lattice, ErrUnphysical)
	}
	return nil
}

// mostEdges is the number of edges at which a search gives up.
func mostEdges(atoms int) int { return min(math.MaxInt32, mostNeighbors*atoms) }

func tooManyEdges(atoms int, cutoff float64) error {
	return fmt.Errorf("neighbor: more than %d edges of %d atoms within %g Å: are positions in Å, not fractions? %w",
		mostEdges(atoms), atoms, cutoff, ErrTooManyEdges)
}
