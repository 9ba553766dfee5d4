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
//	Begin                                   positions, kinds, neighbours
//	for t := 0; t < Layers(); t++ {
//		Forward(t)
//		exchange Rows()                     features; after the last layer adjoints
//	}
//	for t := Layers()-1; t >= 0; t-- {
//		Backward(t)
//		exchange Rows() unless t == 0       adjoints
//	}
//	Finish                                  energies, forces, virials
//
// An exchange copies the row of every atom to its ghosts. Nothing flows back
// from ghosts: the forces on a domain's own atoms are complete. A Domain belongs
// to one goroutine. Atoms are counted from 0 in arguments, from 1 in messages.
type Domain struct {
	model *Model
	graph neighbor.Graph
	kind  []int32
	kinds []int
	site  []float64
	dVec  [][3]float64
	stage stage
	done  int // stages since Begin, to notice a wrong order
}

// stage is the engine in either precision.
type stage interface {
	begin(g *neighbor.Graph, kind []int32, dVec [][3]float64)
	forward(t int)
	backward(t int)
	energies(site []float64)
	rows(up bool, t int) []byte
	rowBytes() int
	kernelName() string
}

func (e *engine[T]) kernelName() string { return e.set.Name }

// rowBytes is the size of the row of an atom.
func (e *engine[T]) rowBytes() int {
	var v T
	return e.rowSize() * int(unsafe.Sizeof(v))
}

// rows returns the memory of the features that layer t takes in (up), or of its
// ∂E/∂m: [atom and ghost][orientation][channel].
func (e *engine[T]) rows(up bool, t int) []byte {
	x := e.dM[t%2]
	if up {
		x = e.h[t]
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(e.kind)*e.rowBytes())
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
	d := &Domain{model: m, done: -1}
	var err error
	if o.double {
		d.stage, err = newStage(m, &m.engine64, o.threads)
	} else {
		d.stage, err = newStage(m, &m.engine32, o.threads)
	}
	return d, err
}

func newStage[T Float](m *Model, w *shared[engineWeights[T]], threads int) (stage, error) {
	weights, err := w.get(func() (*engineWeights[T], error) { return newEngineWeights[T](m.Config, m.Weights) })
	if err != nil {
		return nil, err
	}
	return newEngine(weights, m.Scale, newCrew(threads)), nil
}

// Layers returns the number of layers T.
func (d *Domain) Layers() int { return d.model.Config.Layers }

// RowBytes returns the size of an atom's row in an exchange.
func (d *Domain) RowBytes() int { return d.stage.rowBytes() }

// KernelName returns the name of the kernel set in use, such as "avx2".
func (d *Domain) KernelName() string { return d.stage.kernelName() }

// Begin takes over a configuration: positions [Å] and kinds (indices into the
// species of the model) of the atoms and of the ghosts behind them, and for each
// of the domain's own atoms the candidates for its neighbours, which may be
// farther than the cutoff: those of atom i are neighbors[start[i]:start[i+1]].
// Both directions of a bond between two own atoms must be there.
func (d *Domain) Begin(pos [][3]float64, kind []int32, start []int, neighbors []int32) error {
	if len(pos) != len(kind) || len(start) == 0 || len(start)-1 > len(pos) {
		return fmt.Errorf("potential: %d positions, %d kinds, rows of neighbours for %d atoms", len(pos), len(kind), len(start)-1)
	}
	for i, k := range kind {
		if k < 0 || int(k) >= len(d.model.Config.Species) {
			return fmt.Errorf("potential: atom %d has kind %d, the model knows %d species: %w", i+1, k, len(d.model.Config.Species), ErrUnknownElement)
		}
	}
	d.done = -1
	d.kind = append(d.kind[:0], kind...)
	d.kinds = d.kinds[:0]
	for _, k := range kind {
		d.kinds = append(d.kinds, int(k))
	}
	if err := d.edges(pos, start, neighbors); err != nil {
		return err
	}
	locals := len(start) - 1
	cleared(&d.dVec, len(d.graph.Vec))
	resize(&d.site, locals)
	for i := range d.site {
		d.site[i] = d.model.ReferenceEnergies[kind[i]]
	}
	d.stage.begin(&d.graph, d.kind, d.dVec)
	d.done = 0
	return nil
}

