package forensics

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ponita/xyz"
)

// crystal data of the tests: bcc iron-like cells of 16 atoms with a potential of
// our own that is not a pair potential, so that the pair fit is as wrong as it is
// for metals:
//
//	E = Σ_i [ Σ_j ½ φ(r_ij) − √ρ_i ],   ρ_i = Σ_j ψ(r_ij)
//
// φ and ψ are smooth to the third derivative at the cutoff of 4.8 Å.
func label(f *xyz.Frame) (energy float64, forces [][3]float64, stress [3][3]float64) {
	const rc = 4.8
	pair := func(r, a, b float64) (v, d float64) {
		q := 1 - r/rc
		e := math.Exp(-b * (r - 2.5))
		return a * e * q * q * q * q, a * e * (-b*q*q*q*q - 4*q*q*q/rc)
	}
	n := len(f.Pos)
	forces = make([][3]float64, n)
	rho := make([]float64, n)
	visit := func(do func(i, j int, x [3]float64, r float64)) {
		for i := range n {
			for j := range n {
				images(f.PBC, func(s [3]float64) {
					x := sub(f.Pos[j], f.Pos[i])
					for k := range 3 {
						for l := range 3 {
							x[l] += s[k] * f.Lattice[k][l]
						}
					}
					if r := norm(x); r > 0 && r < rc {
						do(i, j, x, r)
					}
				})
			}
		}
	}
	visit(func(i, j int, x [3]float64, r float64) {
		v, _ := pair(r, 30, 1.4)
		rho[i] += v
	})
	visit(func(i, j int, x [3]float64, r float64) {
		v, d := pair(r, 9, 2.6)
		_, dRho := pair(r, 30, 1.4)
		slope := d/2 - dRho/2/math.Sqrt(rho[i])
		energy += v / 2
		for k := range x {
			forces[i][k] += slope * x[k] / r
			forces[j][k] -= slope * x[k] / r
			for l := range x {
				stress[k][l] += slope * x[k] * x[l] / r
			}
		}
	})
	for i := range rho {
		if rho[i] > 0 {
			energy -= math.Sqrt(rho[i])
		}
	}
	for k := range stress {
		for l := range stress {
			stress[k][l] /= max(f.Volume(), 1)
		}
	}
	return energy, forces, stress
}

func images(pbc [3]bool, visit func(s [3]float64)) {
	reach := [3]int{}
	for k := range reach {
		if pbc[k] {
			reach[k] = 1
		}
	}
	for a := -reach[0]; a <= reach[0]; a++ {
		for b := -reach[1]; b <= reach[1]; b++ {
			for c := -reach[2]; c <= reach[2]; c++ {
				visit([3]float64{float64(a), float64(b), float64(c)})
			}
		}
	}
}

func relabel(f *xyz.Frame) *xyz.Frame {
	energy, forces, stress := label(f)
	f.Set("energy", energy-100*float64(len(f.Species)))
	f.SetColumn(xyz.Column{Name: "forces", Data: forces})
	if f.PBC != [3]bool{} {
		f.Set("stress", slices.Concat(stress[0][:], stress[1][:], stress[2][:]))
	}
	return f
}

// bcc returns a cell of 16 atoms with the strain (row vector convention) and
// random displacements of the given size [Å].
func bcc(strain [3][3]float64, move float64, rng *rand.Rand) *xyz.Frame {
	const a = 2.86
	f := &xyz.Frame{PBC: [3]bool{true, true, true}}
	deform := identity()
	for k := range 3 {
		for l := range 3 {
			deform[k][l] += strain[k][l]
		}
	}
	for k := range 3 {
		f.Lattice[k][k] = 2 * a
	}
	f.Lattice = multiply(f.Lattice, deform)
	for n := range 8 {
		corner := [3]float64{float64(n & 1), float64(n >> 1 & 1), float64(n >> 2)}
		for _, half := range []float64{0, 0.5} {
			x := [3]float64{a * (corner[0] + half), a * (corner[1] + half), a * (corner[2] + half)}
			x = apply(x, deform)
			for k := range x {
				x[k] += move * rng.NormFloat64()
			}
			f.Pos, f.Species = append(f.Pos, x), append(f.Species, 26)
		}
	}
	return relabel(f)
}

func identity() [3][3]float64 { return [3][3]float64{{1}, {0, 1}, {0, 0, 1}} }

