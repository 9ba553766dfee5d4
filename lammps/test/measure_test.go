//go:build measure

package lammps_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ponita/potential"
)

// silicon is a crystal of n³ cells, 8n³ atoms, shaken.
func silicon(n int) system {
	const a = 5.431
	s := system{name: "silicon", processors: "* * *"}
	rng := rand.New(rand.NewPCG(1, 2))
	basis := [][3]float64{{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}, {.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}}
	for x := range n {
		for y := range n {
			for z := range n {
				for _, b := range basis {
					p := [3]float64{a * (b[0] + float64(x)), a * (b[1] + float64(y)), a * (b[2] + float64(z))}
					for k := range p {
						p[k] += 0.05 * rng.NormFloat64()
					}
					s.pos, s.species = append(s.pos, p), append(s.species, 8)
				}
			}
		}
	}
	for k := range 3 {
		s.lattice[k][k] = a * float64(n)
	}
	return s
}

// TestMeasureOverhead compares the pair style on one and two ranks with the
// calculator of Go on one thread, in turns: other work on the machine comes and
// goes. Run it with -tags measure -v, and -run Overhead/channels=64 for one of two.
func TestMeasureOverhead(t *testing.T) {
	for _, channels := range []int{32, 64} {
		t.Run(fmt.Sprintf("channels=%d", channels), func(t *testing.T) { measureOverhead(t, channels) })
	}
}

