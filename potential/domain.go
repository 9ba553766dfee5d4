package potential

import (
	"fmt"
	"math"
	"unsafe"

	"ponita/neighbor"
)

// Domain evaluates a model on one part of a system that is shared among
// processes: atoms of its own and, behind them, copies of other atoms within the
// cutoff, the ghosts. The program that owns the processes goes through the stages
// and brings the rows of ghosts up to date between them:
//
//	Neighbors                               when the lists change
//	Begin                                   positions, kinds
//	for t := 0; t < Layers(); t++ {
//		Forward(t)
//		exchange rows if Exchanging()       features; after the last layer adjoints
//	}
//	for t := Layers()-1; t >= 0; t-- {
//		Backward(t)
//		exchange rows if Exchanging()       adjoints
//	}
//	Finish                                  energies, forces, virials
//	add the forces on ghosts to those on their atoms
//
// An exchange copies the row of every atom to its ghosts, from GetRow to SetRow.
// A domain computes the energies of its own atoms as they depend on positions,
// through the messages that own atoms receive. In the first layer a bond to a ghost
// is computed by both domains, by each in one direction: the last stage needs no
// rows of ghosts, and 2(Layers()−1) exchanges are enough. In the others either does
// half of the bonds between them, if they know IDs. A Domain belongs to one
// goroutine. Atoms are counted from 0 in arguments, from 1 in messages. In steady
// state it allocates nothing.
type Domain struct {
	model *Model
	pairs candidates
	graph neighbor.Graph
	edge  []int32 // [candidate] its edge, -1 if it is farther than the cutoff
	kind  []int32 // [place]
	kinds []int   // [place]
	site  []float64
	dVec  [][3]float64

	bindings *bindings // nil without
	gamma    []float64 // [own atom] γ, see [Binding]

	limit   []float64 // Å², [species][species] see Closest
	closest Closest
	stage   stage
	done    int // stages since Begin, to notice a wrong order; -1 before

	crew    *crew
	workers []domainWorker
	steps   struct{ measure, fill, link, bind, pairs, finish func(worker, lo, hi int) }
	args    domainArgs
}

// domainArgs is what the steps of a Domain work on: they are function values,
// made once, since one made at every call would be garbage.
type domainArgs struct {
	pos      [][3]float64
	energies []float64
	forces   [][3]float64
	virials  [][6]float64
}

// domainWorker is what a worker has found. Errors are those of the first atom.
type domainWorker struct {
	err     *AtomError
	closest Closest
	ratio   float64
	_       [64]byte // a cache line of its own
}

func (w *domainWorker) fail(err *AtomError) {
	if w.err == nil || err.Atom < w.err.Atom {
		w.err = err
	}
}

// Closest is the pair of atoms that is deepest inside the short-range repulsion.
type Closest struct {
	Atoms    [2]int  // rows; -1 if there is none
	Distance float64 // Å
	// Limit is the inner radius of the repulsion, Å: about half of the shortest
	// distance in the training data.
	Limit float64
}

// stage is the engine in either precision.
type stage interface {
	begin(g *neighbor.Graph, kind []int32, ids []int64, dVec [][3]float64)
	forward(t int)
	backward(t int)
	energies(site []float64)
	rowBytes(up bool) int
	getRow(up bool, t, place int, out []byte)
	setRow(up bool, t, place int, in []byte)
	keptBytes() int
	kernelName() string
}

func (e *engine[T]) kernelName() string { return e.set.Name }

// rowBytes is the size of the row of an atom in an exchange of features (up) or of
// ∂E/∂m. The latter comes out of the spherical convolution, so a network with spectra
// sends the harmonics of it, of which there are fewer than orientations.
func (e *engine[T]) rowBytes(up bool) int {
	size := e.rowSize()
	if !up && e.spectrum != nil {
		size = e.spectrum.size()
	}
	var v T
	return (size*int(unsafe.Sizeof(v)) + 7) &^ 7 // as some count in float64
}

// row returns the features that layer t takes in (up), or its ∂E/∂m, of the atom or
// ghost at a place: [orientation][channel].
func (e *engine[T]) row(up bool, t, place int) []T {
	x := e.dM[t%2]
	if up {
		x = e.h[t]
	}
	return x[place*e.rowSize() : (place+1)*e.rowSize()]
}

