package potential

import (
	"errors"

	"ponita/neighbor"
)

// ErrNotFinite is wrapped by the error for an energy or a force that is not
// finite.
var ErrNotFinite = errors.New("not finite")

// AtomError is an error about one atom or two.
type AtomError = neighbor.AtomError

func newAtomError(atom, other int, err error) *AtomError {
	return &AtomError{Atom: atom, Other: other, Err: err}
}