// measureOverhead takes a network of three layers on the environment of silicon. The element
// is oxygen, as the tests' data files have it; the cost does not know.
func measureOverhead(t *testing.T, channels int) {
	need(t)
	c := potential.Config{
		Species: []int{1, 8}, Cutoff: 5, MeanNeighbors: 28, Channels: channels, Activation: potential.Quadratic, Grid: potential.Icosahedral32(),
	}.WithDefaults()
	m := &potential.Model{
		Config: c, ReferenceEnergies: make([]float64, 2), Scale: []float64{1, 1},
		Weights: c.Initialize(rand.New(rand.NewPCG(1, 1))),
	}
	var file bytes.Buffer
	if err := m.Encode(&file, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(work, "si.h5")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	s := silicon(8)
	data := s.write(t)
	calc, err := m.Calculator(s.species, [3]bool{true, true, true}, potential.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	forces := make([][3]float64, len(s.pos))
	var w [3][3]float64
	// Time of the processor, not of the clock, where one process does the work: the
	// machine is shared. Runs of two lengths take the start away.
	const short, long = 2, 12
	timed := 21 * 32 / channels
	alone := func() float64 {
		calc.Compute(s.pos, s.lattice, forces, &w)
		start := processor()
		for k := range long - short {
			s.pos[0][0] += 1e-4 * float64(k%2*2-1)
			if _, err := calc.Compute(s.pos, s.lattice, forces, &w); err != nil {
				t.Fatal(err)
			}
		}
		return (processor() - start) / (long - short)
	}
	script := func(steps, threads int) string {
		return fmt.Sprintf("units metal\natom_style atomic\nread_data %s\nmass 1 1\npair_style ponita threads %d\npair_coeff * * %s H O\nneighbor 1.0 bin\nfix 1 all nve\ntimestep 1e-6\nthermo 1000\nrun %d\n", data, threads, path, steps)
	}
	one := func(steps int) float64 {
		cmd := exec.Command(filepath.Join(work, "lmp_ponita"), "-log", "none", "-screen", "none", "-nocite")
		cmd.Stdin = strings.NewReader(script(steps, 1))
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return cmd.ProcessState.UserTime().Seconds() + cmd.ProcessState.SystemTime().Seconds()
	}
	wall := func(ranks, threads int) (loop float64, split string) {
		out := mustRun(t, ranks, script(timed, threads))
		for line := range strings.Lines(out) {
			f := strings.Fields(line)
			switch {
			case strings.HasPrefix(line, "Loop time"):
				loop = numbers(t, f[3:4])[0] / float64(timed)
			case strings.HasPrefix(line, "Pair  "), strings.HasPrefix(line, "Comm  "):
				split += fmt.Sprintf(" %s %.0f ms", f[0], 1e3*numbers(t, f[4:5])[0]/float64(timed))
			case strings.HasPrefix(line, "Nghost"):
				split += fmt.Sprintf(" %s ghosts", f[1])
			}
		}
		return loop, split
	}
	// Two runs at once that have nothing to do with each other: what this machine gives two cores.
	copies := func() float64 {
		other := make(chan float64, 1)
		go func() {
			defer close(other) // where it fails
			loop, _ := wall(1, 1)
			other <- loop
		}()
		loop, _ := wall(1, 1)
		return (loop + <-other) / 2
	}
	var overhead, speedup, ceiling []float64
	least := [2]float64{math.Inf(1), math.Inf(1)}
	for round := range 9 {
		a := alone()
		p := (one(long) - one(short)) / (long - short)
		b := alone()
		l1, split1 := wall(1, 1)
		l2, split2 := wall(2, 1)
		lc := copies()
		lt, _ := wall(1, 2)
		overhead = append(overhead, 2*p/(a+b)-1)
		speedup, ceiling = append(speedup, l1/l2), append(ceiling, 2*l1/lc)
		least[0], least[1] = min(least[0], l1), min(least[1], l2)
		t.Logf("round %d: processor ms/step alone %.0f %.0f, one rank %.0f; clock ms/step one rank %.0f (%s), two %.0f (%s), two runs at once %.0f, two threads %.0f", round, 1e3*a, 1e3*b, 1e3*p, 1e3*l1, split1, 1e3*l2, split2, 1e3*lc, 1e3*lt)
	}
	spread := func(x []float64, scale float64) string {
		slices.Sort(x)
		return fmt.Sprintf("%.3g (median; %.3g to %.3g)", scale*x[len(x)/2], scale*x[0], scale*x[len(x)-1])
	}
	t.Logf("one rank over the calculator, %%: %s", spread(overhead, 100))
	t.Logf("two ranks over one: %s; the fastest of each, %.0f and %.0f ms/step: %.2f", spread(speedup, 1), 1e3*least[0], 1e3*least[1], least[0]/least[1])
	t.Logf("two runs at once, which exchange nothing, over one: %s", spread(ceiling, 1))
}

// processor is the time in seconds that this process has used.
func processor() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// TestMeasureSoak runs a million steps of a few atoms, with new lists all the
// time, and watches the memory of the process.
func TestMeasureSoak(t *testing.T) {
	need(t)
	s := systems()[2]
	cmd := exec.Command(filepath.Join(work, "lmp_ponita"), "-log", "none", "-nocite")
	cmd.Dir = t.TempDir()
	var out strings.Builder
	cmd.Stdout = &out
	// An untrained network may press atoms together.
	cmd.Stdin = strings.NewReader(strings.Replace(input(t, s, ""), "precision", "rmin_check off precision", 1) + "neigh_modify every 5 delay 0 check no\nvelocity all create 300 7 loop geom\nfix 1 all nve\nfix 2 all langevin 300 300 0.1 9\ntimestep 0.0002\nthermo 100000\nrun 1000000\n")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	var first, last float64
	start := time.Now()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v\n%s", err, tail(out.String()))
			}
			t.Logf("a million steps in %.0f s: %.1f MB resident after a few seconds, %.1f MB at the end", time.Since(start).Seconds(), first, last)
			if last > first+5 {
				t.Errorf("memory grows")
			}
			return
		case <-time.After(5 * time.Second):
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", cmd.Process.Pid))
		if f := strings.Fields(string(data)); err == nil && len(f) > 1 && f[1] != "0" {
			last = numbers(t, f[1:2])[0] * 4096 / 1e6
			if first == 0 {
				first = last
			}
		}
	}
}
