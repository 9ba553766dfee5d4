package lammps_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential"
	"ponita/potential/pretrained"
	"ponita/xyz"
)

// TestMatchesCalculatorOnData compares ten frames of a molecule, with the shipped
// model, and ten of liquid water: energies to 1e-9 eV, forces to 1e-8 eV/Å.
func TestMatchesCalculatorOnData(t *testing.T) {
	need(t)
	data := filepath.Join("..", "..", "..", "shared", "data")
	acac, err := pretrained.AcAc()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, model, elements string
		types                 []int
		m                     *potential.Model
	}{
		{"acac/test_MD_300K.xyz", "../../potential/pretrained/acac.h5", "H C O", []int{1, 6, 8}, acac},
		{"water/water_192.xyz", filepath.Join(work, "h2o.h5"), "H O", []int{1, 8}, model(1)},
	} {
		file, err := os.Open(filepath.Join(data, c.file))
		if err != nil {
			t.Skip("no data for tests here: ", err)
		}
		defer file.Close()
		path, err := filepath.Abs(c.model)
		if err != nil {
			t.Fatal(err)
		}
		reader, dir := xyz.NewReader(file, c.file), t.TempDir()
		var script strings.Builder
		var frames []system
		for k := range 10 {
			frame, err := reader.Read()
			if err != nil {
				t.Fatal(err)
			}
			s := system{name: fmt.Sprint(c.elements[2:3], k), elements: c.types, species: frame.Species, pos: frame.Pos, lattice: frame.Lattice}
			if frame.PBC == [3]bool{} {
				s.lattice = [3][3]float64{{20, 0, 0}, {0, 21, 0}, {0, 0, 22}}
			}
			// LAMMPS wraps what it reads, which costs a rounding.
			fmt.Fprintf(&script, "clear\nunits metal\natom_style atomic\nread_data %s\npair_style ponita precision double\npair_coeff * * %s %s\n%srun 0\n", s.write(t), path, c.elements, sums)
			fmt.Fprintf(&script, report, s.name, filepath.Join(dir, s.name+".dump"))
			frames = append(frames, s)
		}
		all := results(t, mustRun(t, 2, script.String()), dir)
		var worstE, worstF float64
		for _, s := range frames {
			energy, forces, _ := reference(t, c.m, s)
			r := all[s.name]
			worstE = max(worstE, math.Abs(r.values[0]-energy))
			for i := range forces {
				for k := range 3 {
					worstF = max(worstF, math.Abs(r.forces[i][k]-forces[i][k]))
				}
			}
		}
		t.Logf("%s: energies differ by %.1e eV, forces by %.1e eV/Å", c.file, worstE, worstF)
		if worstE > 1e-9 || worstF > 1e-8 {
			t.Error("that is more than rounding")
		}
	}
}
