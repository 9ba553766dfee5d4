// Package h5 reads and writes flat datasets of HDF5 files. It is the only
// importer of the HDF5 library, which does no type or size checks of its own:
// every read here compares type and extent first.
//
// The library can crash on a damaged file. Callers verify a checksum before
// they open a file that may have been altered.
package h5

import (
	"fmt"
	"strings"
	"sync"

	"gonum.org/v1/hdf5"
)

// mu serialises all calls: a libhdf5 need not be thread-safe.
var mu sync.Mutex

// maxElements bounds a dataset, so that a wrong extent is an error and not an
// allocation.
const maxElements = 1 << 28

// File is an open HDF5 file. Close it.
type File struct {
	f    *hdf5.File
	name string
}

// Open opens a file for reading.
func Open(path string) (*File, error) {
	mu.Lock()
	defer mu.Unlock()
	f, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("h5: %s: cannot be opened as HDF5: %w", path, err)
	}
	return &File{f, path}, nil
}

// Create makes a new file, or truncates one.
func Create(path string) (*File, error) {
	mu.Lock()
	defer mu.Unlock()
	f, err := hdf5.CreateFile(path, hdf5.F_ACC_TRUNC)
	if err != nil {
		return nil, fmt.Errorf("h5: %s: cannot be created: %w", path, err)
	}
	return &File{f, path}, nil
}

// Close closes the file.
func (f *File) Close() error {
	mu.Lock()
	defer mu.Unlock()
	return f.f.Close()
}

// Has tells whether the file has a dataset or group of that name.
func (f *File) Has(name string) bool {
	mu.Lock()
	defer mu.Unlock()
	at := ""
	for _, part := range strings.Split(strings.Trim(name, "/"), "/") {
		at += "/" + part
		if !f.f.LinkExists(at) {
			return false
		}
	}
	return true
}

// open returns the dataset with its extent, if it has the wanted type.
func (f *File) open(name string, want *hdf5.Datatype) (*hdf5.Dataset, []int, int, error) {
	d, err := f.f.OpenDataset(name)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("h5: %s: no dataset %s: %w", f.name, name, err)
	}
	fail := func(format string, args ...any) (*hdf5.Dataset, []int, int, error) {
		d.Close()
		return nil, nil, 0, fmt.Errorf("h5: %s: dataset %s: "+format, append([]any{f.name, name}, args...)...)
	}
	t, err := d.Datatype()
	if err != nil {
		return fail("no type: %w", err)
	}
	defer t.Close()
	if want != nil && !t.Equal(want) {
		return fail("has another number type than expected")
	}
	space := d.Space()
	defer space.Close()
	dims, _, err := space.SimpleExtentDims()
	if err != nil {
		return fail("no extent: %w", err)
	}
	shape, count := make([]int, len(dims)), 1
	for k, n := range dims {
		if n == 0 || n > maxElements || count > maxElements/int(n) {
			return fail("extent %v is empty or too large", dims)
		}
		shape[k] = int(n)
		count *= int(n)
	}
	return d, shape, count, nil
}

func read[T any](f *File, name string, t *hdf5.Datatype) ([]int, []T, error) {
	mu.Lock()
	defer mu.Unlock()
	d, shape, count, err := f.open(name, t)
	if err != nil {
		return nil, nil, err
	}
	defer d.Close()
	out := make([]T, count)
	if err := d.Read(&out); err != nil {
		return nil, nil, fmt.Errorf("h5: %s: dataset %s: %w", f.name, name, err)
	}
	return shape, out, nil
}

// Float64s reads a dataset of float64 and returns its shape and elements, last
// index fastest.
func (f *File) Float64s(name string) (shape []int, data []float64, err error) {
	return read[float64](f, name, hdf5.T_NATIVE_DOUBLE)
}

// Int64s reads a dataset of int64.
func (f *File) Int64s(name string) (shape []int, data []int64, err error) {
	return read[int64](f, name, hdf5.T_NATIVE_INT64)
}

