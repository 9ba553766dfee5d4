// Package ipi serves forces to i-PI and to other programs that speak its
// protocol, as ASE's SocketIOCalculator: a client that connects, is sent
// positions, and answers with energy, forces and virial.
//
// Messages begin with twelve characters padded by blanks. Numbers are little
// endian, lengths in bohr and energies in hartree:
//
//	server                                    client
//	STATUS                                    NEEDINIT, READY or HAVEDATA
//	INIT    replica, length, text
//	POSDATA cell, inverse cell, n, positions
//	GETFORCE                                  FORCEREADY energy, n, forces, virial, length, text
//	EXIT
//
// The cell is sent with its vectors in columns, the rows of the matrix one after
// another. The virial is W = −∂E/∂ε, −V times the stress, transposed as the
// cell is. No text follows the forces.
//
// Sources: Ceriotti, More, Manolopoulos, Comput. Phys. Commun. 185, 1019 (2014);
// ipi/interfaces/sockets.py of i-PI 3.3 and ase/calculators/socketio.py of ASE 3.29.
package ipi
