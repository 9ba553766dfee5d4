package main

import (
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"ponita/potential"
	"ponita/potential/archive"
	"ponita/xyz"
)

type compressCommand struct {
	Model       string `arg:"" type:"existingfile" help:"Model file with polynomial kernels."`
	Output      string `arg:"" help:"Model file to write."`
	Degree      int    `default:"4" help:"Degree L of the spatial kernel. Up to 4 there is assembly for it."`
	FiberDegree int    `default:"4" help:"Degree L' of the spherical kernel; it costs nothing."`
	Grid        string `help:"Another grid of orientations, for a model on one that has no opposites: icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62 or a file."`
	Structure   string `type:"existingfile" help:"Extended XYZ file: compare energies and forces of both models on up to 100 of its frames."`
}

func (c *compressCommand) Help() string {
	return "Projects the kernels on Legendre polynomials and tabulates them in the distance, for the fast engine. The\n" +
		"table shows which part of the kernels is beyond each degree. The result cannot be trained."
}

func (c *compressCommand) Run() error {
	m, err := potential.Load(c.Model)
	if err != nil {
		return err
	}
	if c.Grid != "" {
		g, err := potential.FindGrid(c.Grid)
		if err != nil {
			return err
		}
		if m, err = m.WithGrid(g); err != nil {
			return err
		}
	}
	out, report, err := m.Compress(c.Degree, c.FiberDegree)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "degree\tspatial kernels beyond it\tspherical kernels beyond it\t")
	for l := range report.Spatial {
		fmt.Fprintf(w, "%d\t%.2e%s\t%.2e%s\t\n", l, report.Spatial[l], mark(l == c.Degree), report.Fiber[l], mark(l == c.FiberDegree))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("* in the model; radial splines of %d intervals, relative error %.1e\n", report.Intervals, report.Spline)
	if c.Structure != "" {
		if err := compare(m, out, c.Structure); err != nil {
			return err
		}
	}
	if err := archive.Save(c.Output, out); err != nil {
		return err
	}
	fmt.Printf("wrote %s\n", c.Output)
	return nil
}

func mark(chosen bool) string {
	if chosen {
		return "*"
	}
	return " "
}

// compare prints by how much two models differ on the frames of a file.
func compare(a, b *potential.Model, path string) error {
	frames, err := xyz.ReadAll(path)
	if err != nil {
		return err
	}
	frames = frames[:min(len(frames), 100)]
	var energy, force, forceSize, components float64
	for k, f := range frames {
		var e [2]float64
		var forces [2][][3]float64
		for i, m := range []*potential.Model{a, b} {
			calc, err := m.Calculator(f.Species, f.PBC, potential.DoublePrecision())
			if err != nil {
				return fmt.Errorf("%s: frame %d: %w", path, k+1, err)
			}
			forces[i] = make([][3]float64, len(f.Pos))
			var virial [3][3]float64
			if e[i], err = calc.Compute(f.Pos, f.Lattice, forces[i], &virial); err != nil {
				return fmt.Errorf("%s: frame %d: %w", path, k+1, err)
			}
		}
		d := (e[1] - e[0]) / float64(len(f.Pos))
		energy += d * d
		for i := range f.Pos {
			for x := range 3 {
				d := forces[1][i][x] - forces[0][i][x]
				force += d * d
				forceSize += forces[0][i][x] * forces[0][i][x]
				components++
			}
		}
	}
	fmt.Printf("%d frames: energies differ by %.3g meV/atom rms, forces by %.3g meV/Å rms (%.2g of their own rms)\n",
		len(frames), 1e3*math.Sqrt(energy/float64(len(frames))), 1e3*math.Sqrt(force/components), math.Sqrt(force/forceSize))
	return nil
}
