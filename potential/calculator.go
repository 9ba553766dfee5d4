package potential

import (
	"fmt"
	"time"

	"ponita/neighbor"
)

// Calculator evaluates a model for a fixed list of atoms. It keeps neighbour
// lists and working memory between calls and belongs to one goroutine.
type Calculator struct {
	model *Model
	kind  []int // [atom]
	list  *neighbor.List
	eval  evaluator
	crew  *crew

	bindings *bindings // nil without

	// Rows of the graph are in an order of their own, see neighbor.List.Group.
	graph   *neighbor.Graph // of the present evaluation
	rowKind []int
	rowSite []float64

	site    []float64 // [atom]
	dVec    [][3]float64
	forces  [][3]float64
	virials [][6]float64 // [atom] xx yy zz xy xz yz
	steps   struct{ pairs, collect func(thread, lo, hi int) }
	clock   stopwatch
}

// evaluator is the network in either precision, as an engine or as a plain pass:
// it adds the network's part to site energies and to ∂E/∂x_ij of the edges.
type evaluator interface {
	reorder(order []int32, kind []int) // the rows of the graph and their kinds
	evaluate(g *neighbor.Graph, site []float64, dVec [][3]float64)
	kernelName() string
	splines() (errors [2]float64, intervals int)
	clocks() []*stopwatch // one for each thread
	memory() int          // bytes that grow with the number of atoms
	productRate() float64 // GFLOP/s
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
	c := &Calculator{model: m, kind: kind, list: list, crew: newCrew(o.threads), site: make([]float64, len(kind))}
	c.virials, c.bindings = make([][6]float64, len(kind)), m.bindings()
	c.steps.pairs, c.steps.collect = c.addPairs, c.collectForces
	c.rowKind, c.rowSite = kind, c.site
	if list.Group = m.Config.hasEngine(); list.Group { // see plain.reorder
		c.rowKind, c.rowSite = make([]int, len(kind)), make([]float64, len(kind))
	}
	list.Each = c.crew.loop()
	if o.double {
		c.eval, err = newEvaluator(m, &m.engine64, &m.net64, kind, c.crew)
	} else {
		c.eval, err = newEvaluator(m, &m.engine32, &m.net32, kind, c.crew)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// newEvaluator chooses the engine wherever it can evaluate the network.
func newEvaluator[T Float](m *Model, w *shared[engineWeights[T]], n *shared[network[T]], kind []int, crew *crew) (evaluator, error) {
	if m.Config.hasEngine() {
		weights, err := w.get(func() (*engineWeights[T], error) { return newEngineWeights[T](m.Config, m.Weights) })
		if err != nil {
			return nil, err
		}
		return newFast(m, weights, crew), nil
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
	kind   []int32 // [row]
}

func newFast[T Float](m *Model, w *engineWeights[T], crew *crew) *fast[T] {
	return &fast[T]{engine: newEngine(w, m.Scale, crew)}
}

func (f *fast[T]) reorder(order []int32, kind []int) {
	f.engine.number = order
	f.kind = f.kind[:0]
	for _, k := range kind {
		f.kind = append(f.kind, int32(k))
	}
}

func (f *fast[T]) kernelName() string { return f.engine.set.Name }

func (f *fast[T]) splines() ([2]float64, int) { return f.engine.splineError, f.engine.intervals }

func (f *fast[T]) clocks() (all []*stopwatch) {
	for k := range f.engine.workers {
		all = append(all, &f.engine.workers[k].clock)
	}
	return all
}

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
	c.clock.start()
	g, rebuilt, err := c.list.Update(pos, lattice)
	if err != nil {
		return 0, err
	}
	order := c.list.Order()
	if rebuilt && order != nil {
		for row, i := range order {
			c.rowKind[row] = c.kind[i]
		}
		c.eval.reorder(order, c.rowKind)
	}
	c.clock.lap(PhaseNeighbors)
	for row, k := range c.rowKind {
		c.rowSite[row] = c.model.ReferenceEnergies[k]
	}
	dVec := cleared(&c.dVec, len(g.Vec))
	c.eval.evaluate(g, c.rowSite, dVec)
	c.clock.start()
	c.graph, c.forces = g, forces
	c.crew.each(len(c.kind), listBlock, c.steps.pairs)
	c.crew.each(len(c.kind), listBlock, c.steps.collect)
	for row, i := range order {
		c.site[i] = c.rowSite[row]
	}

	energy, sum := 0., [6]float64{}
	for i, f := range forces {
		if notFinite(c.site[i] + f[0] + f[1] + f[2]) {
			return 0, newAtomError(i, -1, fmt.Errorf("potential: atom %d at %.4f Å has energy %g eV and force %g eV/Å: %w", i+1, pos[i], c.site[i], f, ErrNotFinite))
		}
		energy += c.site[i]
		for k, w := range c.virials[i] {
			sum[k] += w
		}
	}
	*virial = symmetric(sum)
	c.clock.lap(PhaseForces)
	return energy, nil
}

// addPairs adds repulsion, binding and the embedded-atom part of the rows lo to hi.
func (c *Calculator) addPairs(_, lo, hi int) {
	c.model.Repulsion.add(c.graph, c.rowKind, c.model.Config.Species, c.rowSite, c.dVec, lo, hi)
	if c.bindings != nil {
		c.bindings.add(c.graph, c.rowKind, c.rowSite, c.dVec, lo, hi)
	}
	c.model.Embedded.add(c.graph, c.model.Config.Cutoff, c.rowKind, c.rowSite, c.dVec, lo, hi)
}

// collectForces turns the bonds of the rows lo to hi into forces and virials of
// their atoms.
func (c *Calculator) collectForces(_, lo, hi int) {
	order := c.list.Order()
	for row := lo; row < hi; row++ {
		i := row
		if order != nil {
			i = int(order[row])
		}
		c.forces[i], c.virials[i] = atomForce(c.graph, row, c.dVec)
	}
}

// SiteEnergies returns the energy of each atom [eV] in the last Compute. Their
// sum is the energy. The slice is the calculator's own.
func (c *Calculator) SiteEnergies() []float64 { return c.site }

// SiteVirials returns the virial −∂E/∂ε of each atom [eV] in the last Compute, xx
// yy zz xy xz yz: every bond's is shared equally by its two atoms. Their sum is
// the virial. The slice is the calculator's own.
func (c *Calculator) SiteVirials() [][6]float64 { return c.virials }

// MeanNeighbors returns the mean number of neighbours within the cutoff in the last
// Compute.
func (c *Calculator) MeanNeighbors() float64 {
	return float64(len(c.dVec)) / float64(max(len(c.kind), 1))
}

// Profile starts to measure the time of each phase, or stops.
func (c *Calculator) Profile(on bool) {
	for _, clock := range append(c.eval.clocks(), &c.clock) {
		*clock = stopwatch{on: on}
	}
}

// Spent returns the time spent in each phase since Profile(true), over all
// threads. Models that the engine does not evaluate tell of neighbours and forces
// only.
func (c *Calculator) Spent() (spent [phases]time.Duration) {
	for _, clock := range append(c.eval.clocks(), &c.clock) {
		for p, t := range clock.spent {
			spent[p] += t
		}
	}
	return spent
}

// SplineError returns the largest error of the radial splines relative to the
// largest radial function of the layer, and the number of their intervals; zero
// for models that are evaluated without splines.
func (c *Calculator) SplineError() (relative float64, intervals int) {
	errors, intervals := c.eval.splines()
	return errors[0], intervals
}

// SplineSlopeError is the same of the slopes, relative to the steepest.
func (c *Calculator) SplineSlopeError() float64 {
	errors, _ := c.eval.splines()
	return errors[1]
}

// plain is an evaluator by a pass of the network.
type plain[T Float] struct {
	model    *Model
	network  *network[T]
	pass     *Pass[T]
	input    Input
	scale    []float64 // [row]: also the seed of the backward pass
	isolated []float64 // [row]
}

func newPlain[T Float](m *Model, n *network[T], kind []int) *plain[T] {
	ev := &plain[T]{model: m, network: n, pass: n.net.NewPass(false)}
	ev.reorder(nil, kind)
	return ev
}

// reorder takes over the kinds of rows. Which edge of a bond a pass takes depends on
// the order of rows, so that its own calculator keeps them in that of the atoms.
func (ev *plain[T]) reorder(_ []int32, kind []int) {
	ev.input.Scalars = ev.model.Config.OneHot(kind)
	ev.scale, ev.isolated = ev.scale[:0], ev.isolated[:0]
	for _, k := range kind {
		ev.scale = append(ev.scale, ev.model.Scale[k])
		ev.isolated = append(ev.isolated, ev.network.isolated[k])
	}
}

func (ev *plain[T]) kernelName() string { return ev.network.net.KernelName() }

func (ev *plain[T]) splines() (errors [2]float64, intervals int) { return errors, 0 }

func (ev *plain[T]) clocks() []*stopwatch { return nil }

func (ev *plain[T]) evaluate(g *neighbor.Graph, site []float64, dVec [][3]float64) {
	ev.input.Graph = g
	ev.pass.Forward(ev.input)
	for i, out := range ev.pass.Output {
		site[i] += ev.scale[i] * (out - ev.isolated[i])
	}
	ev.pass.Backward(ev.scale, dVec)
}

// Baseline is the part of a model beneath the network: reference energies,
// repulsion, binding and the embedded-atom part.
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
	m.Repulsion.add(g, kind, m.Config.Species, site, dVec, 0, len(kind))
	if b := m.bindings(); b != nil {
		b.add(g, kind, site, dVec, 0, len(kind))
	}
	m.Embedded.add(g, m.Config.Cutoff, kind, site, dVec, 0, len(kind))
	b := Baseline{Forces: make([][3]float64, len(kind))}
	var sum [6]float64
	for i, e := range site {
		f, w := atomForce(g, i, dVec)
		b.Energy += e
		b.Forces[i] = f
		for k := range w {
			sum[k] += w[k]
		}
	}
	b.Virial = symmetric(sum)
	return b
}
