package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ponita/potential"
)

// asProgram makes this test binary the program, so that tests see exit codes,
// signals and files as users do.
const asProgram = "MDRUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// mdrun runs the program in a directory and returns its exit code and output.
func mdrun(t *testing.T, directory string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd := command(directory, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return code, out.String(), complaints.String()
}

func command(directory string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = directory
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// mustRun runs the program, which should succeed.
func mustRun(t *testing.T, directory string, args ...string) string {
	t.Helper()
	code, stdout, stderr := mdrun(t, directory, args...)
	if code != 0 {
		t.Fatalf("mdrun %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

// workplace returns a directory with a model of H, C and O that knows nothing of
// chemistry, the molecule of the demonstration, and a crystal of two atoms.
func workplace(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	writeModel(t, directory, []float64{-13, -1030, -2040}, 1, 0)
	write(t, directory, "molecule.xyz", string(demoStructure))
	write(t, directory, "crystal.xyz", `2
Lattice="3.6 0 0 0 3.6 0 0 0 3.6" Properties=species:S:1:pos:R:3:masses:R:1 pbc="T T T"
C 0 0 0 13.003
O 1.8 1.7 1.9 15.999
`)
	return directory
}

// writeModel writes a model with energies of isolated atoms and a scale of its
// interaction, in eV, that repels atoms closer than a distance in Å.
func writeModel(t *testing.T, directory string, reference []float64, scale, closest float64) {
	t.Helper()
	config := potential.Config{
		Species: []int{1, 6, 8}, Cutoff: 5, Layers: 2, Channels: 8, MeanNeighbors: 10,
	}.WithDefaults()
	rng := rand.New(rand.NewPCG(1, 2))
	weights := config.Initialize(rng)
	for _, tensor := range config.Layout().Tensors {
		if tensor.Role == potential.OutputLike {
			for k := range tensor.Len() {
				weights[tensor.Offset+k] = 0.1 * rng.NormFloat64()
			}
		}
	}
	row := []float64{closest, closest, closest}
	model := &potential.Model{
		Config: config, Weights: weights, Repulsion: potential.NewRepulsion(config.Species, [][]float64{row, row, row}, config.Cutoff),
		ReferenceEnergies: reference, Scale: []float64{scale, scale, scale},
	}
	var file bytes.Buffer
	if err := model.Encode(&file, nil); err != nil {
		t.Fatal(err)
	}
	write(t, directory, "model.h5", file.String())
}

func write(t *testing.T, directory, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, directory, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// short are the flags of a run that is over at once.
func short(structure string, more ...string) []string {
	return append([]string{
		"--model=model.h5", "--structure=" + structure, "--prefix=md", "--no-plot",
		"--thermo-every=5", "--trajectory-every=10", "--timestep=0.1",
	}, more...)
}

func steps(n int) string { return fmt.Sprintf("--steps=%d", n) }
