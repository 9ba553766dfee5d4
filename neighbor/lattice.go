package neighbor

import (
	"fmt"
	"math"
)

// Volume returns the volume |a·(b×c)| [Å³] of the cell whose vectors are the
// rows of lattice. It is zero if a row is zero, as it may be without periodicity.
func Volume(lattice [3][3]float64) float64 {
	return math.Abs(dot(lattice[0], cross(lattice[1], lattice[2])))
}

// flattest is the smallest |a·(b×c)| / |a||b||c| of a usable cell. Rounding
// alone makes coplanar vectors span about 1e-16.
const flattest = 1e-10

// completed returns the periodic rows of lattice and, in place of the others,
// unit vectors at right angles to them and to each other: a frame of three
// independent directions whatever the periodicity.
func completed(lattice [3][3]float64, pbc [3]bool) ([3][3]float64, error) {
	frame := lattice
	free := make([]int, 0, 3)
	for k := range frame {
		if !finite(lattice[k]) {
			return frame, fmt.Errorf("neighbor: lattice vector %c is %v: %w", 'a'+k, lattice[k], ErrNotFinite)
		}
		if !pbc[k] {
			free = append(free, k)
		} else if lattice[k] != ([3]float64{}) { // that is singular
			if err := checkLength(k, lattice[k]); err != nil {
				return frame, err
			}
		}
	}
	switch len(free) {
	case 3:
		frame = identity
	case 2:
		// The axis least along the only period gives the best first normal.
		k := 3 - free[0] - free[1]
		axis := 0
		for m := range 3 {
			if math.Abs(frame[k][m]) < math.Abs(frame[k][axis]) {
				axis = m
			}
		}
		frame[free[0]] = unit(cross(frame[k], identity[axis]))
		frame[free[1]] = unit(cross(frame[k], frame[free[0]]))
	case 1:
		k := free[0]
		frame[k] = unit(cross(frame[(k+1)%3], frame[(k+2)%3]))
	}
	// Not "<=": a zero row has made the volume NaN.
	if !(Volume(frame) > flattest*norm(frame[0])*norm(frame[1])*norm(frame[2])) {
		return frame, fmt.Errorf("neighbor: lattice %v, periodic %v: %w", lattice, pbc, ErrSingular)
	}
	return frame, nil
}

// reduced returns the shortest vectors that span the same lattice (a Minkowski
// reduced basis) and the whole numbers u with reduced[k] = sum_m u[k][m] frame[m].
// Rows without periodicity stay as they are. A sheared cell is thin, and its
// search would visit a needle of images; the reduced one is as compact as the
// lattice allows.
func reduced(frame [3][3]float64, pbc [3]bool) (rows [3][3]float64, u [3][3]int) {
	rows = frame
	u = unitBasis
	// subtract takes q row m and p row l from row k if that makes it shorter.
	// The margin ends the search at ties such as 60° and 120°.
	subtract := func(k, m, l int, q, p float64) bool {
		v, w := rows[k], u[k]
		for x := range v {
			v[x] -= q*rows[m][x] + p*rows[l][x]
			w[x] -= int(q)*u[m][x] + int(p)*u[l][x]
			if max(w[x], -w[x]) > 1<<24 {
				return false // shifts could overflow: rather search more cells
			}
		}
		if dot(v, v) > (1-1e-9)*dot(rows[k], rows[k]) {
			return false
		}
		rows[k], u[k] = v, w
		return true
	}
	// Sweeps converge like Euclid's algorithm, unless numbers would overflow and
	// steps are tiny. A basis that could be shorter is still right.
	const sweeps = 200
	for n, shorter := 0, true; shorter && n < sweeps; n++ {
		shorter = false
		for k := range 3 {
			for m := range 3 {
				if k == m || !pbc[k] || !pbc[m] {
					continue
				}
				q := math.Round(dot(rows[k], rows[m]) / dot(rows[m], rows[m]))
				shorter = subtract(k, m, m, min(max(q, -1<<24), 1<<24), 0) || shorter
			}
		}
		// Three vectors at 120° to each other pass the pair test though they may
		// be nearly coplanar.
		if !shorter && pbc == [3]bool{true, true, true} {
			for k := range 3 {
				for _, s := range [4][2]float64{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}} {
					shorter = subtract(k, (k+1)%3, (k+2)%3, s[0], s[1]) || shorter
				}
			}
		}
	}
	return rows, u
}

// dual returns the vectors g with g[k]·rows[m] = 1 if k = m and 0 otherwise, so
// that x·g[k] is the coordinate of x along row k, and 1/|g[k]| the distance
// between the faces that row k connects.
func dual(rows [3][3]float64) (g [3][3]float64) {
	for k := range g {
		g[k] = cross(rows[(k+1)%3], rows[(k+2)%3])
		g[k] = scaled(g[k], 1/dot(g[k], rows[k]))
	}
	return g
}

// deformation returns the matrix D that takes the rows of from to those of to,
// from·D = to.
func deformation(from, to [3][3]float64) (d [3][3]float64) {
	g := dual(from)
	for m := range 3 {
		for n := range 3 {
			for k := range 3 {
				d[m][n] += g[k][m] * to[k][n]
			}
		}
	}
	return d
}

// stretch bounds |v·d| / |v| over all v from above. It is exact for
// the unit matrix, rotations, and strains along the axes.
func stretch(d [3][3]float64) float64 {
	largest := 0.0
	for m := range 3 { // Gershgorin's bound on the eigenvalues of d·dᵀ
		sum := 0.0
		for n := range 3 {
			sum += math.Abs(dot(d[m], d[n]))
		}
		largest = max(largest, sum)
	}
	return math.Sqrt(largest)
}

var identity = [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

var unitBasis = [3][3]int{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func sub(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func norm(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

func scaled(a [3]float64, s float64) [3]float64 { return [3]float64{a[0] * s, a[1] * s, a[2] * s} }

func unit(a [3]float64) [3]float64 { return scaled(a, 1/norm(a)) }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

// finite reports whether no component is NaN or infinite.
func finite(a [3]float64) bool { return a[0]-a[0] == 0 && a[1]-a[1] == 0 && a[2]-a[2] == 0 }
