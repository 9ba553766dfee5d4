package neighbor

import (
	"fmt"
	"testing"
)

// Thermal silicon at about 300 K: 0.08 Å per direction.
const thermal = 0.08

func reportAtom(b *testing.B, atoms int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*atoms), "ns/atom")
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{2, 8, 32, 50} {
		pos, lattice := silicon(n)
		pos = rattled(pos, thermal)
		b.Run(fmt.Sprintf("system=silicon%d", len(pos)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Build(pos, lattice, everywhere, 5); err != nil {
					b.Fatal(err)
				}
			}
			reportAtom(b, len(pos))
		})
	}
}

// BenchmarkUpdate separates a step that reuses the pairs within 5 Å + 1 Å
// from one that searches for them.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{2, 8, 32} {
		pos, lattice := silicon(n)
		pos = rattled(pos, thermal)
		for _, rebuild := range []bool{false, true} {
			b.Run(fmt.Sprintf("system=silicon%d/search=%v", len(pos), rebuild), func(b *testing.B) {
				l, err := NewList(5, 1, everywhere)
				if err != nil {
					b.Fatal(err)
				}
				if _, _, err := l.Update(pos, lattice); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if rebuild {
						l.valid = false
					}
					if _, _, err := l.Update(pos, lattice); err != nil {
						b.Fatal(err)
					}
				}
				reportAtom(b, len(pos))
			})
		}
	}
}
