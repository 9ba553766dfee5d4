package kernel

// NormEpsilon keeps the normalisation of equal channels finite.
const NormEpsilon = 1e-5

// Normalize is the layer norm without gain and shift, row by row of c channels:
//
//	x̂ = (x − mean x) rstd,  rstd = (var x + ε)^(-1/2)
//
// with the variance Σ(x − mean)²/c. x and xhat are [row][c], rstd is [row]. xhat
// may be x.
func (s *Set[T]) Normalize(xhat, rstd, x []T, c int) {
	mustMatch("Normalize: xhat", len(xhat), len(rstd), c)
	mustMatch("Normalize: x", len(x), len(rstd), c)
	s.normalize(xhat, rstd, x, c)
}

// NormalizeT is the adjoint of Normalize, from that of x̂ to that of x:
//
//	dx = rstd (dx̂ − mean dx̂ − x̂ mean(x̂ dx̂))
//
// dx may be dxhat.
func (s *Set[T]) NormalizeT(dx, dxhat, xhat, rstd []T, c int) {
	mustMatch("NormalizeT: dx", len(dx), len(rstd), c)
	mustMatch("NormalizeT: dxhat", len(dxhat), len(rstd), c)
	mustMatch("NormalizeT: xhat", len(xhat), len(rstd), c)
	s.normalizeT(dx, dxhat, xhat, rstd, c)
}
