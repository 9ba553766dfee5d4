package train

import (
	"fmt"

	"ponita/internal/parallel"
	"ponita/neighbor"
	"ponita/potential"
)

// Prediction is what a model says of a frame.
type Prediction struct {
	Energy float64        // eV
	Forces [][3]float64   // eV/Å
	Stress *[3][3]float64 // eV/Å³, positive in tension; nil unless periodic in all directions
}

// Predict evaluates the model on every frame of the set. Threads 0 is all cores;
// the result does not depend on it.
func Predict(m *potential.Model, d *Dataset, threads int, options ...potential.Option) ([]Prediction, error) {
	out := make([]Prediction, len(d.Frames))
	err := parallel.Each(len(out), threads, func(_, k int) error {
		f, p := d.Frames[k], &out[k]
		calc, err := calculator(m, f, options)
		if err != nil {
			return fmt.Errorf("%v: %w", f.Origin, err)
		}
		p.Forces = make([][3]float64, len(f.Species))
		var virial [3][3]float64
		if p.Energy, err = calc.Compute(f.Pos, f.Lattice, p.Forces, &virial); err != nil {
			return fmt.Errorf("%v: %w", f.Origin, err)
		}
		if f.PBC == [3]bool{true, true, true} {
			volume := neighbor.Volume(f.Lattice)
			for k := range virial {
				for n := range virial[k] {
					virial[k][n] /= -volume
				}
			}
			p.Stress = &virial
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Mean returns the mean of the predictions [model][frame] of several models for the
// same frames.
func Mean(predictions [][]Prediction) []Prediction {
	share := 1 / float64(len(predictions))
	mean := make([]Prediction, len(predictions[0]))
	for k := range mean {
		mean[k].Forces = make([][3]float64, len(predictions[0][k].Forces))
		if predictions[0][k].Stress != nil {
			mean[k].Stress = new([3][3]float64)
		}
		for _, member := range predictions {
			p := member[k]
			mean[k].Energy += share * p.Energy
			addRows(mean[k].Forces, share, p.Forces)
			if p.Stress != nil {
				addRows(mean[k].Stress[:], share, p.Stress[:])
			}
		}
	}
	return mean
}

// addRows adds factor·rows to sum.
func addRows(sum [][3]float64, factor float64, rows [][3]float64) {
	for i, row := range rows {
		for a, x := range row {
			sum[i][a] += factor * x
		}
	}
}
