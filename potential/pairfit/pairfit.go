// Package pairfit fits a pair potential to energies and forces by linear least
// squares. It is the part of the data that needs no network.
package pairfit

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"ponita/neighbor"
	"ponita/potential"
)

// Fit collects the normal equations of
//
//	Σ_frames w_E (E − E_pair)² + w_F Σ_i |F_i − F_pair,i|² → min
//
// over the coefficients of a [potential.Pair].
type Fit struct {
	config potential.Config
	normal *mat.SymDense
	right  *mat.VecDense
}

const (
	functions = 8    // for each pair of species: half a wave is as long as a bond at 5 Å
	work      = 2e10 // rows × unknowns², at most
)

// New returns an empty fit for the species, the cutoff and the envelope of c.
func New(c potential.Config) *Fit {
	n := len(c.Species)
	unknowns := n * (n + 1) / 2 * functions
	return &Fit{config: c, normal: mat.NewSymDense(unknowns, nil), right: mat.NewVecDense(unknowns, nil)}
}

// Rows returns how many equations are worth adding: more take long.
func (f *Fit) Rows() int { return int(work / float64(f.right.Len()*f.right.Len())) }

// column is the first unknown of a pair of species.
func (f *Fit) column(i, j int) int {
	i, j = min(i, j), max(i, j)
	return (j*(j+1)/2 + i) * functions
}

// Add adds a frame: its graph, each atom's index into the species, its energy
// [eV] and forces [eV/Å], either of which may be nil, and their weights.
func (f *Fit) Add(g *neighbor.Graph, kind []int, energy *float64, forces [][3]float64, energyWeight, forceWeight float64) {
	rows := 0
	if forces != nil {
		rows = 3 * len(kind)
	}
	a, b := mat.NewDense(rows+1, f.right.Len(), nil), mat.NewVecDense(rows+1, nil)
	perForce, perEnergy := math.Sqrt(forceWeight), 0.
	if energy != nil {
		perEnergy = math.Sqrt(energyWeight)
		b.SetVec(rows, perEnergy**energy)
	}
	for i, force := range forces {
		for x, v := range force {
			b.SetVec(3*i+x, perForce*v)
		}
	}
	raw := a.RawMatrix()
	var value, slope [functions]float64
	for i, si := range kind {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			sj, v := kind[g.Neighbor[e]], g.Vec[e]
			r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
			f.config.RadialBasis(value[:], slope[:], r)
			at := f.column(si, sj)
			for k := range value {
				raw.Data[rows*raw.Stride+at+k] += perEnergy * value[k] / 2 // a pair has two edges
				if forces != nil {
					for x := range v { // F_i = Σ_j V' x_ij/r
						raw.Data[(3*i+x)*raw.Stride+at+k] += perForce * slope[k] * v[x] / r
					}
				}
			}
		}
	}
	blas64.Syrk(blas.Trans, 1, raw, 1, f.normal.RawSymmetric())
	var part mat.VecDense
	part.MulVec(a.T(), b)
	f.right.AddVec(f.right, &part)
}

// ridge is the penalty on the square of the fastest function's coefficient, as a
// part of the largest element of the normal equations; it grows with the square
// of the wave number. It decides between pairs that occur only together, keeps
// those that do not occur at zero, and others smooth beyond their distances.
const ridge = 1e-4

// Solve returns the potential of least squares, none if there is nothing to
// solve.
func (f *Fit) Solve() potential.Pair {
	unknowns := f.right.Len()
	largest := 0.
	for k := range unknowns {
		largest = max(largest, f.normal.At(k, k))
	}
	system := mat.NewSymDense(unknowns, nil)
	system.CopySym(f.normal)
	for k := range unknowns {
		wave := float64(k%functions+1) / functions
		system.SetSym(k, k, system.At(k, k)+ridge*largest*wave*wave)
	}
	var factor mat.Cholesky
	var c mat.VecDense
	if largest == 0 || !factor.Factorize(system) || factor.SolveVecTo(&c, f.right) != nil {
		return potential.Pair{}
	}
	n := len(f.config.Species)
	p := potential.Pair{Coefficients: make([][][]float64, n)}
	for i := range n {
		for j := range n {
			at := f.column(i, j)
			p.Coefficients[i] = append(p.Coefficients[i], c.RawVector().Data[at:at+functions])
		}
	}
	return p
}
