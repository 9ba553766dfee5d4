package train

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// BenchmarkGradient is one optimiser step's gradient of 8 acetylacetone-sized
// configurations on one thread, for the sizes that are trained.
func BenchmarkGradient(b *testing.B) {
	data := filepath.Join("..", "..", "..", "shared", "data", "acac", "train_300K.xyz")
	if _, err := os.Stat(data); err != nil {
		b.Skipf("the data set is not here: %v", err)
	}
	for _, size := range []struct {
		channels, degree int
		grid             string
	}{{32, 2, "12"}, {32, 3, "32"}, {64, 3, "32"}} {
		b.Run(fmt.Sprintf("channels=%d/orientations=%s/degree=%d", size.channels, size.grid, size.degree), func(b *testing.B) {
			s := Settings{Train: data, Reference: "fit", Threads: 1, Channels: size.channels, Degree: size.degree, Grid: size.grid}.WithDefaults()
			t, err := New(s, "", "")
			if err != nil {
				b.Fatal(err)
			}
			before := processorTime()
			for b.Loop() {
				if _, err := t.gradient(t.state.theta, t.samples[:8], nil, s.weights(s.LearningRate), t.grad); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(8*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
			b.ReportMetric(8*float64(b.N)/(processorTime()-before).Seconds(), "frames/cpu-s")
		})
	}
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