func (e *engine[T]) getRow(up bool, t, place int, out []byte) {
	row := e.row(up, t, place)
	if s := e.spectrum; !up && s != nil { // dm = Σ_k w_a Y_k(o_a) (…)_k, so the sum over a with Y_k is (…)_k
		spectrum := resize(&e.workers[0].q, s.size())
		e.set.MatMul(spectrum, s.synthesisT, row, s.count, e.points, e.channels, false)
		row = spectrum
	}
	copy(out, bytesOf(row))
}

func (e *engine[T]) setRow(up bool, t, place int, in []byte) {
	row := e.row(up, t, place)
	s := e.spectrum
	if up || s == nil {
		copy(bytesOf(row), in)
		return
	}
	spectrum := resize(&e.workers[0].q, s.size())
	copy(bytesOf(spectrum), in)
	e.set.MatMul(row, s.analysisT, spectrum, e.points, s.count, e.channels, false)
}

func bytesOf[T Float](x []T) []byte {
	var v T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(v)))
}

// keptBytes is the size of what is kept of hidden features.
func (e *engine[T]) keptBytes() (sum int) {
	for _, x := range e.act {
		sum += sizeOf(x)
	}
	return sum
}

// Domain returns an evaluation in stages. It exists for models with legendre
// kernels on an antipodal grid. Of the options Skin has no meaning here.
func (m *Model) Domain(opts ...Option) (*Domain, error) {
	if !m.Config.hasEngine() {
		return nil, fmt.Errorf("potential: kernel %q on grid %q cannot be evaluated in stages: use a legendre model on a grid of opposite orientations", m.Config.Kernel, m.Config.Grid.Name)
	}
	var o options
	for _, option := range opts {
		option(&o)
	}
	crew := newCrew(o.threads)
	d := &Domain{model: m, done: -1, crew: crew, workers: make([]domainWorker, crew.threads), bindings: m.bindings()}
	d.pairs.rows = -1
	for _, row := range m.Repulsion.Inner {
		for _, r := range row {
			d.limit = append(d.limit, r*r)
		}
	}
	// Made once: a function value made in every evaluation would be garbage.
	d.steps.measure, d.steps.fill, d.steps.link, d.steps.bind, d.steps.pairs, d.steps.finish = d.measure, d.fill, d.link, d.bind, d.addPairs, d.finish
	var err error
	if o.double {
		d.stage, err = newStage(m, &m.engine64, crew)
	} else {
		d.stage, err = newStage(m, &m.engine32, crew)
	}
	return d, err
}

func newStage[T Float](m *Model, w *shared[engineWeights[T]], crew *crew) (stage, error) {
	weights, err := w.get(func() (*engineWeights[T], error) { return newEngineWeights[T](m.Config, m.Weights) })
	if err != nil {
		return nil, err
	}
	return newEngine(weights, m.Scale, crew), nil
}

// Layers returns the number of layers T.
func (d *Domain) Layers() int { return d.model.Config.Layers }

// RowBytes returns the size of an atom's row in the exchange that is due, and where
// none is the largest that it may have.
func (d *Domain) RowBytes() int {
	up, _ := d.present()
	return d.stage.rowBytes(up || !d.Exchanging())
}

// GhostBytes returns what the exchanges of one evaluation bring to a ghost.
func (d *Domain) GhostBytes() int {
	return (d.Layers() - 1) * (d.stage.rowBytes(true) + d.stage.rowBytes(false))
}

// KernelName returns the name of the kernel set in use, such as "avx2".
func (d *Domain) KernelName() string { return d.stage.kernelName() }

// Threads returns how many cores an evaluation uses.
func (d *Domain) Threads() int { return d.crew.threads }

// Edges returns the number of pairs closer than the cutoff since the last Begin.
func (d *Domain) Edges() int { return len(d.graph.Neighbor) }

// Closest returns the pair that the last Begin has found to be the closest in
// terms of the repulsion.
func (d *Domain) Closest() Closest { return d.closest }

// Neighbors takes over the candidates for neighbours of a domain's own atoms:
// those of atom i are list[start[i]:start[i+1]], in any order, and may be farther
// than the cutoff. There are as many rows as own atoms and ghosts. Both
// directions of a bond between two own atoms must be there.
//
// images lists for each ghost the row before it that it is a periodic image of,
// an own atom or another ghost, or -1. It may be nil. Images need no exchange,
// and a bond to one of an own atom costs as much as any other, half of a bond to
// a ghost without IDs.
//
// ids lists for each row the number that its atom and all of its ghosts have in
// all domains, and no other atom. It is nil in all domains or in none. Every domain
// must then have the forces on its ghosts added to those on their atoms.
func (d *Domain) Neighbors(rows int, start []int, list, images []int32, ids []int64) error {
	d.done = -1
	return d.pairs.set(rows, start, list, images, ids)
}

