// Package xyz reads and writes extended XYZ, the file format of atomic
// structures and of the energies, forces and stresses computed for them.
//
// A file is a sequence of frames. Each is the number of atoms on a line, one
// line of key=value pairs, and one line of columns per atom:
//
//	3
//	Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy=-468.2 pbc="T T T"
//	O  0.00  0.00  0.00   0.0  0.0  0.3
//	H  0.76  0.59  0.00   0.1  0.2  0.0
//	H -0.76  0.59  0.00  -0.1 -0.2 -0.3
//
// # Units and signs
//
// Nothing is converted. The project's files hold energies in eV, lengths in Å,
// forces in eV/Å, times in fs, velocities (column vel) in Å/fs, virials in eV
// and stresses in eV/Å³, positive under tension: stress = (1/V) ∂E/∂strain =
// -virial/V. The rows of a lattice are the cell vectors a, b, c. Six numbers of
// a stress or virial are xx yy zz yz xz xy.
//
// # Grammar
//
// The grammar is that of the libAtoms specification
// (https://github.com/libAtoms/extxyz), with these decisions where it is open or
// where following it would lose or guess something:
//
//   - A key alone on the comment line is true.
//   - A value without quotes or brackets that holds a comma, =, a quote or a bracket
//     (smiles=CC(=O)C, name=2,4-pentanedione), or a backslash before a character that needs
//     none, is the string up to the next blank; with nothing after the =, or the next
//     key=, it is the empty string. ASE writes both. Lattice and pbc must have quotes.
//   - A key or a column that occurs twice is an error.
//   - Lattice, Properties and pbc are recognised in any case. A comment line with
//     none of them is plain XYZ: it is kept whole under the key comment, and the
//     four columns are species and position; a fifth is an error. With Lattice or
//     pbc but no Properties the same four columns are meant.
//   - Species are the symbols of the 118 elements as chemists write them. Any
//     other label (X, D, Fe1, SI, or a number, which may be an atom type) is an
//     error; atomic numbers are read from a column Z:I:1 only.
//   - An integer beyond 64 bits, a float beyond the range of float64, a number
//     with leading zeros and nan remain strings on the comment line.
//   - In columns, R accepts nan and inf, as programs write them for values they
//     lack. Positions and lattices must be finite.
//   - Periodicity along a lattice vector that is zero or absent is an error.
//   - Blank lines are accepted at the end of the file only, CRLF everywhere.
//
// # Round trip
//
// Reading what was written gives an equal frame: every key, column, type and
// shape, in the same order, floats with the shortest digits that give the same
// float64. Lattice and Properties are written first and pbc last.
package xyz
