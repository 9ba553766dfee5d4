package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ponita/xyz"
)

// python returns a Python that has i-PI and ASE: that of make ipi, or the one
// on the path.
func python(t *testing.T) string {
	t.Helper()
	for _, path := range []string{os.Getenv("PONITA_PYTHON"), "python3"} {
		if path != "" && exec.Command(path, "-c", "import ipi, ase").Run() == nil {
			return path
		}
	}
	t.Skip("no Python with i-PI and ASE here: make ipi installs them and runs this test")
	return ""
}

// beside runs another program while mdrun serves it.
func beside(t *testing.T, dir string, server *exec.Cmd, flags ...string) {
	t.Helper()
	server.Dir = dir
	var said strings.Builder
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := mdrun(t, dir, flags...)
	if code != 0 || !strings.Contains(stdout, "evaluations for i-PI") {
		server.Process.Kill()
		server.Wait()
		t.Fatalf("exit code %d\n%s%s\n%s", code, stdout, stderr, said.String())
	}
	if err := server.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
}

// crowd is a periodic structure in a cell without right angles, and its model is
// that of workplace: forces and stress of any sign.
const crowd = `8
Lattice="7 0 0 1.2 6.5 0 -0.7 0.9 6.8" Properties=species:S:1:pos:R:3 pbc="T T T"
C 0.1 0.2 0.3
O 3.4 0.1 0.2
C 3.3 3.4 0.5
O 0.6 3.2 0.1
O 0.2 0.4 3.5
C 3.5 0.4 3.6
O 3.6 3.9 3.8
C 0.4 3.8 3.4
`

func TestASEGetsTheSameNumbersThroughTheSocket(t *testing.T) {
	py, dir := python(t), workplace(t)
	write(t, dir, "crowd.xyz", crowd)
	socket := "ponita-ase-" + filepath.Base(filepath.Dir(dir))
	write(t, dir, "server.py", `
import sys, ase.io
from ase.calculators.socketio import SocketIOCalculator
atoms = ase.io.read("crowd.xyz")
with SocketIOCalculator(unixsocket=sys.argv[1]) as calc:
    atoms.calc = calc
    start = atoms.copy()
    atoms.positions[0] += 0.1
    atoms.set_cell(1.01 * atoms.cell)
    atoms.get_forces() # another structure first
    atoms.positions, atoms.cell = start.positions, start.cell
    stress = atoms.get_stress(voigt=False)
    with open("numbers", "w") as out:
        print(*(x.hex() for x in [atoms.get_potential_energy(), *stress.ravel(), *atoms.get_forces().ravel()]), file=out)
`)
	beside(t, dir, exec.Command(py, "server.py", socket), "--model=model.h5", "--structure=crowd.xyz", "--precision=float64", "--ipi=unix:"+socket)
	mustRun(t, dir, short("crowd.xyz", steps(0), "--precision=float64")...)
	frame, err := xyz.ReadFile(filepath.Join(dir, "md.traj.xyz"))
	if err != nil {
		t.Fatal(err)
	}
	stress := frame.Value("stress").([]float64)
	want := []float64{frame.Value("energy").(float64)}
	for a := range 3 {
		for b := range 3 {
			want = append(want, stress[3*a+b])
		}
	}
	for _, f := range frame.Column("forces").([][3]float64) {
		want = append(want, f[:]...)
	}
	got := strings.Fields(read(t, dir, "numbers"))
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	worst := 0.0
	for k := range got {
		x, err := strconv.ParseFloat(got[k], 64)
		if err != nil {
			t.Fatal(err)
		}
		// ASE has CODATA 2014, whose hartree differs by 1e-9 of an energy of 8000 eV.
		tolerance := 1e-8
		if k == 0 {
			tolerance = 3e-4
		} else {
			worst = max(worst, math.Abs(x-want[k]))
		}
		if !(math.Abs(x-want[k]) <= tolerance) {
			t.Errorf("number %d is %.12g, want %.12g", k, x, want[k])
		}
	}
	t.Logf("forces and stress differ by %.1e", worst)
}

// simulationXML is an input of i-PI.
const simulationXML = `<simulation verbosity='low'>
  <output prefix='i'>
    <properties stride='1' filename='out'> [ step, conserved, potential, pressure_md{gigapascal}, volume, kinetic_md ] </properties>
  </output>
  <total_steps>%d</total_steps>
  <prng><seed>31415</seed></prng>
  <ffsocket name='f' mode='unix' pbc='false'><address>%s</address><latency>1e-4</latency></ffsocket>
  <system>
    <initialize nbeads='1'>
      <file mode='ase'> start.xyz </file>
      <velocities mode='thermal' units='kelvin'> 300 </velocities>
    </initialize>
    <forces><force forcefield='f'/></forces>
    <motion mode='dynamics'><dynamics mode='%s'>
      <timestep units='femtosecond'> %g </timestep>%s
    </dynamics></motion>
    <ensemble><temperature units='kelvin'> 300 </temperature>%s</ensemble>
  </system>
</simulation>
`

