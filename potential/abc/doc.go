// Package abc is the theory of the width of a network as code: how sizes of
// weights and learning rates that are powers of the width n decide what an
// infinitely wide network does when it is trained.
//
// A network of L hidden layers of width n, with inputs ξ and one output f of
// finite dimension,
//
//	h¹ = W¹ξ,   x^l = φ(h^l),   h^(l+1) = W^(l+1) x^l,   f = W^(L+1) x^L,
//
// has an abc-parametrization if for every layer l = 1…L+1
//
//	W^l = n^(−a_l) w^l,   w^l_ij ~ N(0, n^(−2 b_l)) at the start,   learning rate η n^(−c_l),
//
// and the optimiser moves w. A [Parametrization] holds the exponents,
// [Parametrization.Analyze] tells which powers of n the features, the output and
// their changes are, and from them the [Regime]: unstable, trivial, the kernel
// regime or feature learning. Every parametrization is in one of them (the
// dynamical dichotomy).
//
// Source: Yang & Hu, Feature Learning in Infinite-Width Neural Networks, 2020
// (arXiv:2011.14522), for SGD with one c for all layers. Yang & Littwin, Tensor
// Programs IVb, 2023 (arXiv:2308.01814) show that the dichotomy holds for
// adaptive optimisers too. The exponents for Adam and for a rate per layer are
// derived below.
//
// # How the changes scale
//
// Let the features start as Θ(1): a_1 + b_1 = 0 and a_l + b_l = 1/2. Write δ^l
// for ∂f/∂h^l. Backwards through W^(l+1), whose entries are n^(−1/2) and
// independent, sizes are kept, so all δ^l have entries of the size of those of
// W^(L+1), n^(−v), and the gradient of w^l has entries
//
//	∂f/∂w^l_ij = n^(−a_l) δ^l_i x^(l−1)_j   ~   n^(−a_l − v),
//
// and n^(−a_(L+1)) in the last layer, where δ = 1.
//
// SGD moves W^l by n^(−c_l − a_l) times the gradient. The sum over j of
// x^(l−1)_j x^(l−1)_j does not average out (law of large numbers, not central
// limit theorem): it is n times a constant, or a constant for the finite input.
// So
//
//	ΔW^l x^(l−1)        ~ n^(−r_l),   r_l = 2 a_l + c_l + v − 1 + [l = 1]
//	ΔW^(L+1) x^L        ~ n^(1 − 2 a_(L+1) − c_(L+1))
//	entries of W^(L+1)  ~ n^(−v),     v = min(a_(L+1) + b_(L+1), 2 a_(L+1) + c_(L+1)).
//
// Adam divides the gradient by its own size, so that every entry of w^l moves by
// Θ(1) η n^(−c_l), whatever v is. The move keeps the sign of the gradient: for one
// configuration it is sign(δ_i) sign(x_j) at first, and later a bounded function
// of such products; in both cases the sum over j with x_j has a mean that is not
// zero. So one factor n^(−a_l), of the forward pass, is left and the other, of
// the gradient, is gone:
//
//	ΔW^l x^(l−1)        ~ n^(−r_l),   r_l = a_l + c_l − 1 + [l = 1]
//	ΔW^(L+1) x^L        ~ n^(1 − a_(L+1) − c_(L+1))
//	entries of W^(L+1)  ~ n^(−v),     v = min(a_(L+1) + b_(L+1), a_(L+1) + c_(L+1)).
//
// For both, a change of h^l is carried to all later layers with its size, and
// moves the output by W^(L+1) Δx^L. That sum is aligned too, since Δh^l has the
// sign of δ^l, which is made of W^(L+1) itself:
//
//	W^(L+1) Δx^L ~ n^(1 − v − r),   r = min_l r_l.
//
// # Regimes
//
// Stable: no change and no output grows with n,
//
//	a_(L+1) + b_(L+1) ≥ 1/2,   r ≥ 0,   a_(L+1) + b_(L+1) + r ≥ 1,
//	2 a_(L+1) + c_(L+1) ≥ 1 (SGD),   a_(L+1) + c_(L+1) ≥ 1 (Adam).
//
// Trivial if the output does not move: neither a_(L+1) + b_(L+1) + r ≥ 1
// nor the last condition is an equality. Otherwise feature learning if r = 0 and the kernel
// regime if r > 0. (The theorem has a_(L+1) + b_(L+1) where v stands above; with
// the last condition the two say the same.)
//
// # Symmetry
//
// Only W matters. Shifting a_l by θ and b_l by −θ leaves W as it is at the
// start, and its moves too if c_l is shifted by −2θ for SGD, by −θ for Adam: see
// [Parametrization.Shift].
//
// Adam's ε breaks this: it is added to the size of a gradient, so it must follow
// the gradients' power of n, [Analysis.Gradient].
package abc
