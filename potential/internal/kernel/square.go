package kernel

import "ponita/potential/internal/harmonics"

// The activation of a function on the sphere,
//
//	g(o) = q(o)/2 + q(o)²/√(2π),
//
// which is the Taylor polynomial of the GELU, in spherical harmonics:
//
//	g_m = q_m/2 + Σ_kl G_mkl q_k q_l / √(2π)
//
// q has degree L' and K = (L'+1)² harmonics, g twice the degree and M = (2L'+1)².
// Spectra are [atom][k][width].
//
//	Square        g
//	SquareDot     ġ for q̇
//	SquareT       ∂S/∂q for ∂S/∂g
//	AddCurvature  the rest of ∂S/∂q where S depends on ġ too

// The coefficients of the activation.
const (
	LinearTerm = 1. / 2
	SquareTerm = 0.39894228040143267794 // 1/√(2π)
)

// squares is the list of products for one degree.
type squares struct {
	inputs, outputs int // K, M
	groups          []harmonics.Group
	factors         []float64 // in the order of the groups' outputs in pairs, zeros left out
}

// sizes are the elements of an atom in arguments and results.
func (s *squares) sizes(width int) (in, out int) { return s.inputs * width, s.outputs * width }

// MostSquared is the highest degree L' that is squared.
const MostSquared = 4

const squareDegrees = MostSquared + 1

var squareLists = func() (lists [squareDegrees]squares) {
	for degree := range lists {
		s := squares{harmonics.Count(degree), harmonics.Count(2 * degree), harmonics.Products(degree), nil}
		for _, g := range s.groups {
			for _, p := range g.Pairs {
				for _, gaunt := range p.G {
					if gaunt != 0 {
						s.factors = append(s.factors, SquareTerm*gaunt)
					}
				}
			}
		}
		lists[degree] = s
	}
	return lists
}()

// check panics unless y has the spectra of results, and x those of arguments, of the
// same number of atoms, which it returns.
func (s *squares) check(name string, y, x, width int) (atoms int) {
	if width > 0 {
		atoms = x / (s.inputs * width)
	}
	mustMatch(name+": arguments", x, atoms*s.inputs, width)
	mustMatch(name+": results", y, atoms*s.outputs, width)
	return atoms
}

// Square writes g for q.
func (s *Set[T]) Square(g, q []T, degree, width int) {
	list := &squareLists[degree]
	atoms := list.check("Square", len(g), len(q), width)
	s.square(g, q, degree, atoms, width)
}

// SquareDot writes ġ for q and q̇.
func (s *Set[T]) SquareDot(gDot, q, qDot []T, degree, width int) {
	list := &squareLists[degree]
	atoms := list.check("SquareDot", len(gDot), len(q), width)
	mustMatch("SquareDot: tangents", len(qDot), len(q), 1)
	s.squareDot(gDot, q, qDot, degree, atoms, width)
}

// SquareT writes the adjoint of q for that of g:
//
//	dq_k = dg_k/2 + 2/√(2π) Σ_ml G_mkl dg_m q_l
func (s *Set[T]) SquareT(dq, dg, q []T, degree, width int) {
	list := &squareLists[degree]
	atoms := list.check("SquareT", len(dg), len(dq), width)
	mustMatch("SquareT: q", len(q), len(dq), 1)
	s.squareT(dq, dg, q, degree, atoms, width, false)
}

// AddCurvature adds to the adjoint of q what it gets from that of ġ:
//
//	dq_k += 2/√(2π) Σ_ml G_mkl dġ_m q̇_l
func (s *Set[T]) AddCurvature(dq, dgDot, qDot []T, degree, width int) {
	list := &squareLists[degree]
	atoms := list.check("AddCurvature", len(dgDot), len(dq), width)
	mustMatch("AddCurvature: tangents", len(qDot), len(dq), 1)
	s.squareT(dq, dgDot, qDot, degree, atoms, width, true)
}
