// Package neighbor finds which atoms see which: the edges of a structure with
// periodic images, all pairs closer than a cutoff.
//
// # Conventions
//
// Lengths are in Å. The rows of the lattice are the cell vectors a, b, c. An
// edge carries a message from neighbor j, displaced by S whole lattice
// translations, to center i:
//
//	Vec = x_j + S·L - x_i,  S·L = S[0] a + S[1] b + S[2] c,  0 < |Vec| < cutoff
//
// Edges are directed: each pair gives i→j and j→i, and an atom is its own
// neighbor through its images when the cell is thinner than the cutoff. A pair
// may occur with several S. Nothing is a minimum image, so no cell is too small
// or too tilted.
//
// Positions are used as given, unwrapped: an atom far outside the cell has
// shifts that bring it back. Along a direction without periodicity the lattice
// row is ignored and may be zero. Atoms are counted from 0, in messages from 1.
//
// Rows of a [Graph] are sorted by (neighbor, shift), so that sums over edges run
// in an order that depends on the structure alone and [Build] and [List] agree
// to the last bit.
package neighbor
