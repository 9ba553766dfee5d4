package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

func smallSweep(data, output string) Sweep {
	s := Sweep{Settings: small(data, output), Widths: []int{4, 8}, Parametrizations: []string{"mup", "sp"}, From: -7, To: -6, Seeds: 2}
	s.BaseChannels, s.Epochs, s.Threads = 4, 2, 1
	return s
}

func sweep(t *testing.T, s Sweep) []Cell {
	t.Helper()
	cells, err := s.Run(context.Background(), func(Cell, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

func TestSweepIsAGridOfTrainingRuns(t *testing.T) {
	s := smallSweep(writeData(t, 10), t.TempDir())
	cells := sweep(t, s)
	if len(cells) != 2*2*2*2 {
		t.Fatalf("%d cells, want 16", len(cells))
	}
	// A cell is the run that its settings describe.
	c := cells[13]
	one := s.cell(c)
	one.Output = t.TempDir()
	var last Progress
	if err := newTrainer(t, one).Run(context.Background(), func(p Progress) { last = p }); err != nil {
		t.Fatal(err)
	}
	if c.Parametrization != "sp" || c.Channels != 8 || c.LearningRate != 1./128 || c.Seed != s.Seed+1 || c.Loss != last.ValidLoss || c.TrainLoss != last.Loss {
		t.Errorf("cell %+v, a run of its own ends with %g and %g", c, last.ValidLoss, last.Loss)
	}
	// At the base width all parametrizations are the same.
	for k := range 4 {
		if cells[k].Loss != cells[k+8].Loss {
			t.Errorf("base width: mup %g, sp %g", cells[k].Loss, cells[k+8].Loss)
		}
	}
	curves := Curves(cells, func(c Cell) float64 { return c.Loss })
	if len(curves) != 4 || len(curves[3].Losses) != 2 || curves[3].Losses[0] != (cells[12].Loss+cells[13].Loss)/2 {
		t.Errorf("curves %+v", curves)
	}
}

// TestInterruptedSweepEndsTheSame interrupts a sweep several times, with several
// cells at once, and compares the record byte for byte.
func TestInterruptedSweepEndsTheSame(t *testing.T) {
	data := writeData(t, 10)
	whole := smallSweep(data, t.TempDir())
	sweep(t, whole)
	s := smallSweep(data, t.TempDir())
	s.Threads = 3
	interrupted := 0
	for at := 1; ; at++ {
		ctx, cancel := context.WithCancel(context.Background())
		finished := 0
		_, err := s.Run(ctx, func(Cell, int, int) {
			if finished++; finished == at {
				cancel()
			}
		})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		interrupted++
	}
	if interrupted < 2 {
		t.Errorf("interrupted %d times", interrupted)
	}
	if !bytes.Equal(read(t, s.Output, SweepFile), read(t, whole.Output, SweepFile)) {
		t.Error("an interrupted sweep with three cells at once ends with another record")
	}
	if left, _ := filepath.Glob(filepath.Join(s.Output, "*", LastCheckpoint)); len(left) > 0 {
		t.Errorf("checkpoints of finished cells are left: %v", left)
	}
}

func TestSweepKeepsFinishedCells(t *testing.T) {
	s := smallSweep(writeData(t, 10), t.TempDir())
	s.Parametrizations, s.Seeds = []string{"mup"}, 1
	before := sweep(t, s)
	count := 0
	s.To++ // a larger grid: two cells more
	after, err := s.Run(context.Background(), func(Cell, int, int) { count++ })
	if err != nil || count != 2 || len(after) != 6 {
		t.Fatalf("%d cells run of %d, want 2 of 6: %v", count, len(after), err)
	}
	for _, c := range before {
		if k := slices.IndexFunc(after, c.same); k < 0 || after[k].Loss != c.Loss {
			t.Errorf("cell %+v is lost", c)
		}
	}
	s.Batch++
	if _, err := s.Run(context.Background(), nil); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("other settings: %v", err)
	}
	if err := os.WriteFile(filepath.Join(s.Output, SweepFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(context.Background(), nil); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("damaged record: %v", err)
	}
}

func TestDivergenceIsAnErrorOfItsOwn(t *testing.T) {
	trainer := newTrainer(t, small(writeData(t, 10), t.TempDir()))
	trainer.state.theta[0] = math.NaN()
	if err := trainer.Run(context.Background(), func(Progress) {}); !errors.Is(err, ErrDiverged) {
		t.Errorf("a weight that is not a number: %v", err)
	}
	c := func(rate, loss float64, diverged bool) Cell {
		return Cell{Parametrization: "mup", Channels: 8, LearningRate: rate, Loss: loss, Diverged: diverged}
	}
	curves := Curves([]Cell{c(1, 3, false), c(1, 5, false), c(2, 0, true), c(2, 1, false), c(4, 3, false)}, func(c Cell) float64 { return c.Loss })
	want := []Curve{{Parametrization: "mup", Channels: 8, Rates: []float64{1, 2, 4}, Losses: []float64{4, 0, 3}, Best: 2}}
	if !reflect.DeepEqual(curves, want) {
		t.Errorf("%+v, want %+v", curves, want)
	}
}
