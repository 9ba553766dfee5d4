package main

import (
	"fmt"
	"os"

	"ponita/potential"
	"ponita/potential/train"
	"ponita/xyz"
)

// labelFlags say where a file has its reference values.
type labelFlags struct {
	EnergyKey string `help:"Key of the energies, eV."`
	ForcesKey string `help:"Column of the forces, eV/Å."`
	StressKey string `help:"Key of the stress, eV/Å³, positive in tension."`
	VirialKey string `help:"Key of the virial, eV."`
}

func (f labelFlags) keys() xyz.LabelKeys {
	return xyz.LabelKeys{Energy: f.EnergyKey, Forces: f.ForcesKey, Stress: f.StressKey, Virial: f.VirialKey}
}

// read reads a data set, and says what in it looks like a label that it lacks.
func (f labelFlags) read(path string) (*train.Dataset, error) {
	d, err := train.ReadDataset(path, f.keys())
	if err != nil {
		return nil, err
	}
	for _, c := range d.Census.Overlooked() {
		fmt.Fprintf(os.Stderr, "warning: %s: %v\n", path, c)
	}
	if w := d.FlatStresses(); w != "" {
		fmt.Fprintf(os.Stderr, "warning: %s\n", w)
	}
	return d, nil
}

// checkRotations refuses numbers of orientations that have no deviation.
func checkRotations(n int) error {
	if n < 0 || n == 1 {
		return fmt.Errorf("rotations is %d, want 2 or more, or 0, which leaves the residual out", n)
	}
	return nil
}

// modelFlags say how a model is evaluated.
type modelFlags struct {
	Grid      string `help:"Evaluate on another grid: icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62 or a file."`
	Precision string `default:"float32" enum:"float32,float64" help:"Precision of features and matrix products."`
	Threads   int    `default:"0" help:"Threads; 0 is all cores."`
}

// load reads a model, on another grid if one is named.
func (f modelFlags) load(path string) (*potential.Model, error) {
	m, err := potential.Load(path)
	if err != nil || f.Grid == "" {
		return m, err
	}
	g, err := potential.FindGrid(f.Grid)
	if err != nil {
		return nil, err
	}
	return m.WithGrid(g)
}

// options are those of a calculator.
func (f modelFlags) options() []potential.Option {
	if f.Precision == "float64" {
		return []potential.Option{potential.DoublePrecision()}
	}
	return nil
}
