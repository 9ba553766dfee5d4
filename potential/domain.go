package potential

import (
	"fmt"

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

// Closest is the pair of atoms that is deepest inside the short-range repulsion.
type Closest struct {
	Atoms    [2]int  // rows; -1 if there is none
	Distance float64 // Å
	// Limit is the inner radius of the repulsion, Å: about half of the shortest
	// distance in the training data.
	Limit float64
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
