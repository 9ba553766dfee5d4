//go:build physics

package pretrained

import (
	"math"
	"testing"

	"ponita/integrator"
)

// TestNVEDriftOfShippedModel runs 100 ps at 0.5 fs and 300 K and fits a line to
// the total energy. The bar is 0.1 meV/atom over the whole run.
func TestNVEDriftOfShippedModel(t *testing.T) {
	s, calc := start(t)
	const steps, every = 200_000, 20
	var n, sx, sy, sxx, sxy float64
	e0 := s.Conserved()
	err := integrator.VelocityVerlet{Timestep: 0.5}.Run(s, calc, steps, integrator.Every(every, func(s *integrator.State) error {
		x, y := s.Time, s.Conserved()-e0
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	slope := (n*sxy - sx*sy) / (n*sxx - sx*sx) // eV/fs
	drift := 1e3 * slope * s.Time / float64(len(s.Pos))
	t.Logf("drift of the total energy over %.0f ps: %.4f meV/atom", s.Time/1e3, drift)
	if math.Abs(drift) > 0.1 {
		t.Errorf("drift %.3f meV/atom in 100 ps, want below 0.1", drift)
	}
}
