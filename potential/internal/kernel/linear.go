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

// activeRows is how many rows are computed before an activation is applied: few
// enough for their values to be in the first-level cache still.
const activeRows = 24

// AffineGELU computes y = GELU(x·W + b) and, where dy and d2y are not empty, the
// derivatives GELU' and GELU” at the same place. x is [rows][in], the others are
// [rows][out].
func (s *Set[T]) AffineGELU(y, dy, d2y, x []T, l *Linear[T], rows int) {
	mustFit(y, dy, x, l, rows)
	if len(d2y) != 0 {
		mustMatch("AffineGELU: d2y", len(d2y), rows, l.Out)
	}
	for row := 0; row < rows; row += activeRows {
		from, to := s.affineRows(y, x, l, row, rows)
		s.gelu(y[from:to], within(dy, from, to), within(d2y, from, to), y[from:to])
	}
}

// AffineQuadratic is AffineGELU with [Set.Quadratic], whose second derivative is
// [Curvature] everywhere.
func (s *Set[T]) AffineQuadratic(y, dy, x []T, l *Linear[T], rows int) {
	mustFit(y, dy, x, l, rows)
	for row := 0; row < rows; row += activeRows {
		from, to := s.affineRows(y, x, l, row, rows)
		s.quadratic(y[from:to], within(dy, from, to), y[from:to])
	}
}

// affineRows computes the next few rows of y = x·W + b and returns where their
// elements are.
func (s *Set[T]) affineRows(y, x []T, l *Linear[T], row, rows int) (from, to int) {
	end := min(row+activeRows, rows)
	from, to = row*l.Out, end*l.Out
	s.affine(y[from:to], x[row*l.In:end*l.In], l, end-row, false)
	return from, to
}

func mustFit[T Float](y, dy, x []T, l *Linear[T], rows int) {
	mustMatch("Affine and activation: y", len(y), rows, l.Out)
	mustMatch("Affine and activation: x", len(x), rows, l.In)
	if len(dy) != 0 {
		mustMatch("Affine and activation: dy", len(dy), rows, l.Out)
	}
}

// within returns x[from:to], or nil if x is empty.
func within[T Float](x []T, from, to int) []T {
	if len(x) == 0 {
		return nil
	}
	return x[from:to]
}

// Map returns the linear map without its bias.
func (l *Linear[T]) Map() *Linear[T] {
	m := *l
	m.bias = nil
	return &m
}
