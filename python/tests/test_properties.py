"""Energies, forces and stresses against their definitions, with ASE's own finite differences."""

import copy
import os
import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

from ponita import Ponita, PonitaError

PROPERTIES = ["energy", "free_energy", "energies", "forces", "stress", "stresses"]


def assert_slope(numerical, exact, step):
    """Assert that the error of a central difference falls fourfold when the step halves: a wrong derivative's stays."""
    coarse, fine = (np.abs(numerical(h) - exact).max() for h in (step, step / 2))
    assert coarse / fine == pytest.approx(4, rel=0.05), (coarse, fine)


def test_forces_match_finite_difference(triclinic):
    assert_slope(lambda h: calculate_numerical_forces(triclinic, eps=h), triclinic.get_forces(), 0.01)


def test_stress_matches_finite_strain(triclinic):
    """Sign and order are ASE's: all six components differ here."""
    stress = triclinic.get_stress()
    assert np.abs(np.subtract.outer(stress, stress))[~np.eye(6, dtype=bool)].min() > 1e-4
    assert_slope(lambda h: calculate_numerical_stress(triclinic, eps=h), stress, 0.002)


def test_stress_of_slab_matches_finite_strain(triclinic):
    triclinic.pbc = [True, True, False]
    assert_slope(lambda h: calculate_numerical_stress(triclinic, eps=h), triclinic.get_stress(), 0.002)


def test_atoms_add_up(triclinic):
    assert triclinic.get_potential_energies().sum() == pytest.approx(triclinic.get_potential_energy(), abs=1e-12)
    assert triclinic.get_stresses().sum(axis=0) == pytest.approx(triclinic.get_stress(), abs=1e-12)
    assert triclinic.get_potential_energy(force_consistent=True) == triclinic.get_potential_energy()
    assert np.abs(triclinic.get_forces().sum(axis=0)).max() < 1e-10


def test_no_stress_without_volume(calculator):
    for cell in None, [5, 5, 0]:
        atoms = Atoms("OH", [[0, 0, 0], [0, 0, 1.2]], cell=cell, pbc=[cell is not None, False, False])
        atoms.calc = calculator
        assert np.abs(atoms.get_forces()).max() > 0
        for ask in atoms.get_stress, atoms.get_stresses:
            with pytest.raises(PropertyNotImplementedError):
                ask()


def test_unknown_elements_are_named(calculator, model):
    atoms = Atoms("HNeOAr", [[3 * k, 0, 0] for k in range(4)])
    atoms.calc = calculator
    with pytest.raises(PonitaError, match=f"{model} does not know Ar Ne, it knows H O Si") as e:
        atoms.get_potential_energy()
    assert e.value.atoms == (1,)
    assert pickle.loads(pickle.dumps(e.value)).atoms == (1,)
    atoms.symbols = "HHOO"
    assert np.isfinite(atoms.get_potential_energy())


@pytest.mark.parametrize(
    ("positions", "cell", "match"),
    [
        ([[0, 0, 0], [0, 0, 0]], None, "atom 1 and atom 2.*coincide"),
        ([[0, 0, 0], [0, 0, np.nan]], None, "atom 2.*not finite"),
        ([[0, 0, 0], [0, 0, 1]], [5, 5, 0], "linearly dependent"),
    ],
)
def test_what_is_no_structure(calculator, positions, cell, match):
    atoms = Atoms("HH", positions, cell=cell, pbc=cell is not None)
    atoms.calc = calculator
    for _ in range(2):  # a failure leaves no results behind
        with pytest.raises(PonitaError, match=match):
            atoms.get_potential_energy()


def test_failure_forgets_the_structure_before(triclinic):
    triclinic.get_potential_energy()
    broken = Atoms("HH", [[0, 0, 0], [0, 0, 0]])
    for compute in triclinic.calc.calculate, triclinic.calc.get_potential_energy:
        with pytest.raises(PonitaError, match="coincide"):
            compute(broken)


def test_wrong_arguments(model, tmp_path):
    for arguments, error, match in [
        ({"precision": "double"}, ValueError, "precision is 'double'"),
        ({"threads": 0}, ValueError, "threads is 0"),
        ({"threads": "two"}, ValueError, "threads is 'two'"),
        ({"threads": 1.5}, ValueError, "threads is 1.5"),
        ({"skin": 0}, ValueError, "skin is 0 Å"),
    ]:
        with pytest.raises(error, match=match):
            _ = Ponita(model, **arguments).potential
    with pytest.raises(FileNotFoundError, match="nothing.h5"):
        Ponita(tmp_path / "nothing.h5")
    with pytest.raises(PonitaError, match="not a readable model file"):
        _ = Ponita(__file__).potential
    with pytest.raises(TypeError, match="no parameter cutoff"):
        Ponita(model).set(cutoff=5)


def assert_as_new(atoms):
    """Assert that a calculator that has seen other structures says what a new one says, but for the order of sums."""
    new = Ponita(**atoms.calc.parameters)
    for name in PROPERTIES:
        if name.startswith("stress") and atoms.cell.rank < 3:
            continue
        assert atoms.calc.get_property(name, atoms) == pytest.approx(new.get_property(name, atoms), abs=1e-11), name


