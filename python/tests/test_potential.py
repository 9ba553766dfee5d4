"""The package without ASE."""

import subprocess
import sys

import numpy as np
import pytest

from ponita import PonitaError, Potential

WITHOUT_ASE = """
import sys
sys.modules["ase"] = None
import ponita
result = ponita.Potential(sys.argv[1], precision="float64").compute([1, 8], [[0, 0, 0], [0, 0, 1.2]])
print(repr(result.energy))
try:
    ponita.Ponita
except ImportError:
    print("no ase")
"""


def test_needs_no_ase(model):
    out = subprocess.run([sys.executable, "-c", WITHOUT_ASE, model], check=True, capture_output=True, text=True).stdout
    energy, last = out.split("\n", 1)
    assert last.strip() == "no ase"
    computed = Potential(model, precision="float64").compute([1, 8], [[0, 0, 0], [0, 0, 1.2]])
    assert float(energy) == computed.energy


def test_matches_calculator(triclinic):
    """Arrays of any kind and layout do; the virial is minus stress times volume."""
    numbers, positions = triclinic.numbers.astype(np.uint8), np.asfortranarray(triclinic.positions)
    computed = triclinic.calc.potential.compute(numbers, positions, triclinic.cell, (1, 1, 1))
    assert computed.energy == triclinic.get_potential_energy()
    assert (computed.forces == triclinic.get_forces()).all()
    xx, yy, zz, xy, xz, yz = -computed.virial / triclinic.get_volume()
    assert (triclinic.get_stress(voigt=False) == [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]).all()


def test_says_what_the_model_is(model):
    potential = Potential(model)
    assert [(s.number, s.symbol, s.mass, s.reference_energy) for s in potential.species] == [
        (1, "H", 1.008, -0.5),
        (8, "O", 15.999, -1),
        (14, "Si", 28.085, -2),
    ]
    assert (potential.cutoff, potential.layers, potential.channels) == (4, 2, 8)
    assert len(potential.hash) == 32


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1, 1], [[0, 0, 0]]), r"positions \(1, 3\)"),
        (([1], [0, 0, 0]), r"positions \(3,\)"),
        (([1], [[0, 0, 0]], [5, 5, 5], True), r"the cell is \(3,\)"),
        (([1], [[0, 0, 0]], None, True), "null pointer"),
    ],
)
def test_wrong_shapes(model, arguments, match):
    with pytest.raises((ValueError, RuntimeError), match=match):
        Potential(model).compute(*arguments)


def test_memory_is_given_back_with_the_object(model):
    first, second = Potential(model), Potential(model)
    second._handle.value = first._handle.value
    del first
    with pytest.raises(PonitaError, match="given back"):
        second.compute([1], [[0, 0, 0]])
