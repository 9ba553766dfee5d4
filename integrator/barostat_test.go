package integrator

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// gas is a potential that is zero: P V = Σ m v⊗v.
type gas struct{}

func (gas) Compute(_ [][3]float64, _ [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	clear(forces)
	*virial = [3][3]float64{}
	return 0, nil
}

// crystal is a Lennard-Jones argon as the type argon, of nearest images in a
// cell of any shape, with a cutoff that leaves it room to change.
type crystal struct{}

func (crystal) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	const inner, cutoff = 4.0, 4.9 // Å; the second neighbours, at 5.3 Å, are left out
	clear(forces)
	*virial = [3][3]float64{}
	inverse := inverted(lattice)
	energy := 0.0
	for i := range pos {
		for j := range i {
			d := sub(pos[j], pos[i])
			fractional := times(d, &inverse)
			for a := range 3 {
				fractional[a] -= math.RoundToEven(fractional[a])
			}
			d = times(fractional, &lattice)
			r2 := norm2(d)
			if r2 > cutoff*cutoff {
				continue
			}
			r := math.Sqrt(r2)
			s2 := argonSigma * argonSigma / r2
			s6 := s2 * s2 * s2
			e := 4 * argonEpsilon * s6 * (s6 - 1)
			dedr := 4 * argonEpsilon * s6 * (6 - 12*s6) / r
			if r > inner {
				const width = cutoff - inner
				x := (r - inner) / width
				w := 1 + x*x*x*(-10+x*(15-6*x))
				dwdr := -30 * x * x * (1 - x) * (1 - x) / width
				e, dedr = e*w, dedr*w+e*dwdr
			}
			energy += e
			for a := range 3 {
				f := dedr * d[a] / r
				forces[i][a] += f
				forces[j][a] -= f
				for b := range 3 {
					virial[a][b] -= f * d[b]
				}
			}
		}
	}
	return energy, nil
}

func inverted(m [3][3]float64) (inverse [3][3]float64) {
	volume := dot(m[0], cross(m[1], m[2]))
	for k := range 3 {
		column := cross(m[(k+1)%3], m[(k+2)%3])
		for a := range 3 {
			inverse[a][k] = column[a] / volume
		}
	}
	return inverse
}

func cube(volume float64) [3][3]float64 {
	edge := math.Cbrt(volume)
	return [3][3]float64{{edge, 0, 0}, {0, edge, 0}, {0, 0, edge}}
}

// freeGas is n atoms without forces at 300 K in a cube of volume [Å³].
func freeGas(t testing.TB, n int, volume float64, seed uint64) *State {
	t.Helper()
	s := newState(t, gas{}, make([][3]float64, n), cube(volume), 18)
	s.Noise = NewStream(seed, ThermostatStream)
	if err := (Velocities{Temperature: 300}).Draw(s, NewStream(seed, VelocityStream).Rand); err != nil {
		t.Fatal(err)
	}
	return s
}

