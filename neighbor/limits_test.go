package neighbor

import (
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// checkAbsurd searches a structure that makes no sense. Whatever it is, the
// search must end soon, take no more memory than a structure that does, and
// give the same graph or an error as a list.
func checkAbsurd(t fataler, s structure) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	g, err := Build(s.pos, s.lattice, s.pbc, s.cutoff)
	// A megabyte for cells around one atom and 38 bytes an edge are normal.
	const seconds, megabytes = 10, 256
	if took := time.Since(began); took > seconds*time.Second {
		t.Fatalf("%+v: %v", s, took)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > megabytes<<20 {
		t.Fatalf("%+v: %d bytes", s, used)
	}
	l, wrong := NewList(s.cutoff, 0.5, s.pbc)
	if wrong != nil {
		return
	}
	listed, _, wrong := l.Update(s.pos, s.lattice)
	if err == nil && wrong == nil && len(g.Neighbor) != len(listed.Neighbor) {
		t.Fatalf("%+v: %d edges, a list has %d", s, len(g.Neighbor), len(listed.Neighbor))
	}
	if err != nil && wrong == nil {
		t.Fatalf("%+v: a list accepts what Build refuses: %v", s, err)
	}
}

// absurd are numbers that wrong units, damaged files and crashed runs produce.
var absurd = []float64{
	0, 1, -1, 5, 0.1, 0.3, 1e-3, 1e-9, 5e-324, 1e-200, 1e3, 1e6, 1e9, -1e9, 1e12, 1e30, 1e155, 1e300, -math.MaxFloat64,
	math.NaN(), math.Inf(1), math.Inf(-1), 1 + 1e-15, 1.5,
}

func TestAbsurdStructuresEndSoon(t *testing.T) {
	// Too sheared for whole numbers: its vectors used to be shortened one by one.
	checkAbsurd(t, structure{
		pos:     [][3]float64{{0, 0.5, 0}, {0, 0.1, 0}},
		lattice: [3][3]float64{{0.125, -10, 0}, {0.1, -5e8, 2.9}, {0.3, 2.1, 0.32}},
		pbc:     everywhere, cutoff: 5,
	})
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.SampledFrom(absurd), rapid.Float64(), rapid.Float64Range(-10, 10))
		s := structure{cutoff: rapid.OneOf(rapid.Just(5.0), number).Draw(t, "cutoff")}
		for k := range 3 {
			s.pbc[k] = rapid.Bool().Draw(t, "periodic")
			s.lattice[k] = [3]float64{number.Draw(t, "x"), number.Draw(t, "y"), number.Draw(t, "z")}
		}
		for range rapid.IntRange(1, 4).Draw(t, "atoms") {
			s.pos = append(s.pos, [3]float64{number.Draw(t, "x"), number.Draw(t, "y"), number.Draw(t, "z")})
		}
		checkAbsurd(t, s)
	})
}

// Positions given as fractions of a cell, or in metres: all atoms see all.
func TestAtomsHeapedTogetherAreRefused(t *testing.T) {
	pos, _ := silicon(12) // 13 824
	for i := range pos {
		for k := range 3 {
			pos[i][k] /= 12 * 5.43
		}
	}
	if _, err := Build(pos, [3][3]float64{}, [3]bool{}, 5); !errors.Is(err, ErrTooManyEdges) {
		t.Errorf("%d atoms in a cubic ångström: %v", len(pos), err)
	}
	if _, _, err := newList(t, 5, 0.5, [3]bool{}).Update(pos, [3][3]float64{}); !errors.Is(err, ErrTooManyEdges) {
		t.Errorf("%d atoms in a cubic ångström: %v", len(pos), err)
	}
}

// FuzzBuild takes the numbers of a structure from bytes.
func FuzzBuild(f *testing.F) {
	for _, x := range absurd {
		var data []byte
		for k := range 16 {
			y := x
			if k%4 != 0 {
				y = float64(k)
			}
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(y))
		}
		f.Add(byte(len(data)), data)
	}
	f.Fuzz(func(t *testing.T, periodic byte, data []byte) {
		var numbers []float64
		for ; len(data) >= 8 && len(numbers) < 40; data = data[8:] {
			numbers = append(numbers, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		if len(numbers) < 13 {
			return
		}
		s := structure{cutoff: numbers[0]}
		for k := range 3 {
			s.pbc[k] = periodic>>k&1 != 0
			s.lattice[k] = [3]float64(numbers[1+3*k:])
		}
		for rest := numbers[10:]; len(rest) >= 3; rest = rest[3:] {
			s.pos = append(s.pos, [3]float64(rest))
		}
		checkAbsurd(t, s)
	})
}
