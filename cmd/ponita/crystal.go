package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"

	"ponita/potential/properties"
	"ponita/potential/train"
	"ponita/xyz"
)

type crystalCommand struct {
	Model   string  `arg:"" type:"existingfile" help:"Model file."`
	Lattice string  `required:"" enum:"sc,fcc,bcc,diamond,hcp" help:"sc, fcc, bcc, diamond or hcp."`
	Element string  `help:"Symbol of the element; not needed for a model of one."`
	Start   float64 `default:"0" help:"Lattice constant to relax from, Å; 0 searches for the lowest minimum."`
	Size    int     `default:"0" help:"Cells along each axis of the supercell for the vacancy; 0: sides of 9 Å at least."`
	Strain  float64 `default:"0.005" help:"Strain for the elastic constants, by central differences."`
	Quick   bool    `help:"Leave out vacancy and phonons."`
	Turns   int     `default:"0" help:"Repeat all with the crystal turned in space, so many times, and print the deviation: the rotation residual of the results."`
	Grid    string  `help:"Evaluate on another grid: icosahedron12, dodecahedron20, icosahedral32, icosahedral42, icosahedral62 or a file."`
	Seed    uint64  `default:"1" help:"Seed of the turns."`
	Threads int     `default:"0" help:"Threads; 0 is all cores."`
	JSON    bool    `help:"Print JSON."`
}

func (c *crystalCommand) Help() string {
	return "At zero temperature and pressure, in float64: the lattice is relaxed, strained, compressed, an atom taken out\n" +
		"and atoms displaced. Stress is positive in tension, the cohesive energy, which needs a model with energies of\n" +
		"isolated atoms, positive if the crystal is bound.\n" +
		"The vacancy is relaxed at constant volume; a larger --size brings its images further apart."
}

func (c *crystalCommand) Run() error {
	m, err := modelFlags{Grid: c.Grid}.load(c.Model)
	if err != nil {
		return err
	}
	if c.Strain == 0 { // in Options that is the default, here somebody has typed it
		return fmt.Errorf("--strain is 0, want a small positive number")
	}
	o := properties.Options{
		Lattice: c.Lattice, Start: c.Start, Size: c.Size, Strain: c.Strain, Quick: c.Quick, Threads: c.Threads,
	}
	if c.Element != "" {
		if o.Element = xyz.AtomicNumber(c.Element); o.Element == 0 {
			return fmt.Errorf("--element %q: want the symbol of an element, such as Si", c.Element)
		}
	}
	crystal, err := properties.Compute(m, o)
	if err != nil {
		return err
	}
	var turned []*properties.Crystal
	rng := rand.New(rand.NewPCG(c.Seed, 0))
	for range c.Turns {
		o.Turn = train.Rotation(rng)
		t, err := properties.Compute(m, o)
		if err != nil {
			return fmt.Errorf("the crystal turned by %.3f: %w", o.Turn, err)
		}
		turned = append(turned, t)
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			*properties.Crystal
			Turned []*properties.Crystal `json:"turned,omitempty"`
		}{crystal, turned})
	}
	return printCrystal(os.Stdout, crystal, turned)
}

// number is a line of the table.
type number struct {
	name, unit, format string
	of                 func(*properties.Crystal) float64
	note               func(*properties.Crystal) string
}

