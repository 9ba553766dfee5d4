package potential

import (
	"fmt"

	"ponita/neighbor"
)

// Calculator evaluates a model for a fixed list of atoms. It keeps neighbour
// lists and working memory between calls and belongs to one goroutine.
type Calculator struct {
	model *Model
	kind  []int
	list  *neighbor.List
	eval  evaluator

	site []float64
	dVec [][3]float64
}

// evaluator is the network in either precision, as an engine or as a plain pass:
// it adds the network's part to site energies and to ∂E/∂x_ij of the edges.
type evaluator interface {
	evaluate(g *neighbor.Graph, site []float64, dVec [][3]float64)
	kernelName() string
}

// Option changes how a [Calculator] works.
type Option func(*options)

type options struct {
	double  bool
	skin    float64
	threads int
}

// DoublePrecision evaluates the network in float64. The default is float32 for
// features, weights and matrix products; positions, distances, energies and
// sums over atoms are float64 in both.
func DoublePrecision() Option { return func(o *options) { o.double = true } }

// Skin sets by how much [Å] neighbour lists reach beyond the cutoff; they are
// built again when an atom has moved half of it. The default is 0.5 Å.
func Skin(skin float64) Option { return func(o *options) { o.skin = skin } }

// Threads sets how many cores an evaluation uses; 0, the default, is all of them.
// Results do not depend on it, to the last bit.
func Threads(threads int) Option { return func(o *options) { o.threads = threads } }