// elastic are strained copies, hot are cells at a high temperature.
func elastic() (frames []*xyz.Frame) {
	rng := rand.New(rand.NewPCG(3, 4))
	frames = append(frames, bcc([3][3]float64{}, 0, rng))
	for k := range 3 {
		// Sizes of their own, so that no two are equal by symmetry.
		for n, e := range []float64{-0.02, -0.01, 0.01, 0.02} {
			e *= 1 + 0.07*float64(k) + 0.013*float64(n)
			var stretch, shear [3][3]float64
			stretch[k][k] = e
			shear[k][(k+1)%3] = 1.5 * e
			frames = append(frames, bcc(stretch, 0, rng), bcc(shear, 0, rng))
		}
	}
	return frames
}

func hot(n int) (frames []*xyz.Frame) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range n {
		var strain [3][3]float64
		for k := range 3 {
			for l := range 3 {
				strain[k][l] = 0.02 * rng.NormFloat64()
			}
		}
		frames = append(frames, bcc(strain, 0.12, rng))
	}
	return frames
}

// molecules are bent waters: O and two H on springs, at random orientations.
func molecules(n int) (frames []*xyz.Frame) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range n {
		a, b, angle := 0.96+0.03*rng.NormFloat64(), 0.96+0.03*rng.NormFloat64(), 1.82+0.1*rng.NormFloat64()
		f := &xyz.Frame{Species: []int{8, 1, 1}, Pos: [][3]float64{{}, {a, 0, 0}, {b * math.Cos(angle), b * math.Sin(angle), 0}}}
		spring(f)
		turn := rotation(rng)
		for i := range f.Pos {
			f.Pos[i] = apply(f.Pos[i], turn)
		}
		spring(f)
		frames = append(frames, f)
	}
	return frames
}

// spring labels a water with E = Σ_pairs ½ k (r − r0)².
func spring(f *xyz.Frame) {
	forces := make([][3]float64, 3)
	energy := -2080.
	for n, p := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		k, r0 := 50., 0.96
		if n == 2 {
			k, r0 = 12, 1.52
		}
		d := sub(f.Pos[p[1]], f.Pos[p[0]])
		r := norm(d)
		energy += k / 2 * (r - r0) * (r - r0)
		for x := range d {
			forces[p[0]][x] += k * (r - r0) * d[x] / r
			forces[p[1]][x] -= k * (r - r0) * d[x] / r
		}
	}
	f.Set("energy", energy)
	f.SetColumn(xyz.Column{Name: "forces", Data: forces})
}

func rotation(rng *rand.Rand) [3][3]float64 {
	var m [3][3]float64
	for k := range 2 {
		m[k] = [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	}
	unit := func(v [3]float64) [3]float64 { r := norm(v); return [3]float64{v[0] / r, v[1] / r, v[2] / r} }
	m[2] = unit(cross(m[0], m[1]))
	m[0] = unit(m[0])
	m[1] = cross(m[2], m[0])
	return m
}

func write(t *testing.T, name string, frames []*xyz.Frame) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	return path
}

// examine writes frames to files, reads and examines them.
func examine(t *testing.T, files ...[]*xyz.Frame) *Result {
	t.Helper()
	var sets []*Set
	for n, frames := range files {
		s, err := Read(write(t, fmt.Sprintf("file%d.xyz", n+1), frames), xyz.LabelKeys{})
		if err != nil {
			t.Fatal(err)
		}
		s.Name = filepath.Base(s.Name)
		sets = append(sets, s)
	}
	return mustExamine(t, sets...)
}

func mustExamine(t *testing.T, sets ...*Set) *Result {
	t.Helper()
	r, err := Examine(sets, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// find returns the finding of a kind, whose places and message must contain the
// texts.
func find(t *testing.T, r *Result, severity Severity, kind string, texts ...string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Kind != kind || f.Severity != severity {
			continue
		}
		text := f.String()
		if !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(text, s) }) {
			return f
		}
	}
	t.Errorf("no %s %q with %q among\n%v", severity, kind, texts, r)
	return Finding{}
}

// nothing fails on findings worse than a note, besides those of the kinds.
func nothing(t *testing.T, r *Result, but ...string) {
	t.Helper()
	for _, f := range r.Findings {
		if f.Severity != Note && !slices.Contains(but, f.Kind) {
			t.Errorf("false alarm: %v", f)
		}
	}
}

func TestGoodDataRaisesNoAlarm(t *testing.T) {
	crystals := examine(t, slices.Concat(elastic(), hot(40)))
	nothing(t, crystals)
	s := crystals.Stress[0]
	if s.Certainty != Certain || s.Unit != "eV/Å³" || s.Positive != tension {
		t.Errorf("stress is %v, want eV/Å³, positive in tension (certain)\n%v", s, crystals)
	}
	// The evidence is exact up to the third order of strains of 4 %.
	for _, v := range s.Evidence[:2] {
		if v.Slope < 0.95 || v.Slope > 1.05 || v.Correlation < 0.98 {
			t.Errorf("%v, want slope and correlation 1", v)
		}
	}
	nothing(t, examine(t, molecules(60)))
}

