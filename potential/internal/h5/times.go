package h5

// #cgo linux,amd64 CFLAGS: -I/usr/lib/x86_64-linux-gnu/hdf5/serial/include
// #cgo linux,arm64 CFLAGS: -I/usr/lib/aarch64-linux-gnu/hdf5/serial/include
// #cgo darwin CFLAGS: -I/usr/local/include
// #include "hdf5.h"
// static int untimed(hid_t p) { return H5Pset_obj_track_times(p, 0); }
import "C"

import (
	"errors"

	"gonum.org/v1/hdf5"
)

// untimed returns creation properties for a dataset that does not record when
// it was made, so that the same content gives the same bytes.
func untimed() (*hdf5.PropList, error) {
	p, err := hdf5.NewPropList(hdf5.P_DATASET_CREATE)
	if err != nil {
		return nil, err
	}
	if C.untimed(C.hid_t(p.ID())) < 0 {
		p.Close()
		return nil, errors.New("cannot switch off object times")
	}
	return p, nil
}
