#!/usr/bin/env python3
"""Times ponita beside its peers, on one core, in turns.

Each round runs every contender once, for about --seconds, so that all of them
meet the same weather; the table has medians over the rounds, and ratios taken
within each round. A peer that is not installed is skipped with a line that says
why. tools/peers/README.md explains what is compared with what.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import sys
import tempfile
import time

import contenders
import labelled
import structures
from contenders import Skip

# A sample that had its core for less than this share of the time is marked, and
# taken again while that is quick.
SHARE, TRIES = 0.97, 3

PEERS = ("lammps", "torch", "blas")


class Row:
    """One contender in one table. call(seconds) returns a time and the share of the core it had meanwhile."""

    def __init__(self, name, call, ours=False):
        self.name, self.call, self.ours = name, call, ours
        self.times, self.shares = [], []

    def sample(self, seconds):
        start, best = time.perf_counter(), (0, -1)
        for _ in range(TRIES):
            best = max(best, self.call(seconds), key=lambda sample: sample[1])
            if best[1] >= SHARE or time.perf_counter() - start > 4 * seconds:
                break
        self.times.append(best[0] * best[1])
        self.shares.append(best[1])


class Table:
    """Rows that do the same work, whose times [s] are shown in a unit."""

    def __init__(self, title, unit, show):
        self.title, self.unit, self.show, self.rows = title, unit, show, []

    def add(self, *args, **more):
        self.rows.append(Row(*args, **more))

    def report(self):
        """The table as --json prints it. The ratios are those of the rounds."""
        rows = [r for r in self.rows if r.times]
        return {"title": self.title, "unit": self.unit, "rows": [
            {"name": r.name, "ours": r.ours, **spread([self.show(t) for t in r.times]), "core_share": min(r.shares),
             "ours_faster": {o.name: spread([a / b for a, b in zip(r.times, o.times)]) for o in rows if o.ours and o is not r}}
            for r in rows]}


def spread(x):
    return {"median": statistics.median(x), "min": min(x), "max": max(x), "samples": x}


class Comparison:
    """All tables, and what could not be had for them."""

    def __init__(self, options, work):
        self.options, self.work = options, work
        self.versions, self.skipped, self.checks, self.errors, self.workers, self.tables = {}, [], [], [], [], []

    def attempt(self, what, make):
        """Returns make(), or None and leaves a note."""
        try:
            return make()
        except Skip as s:
            self.skipped.append(f"{what}: {s}")
            say(f"skipped: {self.skipped[-1]}")
            return None

    def peer(self, what, make):
        """The same for a peer, whose version is noted."""
        peer = self.attempt(what, make)
        if peer:
            self.versions[what] = peer.version
        return peer

    def prepare(self):
        say("preparing: models, structures, programs")
        self.versions["ponita"] = contenders.run("bin/ponita", "--version")[0].strip()
        python = self.attempt("PyTorch", contenders.find_python) if {"torch", "blas"} & set(self.options.only) else None
        sizes = self.options.atoms if "lammps" in self.options.only else []
        crystals = {atoms: self.crystal(atoms) for atoms in sorted({*sizes, 512})}
        molecule = contenders.untrained(self.work, "molecule", structures.molecule(self.work / "molecule.xyz"), 21, "1,6,8", 0.02,
                                        channels=128, layers=5, grid=20, cutoff=10, neighbors=20)
        twins = [crystals[512][-1], molecule] if "torch" in self.options.only else []
        eager = tuned = None
        if python:
            for case in twins:
                self.checks += self.attempt(f"check of {case.name}", lambda: contenders.check(case, python, self.work)) or []
            eager = self.peer("PyTorch", lambda: contenders.Torch(python, twins))
            tuned = self.peer("PyTorch, compiled", lambda: contenders.Torch(python, twins, tuned=True)) if twins else None
        self.workers = [w for w in (eager, tuned) if w]
        if "lammps" in self.options.only:
            lammps = self.peer("LAMMPS", lambda: contenders.Lammps(self.work))
            for atoms, cases in crystals.items():
                if lammps and atoms in sizes:
                    self.lammps_table(cases, lammps)
            if lammps and self.options.labelled:
                self.attempt("errors", lambda: self.measure_errors(lammps))
        for case in twins:
            self.torch_table(case, eager, tuned)
        if "blas" in self.options.only:
            self.blas_tables(python, eager)

    def crystal(self, atoms):
        """The models of silicon and two networks on a crystal."""
        cells = round((atoms / 8)**(1 / 3))
        if 8 * cells**3 != atoms:
            sys.exit(f"peers: --atoms {atoms}, want eight times a cube")
        structure = structures.silicon(self.work / f"silicon{atoms}.xyz", cells)
        models = [contenders.Case("silicon", structure, atoms, cost * atoms, contenders.shipped(name), name)
                  for name, cost in contenders.SILICON.items()]
        return models + [
            contenders.untrained(self.work, "silicon", structure, atoms, 14, cost * atoms,
                                 channels=c, layers=t, grid=12, cutoff=5, neighbors=28)
            for c, t, cost in ((32, 2, 20e-6), (64, 3, 70e-6))]

    def add_ours(self, table, case):
        table.add(f"ponita {case}", lambda seconds: contenders.ponita(case, seconds), ours=True)

    def lammps_table(self, cases, lammps):
        table = Table(f"silicon, {cases[0].atoms} atoms, beside LAMMPS", "µs per atom and step", lambda t: 1e6 * t / cases[0].atoms)
        for case in cases:
            self.add_ours(table, case)
        for style in contenders.STYLES:
            table.add(style.name, lambda seconds, style=style: lammps.sample(style, cases[0].atoms, seconds))
        self.tables.append(table)

    def measure_errors(self, lammps):
        """What the models and the pair styles of silicon are wrong by on labelled frames."""
        frames = labelled.read(self.options.labelled)
        for name in contenders.SILICON:
            self.errors.append((name, *contenders.errors(contenders.shipped(name), self.options.labelled)))
        for style in contenders.STYLES:
            self.errors.append((style.name, *labelled.errors(lammps, style, frames)))

    def torch_table(self, case, eager, tuned):
        table = Table(f"{case.name}, {case.atoms} atoms, beside PyTorch", "µs per atom and evaluation", lambda t: 1e6 * t / case.atoms)
        self.add_ours(table, case)
        for name, worker in (("PyTorch", eager), ("PyTorch, compiled", tuned)):
            if worker:
                table.add(name, lambda seconds, worker=worker: worker.sample(case.name, seconds))
        self.tables.append(table)

    def blas_tables(self, python, torch):
        kernel = self.attempt("our kernels", lambda: contenders.Kernel(self.work))
        rivals = {}
        if system := self.peer("OpenBLAS of the system", lambda: contenders.OpenBLAS(self.work, "libopenblas.so.0")):
            rivals["OpenBLAS of the system"] = system.sample
        if python and (wheel := self.peer("OpenBLAS of SciPy", lambda: contenders.scipy_openblas(self.work, python))):
            rivals["OpenBLAS of SciPy"] = wheel.sample
        if torch:
            rivals["torch.mm"] = torch.product
        for shape in contenders.SHAPES:
            m, k, n = shape
            table = Table(f"sgemm {m} × {k} times {k} × {n}", "GFLOP/s", lambda t, flop=2e-9 * m * k * n: flop / t)
            for isa in ("avx2", "avx512") if kernel else ():
                table.add(f"ponita {isa}", lambda seconds, isa=isa, shape=shape: kernel.sample(isa, shape, seconds), ours=True)
            for name, sample in rivals.items():
                table.add(name, lambda seconds, sample=sample, shape=shape: sample(shape, seconds))
            self.tables.append(table)

    def measure(self):
        """The rounds. Returns the load of the machine before and after each."""
        load = [os.getloadavg()[0]]
        for number in range(self.options.rounds):
            for table in self.tables:
                for row in list(table.rows):
                    say(f"round {number + 1} of {self.options.rounds}: {table.title}: {row.name}")
                    if self.attempt(f"{table.title}: {row.name}", lambda: row.sample(self.options.seconds) or True) is None:
                        table.rows.remove(row)  # nor will it work the next time
            load.append(os.getloadavg()[0])
        for worker in self.workers:
            worker.close()
        return load


def machine():
    model = flags = ""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
        model = " ".join(re.search(rf"^{k}\s*: (.*)$", text, re.M)[1] for k in ("model name", "cpu family", "model"))
        have = re.search(r"^flags\s*: (.*)$", text, re.M)[1].split()
        flags = " ".join(f for f in ("avx2", "fma", "avx512f", "amx_tile") if f in have)
    except (OSError, TypeError):
        pass
    return {"processor": model, "instructions": flags, "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def say(text):
    print(text, file=sys.stderr, flush=True)


def show(result):
    """Prints what --json has, as tables."""
    m = result["machine"]
    print(f"{m['processor']} ({m['instructions']}), {m['cores']} cores, {m['system']}")
    print(f"core {result['core']}, {result['rounds']} rounds from {result['started']}, "
          f"load {min(result['load']):.1f} to {max(result['load']):.1f}")
    for name, version in result["versions"].items():
        print(f"{name}: {version}")
    print("Times are those on the core. On the right: how many times faster ponita is, median (least to most) of the rounds.")
    for table in result["tables"]:
        show_table(table)
    if result["errors"]:
        print("\nMean absolute errors: meV/atom, of the pair styles but for a constant; meV/Å")
        for name, energy, force in result["errors"]:
            print(f"{name:24} {1e3 * energy:8.3g} {1e3 * force:8.3g}")
    if result["checks"]:
        print("\nThe same model file in ponita and in PyTorch: relative difference of the energy, largest of the forces")
        for c in result["checks"]:
            print(f"{c['case']:10} {c['edges']:6} edges  {c['ponita']:10} and {c['torch']}  {c['energy']:.1e}  {c['forces']:.1e}"
                  + ("" if c["same"] else f"  DIFFERENT: want {c['limit']:.0e}"))
    print(*[f"\nskipped: {s}" for s in result["skipped"]], sep="")


def show_table(table):
    ours = [r["name"] for r in table["rows"] if r["ours"]]
    wide = max([len(r["name"]) for r in table["rows"]] + [24])
    print(f"\n{table['title']}, {table['unit']}")
    print(f"{'':{wide}} {'median':>8} {'min':>8} {'max':>8}" + "".join(f"  {o.removeprefix('ponita '):>22}" for o in ours))
    for r in table["rows"]:
        line = f"{r['name']:{wide}} {r['median']:8.4g} {r['min']:8.4g} {r['max']:8.4g}"
        for o in ours:
            q = r["ours_faster"].get(o)
            line += f"  {'{median:.3g} ({min:.3g} to {max:.3g})'.format(**q) if q else '-':>22}"
        print(line + ("" if r["core_share"] >= SHARE else f"  had {100 * r['core_share']:.0f} %"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of every contender (default 5)")
    parser.add_argument("--seconds", type=float, default=1, help="about how long a contender runs in a turn (default 1)")
    parser.add_argument("--core", type=int, help="processor to stay on (default the last one)")
    parser.add_argument("--only", default=",".join(PEERS), help="peers to compare with (default %(default)s)")
    parser.add_argument("--atoms", default="512,4096", help="sizes of the silicon crystal beside LAMMPS (default %(default)s)")
    parser.add_argument("--labelled", type=lambda path: pathlib.Path(path).resolve(), help="frames of silicon with energies and forces, for the errors of what is timed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(PEERS):
        parser.error(f"--only {','.join(unknown)}, want {', '.join(PEERS)}")
    options.atoms = [int(n) for n in options.atoms.split(",")]
    core = max(os.sched_getaffinity(0)) if options.core is None else options.core
    os.sched_setaffinity(0, {core})  # and all processes started from here

    with tempfile.TemporaryDirectory(prefix="peers") as folder:
        c = Comparison(options, pathlib.Path(folder))
        c.prepare()
        start = datetime.datetime.now(datetime.timezone.utc)
        load = c.measure()
    result = {"machine": machine(), "core": core, "started": start.isoformat(timespec="seconds"), "rounds": options.rounds,
              "load": load, "versions": c.versions, "checks": c.checks, "errors": c.errors, "skipped": c.skipped, "tables": [t.report() for t in c.tables]}
    if options.json:
        json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
        print()
    else:
        show(result)
    sys.exit(0 if all(check["same"] for check in c.checks) else 1)


if __name__ == "__main__":
    main()
