// Package potential is the learned interatomic potential PONITA: energy, forces
// and virial of a configuration of atoms, and the derivatives by the weights
// that training needs.
//
// Features live on positions and orientations: every atom i carries C channels
// on a grid of N orientations o_a with quadrature weights w_a. With neighbours j
// closer than the cutoff, x_ij = x_j − x_i, r = |x_ij| and u = x_ij/r, layer by
// layer:
//
//	h⁰[i,a,c] = Emb[z_i, c]                                              readout.go
//	m[i,a,c]  = s_c h[i,a,c] + n̄^(-1/2) Σ_j K_c(x_ij, o_a) h[j,a,c]      spatial.go
//	n[i,p,c]  = b_c + Σ_a w_a Φ_c(o_p·o_a) m[i,a,c]                      spherical.go
//	h'        = h + W2·GELU(W1·LayerNorm_c(n) + b1) + b2                 block.go
//	            or with GELU's Taylor polynomial and matrices for every
//	            degree, in spherical harmonics                           spectrum.go
//	e_t[i]    = Σ_a w_a (v_t·h'[i,a] + β_t)                              readout.go
//	E_i       = E0[z_i] + scale[z_i] (1/T Σ_t e_t[i] − isolated(z_i))    model.go
//	            + binding, which goes with the last neighbour,           binding.go
//	            + ½ Σ_j φ(r) − A√ρ + Bρ², embedded atoms                 embedded.go
//	E         = Σ_i E_i + ZBL                                            zbl.go
//
// with kernels K and Φ of one of two families:
//
//	legendre    K_c = Σ_l R_lc(r) P_l(o_a·u), smooth, for dynamics       legendre.go
//	            with R of every pair of species                          pairs.go
//	            and a parabola nearer than the data                      parabola.go
//	polynomial  K_c = A·MLP(o·x, |x − o(o·x)|), the paper's              polynomial.go
//
// Each file holds its equation's forward pass, the adjoint (for forces), the
// tangent and the adjoint of both (for the gradient of a loss on forces), in
// this order; network.go calls them layer by layer.
//
// Units are eV and Å. Forces are −∂E/∂x, the virial is W = −∂E/∂ε in eV and the
// stress σ = −W/V, positive in tension. Atoms are counted from 1 in messages.
//
// A finite grid makes the energy depend a little on the orientation of a
// configuration in space, unless the network is [Config.Exact]: with the quadratic
// activation all features are band-limited, and a grid of enough orientations
// integrates them exactly. train.RotationResidual measures it.
//
// Sources: Bekkers, Vadgama, Hesselink, van der Linden, Romero, ICLR 2024
// (arXiv:2310.02970) for the network; the legendre family is our own.
package potential
