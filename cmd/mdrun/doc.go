// Command mdrun runs molecular dynamics with a learned potential.
//
//	mdrun demo
//	mdrun run.toml --temperature 500
//	mdrun run.toml --restart auto
//
// See mdrun --help for every setting. With --ipi there is no run and no file:
// i-PI moves the atoms, and mdrun computes forces for it.
//
// # Files
//
// PREFIX.thermo.csv has a row every thermo_every steps, step 0 included. The
// names of its columns end in their units. Econs is the conserved quantity: the
// total energy less what thermostat and barostat brought in, and with the work
// p₀(V−V₀) of a pressure. Pressures are positive in compression; they, volume,
// cell and density are empty unless the cell is periodic in all directions.
//
// With a pressure the cell changes every 10 steps, in the equilibration too. Only
// a solid can have cell = "aniso" or "tri": nothing holds the shape of a liquid.
//
// PREFIX.traj.xyz is extended XYZ with columns forces (eV/Å) and vel (Å/fs) and
// the keys energy (eV), stress (eV/Å³, of the potential, positive in tension),
// step and time_fs. Positions are not wrapped into the cell. PREFIX.final.xyz is
// one such frame: the structure to start another run from.
//
// PREFIX.ckpt is the complete state. A restart from it gives the bits of a run
// that never stopped, in every file but for the columns of wall time: what was
// written after the checkpoint is cut off first. Files of an earlier run are kept
// unless --overwrite removes them, and locked against a second process.
//
// PREFIX.crash/ holds what explains a run that left physics: the last steps,
// the settings, the last checkpoint, and the message.
package main
