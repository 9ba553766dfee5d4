// Package data reads the data files of LAMMPS, as write_data writes them and
// read_data takes them, into frames of extended XYZ.
//
//	frame, err := data.ReadFile("water.data", data.Options{})
//
// # Conventions
//
// Atoms come in the order of their IDs, unwrapped by their image flags. The
// lattice has the rows a, b, c of the box, also if it is tilted; its origin is
// dropped. Directions are periodic unless Options says otherwise: LAMMPS has
// this in the input script.
//
// An element is that of the mass of its type, or a label of the type, or given by
// Options; where two of them contradict each other, or a mass is near those
// of two elements, reading fails. The column masses has the masses of the
// file in amu, and vel its velocities in Å/fs; the file has them in Å/ps (units
// metal) or Å/fs (real), and where its first line does not say which, as of LAMMPS
// 29 Sep 2021, Options must. The key types tells which element each type
// became, and by what.
//
// Bonds, coefficients and other sections without atoms are skipped.
package data
