// Package properties computes what a model says of a crystal of one element and
// of a path: the numbers that are measured, as opposed to errors of forces.
//
//	lattice constant, cohesive energy   crystal.go, relax.go
//	equation of state, bulk modulus     volume.go
//	elastic constants                   elastic.go
//	vacancy formation energy            vacancy.go
//	vibrations                          phonon.go
//	energy along a path, barriers       profile.go
//
// [Compute] does all for a crystal. Everything is evaluated in float64 at zero
// temperature, without vibrations of the zero point.
//
// Units are eV, Å, GPa and THz. A stress is positive in tension. The order of six
// components (Voigt) is xx yy zz yz xz xy, and a shear strain of the last three
// is the change of the angle, twice the component of the tensor.
package properties
