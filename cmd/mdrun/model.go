package main

import (
	"fmt"
	"slices"
	"strings"

	"ponita/potential"
	"ponita/potential/pretrained"
	"ponita/xyz"
)

// builtin starts the names of the model and the structure within the program.
const builtin = "builtin:acac"

func loadModel(name string) (*potential.Model, error) {
	if name == builtin {
		return pretrained.AcAc()
	}
	if err := unknownBuiltin(name); err != nil {
		return nil, err
	}
	return potential.Load(name)
}

// unknownBuiltin is the error for a name that says builtin and is not.
func unknownBuiltin(name string) error {
	if strings.HasPrefix(name, "builtin:") {
		return fmt.Errorf("no %s in this program: want %s or a file", name, builtin)
	}
	return nil
}

// newCalculator returns a calculator for the system as the settings want it.
// The error for elements that the model lacks names them all.
func newCalculator(m *potential.Model, sys *system, s *Settings) (*potential.Calculator, error) {
	var missing []int
	for _, z := range sys.species {
		if !slices.Contains(m.Config.Species, z) && !slices.Contains(missing, z) {
			missing = append(missing, z)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s has %s, the model knows %s: %w",
			sys.origin, symbols(missing), symbols(m.Config.Species), potential.ErrUnknownElement)
	}
	options := []potential.Option{potential.Skin(s.Skin), potential.Threads(s.Threads)}
	if s.Precision == "float64" {
		options = append(options, potential.DoublePrecision())
	}
	return m.Calculator(sys.species, sys.pbc, options...)
}

// symbols lists elements as "C H O".
func symbols(numbers []int) string {
	var list []string
	for _, z := range numbers {
		list = append(list, xyz.Symbol(z))
	}
	return strings.Join(list, " ")
}