// set the stresses of all frames as a function of the right ones.
func breakStress(frames []*xyz.Frame, change func(f *xyz.Frame, s []float64)) []*xyz.Frame {
	for _, f := range frames {
		s := f.Value("stress").([]float64)
		change(f, s)
		f.Set("stress", s)
	}
	return frames
}

func scaleBy(factor float64) func(*xyz.Frame, []float64) {
	return func(_ *xyz.Frame, s []float64) {
		for k := range s {
			s[k] *= factor
		}
	}
}

// TestStressUnitAndSignAreDetected breaks the stresses in every way that was
// seen in public data, of strained copies and of hot crystals alone.
func TestStressUnitAndSignAreDetected(t *testing.T) {
	data := map[string]struct {
		frames    func() []*xyz.Frame
		certainty Certainty
		severity  Severity
	}{
		"strained": {elastic, Certain, Error},
		"hot":      {func() []*xyz.Frame { return hot(60) }, Likely, Warning},
	}
	for name, d := range data {
		for _, test := range []struct {
			what       string
			change     func(*xyz.Frame, []float64)
			kind, text string
			positive   string
		}{
			{"sign", scaleBy(-1), "stress-sign", "opposite sign", compression},
			{"kbar", scaleBy(1602.176634), "stress-unit", "in kbar, positive", tension},
			{"VASP", scaleBy(-1602.176634), "stress-unit", "in kbar, positive", compression},
			{"GPa", scaleBy(160.2176634), "stress-unit", "in GPa", tension},
			{"GPa, pressure", scaleBy(-160.2176634), "stress-unit", "in GPa", compression},
		} {
			r := examine(t, breakStress(d.frames(), test.change))
			texts := []string{test.text, "file1.xyz"}
			if test.kind == "stress-unit" {
				texts = append(texts, ", positive in "+test.positive)
			}
			f := find(t, r, d.severity, test.kind, texts...)
			if s := r.Stress[0]; s.Certainty != d.certainty || s.Positive != test.positive {
				t.Errorf("%s, %s: stress is %v, want %s and positive in %s: %v", name, test.what, s, d.certainty, test.positive, f)
			}
			nothing(t, r, test.kind)
		}
	}
}

// TestUnitsThatCannotBeToldApartAreAllNamed has cells of one volume, 187 Å³: beside
// the pair potential a stress in GPa is as near to a virial in eV.
func TestUnitsThatCannotBeToldApartAreAllNamed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var frames []*xyz.Frame
	for range 60 {
		frames = append(frames, bcc([3][3]float64{}, 0.12, rng))
	}
	r := examine(t, breakStress(frames, scaleBy(160.2176634)))
	find(t, r, Warning, "stress-unit", "in GPa or eV (a virial), positive in tension (likely", "find out which")
	if u := r.Stress[0].Unit; u != "GPa or eV (a virial)" {
		t.Errorf("unit is %q", u)
	}
	nothing(t, r, "stress-unit")
}

// TestStressOfNoUnitIsNotNamed: the diagonal goes with the energies, by a factor that
// is no unit.
func TestStressOfNoUnitIsNotNamed(t *testing.T) {
	r := examine(t, breakStress(elastic(), scaleBy(9)))
	find(t, r, Error, "stress-unit", "in no unit known here", "multiplied by 0.11")
	if s := r.Stress[0]; s.Certainty != Unknown || s.Unit != "" || r.Count(Error) != 1 {
		t.Errorf("stress is %v, want unknown and one error\n%v", s, r)
	}
}

// TestVirialUnderTheKeyOfStress has cells of different volume in it, which tell
// a virial from any unit of stress.
func TestVirialUnderTheKeyOfStress(t *testing.T) {
	frames := breakStress(elastic(), func(f *xyz.Frame, s []float64) { scaleBy(-f.Volume())(f, s) })
	find(t, examine(t, frames), Error, "stress-unit", "eV (a virial), positive in compression", "--virial-key")
	for _, f := range frames {
		s := f.Value("stress")
		f.Set("virial", s)
		f.Info = slices.DeleteFunc(f.Info, func(e xyz.Entry) bool { return e.Key == "stress" })
	}
	r := examine(t, frames)
	nothing(t, r)
	if s := r.Stress[0]; s.Key != "virial" || s.Unit != "eV" || s.Positive != compression || s.Certainty != Certain {
		t.Errorf("virial is %q, %v, want eV, positive in compression", s.Key, s)
	}
	for _, f := range frames {
		v := f.Value("virial").([]float64)
		scaleBy(-1)(f, v)
		f.Set("virial", v)
	}
	find(t, examine(t, frames), Error, "stress-sign", "opposite sign")
}

