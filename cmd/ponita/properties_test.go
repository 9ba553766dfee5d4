package main

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponita/neighbor"
	"ponita/potential/properties"
	"ponita/xyz"
)

// trainCopper trains a small model, once, on cells of copper with the energies and
// forces of Morse pairs.
func trainCopper(t *testing.T) string {
	t.Helper()
	const cutoff = 4.5
	dir := filepath.Join(filepath.Dir(program), "copper")
	model := filepath.Join(dir, "best.h5")
	if _, err := os.Stat(model); err == nil {
		return model
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var frames []*xyz.Frame
	for range 20 {
		a := 3.1 + 0.9*rng.Float64()
		s, err := properties.Build("fcc", 29, a)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Pos {
			for k := range 3 {
				s.Pos[i][k] += 0.05 * rng.NormFloat64()
			}
		}
		g, err := neighbor.Build(s.Pos, s.Lattice, [3]bool{true, true, true}, cutoff)
		if err != nil {
			t.Fatal(err)
		}
		energy, forces := 0., make([][3]float64, len(s.Pos))
		for i := range s.Pos {
			for _, v := range g.Vec[g.Start[i]:g.Start[i+1]] {
				r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
				x, u := math.Exp(-1.4*(r-2.8)), 1-r*r/(cutoff*cutoff)
				energy += 0.35 * x * (x - 2) * u * u / 2
				for k := range v {
					forces[i][k] += 0.35 * (-2.8*x*(x-1)*u*u - 4*x*(x-2)*u*r/(cutoff*cutoff)) * v[k] / r
				}
			}
		}
		f := &xyz.Frame{Species: s.Species, Pos: s.Pos, Lattice: s.Lattice, PBC: [3]bool{true, true, true}}
		f.Set("energy", energy)
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
		frames = append(frames, f)
	}
	data := filepath.Join(dir, "copper.xyz")
	if err := xyz.WriteFile(data, frames...); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := ponita(t, "train", "--train", data, "--channels=8", "--layers=1", "--hidden=8", "--cutoff=4.5", "--epochs=60",
		"--reference-energies", "Cu=0", "--no-report", "--output", dir); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	return model
}

func TestCrystalPrintsProperties(t *testing.T) {
	model := trainCopper(t)
	out, errs, code := ponita(t, "crystal", model, "--lattice=fcc", "--size=2", "--turns=1", "--json")
	var got struct {
		properties.Crystal
		Turned []properties.Crystal
	}
	if err := json.Unmarshal([]byte(out), &got); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	// Neighbours at 2.62 Å, below the Morse minimum of 2.8 Å as others pull; central
	// forces, so that Cauchy's relation holds as well as the training does.
	_, c12, c44 := properties.Cubic(got.Elastic.Constants)
	if math.Abs(c12-c44) > 0.2*c44 || math.Abs(got.Constant-3.71) > 0.05 || len(got.Turned) != 1 || math.Abs(got.Turned[0].Constant-got.Constant) > 1e-5 || got.Vacancy.Atoms != 32 || len(got.Phonons.Frequencies) != 93 {
		t.Errorf("C12 %g, C44 %g GPa; a %g Å, turned %+v; vacancy of %d atoms", c12, c44, got.Constant, got.Turned, got.Vacancy.Atoms)
	}
	if got.Cohesive == nil || *got.Cohesive != -got.Energy {
		t.Errorf("cohesive energy %v, want %g: the reference energy is 0", got.Cohesive, -got.Energy)
	}
	out, errs, code = ponita(t, "crystal", model, "--lattice=hcp", "--element=Cu", "--size=2", "--turns=1")
	for _, want := range []string{"hcp Cu, 2 atoms", "lattice constant a", "c/a", "C33", "± ", "relaxed, of 16 atoms", "none imaginary", "stable under strain", "over 1 turns"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in\n%s%s", code, want, out, errs)
		}
	}
	got.Elastic.Softest, got.Phonons.Imaginary, got.Cohesive = -1, 3, nil
	var page bytes.Buffer
	if err := printCrystal(&page, &got.Crystal, nil); err != nil || !strings.Contains(page.String(), "UNSTABLE under strain") || !strings.Contains(page.String(), "UNSTABLE: 3 imaginary") ||
		!strings.Contains(page.String(), "no cohesive energy: the model's reference energies are a fit") {
		t.Errorf("an unstable crystal: %v\n%s", err, &page)
	}
}

