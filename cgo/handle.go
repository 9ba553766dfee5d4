package main

// #include "failure.h"
import "C"

import (
	"sync"
	"sync/atomic"
)

// table holds what handles of one kind stand for.
type table[T any] struct {
	kind    string
	mu      sync.Mutex
	entries map[C.uintptr_t]*entry[T]
}

// entry is locked while a thread uses it.
type entry[T any] struct {
	mu    sync.Mutex
	value *T
}

// last is the last handle given out, of any kind: one of another kind or one
// given back is then never valid by chance.
var lastHandle atomic.Uint64

func newTable[T any](kind string) *table[T] {
	return &table[T]{kind: kind, entries: map[C.uintptr_t]*entry[T]{}}
}

func (t *table[T]) add(value *T) C.uintptr_t {
	h := C.uintptr_t(lastHandle.Add(1))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries[h] = &entry[T]{value: value}
	return h
}

func (t *table[T]) find(h C.uintptr_t) (*entry[T], error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[h]
	if e == nil {
		return nil, fail(C.PONITA_EHANDLE, "%d is no %s, or one given back", uint64(h), t.kind)
	}
	return e, nil
}

// use calls f with what a handle stands for. After a panic the handle is of no
// more use.
func (t *table[T]) use(h C.uintptr_t, f func(*T) error) error {
	e, err := t.find(h)
	if err != nil {
		return err
	}
	if !e.mu.TryLock() {
		return fail(C.PONITA_EHANDLE, "%s %d is in use by another thread", t.kind, uint64(h))
	}
	defer e.mu.Unlock()
	if e.value == nil {
		return fail(C.PONITA_EHANDLE, "%s %d is of no more use after an earlier failure", t.kind, uint64(h))
	}
	whole := false
	value := e.value
	e.value = nil
	defer func() {
		if whole {
			e.value = value
		}
	}()
	err = f(value)
	whole = true
	return err
}

func (t *table[T]) remove(h C.uintptr_t) error {
	e, err := t.find(h)
	if err != nil {
		return err
	}
	if !e.mu.TryLock() {
		return fail(C.PONITA_EHANDLE, "%s %d is in use by another thread", t.kind, uint64(h))
	}
	defer e.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.entries, h)
	return nil
}

// open fills in the handle of something new.
func (t *table[T]) open(handle *C.uintptr_t, create func() (*T, error)) error {
	if handle == nil {
		return argument("no room for the handle: a null pointer")
	}
	*handle = 0
	value, err := create()
	if err != nil {
		return err
	}
	*handle = t.add(value)
	return nil
}
