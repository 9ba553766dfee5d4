//go:build physics

package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestDemoConservesEnergyAtThreeHundredKelvin(t *testing.T) {
	needModel(t)
	stdout := mustRun(t, t.TempDir(), "demo", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var end struct {
		T     float64 `json:"T_K"`
		Drift float64 `json:"drift_meV_per_atom_ns"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil {
		t.Fatal(err)
	}
	// The conserved energy scatters by some 0.1 meV/atom, of which 500 rows over
	// 10 ps make a slope of about 1 meV/atom/ns.
	if math.Abs(end.Drift) > 5 {
		t.Errorf("the conserved energy drifts by %.2g meV/atom/ns", end.Drift)
	}
	// At constant energy the mean temperature is that of the moment at which
	// the equilibration ended: 300 K ± 300 K/sqrt(39).
	if end.T < 250 || end.T > 350 {
		t.Errorf("mean temperature %.0f K", end.T)
	}
}
