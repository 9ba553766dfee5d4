package properties

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ponita/integrator"
	"ponita/potential"
)

// TestCrystalMatchesLatticeSums compares everything with sums over the pairs of
// one atom.
func TestCrystalMatchesLatticeSums(t *testing.T) {
	for _, lattice := range []string{"fcc", "bcc"} {
		t.Run(lattice, func(t *testing.T) {
			want := latticeSums(lattice)
			c := compute(t, pairField(t, 0), Options{Lattice: lattice, Strain: 0.004, Size: 2})
			// A force of 1e-5 eV/Å over a stiffness of some eV/Å².
			near(t, "lattice constant", c.Constant, want.constant, 1e-6)
			near(t, "energy", c.Energy, want.energy-3, 1e-9)
			// An atom has as many bonds as the vacancy takes: 2 e − e.
			near(t, "unrelaxed vacancy", c.Vacancy.Unrelaxed, -want.energy, 1e-8)
			if c.Vacancy.Relaxed > c.Vacancy.Unrelaxed {
				t.Errorf("relaxation raises the vacancy from %g to %g eV", c.Vacancy.Unrelaxed, c.Vacancy.Relaxed)
			}
			finer := compute(t, pairField(t, 0), Options{Lattice: lattice, Strain: 0.002, Quick: true})
			a11, a12, a44 := Cubic(c.Elastic.Constants)
			b11, b12, b44 := Cubic(finer.Elastic.Constants)
			for _, x := range []struct {
				name             string
				coarse, fine, is float64
			}{{"C11", a11, b11, want.c11}, {"C12", a12, b12, want.c12}, {"C44", a44, b44, want.c44}} {
				near(t, x.name, x.fine, x.is, 1e-3)
				// The error is of second order: a wrong constant would not fall.
				if ratio := (x.coarse - x.is) / (x.fine - x.is); math.Abs(ratio-4) > 0.5 && math.Abs(x.fine-x.is) > 1e-3 {
					t.Errorf("%s at strains of 0.004 and 0.002 is off by %.3g and %.3g GPa, want a ratio of 4", x.name, x.coarse-x.is, x.fine-x.is)
				}
			}
			near(t, "C44, by Cauchy's relation", b44, b12, 1e-3)
			// Nine volumes within 6 %: the fit is of third order.
			near(t, "bulk modulus of the equation of state", c.State.Bulk, (want.c11+2*want.c12)/3, 0.01)
			near(t, "volume of the equation of state", c.State.Volume, want.perAtom, 1e-3)
			near(t, "bulk modulus of the constants", Bulk(finer.Elastic.Constants), (want.c11+2*want.c12)/3, 1e-3)
			near(t, "smallest eigenvalue", finer.Elastic.Softest, min(want.c11-want.c12, want.c11+2*want.c12, 2*want.c44), 5e-3) // a difference
		})
	}
}

