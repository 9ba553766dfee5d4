package potential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"ponita/potential/internal/kernel"
)

// Float is the precision of features, weights and matrix products. Positions,
// energies, forces and sums over atoms are float64 in both.
type Float interface{ kernel.Float }

// Role says how a tensor's size depends on the width of the network: what an
// optimiser needs to know for a width-independent learning rate.
type Role string

// The roles of a tensor in a network of growing width C.
const (
	InputLike    Role = "input"         // finite × C: embedding
	Depthwise    Role = "depthwise"     // finite × C, a kernel for each channel
	Hidden       Role = "hidden"        // C × C
	OutputLike   Role = "output"        // C × finite: readout
	Finite       Role = "finite"        // no side grows: the MLPs behind the kernels
	Vector       Role = "vector"        // C: biases, gains
	FiniteVector Role = "finite vector" // biases that do not grow
)

// Tensor names one block of the flat vector of weights. Matrices are
// [in][out]: y = x·W + b.
type Tensor struct {
	Name   string
	Shape  []int
	Role   Role
	Offset int // of its first element in the flat vector
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Matrix returns the rows and columns of a matrix, or of each of several that the tensor
// holds.
func (t Tensor) Matrix() (rows, columns int) {
	n := len(t.Shape)
	return t.Shape[n-2], t.Shape[n-1]
}

// Layout is the order of all weights of a network in one flat vector: the
// order in which an optimiser, a gradient, a checkpoint and a model file hold
// them.
type Layout struct {
	Tensors []Tensor
	Len     int // elements in all
}

func (l *Layout) add(role Role, name string, shape ...int) {
	t := Tensor{Name: name, Shape: shape, Role: role, Offset: l.Len}
	l.Tensors = append(l.Tensors, t)
	l.Len += t.Len()
}

// Layout lists the tensors of the configuration (with defaults filled in).
func (c Config) Layout() Layout {
	var l Layout
	width := c.Channels
	l.add(InputLike, "embedding", c.InputScalars+c.InputVectors, width)
	mlp := func(name string, inputs int) {
		l.add(Finite, name+".w1", inputs, c.Hidden)
		l.add(FiniteVector, name+".b1", c.Hidden)
		l.add(Finite, name+".w2", c.Hidden, c.Basis)
		l.add(FiniteVector, name+".b2", c.Basis)
	}
	switch c.Kernel {
	case Legendre:
		mlp("radial", c.Bessel)
		if c.Radial == Pairs { // finite both: weight decay draws a pair to what is common
			l.add(Finite, "radial.pairs.w1", c.RadialSets(), c.Bessel, c.Hidden)
			l.add(Finite, "radial.pairs.b1", c.RadialSets(), c.Hidden)
		}
	case Tabulated:
	default:
		mlp("spatial", monomials(c.invariants(), c.Degree))
	}
	if c.Kernel == Polynomial {
		mlp("fiber", c.FiberDegree)
	}
	for t := range c.Layers {
		name := func(s string) string { return fmt.Sprintf("layers.%d.%s", t, s) }
		switch c.Kernel {
		case Legendre:
			l.add(Depthwise, name("spatial"), c.Basis, c.Degree+1, width)
			l.add(Depthwise, name("self"), width)
			l.add(Depthwise, name("fiber"), c.FiberDegree+1, width)
		case Tabulated:
			l.add(Depthwise, name("spatial"), 2, c.Intervals+1, c.Degree+1, width)
			l.add(Depthwise, name("self"), width)
			l.add(Depthwise, name("fiber"), c.FiberDegree+1, width)
		case Polynomial:
			l.add(Depthwise, name("spatial"), c.Basis, width)
			l.add(Depthwise, name("fiber"), c.Basis, width)
		case Distance:
			l.add(Depthwise, name("spatial"), c.Basis, width)
		}
		l.add(Vector, name("bias"), width)
		l.add(Vector, name("norm.gain"), width)
		l.add(Vector, name("norm.bias"), width)
		l.add(Hidden, name("w1"), matrices(c.countW1(), width, c.Widening*width)...)
		l.add(Vector, name("b1"), c.Widening*width)
		l.add(Hidden, name("w2"), matrices(c.countW2(t), c.Widening*width, width)...)
		l.add(Vector, name("b2"), width)
		if c.LayerScale {
			l.add(Vector, name("scale"), width)
		}
		if c.readsOut(t) {
			l.add(OutputLike, name("readout"), c.OutputScalars+c.OutputVectors, width)
			l.add(FiniteVector, name("readout.bias"), c.OutputScalars+c.OutputVectors)
		}
	}
	return l
}

// matrices is the shape of so many matrices, or of one.
func matrices(count, rows, columns int) []int {
	if count == 1 {
		return []int{rows, columns}
	}
	return []int{count, rows, columns}
}

// countW1 returns how many W1 a block has, and countW2 how many W2 that of layer t: one for
// every degree of the spectra that they act on, or one for all. Of the last layer only
// the mean of h' is read out, if there are no vectors.
func (c *Config) countW1() int {
	if c.Mixing != Spherical {
		return 1
	}
	return c.FiberDegree + 1
}

func (c *Config) countW2(t int) int {
	if c.Mixing != Spherical || t == c.Layers-1 && c.OutputVectors == 0 {
		return 1
	}
	return 2*c.FiberDegree + 1
}

// weights gives the flat vector the names of the equations. A gradient is held
// in the same type, so the adjoint of w.layers[t].w1 is grad.layers[t].w1.
type weights[T Float] struct {
	flat           []T
	embedding      []T // [input][channel]
	spatial, fiber mlpWeights[T]
	pairs          mlpWeights[T] // shifts: w1 [pair of species][input][hidden], b1 [pair of species][hidden]
	layers         []layerWeights[T]
}

// mlpWeights are those of y = GELU(GELU(x·w1 + b1)·w2 + b2).
type mlpWeights[T Float] struct {
	w1, b1 []T // [input][hidden], [hidden]
	w2, b2 []T // [hidden][basis], [basis]
}

type layerWeights[T Float] struct {
	spatial []T // A: [basis][degree][channel], polynomial and distance [basis][channel]; tabulated R, R': [2][knot][degree][channel]
	self    []T // s: [channel], legendre and tabulated
	fiber   []T // φ: [degree][channel], polynomial B: [basis][channel]
	bias    []T // b: [channel]
	gain    []T // of the layer norm: [channel]
	shift   []T // of the layer norm: [channel]
	w1, b1  []T // [channel][hidden], with spherical mixing [degree][channel][hidden]; [hidden]
	w2, b2  []T // [hidden][channel], with spherical mixing [degree][hidden][channel]; [channel]
	scale   []T // layer scale: [channel], or nil
	readout []T // v: [output][channel], or nil
	outBias []T // β: [output], or nil
}

// view gives names to flat, whose length is c.Layout().Len.
func view[T Float](c Config, flat []T) *weights[T] {
	w := &weights[T]{flat: flat, layers: make([]layerWeights[T], c.Layers)}
	part := map[string][]T{}
	for _, t := range c.Layout().Tensors {
		part[t.Name] = flat[t.Offset : t.Offset+t.Len() : t.Offset+t.Len()]
	}
	mlp := func(name string) mlpWeights[T] {
		return mlpWeights[T]{part[name+".w1"], part[name+".b1"], part[name+".w2"], part[name+".b2"]}
	}
	w.embedding = part["embedding"]
	w.spatial = mlp("spatial")
	if c.Kernel == Legendre {
		w.spatial = mlp("radial")
		w.pairs = mlp("radial.pairs")
	}
	w.fiber = mlp("fiber")
	for t := range w.layers {
		get := func(s string) []T { return part[fmt.Sprintf("layers.%d.%s", t, s)] }
		w.layers[t] = layerWeights[T]{
			spatial: get("spatial"), self: get("self"), fiber: get("fiber"), bias: get("bias"),
			gain: get("norm.gain"), shift: get("norm.bias"),
			w1: get("w1"), b1: get("b1"), w2: get("w2"), b2: get("b2"),
			scale: get("scale"), readout: get("readout"), outBias: get("readout.bias"),
		}
	}
	return w
}

// Initialize draws weights for the configuration: matrices normal with variance
// 1/fan_in, kernels and embedding normal with variance one per term, biases
// zero, gains one, shifts of pairs of species zero, and a readout of zero, so that an untrained model predicts
// exactly its reference energies.
func (c Config) Initialize(rng *rand.Rand) []float64 {
	layout := c.Layout()
	w := make([]float64, layout.Len)
	for _, t := range layout.Tensors {
		part := w[t.Offset : t.Offset+t.Len()]
		switch {
		case t.Role == OutputLike, strings.HasPrefix(t.Name, "radial.pairs."):
		case t.Role == Vector, t.Role == FiniteVector:
			if strings.HasSuffix(t.Name, ".gain") || strings.HasSuffix(t.Name, ".scale") {
				for k := range part {
					part[k] = 1
				}
			}
		default:
			fanIn := 1
			if t.Role == Hidden {
				fanIn, _ = t.Matrix()
			} else if len(t.Shape) > 1 && t.Name != "embedding" {
				fanIn = t.Shape[0]
			}
			sd := 1 / math.Sqrt(float64(fanIn))
			for k := range part {
				part[k] = sd * rng.NormFloat64()
			}
		}
	}
	return w
}
