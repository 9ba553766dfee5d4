package integrator_test

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"ponita/integrator"
)

// spring is a harmonic bond between two atoms: k = 36 eV/Å² at 0.74 Å, about
// that of a hydrogen molecule.
type spring struct{}

func (spring) Compute(pos [][3]float64, _ [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	const k, length = 36.0, 0.74
	var d [3]float64
	for a := range 3 {
		d[a] = pos[1][a] - pos[0][a]
	}
	r := math.Sqrt(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])
	for a := range 3 {
		f := k * (r - length) * d[a] / r // on atom 0, towards atom 1 when stretched
		forces[0][a], forces[1][a] = f, -f
		for b := range 3 {
			virial[a][b] = -f * d[b]
		}
	}
	return k / 2 * (r - length) * (r - length), nil
}

// A stretched hydrogen molecule vibrates at constant energy.
func Example() {
	pos := [][3]float64{{0, 0, 0}, {0.84, 0, 0}}
	state, err := integrator.NewState(spring{}, pos, [3][3]float64{}, integrator.Masses([]int{1, 1}))
	if err != nil {
		log.Fatal(err)
	}
	sample := integrator.Every(5, func(s *integrator.State) error {
		t := s.Thermo()
		fmt.Printf("%4.1f fs: potential %.3f, kinetic %.3f, conserved %.3f eV\n", t.Time, t.Potential, t.Kinetic, t.Conserved)
		return nil
	})
	guard := &integrator.Guard{}
	err = integrator.VelocityVerlet{Timestep: 0.1}.Run(state, spring{}, 20, guard.Check, sample)
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	//  0.5 fs: potential 0.151, kinetic 0.029, conserved 0.180 eV
	//  1.0 fs: potential 0.082, kinetic 0.098, conserved 0.180 eV
	//  1.5 fs: potential 0.018, kinetic 0.161, conserved 0.180 eV
	//  2.0 fs: potential 0.001, kinetic 0.178, conserved 0.180 eV
}

// A thermostat takes its noise from the state, which makes a saved state a
// complete restart.
func ExampleSaveRestart() {
	directory, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	path := filepath.Join(directory, "h2.ckpt")

	const seed = 1
	pos := [][3]float64{{0, 0, 0}, {0.74, 0, 0}}
	state, err := integrator.NewState(spring{}, pos, [3][3]float64{}, integrator.Masses([]int{1, 1}))
	if err != nil {
		log.Fatal(err)
	}
	velocities := integrator.Velocities{Temperature: 300, Molecule: true}
	if err := velocities.Draw(state, integrator.NewStream(seed, integrator.VelocityStream).Rand); err != nil {
		log.Fatal(err)
	}
	state.Noise = integrator.NewStream(seed, integrator.ThermostatStream)

	bath := integrator.Langevin{Timestep: 0.1, Temperature: 300, Friction: 0.01}
	if err := bath.Run(state, spring{}, 1000); err != nil {
		log.Fatal(err)
	}
	if err := integrator.SaveRestart(path, state, nil); err != nil {
		log.Fatal(err)
	}
	resumed, _, err := integrator.LoadRestart(path)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range []*integrator.State{state, resumed} {
		if err := bath.Run(s, spring{}, 1000); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("step", resumed.Step, "same bits:", resumed.Conserved() == state.Conserved())
	// Output: step 2000 same bits: true
}