// TestShearStressIsComparedByItself breaks the shear components only.
func TestShearStressIsComparedByItself(t *testing.T) {
	// In the nine numbers xy is 1 and 3, xz 2 and 6, yz 5 and 7.
	permuted := breakStress(elastic(), func(_ *xyz.Frame, s []float64) {
		yz, xz, xy := s[5], s[2], s[1]
		s[5], s[7], s[2], s[6], s[1], s[3] = xy, xy, yz, yz, xz, xz
	})
	find(t, examine(t, permuted), Error, "stress-order", "xy yz xz, as VASP prints them")

	reversed := breakStress(elastic(), func(_ *xyz.Frame, s []float64) {
		for _, k := range []int{1, 2, 3, 5, 6, 7} {
			s[k] *= -1
		}
	})
	find(t, examine(t, reversed), Error, "stress-shear", "opposite sign of the diagonal")

	// Shear without meaning in frames 3, 5, 7, …, the sheared ones.
	rng := rand.New(rand.NewPCG(1, 2))
	noise := breakStress(elastic(), func(_ *xyz.Frame, s []float64) {
		for _, k := range []int{1, 2, 5} {
			if math.Abs(s[k]) > 1e-6 {
				s[k] *= rng.NormFloat64()
				s[[]int{0, 3, 6, 0, 0, 7}[k]] = s[k]
			}
		}
	})
	f := find(t, examine(t, noise), Error, "stress-shear", "contradicts the energies")
	for _, k := range f.Where[0].Frames {
		if k%2 == 0 {
			t.Errorf("frame %d is blamed for its shear stress and has none: %v", k, f)
		}
	}
}

// TestShearOfEachKindIsCompared has hot cells whose small shears are in another
// order, between strained ones that have them right.
func TestShearOfEachKindIsCompared(t *testing.T) {
	kind := func(frames []*xyz.Frame, name any) []*xyz.Frame {
		for _, f := range frames {
			f.Set("config_type", name)
		}
		return frames
	}
	nothing(t, examine(t, slices.Concat(kind(elastic(), "strained"), kind(hot(40), 300))))
	cold := func() []*xyz.Frame {
		return breakStress(kind(hot(40), 300), func(_ *xyz.Frame, s []float64) {
			yz, xz, xy := s[5], s[2], s[1]
			s[5], s[7], s[2], s[6], s[1], s[3] = xy, xy, yz, yz, xz, xz
		})
	}
	r := examine(t, slices.Concat(kind(elastic(), "strained"), cold()))
	f := find(t, r, Error, "stress-order", "config_type 300 are in the order xy yz xz, as VASP", "those of strained", "frames 26-65", "as xz, xy, yz")
	if r.Count(Error) != 1 {
		t.Errorf("want one error, %v\nfound\n%v", f, r)
	}
	// Of one kind only, it is the file that has the order.
	f = find(t, examine(t, cold()), Error, "stress-order", "in the order xy yz xz")
	if f.Where[0].Frames != nil {
		t.Errorf("want the file as a whole: %v", f)
	}
}

func scaleForces(frames []*xyz.Frame, factor float64) []*xyz.Frame {
	for _, f := range frames {
		forces := f.Column("forces").([][3]float64)
		for i := range forces {
			for k := range 3 {
				forces[i][k] *= factor
			}
		}
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
	}
	return frames
}

func TestForceUnitAndSignAreDetected(t *testing.T) {
	find(t, examine(t, scaleForces(molecules(60), -1)), Warning, "force-unit", "opposite sign", "multiply the forces by -1")
	find(t, examine(t, scaleForces(molecules(60), 0.529177/27.2114)), Warning, "force-unit", "Hartree/Bohr", "51.4")
	// Beside the pair potential forces in eV/Å and energies in Hartree are like many others.
	frames := molecules(60)
	for _, f := range frames {
		f.Set("energy", f.Value("energy").(float64)/27.211386)
	}
	f := find(t, examine(t, frames), Warning, "force-unit", "in eV/Å, energies in Hartree", "or in kcal/mol/Å, energies in eV", "find out which", "multiply the energies by 27.2114, or")
	if strings.HasPrefix(f.Advice, "multiply") {
		t.Errorf("advice for one of several: %v", f)
	}
	// A trajectory: every frame is close to the next, which makes it certain.
	var path []*xyz.Frame
	for n := range 12 {
		f := molecules(1)[0]
		for k := range 3 {
			f.Pos[1][k] *= 1 + 0.02*float64(n)
		}
		spring(f)
		path = append(path, f)
	}
	nothing(t, examine(t, path))
	r := examine(t, scaleForces(path, 0.529177))
	find(t, r, Error, "force-unit", "eV/Bohr", "certain")
	scaleForces(path, 1/0.529177)
	for _, f := range path {
		f.Set("energy", f.Value("energy").(float64)/27.211386)
	}
	find(t, examine(t, path), Error, "force-unit", "in eV/Å, energies in Hartree (certain", "→ multiply the energies by 27.2114")
	for _, f := range path {
		f.Set("energy", f.Value("energy").(float64)*27.211386)
	}
	energy := path[7].Value("energy").(float64)
	path[7].Set("energy", energy+0.1)
	find(t, examine(t, path), Warning, "force-contradiction", "frame 8")
}

