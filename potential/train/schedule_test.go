package train

import (
	"context"
	"math"
	"slices"
	"testing"
)

// TestOddGradientIsClipped: a gradient a thousand times the usual one counts as four of
// them, and hardly moves the mean that the next are compared with; many of them do.
func TestOddGradientIsClipped(t *testing.T) {
	var p progress
	take := func(norm float64) (clipped float64) {
		clipped = min(norm, p.largestNorm(4))
		p.averageNorm(clipped)
		p.Step++
		return clipped
	}
	for k := range 150 {
		norm := 1 + 0.5*float64(k%3-1)
		if got := take(norm); got != norm {
			t.Fatalf("a gradient of %g is clipped to %g", norm, got)
		}
	}
	if got := take(1000); math.Abs(got-4) > 0.1 {
		t.Errorf("a gradient a thousand times the mean is clipped to %g of it, want 4", got)
	}
	if math.Abs(p.Norm-1.03) > 0.02 {
		t.Errorf("after it the mean is %g, want 1.03", p.Norm)
	}
	for range 500 {
		take(1000)
	}
	if got := take(1000); got != 1000 {
		t.Errorf("after 500 such gradients they are still clipped, to %g", got)
	}
}

// TestOddFrameDoesNotThrowTheWeightsOff: one step with a frame whose forces are absurd
// moves the weights as far as others do.
func TestOddFrameDoesNotThrowTheWeightsOff(t *testing.T) {
	s := small(writeData(t, 20), t.TempDir())
	s.Epochs = 20
	trainer := newTrainer(t, s)
	if err := trainer.Run(context.Background(), func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	st := &trainer.state
	usual, before := st.Norm, slices.Clone(st.optimizer.M)
	forces := trainer.samples[0].forces
	forces[0][0] += 1e4
	p, err := trainer.step([]int{0}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Norm < 1e3*usual {
		t.Fatalf("the gradient is %g, usually %g: not odd", p.Norm, usual)
	}
	moved := 0.
	for k, v := range st.optimizer.M {
		moved += (v - before[k]) * (v - before[k])
	}
	if moved = math.Sqrt(moved); moved > 4*usual {
		t.Errorf("the optimiser's mean gradient moved by %g, where a usual gradient is %g", moved, usual)
	}
}

// TestMomentumLengthens: the mean of gradients that Muon follows is one of 20 at the peak of
// the rate, whatever that is, and of more the lower the rate.
func TestMomentumLengthens(t *testing.T) {
	s := Settings{}.WithDefaults()
	for _, peak := range []float64{0.001, 0.004} {
		s.LearningRate = peak
		last := 0.
		for _, test := range []struct{ epoch, gradients float64 }{
			{s.WarmUp, 20}, {s.WarmUp + (float64(s.Epochs)-s.WarmUp)/2, 38.8}, {float64(s.Epochs), 646},
		} {
			got := 1 / (1 - s.momentum(s.rate(test.epoch, 0)))
			if math.Abs(got/test.gradients-1) > 0.01 || got <= last {
				t.Errorf("peak %g, epoch %g: a mean of %.1f gradients, want %.1f", peak, test.epoch, got, test.gradients)
			}
			last = got
		}
	}
}
