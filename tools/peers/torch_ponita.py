#!/usr/bin/env python3
"""The network of a ponita model file in plain PyTorch: energy, and forces by autograd.

    torch_ponita.py label model.h5 structure.xyz out.xyz [--double]
    torch_ponita.py serve [--compile] NAME=model.h5,structure.xyz ...

`label` writes the structure with energy and forces, so that `ponita eval` can
compare them with its own. `serve` waits for lines "NAME SECONDS", evaluates that
case for so long on one thread, and answers with a line of JSON, so that starting
and compiling are not in the times. The name "M,K,N" is a matrix product.

The equations are those of package potential, legendre family, written as a user
of PyTorch would: every edge evaluates the radial MLP, and no loop runs over
atoms or edges. Units are eV and Å.
"""

import argparse
import json
import math
import sys
import time

import h5py
import numpy
import torch
from torch.nn import functional


class Network:
    """A model of the legendre family, read from a model file."""

    def __init__(self, path, dtype):
        with h5py.File(path) as f:
            c = json.loads(bytes(f["config"][()]))
            if c["kernel"] != "legendre":
                raise ValueError(f"{path}: kernel {c['kernel']}, want legendre")
            tensor = lambda name: torch.tensor(f[name][()], dtype=dtype)
            self.w = {}
            f["weights"].visititems(
                lambda name, node: self.w.update({name: tensor("weights/" + name)}) if isinstance(node, h5py.Dataset) else None)
            self.species = f["species"][()].tolist()
            self.e0, self.scale = tensor("reference_energies"), tensor("scale")
            self.grid, self.quadrature = tensor("grid/orientations"), tensor("grid/weights")
            self.repulsion = json.loads(bytes(f["repulsion"][()])).get("outer", [])
        self.dtype = dtype
        self.cutoff, self.order = c["cutoff"], c["envelope"]
        self.layers, self.channels = c["layers"], c["channels"]
        self.degree, self.neighbors = c["degree"], c["mean_neighbors"]
        self.quadratic, self.epsilon = c["activation"] == "quadratic", c["norm_epsilon"]
        self.n = torch.arange(1, c["bessel"] + 1, dtype=dtype)
        # Phi_c(o_p·o_a) depends on the weights alone
        basis = legendre(self.grid @ self.grid.T, c["fiber_degree"])
        self.phi = [torch.einsum("pal,lc->pac", basis, self.layer(t, "fiber")) * self.quadrature[:, None]
                    for t in range(self.layers)]
        none = torch.zeros(0, dtype=torch.long)
        alone = torch.arange(len(self.species))
        self.isolated = self.output(alone, none, none, torch.zeros(0, 3, dtype=dtype))

    def layer(self, t, name):
        return self.w[f"layers.{t}.{name}"]

    def radial(self, r):
        """MLP(Bessel(r))·envelope(r): [edge][basis]."""
        x = r[:, None] * (math.pi / self.cutoff)
        y = torch.sin(self.n * x) / x
        y = functional.gelu(torch.addmm(self.w["radial.b1"], y, self.w["radial.w1"]))
        y = functional.gelu(torch.addmm(self.w["radial.b2"], y, self.w["radial.w2"]))
        x, p = r / self.cutoff, self.order
        u = 1 - x**p * ((p + 1) * (p + 2) / 2 - p * (p + 2) * x + p * (p + 1) / 2 * x * x)
        return y * u[:, None]

    def norm(self, n, gain, shift):
        """The layer norm of each orientation, or over all orientations of an atom."""
        if not self.quadratic:
            return functional.layer_norm(n, (self.channels,), gain, shift, self.epsilon)
        over = lambda x: torch.einsum("a,iac->i", self.quadrature, x)[:, None, None] / self.channels
        x = n - over(n)
        return x * torch.rsqrt(over(x * x) + self.epsilon) * gain + shift

    def activation(self, q):
        return q * (0.5 + q / math.sqrt(2 * math.pi)) if self.quadratic else functional.gelu(q)

    def output(self, kind, center, neighbor, vec):
        """The network's number for each atom, before reference and scale."""
        channels = self.channels
        r = torch.linalg.vector_norm(vec, dim=1)
        basis = self.radial(r)
        polynomials = legendre((vec / r[:, None]) @ self.grid.T, self.degree)
        h = self.w["embedding"][kind][:, None, :].expand(-1, len(self.grid), -1)
        total = 0
        for t in range(self.layers):
            w = lambda name: self.layer(t, name)
            # m = s h + n̄^(-1/2) Σ_j K h_j,  K = Σ_l P_l R_l
            radial = (basis @ w("spatial").flatten(1)).view(-1, self.degree + 1, channels)
            message = torch.bmm(polynomials, radial) * h.index_select(0, neighbor)
            m = torch.zeros_like(h).index_add(0, center, message) / math.sqrt(self.neighbors) + w("self") * h
            # n = b + Σ_a w_a Φ m
            n = torch.einsum("pac,iac->ipc", self.phi[t], m) + w("bias")
            # h' = h + W2·GELU(W1·LayerNorm(n) + b1) + b2
            z = self.norm(n, w("norm.gain"), w("norm.bias")).reshape(-1, channels)
            z = self.activation(torch.addmm(w("b1"), z, w("w1")))
            o = torch.addmm(w("b2"), z, w("w2")).view_as(h)
            h = h + (o * w("scale") if f"layers.{t}.scale" in self.w else o)
            if f"layers.{t}.readout" in self.w:
                mean = torch.einsum("a,iac->ic", self.quadrature, h)
                total = total + mean @ w("readout")[0] + w("readout.bias")
        return total / sum(name.endswith(".readout") for name in self.w)

    def energy(self, pos, kind, center, neighbor, shift):
        vec = pos.index_select(0, neighbor) - pos.index_select(0, center) + shift
        out = self.output(kind, center, neighbor, vec)
        return (self.e0[kind] + self.scale[kind] * (out - self.isolated[kind])).sum()


