package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ponita/potential"
	"ponita/potential/potentialtest"
)

var (
	work  string // a folder for what the tests build
	build = sync.OnceValue(buildLibrary)
)

func TestMain(m *testing.M) {
	var err error
	if work, err = os.MkdirTemp("", "ponita-cgo"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(work)
	os.Exit(code)
}

// buildLibrary builds the library as the Makefile does.
func buildLibrary() error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	cmd := exec.Command("make", "-C", filepath.Dir(here), "--no-print-directory", "lib", "BIN="+work)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// language is how a program is compiled.
type language struct{ name, compiler, standard, kind string }

var (
	c99  = language{"C99", "gcc", "-std=gnu99", "c"}
	cpp  = language{"C++", "g++", "-std=gnu++11", "c++"}
	both = []language{c99, cpp}
)

// compile builds a program of ctest.
func compile(t *testing.T, name string, l language) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath(l.compiler); err != nil {
		t.Skip(err)
	}
	out := filepath.Join(work, name+"-"+l.kind)
	args := []string{l.standard, "-x", l.kind, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-I" + work, "ctest/" + name + ".c", "-x", "none"}
	if name == "hostile" { // loads the library itself
		args = append(args, "-ldl")
	} else {
		args = append(args, "-L"+work, "-lponita", "-Wl,-rpath,"+work, "-pthread")
	}
	args = append(args, "-lm", "-o", out)
	if text, err := exec.Command(l.compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", l.compiler, strings.Join(args, " "), err, text)
	}
	return out
}

// run runs a program and returns what it prints.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	t.Logf("%s", out)
	return string(out)
}

// modelFile writes a small untrained model and returns its path.
var modelFile = sync.OnceValue(func() string {
	m := smallModel()
	var file bytes.Buffer
	if err := m.Encode(&file, nil); err != nil {
		panic(err)
	}
	path := filepath.Join(work, "small.h5")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		panic(err)
	}
	return path
})

func smallModel() *potential.Model {
	c := potential.Config{Species: []int{1, 8}, Radial: potential.Pairs, Cutoff: 4, Channels: 8, Layers: 2, Hidden: 8, MeanNeighbors: 12}.WithDefaults()
	rng := rand.New(rand.NewPCG(2, 3))
	w := c.Initialize(rng)
	for k := range w {
		w[k] += 0.1 * rng.NormFloat64()
	}
	embedded := potential.NewEmbeddedAtom(2)
	for _, a := range embedded.Coefficients() {
		*a = rng.Float64() - 0.2
	}
	return &potential.Model{
		Config: c, ReferenceEnergies: []float64{-13.6, -430}, Scale: []float64{0.7, 1.1},
		Repulsion: potential.NewRepulsion(c.Species, [][]float64{{1.4, 0.9}, {0.9, 2}}, c.Cutoff), Weights: w, Embedded: embedded,
		Binding:    potential.Binding{Energy: []float64{-2.1, -3.4}, Company: []float64{2.5, 4}}, // some of the atoms lack company
		Provenance: potential.Provenance{Version: "test", Created: "2026-01-01T00:00:00Z"},
	}
}

func TestHeaderCompilesAsC99(t *testing.T) {
	for _, l := range []language{{"C99", "gcc", "-std=c99", "c"}, {"C++", "g++", "-std=c++11", "c++"}} {
		cmd := exec.Command(l.compiler, l.standard, "-x", l.kind, "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "ponita.h")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", l.name, err, out)
		}
	}
}

// TestThreadLocalStorageIsSmall: programs keep little for libraries that they load later, and
// Go's take all of theirs from it.
func TestThreadLocalStorageIsSmall(t *testing.T) {
	if err := build(); err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(filepath.Join(work, "libponita.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_TLS && p.Memsz > 64 {
			t.Errorf("%d bytes", p.Memsz)
		}
	}
}

// TestExamples runs the programs that document the interface.
func TestExamples(t *testing.T) {
	for _, name := range []string{"whole", "bytes", "staged", "errors", "forked", "threads"} {
		for _, l := range both {
			t.Run(name+" "+l.name, func(t *testing.T) {
				t.Parallel()
				run(t, compile(t, name, l), modelFile())
			})
		}
	}
}

