package main

// #include "failure.h"
import "C"

import (
	"unsafe"

	"ponita/potential"
)

// calculator evaluates whatever structure it is given. What it keeps fits the
// last one.
type calculator struct {
	model   *potential.Model
	options []potential.Option

	calc    *potential.Calculator
	numbers []int
	pbc     [3]bool
	forces  [][3]float64
}

var calculators = newTable[calculator]("calculator")

//export goCalculatorNew
func goCalculatorNew(model C.uintptr_t, opts unsafe.Pointer, handle *C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error {
		return calculators.openWith(model, opts, handle, func(m *potential.Model, o []potential.Option) (*calculator, error) {
			return &calculator{model: m, options: o}, nil
		})
	})
}

//export goCalculatorFree
func goCalculatorFree(handle C.uintptr_t, last *C.failure) C.int {
	return guarded(last, func() error { return calculators.remove(handle) })
}

//export goCompute
func goCompute(handle C.uintptr_t, structure, result unsafe.Pointer, last *C.failure) C.int {
	return guarded(last, func() error {
		return calculators.use(handle, func(c *calculator) error { return c.compute(structure, result) })
	})
}

func (c *calculator) compute(structure, result unsafe.Pointer) error {
	in, err := input[C.ponita_structure](structure, "ponita_structure")
	if err != nil {
		return err
	}
	out, err := input[C.ponita_result](result, "ponita_result")
	if err != nil {
		return err
	}
	n, err := count(in.atoms, "the number of atoms")
	if err != nil {
		return err
	}
	pos, err := slice[[3]float64](unsafe.Pointer(in.positions), n, "positions")
	if err != nil {
		return err
	}
	lattice, pbc, err := cell(&in)
	if err != nil {
		return err
	}
	numbers, err := slice[int32](unsafe.Pointer(in.numbers), n, "numbers")
	if err != nil {
		return err
	}
	if err := c.prepare(numbers, pbc); err != nil {
		return err
	}
	forces := c.forces
	if out.forces != nil {
		forces = unsafe.Slice((*[3]float64)(unsafe.Pointer(out.forces)), n)
	}
	var w [3][3]float64
	energy, err := c.calc.Compute(pos, lattice, forces, &w)
	if err != nil {
		return err
	}
	out.energy = C.double(energy)
	for k, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
		out.virial[k] = C.double(w[ab[0]][ab[1]])
	}
	if out.energies != nil {
		copy(unsafe.Slice((*float64)(unsafe.Pointer(out.energies)), n), c.calc.SiteEnergies())
	}
	if out.virials != nil {
		copy(unsafe.Slice((*[6]float64)(unsafe.Pointer(out.virials)), n), c.calc.SiteVirials())
	}
	output(result, &out)
	return nil
}

// cell reads lattice and periodicity.
func cell(in *C.ponita_structure) (lattice [3][3]float64, pbc [3]bool, err error) {
	for k, p := range in.periodic {
		if p != 0 && p != 1 {
			return lattice, pbc, argument("periodic[%d] is %d, want 0 or 1", k, p)
		}
		pbc[k] = p == 1
	}
	if in.cell != nil {
		return *(*[3][3]float64)(unsafe.Pointer(in.cell)), pbc, nil
	}
	if pbc != ([3]bool{}) {
		return lattice, pbc, argument("the cell of a periodic structure is a null pointer")
	}
	return lattice, pbc, nil
}

// prepare makes another calculator where the last one is for other atoms.
func (c *calculator) prepare(numbers []int32, pbc [3]bool) error {
	same := c.calc != nil && pbc == c.pbc && len(numbers) == len(c.numbers)
	for i, z := range numbers {
		if !same {
			break
		}
		same = int(z) == c.numbers[i]
	}
	if same {
		return nil
	}
	c.calc, c.pbc, c.numbers = nil, pbc, c.numbers[:0]
	for _, z := range numbers {
		c.numbers = append(c.numbers, int(z))
	}
	if i := firstUnknown(c.model, numbers); i >= 0 {
		return unknown(c.model, i, numbers[i])
	}
	c.forces = make([][3]float64, len(numbers))
	calc, err := c.model.Calculator(c.numbers, pbc, c.options...)
	c.calc = calc
	return err
}
