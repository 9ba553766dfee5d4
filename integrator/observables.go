package integrator

import "math"

// Thermo is one row of a log.
type Thermo struct {
	Step        int
	Time        float64 // fs
	Temperature float64 // K, from the kinetic energy and State.DOF
	Potential   float64 // eV
	Kinetic     float64 // eV
	Total       float64 // eV, potential and kinetic
	Conserved   float64 // eV, Total and what thermostats and barostat hold

	// The rest needs a cell with a volume and is NaN without one: a slab or a
	// molecule has no volume, and the pressure of a vacuum box means nothing.
	Volume         float64       // Å³
	Density        float64       // g/cm³
	Pressure       float64       // GPa, tr P/3, positive in compression
	PressureTensor [3][3]float64 // GPa
}

// Thermo returns the observables of the state.
func (s *State) Thermo() Thermo {
	kinetic := s.KineticEnergy()
	t := Thermo{
		Step:           s.Step,
		Time:           s.Time,
		Temperature:    s.Temperature(),
		Potential:      s.Energy,
		Kinetic:        kinetic,
		Total:          s.Energy + kinetic,
		Conserved:      s.Conserved(),
		Volume:         s.Volume(),
		PressureTensor: s.PressureTensor(),
	}
	t.Pressure = (t.PressureTensor[0][0] + t.PressureTensor[1][1] + t.PressureTensor[2][2]) / 3
	for _, m := range s.Masses {
		t.Density += m
	}
	t.Density *= GramPerCC / t.Volume
	return t
}

// KineticEnergy returns ½ Σ m v² in eV.
func (s *State) KineticEnergy() float64 {
	sum := 0.0
	for i, v := range s.Vel {
		sum += s.Masses[i] * norm2(v)
	}
	return sum / (2 * PerMass)
}

// Temperature returns 2K/(k_B·DOF) in K.
func (s *State) Temperature() float64 {
	return 2 * s.KineticEnergy() / (float64(s.DOF) * Boltzmann)
}

// Conserved returns Energy + kinetic energy + BathEnergy in eV, which every
// integrator here keeps constant up to the error of its time step. Its drift
// is the measure of that error, and of forces that are not a gradient.
func (s *State) Conserved() float64 { return s.Energy + s.KineticEnergy() + s.BathEnergy }

// Volume returns |a·(b×c)| in Å³, NaN when that is zero.
func (s *State) Volume() float64 {
	volume := math.Abs(dot(s.Lattice[0], cross(s.Lattice[1], s.Lattice[2])))
	if volume == 0 {
		return math.NaN()
	}
	return volume
}

// PressureTensor returns P = (Σ m v⊗v + W)/V in GPa.
func (s *State) PressureTensor() [3][3]float64 {
	p := s.Virial
	for i, v := range s.Vel {
		m := s.Masses[i] / PerMass
		for a := range 3 {
			for b := range 3 {
				p[a][b] += m * v[a] * v[b]
			}
		}
	}
	return scaled(p, GPa/s.Volume())
}

// Stress returns σ = −W/V in eV/Å³, positive in tension: the potential's part
// only, as electronic-structure codes report it. The stress of the moving
// system is −PressureTensor.
func (s *State) Stress() [3][3]float64 { return scaled(s.Virial, -1/s.Volume()) }

// Momentum returns Σ m v in amu·Å/fs.
func (s *State) Momentum() [3]float64 {
	var p [3]float64
	for i, v := range s.Vel {
		for a := range 3 {
			p[a] += s.Masses[i] * v[a]
		}
	}
	return p
}

// AngularMomentum returns Σ m (x−X)×v about the centre of mass X, in amu·Å²/fs.
func (s *State) AngularMomentum() [3]float64 {
	var l [3]float64
	centre := s.centreOfMass()
	for i, v := range s.Vel {
		xv := cross(sub(s.Pos[i], centre), v)
		for a := range 3 {
			l[a] += s.Masses[i] * xv[a]
		}
	}
	return l
}

func (s *State) centreOfMass() [3]float64 {
	var sum [3]float64
	total := 0.0
	for i, x := range s.Pos {
		total += s.Masses[i]
		for a := range 3 {
			sum[a] += s.Masses[i] * x[a]
		}
	}
	return [3]float64{sum[0] / total, sum[1] / total, sum[2] / total}
}

func scaled(t [3][3]float64, factor float64) [3][3]float64 {
	for a := range 3 {
		for b := range 3 {
			t[a][b] *= factor
		}
	}
	return t
}

func norm2(v [3]float64) float64 { return v[0]*v[0] + v[1]*v[1] + v[2]*v[2] }

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func sub(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{
		a[1]*b[2] - a[2]*b[1],
		a[2]*b[0] - a[0]*b[2],
		a[0]*b[1] - a[1]*b[0],
	}
}
