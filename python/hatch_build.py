"""Puts the shared library, which `make lib` builds, into the wheel."""

import re
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REPOSITORY = Path(__file__).resolve().parent.parent


def version():
    """Return what git describe says, as Python's versions are written: v1.2-3-gabc is 1.2+3.gabc, abc is 0+abc."""
    git = ["git", "-C", str(REPOSITORY), "describe", "--tags", "--always", "--dirty"]
    try:
        described = subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "0"
    release, *local = described.split("-")
    if not re.fullmatch(r"v?\d+(\.\d+)+", release):
        release, local = "0", [release, *local]
    return "+".join([release, ".".join(local)] if local else [release])


def platform(library):
    """Return the platform's tag: with the glibc that the library's symbols want, where it is glibc's."""
    tag = re.sub(r"[-.]", "_", sysconfig.get_platform())
    if wanted := re.findall(rb"GLIBC_(\d+)\.(\d+)", Path(library).read_bytes()):
        major, minor = max((int(major), int(minor)) for major, minor in wanted)
        tag = tag.replace("linux", f"manylinux_{major}_{minor}")
    return tag


class WithLibrary(BuildHookInterface):
    """Builds the library for every wheel, and ties the wheel to this platform but to no version of Python."""

    def initialize(self, version, build_data):
        """Build and say what goes where."""
        if self.target_name != "wheel":
            self.app.abort("ponita has no sdist: the library is built from the whole repository; build a wheel")
        self.built = tempfile.TemporaryDirectory()
        make = ["make", "-C", str(REPOSITORY), "--no-print-directory", "lib", f"BIN={self.built.name}"]
        subprocess.run(make, check=True)
        build_data["tag"] = "py3-none-" + platform(f"{self.built.name}/libponita.so.1")
        build_data["force_include"].update(
            {
                f"{self.built.name}/libponita.so.1": "ponita/libponita.so.1",
                str(REPOSITORY / "potential/pretrained/acac.h5"): "ponita/acac.h5",
                str(REPOSITORY / "LICENSE"): "ponita/LICENSE",
            }
        )

    def finalize(self, version, build_data, artifact_path):
        """Clean up."""
        self.built.cleanup()
