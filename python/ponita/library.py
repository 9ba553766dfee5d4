"""libponita through ctypes: its structs, its functions, and failures as exceptions.

This is ponita.h in Python, whole systems only; the header is the documentation. Potential makes it pleasant.
"""

import ctypes
import functools
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_void_p
from pathlib import Path

ABI = 4

# Status of a failure.
EARGUMENT, EHANDLE, EFILE, EELEMENT, ESTRUCTURE, ERESULT, EUNSUPPORTED, EFORK, EINTERNAL = range(1, 10)


class PonitaError(RuntimeError):
    """What the library says when it fails.

    status is one of the numbers above. atoms are the indices, from 0, of up to two atoms that it is about; the text
    counts them from 1.
    """

    def __init__(self, text, status, atoms=()):
        """Keep all arguments in args, so that the exception crosses between processes."""
        super().__init__(text, status, atoms)
        self.status, self.atoms = status, atoms

    def __str__(self):
        """Return the text alone."""
        return self.args[0]


class Sized(ctypes.Structure):
    """A struct that begins with its size."""

    def __init__(self, **fields):
        """Set the size, and what is not given to zero."""
        super().__init__(size=ctypes.sizeof(self), **fields)


class ModelInfo(Sized):
    """ponita_model_info."""

    _fields_ = [
        ("size", c_size_t),
        ("cutoff", c_double),
        ("species", c_int32),
        ("layers", c_int32),
        ("orientations", c_int32),
        ("channels", c_int32),
        ("staged", c_int32),
        ("reserved", c_int32),
        ("hash", c_char * 40),
        ("trained_by", c_char * 64),
        ("created", c_char * 32),
    ]


class SpeciesInfo(Sized):
    """ponita_species_info."""

    _fields_ = [
        ("size", c_size_t),
        ("number", c_int32),
        ("symbol", c_char * 4),
        ("mass", c_double),
        ("reference_energy", c_double),
    ]


class Options(Sized):
    """ponita_options."""

    _fields_ = [("size", c_size_t), ("precision", c_int32), ("threads", c_int32), ("skin", c_double)]


class Structure(Sized):
    """ponita_structure."""

    _fields_ = [
        ("size", c_size_t),
        ("atoms", c_int64),
        ("numbers", c_void_p),
        ("positions", c_void_p),
        ("cell", c_void_p),
        ("periodic", c_int32 * 3),
        ("reserved", c_int32),
    ]


class Result(Sized):
    """ponita_result."""

    _fields_ = [
        ("size", c_size_t),
        ("energy", c_double),
        ("virial", c_double * 6),
        ("forces", c_void_p),
        ("energies", c_void_p),
        ("virials", c_void_p),
    ]


@functools.cache
def load():
    """Return the library, whose functions raise PonitaError where they fail.

    It is loaded by the first call and not by an import: a process that is forked afterwards cannot use it.
    """
    path = Path(__file__).with_name("libponita.so.1")
    if not path.exists():
        raise ImportError(f"{path} is missing: install the wheel that `make python` builds, or `pip install ./python`")
    library = ctypes.CDLL(str(path))

    def check(status, function, arguments):
        if status:
            atoms = (c_int64 * 2)()
            library.ponita_last_error_atoms(atoms)
            text = library.ponita_last_error().decode(errors="replace")
            raise PonitaError(text, status, tuple(a for a in atoms if a >= 0))

    def declare(name, *arguments, returns=c_int, errcheck=None):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, returns
        if errcheck:
            function.errcheck = errcheck

    declare("ponita_abi")
    declare("ponita_version", returns=c_char_p)
    declare("ponita_last_error", returns=c_char_p)
    declare("ponita_last_error_atoms", POINTER(c_int64), returns=None)
    declare("ponita_model_open", c_char_p, POINTER(c_void_p), errcheck=check)
    declare("ponita_model_describe", c_void_p, POINTER(ModelInfo), errcheck=check)
    declare("ponita_model_species", c_void_p, c_int32, POINTER(SpeciesInfo), errcheck=check)
    declare("ponita_calculator_new", c_void_p, POINTER(Options), POINTER(c_void_p), errcheck=check)
    declare("ponita_compute", c_void_p, POINTER(Structure), POINTER(Result), errcheck=check)
    # Not checked: they run when objects end, also in a forked process, where they refuse and nothing is lost.
    declare("ponita_model_close", c_void_p)
    declare("ponita_calculator_free", c_void_p)
    if (abi := library.ponita_abi()) != ABI:
        raise ImportError(f"{path} has version {abi} of the interface, this package wants {ABI}")
    return library
