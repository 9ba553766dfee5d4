package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Variable is the environment variable that names the set Best returns.
const Variable = "PONITA_KERNEL"

// The sets this machine runs, slowest first. Assembly appends its own in init.
var (
	sets32 = []*Set[float32]{Reference[float32]()}
	sets64 = []*Set[float64]{Reference[float64]()}
)

// Sets returns all sets this machine runs, the reference first and the fastest
// last.
func Sets[T Float]() []*Set[T] {
	for _, sets := range []any{sets32, sets64} {
		if sets, ok := sets.([]*Set[T]); ok {
			return slices.Clone(sets)
		}
	}
	return []*Set[T]{Reference[T]()} // a named type, such as type Energy float64
}

// Select returns the set with the given name, or the fastest one if the name is
// empty. It fails if this machine does not run such a set.
func Select[T Float](name string) (*Set[T], error) {
	sets := Sets[T]()
	if name == "" {
		return sets[len(sets)-1], nil
	}
	var names []string
	for _, set := range sets {
		if set.Name == name {
			return set, nil
		}
		names = append(names, set.Name)
	}
	return nil, fmt.Errorf("kernel: no set %q on this machine, which runs %s", name, strings.Join(names, ", "))
}

// Best returns the set that the environment variable PONITA_KERNEL names, or
// the fastest one if it is empty or not set. It fails if this machine does not
// run the named set.
func Best[T Float]() (*Set[T], error) {
	set, err := Select[T](os.Getenv(Variable))
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, Variable)
	}
	return set, nil
}
