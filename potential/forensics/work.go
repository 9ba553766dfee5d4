package forensics

import (
	"math"
	"slices"

	"ponita/xyz"
)

// step is the way from one frame to a similar one: the difference of their
// labelled energies, and the work that labelled forces and stresses do on it,
//
//	ΔE = −Σ_i F_i·Δu_i + V Σ_kl σ_kl G_kl
//
// with Δu the displacement besides the strain and G = L⁻¹ΔL the strain. Forces
// and stresses are averaged over both ends, which is exact for a harmonic
// potential and leaves an error of the third order.
type step struct {
	from, to int     // items
	energy   float64 // ΔE, eV
	forces   float64 // −Σ F·Δu, eV
	bend     float64 // ½ |Σ ΔF·Δu|, eV: the second order, which bounds the third
	strained bool
	stretch  float64       // size of the diagonal of the strain
	angle    float64       // size of the rest of it
	diagonal float64       // V Σ_k σ_kk G_kk, in Å³ × the unit of the label
	shear    [3][3]float64 // the same for V σ_m (G_kl + G_lk): [m of the label][component], both yz, xz, xy
	volume   float64       // Å³, mean
}

const (
	// reach is how many of the frames that follow a frame it is compared with:
	// strained copies and trajectories lie together in a file.
	reach = 64
	// maxMove in Å and maxStrain bound a step: beyond, the third order counts.
	maxMove   = 0.12
	maxStrain = 0.045
)

// work finds the steps between similar frames with energies and whatever else
// the step needs: forces if atoms move, stresses if the cell does.
func (e *examination) work() {
	for _, group := range e.group(func(it *item) string { return sequence(it.frame) }) {
		for n, a := range group {
			for _, b := range group[n+1 : min(len(group), n+1+reach)] {
				if s, ok := e.step(a, b); ok {
					e.steps = append(e.steps, s)
				}
			}
		}
	}
}

// sequence is equal for frames of the same atoms in the same order.
func sequence(f *xyz.Frame) string {
	b := make([]byte, 0, len(f.Species)+1)
	for _, z := range f.Species {
		b = append(b, byte(z))
	}
	for _, p := range f.PBC {
		if p {
			b = append(b, 'T')
		} else {
			b = append(b, 'F')
		}
	}
	return string(b)
}

func (e *examination) step(a, b int) (s step, ok bool) {
	x, y := &e.items[a], &e.items[b]
	if x.labels.Energy == nil || y.labels.Energy == nil {
		return s, false
	}
	s = step{from: a, to: b, energy: *y.labels.Energy - *x.labels.Energy}
	var strain [3][3]float64 // symmetric, to the middle of the step
	if crystal(x.frame) {
		var dL, mid [3][3]float64
		for k := range dL {
			for l := range dL {
				dL[k][l] = y.frame.Lattice[k][l] - x.frame.Lattice[k][l]
				mid[k][l] = (y.frame.Lattice[k][l] + x.frame.Lattice[k][l]) / 2
			}
		}
		inverse := invert(mid)
		strain = multiply(inverse, dL)
		for _, row := range strain {
			if norm(row) > maxStrain {
				return s, false
			}
		}
		s.strained = norm(strain[0])+norm(strain[1])+norm(strain[2]) > 1e-7
		if s.strained && (x.labels.Stress == nil || y.labels.Stress == nil) {
			return s, false
		}
	} else if x.frame.PBC != [3]bool{} && x.frame.Lattice != y.frame.Lattice {
		return s, false
	}
	moves, largest := displacements(x.frame, y.frame)
	if largest > maxMove {
		return s, false
	}
	if largest > 1e-5 || x.labels.Forces != nil && y.labels.Forces != nil {
		if x.labels.Forces == nil || y.labels.Forces == nil {
			return s, false
		}
		for i, u := range moves {
			p, q := dot(x.labels.Forces[i], u), dot(y.labels.Forces[i], u)
			s.forces -= (p + q) / 2
			s.bend += (q - p) / 2
		}
		s.bend = math.Abs(s.bend)
	}
	if s.strained {
		s.strainWork(x, y)
	}
	return s, true
}

// shearComponents are yz, xz, xy.
var shearComponents = [3][2]int{{1, 2}, {0, 2}, {0, 1}}

// strainWork adds the work of the stresses.
func (s *step) strainWork(x, y *item) {
	change := minus(y.frame.Lattice, x.frame.Lattice)
	for _, end := range []*item{x, y} {
		half := end.frame.Volume() / 2
		s.volume += half
		g := multiply(invert(end.frame.Lattice), change)
		stress := end.labels.Stress
		s.stretch = norm([3]float64{g[0][0], g[1][1], g[2][2]})
		s.angle = norm([3]float64{g[0][1] + g[1][0], g[0][2] + g[2][0], g[1][2] + g[2][1]})
		for k := range g {
			s.diagonal += half * stress[k][k] * g[k][k]
		}
		for m, c := range shearComponents {
			for n, d := range shearComponents {
				s.shear[m][n] += half * stress[c[0]][c[1]] * (g[d[0]][d[1]] + g[d[1]][d[0]])
			}
		}
	}
}

// shears tells whether the step shears the cell, rather than stretches it.
func (s *step) shears() bool { return s.angle > 0.25*s.stretch }

// sheared returns the work of the shear stresses when component n of the stress
// is what the label has as component order[n].
func (s *step) sheared(order [3]int) (work float64) {
	for n, m := range order {
		work += s.shear[m][n]
	}
	return work
}

// displacements returns how far the atoms move from a to b besides the strain,
// Å, by the nearest images in the mean cell.
func displacements(a, b *xyz.Frame) (moves [][3]float64, largest float64) {
	moves = make([][3]float64, len(a.Pos))
	if !slices.Contains(a.PBC[:], true) || !crystal(a) {
		for i := range moves {
			moves[i] = sub(b.Pos[i], a.Pos[i])
			largest = max(largest, norm(moves[i]))
		}
		return moves, largest
	}
	from, to := invert(a.Lattice), invert(b.Lattice)
	var mean [3][3]float64
	for k := range mean {
		for l := range mean {
			mean[k][l] = (a.Lattice[k][l] + b.Lattice[k][l]) / 2
		}
	}
	for i := range moves {
		p, q := apply(a.Pos[i], from), apply(b.Pos[i], to)
		var d [3]float64
		for k := range d {
			d[k] = q[k] - p[k]
			d[k] -= math.Round(d[k])
		}
		moves[i] = apply(d, mean)
		if largest = max(largest, norm(moves[i])); largest > maxMove {
			return moves, largest
		}
	}
	return moves, largest
}

// apply returns the row vector v times m.
func apply(v [3]float64, m [3][3]float64) (w [3]float64) {
	for k := range w {
		w[k] = v[0]*m[0][k] + v[1]*m[1][k] + v[2]*m[2][k]
	}
	return w
}

func multiply(a, b [3][3]float64) (c [3][3]float64) {
	for k := range c {
		c[k] = apply(a[k], b)
	}
	return c
}

func minus(a, b [3][3]float64) (c [3][3]float64) {
	for k := range c {
		c[k] = sub(a[k], b[k])
	}
	return c
}

// invert returns the inverse of a matrix with rows that span a volume.
func invert(m [3][3]float64) (inverse [3][3]float64) {
	volume := dot(m[0], cross(m[1], m[2]))
	for k := range m {
		c := cross(m[(k+1)%3], m[(k+2)%3])
		for l := range c {
			inverse[l][k] = c[l] / volume
		}
	}
	return inverse
}
