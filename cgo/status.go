package main

// #cgo CFLAGS: -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror
// #cgo LDFLAGS: -lm
// #include "failure.h"
import "C"

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"unicode/utf8"
	"unsafe"

	"ponita/neighbor"
	"ponita/potential"
)

// failed is an error with the status it becomes.
type failed struct {
	status C.int
	text   string
	atoms  [2]int
}

func (f *failed) Error() string { return f.text }

func fail(status C.int, format string, args ...any) error {
	return &failed{status, "ponita: " + fmt.Sprintf(format, args...), [2]int{-1, -1}}
}

func argument(format string, args ...any) error {
	return fail(C.PONITA_EARGUMENT, format, args...)
}

// statusOf tells which status an error becomes.
func statusOf(err error) C.int {
	var f *failed
	for _, s := range []struct {
		is     bool
		status C.int
	}{
		{errors.Is(err, potential.ErrFormat), C.PONITA_EFILE},
		{errors.As(err, new(*fs.PathError)), C.PONITA_EFILE},
		{errors.Is(err, potential.ErrUnknownElement), C.PONITA_EELEMENT},
		{errors.Is(err, potential.ErrNotFinite), C.PONITA_ERESULT},
		{errors.Is(err, neighbor.ErrNotFinite), C.PONITA_ESTRUCTURE},
		{errors.Is(err, neighbor.ErrSingular), C.PONITA_ESTRUCTURE},
		{errors.Is(err, neighbor.ErrUnphysical), C.PONITA_ESTRUCTURE},
		{errors.Is(err, neighbor.ErrCoincident), C.PONITA_ESTRUCTURE},
		{errors.Is(err, neighbor.ErrShiftRange), C.PONITA_ESTRUCTURE},
		{errors.Is(err, neighbor.ErrTooManyEdges), C.PONITA_ESTRUCTURE},
	} {
		if s.is {
			return s.status
		}
	}
	if errors.As(err, &f) {
		return f.status
	}
	return C.PONITA_EARGUMENT
}

// atomsOf returns the atoms that an error is about, -1 for none.
func atomsOf(err error) [2]int {
	var at *potential.AtomError
	if errors.As(err, &at) {
		return [2]int{at.Atom, at.Other}
	}
	var f *failed
	if errors.As(err, &f) {
		return f.atoms
	}
	return [2]int{-1, -1}
}

// report writes an error to the thread's last failure and returns its status.
func report(last *C.failure, err error) C.int {
	if err == nil {
		return C.PONITA_OK
	}
	text := unsafe.Slice((*byte)(unsafe.Pointer(&last.text)), len(last.text))
	copyText(text, err.Error())
	for k, a := range atomsOf(err) {
		last.atoms[k] = C.int64_t(a)
	}
	return statusOf(err)
}

// guarded calls f and turns what goes wrong into a status. A panic is a bug: the
// text then has the place.
func guarded(last *C.failure, f func() error) (status C.int) {
	defer func() {
		if p := recover(); p != nil {
			status = report(last, fail(C.PONITA_EINTERNAL, "a bug: %v%s", p, place()))
		}
	}()
	return report(last, f())
}

// place returns the lines of the stack in our code.
func place() string {
	var lines []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		at := strings.LastIndex(line, "/ponita/")
		if at < 0 {
			at = strings.LastIndex(line, "/potential/")
		}
		if at >= 0 && strings.HasPrefix(line, "\t") && len(lines) < 5 {
			lines = append(lines, line[at+1:])
		}
	}
	return " at " + strings.Join(lines, ", ")
}

// copyText writes a string with a zero behind it, shortened to fit at the end of a
// character.
func copyText(to []byte, text string) {
	n := min(len(text), len(to)-1)
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	copy(to, text[:n])
	clear(to[n:])
}

// first are the sizes of structs before they had the fields at their end: a program
// compiled then is served without them.
var first = map[string]uintptr{
	"ponita_neighbors":   unsafe.Offsetof(C.ponita_neighbors{}.ids),
	"ponita_domain_info": unsafe.Offsetof(C.ponita_domain_info{}.ghost_bytes),
}

// input reads a struct by its size, with zeros for what an older caller lacks; an error
// for what a later version asks that this one cannot do.
func input[T any](p unsafe.Pointer, name string) (v T, err error) {
	const mostSize = 4096
	if p == nil {
		return v, argument("%s is a null pointer", name)
	}
	size, known := uintptr(*(*C.size_t)(p)), unsafe.Sizeof(v)
	least, ok := first[name]
	if !ok {
		least = known
	}
	if size < known && size != least || size > mostSize {
		return v, argument("the size of %s is %d, this library knows %d: set it to sizeof", name, size, known)
	}
	caller := unsafe.Slice((*byte)(p), size)
	for k := known; k < size; k++ {
		if caller[k] != 0 {
			return v, argument("%s has a field at byte %d that this library does not know: a later version is wanted", name, k)
		}
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), known), caller)
	return v, nil
}

// output writes a struct that input has read, as far as the caller has room.
func output[T any](p unsafe.Pointer, v *T) {
	copy(unsafe.Slice((*byte)(p), *(*C.size_t)(p)), unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)))
}

// slice returns n elements of the caller's memory, which may be missing if n is
// 0.
func slice[T any](p unsafe.Pointer, n int, name string) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	if p == nil {
		return nil, argument("%s is a null pointer", name)
	}
	return unsafe.Slice((*T)(p), n), nil
}

// count checks the number of things that the caller has.
func count(n C.int64_t, name string) (int, error) {
	const most = 1<<31 - 1
	if n < 0 || n > most {
		return 0, argument("%s is %d, want 0 to %d", name, n, most)
	}
	return int(n), nil
}
