package train

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// trained are the sizes that models of acetylacetone are trained at, of three layers.
var trained = []struct {
	channels, widening int
	grid               string
}{{32, 4, "12"}, {64, 2, "12"}, {32, 4, "32"}, {64, 2, "32"}}

// benchTrainer returns a run on so many threads.
func benchTrainer(b *testing.B, channels, widening int, grid string, threads int) *Trainer {
	data := filepath.Join("..", "..", "..", "shared", "data", "acac", "train_300K.xyz")
	if _, err := os.Stat(data); err != nil {
		b.Skipf("the data set is not here: %v", err)
	}
	s := Settings{
		Train: data, Reference: "fit", Threads: threads, Layers: 3, Channels: channels, Widening: widening, Grid: grid, Batch: 2, Output: b.TempDir(),
	}.WithDefaults()
	t, err := New(s, "", "")
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// eachSize runs a benchmark for the sizes that are trained and reports frames per
// second, on the clock and of processor time.
func eachSize(b *testing.B, frames int, body func(t *Trainer) error) {
	for _, size := range trained {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("channels=%d/widening=%d/orientations=%s/threads=%d", size.channels, size.widening, size.grid, threads), func(b *testing.B) {
				t := benchTrainer(b, size.channels, size.widening, size.grid, threads)
				before := processorTime()
				for b.Loop() {
					if err := body(t); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(frames*b.N)/b.Elapsed().Seconds(), "frames/s")
				b.ReportMetric(float64(frames*b.N)/(processorTime()-before).Seconds(), "frames/cpu-s")
			})
		}
	}
}

// BenchmarkGradient is one gradient of 8 configurations of acetylacetone.
func BenchmarkGradient(b *testing.B) {
	eachSize(b, 8, func(t *Trainer) error {
		_, err := t.gradient(t.state.theta, t.samples[:8], nil, t.settings.weights(t.settings.LearningRate), t.grad)
		return err
	})
}

// BenchmarkStep is a whole step of the optimiser with batches of two.
func BenchmarkStep(b *testing.B) {
	eachSize(b, 2, func(t *Trainer) error {
		t.state.Batch = 0
		_, err := t.step([]int{0, 1}, 1)
		return err
	})
}

// BenchmarkCloseEpoch is what follows the last step of an epoch: validation, here
// of 50 configurations, and checkpoint.
func BenchmarkCloseEpoch(b *testing.B) {
	eachSize(b, 50, func(t *Trainer) error { return t.closeEpoch(&Progress{}) })
}

// processorTime is that of the process so far: on a shared machine it is steadier
// than the clock.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