// moved returns the frame turned, shifted and with its atoms in another order.
func moved(f *xyz.Frame, rng *rand.Rand) *xyz.Frame {
	turn := rotation(rng)
	out := &xyz.Frame{PBC: f.PBC, Lattice: multiply(f.Lattice, turn), Info: slices.Clone(f.Info)}
	var forces [][3]float64
	for _, i := range rng.Perm(len(f.Species)) {
		x := apply(f.Pos[i], turn)
		out.Pos = append(out.Pos, [3]float64{x[0] + 3, x[1] - 1, x[2] + 0.2})
		out.Species = append(out.Species, f.Species[i])
		forces = append(forces, apply(f.Column("forces").([][3]float64)[i], turn))
	}
	out.SetColumn(xyz.Column{Name: "forces", Data: forces})
	return out
}

func TestCopiesAreFoundInAnyOrderAndOrientation(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	frames := molecules(40)
	f := find(t, examine(t, append(frames, moved(frames[11], rng))), Warning, "duplicate", "frame 12 = frame 41", "frames 12, 41")
	if len(f.Where[0].Frames) != 2 {
		t.Errorf("%v", f)
	}
	// Between two files, and within one of which a part is held back.
	find(t, examine(t, frames, []*xyz.Frame{molecules(41)[40], moved(frames[3], rng)}), Error, "leak",
		"1 structure of file2.xyz in file1.xyz too", "file1.xyz frame 4 = file2.xyz frame 2")
	s, err := Read(write(t, "all.xyz", append(frames, moved(frames[11], rng))), xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	s.Held = []int{2, 40}
	find(t, mustExamine(t, s), Error, "leak", "all.xyz (held back) in", "frames 12, 41")
	// The same structure with another energy is worse than a copy.
	other := moved(frames[11], rng)
	other.Set("energy", other.Value("energy").(float64)+0.3)
	find(t, examine(t, append(frames, other)), Error, "contradiction", "frames 12, 41", "different labels: energies")
	// Crystals: a turned cell is told from the same cell.
	cells := elastic()
	r := examine(t, append(cells, moved(cells[4], rng), cells[6]))
	find(t, r, Note, "duplicate", "turned or mirrored", "frames 5, 26")
	find(t, r, Warning, "duplicate", "frames 7, 27")
}

// TestFragmentsApartAreNoCopies: two molecules on their way apart are the same within the cutoff
// from some distance on, and yet other structures.
func TestFragmentsApartAreNoCopies(t *testing.T) {
	for _, pbc := range [][3]bool{{}, {true, true, true}} {
		var frames []*xyz.Frame
		water := molecules(1)[0]
		for n := range 12 {
			x := 7 + 0.25*float64(n)
			f := &xyz.Frame{PBC: pbc, Lattice: [3][3]float64{{25, 0, 0}, {0, 25, 0}, {0, 0, 25}}}
			forces := make([][3]float64, 2*len(water.Pos))
			for m := range 2 {
				f.Species = append(f.Species, water.Species...)
				for _, p := range water.Pos {
					f.Pos = append(f.Pos, [3]float64{p[0] + float64(m)*x, p[1], p[2]})
				}
			}
			f.Set("energy", -4160-30/x)
			f.SetColumn(xyz.Column{Name: "forces", Data: forces})
			frames = append(frames, f)
		}
		for _, f := range examine(t, frames[:6], frames[6:]).Findings {
			switch f.Kind {
			case "contradiction", "duplicate", "leak", "near-leak", "near-duplicate":
				t.Errorf("periodic %v: %v", pbc, f)
			}
		}
		again := frames[3]
		find(t, examine(t, append(frames, again)), Warning, "duplicate", "frames 4, 13")
	}
}

func TestNeighboursInATrajectoryAreNearCopies(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	var near []*xyz.Frame
	frames := molecules(40)
	for _, k := range []int{5, 6, 7} {
		f := &xyz.Frame{Species: frames[k].Species, Pos: slices.Clone(frames[k].Pos)}
		for i := range f.Pos {
			f.Pos[i][0] += 0.01 * rng.NormFloat64()
		}
		spring(f)
		near = append(near, f)
	}
	find(t, examine(t, frames, near), Warning, "near-leak", "3 frames of file2.xyz (100 %)")
}

func TestImplausibleGeometryIsNamed(t *testing.T) {
	frames := molecules(30)
	frames[4].Pos[1] = [3]float64{0.3, 0, 0} // O–H of 0.3 Å
	frames[6].Pos[2] = [3]float64{9, 0, 0}   // a lone H
	frames[9].Pos[2] = frames[9].Pos[1]
	for _, k := range []int{4, 6} {
		spring(frames[k])
	}
	r := examine(t, frames)
	find(t, r, Error, "close-atoms", "H–O at 0.300 Å (file1.xyz, frame 5, atoms 1 and 2)")
	find(t, r, Warning, "no-neighbor", "first atom 3 of frame 7")
	find(t, r, Error, "no-graph", "frame 10", "atoms coincide")
	for _, d := range r.Shortest {
		if d.Elements == [2]string{"H", "O"} && (d.Frame != 5 || math.Abs(d.Distance-0.3) > 1e-9) {
			t.Errorf("shortest H–O is %+v, want 0.3 Å in frame 5", d)
		}
	}
}

func TestOutliersAreNamed(t *testing.T) {
	frames := molecules(60)
	frames[13].Set("energy", -2080+30.)
	forces := frames[20].Column("forces").([][3]float64)
	for k := range 3 { // a collision: it sums to zero and does not turn the molecule
		d := frames[20].Pos[1][k] - frames[20].Pos[0][k]
		forces[0][k] -= 900 * d
		forces[1][k] += 900 * d
	}
	forces[0][0] += 1e-9
	r := examine(t, frames)
	find(t, r, Warning, "energy-outlier", "frame 14")
	find(t, r, Warning, "force-outlier", "frame 21")
	if r.Forces.Frame != 21 || r.Forces.Largest < 500 {
		t.Errorf("largest force %+v, want above 500 eV/Å in frame 21", r.Forces)
	}

	frames = molecules(60)
	forces = frames[2].Column("forces").([][3]float64)
	forces[0][1] += 0.1
	frames[3].SetColumn(xyz.Column{Name: "forces", Data: frames[8].Column("forces")}) // of another orientation
	forces = frames[5].Column("forces").([][3]float64)
	forces[1], forces[2] = [3]float64{}, [3]float64{}
	r = examine(t, frames)
	find(t, r, Warning, "net-force", "frames 3, 6")
	find(t, r, Warning, "torque", "frame 4")
	find(t, r, Warning, "frozen-atoms", "frame 6")
}

// TestOutliersAreThoseOfTheirKind has water and, under another config_type,
// water stretched to pieces: no outliers but for one of the first kind.
func TestOutliersAreThoseOfTheirKind(t *testing.T) {
	frames := molecules(100)
	for k, f := range frames {
		f.Set("config_type", 300)
		if k%4 == 0 {
			for a := range 3 {
				f.Pos[1][a] = 1.6*f.Pos[1][a] - 0.6*f.Pos[0][a]
			}
			spring(f)
			f.Set("config_type", "torn")
		}
	}
	nothing(t, examine(t, frames))
	frames[0].Set("config_type", 300)
	r := examine(t, frames)
	find(t, r, Warning, "energy-outlier", "frame 1")
	nothing(t, r, "energy-outlier", "force-outlier")
}

func TestFrameWithoutAtomsIsNamed(t *testing.T) {
	frames := append(molecules(25), &xyz.Frame{})
	frames[25].Set("energy", -1.)
	find(t, examine(t, frames), Error, "no-graph", "frame 26", "without atoms")
}

// TestManyCopiesTakeNoTime: the search is not quadratic in copies.
func TestManyCopiesTakeNoTime(t *testing.T) {
	one := molecules(1)[0]
	var frames []*xyz.Frame
	for range 20000 {
		frames = append(frames, one)
	}
	start := time.Now()
	s := &Set{Name: "copies.xyz", Frames: frames, Labels: make([]xyz.Labels, len(frames))}
	f := find(t, mustExamine(t, s), Warning, "duplicate", "20000 frames")
	// 0.3 s on one core; comparing all pairs takes minutes.
	if d := time.Since(start); d > 20*time.Second || len(f.Where[0].Frames) != len(frames) {
		t.Errorf("%d of 20000 copies in %v", len(f.Where[0].Frames), d)
	}
}

func remove(f *xyz.Frame, key string) {
	f.Info = slices.DeleteFunc(f.Info, func(e xyz.Entry) bool { return e.Key == key })
	f.Columns = slices.DeleteFunc(f.Columns, func(c xyz.Column) bool { return c.Name == key })
}

func TestMissingAndMixedLabelsAreNamed(t *testing.T) {
	frames := molecules(30)
	for _, k := range []int{3, 4, 5} {
		remove(frames[k], "forces")
	}
	for _, k := range []int{7, 9} {
		e := frames[k].Value("energy")
		remove(frames[k], "energy")
		frames[k].Set("dft_energy", e)
	}
	r := examine(t, frames)
	find(t, r, Warning, "missing-label", "3 frames without forces, 27 have it", "frames 4-6")
	find(t, r, Warning, "missing-label", "2 frames without energy", "frames 8, 10")
	find(t, r, Warning, "mixed-keys", `2 frames with energy "dft_energy" in place of "energy"`, "frames 8, 10")

	frames = molecules(30)
	for _, f := range frames {
		forces := f.Column("forces")
		remove(f, "forces")
		f.SetColumn(xyz.Column{Name: "dft_forces", Data: forces})
	}
	r = examine(t, frames)
	find(t, r, Warning, "overlooked-label", `no forces in any frame, but "dft_forces" looks like it`, "--forces-key=dft_forces")
	if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == "missing-label" }) {
		t.Errorf("the forces are overlooked and missing\n%v", r)
	}

	frames, more := molecules(30), molecules(50)[30:]
	for _, f := range more {
		f.Set("REF_energy", f.Value("energy"))
	}
	find(t, examine(t, frames, more), Warning, "mixed-keys", "energy, REF_energy")

	cells := elastic()
	s := cells[3].Value("stress").([]float64)
	s[1] += 0.5 // no longer symmetric
	cells[3].Set("stress", s)
	cells[5].Set("energy", "unknown")
	r = examine(t, cells)
	find(t, r, Error, "unusable-label", "frame 4", "symmetric")
	find(t, r, Error, "unusable-label", "frame 6", "expected a number")
	if r.Files[0].Stresses != len(cells)-1 || r.Files[0].Forces != len(cells) {
		t.Errorf("%+v: a bad stress takes other labels with it", r.Files[0])
	}
}

