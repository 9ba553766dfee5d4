package forensics

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"ponita/neighbor"
	"ponita/xyz"
)

// pairFit is the pair potential, one function for each pair of elements, that
// fits the labelled forces best:
//
//	E = Σ_pairs V(r),  V(r) = Σ_k c_k B(r/h − k),   F_i = Σ_j V'(r) x_ij/r,   σ = 1/Vol Σ_pairs V'(r) x⊗x/r
//
// with B the cubic B-spline. It is linear in c and knows nothing of energies and
// stresses, which makes it a witness: a potential that explains the forces
// explains, up to its quality, how energy and stress change from frame to frame,
// in the units and with the sign of the forces.
type pairFit struct {
	coefficients []float64       // [pair of kinds][spline]
	spacing      float64         // h, Å
	energy       []float64       // [item], eV up to a constant for each composition; NaN where not evaluated
	stress       [][3][3]float64 // [item], eV/Å³
}

const (
	splines   = 14   // for each pair
	fitRows   = 6e4  // force components, at most
	fitWork   = 3e9  // rows × unknowns², at most
	evaluated = 5000 // items, at most
)

// fitPairs fits the forces of frames taken evenly from all, and evaluates
// frames taken evenly from those with another label.
func (e *examination) fitPairs() {
	unknowns := pairs(len(e.species)) * splines
	if unknowns == 0 {
		return // no atoms at all
	}
	limit := int(min(fitRows, fitWork/float64(unknowns*unknowns)))
	var labelled []int
	rows := 0
	for k := range e.items {
		if it := &e.items[k]; it.labels.Forces != nil && it.edges > 0 && 3*len(it.frame.Species) <= limit {
			labelled = append(labelled, k)
			rows += 3 * len(it.frame.Species)
		}
	}
	if rows < 3*unknowns || limit < 3*unknowns {
		return // too little data, or too many elements
	}
	var some []int
	for stride, k := 1+rows/limit, 0; k < len(labelled); k += stride {
		some = append(some, labelled[k])
	}
	p := &pairFit{spacing: e.Cutoff / splines}
	if p.coefficients = e.solve(some, p.spacing, unknowns); p.coefficients == nil {
		return
	}
	p.energy, p.stress = make([]float64, len(e.items)), make([][3][3]float64, len(e.items))
	stride := 1 + len(e.items)/evaluated
	e.each(func(k int) {
		p.energy[k] = math.NaN()
		if it := &e.items[k]; k%stride == 0 && it.err == nil {
			p.energy[k], p.stress[k] = e.evaluate(p, it.frame)
		}
	})
	e.pairs = p
}

// solve returns the coefficients that fit the forces of the items, nil if there
// are none.
func (e *examination) solve(items []int, spacing float64, unknowns int) []float64 {
	normal, right := mat.NewSymDense(unknowns, nil), mat.NewVecDense(unknowns, nil)
	for _, k := range items {
		it := &e.items[k]
		g, err := e.graph(it.frame)
		if err != nil {
			continue
		}
		design := e.design(it.frame, g, spacing, unknowns)
		var forces []float64
		for _, f := range it.labels.Forces {
			forces = append(forces, f[:]...)
		}
		blas64.Syrk(blas.Trans, 1, design.RawMatrix(), 1, normal.RawSymmetric())
		var b mat.VecDense
		b.MulVec(design.T(), mat.NewVecDense(len(forces), forces))
		right.AddVec(right, &b)
	}
	// Distances that do not occur leave coefficients undetermined: a ridge keeps
	// them at zero.
	const ridge = 1e-6
	largest := 0.
	for k := range unknowns {
		largest = max(largest, normal.At(k, k))
	}
	for k := range unknowns {
		normal.SetSym(k, k, normal.At(k, k)+ridge*largest)
	}
	var factor mat.Cholesky
	var c mat.VecDense
	if !factor.Factorize(normal) || factor.SolveVecTo(&c, right) != nil {
		return nil
	}
	return c.RawVector().Data
}

// evaluate returns energy [eV] and stress [eV/Å³] of a frame, the stress zero
// where there is no volume.
func (e *examination) evaluate(p *pairFit, f *xyz.Frame) (energy float64, stress [3][3]float64) {
	g, err := e.graph(f)
	if err != nil {
		return math.NaN(), stress
	}
	for i := range f.Species {
		for k := g.Start[i]; k < g.Start[i+1]; k++ {
			v := g.Vec[k]
			r := norm(v)
			first, value, slope := spline(r / p.spacing)
			offset := pair(e.kind(f.Species[i]), e.kind(f.Species[g.Neighbor[k]]))*splines + first
			derivative := 0.
			for n := range min(4, splines-first) {
				energy += p.coefficients[offset+n] * value[n] / 2 // each pair has two edges
				derivative += p.coefficients[offset+n] * slope[n] / p.spacing / 2
			}
			for a := range v {
				for b := range v {
					stress[a][b] += derivative * v[a] * v[b] / r
				}
			}
		}
	}
	if crystal(f) {
		volume := f.Volume()
		for a := range stress {
			for b := range stress {
				stress[a][b] /= volume
			}
		}
	}
	return energy, stress
}

// design returns ∂F/∂c: [atom×3][unknown].
func (e *examination) design(f *xyz.Frame, g *neighbor.Graph, spacing float64, unknowns int) *mat.Dense {
	a := mat.NewDense(3*len(f.Species), unknowns, nil)
	for i := range f.Species {
		for k := g.Start[i]; k < g.Start[i+1]; k++ {
			p := pair(e.kind(f.Species[i]), e.kind(f.Species[g.Neighbor[k]])) * splines
			r := norm(g.Vec[k])
			first, _, slope := spline(r / spacing)
			for n, s := range slope {
				if first+n >= splines {
					break
				}
				for x, v := range g.Vec[k] {
					row := 3*i + x
					a.Set(row, p+first+n, a.At(row, p+first+n)+s/spacing*v/r)
				}
			}
		}
	}
	return a
}

// spline returns the four cubic B-splines that are not zero at x ≥ 0, from
// number first on, and their derivatives by x. Number k is not zero from k−3 to
// k+1.
func spline(x float64) (first int, value, slope [4]float64) {
	first = int(math.Floor(x))
	t := x - math.Floor(x)
	u := 1 - t
	value = [4]float64{u * u * u / 6, (3*t*t*t - 6*t*t + 4) / 6, (3*u*u*u - 6*u*u + 4) / 6, t * t * t / 6}
	slope = [4]float64{-u * u / 2, (9*t*t - 12*t) / 6, -(9*u*u - 12*u) / 6, t * t / 2}
	return first, value, slope
}
