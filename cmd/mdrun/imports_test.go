package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "ponita/"

// allowed lists what the packages of the project may import of each other. The
// longest name that a package starts with is its row; "*" is everything but a
// program.
var allowed = map[string][]string{
	"xyz":                           {"internal/replace"},
	"neighbor":                      {},
	"integrator":                    {"internal/replace"},
	"internal":                      {},
	"internal/ipi":                  {"integrator"},
	"internal/plots":                {"internal/replace"},
	"potential":                     {"internal/parallel", "neighbor", "potential/internal"},
	"potential/internal":            {},
	"potential/internal/kernel":     {"potential/internal/harmonics"},
	"potential/internal/kernel/asm": {"potential/internal/harmonics"},
	"potential/potentialtest":       {},
	"potential/abc":                 {},
	"potential/archive":             {"internal", "potential", "potential/internal/h5"},
	"potential/pretrained":          {"potential"},
	"potential/distill":             {"internal", "potential", "integrator", "xyz"},
	"potential/forensics":           {"internal", "potential", "neighbor", "xyz"},
	"potential/properties":          {"potential", "integrator", "neighbor", "xyz"},
	"potential/report":              {"potential", "potential/train", "integrator", "neighbor", "xyz"},
	"potential/train":               {"internal", "potential", "potential/abc", "potential/archive", "potential/internal/kernel", "neighbor", "xyz"},
	"cmd":                           {"*"},
	"cgo":                           {"*"},
	"lammps":                        {}, // C++, but for its tests
	"lammps/data":                   {"integrator", "xyz"},
	"python":                        {}, // Python, but for its tests
	"tools":                         {"*"},
}

func TestImportsPointOneWay(t *testing.T) {
	for _, p := range list(t, "1", "./...") {
		row, ok := longest(p.ImportPath)
		if !ok {
			t.Errorf("%s is in no row of the table of imports", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			name, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			program := strings.HasPrefix(name, "cmd/") || name == "cgo"
			if program || !slices.ContainsFunc(allowed[row], func(a string) bool {
				return a == "*" || name == a || strings.HasPrefix(name, a+"/") && strings.HasSuffix(a, "internal")
			}) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// longest returns the row of the table for a package.
func longest(path string) (row string, ok bool) {
	name := strings.TrimPrefix(path, module)
	for r := range allowed {
		if (name == r || strings.HasPrefix(name, r+"/")) && len(r) >= len(row) {
			row, ok = r, true
		}
	}
	return row, ok
}

// TestProgramIsOneStaticFile checks what would end that: C, of which HDF5 is
// the only candidate here.
func TestProgramIsOneStaticFile(t *testing.T) {
	for _, p := range list(t, "0", "-deps", "ponita/cmd/mdrun") {
		if strings.Contains(p.ImportPath, "hdf5") || p.ImportPath == module+"potential/archive" || p.ImportPath == "runtime/cgo" {
			t.Errorf("mdrun links %s", p.ImportPath)
		}
	}
}

// TestHeavyLibrariesAreImportedByOneFile keeps pictures and HDF5 where they can
// be replaced.
func TestHeavyLibrariesAreImportedByOneFile(t *testing.T) {
	importers := 0
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		data, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "\"gonum.org/v1/plot\"") {
			importers++
		}
	}
	if importers != 1 {
		t.Errorf("%d files import plot", importers)
	}
}

type listed struct {
	ImportPath string
	Imports    []string
}

// list runs go list from the root of the module, as a build with ("1") or
// without C ("0") sees it.
func list(t *testing.T, cgo string, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports"}, args...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("no packages")
	}
	return packages
}
