package kernel

// Linear is an affine map y = x·W + b whose matrix is laid out for one set, so
// that it need not be rearranged in every product.
type Linear[T Float] struct {
	In, Out int
	weights []T // plain [in][out], or panels
	bias    []T // [out], or nil for none
}

// Linear prepares the map with matrix w [in][out] and bias [out], which may be
// nil. Both are copied.
func (s *Set[T]) Linear(w, bias []T, in, out int) *Linear[T] {
	l := &Linear[T]{In: in, Out: out}
	s.SetLinear(l, w, bias, false)
	return l
}

// SetLinear gives the map another matrix w, or its transpose if w is [out][in],
// and another bias.
func (s *Set[T]) SetLinear(l *Linear[T], w, bias []T, transposed bool) {
	mustMatch("SetLinear: w", len(w), l.In, l.Out)
	if bias != nil {
		mustMatch("SetLinear: bias", len(bias), l.Out, 1)
		l.bias = append(l.bias[:0], bias...)
	} else {
		l.bias = nil
	}
	s.linear(l, w, transposed)
}

// Affine computes y = x·W + b, or adds it to y if accumulate is set. x is
// [rows][in], y is [rows][out]. As in MatMul a row of y depends on the same row
// of x alone, to the last bit.
func (s *Set[T]) Affine(y, x []T, l *Linear[T], rows int, accumulate bool) {
	mustMatch("Affine: y", len(y), rows, l.Out)
	mustMatch("Affine: x", len(x), rows, l.In)
	s.affine(y, x, l, rows, accumulate)
}

// geluRows is how many rows AffineGELU computes before it applies the GELU: few
// enough for their values to be in the first-level cache still.
const geluRows = 24

// AffineGELU computes y = GELU(x·W + b) and, where dy and d2y are not empty, the
// derivatives GELU' and GELU” at the same place. x is [rows][in], the others are
// [rows][out].
func (s *Set[T]) AffineGELU(y, dy, d2y, x []T, l *Linear[T], rows int) {
	mustMatch("AffineGELU: y", len(y), rows, l.Out)
	mustMatch("AffineGELU: x", len(x), rows, l.In)
	for _, d := range [][]T{dy, d2y} {
		if len(d) != 0 {
			mustMatch("AffineGELU: derivative", len(d), rows, l.Out)
		}
	}
	for from := 0; from < rows; from += geluRows {
		to := min(from+geluRows, rows)
		part := func(x []T) []T {
			if len(x) == 0 {
				return nil
			}
			return x[from*l.Out : to*l.Out]
		}
		s.affine(part(y), x[from*l.In:to*l.In], l, to-from, false)
		s.gelu(part(y), part(dy), part(d2y), part(y))
	}
}

// Map returns the linear map without its bias.
func (l *Linear[T]) Map() *Linear[T] {
	m := *l
	m.bias = nil
	return &m
}
