//go:build measure

package lammps_test

import (
	"bytes"
	"fmt"
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
	s := system{name: "silicon", processors: "* * *", elements: []int{14}}
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
					s.pos, s.species = append(s.pos, p), append(s.species, 14)
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
// calculator of Go on one thread. All are started once and then take turns of
// few steps, the others stopped: other work on the machine comes and goes, and
// what is compared should meet the same of it. Run it with -tags measure -v
// -timeout 1h, and -run Overhead/channels=32 for one of the networks.
func TestMeasureOverhead(t *testing.T) {
	need(t)
	for _, channels := range []int{32, 64} {
		t.Run(fmt.Sprintf("channels=%d", channels), func(t *testing.T) {
			if err := write(untrained(channels), "si.h5"); err != nil {
				t.Fatal(err)
			}
			measureOverhead(t, filepath.Join(work, "si.h5"))
		})
	}
	t.Run("si.h5", func(t *testing.T) {
		path, err := filepath.Abs("../../potential/pretrained/si.h5")
		if err != nil {
			t.Fatal(err)
		}
		measureOverhead(t, path)
	})
}

// untrained is a network of three layers for the environment of silicon.
func untrained(channels int) *potential.Model {
	c := potential.Config{
		Species: []int{14}, Cutoff: 5, MeanNeighbors: 28, Channels: channels, Activation: potential.Quadratic, Grid: potential.Icosahedral32(),
	}.WithDefaults()
	return &potential.Model{
		Config: c, ReferenceEnergies: []float64{0}, Scale: []float64{1},
		Weights: c.Initialize(rand.New(rand.NewPCG(1, 1))),
	}
}

// measureOverhead takes a model of silicon.
func measureOverhead(t *testing.T, path string) {
	m, err := potential.Load(path)
	if err != nil {
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
	const few = 5 // steps of a turn
	alone := func() float64 {
		start := processor()
		for k := range few {
			s.pos[0][0] += 1e-4 * float64(k%2*2-1)
			if _, err := calc.Compute(s.pos, s.lattice, forces, &w); err != nil {
				t.Fatal(err)
			}
		}
		return (processor() - start) / few
	}
	alone()
	run := func(ranks, threads int) *job {
		return launch(t, ranks, fmt.Sprintf("units metal\natom_style atomic\nread_data %s\npair_style ponita threads %d\npair_coeff * * %s Si\nneighbor 1.0 bin\nfix 1 all nve\ntimestep 1e-6\nthermo_style custom step cpu\nthermo 1\nthermo_modify flush yes format float %%.6f\nrun 1000000\n", data, threads, path))
	}
	one, another, two, threads := run(0, 1), run(0, 1), run(2, 1), run(0, 2)
	var overhead, speedup, ceiling, threaded, ones, twos []float64
	for round := range 41 {
		a, used := alone(), one.processor(t)
		l1 := take(t, few, one)
		used = one.processor(t) - used
		l2 := take(t, few, two)
		lc := take(t, few, one, another)
		lt := take(t, few, threads)
		if round == 0 {
			continue // what starts up
		}
		overhead = append(overhead, used/l1.steps/a-1)
		speedup, ceiling, threaded = append(speedup, l1.each/l2.each), append(ceiling, 2*l1.each/lc.each), append(threaded, l1.each/lt.each)
		ones, twos = append(ones, 1e3*l1.each), append(twos, 1e3*l2.each)
	}
	median := func(what string, x []float64) {
		slices.Sort(x)
		n := len(x)
		t.Logf("%s: %.3g (median of %d; quartiles %.3g and %.3g)", what, x[n/2], n, x[n/4], x[3*n/4])
	}
	median("one rank, ms a step", ones)
	median("two ranks, ms a step", twos)
	median("processor time of one rank over the calculator's", overhead)
	median("two ranks over one", speedup)
	median("two threads over one", threaded)
	median("two runs at once, which exchange nothing, over one", ceiling)
}

// job is LAMMPS with thermo at every step, stopped.
type job struct {
	log       string
	processes []int // mpirun and its ranks
}

// launch starts LAMMPS, and stops it at its first step.
func launch(t *testing.T, ranks int, script string) *job {
	cmd := command(t, ranks, script)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	j := &job{log: filepath.Join(cmd.Dir, "log.lammps"), processes: []int{cmd.Process.Pid}}
	t.Cleanup(func() {
		j.signal(syscall.SIGKILL)
		cmd.Wait()
	})
	for deadline := time.Now().Add(time.Minute); len(j.times(t)) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: no first step in a minute", j.log)
		}
	}
	// Processes that this one has started.
	for k := 0; k < len(j.processes); k++ {
		children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", j.processes[k]))
		for _, name := range children {
			list, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			for _, f := range strings.Fields(string(list)) {
				j.processes = append(j.processes, int(numbers(t, []string{f})[0]))
			}
		}
	}
	j.signal(syscall.SIGSTOP)
	return j
}

func (j *job) signal(s syscall.Signal) {
	for _, pid := range j.processes {
		syscall.Kill(pid, s)
	}
}

// times are those at which LAMMPS ended its steps, s, by its own clock.
func (j *job) times(t *testing.T) []float64 {
	text, _ := os.ReadFile(j.log)
	text = text[:bytes.LastIndexByte(text, '\n')+1] // whole lines
	_, text, _ = bytes.Cut(text, []byte("Step"))
	_, text, _ = bytes.Cut(text, []byte("\n"))
	var times []float64
	for k, f := range strings.Fields(string(text)) {
		if k%2 == 1 { // behind the step
			times = append(times, numbers(t, []string{f})[0])
		}
	}
	return times
}

// processor is the time in seconds that a job of one process has used.
func (j *job) processor(t *testing.T) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", j.processes[0]))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ")
	user := numbers(t, strings.Fields(after)[11:13])
	return (user[0] + user[1]) / 100
}

// turn is what jobs have done in a turn: seconds for a step, and the steps from
// SIGCONT to SIGSTOP.
type turn struct{ each, steps float64 }

// take lets jobs run at once until all have done n steps after one that was under
// way. It looks seldom: reading their logs takes time of the cores that they use.
func take(t *testing.T, n int, jobs ...*job) turn {
	before := make([]int, len(jobs))
	for k, j := range jobs {
		before[k] = len(j.times(t))
		j.signal(syscall.SIGCONT)
	}
	for k, j := range jobs {
		for len(j.times(t)) <= before[k]+n {
			time.Sleep(50 * time.Millisecond)
		}
	}
	for _, j := range jobs {
		j.signal(syscall.SIGSTOP)
	}
	var r turn
	for k, j := range jobs {
		times := j.times(t)
		r.each += (times[before[k]+n] - times[before[k]]) / float64(n) / float64(len(jobs))
		r.steps += float64(len(times)-before[k]) / float64(len(jobs))
	}
	return r
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
