package properties

import (
	"errors"
	"fmt"
	"log"
	"math"
	"testing"

	"ponita/integrator"
)

// birch is the equation as it is written in textbooks, at volumes of which the
// minimum is not one.
func birch(v0, e0, b, derivative float64) (volumes, energies []float64) {
	for k := range 8 {
		v := v0 * (0.93 + 0.017*float64(k))
		x := math.Pow(v0/v, 2./3)
		volumes = append(volumes, v)
		energies = append(energies, e0+9./16*v0*b/integrator.GPa*((x-1)*(x-1)*(x-1)*derivative+(x-1)*(x-1)*(6-4*x)))
	}
	return volumes, energies
}

func TestFitRecoversBirchMurnaghan(t *testing.T) {
	for _, derivative := range []float64{3, 4, 5.5} {
		eos, err := Fit(birch(20.4, -5.42, 89, derivative))
		if err != nil {
			t.Fatal(err)
		}
		near(t, "volume", eos.Volume, 20.4, 1e-9)
		near(t, "energy", eos.Energy, -5.42, 1e-12)
		near(t, "bulk modulus", eos.Bulk, 89, 1e-7)
		near(t, "derivative", eos.Derivative, derivative, 1e-6)
		if eos.RMSE > 1e-9 {
			t.Errorf("the fit is off by %g meV", eos.RMSE)
		}
	}
}

func TestFitWithoutMinimum(t *testing.T) {
	v, e := birch(20, 0, 100, 4)
	if _, err := Fit(v[:4], e[:4]); !errors.Is(err, ErrNoMinimum) { // all below the minimum
		t.Errorf("falling energies: error %v", err)
	}
	for i := range e {
		e[i] = -e[i]
	}
	if _, err := Fit(v, e); !errors.Is(err, ErrNoMinimum) {
		t.Errorf("a maximum: error %v", err)
	}
	if _, err := Fit(v[:3], e[:3]); err == nil {
		t.Error("three volumes are fitted")
	}
	if _, err := Fit([]float64{20, 20, 20, 20}, e[:4]); err == nil {
		t.Error("one volume is fitted")
	}
}

// The bulk modulus of silicon from six volumes per atom [Å³] and energies [eV].
func ExampleFit() {
	eos, err := Fit(
		[]float64{19.231, 19.845, 20.151, 20.458, 21.072, 21.686},
		[]float64{-5.40175, -5.41964, -5.42382, -5.42512, -5.42039, -5.40691})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f Å³, %.0f GPa\n", eos.Volume, eos.Bulk)
	// Output: 20.46 Å³, 90 GPa
}
