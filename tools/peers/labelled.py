"""Labelled frames of one element for LAMMPS: what a pair style is wrong by on them."""

import math
import re
import typing

from contenders import Skip


class Frame(typing.NamedTuple):
    """A frame, turned so that a is along x and b in the plane of x and y, as LAMMPS wants cells."""
    box: list  # lx, ly, lz, xy, xz, yz, Å
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
        box, turn = turned([lattice[k:k + 3] for k in (0, 3, 6)])
        vectors = {name: [turn([float(x) for x in row[starts[name]:starts[name] + 3]]) for row in rows] for name in ("pos", "forces")}
        frames.append(Frame(box, vectors["pos"], vectors["forces"], float(re.search(r"\benergy=(\S+)", comment)[1])))
    return frames


def turned(cell):
    """The box of a cell, and the rotation into its axes."""
    a, b, c = cell
    x = [v / math.hypot(*a) for v in a]
    normal = cross(a, b)
    z = [v / math.hypot(*normal) for v in normal]
    if dot(z, c) <= 0:
        raise Skip("a left-handed cell, which LAMMPS cannot have")
    axes = [x, cross(z, x), z]

    def turn(v):
        return [dot(axis, v) for axis in axes]

    (lx, _, _), (xy, ly, _), (xz, yz, lz) = map(turn, cell)
    return [lx, ly, lz, xy, xz, yz], turn


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
    force = [abs(x - y) for k, f in enumerate(frames) for row, want in zip(dumped(lammps.work / f"frame{k}.forces"), f.forces)
             for x, y in zip(row, want)]
    return sum(abs(e - constant) for e in per_atom) / len(per_atom), sum(force) / len(force)


def data_file(frame):
    lx, ly, lz, *tilts = frame.box
    rows = [f"{k + 1} 1 " + " ".join(f"{x:.10f}" for x in p) for k, p in enumerate(frame.positions)]
    return "\n".join([
        "a frame", "", f"{len(rows)} atoms", "1 atom types", f"0 {lx:.10f} xlo xhi", f"0 {ly:.10f} ylo yhi", f"0 {lz:.10f} zlo zhi",
        "{:.10f} {:.10f} {:.10f} xy xz yz".format(*tilts), "", "Masses", "", "1 28.0855", "", "Atoms", "", *rows, ""])


def dumped(path):
    lines = path.read_text().splitlines()
    return [[float(x) for x in line.split()[1:]] for line in lines[lines.index("ITEM: ATOMS id fx fy fz") + 1:]]
