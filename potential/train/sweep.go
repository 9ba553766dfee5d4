package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"ponita/internal/parallel"
	"ponita/internal/replace"
)

// Sweep is a grid of short training runs: learning rates that are powers of two,
// widths and parametrizations. Each run is a cell. Finished cells are kept in
// the file [SweepFile] of the output folder and are not run again, interrupted
// ones go on from their checkpoints, and the grid can be extended later. The
// results do not depend on how many cells run at once.
type Sweep struct {
	Settings         // of every cell, except what the grid sets; Threads is the number of cells at once
	Widths           []int
	Parametrizations []string
	From, To         int // exponents of the least and the largest learning rate
	Seeds            int // runs of every cell, with seeds from Settings.Seed on
}

// SweepFile is the name of the file with the finished cells.
const SweepFile = "cells.json"

// Cell is one run. Losses and errors are those at its end, of the averaged
// weights.
type Cell struct {
	Parametrization string  `json:"parametrization"`
	Channels        int     `json:"channels"`
	LearningRate    float64 `json:"learning_rate"`
	Seed            uint64  `json:"seed"`

	Diverged  bool    `json:"diverged,omitempty"`
	Loss      float64 `json:"loss,omitempty"`       // on the validation frames
	TrainLoss float64 `json:"train_loss,omitempty"` // mean over the last epoch
	Errors    *Errors `json:"errors,omitempty"`     // on the validation frames

	Warnings []string `json:"-"` // of a cell that has just been trained
}

// sweepRecord is the content of SweepFile.
type sweepRecord struct {
	Settings string `json:"settings"`
	Data     string `json:"data"`
	Cells    []Cell `json:"cells"`
}

// Validate names the first thing that cannot be used.
func (s Sweep) Validate() error {
	switch {
	case len(s.Widths) == 0 || len(s.Parametrizations) == 0 || s.Seeds < 1:
		return fmt.Errorf("train: a sweep over %d widths, %d parametrizations and %d seeds, want one or more of each", len(s.Widths), len(s.Parametrizations), s.Seeds)
	case s.From > s.To || s.From < -30 || s.To > 3:
		return fmt.Errorf("train: learning rates from 2^%d to 2^%d, want exponents from -30 to 3, the least first", s.From, s.To)
	}
	if err := errors.Join(once("width", s.Widths), once("parametrization", s.Parametrizations)); err != nil {
		return err
	}
	for _, c := range s.grid() {
		if err := s.cell(c).Validate(); err != nil {
			return err
		}
	}
	return nil
}

// once refuses a list that has something twice.
func once[T comparable](what string, list []T) error {
	for k, x := range list {
		if slices.Contains(list[:k], x) {
			return fmt.Errorf("train: %s %v is listed twice", what, x)
		}
	}
	return nil
}

// grid lists the cells in the order of the results.
func (s Sweep) grid() (cells []Cell) {
	for _, p := range s.Parametrizations {
		for _, width := range s.Widths {
			for k := s.From; k <= s.To; k++ {
				for seed := range s.Seeds {
					cells = append(cells, Cell{Parametrization: p, Channels: width, LearningRate: math.Ldexp(1, k), Seed: s.Seed + uint64(seed)})
				}
			}
		}
	}
	return cells
}

// same tells whether two cells are at one place of the grid.
func (c Cell) same(o Cell) bool {
	return c.Parametrization == o.Parametrization && c.Channels == o.Channels && c.LearningRate == o.LearningRate && c.Seed == o.Seed
}

// cell returns the settings of one run.
func (s Sweep) cell(c Cell) Settings {
	out := s.Settings
	out.Parametrization, out.Channels, out.LearningRate, out.Seed = c.Parametrization, c.Channels, c.LearningRate, c.Seed
	out.Threads = 1
	out.Output = filepath.Join(s.Output, fmt.Sprintf("%s-c%d-lr%g-seed%d", c.Parametrization, c.Channels, c.LearningRate, c.Seed))
	return out
}

// identity is what all cells have in common.
func (s Sweep) identity() string {
	common := s.cell(Cell{})
	return fmt.Sprintf("%d epochs, %s", s.Epochs, common.identity())
}

// Run trains all cells that are not finished and returns all of the grid. When
// the context is done it writes the checkpoints of the running cells and returns
// ErrInterrupted. report is called, by one goroutine at a time, for every cell
// that this call finishes.
func (s Sweep) Run(ctx context.Context, report func(c Cell, finished, total int)) ([]Cell, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	data, valid, err := s.read()
	if err != nil {
		return nil, err
	}
	record, err := s.open(data, valid)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	grid, left := s.grid(), make([]Cell, 0)
	for _, c := range grid {
		if !slices.ContainsFunc(record.Cells, c.same) {
			left = append(left, c)
		}
	}
	var mu sync.Mutex
	var failure error // of a cell that did not just stop because it was told to
	finished := len(grid) - len(left)
	err = parallel.Each(len(left), s.Threads, func(_, k int) error {
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		c, err := s.train(ctx, left[k], data, valid)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			cancel() // the others stop at their next step, with a checkpoint
			if failure == nil && !errors.Is(err, ErrInterrupted) {
				failure = err
			}
			return err
		}
		record.Cells = append(record.Cells, c)
		finished++
		report(c, finished, len(grid))
		return s.save(record, grid)
	})
	if failure != nil {
		return nil, failure
	}
	if err != nil {
		return nil, err
	}
	return record.Cells[:len(grid)], nil
}