// Begin takes over a configuration: positions [Å] and kinds (indices into the
// species of the model) of the rows. Its error is an [AtomError] if it is one
// atom's.
func (d *Domain) Begin(pos [][3]float64, kind []int32) error {
	d.done = -1
	switch {
	case d.pairs.rows < 0:
		return fmt.Errorf("potential: Begin before Neighbors")
	case len(pos) != d.pairs.rows || len(kind) != d.pairs.rows:
		return fmt.Errorf("potential: %d positions and %d kinds, the lists of neighbours are for %d rows", len(pos), len(kind), d.pairs.rows)
	}
	resize(&d.kind, d.pairs.places)
	resize(&d.kinds, d.pairs.places)
	places := 0
	for i, k := range kind {
		if k < 0 || int(k) >= len(d.model.Config.Species) {
			return newAtomError(i, -1, fmt.Errorf("potential: atom %d has kind %d, the model knows %d species: %w", i+1, k, len(d.model.Config.Species), ErrUnknownElement))
		}
		// A sum is finite if its terms are, unless they are beyond any structure.
		if x := pos[i]; notFinite(x[0] + x[1] + x[2]) {
			return newAtomError(i, -1, fmt.Errorf("potential: atom %d is at %g Å: %w", i+1, x, neighbor.ErrNotFinite))
		}
		p := int(d.pairs.place[i])
		if p < places { // an image of a row before it
			if d.kind[p] != k {
				return newAtomError(i, -1, fmt.Errorf("potential: row %d is of another kind than the row it is an image of", i+1))
			}
			continue
		}
		d.kind[p], d.kinds[p] = k, int(k)
		places++
	}
	d.pairs.linkImages(pos)
	if err := d.edges(pos); err != nil {
		return err
	}
	cleared(&d.dVec, len(d.graph.Vec))
	resize(&d.site, d.pairs.own())
	for i := range d.site {
		d.site[i] = d.model.ReferenceEnergies[kind[i]]
	}
	if d.bindings != nil {
		resize(&d.gamma, d.pairs.own())
		d.crew.each(d.pairs.own(), domainBlock, d.steps.bind)
	}
	d.stage.begin(&d.graph, d.kind, d.pairs.ids, d.dVec)
	d.done = 0
	return nil
}

// domainBlock is the number of atoms a worker takes at a time.
const domainBlock = 64

// edges makes the graph of the candidates closer than the cutoff. Edges to
// ghosts have no reverse. The two directions of a bond are opposite vectors to
// the last bit, so both are there or none.
func (d *Domain) edges(pos [][3]float64) error {
	g, own := &d.graph, d.pairs.own()
	d.args.pos = pos
	defer func() { d.args.pos = nil }()
	resize(&g.Start, own+1)
	resize(&d.edge, len(d.pairs.list))
	for w := range d.workers {
		d.workers[w] = domainWorker{closest: Closest{Atoms: [2]int{-1, -1}}, ratio: math.Inf(1)}
	}
	d.crew.each(own, domainBlock, d.steps.measure)
	d.findClosest()
	if err := d.firstError(); err != nil {
		return err
	}
	g.Start[0] = 0
	for i := range own {
		g.Start[i+1] += g.Start[i]
	}
	edges := g.Start[own]
	resize(&g.Neighbor, edges)
	resize(&g.Vec, edges)
	resize(&g.Reverse, edges)
	d.crew.each(own, domainBlock, d.steps.fill)
	d.crew.each(own, domainBlock, d.steps.link)
	return nil
}

// findClosest gathers the closest pair of all workers.
func (d *Domain) findClosest() {
	first := &d.workers[0]
	for k := range d.workers {
		w := &d.workers[k]
		if w.ratio < first.ratio || w.ratio == first.ratio && w.closest.Atoms[0] < first.closest.Atoms[0] {
			first = w
		}
	}
	d.closest = first.closest
}

// firstError returns the error of the first atom that has one.
func (d *Domain) firstError() error {
	var first domainWorker
	for _, w := range d.workers {
		if w.err != nil {
			first.fail(w.err)
		}
	}
	if first.err == nil {
		return nil // not a nil pointer in an interface
	}
	return first.err
}