func TestWrongCrystalIsNamed(t *testing.T) {
	model := trainCopper(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--lattice=cubic"}, `"sc","fcc","bcc","diamond","hcp"`},
		{nil, "--lattice"},
		{[]string{"--lattice=fcc", "--element=Xx"}, `--element "Xx": want the symbol of an element`},
		{[]string{"--lattice=fcc", "--element=Si"}, "element Si, the model knows Cu"},
		{[]string{"--lattice=fcc", "--size=-1"}, "size -1, want 1 or more"},
		{[]string{"--lattice=fcc", "--strain=2"}, "strain 2, want more than 0"},
	} {
		if _, errs, code := ponita(t, append([]string{"crystal", model}, test.args...)...); code == 0 || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit code %d, message\n%swant %q", test.args, code, errs, test.want)
		}
	}
}

// TestProfileOfExpansion pulls a crystal apart from its minimum on; the reference
// is a parabola.
func TestProfileOfExpansion(t *testing.T) {
	model, dir := trainCopper(t), t.TempDir()
	var frames []*xyz.Frame
	for k := range 8 {
		a := 3.75 + 0.03*float64(k)
		s, err := properties.Build("fcc", 29, a)
		if err != nil {
			t.Fatal(err)
		}
		f := &xyz.Frame{Species: s.Species, Pos: s.Pos, Lattice: s.Lattice, PBC: [3]bool{true, true, true}}
		f.Set("a", a)
		f.Set("energy", (a-3.75)*(a-3.75))
		frames = append(frames, f)
	}
	path, picture := filepath.Join(dir, "path.xyz"), filepath.Join(dir, "path.png")
	write := func(frames ...*xyz.Frame) {
		t.Helper()
		if err := xyz.WriteFile(path, frames...); err != nil {
			t.Fatal(err)
		}
	}
	write(frames...)
	out, errs, code := ponita(t, "profile", model, path, "--along=a", "--plot", picture, "--json")
	var p properties.Profile
	if err := json.Unmarshal([]byte(out), &p); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	// 0.21² eV, from the first frame to the last.
	if p.Reference.Lowest != 1 || p.Reference.Highest != 8 || math.Abs(p.Reference.Barrier-44.1) > 1e-6 || p.Coordinate[0] != 3.75 {
		t.Errorf("reference: %+v along %v", p.Reference, p.Coordinate)
	}
	if p.Model.Lowest != 1 || p.Model.Highest != 8 || !(p.Model.Barrier > 100 && p.Model.Barrier < 1000) || p.AtReference != p.Model.Barrier {
		t.Errorf("model: %+v, %g meV at the reference's frames", p.Model, p.AtReference)
	}
	if data, err := os.ReadFile(picture); err != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) {
		t.Errorf("picture: %v", err)
	}
	if out, errs, code = ponita(t, "profile", model, path, "--first"); code != 0 || !strings.Contains(out, "barrier of the reference: 44.10 meV, from frame 1 to frame 8") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}

	wrong := func(want string, args ...string) {
		t.Helper()
		if _, errs, code := ponita(t, append([]string{"profile", model, path}, args...)...); code != exitFailure || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, message\n%swant %q", code, errs, want)
		}
	}
	wrong("frame 1 has no such key", "--along=angle")
	frames[3].Info = frames[3].Info[:1] // no energy
	write(frames...)
	wrong(`7 of 8 frames have the energy "energy": want all, or none`)
	write(frames[0])
	wrong("1 frame, a path has two or more")
	frames[1].Species = []int{29}
	frames[1].Pos = frames[1].Pos[:1]
	write(frames...)
	wrong("frame 2 has other atoms")
	for _, f := range frames[2:] {
		f.Info = nil
	}
	write(frames[2:]...)
	if out, errs, code = ponita(t, "profile", model, path); code != 0 || strings.Contains(out, "reference") {
		t.Errorf("a path without energies: exit code %d\n%s%s", code, out, errs)
	}
}
