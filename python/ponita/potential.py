"""A model file as an object that computes; needs NumPy only."""

import ctypes
import operator
import os
import weakref
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import library

PRECISIONS = {"float32": 32, "float64": 64}
BUILTIN = {"builtin:acac": Path(__file__).with_name("acac.h5")}


class Species(NamedTuple):
    """An element that a model knows."""

    number: int
    symbol: str
    mass: float  # amu
    reference_energy: float  # eV, of the isolated atom


class Computed(NamedTuple):
    """What a potential says of n atoms. Virials are -dE/d(strain) in the order xx yy zz xy xz yz."""

    energy: float  # eV
    forces: np.ndarray  # [n, 3] eV/Å
    virial: np.ndarray  # [6] eV
    energies: np.ndarray  # [n] eV, of the atoms; their sum is energy
    virials: np.ndarray  # [n, 6] eV, of the atoms; their sum is virial


class Potential:
    """A model, ready to compute structures.

    Neighbour lists and working memory stay between calls: it is fastest when atoms have moved little since the last
    one. One thread at a time may use it. It pickles by its arguments.

    cutoff is in Å; species, layers, orientations, channels, hash, trained_by and created say what the model is.
    """

    def __init__(self, model, precision="float32", threads=None, skin=0.5):
        """Read a model file.

        model      path, or "builtin:acac", acetylacetone around 300 K
        precision  of the network's arithmetic, "float32" or "float64"; positions, energies and sums have 64 bits
        threads    cores of an evaluation; None means PONITA_NUM_THREADS, else 1. Results do not depend on it.
        skin       Å by which neighbour lists reach beyond the cutoff

        PonitaError says why a file is no model, or that this process was forked.
        """
        if precision not in PRECISIONS:
            raise ValueError(f'precision is {precision!r}, want "float32" or "float64"')
        if not skin > 0:
            raise ValueError(f"skin is {skin} Å, want a positive number")
        self._arguments = (model, precision, threads, skin)
        name = "threads"
        if threads is None:
            name, threads = "PONITA_NUM_THREADS", os.environ.get("PONITA_NUM_THREADS", 1)
        try:
            cores = int(threads) if isinstance(threads, str) else operator.index(threads)
        except (TypeError, ValueError):
            cores = 0
        if cores < 1:
            raise ValueError(f"{name} is {threads!r}, want a whole number, 1 or more")

        lib = library.load()
        handle = ctypes.c_void_p()
        lib.ponita_model_open(os.fsencode(locate(model)), handle)
        try:
            self._describe(lib, handle)
            options = library.Options(precision=PRECISIONS[precision], threads=cores, skin=skin)
            self._handle = ctypes.c_void_p()
            lib.ponita_calculator_new(handle, options, self._handle)
        finally:
            lib.ponita_model_close(handle)  # the calculator stays usable
        weakref.finalize(self, lib.ponita_calculator_free, self._handle)

    def _describe(self, lib, handle):
        info = library.ModelInfo()
        lib.ponita_model_describe(handle, info)
        self.cutoff, self.layers = info.cutoff, info.layers
        self.orientations, self.channels = info.orientations, info.channels
        self.hash, self.trained_by, self.created = (x.decode() for x in (info.hash, info.trained_by, info.created))
        species = []
        for k in range(info.species):
            s = library.SpeciesInfo()
            lib.ponita_model_species(handle, k, s)
            species.append(Species(s.number, s.symbol.decode(), s.mass, s.reference_energy))
        self.species = tuple(species)

    def compute(self, numbers, positions, cell=None, periodic=False):
        """Compute n atoms.

        numbers    [n] atomic numbers
        positions  [n, 3] Å, inside the cell or not
        cell       [3, 3] rows a, b, c in Å; may be None where nothing is periodic
        periodic   one bool, or three for a, b and c

        Returns Computed. PonitaError names atoms that the model does not know or that are at the same place.
        """
        given, numbers = numbers, np.ascontiguousarray(numbers, dtype=np.int32)
        if not np.array_equal(given, numbers):  # rounded, or too large
            raise ValueError(f"numbers are {np.asarray(given)}, want whole atomic numbers")
        positions = np.ascontiguousarray(positions, dtype=np.float64)
        n = len(numbers)
        if numbers.shape != (n,) or positions.shape != (n, 3):
            raise ValueError(f"numbers are {numbers.shape}, positions {positions.shape}, want (n,) and (n, 3)")
        if cell is not None:
            cell = np.ascontiguousarray(cell, dtype=np.float64)
            if cell.shape != (3, 3):
                raise ValueError(f"the cell is {cell.shape}, want (3, 3)")
        axes = tuple(int(p) for p in ([periodic] * 3 if np.ndim(periodic) == 0 else periodic))
        if len(axes) != 3:
            raise ValueError(f"periodic has {len(axes)} axes, want one bool or three")
        computed = Computed(0, np.empty((n, 3)), np.empty(6), np.empty(n), np.empty((n, 6)))
        structure = library.Structure(
            atoms=n,
            numbers=numbers.ctypes.data,
            positions=positions.ctypes.data,
            cell=None if cell is None else cell.ctypes.data,
            periodic=axes,
        )
        result = library.Result(
            forces=computed.forces.ctypes.data,
            energies=computed.energies.ctypes.data,
            virials=computed.virials.ctypes.data,
        )
        library.load().ponita_compute(self._handle, structure, result)
        computed.virial[:] = result.virial
        return computed._replace(energy=result.energy)

    def __reduce__(self):
        """Pickle and copy by the arguments."""
        return Potential, self._arguments


def locate(model):
    """Return the path of a model: names of the models in this package stand for their files."""
    return BUILTIN.get(model, model)
