package main

// #include "failure.h"
import "C"

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"ponita/potential"
	"ponita/xyz"
)

// domain is a process's part of a system.
type domain struct {
	model  *potential.Model
	domain *potential.Domain
	bits   int
	kinds  [maxNumber + 1]int32 // of atomic numbers, -1 for those not in the model
	own    int
	kind   []int32
	start  []int

	energies []float64
	forces   [][3]float64
	virials  [][6]float64
}

const maxNumber = 118

var domains = newTable[domain]("domain")

//export goDomainNew
func goDomainNew(model C.uintptr_t, opts unsafe.Pointer, handle *C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.openWith(model, opts, handle, func(m *potential.Model, o []potential.Option) (*domain, error) {
			d := &domain{model: m, bits: 32, own: -1}
			if opts != nil && (*C.ponita_options)(opts).precision == 64 {
				d.bits = 64
			}
			var err error
			if d.domain, err = m.Domain(o...); err != nil {
				return nil, fail(C.PONITA_EUNSUPPORTED, "%v", err)
			}
			for z := range d.kinds {
				d.kinds[z] = int32(slices.Index(m.Config.Species, z))
			}
			return d, nil
		})
	})
}

//export goDomainFree
func goDomainFree(handle C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error { return domains.remove(handle) })
}

//export goDomainDescribe
func goDomainDescribe(handle C.uintptr_t, info unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error {
			out, err := input[C.ponita_domain_info](info, "ponita_domain_info")
			if err != nil {
				return err
			}
			out.layers, out.precision = C.int32_t(d.domain.Layers()), C.int32_t(d.bits)
			out.threads, out.reserved = C.int32_t(d.domain.Threads()), 0
			out.row_bytes, out.edges = C.int64_t(d.domain.RowBytes()), C.int64_t(d.domain.Edges())
			out.ghost_bytes = C.int64_t(d.domain.GhostBytes())
			out.memory = C.int64_t(d.domain.Memory())
			text(&out.kernel, d.domain.KernelName())
			closest := d.domain.Closest()
			for k, i := range closest.Atoms {
				out.closest[k] = C.int64_t(i)
			}
			out.closest_distance, out.closest_limit = C.double(closest.Distance), C.double(closest.Limit)
			output(info, &out)
			return nil
		})
	})
}

//export goDomainNeighbors
func goDomainNeighbors(handle C.uintptr_t, lists unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.neighbors(lists) })
	})
}

func (d *domain) neighbors(lists unsafe.Pointer) error {
	in, err := input[C.ponita_neighbors](lists, "ponita_neighbors")
	if err != nil {
		return err
	}
	own, err := count(in.own, "the number of atoms")
	if err != nil {
		return err
	}
	ghosts, err := count(in.ghosts, "the number of ghosts")
	if err != nil {
		return err
	}
	rows, err := count(C.int64_t(own+ghosts), "the number of rows")
	if err != nil {
		return err
	}
	start, err := slice[int](unsafe.Pointer(in.start), own+1, "start")
	if err != nil {
		return err
	}
	n, err := count(C.int64_t(start[own]), "the number of candidates")
	if err != nil {
		return err
	}
	list, err := slice[int32](unsafe.Pointer(in.neighbors), n, "neighbors")
	if err != nil {
		return err
	}
	var images []int32
	if in.images != nil {
		images = unsafe.Slice((*int32)(unsafe.Pointer(in.images)), ghosts)
	}
	var ids []int64
	if in.ids != nil {
		ids = unsafe.Slice((*int64)(unsafe.Pointer(in.ids)), rows)
	}
	d.own = -1
	if err := d.domain.Neighbors(rows, start, list, images, ids); err != nil {
		return err
	}
	d.own = own
	d.kind = slices.Grow(d.kind[:0], rows)[:rows]
	return nil
}

//export goDomainBegin
func goDomainBegin(handle C.uintptr_t, atoms unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.begin(atoms) })
	})
}

