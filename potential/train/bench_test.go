package train

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkGradient is one optimiser step's gradient of 8 acetylacetone-sized
// configurations on one thread.
func BenchmarkGradient(b *testing.B) {
	data := filepath.Join("..", "..", "..", "shared", "data", "acac", "train_300K.xyz")
	if _, err := os.Stat(data); err != nil {
		b.Skipf("the data set is not here: %v", err)
	}
	s := Settings{Train: data, Reference: "fit", Threads: 1}.WithDefaults()
	t, err := New(s, "", "")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := t.learn.gradient(t.state.theta, t.samples[:8], nil, s.weights(s.LearningRate), t.grad); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(8*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}
