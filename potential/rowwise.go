package potential

import "ponita/potential/internal/kernel"

// rowKernel evaluates kernels one row [orientation][channel] at a time: K of one
// edge.
type rowKernel[T Float] interface {
	row(t, e int, k []T)                                   // K of edge e in layer t
	rowDot(t, e int, k []T)                                // K̇
	adjointRow(t, e int, dk []T)                           // take in ∂S/∂K
	gradientRow(t, e int, dk, dkDot []T, grad *weights[T]) // take in ∂S/∂K and ∂S/∂K̇
}

// rowwise is the sum over neighbours with such a kernel, edge by edge as the
// equations read: the slow way, for kernels without structure.
type rowwise[T Float] struct {
	rowKernel[T]
	set *kernel.Set[T]
	e   *edges
	k   [3][]T // rows
}

func newRowwise[T Float](k rowKernel[T], set *kernel.Set[T], e *edges, size int) rowwise[T] {
	r := rowwise[T]{rowKernel: k, set: set, e: e}
	for i := range r.k {
		r.k[i] = make([]T, size)
	}
	return r
}

// visit calls f with each edge, its center and its neighbour.
func (r *rowwise[T]) visit(f func(e, i, j int)) {
	for i := range r.e.atoms() {
		for e := r.e.graph.Start[i]; e < r.e.graph.Start[i+1]; e++ {
			f(e, i, int(r.e.graph.Neighbor[e]))
		}
	}
}

// of returns the row of atom i.
func (r *rowwise[T]) of(x []T, i int) []T {
	n := len(r.k[0])
	return x[i*n : (i+1)*n]
}

func (r *rowwise[T]) gather(t int, m, h []T) {
	r.visit(func(e, i, j int) {
		r.row(t, e, r.k[0])
		r.set.MulAdd(r.of(m, i), r.k[0], r.of(h, j))
	})
}

func (r *rowwise[T]) gatherDot(t int, m, h []T) {
	r.visit(func(e, i, j int) {
		r.rowDot(t, e, r.k[0])
		r.set.MulAdd(r.of(m, i), r.k[0], r.of(h, j))
	})
}

func (r *rowwise[T]) scatter(t int, dh, dm []T) {
	r.visit(func(e, i, j int) {
		r.row(t, e, r.k[0])
		r.set.MulAdd(r.of(dh, j), r.k[0], r.of(dm, i))
	})
}

func (r *rowwise[T]) scatterDot(t int, dh, dm []T) {
	r.visit(func(e, i, j int) {
		r.rowDot(t, e, r.k[0])
		r.set.MulAdd(r.of(dh, j), r.k[0], r.of(dm, i))
	})
}

func (r *rowwise[T]) adjoint(t int, dm, h []T) {
	r.visit(func(e, i, j int) {
		r.set.Mul(r.k[0], r.of(dm, i), r.of(h, j))
		r.adjointRow(t, e, r.k[0])
	})
}

func (r *rowwise[T]) gradientRows(t int, g gradientRows[T], grad *weights[T]) {
	r.visit(func(e, i, j int) {
		r.set.Mul(r.k[1], r.of(g.dm, i), r.of(g.h, j))
		clear(r.k[2])
		if g.dmDot != nil {
			r.set.MulAdd(r.k[1], r.of(g.dmDot, i), r.of(g.hDot, j))
			r.set.Mul(r.k[2], r.of(g.dmDot, i), r.of(g.h, j))
		}
		r.gradientRow(t, e, r.k[1], r.k[2], grad)
	})
}
