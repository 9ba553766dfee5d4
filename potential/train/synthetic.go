package train

import (
	"math"

	"ponita/potential"
	"ponita/xyz"
)

// Synthetic returns n clusters of 4 to 8 atoms of two elements, labelled with
// energies and forces of a Morse potential between all pairs, and the two
// isolated atoms. It is for checks that need something to train on but no
// chemistry.
func Synthetic(n int, seed uint64) *Dataset {
	d := &Dataset{File: potential.DataFile{Name: "synthetic", Frames: n + 2}}
	add := func(f *xyz.Frame) {
		energy, forces := morse(f)
		f.Set("energy", energy)
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
		d.Frames = append(d.Frames, f)
		d.Labels = append(d.Labels, xyz.Labels{Energy: &energy, Forces: forces})
		d.Census.Add(f)
	}
	for k := range n {
		rng := stream(seed, "synthetic", 0, k)
		f := &xyz.Frame{}
		for range 4 + rng.IntN(5) {
			f.Species = append(f.Species, []int{1, 8}[rng.IntN(2)])
			var x [3]float64
			for placed := false; !placed; {
				placed = true
				for k := range x {
					x[k] = 3 * rng.Float64()
				}
				for _, y := range f.Pos {
					placed = placed && distance(x, y) > 0.9
				}
			}
			f.Pos = append(f.Pos, x)
		}
		add(f)
	}
	for _, z := range []int{1, 8} {
		add(&xyz.Frame{Species: []int{z}, Pos: make([][3]float64, 1)})
	}
	return d
}

func distance(x, y [3]float64) float64 {
	return math.Sqrt((x[0]-y[0])*(x[0]-y[0]) + (x[1]-y[1])*(x[1]-y[1]) + (x[2]-y[2])*(x[2]-y[2]))
}

// morse is the energy [eV] and the forces [eV/Å] of
//
//	E = Σ_pairs D ((1 − exp(−a (r − r₀)))² − 1)
//
// with D = 1 eV, a = 1.5/Å and r₀ from 1 Å for two hydrogens to 1.5 Å for two
// oxygens.
func morse(f *xyz.Frame) (energy float64, forces [][3]float64) {
	const depth, stiffness = 1, 1.5
	forces = make([][3]float64, len(f.Pos))
	for i, x := range f.Pos {
		for j, y := range f.Pos[:i] {
			r := distance(x, y)
			r0 := 1 + 0.5*float64(f.Species[i]+f.Species[j]-2)/14
			q := math.Exp(-stiffness * (r - r0))
			energy += depth * ((1-q)*(1-q) - 1)
			slope := 2 * depth * stiffness * (1 - q) * q
			for k := range x {
				g := slope * (x[k] - y[k]) / r
				forces[i][k] -= g
				forces[j][k] += g
			}
		}
	}
	return energy, forces
}
