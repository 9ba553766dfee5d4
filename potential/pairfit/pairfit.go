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
	species, splines int
	spacing          float64 // h, Å
	normal           *mat.SymDense
	right            *mat.VecDense
}

const (
	spacing = 0.25 // Å, about: a bond's vibration is well within
	work    = 2e10 // rows × unknowns², at most
)

// New returns an empty fit for pairs of so many species, out to the cutoff [Å].
func New(species int, cutoff float64) *Fit {
	splines := max(4, int(math.Round(cutoff/spacing)))
	unknowns := species * (species + 1) / 2 * splines
	return &Fit{
		species: species, splines: splines, spacing: cutoff / float64(splines),
		normal: mat.NewSymDense(unknowns, nil), right: mat.NewVecDense(unknowns, nil),
	}
}

// Unknowns returns the number of coefficients.
func (f *Fit) Unknowns() int { return f.right.Len() }

// Rows returns how many equations are worth adding: more take long.
func (f *Fit) Rows() int { return int(work / float64(f.Unknowns()*f.Unknowns())) }

// column is the first coefficient of a pair of species.
func (f *Fit) column(i, j int) int {
	i, j = min(i, j), max(i, j)
	return (j*(j+1)/2 + i) * f.splines
}

// Add adds a frame: its graph, each atom's index into the species, its energy
// [eV] and forces [eV/Å], either of which may be nil, and their weights.
func (f *Fit) Add(g *neighbor.Graph, kind []int, energy *float64, forces [][3]float64, energyWeight, forceWeight float64) {
	n := len(kind)
	rows := 0
	if forces != nil {
		rows = 3 * n
	}
	a, b := mat.NewDense(rows+1, f.Unknowns(), nil), mat.NewVecDense(rows+1, nil)
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
	for i := range kind {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			v := g.Vec[e]
			r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
			first, value, slope := potential.CubicSplines(r / f.spacing)
			at := f.column(kind[i], kind[g.Neighbor[e]]) + first
			for k := range min(4, f.splines-first) {
				raw.Data[rows*raw.Stride+at+k] += perEnergy * value[k] / 2 // a pair has two edges
				if forces != nil {
					for x := range v { // F_i = Σ_j V' x_ij/r
						raw.Data[(3*i+x)*raw.Stride+at+k] += perForce * slope[k] / f.spacing * v[x] / r
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

// What the data leave open is decided by penalties, as parts of the largest
// element of the normal equations: on squares of second differences, over
// distances that do not occur; and on squares of coefficients, between pairs that
// occur only together.
const (
	smoothness = 1e-4
	ridge      = 1e-5
)

// coreCurvature is V” in eV/Å² below the shortest distance in the data, that of a
// stiff bond: the potential goes on rising until the repulsion takes over.
const coreCurvature = 30

// Solve returns the potential of least squares, none if there is nothing to
// solve.
func (f *Fit) Solve() potential.Pair {
	largest := 0.
	for k := range f.Unknowns() {
		largest = max(largest, f.normal.At(k, k))
	}
	system, right := mat.NewSymDense(f.Unknowns(), nil), mat.VecDenseCopyOf(f.right)
	system.CopySym(f.normal)
	for first := 0; first < f.Unknowns(); first += f.splines {
		f.penalize(system, right, first, largest)
	}
	var factor mat.Cholesky
	var c mat.VecDense
	if largest == 0 || !factor.Factorize(system) || factor.SolveVecTo(&c, right) != nil {
		return potential.Pair{}
	}
	p := potential.Pair{Coefficients: make([][][]float64, f.species)}
	for i := range p.Coefficients {
		for j := range f.species {
			at := f.column(i, j)
			p.Coefficients[i] = append(p.Coefficients[i], c.RawVector().Data[at:at+f.splines])
		}
	}
	return p
}

// penalize adds the penalties for one pair of species, whose coefficients start
// at first.
func (f *Fit) penalize(system *mat.SymDense, right *mat.VecDense, first int, largest float64) {
	seen := 0 // coefficients below this one meet no data
	for seen < f.splines && f.normal.At(first+seen, first+seen) == 0 {
		seen++
	}
	for k := range f.splines {
		if k >= seen || seen == f.splines {
			system.SetSym(first+k, first+k, system.At(first+k, first+k)+ridge*largest)
		}
		// V'' = (c_k − 2 c_k+1 + c_k+2)/h², with zeros after the last
		second, want := [3]float64{1, -2, 1}, 0.
		if k < seen && seen < f.splines {
			want = coreCurvature * f.spacing * f.spacing
		}
		for d := range min(3, f.splines-k) {
			right.SetVec(first+k+d, right.AtVec(first+k+d)+smoothness*largest*second[d]*want)
			for e := d; e < min(3, f.splines-k); e++ {
				i, j := first+k+d, first+k+e
				system.SetSym(i, j, system.At(i, j)+smoothness*largest*second[d]*second[e])
			}
		}
	}
}
