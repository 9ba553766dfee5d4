"""What the tests share: files given on the command line by python_test.go, structures and calculators."""

import os

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

from ponita import Ponita

NEEDED = {
    "model": "model of H, O and Si, which writeModel of python_test.go writes",
    "mdrun": "the program mdrun",
    "lammps": "LAMMPS with pair_style ponita",
    "data": "folder with the data for tests",
}

# A child process must not look for modules where pytest was started.
os.environ["PYTHONSAFEPATH"] = "1"


def pytest_addoption(parser):
    """Add one option a file."""
    for name, what in NEEDED.items():
        parser.addoption(f"--{name}", help=what)


@pytest.fixture(scope="session")
def given(request):
    """Return a function that returns a file, or skips the test if there is none."""

    def file(name):
        return request.config.getoption(name) or pytest.skip(f"not here: {NEEDED[name]} (--{name})")

    return file


@pytest.fixture(scope="session")
def model(given):
    """Return the path of the test model."""
    return given("model")


@pytest.fixture
def calculator(model):
    """Return a calculator of the test model in float64."""
    return Ponita(model, precision="float64")


@pytest.fixture
def triclinic(calculator):
    """Return a tilted cell of H, O and Si, smaller than the cutoff and with forces and stresses of all kinds."""
    cell = [[3.9, 0.2, -0.1], [0.8, 3.6, 0.3], [-0.5, 0.9, 3.4]]
    scaled = [[0.02, 0.05, 0.1], [0.47, 0.08, 0.2], [0.12, 0.55, 0.46], [0.6, 0.52, 0.7]]
    atoms = Atoms("OHSiH", scaled_positions=scaled, cell=cell, pbc=True)
    atoms.calc = calculator
    return atoms


@pytest.fixture
def silicon(calculator):
    """Return the two atoms of diamond, near the test model's lattice constant."""
    atoms = bulk("Si", a=4.9)
    atoms.calc = calculator
    return atoms


@pytest.fixture
def molecule(request):
    """Return a function that returns acetylacetone, for the model in the package."""

    def acac():
        return read(request.path.parents[2] / "cmd/mdrun/demo/acac.xyz")

    return acac


@pytest.fixture
def rng():
    """Return random numbers, always the same."""
    return np.random.default_rng(1)
