package properties

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"ponita/integrator"
)

// EquationOfState is the energy of a crystal as a function of its volume, and
// the fit of Birch and Murnaghan to it.
type EquationOfState struct {
	Volumes    []float64 `json:"volumes_A3_per_atom"`
	Energies   []float64 `json:"energies_eV_per_atom"`
	Volume     float64   `json:"volume_A3_per_atom"` // of the fit's minimum
	Energy     float64   `json:"energy_eV_per_atom"` // there
	Bulk       float64   `json:"bulk_modulus_GPa"`
	Derivative float64   `json:"bulk_modulus_derivative"` // by the pressure
	RMSE       float64   `json:"fit_rmse_meV_per_atom"`
}

const (
	// Nine volumes within 6 % of the given one, 2 % of the length.
	volumes    = 9
	volumeSpan = 0.06
)

// EquationOfState evaluates a crystal at volumes within 6 % of its own, ions
// relaxed and the cell's shape kept, and fits.
func (f Field) EquationOfState(s Structure) (*EquationOfState, error) {
	var v, e []float64
	n := float64(len(s.Pos))
	for k := range volumes {
		x := 1 + volumeSpan*(2*float64(k)/(volumes-1)-1)
		state, err := f.RelaxIons(s.scaled(math.Cbrt(x)))
		if err != nil {
			return nil, fmt.Errorf("at %.3f of the volume: %w", x, err)
		}
		v, e = append(v, x*s.Volume()/n), append(e, state.PerAtom())
	}
	return Fit(v, e)
}

// ErrNoMinimum is wrapped by the error for energies that have no minimum among
// the volumes.
var ErrNoMinimum = errors.New("no minimum of the energy")

// Fit fits the equation of Birch and Murnaghan of third order to at least four
// volumes [Å³] and energies [eV]. As a function of y = V^(-2/3) it is a
// polynomial of degree three, so that the fit is linear:
//
//	E = Σ c_k y^k,  E_y(y0) = 0,  B = 4/9 y0² E_yy/V0,  B' = 4 + 2/3 y0 E_yyy/E_yy
//
// Source: Birch, Phys. Rev. 71, 809 (1947).
func Fit(volumes, energies []float64) (*EquationOfState, error) {
	if len(volumes) < 4 || len(volumes) != len(energies) {
		return nil, fmt.Errorf("properties: %d volumes and %d energies, want four or more of both", len(volumes), len(energies))
	}
	eos := &EquationOfState{Volumes: volumes, Energies: energies}
	// In y relative to the middle and energies relative to the first, powers of
	// one size and few digits lost.
	middle := volumes[len(volumes)/2]
	at := func(v float64) float64 { return math.Pow(v/middle, -2./3) - 1 }
	powers, rest := mat.NewDense(len(volumes), 4, nil), mat.NewVecDense(len(volumes), nil)
	for i, v := range volumes {
		for k := range 4 {
			powers.Set(i, k, math.Pow(at(v), float64(k)))
		}
		rest.SetVec(i, energies[i]-energies[0])
	}
	var c mat.VecDense
	if err := c.SolveVec(powers, rest); err != nil {
		return nil, fmt.Errorf("properties: volumes %.4g to %.4g Å³ for an equation of state: %w", volumes[0], volumes[len(volumes)-1], err)
	}
	c1, c2, c3 := c.AtVec(1), c.AtVec(2), c.AtVec(3)
	// The root of c1 + 2 c2 y + 3 c3 y² at which the second derivative is positive.
	x := -2 * c1 / (2*c2 + math.Sqrt(4*c2*c2-12*c1*c3))
	second, third := 2*c2+6*c3*x, 6*c3
	y := 1 + x
	eos.Volume = middle * math.Pow(y, -1.5)
	if !(second > 0) || !(y > 0) || at(eos.Volume) < at(volumes[len(volumes)-1]) || at(eos.Volume) > at(volumes[0]) {
		return nil, fmt.Errorf("properties: volumes %.4g to %.4g Å³: %w", volumes[0], volumes[len(volumes)-1], ErrNoMinimum)
	}
	eos.Energy = energies[0] + c.AtVec(0) + x*(c1+x*(c2+x*c3))
	eos.Bulk = 4. / 9 * y * y * second / eos.Volume * integrator.GPa
	eos.Derivative = 4 + 2./3*y*third/second
	var fitted mat.VecDense
	fitted.MulVec(powers, &c)
	fitted.SubVec(&fitted, rest)
	eos.RMSE = 1e3 * mat.Norm(&fitted, 2) / math.Sqrt(float64(len(volumes)))
	return eos, nil
}
