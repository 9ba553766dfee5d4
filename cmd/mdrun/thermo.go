package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"ponita/integrator"
)

// sample is a row of the thermo file.
type sample struct {
	integrator.Thermo
	cell [6]float64 // lengths of a, b, c in Å, angles α, β, γ in degrees
	wall float64    // s, of all parts of the run
	rate float64    // ns/day, of this part
}

// column is a column of the thermo file.
type column struct {
	name   string
	digits int // after the point; -1: as many as there are
	value  func(*sample) *float64
}

// columns of the thermo file after the step.
var columns = []column{
	{"time_fs", -1, func(s *sample) *float64 { return &s.Time }},
	{"T_K", 3, func(s *sample) *float64 { return &s.Temperature }},
	{"Epot_eV", 8, func(s *sample) *float64 { return &s.Potential }},
	{"Ekin_eV", 8, func(s *sample) *float64 { return &s.Kinetic }},
	{"Etot_eV", 8, func(s *sample) *float64 { return &s.Total }},
	{"Econs_eV", 8, func(s *sample) *float64 { return &s.Conserved }},
	{"P_GPa", 6, func(s *sample) *float64 { return &s.Pressure }},
	{"Pxx_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[0][0] }},
	{"Pyy_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[1][1] }},
	{"Pzz_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[2][2] }},
	{"Pyz_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[1][2] }},
	{"Pxz_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[0][2] }},
	{"Pxy_GPa", 6, func(s *sample) *float64 { return &s.PressureTensor[0][1] }},
	{"V_A3", 4, func(s *sample) *float64 { return &s.Volume }},
	{"a_A", 5, func(s *sample) *float64 { return &s.cell[0] }},
	{"b_A", 5, func(s *sample) *float64 { return &s.cell[1] }},
	{"c_A", 5, func(s *sample) *float64 { return &s.cell[2] }},
	{"alpha_deg", 4, func(s *sample) *float64 { return &s.cell[3] }},
	{"beta_deg", 4, func(s *sample) *float64 { return &s.cell[4] }},
	{"gamma_deg", 4, func(s *sample) *float64 { return &s.cell[5] }},
	{"rho_g_cm3", 6, func(s *sample) *float64 { return &s.Density }},
	{"walltime_s", 3, func(s *sample) *float64 { return &s.wall }},
	{"ns_per_day", 4, func(s *sample) *float64 { return &s.rate }},
}

// observe returns the sample of a state. Without three periodic directions what
// needs a volume is NaN, also if there is a lattice: a box around a molecule.
func observe(state *integrator.State, sys *system) sample {
	s := sample{Thermo: state.Thermo(), cell: parameters(state.Lattice)}
	if !sys.periodic() {
		nan := math.NaN()
		s.Volume, s.Density, s.Pressure = nan, nan, nan
		s.cell = [6]float64{nan, nan, nan, nan, nan, nan}
		for i := range s.PressureTensor {
			s.PressureTensor[i] = [3]float64{nan, nan, nan}
		}
	}
	return s
}

// parameters returns lengths [Å] and angles [degrees] of a lattice: α between b
// and c, and so on.
func parameters(lattice [3][3]float64) (p [6]float64) {
	dot := func(k, l int) float64 {
		return lattice[k][0]*lattice[l][0] + lattice[k][1]*lattice[l][1] + lattice[k][2]*lattice[l][2]
	}
	for k := range 3 {
		p[k] = math.Sqrt(dot(k, k))
	}
	for k := range 3 {
		l, m := (k+1)%3, (k+2)%3
		p[3+k] = math.Acos(min(max(dot(l, m)/(p[l]*p[m]), -1), 1)) * 180 / math.Pi
	}
	return p
}

// text returns the fields of the row. What is not a number is an empty field.
func (s *sample) text() []string {
	fields := []string{strconv.Itoa(s.Step)}
	for _, c := range columns {
		v := *c.value(s)
		switch {
		case math.IsNaN(v):
			fields = append(fields, "")
		case c.digits < 0:
			// 12 digits hide the rounding of a time summed over 1e7 steps.
			fields = append(fields, strconv.FormatFloat(v, 'g', 12, 64))
		default:
			fields = append(fields, strconv.FormatFloat(v, 'f', c.digits, 64))
		}
	}
	return fields
}

func header() []string {
	names := []string{"step"}
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// writeRow writes one line to a thermo file, at once: whoever follows the file
// sees whole lines.
func writeRow(w io.Writer, fields []string) error {
	out := csv.NewWriter(w)
	if err := out.Write(fields); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// readThermo returns the rows of a thermo file.
func readThermo(path string) ([]sample, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// One row after another: there may be millions.
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	if _, err := rows.Read(); err == io.EOF {
		return nil, fmt.Errorf("%s is empty", path)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var samples []sample
	for {
		fields, err := rows.Read()
		if err == io.EOF {
			return samples, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var s sample
		if err := s.parse(fields); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(samples)+2, err)
		}
		samples = append(samples, s)
	}
}

func (s *sample) parse(fields []string) (err error) {
	if len(fields) != len(columns)+1 {
		return fmt.Errorf("%d columns, want %d", len(fields), len(columns)+1)
	}
	if s.Step, err = strconv.Atoi(fields[0]); err != nil {
		return err
	}
	for k, c := range columns {
		v := math.NaN()
		if text := fields[k+1]; text != "" {
			if v, err = strconv.ParseFloat(text, 64); err != nil {
				return err
			}
		}
		*c.value(s) = v
	}
	return nil
}
