package xyz

import "testing"

func TestElements(t *testing.T) {
	for symbol, z := range map[string]int{"H": 1, "He": 2, "C": 6, "Si": 14, "Fe": 26, "Mo": 42, "Xe": 54, "La": 57, "Lu": 71, "Au": 79, "U": 92, "Lr": 103, "Og": 118} {
		if AtomicNumber(symbol) != z || Symbol(z) != symbol {
			t.Errorf("%s: got %d, and %s for %d", symbol, AtomicNumber(symbol), Symbol(z), z)
		}
	}
	for z := 1; z <= 118; z++ {
		if AtomicNumber(Symbol(z)) != z {
			t.Errorf("element %d is %q, which is element %d", z, Symbol(z), AtomicNumber(Symbol(z)))
		}
	}
	for _, symbol := range []string{"", "X", "D", "si", "SI", "Fe1", "1", "Å", "H ", "Uuo", "sI"} {
		if z := AtomicNumber(symbol); z != 0 {
			t.Errorf("%q is element %d", symbol, z)
		}
	}
	for _, z := range []int{-1, 0, 119} {
		if symbol := Symbol(z); symbol != "" {
			t.Errorf("element %d is %q", z, symbol)
		}
	}
}