func (d *domain) begin(atoms unsafe.Pointer) error {
	in, err := input[C.ponita_atoms](atoms, "ponita_atoms")
	if err != nil {
		return err
	}
	if d.own < 0 {
		return argument("begin before neighbors")
	}
	pos, err := slice[[3]float64](unsafe.Pointer(in.positions), len(d.kind), "positions")
	if err != nil {
		return err
	}
	numbers, err := slice[int32](unsafe.Pointer(in.numbers), len(d.kind), "numbers")
	if err != nil {
		return err
	}
	for i, z := range numbers {
		if z < 0 || z > maxNumber || d.kinds[z] < 0 {
			return unknown(d.model, i, z)
		}
		d.kind[i] = d.kinds[z]
	}
	return d.domain.Begin(pos, d.kind)
}

// firstUnknown returns the first atom of an element that a model does not know,
// or -1.
func firstUnknown(m *potential.Model, numbers []int32) int {
	return slices.IndexFunc(numbers, func(z int32) bool { return !slices.Contains(m.Config.Species, int(z)) })
}

func unknown(m *potential.Model, atom int, z int32) error {
	var known []string
	for _, s := range m.Config.Species {
		known = append(known, xyz.Symbol(s))
	}
	text := fmt.Sprintf("ponita: atom %d has the atomic number %d, the model knows %s", atom+1, z, strings.Join(known, " "))
	return &failed{C.PONITA_EELEMENT, text, [2]int{atom, -1}}
}

//export goDomainForward
func goDomainForward(handle C.uintptr_t, layer C.int32_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.domain.Forward(int(layer)) })
	})
}

//export goDomainBackward
func goDomainBackward(handle C.uintptr_t, layer C.int32_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.domain.Backward(int(layer)) })
	})
}

//export goDomainRows
func goDomainRows(handle C.uintptr_t, n C.int64_t, rows *C.int32_t, buffer unsafe.Pointer, set C.int, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.copyRows(n, rows, buffer, set != 0) })
	})
}

// copyRows copies rows to the caller's buffer, or from it if set.
func (d *domain) copyRows(n C.int64_t, list *C.int32_t, memory unsafe.Pointer, set bool) error {
	if !d.domain.Exchanging() {
		return argument("there is nothing to exchange now: rows are copied after every stage but the last two")
	}
	length, err := count(n, "the number of rows")
	if err != nil {
		return err
	}
	index, err := slice[int32](unsafe.Pointer(list), length, "rows")
	if err != nil {
		return err
	}
	size := d.domain.RowBytes()
	buffer, err := slice[byte](memory, length*size, "buffer")
	if err != nil {
		return err
	}
	for k, i := range index {
		if i < -1 || int(i) >= len(d.kind) {
			return argument("rows[%d] is %d of %d", k, i, len(d.kind))
		}
		there := buffer[k*size : (k+1)*size]
		if i < 0 {
			if !set {
				clear(there)
			}
			continue
		}
		if set {
			d.domain.SetRow(int(i), there)
		} else {
			d.domain.GetRow(int(i), there)
		}
	}
	return nil
}

//export goDomainFinish
func goDomainFinish(handle C.uintptr_t, result unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		return domains.use(handle, func(d *domain) error { return d.finish(result) })
	})
}

func (d *domain) finish(result unsafe.Pointer) error {
	out, err := input[C.ponita_result](result, "ponita_result")
	if err != nil {
		return err
	}
	if d.own < 0 {
		return argument("finish before neighbors")
	}
	energies := results(&d.energies, unsafe.Pointer(out.energies), d.own)
	forces := results(&d.forces, unsafe.Pointer(out.forces), len(d.kind))
	virials := results(&d.virials, unsafe.Pointer(out.virials), len(d.kind))
	if err := d.domain.Finish(energies, forces, virials); err != nil {
		return err
	}
	out.energy, out.virial = 0, [6]C.double{}
	for _, e := range energies {
		out.energy += C.double(e)
	}
	for i := range virials {
		for k, w := range virials[i] {
			out.virial[k] += C.double(w)
		}
	}
	output(result, &out)
	return nil
}

// results returns n elements of the caller's memory, or of our own where there
// is none.
func results[T any](own *[]T, caller unsafe.Pointer, n int) []T {
	if caller != nil {
		return unsafe.Slice((*T)(caller), n)
	}
	*own = slices.Grow((*own)[:0], n)[:n]
	return *own
}
