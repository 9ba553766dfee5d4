package potential

import (
	"fmt"
	"math"

	"ponita/neighbor"
)

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

// addPairs adds the repulsion of atoms lo to hi, their embedded-atom part and the forces of
// their binding.
func (d *Domain) addPairs(_, lo, hi int) {
	d.model.Repulsion.add(&d.graph, d.kinds, d.model.Config.Species, d.site, d.dVec, lo, hi)
	d.model.Embedded.add(&d.graph, d.model.Config.Cutoff, d.kinds, d.site, d.dVec, lo, hi)
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
