"""The calculator for ASE."""

import os

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.data import chemical_symbols

from .library import EELEMENT, PonitaError
from .potential import Potential, locate

MATTERS = ["numbers", "positions", "cell", "pbc"]
VOIGT = [0, 1, 2, 5, 4, 3]  # ASE's order, xx yy zz yz xz xy, in the library's


class Ponita(Calculator):
    """Energies, forces and stresses of a model, for ASE.

    The stress is dE/d(strain) over the volume, positive in tension; structures without a volume have none. stresses
    are per atom, a bond's shared equally by its atoms, and sum to stress, as those of ASE's LennardJones do.

    The library is loaded by the first evaluation and does not survive a fork: share calculators with processes that
    were forked before, or started anew ("spawn"). A calculator pickles by the path of its model and its settings.
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "stresses"]
    default_parameters = {"precision": "float32", "threads": None, "skin": 0.5}
    discard_results_on_any_change = True
    _potential = None

    def __init__(self, model, *, precision="float32", threads=None, skin=0.5):
        """Take the arguments of Potential. FileNotFoundError if there is no such file."""
        super().__init__(model=model, precision=precision, threads=threads, skin=skin)

    def set(self, **parameters):
        """Change arguments of the constructor."""
        if unknown := parameters.keys() - {"model", *self.default_parameters}:
            raise TypeError(f"Ponita has no parameter {', '.join(sorted(unknown))}")
        if "model" in parameters:
            model = os.fspath(parameters["model"])
            if locate(model) == model:
                model = os.path.abspath(model)  # a copy in another process may be in another folder
                os.stat(model)
            parameters["model"] = model
        changed = super().set(**parameters)
        if changed:
            self._potential = None
        return changed

    @property
    def potential(self):
        """The Potential, which knows the model's cutoff, elements and origin."""
        if self._potential is None:
            self._potential = Potential(**self.parameters)
        return self._potential

    def check_state(self, atoms, tol=0):
        """Return what has changed at all; ASE's own comparison, with a tolerance, takes ten times as long."""
        if self.atoms is None:
            return MATTERS
        return [name for name in MATTERS if not np.array_equal(getattr(self.atoms, name), getattr(atoms, name))]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Compute all properties; those not asked for cost next to nothing."""
        # ASE's own also looks for the calculator's folder on disk, at every step.
        self.results = {}  # not those of the structure before, if this one fails
        if atoms is not None:
            self.atoms = atoms.copy()
        atoms = self.atoms
        try:
            computed = self.potential.compute(atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc)
        except PonitaError as e:
            if e.status != EELEMENT:
                raise
            known = [s.symbol for s in self.potential.species]
            missing = sorted({chemical_symbols[z] for z in atoms.numbers} - set(known))
            text = f"{self.parameters.model} does not know {' '.join(missing)}, it knows {' '.join(known)}"
            raise PonitaError(text, e.status, e.atoms) from None
        self.results = {
            "energy": computed.energy,
            "free_energy": computed.energy,  # without electrons of a temperature there is no difference
            "energies": computed.energies,
            "forces": computed.forces,
        }
        if volume := determinant(atoms.cell.array):
            self.results["stress"] = computed.virial[VOIGT] / -abs(volume)
            self.results["stresses"] = computed.virials.take(VOIGT, axis=1) / -abs(volume)

    def __getstate__(self):
        """Leave out what belongs to this process, and share nothing that changes."""
        own = {"_potential": None, "parameters": type(self.parameters)(self.parameters), "results": dict(self.results)}
        return {**self.__dict__, **own}


def determinant(cell):
    """Return the determinant of three vectors; NumPy's takes ten times as long, and Cell.volume longer."""
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = cell.tolist()
    return ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
