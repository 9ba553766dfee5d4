//go:build !purego

package kernel

// assembly lists the generated functions of one set. They take pointers to the
// first elements and leave the checks of lengths to the methods of Set.
type assembly[T Float] struct {
	tile      func(c, a, b *T, m, k, n, rowC, rowA, colA, rowB, panel int, accumulate bool)
	copies    func(dst, src *T, panels, k, rowSrc int)
	transpose func(dst, src *T, blocks, rowDst, rowSrc int)
	dots      func(c, a, b *T, m, k, n int, accumulate bool)
	width     int // columns of a panel of b
	square    int // rows and columns of a block of transpose

	gelu func(y, dy, d2y, x *T, n int)
}

// set wraps the functions into the methods of a Set.
func (f *assembly[T]) set(name string) *Set[T] {
	product := newProduct(f)
	set := Reference[T]()
	set.Name = name
	set.matMul, set.matMulTN, set.matMulNT = product.matMul, product.matMulTN, product.matMulNT
	set.gelu = func(y, dy, d2y, x []T) {
		f.gelu(first(y), first(dy), first(d2y), first(x), len(x))
	}
	return set
}

// first returns the address of the first element, or nil if there is none.
func first[T Float](x []T) *T {
	if len(x) == 0 {
		return nil
	}
	return &x[0]
}
