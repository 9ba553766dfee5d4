// Command untrained writes a model of a given size with random weights, for timing and
// for comparing the network with its twin in PyTorch:
//
//	go run tools/peers/untrained/main.go --channels 64 --layers 3 silicon.h5
//
// No weight is left at a value that could hide a mistake: biases are not zero,
// gains are not one, and the readout, which training starts from zero, is random
// too. All are float32 numbers, so that both precisions have the same network.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"ponita/potential"
	"ponita/potential/archive"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "untrained: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	c := potential.Config{Kernel: potential.Legendre}
	species := flag.String("species", "14", "atomic numbers, with commas")
	grid := flag.String("grid", "12", "orientations: 12, 20, 32 or a file")
	seed := flag.Uint64("seed", 1, "of the weights")
	flag.IntVar(&c.Channels, "channels", 32, "C")
	flag.IntVar(&c.Layers, "layers", 3, "T")
	flag.IntVar(&c.Degree, "degree", 2, "L, of the spatial kernel")
	flag.IntVar(&c.FiberDegree, "fiber-degree", 0, "L', of the spherical kernel; 0 is the largest that is exact, up to 2")
	flag.StringVar(&c.Activation, "activation", potential.Quadratic, "of the blocks: quadratic or gelu")
	flag.StringVar(&c.Mixing, "mixing", potential.Pointwise, "of channels: pointwise or spherical, which the implementation in PyTorch does not have")
	flag.Float64Var(&c.Cutoff, "cutoff", 5, "Å")
	flag.Float64Var(&c.MeanNeighbors, "neighbors", 28, "mean number of neighbours")
	flag.Parse()
	if flag.NArg() != 1 {
		return fmt.Errorf("want one argument, the file to write, have %d", flag.NArg())
	}
	for s := range strings.SplitSeq(*species, ",") {
		z, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("species %q: %w", s, err)
		}
		c.Species = append(c.Species, z)
	}
	var err error
	if c.Grid, err = potential.FindGrid(*grid); err != nil {
		return err
	}
	c = c.WithDefaults()
	m := &potential.Model{
		Config: c, Weights: weights(c, *seed),
		ReferenceEnergies: make([]float64, len(c.Species)),
		Scale:             make([]float64, len(c.Species)),
		Provenance:        potential.Provenance{Version: "untrained, for timing"},
	}
	// Of the order of what binds atoms to a site, but weak enough for a few
	// steps of dynamics in forces that mean nothing.
	for k := range m.Scale {
		m.Scale[k] = 0.05
	}
	return archive.Save(flag.Arg(0), m)
}

// weights draws all weights of the configuration.
func weights(c potential.Config, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	w := c.Initialize(rng)
	for _, t := range c.Layout().Tensors {
		part := w[t.Offset : t.Offset+t.Len()]
		sd := 0.
		switch t.Role {
		case potential.Vector:
			sd = 0.1
		case potential.OutputLike:
			sd = 1 / math.Sqrt(float64(c.Channels))
		}
		for k := range part {
			part[k] = float64(float32(part[k] + sd*rng.NormFloat64()))
		}
	}
	return w
}
