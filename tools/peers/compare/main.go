// Command compare tells how far a model's energy and forces are from those that
// another program has written to a structure:
//
//	go run tools/peers/compare/main.go silicon.h5 labelled.xyz
//
// It prints JSON with the differences of three evaluations: "definition", the
// plain pass of the network in float64, which evaluates the radial MLP itself;
// "float64" and "float32", what dynamics runs, in which the MLP is tabulated.
// That of the energy is relative to the energy, that of the forces is the largest
// of a component relative to the root mean square of all.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "compare: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("want a model and a structure with energy and forces, have %d arguments", len(os.Args)-1)
	}
	m, err := potential.Load(os.Args[1])
	if err != nil {
		return err
	}
	frame, err := xyz.ReadFile(os.Args[2])
	if err != nil {
		return err
	}
	labels, err := frame.Labels(xyz.LabelKeys{})
	if err != nil {
		return err
	}
	if labels.Energy == nil || labels.Forces == nil {
		return fmt.Errorf("%s: want energy and forces", os.Args[2])
	}
	out := map[string]difference{}
	for name, evaluate := range map[string]func(*potential.Model, *xyz.Frame) (float64, [][3]float64, error){
		"definition": definition,
		"float64":    calculator(potential.DoublePrecision()),
		"float32":    calculator(),
	} {
		energy, forces, err := evaluate(m, frame)
		if err != nil {
			return err
		}
		out[name] = relative(energy, *labels.Energy, forces, labels.Forces)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// calculator evaluates as dynamics does.
func calculator(options ...potential.Option) func(*potential.Model, *xyz.Frame) (float64, [][3]float64, error) {
	return func(m *potential.Model, frame *xyz.Frame) (float64, [][3]float64, error) {
		calc, err := m.Calculator(frame.Species, frame.PBC, options...)
		if err != nil {
			return 0, nil, err
		}
		forces := make([][3]float64, len(frame.Pos))
		var virial [3][3]float64
		energy, err := calc.Compute(frame.Pos, frame.Lattice, forces, &virial)
		return energy, forces, err
	}
}

// definition evaluates the network by its plain passes, forward and backward.
func definition(m *potential.Model, frame *xyz.Frame) (float64, [][3]float64, error) {
	net, err := potential.NewNetwork[float64](m.Config)
	if err != nil {
		return 0, nil, err
	}
	if err := net.SetWeights(m.Weights, 1); err != nil {
		return 0, nil, err
	}
	kind, err := m.Kinds(frame.Species)
	if err != nil {
		return 0, nil, err
	}
	list, err := neighbor.NewList(m.Config.Cutoff, 0, frame.PBC)
	if err != nil {
		return 0, nil, err
	}
	g, _, err := list.Update(frame.Pos, frame.Lattice)
	if err != nil {
		return 0, nil, err
	}
	pass := net.NewPass(false)
	pass.Forward(m.Config.Isolated())
	isolated := append([]float64(nil), pass.Output...)
	pass.Forward(potential.Input{Graph: g, Scalars: m.Config.OneHot(kind)})

	b := m.Baseline(g, kind)
	energy, forces := b.Energy, b.Forces
	seed := make([]float64, len(kind)) // ∂E/∂output
	for i, k := range kind {
		seed[i] = m.Scale[k]
		energy += m.Scale[k] * (pass.Output[i] - isolated[k])
	}
	dVec := make([][3]float64, len(g.Vec))
	pass.Backward(seed, dVec)
	// x_ij = x_j − x_i, so F_i = Σ ∂E/∂x_ij − ∂E/∂x_ji
	for i := range forces {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			for k := range 3 {
				forces[i][k] += dVec[e][k] - dVec[g.Reverse[e]][k]
			}
		}
	}
	return energy, forces, nil
}

type difference struct {
	Energy float64 `json:"energy"`
	Forces float64 `json:"forces"`
}

func relative(energy, energy0 float64, forces, forces0 [][3]float64) difference {
	var largest, squares float64
	for i, f := range forces0 {
		for k := range f {
			largest = max(largest, math.Abs(forces[i][k]-f[k]))
			squares += f[k] * f[k]
		}
	}
	rms := math.Sqrt(squares / float64(3*len(forces0)))
	return difference{math.Abs((energy - energy0) / energy0), largest / rms}
}