// TestHugeLabelsAreLeftOut: their squares are infinite, and JSON has no number for that.
func TestHugeLabelsAreLeftOut(t *testing.T) {
	cells := elastic()
	cells[3].Set("energy", -1e308)
	cells[5].Column("forces").([][3]float64)[1][2] = 1e200
	breakStress(cells[7:8], func(_ *xyz.Frame, s []float64) { s[0] = 1e160 })
	r := examine(t, cells)
	find(t, r, Error, "absurd-label", "1 frame with energy beyond 1e+30", "frame 4")
	find(t, r, Error, "absurd-label", "forces", "frame 6")
	find(t, r, Error, "absurd-label", "stress", "frame 8")
	if _, err := json.Marshal(r); err != nil || strings.Contains(r.String(), "Inf") || r.Stress[0].Certainty != Certain {
		t.Errorf("%v\n%v", err, r)
	}
}

func atom(z int, energy float64) *xyz.Frame {
	f := &xyz.Frame{Species: []int{z}, Pos: make([][3]float64, 1)}
	f.Set("energy", energy)
	return f
}

func TestReferenceEnergiesAreChecked(t *testing.T) {
	frames := molecules(30)
	r := examine(t, frames)
	find(t, r, Note, "reference-fit", "determine 1 of 2")
	// Energies of isolated atoms of the same level, -5 eV/atom of cohesion.
	r = examine(t, frames, []*xyz.Frame{atom(1, -13.6), atom(8, -2037.8)})
	nothing(t, r)
	if ref := r.Reference; ref.Source != "isolated atoms" || math.Abs(ref.Mean+5) > 0.5 || ref.Energies["H"] != -13.6 {
		t.Errorf("reference %+v, want isolated atoms and -5 eV/atom", ref)
	} else if want := fmt.Sprintf("%.4f eV/atom ± %.1f meV/atom", ref.Mean, ref.Spread); !strings.Contains(r.String(), want) {
		t.Errorf("want %q in\n%v", want, r)
	}
	// A pseudopotential's oxygen does not belong to all-electron frames.
	find(t, examine(t, frames, []*xyz.Frame{atom(1, -13.6), atom(8, -432.)}), Error, "isolated-atom", "eV/atom")
	find(t, examine(t, frames, []*xyz.Frame{atom(1, -13.6), atom(8, -2037.8)}, []*xyz.Frame{atom(8, -2037.7)}), Error, "isolated-atom", "isolated O from")
	// Two compositions that hardly differ: H20001 is H20000 to the fit.
	r = examine(t, slices.Concat(compositions(60, 59), frames))
	if r.Reference.Rank != 2 || r.Reference.Condition < 1 {
		t.Errorf("reference %+v, want both energies determined", r.Reference)
	}
}

