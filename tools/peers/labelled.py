"""Labelled frames of one element for LAMMPS: what a pair style is wrong by on them."""

import math
import re
import typing

from contenders import Skip


class Frame(typing.NamedTuple):
    """A frame. LAMMPS wants a along x and b in the plane of x and y: the rows of axes are these x, y and z."""
    cell: list  # rows a, b, c, Å
    axes: list
    positions: list
    forces: list  # eV/Å
    energy: float  # eV


def read(path):
    """Frames of an extended XYZ file with positions, forces and energy."""
    frames, lines = [], iter(path.read_text().splitlines())
    for count in lines:
        comment = next(lines)
        columns = re.search(r"Properties=(\S+)", comment)[1].split(":")
        starts, at = {}, 0
        for name, size in zip(columns[::3], columns[2::3]):
            starts[name], at = at, at + int(size)
        rows = [next(lines).split() for _ in range(int(count))]
        lattice = [float(x) for x in re.search(r'Lattice="([^"]*)"', comment)[1].split()]
        cell = [lattice[k:k + 3] for k in (0, 3, 6)]
        vectors = {name: [[float(x) for x in row[starts[name]:starts[name] + 3]] for row in rows] for name in ("pos", "forces")}
        frames.append(Frame(cell, axes_of(cell), vectors["pos"], vectors["forces"], float(re.search(r"\benergy=(\S+)", comment)[1])))
    return frames


def axes_of(cell):
    """The axes that LAMMPS has for a cell."""
    a, b, c = cell
    x = [v / math.hypot(*a) for v in a]
    normal = cross(a, b)
    z = [v / math.hypot(*normal) for v in normal]
    if dot(z, c) <= 0:
        raise Skip("a left-handed cell, which LAMMPS cannot have")
    return [x, cross(z, x), z]


def turn(axes, v):
    return [dot(axis, v) for axis in axes]


def turn_back(axes, v):
    return turn(zip(*axes), v)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def errors(lammps, style, frames):
    """Mean absolute errors: of the energy, eV/atom, but for a constant, and of force components, eV/Å."""
    script = []
    for k, f in enumerate(frames):
        (lammps.work / f"frame{k}.data").write_text(data_file(f))
        script += [
            "clear", "units metal", "atom_style atomic", "box tilt large", f"read_data frame{k}.data",
            f"pair_style {style.pair}", f"pair_coeff * * {style.coefficients}",
            f"dump forces all custom 1 frame{k}.forces id fx fy fz", "dump_modify forces sort id format float %.10g",
            "thermo_modify format float %.10g", "run 0", "variable energy equal pe", 'print "energy ${energy}"']
    (lammps.work / "frames.lmp").write_text("\n".join(script) + "\n")
    out, _ = lammps.run("frames.lmp")
    energies = [float(e) for e in re.findall(r"^energy (\S+)$", out, re.MULTILINE)]
    if len(energies) != len(frames):
        raise Skip(f"{style.name}: {len(energies)} energies of {len(frames)} frames")
    per_atom = [(e - f.energy) / len(f.positions) for e, f in zip(energies, frames)]
    constant = sorted(per_atom)[len(per_atom) // 2]
    # In the axes of the file: a mean of absolute components depends on them.
    force = [abs(x - y) for k, f in enumerate(frames) for row, want in zip(dumped(lammps.work / f"frame{k}.forces"), f.forces)
             for x, y in zip(turn_back(f.axes, row), want)]
    return sum(abs(e - constant) for e in per_atom) / len(per_atom), sum(force) / len(force)


def data_file(frame):
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = (turn(frame.axes, v) for v in frame.cell)
    rows = [f"{k + 1} 1 " + " ".join(f"{x:.10f}" for x in turn(frame.axes, p)) for k, p in enumerate(frame.positions)]
    return "\n".join([
        "a frame", "", f"{len(rows)} atoms", "1 atom types", f"0 {lx:.10f} xlo xhi", f"0 {ly:.10f} ylo yhi", f"0 {lz:.10f} zlo zhi",
        f"{xy:.10f} {xz:.10f} {yz:.10f} xy xz yz", "", "Masses", "", "1 28.0855", "", "Atoms", "", *rows, ""])


def dumped(path):
    lines = path.read_text().splitlines()
    return [[float(x) for x in line.split()[1:]] for line in lines[lines.index("ITEM: ATOMS id fx fy fz") + 1:]]
