"""A learned interatomic potential.

Ponita is the calculator for ASE, Potential the same for NumPy arrays.
"""

from importlib.metadata import PackageNotFoundError, version

from .library import PonitaError
from .potential import Potential

__all__ = ["Ponita", "PonitaError", "Potential"]
try:
    __version__ = version("ponita")
except PackageNotFoundError:  # the folder of the sources: loading the library says what to do
    __version__ = "unknown"


def __getattr__(name):
    """Import the calculator when it is asked for: the rest needs no ASE."""
    if name == "Ponita":
        from .calculator import Ponita

        return Ponita
    raise AttributeError(f"module 'ponita' has no attribute {name!r}")
