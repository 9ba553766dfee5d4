package integrator

import (
	"math"
	"testing"
)

// With one degree of freedom stochastic rescaling is the Ornstein–Uhlenbeck
// process of its velocity, sign included: from v₀, after h, the mean is
// v₀ e^(−h/2τ) and the variance kT/m (1 − e^(−h/τ)).
func TestCSVRWithOneDegreeOfFreedomIsOrnsteinUhlenbeck(t *testing.T) {
	s, _ := trapped(t, 1, 0.05, 1)
	s.DOF = 1
	const h, tau, n = 100.0, 100.0, 50_000
	thermal := math.Sqrt(Boltzmann * 300 * PerMass / s.Masses[0])
	mean, variance := 0.5*thermal*math.Exp(-h/(2*tau)), thermal*thermal*(1-math.Exp(-h/tau))
	sum, sum2 := 0.0, 0.0
	for range n {
		s.Vel[0] = [3]float64{0.5 * thermal, 0, 0}
		CSVR{Temperature: 300, Tau: tau}.exchange(s, h)
		d := s.Vel[0][0] - mean
		sum, sum2 = sum+d/n, sum2+d*d/n
	}
	// Four standard errors of the mean and of the variance of n normal deviates.
	if math.Abs(sum) > 4*math.Sqrt(variance/n) {
		t.Errorf("mean velocity %.5g Å/fs, want %.5g", mean+sum, mean)
	}
	if math.Abs(sum2/variance-1) > 4*math.Sqrt(2./n) {
		t.Errorf("variance of the velocity %.5g Å²/fs², want %.5g", sum2, variance)
	}
}

// Three weights make the splitting of the chain one of fourth order, which the
// error of velocity Verlet hides in a run. One call is off by h⁵.
func TestNoseHooverChainIsIntegratedToFourthOrder(t *testing.T) {
	velocity := func(h float64, substeps int) float64 {
		s, _ := trapped(t, 4, 0.05, 2)
		s.Chain = Chain{make([]float64, 3), []float64{0.01, -0.02, 0.015}}
		NoseHoover{Temperature: 250, Tau: 50, Substeps: substeps}.exchange(s, h)
		return s.Chain.Velocity[0]
	}
	const coarse, fine = 2.5, 1.25 // fs, small enough for the leading order, far above rounding
	// 64 parts leave 64⁻⁴ of the error of one.
	a := math.Abs(velocity(coarse, 1) - velocity(coarse, 64))
	b := math.Abs(velocity(fine, 1) - velocity(fine, 64))
	// The next order, h⁷, is 4 % of the first at 2.5 fs: slope 4.95.
	if order := math.Log2(a / b); math.Abs(order-5) > 0.2 {
		t.Errorf("errors %.3g and %.3g of one call: order h^%.2f, want 5", a, b, order)
	}
}
