package neighbor

// AtomError is an error about one atom or two.
type AtomError struct {
	Atom, Other int // counted from 0; Other is -1 if there is none
	Err         error
}

// Error counts atoms from 1.
func (e *AtomError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong with them.
func (e *AtomError) Unwrap() error { return e.Err }
