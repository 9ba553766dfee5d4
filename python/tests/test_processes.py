"""Processes, threads and signals, which Go's runtime must leave alone."""

import multiprocessing
import signal
import subprocess
import sys
import threading
import time

import pytest

from ponita import Ponita, PonitaError, library

SCRIPT = """
import signal, sys, threading, time
from ase.build import bulk
from ponita import Ponita
atoms = bulk("Si", a=5.2, cubic=True).repeat(2)
atoms.calc = Ponita(sys.argv[1], threads=2)
energy = atoms.get_potential_energy()
{handler}
try:
    print("ready", flush=True)
    while True:
        {work}
except (KeyboardInterrupt, SystemExit) as e:
    atoms.rattle(1e-6)  # and the library goes on
    print(type(e).__name__, abs(atoms.get_potential_energy() - energy) < 1e-3, flush=True)
    raise
"""
COMPUTE = "atoms.rattle(1e-9); atoms.get_forces()"
AFTER = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"


@pytest.mark.parametrize(
    ("number", "handler", "work", "said", "code"),
    [
        (signal.SIGINT, "", COMPUTE, "KeyboardInterrupt True", -signal.SIGINT),
        (signal.SIGINT, "", "time.sleep(1000)", "KeyboardInterrupt True", -signal.SIGINT),
        # A handler from after loading must allow for Go's small stacks, as Python's have since 3.10.
        (signal.SIGTERM, AFTER, COMPUTE, "SystemExit True", 7),
        (signal.SIGTERM, AFTER, "time.sleep(1000)", "SystemExit True", 7),
        (signal.SIGTERM, "", COMPUTE, "", -signal.SIGTERM),
    ],
)
def test_signals_are_pythons(model, number, handler, work, said, code):
    command = [sys.executable, "-c", SCRIPT.format(handler=handler, work=work), model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)  # a signal between the last look of Python and its sleep would not end the sleep
        process.send_signal(number)
        try:
            out, _ = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert out.strip() == said
    assert process.returncode == code


def energy(atoms):
    """Compute in another process."""
    return atoms.get_potential_energy()


def test_spawn(triclinic):
    want = triclinic.get_potential_energy()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(energy, [triclinic, triclinic]) == [want, want]


def test_fork_after_loading_is_an_error(triclinic):
    """It neither hangs nor crashes, and the error comes back whole. The parent goes on."""
    want = triclinic.get_potential_energy()
    triclinic.positions[0, 0] += 0.01
    with multiprocessing.get_context("fork").Pool(1) as pool:
        with pytest.raises(PonitaError, match="spawn") as e:
            pool.apply_async(energy, [triclinic]).get(timeout=20)
    assert e.value.status == library.EFORK
    triclinic.positions[0, 0] -= 0.01
    assert triclinic.get_potential_energy() == pytest.approx(want, abs=1e-11)


FORK_FIRST = """
import multiprocessing, sys
from ase import Atoms
from ponita import Ponita

def energy(atoms):
    return atoms.get_potential_energy()

atoms = Atoms("OH", [[0, 0, 0], [0, 0, 1.2]], calculator=Ponita(sys.argv[1]))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(energy, [atoms, atoms]) == [energy(atoms)] * 2)
"""


def test_fork_before_loading_works(model):
    """Making a calculator loads nothing."""
    command = [sys.executable, "-c", FORK_FIRST, model]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout == "True\n"


def test_threads_have_calculators_of_their_own(triclinic, model):
    want, got = triclinic.get_potential_energy(), []

    def work():
        calculator = Ponita(model, precision="float64")
        for _ in range(50):
            got.append(calculator.get_property("energy", triclinic))
            calculator.reset()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [want] * 200
