package properties

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Elastic is how the stress follows a small strain, σ = C ε, in GPa and in the
// order xx yy zz yz xz xy.
type Elastic struct {
	Constants [6][6]float64 `json:"constants_GPa"`             // ions relaxed at each strain: what is measured
	Clamped   [6][6]float64 `json:"constants_clamped_ion_GPa"` // ions moved with the cell
	// Softest is the smallest eigenvalue of Constants as a map of tensors, which
	// for a cubic crystal are C11 − C12, C11 + 2 C12 and 2 C44: it is stable
	// against small strains (Born) if all are positive.
	Softest float64 `json:"smallest_eigenvalue_GPa"`
}

// defaultStrain leaves an error of some 1e-4 by the third order and is far above
// rounding.
const defaultStrain = 0.005

// Elastic computes the constants of a crystal at its minimum from the stress at
// six strains of ±strain, central differences; 0 means 0.005. Cauchy's stress is
// used, which is C ε where the unstrained crystal has none.
func (f Field) Elastic(s Structure, strain float64) (*Elastic, error) {
	if strain == 0 {
		strain = defaultStrain
	}
	if !(strain > 0 && strain < 0.1) {
		return nil, fmt.Errorf("properties: strain %g, want more than 0 and less than 0.1", strain)
	}
	out := &Elastic{}
	for k := range 6 {
		for _, sign := range []float64{1, -1} {
			var e [6]float64
			e[k] = sign * strain
			clamped, err := f.Evaluate(s.Deformed(strained(e)))
			if err != nil {
				return nil, fmt.Errorf("at strain %v: %w", e, err)
			}
			relaxed, err := f.RelaxIons(clamped.Structure)
			if err != nil {
				return nil, fmt.Errorf("at strain %v: %w", e, err)
			}
			for i := range 6 {
				out.Clamped[i][k] += sign * clamped.Stress[i] / (2 * strain)
				out.Constants[i][k] += sign * relaxed.Stress[i] / (2 * strain)
			}
		}
	}
	symmetrize(&out.Clamped)
	symmetrize(&out.Constants)
	out.Softest = softest(out.Constants)
	return out, nil
}

// symmetrize removes what differences and a stress that is not quite zero leave.
func symmetrize(c *[6][6]float64) {
	for i := range 6 {
		for k := range i {
			mean := (c[i][k] + c[k][i]) / 2
			c[i][k], c[k][i] = mean, mean
		}
	}
}

func softest(c [6][6]float64) float64 {
	// In the basis of tensors a shear has length √2 (Mandel): eigenvalues in
	// Voigt's would depend on how the crystal is turned.
	size := [6]float64{1, 1, 1, math.Sqrt2, math.Sqrt2, math.Sqrt2}
	m := mat.NewSymDense(6, nil)
	for i := range 6 {
		for k := range 6 {
			m.SetSym(i, k, c[i][k]*size[i]*size[k])
		}
	}
	var eigen mat.EigenSym
	eigen.Factorize(m, false) // of six numbers, finite: it converges
	return eigen.Values(nil)[0]
}

// Cubic returns C11, C12 and C44, means over the axes.
func Cubic(c [6][6]float64) (c11, c12, c44 float64) {
	return (c[0][0] + c[1][1] + c[2][2]) / 3, (c[0][1] + c[0][2] + c[1][2]) / 3, (c[3][3] + c[4][4] + c[5][5]) / 3
}

// Bulk returns the bulk modulus for equal strains along the axes (Voigt), which
// for a cubic crystal is the bulk modulus.
func Bulk(c [6][6]float64) float64 {
	c11, c12, _ := Cubic(c)
	return (c11 + 2*c12) / 3
}

// seenFrom returns the constants along the axes of a crystal that was turned by
// x → x·r: C_abcd = r_ae r_bf r_cg r_dh C'_efgh.
func seenFrom(turned [6][6]float64, r [3][3]float64) (c [6][6]float64) {
	for i, p := range voigt {
		for k, q := range voigt {
			for e := range 3 {
				for f := range 3 {
					for g := range 3 {
						for h := range 3 {
							c[i][k] += r[p[0]][e] * r[p[1]][f] * r[q[0]][g] * r[q[1]][h] * turned[place[e][f]][place[g][h]]
						}
					}
				}
			}
		}
	}
	return c
}

// place is the number in voigt of a component.
var place = [3][3]int{{0, 5, 4}, {5, 1, 3}, {4, 3, 2}}