// open returns the record in the output folder, an empty one if there is none.
func (s Sweep) open(data, valid *Dataset) (*sweepRecord, error) {
	sources, err := s.sources(data, valid)
	if err != nil {
		return nil, err
	}
	want := sweepRecord{Settings: s.identity(), Data: sources}
	if err := os.MkdirAll(s.Output, 0o755); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	path := filepath.Join(s.Output, SweepFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &want, s.save(&want, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var there sweepRecord
	if err := json.Unmarshal(text, &there); err != nil {
		return nil, fmt.Errorf("train: %s: %v: %w", path, err, ErrCheckpoint)
	}
	if there.Settings != want.Settings {
		return nil, fmt.Errorf("train: %s belongs to a sweep with other settings\n  there: %s\n  here:  %s\n%w", path, there.Settings, want.Settings, ErrCheckpoint)
	}
	if there.Data != want.Data {
		return nil, fmt.Errorf("train: %s belongs to other data, isolated atoms or another model to start from: %w", path, ErrCheckpoint)
	}
	return &there, s.save(&there, s.grid())
}

// save writes the record, its cells in the order of the grid and those of other
// grids behind, so that the file does not depend on which cell was done first.
func (s Sweep) save(r *sweepRecord, grid []Cell) error {
	place := func(c Cell) int {
		if k := slices.IndexFunc(grid, c.same); k >= 0 {
			return k
		}
		return len(grid)
	}
	slices.SortStableFunc(r.Cells, func(a, b Cell) int { return place(a) - place(b) })
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("train: %s: %w", SweepFile, err)
	}
	return replace.File(filepath.Join(s.Output, SweepFile), append(text, '\n'))
}

// train runs one cell, from its checkpoint if it has one.
func (s Sweep) train(ctx context.Context, c Cell, data, valid *Dataset) (Cell, error) {
	t, err := s.trainer(c, data, valid)
	if err != nil {
		return c, err
	}
	c.Warnings = t.Warnings
	var last Progress
	err = t.Run(ctx, func(p Progress) { last = p })
	switch {
	case errors.Is(err, ErrDiverged):
		c.Diverged = true
	case err != nil:
		return c, err
	default:
		c.Loss, c.TrainLoss, c.Errors = last.ValidLoss, last.Loss, last.Valid
	}
	if err := os.Remove(t.path(LastCheckpoint)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return c, fmt.Errorf("train: %w", err)
	}
	return c, nil
}

func (s Sweep) trainer(c Cell, data, valid *Dataset) (*Trainer, error) {
	set := s.cell(c)
	t, err := assemble(set, data, valid, "", "")
	if err != nil {
		return nil, err
	}
	t.discard = true
	if _, err := os.Stat(t.path(LastCheckpoint)); err != nil {
		return t, nil
	}
	if err := t.Resume(); err != nil {
		return nil, err
	}
	if t.state.Epoch < set.Epochs {
		return t, nil
	}
	// It came to its end but not into the record: the last progress is lost.
	if t, err = assemble(set, data, valid, "", ""); err == nil {
		t.discard = true
	}
	return t, err
}

// Curve is the loss against the learning rate for one width, averaged over
// seeds.
type Curve struct {
	Parametrization string    `json:"parametrization"`
	Channels        int       `json:"channels"`
	Rates           []float64 `json:"learning_rates"`
	Losses          []float64 `json:"losses"` // [rate], 0 where a run diverged
	Best            int       `json:"best"`   // index of the least loss, -1 if all diverged
}

// Curves collects the cells of a sweep, in their order. loss is what is compared.
func Curves(cells []Cell, loss func(Cell) float64) []Curve {
	var all []Curve
	for k := 0; k < len(cells); {
		c := cells[k]
		if n := len(all); n == 0 || all[n-1].Parametrization != c.Parametrization || all[n-1].Channels != c.Channels {
			all = append(all, Curve{Parametrization: c.Parametrization, Channels: c.Channels, Best: -1})
		}
		sum, seeds, diverged := 0., 0., false
		for ; k < len(cells) && cells[k].LearningRate == c.LearningRate && cells[k].Channels == c.Channels && cells[k].Parametrization == c.Parametrization; k++ {
			sum, seeds, diverged = sum+loss(cells[k]), seeds+1, diverged || cells[k].Diverged
		}
		if diverged {
			sum = 0
		}
		last := &all[len(all)-1]
		last.Rates, last.Losses = append(last.Rates, c.LearningRate), append(last.Losses, sum/seeds)
		if n := len(last.Losses) - 1; !diverged && (last.Best < 0 || last.Losses[n] < last.Losses[last.Best]) {
			last.Best = n
		}
	}
	return all
}