// TestElasticConstantsAreCurvatureOfEnergy holds for hcp, whose two atoms move
// against each other under strain, and with a network.
func TestElasticConstantsAreCurvatureOfEnergy(t *testing.T) {
	f := pairField(t, 1)
	c := compute(t, f, Options{Lattice: "hcp", Quick: true, Strain: 0.001})
	if d := c.Elastic.Clamped[0][0] - c.Elastic.Constants[0][0]; d < 0.1 {
		t.Fatalf("relaxed ions soften C11 of hcp by %g GPa only: nothing is tested", d)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3 {
		var e [6]float64
		for k := range e {
			e[k] = rng.NormFloat64()
		}
		want := 0.
		for i := range e {
			for k := range e {
				want += e[i] * c.Elastic.Constants[i][k] * e[k]
			}
		}
		curvature := func(step float64) float64 {
			sum := -2 * c.Relaxed.Energy
			for _, sign := range []float64{1, -1} {
				var strain [6]float64
				for k := range e {
					strain[k] = sign * step * e[k]
				}
				s, err := f.RelaxIons(c.Relaxed.Deformed(strained(strain)))
				if err != nil {
					t.Fatal(err)
				}
				sum += s.Energy
			}
			return sum / (step * step) / c.Relaxed.Volume() * integrator.GPa
		}
		// Smaller steps would show the steps of the splines' own curvature.
		coarse, middle, fine := curvature(0.016), curvature(0.008), curvature(0.004)
		near(t, "curvature", fine, want, 1e-3)
		if ratio := (coarse - middle) / (middle - fine); math.Abs(ratio-4) > 1 {
			t.Errorf("curvature at steps 0.016, 0.008, 0.004 is %.6g, %.6g, %.6g GPa: differences want a ratio of 4", coarse, middle, fine)
		}
	}
}

// TestPhononsMatchLatticeSums compares with dynamical matrices of the primitive
// cell, 3×3, at every commensurate point.
func TestPhononsMatchLatticeSums(t *testing.T) {
	const n = 2
	s := latticeSums("fcc")
	c := compute(t, pairField(t, 0), Options{Lattice: "fcc", Size: n})
	mass := integrator.Masses([]int{copper})[0]
	var want []float64
	for i := range 2 * n {
		for j := range 2 * n {
			for k := range 2 * n {
				q := 2 * math.Pi / (n * s.constant)
				d := dynamical(s, [3]float64{q * float64(i), q * float64(j), q * float64(k)}, mass)
				want = append(want, eigenvalues(d)...)
			}
		}
	}
	slices.Sort(want)
	// Every point is there twice, (i, j, k) and one moved by (1, 1, 1) of the
	// reciprocal bcc lattice; six zeros are translations.
	var frequencies []float64
	for k := 6; k < len(want); k += 2 {
		frequencies = append(frequencies, 1000/(2*math.Pi)*math.Sqrt(want[k]*integrator.PerMass))
	}
	if len(frequencies) != len(c.Phonons.Frequencies) || len(frequencies) != 3*4*n*n*n-3 {
		t.Fatalf("%d frequencies, want %d", len(c.Phonons.Frequencies), len(frequencies))
	}
	for k, f := range frequencies {
		near(t, "frequency", c.Phonons.Frequencies[k], f, 1e-4) // third order of ±0.005 Å
	}
	if c.Phonons.Imaginary != 0 {
		t.Errorf("%d imaginary frequencies in a stable crystal, from %g THz", c.Phonons.Imaginary, c.Phonons.Lowest)
	}
	if sc := compute(t, pairField(t, 0), Options{Lattice: "sc", Size: 2}); sc.Phonons.Imaginary == 0 || sc.Elastic.Softest > 0 {
		t.Errorf("simple cubic is stable with central forces: lowest %g THz, softest %g GPa", sc.Phonons.Lowest, sc.Elastic.Softest)
	}
}

// TestTurnedCrystalHasSameProperties: without a network to the last digits of the
// differences, with one up to the residual of its grid.
func TestTurnedCrystalHasSameProperties(t *testing.T) {
	angle := 0.7
	sin, cos := math.Sincos(angle)
	about := [3][3]float64{{cos, sin, 0}, {-sin, cos, 0}, {0, 0, 1}}
	tilt := [3][3]float64{{1, 0, 0}, {0, 0.8, 0.6}, {0, -0.6, 0.8}}
	var turn [3][3]float64
	for k, row := range about {
		turn[k] = apply(row, tilt)
	}
	for _, scale := range []float64{0, 1} {
		f := pairField(t, scale)
		a := compute(t, f, Options{Lattice: "fcc", Quick: true, Strain: 0.001})
		b := compute(t, f, Options{Lattice: "fcc", Quick: true, Strain: 0.001, Turn: turn})
		tolerance := 1e-4 // strains along other directions have other third orders
		if scale > 0 {
			tolerance = 1e-3 // of so regular surroundings; measured: 1e-5
			// The icosahedron has the threefold axis of the cube: x, y, z are one.
			near(t, "C22", a.Elastic.Constants[1][1], a.Elastic.Constants[0][0], 1e-6)
			near(t, "C33", a.Elastic.Constants[2][2], a.Elastic.Constants[0][0], 1e-6)
		}
		near(t, "turned lattice constant", b.Constant, a.Constant, tolerance)
		near(t, "turned smallest eigenvalue", b.Elastic.Softest, a.Elastic.Softest, 10*tolerance)
		for i := range 6 {
			for k := range 6 {
				if d := math.Abs(a.Elastic.Constants[i][k] - b.Elastic.Constants[i][k]); d > tolerance*a.Elastic.Constants[0][0] {
					t.Errorf("C%d%d is %g GPa, turned %g", i+1, k+1, a.Elastic.Constants[i][k], b.Elastic.Constants[i][k])
				}
			}
		}
		t.Logf("scale %g: C11 %g, turned %g %g %g", scale, a.Elastic.Constants[0][0], b.Elastic.Constants[0][0], b.Elastic.Constants[1][1], b.Elastic.Constants[2][2])
	}
}

func TestRelaxCellFindsCrystalFromDistortedCell(t *testing.T) {
	f := pairField(t, 1)
	c := compute(t, f, Options{Lattice: "fcc", Quick: true})
	s := c.Relaxed.Deformed(strained([6]float64{0.02, -0.01, 0.01, 0.01, -0.02, 0.01}))
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range s.Pos {
		for k := range 3 {
			s.Pos[i][k] += 0.05 * rng.NormFloat64()
		}
	}
	relaxed, err := f.RelaxCell(s)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "energy", relaxed.Energy, c.Relaxed.Energy, 1e-10)
	for k, x := range relaxed.Stress {
		if math.Abs(x) > 1e-3 {
			t.Errorf("stress component %d is %g GPa after relaxation", k+1, x)
		}
	}
}