// printCrystal writes a table, with the root mean square change by turning.
func printCrystal(out io.Writer, c *properties.Crystal, turned []*properties.Crystal) error {
	fmt.Fprintf(out, "%s %s, %d atoms in the cell\n", c.Lattice, c.Element, len(c.Relaxed.Pos))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, n := range numbers(c) {
		change := ""
		if len(turned) > 0 {
			var squares []float64
			for _, t := range turned {
				d := n.of(t) - n.of(c)
				squares = append(squares, d*d)
			}
			change = fmt.Sprintf("± "+n.format, math.Sqrt(stat.Mean(squares, nil)))
		}
		note := ""
		if n.note != nil {
			note = n.note(c)
		}
		fmt.Fprintf(w, "%s\t"+n.format+"\t%s\t%s\t%s\n", n.name, n.of(c), change, n.unit, note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(turned) > 0 {
		fmt.Fprintf(out, "±: root mean square change over %d turns of the crystal in space\n", len(turned))
	}
	return nil
}

func numbers(c *properties.Crystal) []number {
	type crystal = *properties.Crystal
	constant := func(i, k int) func(crystal) float64 {
		return func(c crystal) float64 { return c.Elastic.Constants[i][k] }
	}
	clamped := func(i, k int) func(crystal) string {
		return func(c crystal) string { return fmt.Sprintf("%.1f with clamped ions", c.Elastic.Clamped[i][k]) }
	}
	list := []number{{"lattice constant a", "Å", "%.4f", func(c crystal) float64 { return c.Constant }, nil}}
	if c.Ratio > 0 {
		list = append(list, number{"c/a", "", "%.4f", func(c crystal) float64 { return c.Ratio }, nil})
	}
	list = append(list,
		number{"volume", "Å³/atom", "%.4f", func(c crystal) float64 { return c.Volume }, nil},
		number{"energy", "eV/atom", "%.5f", func(c crystal) float64 { return c.Energy }, func(c crystal) string {
			if c.Cohesive == nil {
				return "no cohesive energy: the model's reference energies are a fit"
			}
			return ""
		}})
	if c.Cohesive != nil {
		list = append(list, number{"cohesive energy", "eV/atom", "%.5f", func(c crystal) float64 { return *c.Cohesive }, nil})
	}
	list = append(list,
		number{"bulk modulus", "GPa", "%.1f", func(c crystal) float64 { return c.State.Bulk },
			func(c crystal) string {
				return fmt.Sprintf("Birch–Murnaghan, fit RMSE %.2g meV/atom", c.State.RMSE)
			}},
		number{"  its derivative", "", "%.2f", func(c crystal) float64 { return c.State.Derivative }, nil})
	if c.Ratio > 0 {
		for _, p := range [][2]int{{0, 0}, {0, 1}, {0, 2}, {2, 2}, {3, 3}} {
			list = append(list, number{fmt.Sprintf("C%d%d", p[0]+1, p[1]+1), "GPa", "%.1f", constant(p[0], p[1]), clamped(p[0], p[1])})
		}
	} else {
		for k, name := range []string{"C11", "C12", "C44"} {
			cubic := func(m [6][6]float64) float64 {
				c11, c12, c44 := properties.Cubic(m)
				return []float64{c11, c12, c44}[k]
			}
			list = append(list, number{name, "GPa", "%.1f", func(c crystal) float64 { return cubic(c.Elastic.Constants) },
				func(c crystal) string { return fmt.Sprintf("%.1f with clamped ions", cubic(c.Elastic.Clamped)) }})
		}
		list = append(list, number{"(C11 + 2 C12)/3", "GPa", "%.1f", func(c crystal) float64 { return properties.Bulk(c.Elastic.Constants) }, nil})
	}
	list = append(list, number{"smallest eigenvalue of C", "GPa", "%.1f", func(c crystal) float64 { return c.Elastic.Softest },
		func(c crystal) string {
			if c.Elastic.Softest > 0 {
				return "stable under strain (Born)"
			}
			return "UNSTABLE under strain (Born)"
		}})
	if c.Vacancy != nil {
		list = append(list,
			number{"vacancy", "eV", "%.3f", func(c crystal) float64 { return c.Vacancy.Relaxed },
				func(c crystal) string { return fmt.Sprintf("relaxed, of %d atoms", c.Vacancy.Atoms) }},
			number{"  unrelaxed", "eV", "%.3f", func(c crystal) float64 { return c.Vacancy.Unrelaxed }, nil})
	}
	if c.Phonons != nil {
		list = append(list,
			number{"highest frequency", "THz", "%.2f", func(c crystal) float64 { return c.Phonons.Highest },
				func(c crystal) string {
					return fmt.Sprintf("of the zone points of %d atoms", c.Phonons.Atoms)
				}},
			number{"lowest frequency", "THz", "%.2f", func(c crystal) float64 { return c.Phonons.Lowest },
				func(c crystal) string {
					if c.Phonons.Imaginary == 0 {
						return "none imaginary"
					}
					return fmt.Sprintf("UNSTABLE: %d imaginary, printed as negative", c.Phonons.Imaginary)
				}})
	}
	return list
}
