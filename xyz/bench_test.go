package xyz

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// trajectory returns a file of frames with positions and forces, printed with
// the given format as data sets do.
func trajectory(frames, atoms int, format string) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for range frames {
		fmt.Fprintf(&b, "%d\nLattice=\"20.0 0.0 0.0 0.0 20.0 0.0 0.0 0.0 20.0\" "+
			"Properties=species:S:1:pos:R:3:forces:R:3 energy=%.8f pbc=\"T T T\"\n", atoms, -1e3*random.Float64())
		for i := range atoms {
			b.WriteString([]string{"O", "H", "Si"}[i%3])
			for k := range 6 {
				fmt.Fprintf(&b, format, []float64{20, 4}[k/3]*(random.Float64()-0.5))
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

var benchmarks = []struct {
	digits, format string
	frames, atoms  int
}{
	{"8", " %16.8f", 1, 100_000},
	{"8", " %16.8f", 4_000, 25},
	{"17", " %.17g", 1, 100_000},
}

func BenchmarkRead(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(fmt.Sprintf("atoms=%d/digits=%s", c.atoms, c.digits), func(b *testing.B) {
			file := trajectory(c.frames, c.atoms, c.format)
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				for _, err := range NewReader(bytes.NewReader(file), "").All() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			reportAtoms(b, c.frames*c.atoms)
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(fmt.Sprintf("atoms=%d/digits=%s", c.atoms, c.digits), func(b *testing.B) {
			frame, err := NewReader(bytes.NewReader(trajectory(1, c.atoms, c.format)), "").Read()
			if err != nil {
				b.Fatal(err)
			}
			w := NewWriter(io.Discard)
			for b.Loop() {
				if err := w.Write(frame); err != nil {
					b.Fatal(err)
				}
			}
			reportAtoms(b, c.atoms)
		})
	}
}

func reportAtoms(b *testing.B, atoms int) {
	b.ReportMetric(float64(b.N*atoms)/b.Elapsed().Seconds(), "atoms/s")
}
