package xyz

import "strings"

// symbols lists the elements by atomic number, hydrogen first.
const symbols = "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn " +
	"Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd " +
	"Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th " +
	"Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"

var (
	symbolOf = append([]string{""}, strings.Fields(symbols)...)
	numberOf = indexSymbols()
)

// indexSymbols returns the atomic numbers at symbolIndex of each symbol.
func indexSymbols() (table [26 * 27]uint8) {
	for z, symbol := range symbolOf[1:] {
		table[symbolIndex(symbol)] = uint8(z + 1)
	}
	return table
}

// symbolIndex maps every capital letter, alone or with a small letter, to its
// own index, and everything else to -1.
func symbolIndex[S string | []byte](s S) int {
	if len(s) < 1 || len(s) > 2 || s[0] < 'A' || s[0] > 'Z' {
		return -1
	}
	index := int(s[0]-'A') * 27
	if len(s) == 1 {
		return index
	}
	if s[1] < 'a' || s[1] > 'z' {
		return -1
	}
	return index + 1 + int(s[1]-'a')
}

// Symbol returns the symbol of the element with atomic number z, or "" if there
// is none.
func Symbol(z int) string {
	if z < 0 || z >= len(symbolOf) {
		return ""
	}
	return symbolOf[z]
}

// AtomicNumber returns the atomic number of the element with the given symbol,
// or 0 if there is none. Symbols are written as in the periodic table: "Si",
// neither "si" nor "SI".
func AtomicNumber(symbol string) int { return atomicNumber(symbol) }

func atomicNumber[S string | []byte](symbol S) int {
	index := symbolIndex(symbol)
	if index < 0 {
		return 0
	}
	return int(numberOf[index])
}
