package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"ponita/potential"
	"ponita/potential/properties"
	"ponita/potential/train"
	"ponita/xyz"
)

type profileCommand struct {
	Model     string `arg:"" type:"existingfile" help:"Model file."`
	File      string `arg:"" type:"existingfile" help:"Extended XYZ file: the frames of a path in their order, with or without reference energies."`
	EnergyKey string `help:"Key of the energies, eV."`
	Along     string `help:"Key with the coordinate of each frame, such as an angle; default is the number of the frame."`
	First     bool   `help:"Energies above the first frame; default is above the lowest of each curve."`
	Plot      string `help:"Draw the curves into this PNG file."`
	Grid      string `help:"Evaluate on another grid: icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62 or a file."`
	Precision string `default:"float64" enum:"float32,float64" help:"Precision of features and matrix products."`
	Threads   int    `default:"0" help:"Threads; 0 is all cores."`
	JSON      bool   `help:"Print JSON."`
}

func (c *profileCommand) Help() string {
	return "Frames are taken as they are, nothing is relaxed. The barrier is the highest less the lowest energy\n" +
		"of the frames, for the model and for the reference each."
}

func (c *profileCommand) Run() error {
	if err := checkOutput(c.Plot); err != nil {
		return err
	}
	m, err := modelFlags{Grid: c.Grid}.load(c.Model)
	if err != nil {
		return err
	}
	d, reference, err := readPath(c.File, c.EnergyKey)
	if err != nil {
		return err
	}
	coordinate, err := coordinates(d.Frames, c.Along)
	if err != nil {
		return err
	}
	var options []potential.Option
	if c.Precision == "float64" {
		options = append(options, potential.DoublePrecision())
	}
	predictions, err := train.Predict(m, d, c.Threads, options...)
	if err != nil {
		return err
	}
	var energies []float64
	for _, p := range predictions {
		energies = append(energies, p.Energy)
	}
	p, err := properties.NewProfile(coordinate, energies, reference, c.First)
	if err != nil {
		return err
	}
	name := c.Along
	if name == "" {
		name = "frame"
	}
	if c.Plot != "" {
		if err := drawProfile(c.Plot, filepath.Base(c.File), name, p); err != nil {
			return err
		}
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(p)
	}
	return printProfile(os.Stdout, name, p)
}

// readPath reads frames of the same atoms, and their energies [eV] if all have
// one.
func readPath(path, key string) (*train.Dataset, []float64, error) {
	frames, err := xyz.ReadAll(path)
	if err != nil {
		return nil, nil, err
	}
	if len(frames) < 2 {
		return nil, nil, fmt.Errorf("%s: %d frame, a path has two or more", path, len(frames))
	}
	var census xyz.Census
	for _, f := range frames {
		census.Add(f)
		if !slices.Equal(f.Species, frames[0].Species) {
			return nil, nil, fmt.Errorf("%v has other atoms, or another order of them, than frame 1: a path has the same throughout", f.Origin)
		}
	}
	labeling, err := census.Choose(xyz.LabelKeys{Energy: key})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	var reference []float64
	for _, f := range frames {
		l, err := labeling.Of(f)
		if err != nil {
			return nil, nil, err
		}
		if l.Energy != nil {
			reference = append(reference, *l.Energy)
		}
	}
	if n := len(reference); n > 0 && n < len(frames) {
		return nil, nil, fmt.Errorf("%s: %d of %d frames have the energy %q: want all, or none", path, n, len(frames), labeling.Energy)
	}
	return &train.Dataset{Frames: frames}, reference, nil
}

// coordinates returns the numbers under a key, or those of the frames.
func coordinates(frames []*xyz.Frame, key string) (x []float64, err error) {
	for i, f := range frames {
		if key == "" {
			x = append(x, float64(i+1))
			continue
		}
		switch v := f.Value(key).(type) {
		case float64:
			x = append(x, v)
		case int:
			x = append(x, float64(v))
		case nil:
			return nil, fmt.Errorf("--along %s: %v has no such key", key, f.Origin)
		default:
			return nil, fmt.Errorf("--along %s: %v has %v, want a number", key, f.Origin, v)
		}
	}
	return x, nil
}

func printProfile(out io.Writer, coordinate string, p *properties.Profile) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	columns, units := "frame\t", "\t"
	if coordinate != "frame" {
		columns, units = columns+coordinate+"\t", units+"\t"
	}
	columns, units = columns+"model\t", units+"meV\t"
	if p.Reference != nil {
		columns, units = columns+"reference\tdifference\t", units+"meV\tmeV\t"
	}
	fmt.Fprintf(w, "%s\n%s\n", columns, units)
	for i, e := range p.Model.Energies {
		fmt.Fprintf(w, "%d\t", i+1)
		if coordinate != "frame" {
			fmt.Fprintf(w, "%.6g\t", p.Coordinate[i])
		}
		fmt.Fprintf(w, "%.2f\t", e)
		if p.Reference != nil {
			fmt.Fprintf(w, "%.2f\t%.2f\t", p.Reference.Energies[i], e-p.Reference.Energies[i])
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	barrier := func(name string, c *properties.Curve) {
		fmt.Fprintf(out, "barrier of the %s: %.2f meV, from frame %d to frame %d (%s %.6g)\n",
			name, c.Barrier, c.Lowest, c.Highest, coordinate, p.Coordinate[c.Highest-1])
	}
	barrier("model", &p.Model)
	if p.Reference != nil {
		barrier("reference", p.Reference)
		fmt.Fprintf(out, "the model between these two frames: %.2f meV\n", p.AtReference)
	}
	return nil
}
