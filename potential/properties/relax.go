package properties

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

const (
	// tolerance of every force component, eV/Å, and of every ∂E/∂ε per
	// cellLength. It leaves errors of some 1e-11 eV in energies and 1e-3 GPa in
	// stresses.
	tolerance = 1e-5
	// firstStep is how far the first step of a relaxation goes, Å: L-BFGS starts
	// with a step of length one in its variables.
	firstStep = 0.05
	// mostSteps is far more than a crystal needs.
	mostSteps = 2000
)

// cellLength is by what a strain is multiplied, in Å, to be as stiff as a
// displacement: an atom's ½ V C ε² beside ½ k x² with V = 20 Å³, C = 1 eV/Å³ and
// k = 5 eV/Å², N atoms.
func cellLength(atoms int) float64 { return 2 * math.Sqrt(float64(atoms)) }

// RelaxIons moves atoms into a minimum of the energy, in the cell as it is, until
// no component of a force exceeds 1e-5 eV/Å. It fails where no minimum is found.
func (f Field) RelaxIons(s Structure) (State, error) { return f.relax(s, false) }

// RelaxCell moves atoms and cell into a minimum of the energy, until no component
// of a force exceeds 1e-5 eV/Å and the stress is as small. The cell does not turn.
func (f Field) RelaxCell(s Structure) (State, error) { return f.relax(s, true) }

// relax minimizes by L-BFGS over the variables
//
//	x0_i = s.Pos_i + firstStep·u_i,   ε = firstStep/cellLength · u
//	x_i  = x0_i (1+ε),                lattice = s.Lattice (1+ε)
//
// with ε symmetric. The gradient is then ∂E/∂x0 = −F (1+ε) and, with the virial
// W = −∂E/∂ε at the deformed cell, ∂E/∂(1+ε) = −(1+ε)⁻¹ W.
func (f Field) relax(s Structure, cell bool) (State, error) {
	w, err := f.work(s)
	if err != nil {
		return State{}, err
	}
	m := &minimum{work: w, start: s, x: make([]float64, 3*len(s.Pos))}
	if cell {
		m.x = make([]float64, 3*len(s.Pos)+6)
	}
	m.gradient = make([]float64, len(m.x))
	zero := make([]float64, len(m.x))
	m.compute(zero)
	best := zero
	if m.err == nil && floats.Norm(m.gradient, math.Inf(1)) > tolerance*firstStep {
		result, err := optimize.Minimize(optimize.Problem{
			Func: func(x []float64) float64 { m.compute(x); return m.energy },
			Grad: func(g, x []float64) { m.compute(x); copy(g, m.gradient) },
			Status: func() (optimize.Status, error) {
				if m.err != nil {
					return optimize.Failure, m.err
				}
				return optimize.NotTerminated, nil
			},
		}, zero, &optimize.Settings{
			GradientThreshold: tolerance * firstStep, Converger: optimize.NeverTerminate{}, MajorIterations: mostSteps,
		}, &optimize.LBFGS{})
		if result == nil {
			return State{}, fmt.Errorf("properties: relaxation: %w", err)
		}
		best = result.X
		if left := floats.Norm(result.Gradient, math.Inf(1)) / firstStep; m.err == nil && !(left <= tolerance) {
			return State{}, fmt.Errorf("properties: relaxation ended after %d steps with a force of %.2g eV/Å, want %g: %v", result.MajorIterations, left, tolerance, err)
		}
	}
	if m.err != nil {
		return State{}, m.err
	}
	return w.state(m.structure(best))
}

// minimum is the function that relax minimizes.
type minimum struct {
	work  *work
	start Structure

	x        []float64 // of the last evaluation
	energy   float64
	gradient []float64
	done     bool
	err      error
}

func (m *minimum) strain(u []float64) (e [6]float64) {
	n := 3 * len(m.start.Pos)
	for k := range u[n:] {
		e[k] = u[n+k] * firstStep / cellLength(len(m.start.Pos))
	}
	return e
}

func (m *minimum) structure(u []float64) Structure {
	s := Structure{Species: m.start.Species, Pos: make([][3]float64, len(m.start.Pos)), Lattice: m.start.Lattice}
	for i, x := range m.start.Pos {
		for k := range x {
			s.Pos[i][k] = x[k] + firstStep*u[3*i+k]
		}
	}
	return s.Deformed(strained(m.strain(u)))
}

// compute evaluates energy and gradient, once for each place.
func (m *minimum) compute(u []float64) {
	if m.err != nil || m.done && floats.Equal(u, m.x) {
		return
	}
	copy(m.x, u)
	m.done = true
	m.energy, m.err = m.work.at(m.structure(u))
	if m.err != nil {
		return
	}
	f := strained(m.strain(u))
	n := 3 * len(m.start.Pos)
	for i, force := range m.work.forces {
		for k, v := range apply(force, f) {
			m.gradient[3*i+k] = -v * firstStep
		}
	}
	if len(u) == n {
		return
	}
	var inverse, d mat.Dense
	if m.err = inverse.Inverse(dense(f)); m.err != nil {
		m.err = fmt.Errorf("properties: the cell collapses: %w", m.err)
		return
	}
	d.Mul(&inverse, dense(m.work.virial))
	for k, p := range voigt {
		// A shear stands at two places of the tensor, at each with half its value.
		m.gradient[n+k] = -(d.At(p[0], p[1]) + d.At(p[1], p[0])) / 2 * firstStep / cellLength(len(m.start.Pos))
	}
}

func dense(m [3][3]float64) *mat.Dense {
	return mat.NewDense(3, 3, []float64{m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2], m[2][0], m[2][1], m[2][2]})
}