// measure counts the edges of atoms lo to hi, in Start[i+1].
func (d *Domain) measure(worker, lo, hi int) {
	w, pos := &d.workers[worker], d.args.pos
	cutoff2 := d.model.Config.Cutoff * d.model.Config.Cutoff
	species := len(d.model.Config.Species)
	for i := lo; i < hi; i++ {
		count := 0
		for k := d.pairs.start[i]; k < d.pairs.start[i+1]; k++ {
			from, to := d.pairs.ends(i, k)
			a, b := &pos[from], &pos[to]
			x, y, z := b[0]-a[0], b[1]-a[1], b[2]-a[2]
			r2 := x*x + y*y + z*z
			if !(r2 < cutoff2) {
				continue
			}
			j := d.pairs.list[k]
			count++
			if r2 == 0 {
				w.fail(newAtomError(i, int(j), fmt.Errorf("potential: atoms %d and %d: %w", i+1, j+1, neighbor.ErrCoincident)))
			}
			if len(d.limit) == 0 {
				continue
			}
			if limit2 := d.limit[int(d.kind[i])*species+int(d.kind[d.pairs.place[j]])]; r2 < w.ratio*limit2 {
				w.ratio = r2 / limit2
				w.closest = Closest{[2]int{i, int(j)}, math.Sqrt(r2), math.Sqrt(limit2)}
			}
		}
		d.graph.Start[i+1] = count
	}
}

// fill writes the edges of atoms lo to hi.
func (d *Domain) fill(_, lo, hi int) {
	g, pos := &d.graph, d.args.pos
	cutoff2 := d.model.Config.Cutoff * d.model.Config.Cutoff
	for i := lo; i < hi; i++ {
		e := g.Start[i]
		for k := d.pairs.start[i]; k < d.pairs.start[i+1]; k++ {
			// By components: a short array goes through the stack in pieces, and the
			// processor waits for them.
			from, to := d.pairs.ends(i, k)
			a, b := &pos[from], &pos[to]
			x, y, z := b[0]-a[0], b[1]-a[1], b[2]-a[2]
			if !(x*x+y*y+z*z < cutoff2) {
				d.edge[k] = -1
				continue
			}
			v := &g.Vec[e]
			v[0], v[1], v[2] = x, y, z
			g.Neighbor[e], d.edge[k] = d.pairs.place[d.pairs.list[k]], int32(e)
			e++
		}
	}
}

// link finds the reverses of the edges of atoms lo to hi.
func (d *Domain) link(_, lo, hi int) {
	for k := d.pairs.start[lo]; k < d.pairs.start[hi]; k++ {
		e := d.edge[k]
		if e < 0 {
			continue
		}
		d.graph.Reverse[e] = -1
		if back := d.pairs.back[k]; back >= 0 {
			d.graph.Reverse[e] = d.edge[back]
		}
	}
}

// Forward goes up through layer t, from 0 to Layers()-1.
func (d *Domain) Forward(t int) error {
	if err := d.next(t, "Forward", t); err != nil {
		return err
	}
	d.stage.forward(t)
	return nil
}

// Backward goes down through layer t, from Layers()-1 to 0.
func (d *Domain) Backward(t int) error {
	if err := d.next(2*d.Layers()-1-t, "Backward", t); err != nil {
		return err
	}
	d.stage.backward(t)
	return nil
}

// next checks that the stage of that number is due.
func (d *Domain) next(number int, name string, t int) error {
	if t < 0 || t >= d.Layers() || number != d.done {
		return fmt.Errorf("potential: %s(%d) out of order: %d stages are done of %d layers up and down", name, t, d.done, d.Layers())
	}
	d.done++
	return nil
}

// Exchanging returns whether the stage before has left something for the ghosts.
// The last stage and the one before it do not.
func (d *Domain) Exchanging() bool { return d.done > 0 && d.done < 2*d.Layers()-1 }

// present tells which rows the stage before has left: features that layer t takes in
// (up), or its ∂E/∂m.
func (d *Domain) present() (up bool, t int) {
	if layers := d.Layers(); d.done >= layers {
		return false, 2*layers - 1 - d.done
	}
	return true, d.done
}

// GetRow copies what the stage before has left for the ghosts of an atom to out,
// RowBytes long. The row may be an image or a ghost.
func (d *Domain) GetRow(row int, out []byte) {
	up, t := d.present()
	d.stage.getRow(up, t, int(d.pairs.place[row]), out)
}

// SetRow fills in the row of a ghost, which is also that of its images. Own atoms
// have their rows, and so have their images: for them it does nothing.
func (d *Domain) SetRow(row int, in []byte) {
	up, t := d.present()
	if p := int(d.pairs.place[row]); p >= d.pairs.own() {
		d.stage.setRow(up, t, p, in)
	}
}