// edges makes the graph of the candidates closer than the cutoff. Edges to
// ghosts have no reverse.
func (d *Domain) edges(pos [][3]float64, start []int, neighbors []int32) error {
	g, locals := &d.graph, len(start)-1
	cutoff2 := d.model.Config.Cutoff * d.model.Config.Cutoff
	g.Start = append(g.Start[:0], 0)
	g.Neighbor, g.Vec, g.Reverse = g.Neighbor[:0], g.Vec[:0], g.Reverse[:0]
	for i := range locals {
		if start[i] < 0 || start[i+1] < start[i] || start[i+1] > len(neighbors) {
			return fmt.Errorf("potential: neighbours of atom %d are %d to %d of %d", i+1, start[i], start[i+1], len(neighbors))
		}
		for _, j := range neighbors[start[i]:start[i+1]] {
			if j < 0 || int(j) >= len(pos) || int(j) == i {
				return fmt.Errorf("potential: atom %d of %d has the neighbour %d", i+1, len(pos), j+1)
			}
			v := sub(pos[j], pos[i])
			r2 := dot(v, v)
			if r2 == 0 {
				return fmt.Errorf("potential: atoms %d and %d: %w", i+1, j+1, neighbor.ErrCoincident)
			}
			if math.IsNaN(r2) || math.IsInf(r2, 0) {
				return fmt.Errorf("potential: atom %d at %g or atom %d at %g: %w", i+1, pos[i], j+1, pos[j], neighbor.ErrNotFinite)
			}
			if r2 < cutoff2 {
				g.Neighbor, g.Vec = append(g.Neighbor, j), append(g.Vec, v)
				g.Reverse = append(g.Reverse, -1)
			}
		}
		g.Start = append(g.Start, len(g.Neighbor))
	}
	for i := range locals {
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			j := int(g.Neighbor[e])
			if j >= locals || g.Reverse[e] >= 0 {
				continue
			}
			back := -1
			for k := g.Start[j]; k < g.Start[j+1]; k++ {
				if int(g.Neighbor[k]) == i && g.Reverse[k] < 0 {
					back = k
					break
				}
			}
			if back < 0 {
				return fmt.Errorf("potential: atom %d has the neighbour %d, but not the other way round: want a full list", i+1, j+1)
			}
			g.Reverse[e], g.Reverse[back] = int32(back), int32(e)
		}
	}
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

// Rows returns the rows that the stage before has left for the ghosts, own atoms
// first: [atom and ghost][RowBytes]. Those of ghosts are to be filled in. It is
// nil when there is nothing to exchange.
func (d *Domain) Rows() []byte {
	layers := d.Layers()
	switch {
	case d.done <= 0 || d.done >= 2*layers:
		return nil
	case d.done < layers:
		return d.stage.rows(true, d.done)
	default:
		return d.stage.rows(false, 2*layers-1-d.done)
	}
}

// Finish writes what the stages have computed, each argument where it is not
// nil: energies [eV], forces [eV/Å] and virials −∂E/∂ε [eV] of the domain's own
// atoms, xx yy zz xy xz yz. A bond's virial is shared equally by its atoms. Sums
// over all domains are the energy and virial of the system.
func (d *Domain) Finish(energies []float64, forces [][3]float64, virials [][6]float64) error {
	if d.done != 2*d.Layers() {
		return fmt.Errorf("potential: %d stages are done, want %d up and %d down", d.done, d.Layers(), d.Layers())
	}
	d.done = -1
	d.stage.energies(d.site)
	d.model.Repulsion.add(&d.graph, d.kinds, d.model.Config.Species, d.site, d.dVec)
	locals := len(d.site)
	if energies != nil && len(energies) != locals || forces != nil && len(forces) != locals || virials != nil && len(virials) != locals {
		return fmt.Errorf("potential: room for %d energies, %d forces, %d virials, want %d", len(energies), len(forces), len(virials), locals)
	}
	copy(energies, d.site)
	g := &d.graph
	for i := range locals {
		var f [3]float64
		var w [6]float64
		for e := g.Start[i]; e < g.Start[i+1]; e++ {
			v, b := g.Vec[e], d.bond(e)
			for k := range 3 {
				f[k] += b[k]
				w[k] -= v[k] * b[k] / 2
			}
			w[3] -= (v[0]*b[1] + v[1]*b[0]) / 4
			w[4] -= (v[0]*b[2] + v[2]*b[0]) / 4
			w[5] -= (v[1]*b[2] + v[2]*b[1]) / 4
		}
		if notFinite(d.site[i] + f[0] + f[1] + f[2]) {
			return fmt.Errorf("potential: atom %d has energy %g eV and force %g eV/Å", i+1, d.site[i], f)
		}
		if forces != nil {
			forces[i] = f
		}
		if virials != nil {
			virials[i] = w
		}
	}
	return nil
}

// bond returns ∂E/∂x_ij of both directions of the bond of edge e.
func (d *Domain) bond(e int) [3]float64 {
	b := d.dVec[e]
	if back := d.graph.Reverse[e]; back >= 0 {
		b = sub(b, d.dVec[back])
	}
	return b
}