// TestReadmeProgramRuns copies the program and the command of the README into an
// empty folder.
func TestReadmeProgramRuns(t *testing.T) {
	if err := build(); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile("(?s)```c\n(.*?)```\n\n    cc (.*?)\n").FindSubmatch(readme)
	if parts == nil {
		t.Fatal("no program in C and command in the README")
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	err = errors.Join(os.Symlink(work, in("bin")), os.Symlink(modelFile(), in("model.h5")), os.WriteFile(in("water.c"), parts[1], 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range both {
		cmd := exec.Command("sh", "-c", strings.Join([]string{l.compiler, l.standard, "-x", l.kind, "-Wall -Wextra -Werror -Wshadow", string(parts[2])}, " "))
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "eV, ") {
			t.Errorf("%s: %v\n%s", l.name, err, out)
		}
	}
}

// TestEveryFunctionHasAnExample, and nothing else is exported.
func TestEveryFunctionHasAnExample(t *testing.T) {
	if err := build(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("nm", "-D", "--defined-only", filepath.Join(work, "libponita.so")).Output()
	if err != nil {
		t.Skip("no nm: ", err)
	}
	header, err := os.ReadFile("ponita.h")
	if err != nil {
		t.Fatal(err)
	}
	var examples string
	for _, name := range []string{"whole", "bytes", "staged", "errors"} {
		text, err := os.ReadFile(filepath.Join("ctest", name+".c"))
		if err != nil {
			t.Fatal(err)
		}
		examples += string(text)
	}
	var exported []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		exported = append(exported, f[len(f)-1])
	}
	var declared []string
	for _, f := range regexp.MustCompile(`(?m)^(?:int|void|const char \*) ?(ponita_\w+)\(`).FindAllStringSubmatch(string(header), -1) {
		declared = append(declared, f[1])
		if !strings.Contains(examples, f[1]+"(") {
			t.Errorf("%s is in no example", f[1])
		}
	}
	slices.Sort(declared)
	slices.Sort(exported)
	if !slices.Equal(exported, declared) {
		t.Errorf("exported are %v, declared are %v", exported, declared)
	}
}

// TestHostileHost: traps, flushed subnormals and another rounding in the host
// change no result, to the last bit, and stay as they are; so do its handlers.
func TestHostileHost(t *testing.T) {
	for _, l := range both {
		program, library := compile(t, "hostile", l), filepath.Join(work, "libponita.so")
		plain := run(t, program, modelFile(), library, "plain")
		if trapped := run(t, program, modelFile(), library, "trapped"); trapped != plain {
			t.Errorf("%s: energy %s, in a plain host %s", l.name, trapped, plain)
		}
	}
}

// TestMemoryStaysFlat in ten thousand calls of either kind.
func TestMemoryStaysFlat(t *testing.T) {
	calls := "10000"
	if testing.Short() {
		calls = "2000"
	}
	run(t, compile(t, "soak", c99), modelFile(), calls)
}

// TestMalformedArguments calls all functions with structs, sizes, counts,
// pointers and handles that are wrong.
func TestMalformedArguments(t *testing.T) {
	program := compile(t, "fuzz", c99)
	seeds, calls := 4, "5000"
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		run(t, program, modelFile(), fmt.Sprint(seed+1), calls)
	}
}

// TestPhysicsThroughC is the physics of every potential, on the far side of the
// interface.
func TestPhysicsThroughC(t *testing.T) {
	m := smallModel()
	cmd := exec.Command(compile(t, "serve", c99), modelFile())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	potentialtest.Run(t, potentialtest.Potential{
		New: func(species []int, pbc [3]bool) (potentialtest.Calculator, error) {
			return &served{in, out, species, pbc}, nil
		},
		Species: m.Config.Species, Cutoff: m.Config.Cutoff,
		Isolated: func(z int) float64 { return m.ReferenceEnergies[slices.Index(m.Config.Species, z)] },
	})
	t.Run("MatchesCalculator", func(t *testing.T) { matches(t, m, &served{in, out, []int{8, 1, 1}, [3]bool{true, true, false}}) })
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// matches compares with the calculator of Go, to the last bit.
func matches(t *testing.T, m *potential.Model, s *served) {
	pos := [][3]float64{{0, 0, 0}, {0.97, 0, 0}, {-0.2, 0.9, 1}}
	lattice := [3][3]float64{{3, 0, 0}, {0.4, 3.3, 0}, {0, 0, 9}}
	calc, err := m.Calculator(s.species, s.pbc, potential.DoublePrecision())
	if err != nil {
		t.Fatal(err)
	}
	got, want := make([][3]float64, 3), make([][3]float64, 3)
	var w, v [3][3]float64
	e, err := s.Compute(pos, lattice, got, &w)
	if err != nil {
		t.Fatal(err)
	}
	energy, err := calc.Compute(pos, lattice, want, &v)
	if err != nil {
		t.Fatal(err)
	}
	if e != energy || !slices.Equal(got, want) || w != v {
		t.Errorf("energy %.17g eV, in Go %.17g", e, energy)
	}
}

// served is a calculator in another process.
type served struct {
	in      io.Writer
	out     io.Reader
	species []int
	pbc     [3]bool
}

func (s *served) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	head := [4]int32{int32(len(pos))}
	for k, p := range s.pbc {
		if p {
			head[k+1] = 1
		}
	}
	numbers := make([]int32, len(pos))
	for i, z := range s.species {
		numbers[i] = int32(z)
	}
	var request bytes.Buffer
	for _, part := range []any{head, numbers, lattice, pos} {
		if err := binary.Write(&request, binary.NativeEndian, part); err != nil {
			return 0, err
		}
	}
	if _, err := s.in.Write(request.Bytes()); err != nil {
		return 0, err
	}
	var answer struct {
		Status, Nothing int32
		Energy          float64
		Virial          [6]float64
	}
	if err := binary.Read(s.out, binary.NativeEndian, &answer); err != nil {
		return math.NaN(), err
	}
	if err := binary.Read(s.out, binary.NativeEndian, forces); err != nil {
		return math.NaN(), err
	}
	for k, ab := range [6][2]int{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}} {
		virial[ab[0]][ab[1]], virial[ab[1]][ab[0]] = answer.Virial[k], answer.Virial[k]
	}
	if answer.Status != 0 {
		return math.NaN(), fmt.Errorf("status %d", answer.Status)
	}
	return answer.Energy, nil
}
