//go:build !purego

package kernel

import "slices"

// product is the matrix product on top of one assembly tile. Its methods cut
// the operands into blocks that stay in the caches and pack b where that pays.
//
// Every element of c is a chain of fused multiply-adds along k, broken every
// blockK terms. It depends on the shape of the blocks in k alone, not on how
// the rows and columns are cut.
type product[T Float] struct {
	*assembly[T]
	// free holds the scratch of finished calls, one per goroutine that has ever
	// multiplied at the same time. A sync.Pool would be emptied now and then.
	free chan *scratch[T]
}

type scratch[T Float] [blockK * blockN]T

// A packed block of b is blockK x blockN, half a megabyte in float32, and lives
// in the second-level cache. One panel of it, 16 or 32 columns wide, stays in the
// first level. Up to blockA elements of a are read in place for each block of b.
const (
	blockK = 256
	blockN = 512
	blockA = 1 << 16
)

// With fewer rows than packRows, or a b of at most packElements, b is read in
// place: an element of a panel is used once per tile of rows, and packing has to
// pay for itself. A small b is in the first-level cache anyway.
const (
	packRows     = 24
	packElements = 1 << 12
)

// Up to dotRows rows of b the product with bᵀ is computed by dots.
const dotRows = 8

func newProduct[T Float](assembly *assembly[T]) *product[T] {
	return &product[T]{assembly: assembly, free: make(chan *scratch[T], 256)}
}

func (p *product[T]) borrow() *scratch[T] {
	select {
	case s := <-p.free:
		return s
	default:
		return new(scratch[T])
	}
}

func (p *product[T]) giveBack(s *scratch[T]) {
	select {
	case p.free <- s:
	default:
	}
}

// matMul is a·b with a [m][k] and b [k][n].
func (p *product[T]) matMul(c, a, b []T, m, k, n int, accumulate bool) {
	p.multiply(c, a, b, m, k, n, k, 1, accumulate)
}

// matMulTN is aᵀ·b with a [k][m] and b [k][n].
func (p *product[T]) matMulTN(c, a, b []T, m, k, n int, accumulate bool) {
	p.multiply(c, a, b, m, k, n, 1, m, accumulate)
}

// multiply is the product of a, given by its strides, and b [k][n].
func (p *product[T]) multiply(c, a, b []T, m, k, n, rowA, colA int, accumulate bool) {
	if k == 0 || len(c) == 0 {
		emptyProduct(c, accumulate)
		return
	}
	if n > p.width && m >= packRows && k*n > packElements {
		p.packed(c, a, b, m, k, n, rowA, colA, false, accumulate)
		return
	}
	for k0 := 0; k0 < k; k0 += blockK {
		kn := min(blockK, k-k0)
		p.tile(&c[0], &a[k0*colA], &b[k0*n], nil, m, kn, n, n, rowA, colA, n, p.width, accumulate || k0 > 0)
	}
}

// matMulNT is a·bᵀ with a [m][k] and b [n][k].
func (p *product[T]) matMulNT(c, a, b []T, m, k, n int, accumulate bool) {
	switch {
	case k == 0 || len(c) == 0:
		emptyProduct(c, accumulate)
	case n <= dotRows:
		p.dots(&c[0], &a[0], &b[0], m, k, n, accumulate)
	default:
		p.packed(c, a, b, m, k, n, k, 1, true, accumulate)
	}
}

func emptyProduct[T Float](c []T, accumulate bool) {
	if !accumulate {
		clear(c)
	}
}

// packed is the product with b, or bᵀ if transposed is set, rearranged into
// panels.
func (p *product[T]) packed(c, a, b []T, m, k, n, rowA, colA int, transposed, accumulate bool) {
	panels := p.borrow()
	defer p.giveBack(panels)
	for j0 := 0; j0 < n; j0 += blockN {
		jn := min(blockN, n-j0)
		for k0 := 0; k0 < k; k0 += blockK {
			kn := min(blockK, k-k0)
			if transposed {
				p.packTransposed(panels[:], b[j0*k+k0:], kn, jn, k)
			} else {
				p.pack(panels[:], b[k0*n+j0:], kn, jn, n)
			}
			// A multiple of all tile heights in use for large m.
			rows := max(blockA/kn/24*24, 24)
			for i0 := 0; i0 < m; i0 += rows {
				p.tile(&c[i0*n+j0], &a[i0*rowA+k0*colA], &panels[0], nil,
					min(rows, m-i0), kn, jn, n, rowA, colA, p.width, kn*p.width, accumulate || k0 > 0)
			}
		}
	}
}

// pack cuts b [k][n], with rows row elements apart, into panels [k][width]. The
// last panel is not filled up: the tile reads no more than n columns.
func (p *product[T]) pack(panels, b []T, k, n, row int) {
	whole := n / p.width
	if whole > 0 {
		p.copies(&panels[0], &b[0], whole, k, row)
	}
	if j := whole * p.width; j < n {
		for q := range k {
			copy(panels[j*k+q*p.width:], b[q*row+j:][:n-j])
		}
	}
}

// packTransposed does the same for the transpose of b [n][k].
func (p *product[T]) packTransposed(panels, b []T, k, n, row int) {
	blocks := k / p.block
	for j := 0; j < n; j += p.block {
		panel := panels[j/p.width*p.width*k+j%p.width:]
		done := 0
		if j+p.block <= n && blocks > 0 {
			p.transpose(&panel[0], &b[j*row], blocks, p.width, row)
			done = blocks * p.block
		}
		for i := range min(p.block, n-j) {
			for q := done; q < k; q++ {
				panel[q*p.width+i] = b[(j+i)*row+q]
			}
		}
	}
}

// linear lays w [in][out], or [out][in] if it is transposed, out in panels, block
// by block in the order in which affine goes through them.
func (p *product[T]) linear(l *Linear[T], w []T, transposed bool) {
	l.weights = l.weights[:0]
	for j0 := 0; j0 < l.Out; j0 += blockN {
		jn := min(blockN, l.Out-j0)
		for k0 := 0; k0 < l.In; k0 += blockK {
			kn := min(blockK, l.In-k0)
			// The last panel has the full width too.
			from, size := len(l.weights), (jn+p.width-1)/p.width*p.width*kn
			l.weights = slices.Grow(l.weights, size)[:from+size]
			if transposed {
				p.packTransposed(l.weights[from:], w[j0*l.In+k0:], kn, jn, l.In)
			} else {
				p.pack(l.weights[from:], w[k0*l.Out+j0:], kn, jn, l.Out)
			}
		}
	}
}

// affine is the product with the panels of linear.
func (p *product[T]) affine(y, x []T, l *Linear[T], rows int, accumulate bool) {
	if len(y) == 0 {
		return
	}
	if l.In == 0 {
		panic("kernel: Affine: no inputs")
	}
	panels := l.weights
	for j0 := 0; j0 < l.Out; j0 += blockN {
		jn := min(blockN, l.Out-j0)
		for k0 := 0; k0 < l.In; k0 += blockK {
			kn := min(blockK, l.In-k0)
			var bias *T
			if k0 == 0 && l.bias != nil {
				bias = &l.bias[j0]
			}
			high := max(blockA/kn/24*24, 24)
			for i0 := 0; i0 < rows; i0 += high {
				p.tile(&y[i0*l.Out+j0], &x[i0*l.In+k0], &panels[0], bias,
					min(high, rows-i0), kn, jn, l.Out, l.In, 1, p.width, kn*p.width, accumulate || k0 > 0)
			}
			panels = panels[(jn+p.width-1)/p.width*p.width*kn:]
		}
	}
}
