package potentialtest

import (
	"math"
	"testing"
)

// morse is a smooth pair potential with a cutoff, in a form simple enough to be
// right. A fault makes it wrong on purpose.
type morse struct {
	pbc   [3]bool
	fault string
}

const morseCutoff = 3.0

func (m morse) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	clear(forces)
	*virial = [3][3]float64{}
	energy := 0.
	images := 0
	if m.pbc[0] {
		images = 6 // reaches atoms moved by a few lattice vectors
	}
	for i := range pos {
		for j := range pos {
			for a := -images; a <= images; a++ {
				for b := -images; b <= images; b++ {
					for c := -images; c <= images; c++ {
						var x [3]float64
						for k := range x {
							x[k] = pos[j][k] - pos[i][k] + float64(a)*lattice[0][k] + float64(b)*lattice[1][k] + float64(c)*lattice[2][k]
						}
						r := math.Sqrt(x[0]*x[0] + x[1]*x[1] + x[2]*x[2])
						if r == 0 || r >= morseCutoff {
							continue
						}
						q := 1 - r/morseCutoff
						energy += 0.5 * q * q * q * math.Cos(r)
						slope := 0.5 * (-3/morseCutoff*q*q*math.Cos(r) - q*q*q*math.Sin(r))
						for k := range 3 {
							forces[i][k] += slope * x[k] / r
							forces[j][k] -= slope * x[k] / r
							for l := range 3 {
								virial[k][l] -= slope * x[k] * x[l] / r
							}
						}
					}
				}
			}
		}
	}
	switch m.fault {
	case "force":
		forces[0][0] *= 1.01
	case "virial":
		virial[0][1] += 0.01
	case "origin":
		energy += 1e-3 * pos[0][0]
	case "energy":
		energy += 1e-4
	}
	return energy, nil
}

func potential(fault string) Potential {
	return Potential{
		New:     func(_ []int, pbc [3]bool) (Calculator, error) { return morse{pbc, fault}, nil },
		Species: []int{1}, Cutoff: morseCutoff,
		Isolated: func(int) float64 { return 0 },
	}
}

func TestRightPotentialPasses(t *testing.T) { Run(t, potential("")) }

// TestWrongPotentialsFail runs each check on a potential with a matching fault:
// a check that cannot fail would be worth nothing. It does so in a separate
// testing.T whose failure is the success.
func TestWrongPotentialsFail(t *testing.T) {
	for fault, check := range map[string]func(*testing.T, Potential){
		"force": forces, "virial": virial, "origin": translation, "energy": extensive,
	} {
		if !fails(func(t *testing.T) { check(t, potential(fault)) }) {
			t.Errorf("a wrong %s went unnoticed", fault)
		}
	}
}

// fails runs a test function on its own and tells whether it failed.
func fails(f func(*testing.T)) bool {
	inner := &testing.T{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(inner)
	}()
	<-done
	return inner.Failed()
}