// solid is the crystal of 32 atoms with the given cubic cell edge [Å], 5.29 at rest.
func solid(t testing.TB, edge, temperature float64, seed uint64) *State {
	t.Helper()
	s := fluid(t, temperature, seed)
	factor := 2 * edge / s.Lattice[0][0]
	s.Lattice = scaled(s.Lattice, factor)
	for i := range s.Pos {
		for a := range 3 {
			s.Pos[i][a] *= factor
		}
	}
	if err := s.Evaluate(crystal{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// Without forces p V = 2K/3 has the mean DOF/3 k_BT, so that the equilibrium of
// the volume is the density V^(DOF/3) e^(−pV/k_BT): x = pV/k_BT follows the gamma
// distribution of shape k = DOF/3 + 1, with mean and variance k. That is N + 1
// if momentum is free, as with Langevin, and N if it is conserved. Which
// components of the cell move makes no difference. One power of V more or less,
// a noise forgotten in k_BT/2V for instance, is 1 of 16 here.
func TestBarostatSamplesTheVolumeOfAnIdealGas(t *testing.T) {
	const atoms, pressure = 16, 0.05 // GPa
	free := Langevin{Timestep: 5, Temperature: 300, Friction: 0.02}
	for name, c := range map[string]struct {
		barostat Barostat
		shape    float64
	}{
		"CSVR":        {Barostat{Thermostat: CSVR{Timestep: 5, Temperature: 300, Tau: 50}}, atoms},
		"Langevin":    {Barostat{Thermostat: free}, atoms + 1},
		"anisotropic": {Barostat{Thermostat: free, Cell: Anisotropic}, atoms + 1},
		"triclinic":   {Barostat{Thermostat: free, Cell: Triclinic}, atoms + 1},
		// One direction alone follows the pressure a third as fast.
		"film": {Barostat{Thermostat: free, Cell: Triclinic, Fixed: [3]bool{true, true, false}, Tau: 333}, atoms + 1},
	} {
		t.Run(name, func(t *testing.T) {
			kT := Boltzmann * 300 * GPa // GPa·Å³
			s := freeGas(t, atoms, atoms*kT/pressure, 41)
			c.barostat.Pressure = pressure
			c.barostat.Compressibility = 1 / pressure // that of the gas
			c.barostat.Stride = 4
			// 20 fs of the relaxation time of 1000 fs in a move.
			var x, squares []float64
			run(t, c.barostat, s, gas{}, 250_000, Every(4, func(s *State) error {
				v := pressure * s.Volume() / kT
				if c.barostat.Fixed == [3]bool{} {
					s.Lattice = cube(s.Volume()) // nothing holds the shape of a gas
				}
				x, squares = append(x, v), append(squares, math.Pow(v-c.shape, 2))
				return nil
			}))
			expectMean(t, "mean of pV/kT", x, c.shape, 0.015)
			expectMean(t, "variance of pV/kT", squares, c.shape, 0.1)
			exact := distuv.Gamma{Alpha: c.shape, Beta: 1}
			for _, p := range []float64{0.1, 0.5, 0.9} {
				below := make([]float64, len(x))
				for i := range x {
					if x[i] < exact.Quantile(p) {
						below[i] = 1
					}
				}
				expectMean(t, "fraction below a quantile", below, p, 0.2)
			}
		})
	}
}

// The forces on the cell are the derivatives of F = H + p₀V − k_BT ln λ with
// scaled coordinates and momenta held, kinetic energy included.
func TestBarostatDriveMatchesFiniteDifference(t *testing.T) {
	const kT, target = 0.01, 0.004 // eV, eV/Å³
	s := solid(t, 5.2, 80, 2)
	run(t, VelocityVerlet{Timestep: 5}, s, crystal{}, 100)
	s.deform([3][3]float64{{0.02, 0.01, -0.01}, {0.01, -0.01, 0.02}, {-0.01, 0.02, 0}})
	if err := s.Evaluate(crystal{}); err != nil {
		t.Fatal(err)
	}
	c := Barostat{Cell: Triclinic}
	start := encoded(t, s)
	// free is F after a strain.
	free := func(strain [3][3]float64) float64 {
		s, _, err := decodeRestart(start)
		if err != nil {
			t.Fatal(err)
		}
		s.deform(strain)
		if err := s.Evaluate(crystal{}); err != nil {
			t.Fatal(err)
		}
		return s.Energy + s.KineticEnergy() + target*s.Volume() - kT*math.Log(s.Volume())/2
	}
	const h = 1e-4
	slope := func(direction [3][3]float64) float64 {
		return -(free(scaled(direction, h)) - free(scaled(direction, -h))) / (2 * h)
	}
	expect := func(name string, got, want float64) {
		// Truncation is (12h)² of terms some 10 times what is left of them.
		if math.Abs(got-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("%s: %.8g eV, finite difference %.8g", name, got, want)
		}
	}
	d := c.drive(s, target, kT)
	third := [3][3]float64{{1. / 3, 0, 0}, {0, 1. / 3, 0}, {0, 0, 1. / 3}}
	expect("size", d.size*d.root/2, slope(third)) // dλ = λ/2 d ln V
	expect("shape xx−yy", d.shape[0][0]-d.shape[1][1], slope([3][3]float64{{1, 0, 0}, {0, -1, 0}}))
	expect("shape yz", d.shape[1][2]+d.shape[2][1], slope([3][3]float64{{}, {0, 0, 1}, {0, 1, 0}}))
	// A film follows the mean pressure along the axes that move.
	c.Fixed = [3]bool{true, false, false}
	d = c.drive(s, target, kT)
	expect("size of a film", d.size*d.root/2, slope([3][3]float64{{}, {0, 0.5, 0}, {0, 0, 0.5}}))
	expect("shape of a film", d.shape[1][1]-d.shape[2][2], slope([3][3]float64{{}, {0, 1, 0}, {0, 0, -1}}))
	if d.shape[0] != [3]float64{} || d.shape[2][0] != 0 {
		t.Errorf("force %v on a fixed axis", d.shape)
	}
}

func TestDeformKeepsFractionalCoordinates(t *testing.T) {
	s := solid(t, 5.3, 80, 3)
	inverse := inverted(s.Lattice)
	before, volume := times(s.Pos[7], &inverse), s.Volume()
	strain := [3][3]float64{{0.05, 0.02, 0}, {0.02, -0.1, 0.07}, {0, 0.07, 0.03}}
	s.deform(strain)
	inverse = inverted(s.Lattice)
	after := times(s.Pos[7], &inverse)
	for a := range 3 {
		if math.Abs(after[a]-before[a]) > 1e-14 { // rounding
			t.Errorf("fractional coordinates %v, were %v", after, before)
		}
	}
	if want := volume * math.Exp(-0.02); math.Abs(s.Volume()/want-1) > 1e-14 { // the trace
		t.Errorf("volume %.15g Å³, want %.15g", s.Volume(), want)
	}
	s.deform(scaled(strain, -1))
	for a := range 3 {
		if math.Abs(s.Lattice[a][a]-10.6) > 1e-13 {
			t.Errorf("there and back: lattice %v", s.Lattice)
		}
	}
}

// At zero temperature the cell goes to the minimum of the enthalpy: from a
// sheared and stretched one to the cubic crystal, under a pressure of the
// cell's own, p₀ along every axis and nothing else.
func TestBarostatAtZeroTemperatureRelaxesTheCell(t *testing.T) {
	for _, pressure := range []float64{0, 0.5, -0.1} {
		s := solid(t, 5.3, 0, 4)
		s.deform([3][3]float64{{0.02, 0.015, -0.01}, {0.015, -0.01, 0.02}, {-0.01, 0.02, 0}})
		if err := s.Evaluate(crystal{}); err != nil {
			t.Fatal(err)
		}
		run(t, Barostat{Thermostat: CSVR{Timestep: 5}, Pressure: pressure, Cell: Triclinic, Tau: 200, Compressibility: 0.5}, s, crystal{}, 8000)
		p := s.PressureTensor()
		for a := range 3 {
			for b := range 3 {
				want := 0.0
				if a == b {
					want = pressure
				}
				// 40 ps are 20 relaxation times or more, also of the soft shear: e^(−20)
				// of 0.3 GPa.
				if math.Abs(p[a][b]-want) > 1e-6 {
					t.Errorf("at %g GPa: P[%d][%d] = %.8f GPa, want %g", pressure, a, b, p[a][b], want)
				}
			}
		}
		for a := range 3 {
			la, lb := s.Lattice[a], s.Lattice[(a+1)%3]
			// Strain is stress over a shear modulus of 1 GPa or so.
			if cos := dot(la, lb) / norm2(la); math.Abs(cos) > 1e-5 || math.Abs(norm2(la)/norm2(lb)-1) > 1e-5 {
				t.Errorf("at %g GPa: lattice %v is not cubic", pressure, s.Lattice)
			}
		}
	}
}

// The mean of P is p₀, whatever the ensemble of the volume looks like: the
// density vanishes at both ends. A liquid under 0.4 GPa.
func TestMeanPressureIsThatOfTheBarostat(t *testing.T) {
	s := solid(t, 5.7, 120, 42)
	c := Barostat{Thermostat: CSVR{Timestep: 5, Temperature: 120}, Pressure: 0.4, Tau: 500, Compressibility: 0.5}
	run(t, c, s, crystal{}, 2000)
	var pressure []float64
	run(t, c, s, crystal{}, 30_000, Every(5, func(s *State) error {
		pressure = append(pressure, s.Thermo().Pressure)
		return nil
	}))
	expectMean(t, "pressure [GPa]", pressure, 0.4, 0.05)
}

// The probabilities of a move and of its reverse are compared by ΔF̃, of which
// all that does not cancel is the error of a trapezoid, Δy³ ∝ h^(3/2). A term that
// is missing or wrong is of lower order.
func TestBarostatEnergyErrorOfAMoveFallsAsThePowerThreeHalves(t *testing.T) {
	const kT = Boltzmann * 100
	for name, c := range map[string]Barostat{
		"isotropic":   {},
		"anisotropic": {Cell: Anisotropic},
		"triclinic":   {Cell: Triclinic},
		"film":        {Cell: Triclinic, Fixed: [3]bool{true, false, false}},
	} {
		c.Pressure = 0.4
		s := solid(t, 5.25, 100, 5)
		run(t, VelocityVerlet{Timestep: 5}, s, crystal{}, 200)
		start := encoded(t, s)
		previous := 0.0
		for _, h := range []float64{8, 2, 0.5} { // fs
			sum, size := 0.0, 0.0
			const draws = 100
			for draw := range uint64(draws) {
				s, _, err := decodeRestart(start)
				if err != nil {
					t.Fatal(err)
				}
				s.Noise = NewStream(draw, ThermostatStream)
				volume := s.Volume()
				_, excess, err := c.propose(s, crystal{}, h, kT)
				if err != nil {
					t.Fatal(err)
				}
				sum += math.Pow(excess, 2) / draws
				size += math.Pow(math.Log(s.Volume()/volume), 2) / draws
			}
			rms := math.Sqrt(sum)
			t.Logf("%s, h = %g fs: rms %.3g eV for %.2g %% of the volume", name, h, rms, 100*math.Sqrt(size))
			// The same draws, so that only the next order, ∝ Δy, differs.
			if slope := math.Log2(previous/rms) / 2; previous > 0 && math.Abs(slope-1.5) > 0.1 {
				t.Errorf("%s: from %g to %g fs the error falls as h^%.2f, want 1.5", name, 4*h, h, slope)
			}
			previous = rms
		}
	}
}

func TestBarostatMovesOnlyWhatItShould(t *testing.T) {
	for name, c := range map[string]struct {
		barostat Barostat
		moved    [3][3]bool // rows of the lattice by components
	}{
		"isotropic":   {Barostat{}, [3][3]bool{{true, false, false}, {false, true, false}, {false, false, true}}},
		"anisotropic": {Barostat{Cell: Anisotropic}, [3][3]bool{{true, false, false}, {false, true, false}, {false, false, true}}},
		"triclinic":   {Barostat{Cell: Triclinic}, [3][3]bool{{true, true, true}, {true, true, true}, {true, true, true}}},
		"film":        {Barostat{Cell: Triclinic, Fixed: [3]bool{true, false, false}}, [3][3]bool{{}, {false, true, true}, {false, true, true}}},
	} {
		c.barostat.Thermostat = CSVR{Timestep: 5, Temperature: 50}
		s := solid(t, 5.3, 50, 6)
		start := s.Lattice
		run(t, c.barostat, s, crystal{}, 9)
		if s.Lattice != start {
			t.Errorf("%s: the cell moved before step 10", name)
		}
		run(t, c.barostat, s, crystal{}, 91)
		for a := range 3 {
			for b := range 3 {
				if moved := s.Lattice[a][b] != start[a][b]; moved != c.moved[a][b] {
					t.Errorf("%s: component %d%d of the lattice moved: %v", name, a, b, moved)
				}
			}
		}
		l := s.Lattice
		cubic := math.Abs(l[0][0]/l[1][1]-1) < 1e-14 && math.Abs(l[0][0]/l[2][2]-1) < 1e-14 // rounding
		if cubic != (name == "isotropic") {
			t.Errorf("%s: a cube became %v", name, l)
		}
	}
}

func TestBarostatNeedsACellAndNoise(t *testing.T) {
	s := cluster(t)
	s.Noise = NewStream(1, ThermostatStream)
	c := Barostat{Thermostat: CSVR{Temperature: 100}}
	if err := c.Run(s, argon{}, 1); err == nil || s.Step != 0 {
		t.Errorf("without a cell: error %v after %d steps", err, s.Step)
	}
	s = solid(t, 5.3, 50, 6)
	s.Noise = nil
	c.Thermostat = NoseHoover{Temperature: 100} // needs none itself
	if err := c.Run(s, crystal{}, 1); err == nil || s.Step != 0 {
		t.Errorf("without State.Noise: error %v after %d steps", err, s.Step)
	}
}

// A compressibility far too large overshoots more with every move.
func TestUnstableBarostatStopsTheRun(t *testing.T) {
	s := solid(t, 5.2, 50, 7)
	err := Barostat{Thermostat: CSVR{Timestep: 5, Temperature: 50}, Compressibility: 100}.Run(s, crystal{}, 1000)
	var diverged *DivergedError
	if !errors.As(err, &diverged) || diverged.Quantity != "strain of the cell in one move" {
		t.Errorf("error %v, want the strain of the cell", err)
	}
}
