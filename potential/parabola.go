package potential

// Nearer than the two closest atoms of the training data nothing holds the radial
// functions, and what a network makes of a distance there bends as it likes. So below a
// distance r₀ ([Config.Parabola]) every one of them goes on as it ends,
//
//	φ(r) = φ(r₀) + φ'(r₀) y + ½ φ” y²,  φ'(r) = φ'(r₀) + φ” y,  y = r − r₀ < 0,
//
// with the second derivative from the slopes at three distances, the knees:
//
//	φ” = (−3 φ'(r₀) + 4 φ'(r₀+h) − φ'(r₀+2h))/2h + O(h²)
//
// Values and slopes are continuous. The second derivative has a step of O(h²), 0.13 % of its
// largest value in acac.h5; those of the splines at their nodes are 0.3 %.

// kneeStep is h, Å.
const kneeStep = 0.003

// knees is how many distances a parabola is taken from.
const knees = 3

// knees returns how many rows of φ the parabolas of all sets of functions are taken from.
func (c *Config) knees() int { return knees * len(c.Parabola) }

// curvature holds the weights of the slopes at the knees in φ”.
var curvature = [3]float64{-3 / (2 * kneeStep), 4 / (2 * kneeStep), -1 / (2 * kneeStep)}

// bent visits every pair closer than r₀, with its first knee and y.
func (f *legendreKernel[T]) bent(visit func(q, knee int, y float64)) {
	if len(f.cfg.Parabola) == 0 {
		return
	}
	for q, e := range f.e.first {
		k := int(f.e.set[q])
		if y := f.e.r[e] - f.cfg.Parabola[k]; y < 0 {
			visit(q, len(f.e.first)+knees*k, y)
		}
	}
}

// bend writes φ and φ' of the pairs closer than r₀.
func (f *legendreKernel[T]) bend(phi, phiDot []T) {
	basis := f.cfg.Basis
	row := func(x []T, q int) []T { return x[q*basis : (q+1)*basis] }
	f.bent(func(q, knee int, y float64) {
		value, slope := row(phi, q), row(phiDot, q)
		copy(value, row(phi, knee))
		f.set.AXPY(value, row(phiDot, knee), T(y))
		copy(slope, row(phiDot, knee))
		for k, w := range curvature {
			f.set.AXPY(value, row(phiDot, knee+k), T(w*y*y/2))
			f.set.AXPY(slope, row(phiDot, knee+k), T(w*y))
		}
	})
}

// bendGradient moves the adjoints of φ and φ' of the pairs closer than r₀ to the knees.
func (f *legendreKernel[T]) bendGradient(dPhi, dPhiDot []T) {
	basis := f.cfg.Basis
	row := func(x []T, q int) []T { return x[q*basis : (q+1)*basis] }
	f.bent(func(q, knee int, y float64) {
		value, slope := row(dPhi, q), row(dPhiDot, q)
		f.set.AXPY(row(dPhi, knee), value, 1)
		f.set.AXPY(row(dPhiDot, knee), value, T(y))
		f.set.AXPY(row(dPhiDot, knee), slope, 1)
		for k, w := range curvature {
			f.set.AXPY(row(dPhiDot, knee+k), value, T(w*y*y/2))
			f.set.AXPY(row(dPhiDot, knee+k), slope, T(w*y))
		}
		clear(value)
		clear(slope)
	})
}