// IntAttribute reads an int64 attribute of a group.
func (f *File) IntAttribute(group, name string) (int, error) {
	var v int64
	err := f.attribute(group, name, hdf5.T_NATIVE_INT64, &v)
	return int(v), err
}

// FloatAttribute reads a float64 attribute of a group.
func (f *File) FloatAttribute(group, name string) (float64, error) {
	var v float64
	err := f.attribute(group, name, hdf5.T_NATIVE_DOUBLE, &v)
	return v, err
}

func (f *File) attribute(group, name string, t *hdf5.Datatype, v any) error {
	mu.Lock()
	defer mu.Unlock()
	g, err := f.f.OpenGroup(group)
	if err != nil {
		return fmt.Errorf("h5: %s: no group %s: %w", f.name, group, err)
	}
	defer g.Close()
	a, err := g.OpenAttribute(name)
	if err != nil {
		return fmt.Errorf("h5: %s: group %s has no attribute %s: %w", f.name, group, name, err)
	}
	defer a.Close()
	if err := a.Read(v, t); err != nil {
		return fmt.Errorf("h5: %s: attribute %s of %s: %w", f.name, name, group, err)
	}
	return nil
}

// String reads a dataset written by WriteString.
func (f *File) String(name string) (string, error) {
	_, bytes, err := read[uint8](f, name, hdf5.T_NATIVE_UINT8)
	return string(bytes), err
}

// groups creates the groups on the way to a dataset.
func (f *File) groups(name string) error {
	parts := strings.Split(strings.Trim(name, "/"), "/")
	at := ""
	for _, part := range parts[:len(parts)-1] {
		at += "/" + part
		if f.f.LinkExists(at) {
			continue
		}
		g, err := f.f.CreateGroup(at)
		if err != nil {
			return fmt.Errorf("h5: %s: group %s: %w", f.name, at, err)
		}
		g.Close()
	}
	return nil
}

func write[T any](f *File, name string, t *hdf5.Datatype, shape []int, data []T) error {
	mu.Lock()
	defer mu.Unlock()
	if err := f.groups(name); err != nil {
		return err
	}
	dims := make([]uint, len(shape))
	for k, n := range shape {
		dims[k] = uint(n)
	}
	space, err := hdf5.CreateSimpleDataspace(dims, nil)
	if err != nil {
		return fmt.Errorf("h5: %s: dataset %s: %w", f.name, name, err)
	}
	defer space.Close()
	properties, err := untimed()
	if err != nil {
		return fmt.Errorf("h5: %s: dataset %s: %w", f.name, name, err)
	}
	defer properties.Close()
	d, err := f.f.CreateDatasetWith(name, t, space, properties)
	if err != nil {
		return fmt.Errorf("h5: %s: dataset %s: %w", f.name, name, err)
	}
	defer d.Close()
	if err := d.Write(&data); err != nil {
		return fmt.Errorf("h5: %s: dataset %s: %w", f.name, name, err)
	}
	return nil
}

// WriteFloat64s writes a dataset of float64 with the given shape.
func (f *File) WriteFloat64s(name string, shape []int, data []float64) error {
	return write(f, name, hdf5.T_NATIVE_DOUBLE, shape, data)
}

// WriteFloat32s writes a dataset of float32 with the given shape.
func (f *File) WriteFloat32s(name string, shape []int, data []float32) error {
	return write(f, name, hdf5.T_NATIVE_FLOAT, shape, data)
}

// WriteInt64s writes a dataset of int64 with the given shape.
func (f *File) WriteInt64s(name string, shape []int, data []int64) error {
	return write(f, name, hdf5.T_NATIVE_INT64, shape, data)
}

// WriteString writes text as a one-dimensional dataset of UTF-8 bytes, which
// every HDF5 tool reads, whatever its length.
func (f *File) WriteString(name, text string) error {
	return write(f, name, hdf5.T_NATIVE_UINT8, []int{max(len(text), 1)}, append([]byte(text), make([]byte, max(1-len(text), 0))...))
}
