package pairfit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/potential/pairfit"
)

const cutoff = 4.5

var config = potential.Config{Species: []int{3, 9}, Cutoff: cutoff, Envelope: 6}

// frame is atoms of two kinds in a tilted cell, disturbed.
func frame(t *testing.T, rng *rand.Rand) (*neighbor.Graph, []int) {
	t.Helper()
	lattice := [3][3]float64{{6, 0, 0}, {0.5, 6.3, 0}, {0.2, -0.4, 5.8}}
	var pos [][3]float64
	var kind []int
	for a := range 3 {
		for b := range 3 {
			for c := range 3 {
				var x [3]float64
				for k := range x {
					x[k] = (float64(a)*lattice[0][k] + float64(b)*lattice[1][k] + float64(c)*lattice[2][k]) / 3
					x[k] += 0.15 * rng.NormFloat64()
				}
				pos, kind = append(pos, x), append(kind, (a+b+c)%2)
			}
		}
	}
	g, err := neighbor.Build(pos, lattice, [3]bool{true, true, true}, cutoff)
	if err != nil {
		t.Fatal(err)
	}
	return g, kind
}

func model(p potential.Pair) *potential.Model {
	return &potential.Model{
		Config:            config,
		ReferenceEnergies: []float64{0, 0}, Pair: p,
	}
}

// truth is a pair potential that the functions of the fit can represent.
func truth(rng *rand.Rand) potential.Pair {
	p := potential.Pair{Coefficients: [][][]float64{{nil, nil}, {nil, nil}}}
	for i := range 2 {
		for j := range i + 1 {
			c := make([]float64, 8)
			for k := range c {
				c[k] = rng.NormFloat64() * math.Exp(-0.3*float64(k))
			}
			p.Coefficients[i][j], p.Coefficients[j][i] = c, c
		}
	}
	return p
}

func TestFitFindsPairPotential(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := model(truth(rng))
	fit := pairfit.New(config)
	for range 20 {
		g, kind := frame(t, rng)
		b := m.Baseline(g, kind)
		fit.Add(g, kind, &b.Energy, b.Forces, 1, 1)
	}
	found := model(fit.Solve())
	// The penalties are parts of 1e-4 and 1e-5 of the largest equation, which
	// leaves a few per cent of so rough a potential.
	const near = 0.05
	for range 3 {
		g, kind := frame(t, rng)
		want, got := m.Baseline(g, kind), found.Baseline(g, kind)
		if d := math.Abs(got.Energy - want.Energy); d > near*float64(len(kind)) {
			t.Errorf("energy is off by %.3g eV", d)
		}
		force, off, virial := 0., 0., 0.
		for i := range kind {
			for k := range 3 {
				force += want.Forces[i][k] * want.Forces[i][k]
				d := got.Forces[i][k] - want.Forces[i][k]
				off += d * d
			}
		}
		if off > near*near*force {
			t.Errorf("forces are off by %.3g of their size", math.Sqrt(off/force))
		}
		scale := math.Sqrt(force) * cutoff
		for k := range 3 {
			for l := range 3 {
				virial = max(virial, math.Abs(got.Virial[k][l]-want.Virial[k][l]))
			}
		}
		if virial > near*scale {
			t.Errorf("virial, which was not fitted, is off by %.3g eV where forces times cutoff are %.3g eV", virial, scale)
		}
	}
}

func TestNothingToFit(t *testing.T) {
	if p := pairfit.New(config).Solve(); p.Coefficients != nil {
		t.Errorf("a fit without data gives %v", p)
	}
}
