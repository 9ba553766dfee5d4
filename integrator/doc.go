// Package integrator moves atoms: velocity Verlet at constant energy for any
// potential that is a ForceField. Units are eV, Å, fs, amu, K.
package integrator
