// Package integrator moves atoms: velocity Verlet at constant energy, and
// Langevin, stochastic velocity rescaling (CSVR) and Nosé–Hoover chains at
// constant temperature, and any of these with a Barostat at constant pressure,
// for any potential that is a ForceField.
//
//	state, err := integrator.NewState(calc, frame.Pos, frame.Lattice, integrator.Masses(frame.Species))
//	err = integrator.VelocityVerlet{Timestep: 0.5}.Run(state, calc, 10_000)
//
// # Units and signs
//
// eV, Å, fs, amu, K; velocities in Å/fs. Forces are −∂E/∂x, the virial is
// W = −∂E/∂ε in eV. Pressure is (Σ m v⊗v + W)/V in GPa, positive in
// compression; stress is −W/V in eV/Å³, positive in tension.
//
// # State and integrator
//
// A State holds everything that changes, an integrator settings only. One state
// may therefore pass from one integrator to another (heat with Langevin, measure
// with VelocityVerlet), its conserved quantity goes on, and a saved state is a
// complete restart: N steps, SaveRestart, LoadRestart and N steps give the bits
// of 2N steps, with the same program on the same processor architecture (others
// may fuse a multiplication with an addition) and a ForceField whose result
// depends on its arguments alone.
//
// # Degrees of freedom
//
// Temperature is 2K/(k_B·State.DOF). Forces conserve momentum, so NewState
// counts 3N−3; Velocities and RemoveRotation count 3N−6 for a molecule, or 3N−5
// on a line, of which the angular momentum is removed too; Langevin feeds all
// 3N. A single atom has 3.
//
// # Random numbers
//
// None is drawn from a global source or seeded by the clock. NewStream derives
// one stream per purpose from one seed: velocities take theirs as an argument,
// the noise of a thermostat is State.Noise and is saved with the state.
package integrator