// Calculator returns a calculator for atoms with the given atomic numbers,
// periodic in the directions of pbc. The error for an element that the model
// does not know wraps [ErrUnknownElement].
func (m *Model) Calculator(species []int, pbc [3]bool, opts ...Option) (*Calculator, error) {
	o := options{skin: 0.5}
	for _, option := range opts {
		option(&o)
	}
	kind, err := m.Kinds(species)
	if err != nil {
		return nil, err
	}
	list, err := neighbor.NewList(m.Config.Cutoff, o.skin, pbc)
	if err != nil {
		return nil, err
	}
	c := &Calculator{model: m, kind: kind, list: list, site: make([]float64, len(kind))}
	if o.double {
		c.eval, err = newEvaluator(m, &m.engine64, &m.net64, kind, o.threads)
	} else {
		c.eval, err = newEvaluator(m, &m.engine32, &m.net32, kind, o.threads)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// newEvaluator chooses the engine wherever it can evaluate the network.
func newEvaluator[T Float](m *Model, w *shared[engineWeights[T]], n *shared[network[T]], kind []int, threads int) (evaluator, error) {
	if m.Config.hasEngine() {
		weights, err := w.get(func() (*engineWeights[T], error) { return newEngineWeights[T](m.Config, m.Weights) })
		if err != nil {
			return nil, err
		}
		return newFast(m, weights, kind, threads), nil
	}
	net, err := n.get(func() (*network[T], error) { return newNetwork[T](m) })
	if err != nil {
		return nil, err
	}
	return newPlain(m, net, kind), nil
}

// fast is an evaluator by the engine.
type fast[T Float] struct {
	engine *engine[T]
	kind   []int32
}

func newFast[T Float](m *Model, w *engineWeights[T], kind []int, threads int) *fast[T] {
	f := &fast[T]{engine: newEngine(w, m.Scale, threads)}
	for _, k := range kind {
		f.kind = append(f.kind, int32(k))
	}
	return f
}

func (f *fast[T]) kernelName() string { return f.engine.set.Name }

func (f *fast[T]) evaluate(g *neighbor.Graph, site []float64, dVec [][3]float64) {
	f.engine.evaluate(g, f.kind, site, dVec)
}

// KernelName returns the name of the kernel set in use, such as "avx2".
func (c *Calculator) KernelName() string { return c.eval.kernelName() }

// Compute returns the energy [eV] of atoms at pos [Å] in the cell lattice (rows
// a, b, c in Å; directions without periodicity do not matter), and writes the
// forces [eV/Å] and the virial W = −∂E/∂ε [eV]. It fails on positions that are
// not finite, on atoms at the same place, and if a result is not finite.
func (c *Calculator) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	if len(pos) != len(c.kind) || len(forces) != len(c.kind) {
		return 0, fmt.Errorf("potential: %d positions and %d forces, the calculator is for %d atoms", len(pos), len(forces), len(c.kind))
	}
	g, _, err := c.list.Update(pos, lattice)
	if err != nil {
		return 0, err
	}
	for i, k := range c.kind {
		c.site[i] = c.model.ReferenceEnergies[k]
	}
	dVec := cleared(&c.dVec, len(g.Vec))
	c.eval.evaluate(g, c.site, dVec)
	c.model.Repulsion.add(g, c.kind, c.model.Config.Species, c.site, dVec)

	energy := collect(g, c.site, dVec, forces, virial)
	for i, f := range forces {
		if notFinite(c.site[i] + f[0] + f[1] + f[2]) {
			return 0, fmt.Errorf("potential: atom %d at %.4f Å has energy %g eV and force %g eV/Å", i+1, pos[i], c.site[i], f)
		}
	}
	return energy, nil
}

// force is F_i = −∂E/∂x_i: x_i enters the vectors of its own edges with a minus
// sign and those of the opposite edges with a plus.
func force(g *neighbor.Graph, i int, dVec [][3]float64) (f [3]float64) {
	for e := g.Start[i]; e < g.Start[i+1]; e++ {
		back := dVec[g.Reverse[e]]
		for k, d := range dVec[e] {
			f[k] += d - back[k]
		}
	}
	return f
}

// symmetrize replaces W by its symmetric part: the derivative by a symmetric
// strain. The rest is the torque of the finite grid, zero for an exactly
// invariant energy.
func symmetrize(w *[3][3]float64) {
	for k := range 3 {
		for l := range k {
			w[k][l] = (w[k][l] + w[l][k]) / 2
			w[l][k] = w[k][l]
		}
	}
}

// SiteEnergies returns the energy of each atom [eV] in the last Compute. Their
// sum is the energy. The slice is the calculator's own.
func (c *Calculator) SiteEnergies() []float64 { return c.site }

// plain is an evaluator by a pass of the network.
type plain[T Float] struct {
	network  *network[T]
	pass     *Pass[T]
	kind     []int
	input    Input
	scale    []float64 // [atom]: also the seed of the backward pass
	isolated []float64 // [atom]
}

func newPlain[T Float](m *Model, n *network[T], kind []int) *plain[T] {
	ev := &plain[T]{network: n, pass: n.net.NewPass(false), kind: kind}
	ev.input.Scalars = m.Config.OneHot(kind)
	for _, k := range kind {
		ev.scale = append(ev.scale, m.Scale[k])
		ev.isolated = append(ev.isolated, n.isolated[k])
	}
	return ev
}

func (ev *plain[T]) kernelName() string { return ev.network.net.KernelName() }

func (ev *plain[T]) evaluate(g *neighbor.Graph, site []float64, dVec [][3]float64) {
	ev.input.Graph = g
	ev.pass.Forward(ev.input)
	for i, out := range ev.pass.Output {
		site[i] += ev.scale[i] * (out - ev.isolated[i])
	}
	ev.pass.Backward(ev.scale, dVec)
}

// Baseline is the part of a model that is not learned: reference energies and
// repulsion.
type Baseline struct {
	Energy float64       // eV
	Forces [][3]float64  // eV/Å
	Virial [3][3]float64 // eV
}

// Baseline evaluates it for atoms of the given kinds.
func (m *Model) Baseline(g *neighbor.Graph, kind []int) Baseline {
	site, dVec := make([]float64, len(kind)), make([][3]float64, len(g.Vec))
	for i, k := range kind {
		site[i] = m.ReferenceEnergies[k]
	}
	m.Repulsion.add(g, kind, m.Config.Species, site, dVec)
	b := Baseline{Forces: make([][3]float64, len(kind))}
	b.Energy = collect(g, site, dVec, b.Forces, &b.Virial)
	return b
}

// collect turns site energies and ∂E/∂x_ij into energy, forces and virial.
func collect(g *neighbor.Graph, site []float64, dVec, forces [][3]float64, virial *[3][3]float64) (energy float64) {
	*virial = [3][3]float64{}
	for i := range forces {
		energy += site[i]
		forces[i] = force(g, i, dVec)
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			for k, x := range g.Vec[e] {
				for l, d := range dVec[e] {
					virial[k][l] -= x * d
				}
			}
		}
	}
	symmetrize(virial)
	return energy
}
