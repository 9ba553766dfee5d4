"""Print what ASE and Python cost on top of the engine: overhead.py MODEL STRUCTURE [REPEAT].

Time of the processor, the smallest of many steps of each kind in turns: the machine may have other work.
"""

import sys
import time

from ase.io import read

from ponita import Ponita

model, structure, *repeat = sys.argv[1:]
atoms = read(structure).repeat(int(repeat[0]) if repeat else 1)
atoms.rattle(0.02)
atoms.calc = Ponita(model)
atoms.get_forces()
times = {"ASE": [], "Potential": []}
for step in range(400):
    name = list(times)[step % 2]
    atoms.positions[0, 0] += 1e-5
    start = time.process_time()
    if name == "ASE":
        atoms.get_forces()
    else:
        atoms.calc.potential.compute(atoms.numbers, atoms.positions, atoms.cell, atoms.pbc)
    times[name].append(time.process_time() - start)
whole, engine = (1e6 * min(t) for t in times.values())
print(f"{len(atoms)} atoms: {whole:.0f} µs through ASE, {engine:.0f} µs without, {whole / engine - 1:.1%} more")