def legendre(x, degree):
    """P_0(x) to P_degree(x), in a new last dimension."""
    p = [torch.ones_like(x), x]
    for l in range(1, degree):
        p.append(((2 * l + 1) * x * p[l] - l * p[l - 1]) / (l + 1))
    return torch.stack(p[:degree + 1], dim=-1)


class Case:
    """A network and a structure, ready to be evaluated."""

    def __init__(self, model, structure, dtype=torch.float32, compiled=False):
        self.net = Network(model, dtype)
        self.symbols, pos, self.lattice = read_xyz(structure)
        kind = [self.net.species.index(ELEMENTS.index(s) + 1) for s in self.symbols]
        center, neighbor, shift = neighbors(pos, self.lattice, self.net.cutoff)
        self.check_repulsion(numpy.array(kind), pos, center, neighbor, shift)
        self.pos = torch.tensor(pos, dtype=dtype, requires_grad=True)
        self.rest = (torch.tensor(kind), torch.tensor(center), torch.tensor(neighbor), torch.tensor(shift, dtype=dtype))
        self.energy = torch.compile(self.net.energy) if compiled else self.net.energy

    def check_repulsion(self, kind, pos, center, neighbor, shift):
        """Stops where the pair repulsion, which is not written here, would act."""
        if not self.net.repulsion:
            return
        r = numpy.linalg.norm(pos[neighbor] - pos[center] + shift, axis=1)
        if (r < numpy.array(self.net.repulsion)[kind[center], kind[neighbor]]).any():
            raise ValueError("atoms within the repulsion of the model")

    def evaluate(self):
        """Energy [eV] and forces [eV/Å]."""
        energy = self.energy(self.pos, *self.rest)
        gradient, = torch.autograd.grad(energy, self.pos)
        return energy.detach(), -gradient


