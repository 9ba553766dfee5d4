"""The README's own lines."""

import subprocess
import sys
from pathlib import Path

import ponita


def test_ase_in_five_lines(request, tmp_path):
    root = request.path.parents[2]
    lines = (root / "README.md").read_text().split("```python\n")[1].split("```")[0]
    assert lines.count("\n") == 5
    (tmp_path / "model.h5").symlink_to(Path(ponita.__file__).with_name("acac.h5"))
    (tmp_path / "start.xyz").symlink_to(root / "cmd/mdrun/demo/acac.xyz")
    out = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert out.startswith("-9392.")
    assert out.count("[") == 16  # forces of fifteen atoms