// Memory returns about how many bytes are held for rows and edges.
func (d *Domain) Memory() int {
	rows, own, edges := len(d.kind), len(d.site), len(d.graph.Neighbor)
	layers := d.Layers()
	features := rows*(layers-1) + rows*min(layers, 2) + own*(layers-1)
	if layers > 2 {
		features += own
	}
	const perEdge, perCandidate = 24 + 24 + 4 + 4 + 24 + 4 + 4, 5*4 + 8
	return features*d.stage.rowBytes(true) + d.stage.keptBytes() + edges*perEdge + len(d.pairs.list)*perCandidate
}

// Finish writes what the stages have computed, each argument where it is not
// nil: energies [eV] of the domain's own atoms, forces [eV/Å] and virials −∂E/∂ε
// [eV] of all rows, xx yy zz xy xz yz. Those of ghosts are the domain's part of
// what belongs to their atoms; those of images are zero, added to the row that
// they are images of. A bond's virial is shared equally by its atoms. Sums over
// all domains, and for the virial over all rows, are the energy and virial of the
// system. The error for a result that is not finite is an [AtomError] that wraps
// [ErrNotFinite].
func (d *Domain) Finish(energies []float64, forces [][3]float64, virials [][6]float64) error {
	if d.done != 2*d.Layers() {
		return fmt.Errorf("potential: %d stages are done, want %d up and %d down", max(d.done, 0), d.Layers(), d.Layers())
	}
	own, rows := len(d.site), d.pairs.rows
	if energies != nil && len(energies) != own || forces != nil && len(forces) != rows || virials != nil && len(virials) != rows {
		return fmt.Errorf("potential: room for %d energies, %d forces, %d virials, want %d, %d, %d", len(energies), len(forces), len(virials), own, rows, rows)
	}
	d.done = -1
	d.stage.energies(d.site)
	d.crew.each(own, domainBlock, d.steps.pairs)
	copy(energies, d.site)
	for w := range d.workers {
		d.workers[w].err = nil
	}
	d.args = domainArgs{energies: energies, forces: forces, virials: virials}
	d.crew.each(own, domainBlock, d.steps.finish)
	d.ghostForces()
	d.args = domainArgs{}
	return d.firstError()
}

// ghostForces collects the forces and virials of ghosts, which several atoms
// share: one after another, so that sums do not depend on the threads.
func (d *Domain) ghostForces() {
	own := len(d.site)
	forces, virials := d.args.forces, d.args.virials
	if forces != nil {
		clear(forces[own:])
	}
	if virials != nil {
		clear(virials[own:])
	}
	if own == d.pairs.rows {
		return
	}
	for e, back := range d.graph.Reverse {
		if back >= 0 {
			continue
		}
		f, w := oppositeForce(d.graph.Vec[e], d.dVec[e])
		row := d.pairs.first[d.graph.Neighbor[e]]
		for k := range f {
			if forces != nil {
				forces[row][k] += f[k]
			}
		}
		for k := range w {
			if virials != nil {
				virials[row][k] += w[k]
			}
		}
	}
}

// bind adds the binding energies of atoms lo to hi and notes their γ.
func (d *Domain) bind(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		energy, gamma := d.bindings.of(&d.graph, d.kinds, i)
		d.site[i] += energy
		d.gamma[i] = gamma
	}
}

// addPairs adds the repulsion of atoms lo to hi and the forces of their binding.
func (d *Domain) addPairs(_, lo, hi int) {
	d.model.Repulsion.add(&d.graph, d.kinds, d.model.Config.Species, d.site, d.dVec, lo, hi)
	if d.bindings == nil {
		return
	}
	for i := lo; i < hi; i++ {
		if d.gamma[i] != 0 {
			d.bindings.pull(&d.graph, d.kinds, i, d.gamma[i], d.dVec)
		}
	}
}

// finish collects the forces and virials of atoms lo to hi.
func (d *Domain) finish(worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		f, w := atomForce(&d.graph, i, d.dVec)
		if notFinite(d.site[i] + f[0] + f[1] + f[2]) {
			d.workers[worker].fail(newAtomError(i, -1, fmt.Errorf("potential: atom %d has energy %g eV and force %g eV/Å: %w", i+1, d.site[i], f, ErrNotFinite)))
		}
		if d.args.forces != nil {
			d.args.forces[i] = f
		}
		if d.args.virials != nil {
			d.args.virials[i] = w
		}
	}
}
