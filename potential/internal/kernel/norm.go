package kernel

// Normalize is the layer norm without gain and shift, row by row of c channels:
//
//	x̂ = (x − mean x) rstd,  rstd = (var x + ε)^(-1/2)
//
// with the variance Σ(x − mean)²/c. x and xhat are [row][c], rstd is [row]. xhat
// may be x.
func (s *Set[T]) Normalize(xhat, rstd, x []T, c int, epsilon T) {
	mustMatch("Normalize: xhat", len(xhat), len(rstd), c)
	mustMatch("Normalize: x", len(x), len(rstd), c)
	s.normalize(xhat, rstd, x, c, epsilon)
}

// NormalizeT is the adjoint of Normalize, from that of x̂ to that of x, and, its
// matrix being symmetric, also its tangent, from that of x to that of x̂:
//
//	y = rstd (v − mean v − x̂ s),  s = mean(x̂ v)
//
// y, v and xhat are [row][c], rstd is [row]; y may be v. s goes to slope, [row],
// unless it is empty.
func (s *Set[T]) NormalizeT(y, slope, v, xhat, rstd []T, c int) {
	mustMatch("NormalizeT: y", len(y), len(rstd), c)
	mustMatch("NormalizeT: v", len(v), len(rstd), c)
	mustMatch("NormalizeT: xhat", len(xhat), len(rstd), c)
	if len(slope) != 0 {
		mustMatch("NormalizeT: slope", len(slope), len(rstd), 1)
	}
	s.normalizeT(y, slope, v, xhat, rstd, c)
}

// NormArgs are the arguments of [Set.NormalizeGrad], [row][c] or [row].
type NormArgs[T Float] struct {
	XHat, RStd     []T // of Normalize
	XHatDot, Slope []T // of NormalizeT as the tangent
	D, DDot        []T // adjoints of x̂ and of its tangent
}

// NormalizeGrad is the adjoint of x in the pair (x̂, x̂̇), Normalize and its tangent.
// To the adjoint of x̂ alone it adds the derivative of NormalizeT, as the
// adjoint of the tangent a, along ẋ:
//
//	dx = rstd (d − mean d − x̂ mean(x̂ d))
//	   − rstd² slope (a − mean a − x̂ mean(x̂ a)) − rstd (x̂̇ mean(x̂ a) + x̂ mean(x̂̇ a))
func (s *Set[T]) NormalizeGrad(dx []T, a *NormArgs[T], c int) {
	rows := len(a.RStd)
	mustMatch("NormalizeGrad: dx", len(dx), rows, c)
	mustMatch("NormalizeGrad: slope", len(a.Slope), rows, 1)
	mustMatch("NormalizeGrad: xhat", len(a.XHat), rows, c)
	mustMatch("NormalizeGrad: xhatDot", len(a.XHatDot), rows, c)
	mustMatch("NormalizeGrad: d", len(a.D), rows, c)
	mustMatch("NormalizeGrad: dDot", len(a.DDot), rows, c)
	s.normalizeGrad(dx, a, c)
}
