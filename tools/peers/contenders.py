"""What is timed: ponita and its peers, each as a function that takes one sample.

A sample is a time that the program itself reports, and the share of the processor
core that it had meanwhile: on a shared machine their product is what counts.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GO = os.environ.get("GO", "go")

# How far ponita may be from PyTorch: the plain pass by rounding; what dynamics
# runs by the error of tabulating the radial functions (the forces of the molecule
# by 3e-5 with tables good to 1e-7, and less in proportion with better ones), or by
# rounding of float32 over many thousand terms. See compare/main.go.
TOLERANCE = {"definition": 1e-9, "float64": 1e-4, "float32": 1e-4}


class Skip(Exception):
    """A contender that cannot run here."""


# --- processes ---------------------------------------------------------------


def environment(**more):
    """One thread everywhere, and nothing that changes what a library would choose. None removes a variable."""
    chosen = dict.fromkeys(("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PONITA_KERNEL"))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GOMAXPROCS"), "1")
    return {k: v for k, v in (os.environ | chosen | threads | more).items() if v is not None}


def run(*command, cwd=ROOT, **more):
    """Runs a command to its end. Returns its output and the share of the core that nobody else had."""
    start, others, own = time.perf_counter(), busy(), os.times()
    try:
        p = subprocess.run([str(c) for c in command], cwd=cwd, env=environment(**more), text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as e:
        raise Skip(f"{command[0]}: {e.strerror}") from e
    wall, others, after = time.perf_counter() - start, busy() - others, os.times()
    if p.returncode:
        said = (p.stdout + p.stderr).strip().splitlines() or ["nothing"]
        errors = [line for line in said if line.startswith("ERROR")]  # LAMMPS says more after it
        raise Skip(f"{pathlib.Path(command[0]).name} ended with status {p.returncode}: {(errors or said)[-1]}")
    others -= sum(after[:4]) - sum(own[:4])  # user and system time of this process and its children
    return p.stdout, 1 - max(0, others) / wall


def busy():
    """Seconds that the core of this process has worked for anybody, or has been taken from this machine."""
    core, = os.sched_getaffinity(0)
    user, nice, system, _, _, irq, softirq, steal = search(rf"^cpu{core} (.*)$", pathlib.Path("/proc/stat").read_text(), "/proc/stat")[1].split()[:8]
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")


def search(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise Skip(f"{what}: no {pattern!r} in its output")
    return found


# --- ponita ------------------------------------------------------------------


class Case(typing.NamedTuple):
    """A structure and a model, as files."""
    name: str
    structure: pathlib.Path
    atoms: int
    cost: float  # of a step, seconds, roughly
    model: pathlib.Path
    label: str

    def __str__(self):
        return self.label


def untrained(work, name, structure, atoms, species, cost, **size):
    """A network whose size is given, with random weights."""
    model = work / "{0}{1}-C{channels}T{layers}.h5".format(name, atoms, **size)
    run(GO, "run", "tools/peers/untrained/main.go", "--species", species, *(f"--{k}={v}" for k, v in size.items()), model)
    return Case(name, structure, atoms, cost, model, "C={channels} N={grid} T={layers}".format(**size))


def shipped(name):
    """A model of the repository."""
    return ROOT / "potential/pretrained" / name


SILICON = {"si.h5": 40e-6, "si-medium.h5": 120e-6}  # the models of it, and what an atom and step costs, seconds, roughly


def ponita(case, seconds):
    """Seconds that ponita takes for a step: energy, forces, virial, neighbour list, integrator.

    This is the one place that knows how ponita is timed: by its verb bench.
    """
    # Ten steps or more, for the share of the core is that of the whole process,
    # which has preparations and three untimed steps in it.
    duration = max(seconds, 10 * case.cost)
    out, share = run("bin/ponita", "bench", case.model, case.structure, "--threads", 1, "--duration", f"{duration:.3f}s", "--json")
    one, = (r for r in json.loads(out)["runs"] if r["threads"] == 1)
    return one["us_per_atom_step"] * 1e-6 * case.atoms, share


def errors(model, labelled):
    """Mean absolute errors of a model: of the energy, eV/atom, and of force components, eV/Å."""
    out, _ = run("bin/ponita", "eval", model, labelled, "--threads", 1, "--rotations", 0, "--json")
    found = json.loads(out)["all"]
    return 1e-3 * found["energy_mae_meV_per_atom"], 1e-3 * found["force_mae_meV_per_A"]


def check(case, python, work):
    """Compares energy and forces with those of PyTorch for the same model file, in both precisions."""
    rows = []
    for precision, evaluations in (("float64", ("definition", "float64")), ("float32", ("float32",))):
        labelled = work / "labelled.xyz"
        out, _ = run(python, HERE / "torch_ponita.py", "label", case.model, case.structure, labelled,
                     *["--double"] * (precision == "float64"))
        edges = json.loads(out)["edges"]
        out, _ = run(GO, "run", "tools/peers/compare/main.go", case.model, labelled)
        for evaluation in evaluations:
            found, limit = json.loads(out)[evaluation], TOLERANCE[evaluation]
            rows.append({"case": case.name, "edges": edges, "torch": precision, "ponita": evaluation, **found,
                         "limit": limit, "same": max(found["energy"], found["forces"]) <= limit})
    return rows


# --- peers -------------------------------------------------------------------


class Lammps:
    """Pair styles in the LAMMPS of the distribution, timed by its own loop time."""

    def __init__(self, work):
        self.work = work
        if not shutil.which("lmp"):
            raise Skip("no lmp: install LAMMPS and the models of OpenKIM (Debian: lammps, openkim-models)")
        out, _ = run("lmp", "-h")
        self.version = search(r"- (\d.*)", out, "lmp -h")[1].strip()

    def run(self, script, *variables):
        return run("lmp", "-log", "none", "-in", script, *variables, cwd=self.work,
                   LAMMPS_POTENTIALS=os.environ.get("LAMMPS_POTENTIALS", "/usr/share/lammps/potentials"),
                   LD_LIBRARY_PATH=None)  # or a LAMMPS built by hand would take the library's place

    def sample(self, style, atoms, seconds):
        """Seconds for a step."""
        cells = round((atoms / 8)**(1 / 3))
        # One step in `steps` computes energy and pressure too, half as much again for SNAP.
        steps = max(32, round(seconds / (style.cost * 1e-6 * atoms)))
        out, share = self.run(HERE / "silicon.lmp", "-var", "cells", cells, "-var", "steps", steps,
                              "-var", "style", style.pair, "-var", "coefficients", style.coefficients)
        loop = search(r"Loop time of (\S+) on 1 procs for (\d+) steps with (\d+) atoms", out, "lmp")
        if int(loop[3]) != atoms:
            raise Skip(f"lmp made {loop[3]} atoms, want {atoms}")
        used = re.search(r"([\d.]+)% CPU use", out)
        return float(loop[1]) / int(loop[2]), float(used[1]) / 100 if used else share


class Style(typing.NamedTuple):
    """A pair style of LAMMPS for silicon."""
    name: str
    pair: str
    coefficients: str
    cost: float  # of an atom and step, µs, roughly


STYLES = [
    Style("SNAP (Zuo 2020)", "kim SNAP_ZuoChenLi_2019_Si__MO_869330304805_000", "Si", 150),
    Style("quadratic SNAP", "kim SNAP_ZuoChenLi_2019quadratic_Si__MO_721469752060_000", "Si", 220),
    Style("Tersoff", "tersoff", "Si.tersoff Si", 1.2),
    Style("Stillinger-Weber", "sw", "Si.sw Si", 0.6),
]


class Torch:
    """A process with the network in PyTorch, started and warm before anything is timed."""

    def __init__(self, python, cases, tuned=False):
        command = [python, HERE / "torch_ponita.py", "serve"] + ["--compile"] * tuned
        command += [f"{c.name}={c.model},{c.structure}" for c in cases]
        # The allocator of glibc gives large blocks back to the kernel at once and
        # gets them again page by page; these keep them.
        keep = {"MALLOC_MMAP_THRESHOLD_": "4294967295", "MALLOC_TRIM_THRESHOLD_": "4294967295",
                "MALLOC_TOP_PAD_": "268435456"} if tuned else {}
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([str(c) for c in command], cwd=ROOT, env=environment(**keep), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        hello = self.answer()
        self.version = f"{hello['version']}, {hello['capability']}"

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise Skip("python ended: " + (self.errors.read().strip().splitlines() or ["it said nothing"])[-1])
        answer = json.loads(line)
        if "error" in answer:
            raise Skip(answer["error"])
        return answer

    def sample(self, name, seconds):
        """Seconds for an evaluation of a case."""
        if self.process.poll() is not None:
            raise Skip("python has ended")
        print(name, seconds, file=self.process.stdin, flush=True)
        a = self.answer()
        return a["seconds"], a["cpu"]

    def product(self, shape, seconds):
        """Seconds for a matrix product."""
        return self.sample(",".join(map(str, shape)), seconds)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def find_python():
    """A Python with PyTorch and h5py: that of the virtual environment first."""
    for python in (ROOT / ".venv/bin/python", "python3", "/usr/bin/python3"):
        try:
            run(python, "-c", "import torch, h5py")
            return python
        except Skip:
            continue
    raise Skip("no Python that imports torch and h5py")


SHAPES = [(4096, 64, 256), (4096, 256, 64), (64, 64, 256), (64, 256, 64)]  # m, k, n


class OpenBLAS:
    def __init__(self, work, library, prefix=""):
        self.library, self.prefix, self.program = library, prefix, work / "sgemm"
        if not self.program.exists():
            run("cc", "-O2", "-o", self.program, HERE / "sgemm.c", "-ldl", "-lm")
        out = self.call(0.01, SHAPES[-1])[0]
        config, core = search(r"config OpenBLAS (\S+)", out, "sgemm"), search(r"core (\S+)", out, "sgemm")
        self.version = f"{config[1]}, kernels {core[1]}"

    def call(self, seconds, shape):
        return run(self.program, self.library, self.prefix, seconds, *shape)

    def sample(self, shape, seconds):
        """Seconds for a matrix product."""
        out, _ = self.call(seconds, shape)
        line = search(r"^{} {} {} (\S+) (\S+)$".format(*shape), out, "sgemm")
        return float(line[1]), float(line[2])


def scipy_openblas(work, python):
    """The OpenBLAS that NumPy and SciPy ship, newer than that of most distributions."""
    out, _ = run(python, "-c", "import scipy_openblas32 as s; print(s.get_lib_dir()+'/'+s.get_library(fullname=True))")
    return OpenBLAS(work, out.strip(), "scipy_")


class Kernel:
    """Our matrix product, by the benchmark of its package."""

    def __init__(self, work):
        self.program = work / "kernel.test"
        run(GO, "test", "-c", "-o", self.program, "./potential/internal/kernel")

    def sample(self, kernel, shape, seconds):
        """Seconds for a matrix product."""
        m, k, n = shape
        name = f"MatMul/precision=float32/kernel={kernel}$/op=MatMul$/m={m}$/k={k}$/n={n}$"
        out, share = run(self.program, "-test.run", "^$", "-test.bench", name, "-test.benchtime", f"{seconds}s")
        return 1e-9 * float(search(r"([\d.]+) ns/op", out, f"no kernel {kernel} here")[1]), share
