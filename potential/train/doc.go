// Package train fits a model to reference energies, forces and stresses.
//
// The loss of a batch of B configurations is
//
//	L = 1/B Σ_b [ w_E ((E − E_ref)/n)² + w_F 1/(3n) Σ_i |F_i − F_i,ref|² + w_S 1/9 Σ_kl (σ − σ_ref)_kl² ]
//
// over the labels each configuration has, in eV/atom, eV/Å and eV/Å³. Its
// gradient by the weights is exact: see potential.Pass.
//
// Everything is deterministic: the same settings and data give the same bytes
// for any number of threads, and a resumed run those of an uninterrupted one.
// Sums over configurations run in the order of the batch, and every random
// number follows from the seed, its purpose and its place (epoch and
// configuration), so there is no generator state to save.
package train
