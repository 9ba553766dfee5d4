"""Structures to time on, made by code: files of extended XYZ."""

import random

SILICON = 5.43  # lattice constant, Å


def silicon(path, cells):
    """Diamond silicon, every atom moved by up to 0.1 Å along each axis: about 300 K."""
    rng = random.Random(1)
    face = [(0, 0, 0), (0, 2, 2), (2, 0, 2), (2, 2, 0)]
    cell = face + [(x + 1, y + 1, z + 1) for x, y, z in face]
    rows = []
    for n in range(8 * cells**3):
        corner = (n // 8 // cells**2, n // 8 // cells % cells, n // 8 % cells)
        rows.append([SILICON * (c + q / 4) + rng.uniform(-0.1, 0.1) for c, q in zip(corner, cell[n % 8])])
    a = SILICON * cells
    return write_xyz(path, ["Si"] * len(rows), rows, f'pbc="T T T" Lattice="{a} 0 0 0 {a} 0 0 0 {a}"')


def molecule(path):
    """A compact molecule of 21 atoms, C9H8O4, grown atom by atom at the lengths of bonds.

    Not a compound anybody knows, but its distances are those of one, and none
    exceeds 9 Å: within 10 Å every atom sees every other.
    """
    rng = random.Random(3)
    symbols, pos = [], []
    for symbol, bond, apart in [("C", 1.45, 2.3)] * 9 + [("O", 1.35, 2.2)] * 4 + [("H", 1.05, 1.7)] * 8:
        while True:
            way = [rng.gauss(0, 1) for _ in range(3)]
            length = sum(x * x for x in way)**0.5
            parent = rng.choice([k for k, s in enumerate(symbols) if s == "C"] or [None])
            at = [0.0] * 3 if parent is None else [p + bond * x / length for p, x in zip(pos[parent], way)]
            if all(distance(at, p) > apart for k, p in enumerate(pos) if k != parent) and all(distance(at, p) < 9 for p in pos):
                break
        symbols.append(symbol)
        pos.append(at)
    return write_xyz(path, symbols, pos, 'pbc="F F F"')


def distance(a, b):
    return sum((x - y)**2 for x, y in zip(a, b))**0.5


def write_xyz(path, symbols, pos, properties):
    with open(path, "w") as f:
        print(len(pos), f"Properties=species:S:1:pos:R:3 {properties}", sep="\n", file=f)
        for s, p in zip(symbols, pos):
            print(s, *(f"{x:.8f}" for x in p), file=f)
    return path
