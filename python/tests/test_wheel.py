"""What is built, and what is not."""

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import ponita


def test_tag_is_the_glibc_of_the_symbols():
    library = Path(ponita.__file__).with_name("libponita.so.1")
    try:
        symbols = subprocess.run(["objdump", "-T", library], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        pytest.skip("no objdump here")
    wanted = re.findall(r"GLIBC_(\d+)\.(\d+)", symbols)
    major, minor = max((int(major), int(minor)) for major, minor in wanted)
    assert f"Tag: py3-none-manylinux_{major}_{minor}_" in distribution("ponita").read_text("WHEEL")


def test_there_is_no_sdist(request, tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path]
    ran = subprocess.run(command, cwd=request.path.parents[1], capture_output=True, text=True)
    assert ran.returncode != 0
    assert "ponita has no sdist" in ran.stdout + ran.stderr
    assert not list(tmp_path.iterdir())