// barostat moves all six components of the cell.
const barostat = `
      <barostat mode='%s'><tau units='femtosecond'> 200 </tau>
        <thermostat mode='langevin'><tau units='femtosecond'> 100 </tau></thermostat>%s
      </barostat>
      <thermostat mode='svr'><tau units='femtosecond'> 50 </tau></thermostat>`

// TestIPIConservesItsEnergy runs i-PI at constant energy and with barostats, whose
// conserved quantities see an error of the forces, and of the virial in sign, size
// or order. They vary with the square of the time step, and not otherwise.
func TestIPIConservesItsEnergy(t *testing.T) {
	py, dir := python(t), workplace(t)
	ipi := filepath.Join(filepath.Dir(py), "i-pi")
	if _, err := os.Stat(ipi); err != nil {
		ipi = "i-pi"
	}
	// Lively, and small in energy: i-PI writes nine digits.
	writeModel(t, dir, []float64{0, 0, 0}, 20, 2)
	write(t, dir, "start.xyz", crowd)
	const hartree, femtoseconds = 27211.386, 60 // meV
	for _, c := range []struct{ mode, barostat, ensemble string }{
		{"nve", "", ""},
		{"npt", fmt.Sprintf(barostat, "isotropic", ""), "<pressure units='gigapascal'> 1 </pressure>"},
		{"npt", fmt.Sprintf(barostat, "flexible", "<h0 shape='(3,3)' units='angstrom'> [7,1.2,-0.7, 0,6.5,0.9, 0,0,6.8] </h0>"), "<pressure units='gigapascal'> 1 </pressure>"},
	} {
		var fluctuation [2]float64
		for k, step := range []float64{0.5, 0.25} {
			n := int(femtoseconds / step)
			socket := fmt.Sprintf("ponita-%s-%d", filepath.Base(filepath.Dir(dir)), k)
			write(t, dir, "input.xml", fmt.Sprintf(simulationXML, n, socket, c.mode, step, c.barostat, c.ensemble))
			os.Remove(filepath.Join(dir, "i.out"))
			beside(t, dir, exec.Command(ipi, "input.xml"), "--model=model.h5", "--structure=start.xyz", "--precision=float64", "--ipi=unix:"+socket)
			rows := table(t, read(t, dir, "i.out"))
			if len(rows) != n+1 {
				t.Fatalf("%d rows, want %d", len(rows), n+1)
			}
			lo, hi, vlo, vhi := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
			for _, row := range rows {
				lo, hi = min(lo, row[1]), max(hi, row[1])
				vlo, vhi = min(vlo, row[4]), max(vhi, row[4])
			}
			fluctuation[k] = hartree * (hi - lo)
			t.Logf("%s %.30s: %g GPa, step %g fs, conserved within %.4f meV, volume %.1f to %.1f bohr³, potential %.9f hartree at first",
				c.mode, strings.Join(strings.Fields(c.barostat), " "), rows[0][3], step, fluctuation[k], vlo, vhi, rows[0][2])
			if c.mode == "npt" && vhi-vlo < 0.001*vlo {
				t.Error("the cell did not move")
			}
		}
		// With the sign of the virial changed it is 18 eV.
		if fluctuation[0] > 5 {
			t.Errorf("%s %q: conserved quantity within %g meV", c.mode, c.barostat, fluctuation[0])
		}
		// The flexible barostat of i-PI 3.3 seems to be of first order.
		ratio := fluctuation[0] / fluctuation[1]
		if !strings.Contains(c.barostat, "flexible") && !(3 < ratio && ratio < 5) {
			t.Errorf("%s %q: half the step divides it by %.2f, want 4", c.mode, c.barostat, ratio)
		}
	}
}

func table(t *testing.T, text string) (rows [][]float64) {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var row []float64
		for _, field := range strings.Fields(line) {
			x, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestMistakesWithAddressesAreNamed(t *testing.T) {
	dir := workplace(t)
	for _, c := range []struct{ flag, want string }{
		{"--ipi=localhost", `ipi: address "localhost", want host:port or unix:NAME`},
		{"--ipi=unix:x --restart=auto", "the run and its restarts are those of i-PI, leave restart out"},
	} {
		code, _, stderr := mdrun(t, dir, append(short("molecule.xyz"), strings.Fields(c.flag)...)...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit code %d\n got %swant %s", c.flag, code, stderr, c.want)
		}
	}
}
