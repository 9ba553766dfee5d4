//go:build !purego

package kernel

// assembly lists the generated functions of one set. They take pointers to the
// first elements and leave the checks of lengths to the methods of Set.
type assembly[T Float] struct {
	tile      func(c, a, b, bias *T, m, k, n, rowC, rowA, colA, rowB, panel int, accumulate bool)
	copies    func(dst, src *T, panels, k, rowSrc int)
	transpose func(dst, src *T, blocks, rowDst, rowSrc int)
	dots      func(c, a, b *T, m, k, n int, accumulate bool)
	width     int // columns of a panel of b
	block     int // rows and columns of a block of transpose

	axpy   func(y, x *T, a T, n int)
	dot    func(x, y *T, n int) T
	mulAdd func(y, a, b *T, n int)
	mul    func(y, a, b *T, n int)
	mulSum func(y, a, b, c, d, e *T, n int)
	gelu   func(y, dy, d2y, x *T, n int)

	// By degree, from 1 on.
	square    [squareAssembly]func(g, q *T, width int)
	squareDot [squareAssembly]func(gDot, q, qDot *T, width int)
	squareT   [2][squareAssembly]func(dq, dg, q *T, width int) // and addCurvature

	fiber     func(y, phi, x *T, n, c, out, in int)
	fiberGrad func(dphi, dy, x *T, n, c int)

	spline      func(r, table *T, at *int32, frac *T, edges, width int)
	splineSlope func(r, dr, table *T, at *int32, frac *T, edges, width int)
	// By degree, from 1 on.
	angular [degrees]angularFunc[T]
	gather  [degrees]gatherFunc[T]

	gatherGrad [degrees]gatherFunc[T] // of dr, p, dy and x
	pair       [degrees]pairFunc[T]
	expand     [expandDegrees]expandFunc[T]
	expandPair [expandDegrees]expandPairFunc[T]

	normalize  func(xhat, rstd, x *T, rows, c int, share, epsilon T)
	normalizeT func(y, slope, v, xhat, rstd *T, rows, c int, share T)

	normalizeGrad func(dx, xhat, rstd, xhatDot, slope, d, dDot *T, rows, c int, share T)
}

// squareAssembly is the highest degree of spectra that there is assembly for.
const squareAssembly = 2

// degrees is the number of degrees for which there is assembly, from 1 on.
const degrees = 4

// expandDegrees is the same for messages in harmonics.
const expandDegrees = 2

type (
	angularFunc[T Float] func(p, dp, u, grid *T, edges, n int, sign T)
	gatherFunc[T Float]  func(a, b, c, x *T, index *int32, edges, n, channels, stride, atom, orientation int)
	pairFunc[T Float]    func(out, r, dr, p, dp, h, m, xh, xm, grid *T, ih, im *int32, edges, n, c, stride, atomH, atomM, orientation int)

	expandFunc[T Float]     func(m, r, y, x *T, index *int32, edges, c, stride, atom int)
	expandPairFunc[T Float] func(out, r, dr, y, x, dm, xx, xdm *T, ix, im *int32, edges, c, stride, atomX, atomM int)
)

// set wraps the functions into the methods of a Set.
func (f *assembly[T]) set(name string) *Set[T] {
	product := newProduct(f)
	set := Reference[T]()
	set.Name = name
	set.matMul, set.matMulTN, set.matMulNT = product.matMul, product.matMulTN, product.matMulNT
	set.axpy = func(y, x []T, a T) { f.axpy(first(y), first(x), a, len(y)) }
	set.dot = func(x, y []T) T { return f.dot(first(x), first(y), len(x)) }
	set.mulAdd = func(y, a, b []T) { f.mulAdd(first(y), first(a), first(b), len(y)) }
	set.mul = func(y, a, b []T) { f.mul(first(y), first(a), first(b), len(y)) }
	set.mulSum = func(y, a, b, c, d, e []T) {
		f.mulSum(first(y), first(a), first(b), first(c), first(d), first(e), len(y))
	}
	set.gelu = func(y, dy, d2y, x []T) { f.gelu(first(y), first(dy), first(d2y), first(x), len(x)) }
	set.square = func(g, q []T, degree, atoms, width int) {
		if degree < 1 || degree > squareAssembly {
			square(g, q, degree, atoms, width)
			return
		}
		in, out := squareLists[degree].sizes(width)
		for i := range atoms {
			f.square[degree-1](&g[i*out], &q[i*in], width)
		}
	}
	set.squareDot = func(gDot, q, qDot []T, degree, atoms, width int) {
		if degree < 1 || degree > squareAssembly {
			squareDot(gDot, q, qDot, degree, atoms, width)
			return
		}
		in, out := squareLists[degree].sizes(width)
		for i := range atoms {
			f.squareDot[degree-1](&gDot[i*out], &q[i*in], &qDot[i*in], width)
		}
	}
	set.squareT = func(dq, dg, q []T, degree, atoms, width int, add bool) {
		if degree < 1 || degree > squareAssembly {
			squareT(dq, dg, q, degree, atoms, width, add)
			return
		}
		kernel := f.squareT[0][degree-1]
		if add {
			kernel = f.squareT[1][degree-1]
		}
		in, out := squareLists[degree].sizes(width)
		for i := range atoms {
			kernel(&dq[i*in], &dg[i*out], &q[i*in], width)
		}
	}
	set.fiber = func(y, phi, x []T, n, c int) {
		if len(y) != 0 {
			f.fiber(&y[0], &phi[0], &x[0], n, c, n*c, c)
		}
	}
	set.fiberT = func(dx, phi, dy []T, n, c int) {
		if len(dx) != 0 {
			f.fiber(&dx[0], &phi[0], &dy[0], n, c, c, n*c)
		}
	}
	set.fiberGrad = func(dphi, dy, x []T, n, c int) {
		if len(dphi) != 0 {
			f.fiberGrad(&dphi[0], &dy[0], &x[0], n, c)
		}
	}
	f.setEdges(set)
	set.normalize = func(xhat, rstd, x []T, c int, epsilon T) {
		f.normalize(first(xhat), first(rstd), first(x), len(rstd), c, 1/T(c), epsilon)
	}
	set.normalizeT = func(y, slope, v, xhat, rstd []T, c int) {
		f.normalizeT(first(y), first(slope), first(v), first(xhat), first(rstd), len(rstd), c, 1/T(c))
	}
	set.normalizeGrad = func(dx []T, a *NormArgs[T], c int) {
		f.normalizeGrad(first(dx), first(a.XHat), first(a.RStd), first(a.XHatDot), first(a.Slope), first(a.D), first(a.DDot), len(a.RStd), c, 1/T(c))
	}
	set.linear, set.affine = product.linear, product.affine
	return set
}

// first returns the address of the first element, or nil if there is none.
func first[T Float](x []T) *T {
	if len(x) == 0 {
		return nil
	}
	return &x[0]
}