func TestBuildHasNeighboursOfTheLattice(t *testing.T) {
	for lattice, want := range map[string]int{"sc": 6, "fcc": 12, "bcc": 8, "diamond": 4, "hcp": 12} {
		c, err := findCell(lattice)
		if err != nil {
			t.Fatal(err)
		}
		s := c.of(copper, 3).Repeat(3)
		for i, x := range s.Pos {
			neighbours := 0
			for _, y := range s.Pos {
				for n := range 27 {
					shift := apply([3]float64{float64(n%3 - 1), float64(n/3%3 - 1), float64(n/9 - 1)}, s.Lattice)
					d := length([3]float64{y[0] - x[0] + shift[0], y[1] - x[1] + shift[1], y[2] - x[2] + shift[2]})
					if d > 0 && d < 3*c.near-1e-9 {
						t.Fatalf("%s: a neighbour at %g Å, want %g", lattice, d, 3*c.near)
					}
					if d > 0 && d < 3*c.near+1e-9 {
						neighbours++
					}
				}
			}
			if neighbours != want {
				t.Fatalf("%s: atom %d has %d neighbours, want %d", lattice, i, neighbours, want)
			}
		}
	}
}

func TestWrongUseSaysWhatToDo(t *testing.T) {
	m := randomModel(t, 1)
	repulsive := randomModel(t, 0)
	repulsive.Repulsion = potential.NewRepulsion([]int{copper}, [][]float64{{2}}, cutoff)
	two := &potential.Model{Config: potential.Config{Species: []int{8, copper}}}
	for _, test := range []struct {
		model   *potential.Model
		options Options
		want    string
	}{
		{m, Options{Lattice: "cubic"}, `lattice "cubic", want sc, fcc, bcc, diamond, hcp`},
		{m, Options{Lattice: "fcc", Element: 8}, "element O, the model knows Cu"},
		{two, Options{Lattice: "fcc"}, "the model knows O, Cu: name the element"},
		{m, Options{Lattice: "fcc", Start: -1}, "start -1 Å"},
		{m, Options{Lattice: "fcc", Size: -1}, "size -1"},
		{m, Options{Lattice: "fcc", Start: 3.6, Strain: 0.5}, "strain 0.5"},
		{repulsive, Options{Lattice: "fcc"}, "no minimum of the energy"},
	} {
		_, err := Compute(test.model, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.options, err, test.want)
		}
	}
	if _, err := Compute(repulsive, Options{Lattice: "fcc"}); !errors.Is(err, ErrNoMinimum) {
		t.Errorf("error %v is not ErrNoMinimum", err)
	}
	if _, err := pairField(t, 0).Phonons(cells[1].of(copper, 3.6), 9); err == nil || !strings.Contains(err.Error(), "choose a smaller supercell") {
		t.Errorf("phonons of 2916 atoms: error %v", err)
	}
	if _, err := Compute(m, Options{Lattice: "fcc", Element: 8}); !errors.Is(err, potential.ErrUnknownElement) {
		t.Errorf("error %v is not ErrUnknownElement", err)
	}
}
