package potential

import "errors"

// ErrNotFinite is wrapped by the error for an energy or a force that is not
// finite.
var ErrNotFinite = errors.New("not finite")

// AtomError is an error about one atom or two.
type AtomError struct {
	Atom, Other int // counted from 0; Other is -1 if there is none
	err         error
}

func newAtomError(atom, other int, err error) *AtomError { return &AtomError{atom, other, err} }

// Error counts atoms from 1.
func (e *AtomError) Error() string { return e.err.Error() }

func (e *AtomError) Unwrap() error { return e.err }
