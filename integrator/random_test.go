package integrator

import (
	"math"
	"slices"
	"testing"
)

func draws(r *Stream, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func TestStreamsAreIndependent(t *testing.T) {
	const n = 10_000
	streams := map[string][]float64{
		"seed 1 velocities": draws(NewStream(1, VelocityStream), n),
		"seed 1 thermostat": draws(NewStream(1, ThermostatStream), n),
		"seed 2 velocities": draws(NewStream(2, VelocityStream), n),
		"seed 0 velocities": draws(NewStream(0, VelocityStream), n),
	}
	for a, x := range streams {
		for b, y := range streams {
			sum := 0.0
			for i := range x {
				sum += x[i] * y[i] / n
			}
			want := 0.0
			if a == b {
				want = 1
			}
			// The mean of n products of normal deviates scatters by sqrt((1+want)/n).
			if math.Abs(sum-want) > 4*math.Sqrt((1+want)/n) {
				t.Errorf("%s and %s correlate by %.3f, want %g", a, b, sum, want)
			}
		}
	}
	if !slices.Equal(streams["seed 1 velocities"], draws(NewStream(1, VelocityStream), n)) {
		t.Error("the same seed gives other numbers")
	}
}

// Another number of velocity draws must not shift the noise of the thermostat.
func TestVelocityDrawsLeaveThermostatNoise(t *testing.T) {
	a, b := fluid(t, 100, 1), fluid(t, 100, 1)
	if err := (Velocities{Temperature: 100}).Draw(b, NewStream(1, VelocityStream).Rand); err != nil {
		t.Fatal(err)
	}
	if x, y := a.Noise.Uint64(), b.Noise.Uint64(); x != y {
		t.Errorf("noise %x, after another draw of velocities %x", x, y)
	}
}

func TestStreamContinuesWhereItWasSaved(t *testing.T) {
	r := NewStream(5, ThermostatStream)
	draws(r, 101) // odd: a generator that keeps a spare deviate would lose it
	data, err := r.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var back Stream
	if err := back.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(draws(r, 100), draws(&back, 100)) {
		t.Error("other numbers after a save")
	}
	if err := back.UnmarshalBinary(data[:5]); err == nil {
		t.Error("a cut state was accepted")
	}
}

func TestChiSquareDeviates(t *testing.T) {
	rng := NewStream(3, ThermostatStream).Rand
	for _, n := range []int{1, 2, 3, 4, 5, 92, 100_001} {
		x := make([]float64, 20_000)
		for i := range x {
			x[i] = chiSquare(rng, n)
		}
		expectChiSquare(t, x, n)
	}
	if x := chiSquare(rng, 0); x != 0 {
		t.Errorf("no degree of freedom gives %g", x)
	}
}