def test_one_calculator_for_many_structures(triclinic, rng):
    original = triclinic.copy()
    assert_as_new(triclinic)
    triclinic.rattle(0.05, rng=rng)
    assert_as_new(triclinic)
    triclinic.set_cell(triclinic.cell * 1.02, scale_atoms=True)
    assert_as_new(triclinic)
    triclinic.numbers[:] = [14, 8, 1, 1]
    assert_as_new(triclinic)
    triclinic.pbc = [True, False, True]
    assert_as_new(triclinic)
    for other in original.repeat((2, 1, 1)), original[:1], original:
        other.calc = triclinic.calc
        assert_as_new(other)
    moved = original.copy()
    moved.calc = original.calc
    moved.positions += 20 * original.cell[0]  # another list, the same structure
    assert moved.get_potential_energy() == pytest.approx(original.get_potential_energy(), abs=1e-11)


def test_nothing_is_computed_twice(triclinic, monkeypatch):
    calls = []
    compute = triclinic.calc.potential.compute
    monkeypatch.setattr(triclinic.calc.potential, "compute", lambda *a: calls.append(a) or compute(*a))
    for name in PROPERTIES:
        triclinic.calc.get_property(name, triclinic)
    triclinic.set_initial_charges([1, 0, 0, -1])
    triclinic.get_forces()
    assert len(calls) == 1
    triclinic.positions[0, 0] += 1e-9
    triclinic.get_forces()
    assert len(calls) == 2


def test_results_belong_to_the_caller(triclinic):
    triclinic.get_forces()[:] = 0
    old = triclinic.calc.results["forces"]
    triclinic.rattle(0.1, seed=1)
    assert np.abs(triclinic.get_forces() - old).max() > 1e-3


def test_threads_and_precision(triclinic, model, monkeypatch):
    double = triclinic.get_forces()
    for threads in 2, 3:
        triclinic.calc = Ponita(model, precision="float64", threads=threads)
        assert (triclinic.get_forces() == double).all()
    monkeypatch.setenv("PONITA_NUM_THREADS", "0")
    with pytest.raises(ValueError, match="PONITA_NUM_THREADS is .0."):
        _ = Ponita(model).potential
    monkeypatch.delenv("PONITA_NUM_THREADS")
    triclinic.calc = Ponita(model)
    single = triclinic.get_forces()
    assert 0 < np.abs(single - double).max() < 1e-4
    assert set(triclinic.calc.set(precision="float64")) == {"precision"}
    assert (triclinic.get_forces() == double).all()


def test_copies(triclinic, monkeypatch, tmp_path):
    """A copy computes the same, anywhere, and shares nothing with the original."""
    for make in copy.deepcopy, copy.copy, lambda c: pickle.loads(pickle.dumps(c)):
        for calculator in triclinic.calc, Ponita(**triclinic.calc.parameters):
            new = make(calculator)
            assert new._potential is None
            assert new.parameters == calculator.parameters
            assert new.get_property("energy", triclinic) == calculator.get_property("energy", triclinic)
            new.set(precision="float32" if calculator.parameters.precision == "float64" else "float64")
            assert new.parameters != calculator.parameters
    again = pickle.loads(pickle.dumps(triclinic.calc.potential))
    assert again.compute(triclinic.numbers, triclinic.positions, triclinic.cell, True).energy == (
        triclinic.get_potential_energy()
    )


def test_numbers_are_whole(triclinic):
    for numbers in triclinic.numbers + 0.2, triclinic.numbers + 2**32:
        with pytest.raises(ValueError, match="want whole atomic numbers"):
            triclinic.calc.potential.compute(numbers, triclinic.positions, triclinic.cell, True)


def test_environment_is_named(model, monkeypatch):
    monkeypatch.setenv("PONITA_NUM_THREADS", "two")
    with pytest.raises(ValueError, match="PONITA_NUM_THREADS is 'two'"):
        _ = Ponita(model).potential


def test_errors_of_any_file_name(tmp_path):
    broken = os.fsencode(tmp_path) + b"/\xff.h5"
    with open(broken, "w") as file:
        file.write("no model")
    with pytest.raises(PonitaError, match="not a readable model"):
        _ = Ponita(os.fsdecode(broken)).potential


def test_paths_are_absolute(model, monkeypatch, tmp_path):
    (tmp_path / "here.h5").symlink_to(model)
    monkeypatch.chdir(tmp_path)
    calculator = Ponita("here.h5")
    monkeypatch.chdir("/")
    assert [s.symbol for s in calculator.potential.species] == ["H", "O", "Si"]


def test_model_in_the_package(molecule):
    atoms = molecule()
    atoms.calc = Ponita("builtin:acac")
    assert atoms.get_potential_energy() == pytest.approx(-9392.03, abs=0.1)  # DFT, of the frame's own energy
    assert atoms.calc.potential.cutoff == 5
    assert atoms.calc.todict() == {"model": "builtin:acac"}