// compositions are chains of hydrogen and oxygen atoms far from each other.
func compositions(h, o int) []*xyz.Frame {
	f := &xyz.Frame{}
	for i := range h + o {
		z := 1
		if i >= h {
			z = 8
		}
		f.Species, f.Pos = append(f.Species, z), append(f.Pos, [3]float64{1.5 * float64(i), 0, 0})
	}
	f.Set("energy", -13.6*float64(h)-2037.8*float64(o))
	f.SetColumn(xyz.Column{Name: "forces", Data: make([][3]float64, h+o)})
	return []*xyz.Frame{f}
}

func TestSinglePrecisionIsNoticed(t *testing.T) {
	frames := molecules(30)
	for _, f := range frames {
		f.Set("energy", float64(float32(f.Value("energy").(float64)-30000)))
	}
	find(t, examine(t, frames), Note, "precision", "steps of 2 meV")
	for _, f := range examine(t, molecules(30)).Findings {
		if f.Kind == "precision" {
			t.Errorf("double precision taken for single: %v", f)
		}
	}
}

func TestRareElementsAndSmallCellsAreNamed(t *testing.T) {
	frames := molecules(80)
	frames[17].Species = []int{8, 9, 1}
	r := examine(t, frames)
	find(t, r, Warning, "rare-element", "only 1 atom of F, in 1 frame of 80", "frame 18")
	r, err := Examine([]*Set{mustRead(t, elastic())}, Options{Cutoff: 6})
	if err != nil {
		t.Fatal(err)
	}
	find(t, r, Note, "thin-cell", "25 frames in cells thinner than the cutoff 6 Å")
	if _, err := Examine(nil, Options{Cutoff: -1}); err == nil || !strings.Contains(err.Error(), "cutoff is -1 Å") {
		t.Errorf("cutoff -1: %v", err)
	}
}

