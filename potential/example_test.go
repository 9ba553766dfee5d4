package potential_test

import (
	"fmt"
	"log"

	"ponita/potential/pretrained"
)

// Energy and forces of a water-like fragment with a shipped model. A user's own
// model comes from potential.Load.
func Example() {
	model, err := pretrained.AcAc()
	if err != nil {
		log.Fatal(err)
	}
	calc, err := model.Calculator([]int{8, 1, 1}, [3]bool{})
	if err != nil {
		log.Fatal(err)
	}
	pos := [][3]float64{{0, 0, 0}, {0.96, 0, 0}, {-0.24, 0.93, 0}} // Å
	forces := make([][3]float64, len(pos))
	var virial [3][3]float64
	energy, err := calc.Compute(pos, [3][3]float64{}, forces, &virial)
	if err != nil {
		log.Fatal(err)
	}
	sum := 0.
	for _, e := range calc.SiteEnergies() {
		sum += e
	}
	fmt.Println("site energies add up to the energy:", sum == energy)
	// Output: site energies add up to the energy: true
}