def neighbors(pos, lattice, cutoff):
    """Center, neighbor and shift [Å] of all pairs within the cutoff, by centers."""
    images = numpy.zeros((1, 3))
    if lattice is not None:
        heights = 1 / numpy.linalg.norm(numpy.linalg.inv(lattice), axis=0)
        fractional = pos @ numpy.linalg.inv(lattice)
        reach = numpy.ceil(cutoff / heights + numpy.ptp(fractional, axis=0)).astype(int)
        images = numpy.stack(numpy.meshgrid(*[numpy.arange(-k, k + 1) for k in reach]), -1).reshape(-1, 3) @ lattice
    found = [[], [], []]
    for i in range(len(pos)):
        vec = pos[None, :, :] + images[:, None, :] - pos[i]
        squared = (vec**2).sum(-1)
        image, j = numpy.nonzero((squared < cutoff**2) & (squared > 1e-12))
        found[0].append(numpy.full(len(j), i))
        found[1].append(j)
        found[2].append(images[image])
    return [numpy.concatenate(x) for x in found]


ELEMENTS = """H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe""".split()


def read_xyz(path):
    """Symbols, positions, and the lattice or None, of columns species and pos."""
    with open(path) as f:
        count, comment = int(f.readline()), f.readline()
        rows = [f.readline().split() for _ in range(count)]
    lattice = None
    if 'Lattice="' in comment:
        lattice = numpy.array(comment.split('Lattice="')[1].split('"')[0].split(), float).reshape(3, 3)
    return [r[0] for r in rows], numpy.array([r[1:4] for r in rows], float), lattice


def label(arguments):
    """Writes the structure with what PyTorch makes of it, in 17 digits."""
    case = Case(arguments.model, arguments.structure, torch.float64 if arguments.double else torch.float32)
    energy, forces = case.evaluate()
    comment = f'Properties=species:S:1:pos:R:3:forces:R:3 energy={energy.item():.17g}'
    if case.lattice is None:
        comment += ' pbc="F F F"'
    else:
        comment += ' pbc="T T T" Lattice="%s"' % " ".join(f"{x:.17g}" for x in case.lattice.flat)
    _, pos, _ = read_xyz(arguments.structure)
    with open(arguments.out, "w") as f:
        print(len(pos), comment, sep="\n", file=f)
        for symbol, x, y in zip(case.symbols, pos, forces.tolist()):
            print(symbol, *(f"{v:.17g}" for v in (*x, *y)), file=f)
    print(json.dumps({"energy": energy.item(), "force_rms": forces.pow(2).mean().sqrt().item(), "edges": len(case.rest[1])}))


def serve(arguments):
    """Answers requests for timings until the input ends."""
    cases = {}
    for text in arguments.case:
        name, files = text.split("=", 1)
        model, structure = files.split(",")
        cases[name] = Case(model, structure, compiled=arguments.compile).evaluate
    print(json.dumps({"version": torch.__version__, "capability": capability()}), flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        try:
            if name not in cases:
                cases[name] = product(*map(int, name.split(",")))
            answer = measure(cases[name], float(seconds))
        except Exception as e:  # one case that fails leaves the others
            answer = {"error": f"{type(e).__name__}: {e}".splitlines()[0]}
        print(json.dumps(answer), flush=True)


def product(m, k, n):
    """A matrix product with reused buffers."""
    a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


def capability():
    """The vector instructions and the library of matrix products in use."""
    blas = "MKL" if torch.backends.mkl.is_available() else "another BLAS"
    known = getattr(torch.backends, "cpu", None)  # since 1.14
    return f"{known.get_cpu_capability() if known else '?'}, {blas}"


def measure(call, seconds):
    """Mean wall time of a call, repeated for at least `seconds`, after two untimed."""
    call(), call()
    calls, wall, cpu = 0, time.perf_counter(), time.process_time()
    while calls == 0 or time.perf_counter() - wall < seconds:
        call()
        calls += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"seconds": wall / calls, "calls": calls, "cpu": cpu / wall}


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("label")
    verb.add_argument("model")
    verb.add_argument("structure")
    verb.add_argument("out")
    verb.add_argument("--double", action="store_true")
    verb.set_defaults(run=label)
    verb = verbs.add_parser("serve")
    verb.add_argument("case", nargs="*")
    verb.add_argument("--compile", action="store_true", help="torch.compile the energy")
    verb.set_defaults(run=serve)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
