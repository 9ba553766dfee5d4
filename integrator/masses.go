package integrator

// Masses returns the standard atomic weight [amu] for every atomic number in
// species. A number outside 1 to 118 gets mass 0, which NewState refuses with
// the index of the atom. An isotope is an assignment to the result.
func Masses(species []int) []float64 {
	masses := make([]float64, len(species))
	for i, z := range species {
		if z > 0 && z < len(atomicWeights) {
			masses[i] = atomicWeights[z]
		}
	}
	return masses
}

// atomicWeights holds the abridged standard atomic weights of 2021, indexed by
// atomic number: Prohaska et al., Pure Appl. Chem. 94, 573 (2022). An element
// without one (no characteristic isotopic composition on Earth) has the mass
// number that IUPAC's periodic table of May 2022 prints in brackets.
var atomicWeights = [119]float64{
	1: 1.0080, 2: 4.0026,
	3: 6.94, 4: 9.0122, 5: 10.81, 6: 12.011, 7: 14.007, 8: 15.999, 9: 18.998, 10: 20.180,
	11: 22.990, 12: 24.305, 13: 26.982, 14: 28.085, 15: 30.974, 16: 32.06, 17: 35.45, 18: 39.95,

	19: 39.098, 20: 40.078,
	21: 44.956, 22: 47.867, 23: 50.942, 24: 51.996, 25: 54.938, 26: 55.845, 27: 58.933, 28: 58.693, 29: 63.546, 30: 65.38,
	31: 69.723, 32: 72.630, 33: 74.922, 34: 78.971, 35: 79.904, 36: 83.798,

	37: 85.468, 38: 87.62,
	39: 88.906, 40: 91.224, 41: 92.906, 42: 95.95, 43: 97, 44: 101.07, 45: 102.91, 46: 106.42, 47: 107.87, 48: 112.41,
	49: 114.82, 50: 118.71, 51: 121.76, 52: 127.60, 53: 126.90, 54: 131.29,

	55: 132.91, 56: 137.33,
	57: 138.91, 58: 140.12, 59: 140.91, 60: 144.24, 61: 145, 62: 150.36, 63: 151.96, 64: 157.25,
	65: 158.93, 66: 162.50, 67: 164.93, 68: 167.26, 69: 168.93, 70: 173.05, 71: 174.97,
	72: 178.49, 73: 180.95, 74: 183.84, 75: 186.21, 76: 190.23, 77: 192.22, 78: 195.08, 79: 196.97, 80: 200.59,
	81: 204.38, 82: 207.2, 83: 208.98, 84: 209, 85: 210, 86: 222,

	87: 223, 88: 226,
	89: 227, 90: 232.04, 91: 231.04, 92: 238.03, 93: 237, 94: 244, 95: 243, 96: 247,
	97: 247, 98: 251, 99: 252, 100: 257, 101: 258, 102: 259, 103: 262,
	104: 267, 105: 268, 106: 269, 107: 270, 108: 269, 109: 277, 110: 281, 111: 282, 112: 285,
	113: 286, 114: 290, 115: 290, 116: 293, 117: 294, 118: 294,
}
