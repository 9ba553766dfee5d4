package potential

import (
	"time"
	"unsafe"
)

// Memory returns the bytes of working memory that grow with the number of atoms:
// neighbour list, edges, features. It is that of the largest configuration so
// far. The memory of threads and weights is not in it.
func (c *Calculator) Memory() int {
	return c.list.Memory() + c.eval.memory() + sizeOf(c.dVec) + sizeOf(c.site) + sizeOf(c.virials) + sizeOf(c.kind) + sizeOf(c.rowKind) + sizeOf(c.rowSite)
}

func sizeOf[E any](s []E) int {
	var e E
	return cap(s) * int(unsafe.Sizeof(e))
}

func (f *fast[T]) memory() int {
	e := f.engine
	sum := sizeOf(f.kind) + sizeOf(e.edge) + sizeOf(e.neighbor) + sizeOf(e.roles) + sizeOf(e.unit) + sizeOf(e.at) + sizeOf(e.frac) + sizeOf(e.dH) + sizeOf(e.out)
	for _, x := range [][][]T{e.h, e.n, e.act, e.dM[:]} {
		for _, x := range x {
			sum += sizeOf(x)
		}
	}
	return sum
}

// memory of a plain pass is not counted: it keeps everything, many times as much.
func (ev *plain[T]) memory() int { return 0 }

// ProductRate measures the matrix products of the blocks on one thread, in
// GFLOP/s: W1 and W2 and their transposes on as many rows as the engine takes at
// a time. It is zero for models that the engine does not evaluate.
func (c *Calculator) ProductRate() float64 { return c.eval.productRate() }

func (ev *plain[T]) productRate() float64 { return 0 }

func (f *fast[T]) productRate() float64 {
	e, l := f.engine, &f.engine.layers[0]
	rows := max(blockRows/e.points, 1) * e.points
	x, g := make([]T, rows*e.channels), make([]T, rows*e.hidden)
	for k := range x {
		x[k] = T(k%7) - 3
	}
	products := 0
	began := time.Now()
	for time.Since(began) < 100*time.Millisecond {
		e.set.Affine(g, x, l.in.forward[0], rows, false)
		e.set.Affine(x, g, l.out.forward[0], rows, false)
		e.set.Affine(g, x, l.out.adjoint[0], rows, false)
		e.set.Affine(x, g, l.in.adjoint[0], rows, false)
		products += 4
		for k := range x { // keep the numbers in range
			x[k] = T(k%7) - 3
		}
	}
	return 2 * float64(products*rows*e.channels*e.hidden) / float64(time.Since(began).Nanoseconds())
}