func mustRead(t *testing.T, frames []*xyz.Frame) *Set {
	t.Helper()
	s, err := Read(write(t, "data.xyz", frames), xyz.LabelKeys{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestResultIsTheSameOnAnyThreads compares what is printed.
func TestResultIsTheSameOnAnyThreads(t *testing.T) {
	frames := slices.Concat(elastic(), hot(20))
	var texts []string
	for _, threads := range []int{1, 3} {
		s := mustRead(t, frames)
		s.Name = "data.xyz"
		r, err := Examine([]*Set{s}, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, r.String())
	}
	if texts[0] != texts[1] {
		t.Errorf("1 thread:\n%s3 threads:\n%s", texts[0], texts[1])
	}
}

// TestGeometryOfCells: images count by the nearest, and a tilted cell is as thin as its faces are apart.
func TestGeometryOfCells(t *testing.T) {
	cell := [3][3]float64{{4, 0, 0}, {3, 4, 0}, {0, 0, 9}}
	a := &xyz.Frame{Species: []int{14, 14}, Pos: [][3]float64{{0.1, 0.1, 0.1}, {2, 2, 2}}, Lattice: cell, PBC: [3]bool{true, true, true}}
	b := *a
	b.Pos = [][3]float64{{3.9, 0.1, 0.1}, {5, 6, 2}} // across a face, and the image of where it was
	moves, largest := displacements(a, &b)
	if math.Abs(largest-0.2) > 1e-12 || norm(sub(moves[0], [3]float64{-0.2, 0, 0})) > 1e-12 || norm(moves[1]) > 1e-12 {
		t.Errorf("atoms moved by %v, at most %g Å, want -0.2 Å along x and not at all", moves, largest)
	}
	if w := width(a); math.Abs(w-3.2) > 1e-12 { // 4·4·9/(9·5)
		t.Errorf("width %g Å, want 3.2", w)
	}
}

// TestCollisionAmongFewFrames: forces of atoms pushed into each other need no others to stand out.
func TestCollisionAmongFewFrames(t *testing.T) {
	frames := molecules(4)
	forces := frames[2].Column("forces").([][3]float64)
	forces[0][0] += 60
	forces[1][0] -= 60
	find(t, examine(t, frames), Warning, "force-outlier", "frame 3")
}
