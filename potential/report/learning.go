package report

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Learning is the course of training, from the log in the model file.
type Learning struct {
	Verdict Verdict `json:"verdict"`
	Epochs  []Epoch `json:"epochs,omitempty"`
}

// Epoch is a row of the log. What it lacks is nil.
type Epoch struct {
	Epoch       int      `json:"epoch"`
	Rate        *float64 `json:"learning_rate,omitempty"`
	TrainEnergy *float64 `json:"train_energy_rmse_meV_per_atom,omitempty"`
	TrainForce  *float64 `json:"train_force_rmse_meV_per_A,omitempty"`
	ValidEnergy *float64 `json:"valid_energy_rmse_meV_per_atom,omitempty"`
	ValidForce  *float64 `json:"valid_force_rmse_meV_per_A,omitempty"`
	Best        bool     `json:"best"`
}

// readLog reads the columns of a log by their names.
func readLog(text string) ([]Epoch, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("no epochs")
	}
	column := func(row []string, name string) *float64 {
		k := slices.Index(rows[0], name)
		if k < 0 {
			return nil
		}
		v, err := strconv.ParseFloat(row[k], 64)
		if err != nil {
			return nil
		}
		return &v
	}
	var out []Epoch
	for _, row := range rows[1:] {
		epoch := column(row, "epoch")
		if epoch == nil {
			return nil, fmt.Errorf("a row without an epoch")
		}
		best := column(row, "best")
		out = append(out, Epoch{
			int(*epoch), column(row, "learning_rate"),
			column(row, "train_energy_rmse_meV_per_atom"), column(row, "train_force_rmse_meV_per_A"),
			column(row, "valid_energy_rmse_meV_per_atom"), column(row, "valid_force_rmse_meV_per_A"),
			best != nil && *best != 0,
		})
	}
	return out, nil
}

const (
	// memorized is the validation error over that of training from which on more
	// data would help more than anything else.
	memorized = 1.5
	// falling is by which part the validation error may still fall in the last
	// tenth of the epochs.
	falling = 0.05
)

// learning judges the course of the errors of the forces, of energies if there
// are no forces.
func learning(log string) *Learning {
	l := &Learning{}
	if log == "" {
		l.Verdict = verdict(None, "The model file has no log.")
		return l
	}
	var err error
	if l.Epochs, err = readLog(log); err != nil {
		l.Verdict = verdict(None, "The log in the model file cannot be read: %v.", err)
		return l
	}
	name, unit := "force", "meV/Å"
	valid, trained := l.series(func(e Epoch) (*float64, *float64) { return e.ValidForce, e.TrainForce })
	if len(valid) == 0 {
		name, unit = "energy", "meV/atom"
		valid, trained = l.series(func(e Epoch) (*float64, *float64) { return e.ValidEnergy, e.TrainEnergy })
	}
	if len(valid) == 0 {
		l.Verdict = verdict(None, "The log has no validation errors.")
		return l
	}
	n := len(valid)
	end := slices.Min(valid)
	text := fmt.Sprintf("%d epochs ended at a validation error of the %s of %s %s", n, name, short(end), unit)
	before := slices.Min(valid[:max(1, n*9/10)])
	ratio := valid[n-1] / trained[n-1]
	switch {
	case n < 10:
		l.Verdict = verdict(Caution, "%s: too few epochs to judge.", text)
	case valid[n-1] > 1.2*end:
		l.Verdict = verdict(Caution, "%s, from where it rose again to %s: the model memorises.", text, short(valid[n-1]))
	case ratio > memorized:
		l.Verdict = verdict(Caution, "%s, %.1f times that of training: more data would help.", text, ratio)
	case before-end > falling*end:
		l.Verdict = verdict(Caution, "%s and still fell by %.0f %% in the last tenth: a longer run would help.", text, 100*(before-end)/before)
	default:
		l.Verdict = verdict(Pass, "%s, %.2g times that of training, and had stopped falling.", text, ratio)
	}
	return l
}

// series returns two columns where both have a number.
func (l *Learning) series(of func(Epoch) (valid, trained *float64)) (valid, trained []float64) {
	for _, e := range l.Epochs {
		if v, t := of(e); v != nil && t != nil && !math.IsNaN(*v) && *t > 0 {
			valid, trained = append(valid, *v), append(trained, *t)
		}
	}
	return valid, trained
}
