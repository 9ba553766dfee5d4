package main

// #include "failure.h"
import "C"

import (
	"bytes"
	"runtime"
	"sync"
	"unsafe"

	"ponita/integrator"
	"ponita/internal/version"
	"ponita/potential"
	"ponita/xyz"
)

var models = newTable[potential.Model]("model")

// versionText is made once and never freed.
var versionText = sync.OnceValue(func() *C.char { return C.CString(version.String()) })

//export goVersion
func goVersion() *C.char { return versionText() }

//export goModelOpen
func goModelOpen(path *C.char, model *C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return models.open(model, func() (*potential.Model, error) {
			if path == nil {
				return nil, argument("the path is a null pointer")
			}
			return potential.Load(C.GoString(path))
		})
	})
}

//export goModelOpenBytes
func goModelOpenBytes(data unsafe.Pointer, n C.size_t, model *C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return models.open(model, func() (*potential.Model, error) {
			if n > 1<<40 {
				return nil, argument("a model of %d bytes", uint64(n))
			}
			b, err := slice[byte](data, int(n), "bytes")
			if err != nil {
				return nil, err
			}
			return potential.Decode(bytes.Clone(b))
		})
	})
}

//export goModelClose
func goModelClose(model C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error { return models.remove(model) })
}

// shared returns a model, which is safe to use by several threads at once.
func shared(h C.uintptr_t) (*potential.Model, error) {
	e, err := models.find(h)
	if err != nil {
		return nil, err
	}
	return e.value, nil
}

//export goModelDescribe
func goModelDescribe(model C.uintptr_t, info unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		m, err := shared(model)
		if err != nil {
			return err
		}
		out, err := input[C.ponita_model_info](info, "ponita_model_info")
		if err != nil {
			return err
		}
		c := m.Config
		out.cutoff = C.double(c.Cutoff)
		out.species, out.layers = C.int32_t(len(c.Species)), C.int32_t(c.Layers)
		out.orientations, out.channels = C.int32_t(len(c.Grid.Orientations)), C.int32_t(c.Channels)
		out.staged, out.reserved = 0, 0
		if _, err := m.Domain(potential.Threads(1)); err == nil {
			out.staged = 1
		}
		text(&out.hash, m.Hash())
		text(&out.trained_by, m.Provenance.Version)
		text(&out.created, m.Provenance.Created)
		output(info, &out)
		return nil
	})
}

// text fills a field of characters.
func text[T any](field *T, s string) {
	copyText(unsafe.Slice((*byte)(unsafe.Pointer(field)), unsafe.Sizeof(*field)), s)
}

//export goModelSpecies
func goModelSpecies(model C.uintptr_t, index C.int32_t, info unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		m, err := shared(model)
		if err != nil {
			return err
		}
		out, err := input[C.ponita_species_info](info, "ponita_species_info")
		if err != nil {
			return err
		}
		if index < 0 || int(index) >= len(m.Config.Species) {
			return argument("element %d of a model with %d", index, len(m.Config.Species))
		}
		z := m.Config.Species[index]
		out.number = C.int32_t(z)
		text(&out.symbol, xyz.Symbol(z))
		out.mass = C.double(integrator.Masses([]int{z})[0])
		out.reference_energy = C.double(m.ReferenceEnergies[index])
		output(info, &out)
		return nil
	})
}

// openWith fills in the handle of something made of a model, with the options of
// an evaluation.
func (t *table[T]) openWith(model C.uintptr_t, opts unsafe.Pointer, handle *C.uintptr_t,
	create func(*potential.Model, []potential.Option) (*T, error)) error {
	return t.open(handle, func() (*T, error) {
		m, err := shared(model)
		if err != nil {
			return nil, err
		}
		o, err := options(opts)
		if err != nil {
			return nil, err
		}
		return create(m, o)
	})
}

// options reads the options of an evaluation and makes room for its threads: the
// processor affinity of the host, which Go follows, may be narrower.
func options(p unsafe.Pointer) ([]potential.Option, error) {
	const mostThreads = 1024
	o := C.ponita_options{}
	if p != nil {
		var err error
		if o, err = input[C.ponita_options](p, "ponita_options"); err != nil {
			return nil, err
		}
	}
	if o.precision != 0 && o.precision != 32 && o.precision != 64 {
		return nil, argument("a precision of %d bits, want 32 or 64", o.precision)
	}
	if o.threads < 0 || o.threads > mostThreads {
		return nil, argument("%d threads, want 1 to %d", o.threads, mostThreads)
	}
	if !(o.skin >= 0 && o.skin <= 1e3) {
		return nil, argument("a skin of %g Å, want 0 or more", float64(o.skin))
	}
	threads := max(1, int(o.threads))
	if threads > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(threads)
	}
	list := []potential.Option{potential.Threads(threads)}
	if o.precision == 64 {
		list = append(list, potential.DoublePrecision())
	}
	if o.skin > 0 {
		list = append(list, potential.Skin(float64(o.skin)))
	}
	return list, nil
}
