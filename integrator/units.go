package integrator

// SI values from CODATA 2022 (Mohr, Newell, Taylor, Tiesinga, 2024). The electronvolt and Boltzmann's
// constant are exact since the SI of 2019; the atomic mass constant is measured, to 3e-10.
const (
	electronVolt = 1.602176634e-19     // J
	boltzmann    = 1.380649e-23        // J/K
	atomicMass   = 1.66053906892e-27   // kg
	angstrom     = 1e-10               // m
	femtosecond  = 1e-15               // s
	bohr         = 5.29177210544e-11   // m
	hartree      = 4.3597447222060e-18 // J
)

const (
	// Boltzmann is k_B in eV/K.
	Boltzmann = boltzmann / electronVolt

	// PerMass is the acceleration in Å/fs² that 1 eV/Å gives to 1 amu, and so also the square of a
	// speed in Å²/fs² for 1 eV per amu: a = PerMass·F/m and K = m v²/(2·PerMass).
	PerMass = electronVolt / atomicMass * (femtosecond / angstrom) * (femtosecond / angstrom)

	// GPa is the pressure in GPa of 1 eV/Å³.
	GPa = electronVolt / (angstrom * angstrom * angstrom) * 1e-9

	// Bohr is the atomic unit of length in Å, and Hartree that of energy in eV.
	Bohr    = bohr / angstrom
	Hartree = hartree / electronVolt

	// GramPerCC is the density in g/cm³ of 1 amu/Å³.
	GramPerCC = atomicMass / (angstrom * angstrom * angstrom) * 1e-3
)
