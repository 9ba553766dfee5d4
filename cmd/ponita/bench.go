package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ponita/integrator"
	"ponita/internal/version"
	"ponita/potential"
	"ponita/xyz"
)

type benchCommand struct {
	Model     string `arg:"" optional:"" type:"existingfile" help:"Model file; without one, an untrained model of the sizes below on a silicon crystal."`
	Structure string `arg:"" optional:"" type:"existingfile" help:"Extended XYZ file; its last frame is used."`
	Repeat    []int  `default:"1,1,1" help:"Copies of a periodic cell along a, b, c."`

	Channels int     `default:"32" help:"Untrained model: channels C."`
	Layers   int     `default:"2" help:"Untrained model: layers T."`
	Degree   int     `default:"2" help:"Untrained model: degree of the spatial kernel L."`
	Widening int     `default:"4" help:"Untrained model: hidden width of a block over C."`
	Grid     string  `default:"icosahedron12" help:"Untrained model: orientations."`
	Cutoff   float64 `default:"5" help:"Untrained model: cutoff radius, Å."`
	Atoms    int     `default:"512" help:"Untrained model: at least so many atoms of silicon."`

	Shuffle bool `help:"Number the atoms at random, as after long diffusion."`

	Precision string        `default:"float32" enum:"float32,float64" help:"Precision of features and matrix products."`
	Threads   []int         `help:"Numbers of threads; default one, and all cores."`
	Duration  time.Duration `default:"3s" help:"How long to measure each number of threads."`
	Seed      uint64        `default:"1" help:"Seed of velocities and of untrained weights."`
	JSON      bool          `help:"Print JSON."`
}

// benchResult is what is printed.
type benchResult struct {
	Version    string        `json:"version"`
	Model      string        `json:"model"`
	Kernel     string        `json:"kernel"`
	Precision  string        `json:"precision"`
	Network    string        `json:"network"`
	Structure  string        `json:"structure"`
	Atoms      int           `json:"atoms"`
	Neighbours float64       `json:"neighbours_per_atom"`
	Intervals  int           `json:"spline_intervals"`
	Spline     float64       `json:"spline_relative_error"`
	Slope      float64       `json:"spline_slope_relative_error"`
	Memory     float64       `json:"memory_bytes_per_atom"`
	Products   float64       `json:"matrix_products_gflops"`
	Runs       []benchThread `json:"runs"`
}

// benchThread is the result for one number of threads. Phases are sums over
// threads, per atom and step.
type benchThread struct {
	Threads int                `json:"threads"`
	Steps   int                `json:"steps"`
	Time    float64            `json:"us_per_atom_step"`
	Phases  map[string]float64 `json:"phases_us"`
}

func (c *benchCommand) Help() string {
	return "Measures whole steps of dynamics, lists, forces and virial included: at constant energy from 300 K for a\n" +
		"model file, for an untrained model on a crystal whose atoms swing by 0.1 Å about their places.\n" +
		"Times are wall time; on a machine that others use, compare ratios."
}

func (c *benchCommand) Run() error {
	if err := checkDuration(c.Duration); err != nil {
		return err
	}
	for k, n := range c.Threads {
		if n < 0 {
			return fmt.Errorf("threads is %d, want 1 or more, or 0 for all cores", n)
		}
		if n == 0 {
			c.Threads[k] = runtime.GOMAXPROCS(0)
		}
	}
	m, sys, err := c.system()
	if err != nil {
		return err
	}
	if c.Shuffle {
		sys.shuffle(rand.New(rand.NewPCG(c.Seed, 3)))
	}
	threads := c.Threads
	if len(threads) == 0 {
		threads = []int{1}
		if n := runtime.GOMAXPROCS(0); n > 1 {
			threads = append(threads, n)
		}
	}
	r := benchResult{
		Version: version.String(), Model: c.Model, Precision: c.Precision, Structure: sys.name, Atoms: len(sys.species),
		Network: describe(m.Config),
	}
	if c.Model == "" {
		r.Model = "untrained"
	}
	for _, n := range threads {
		run, err := c.measure(m, sys, n, &r)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, run)
	}
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	return r.print()
}

func checkDuration(d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("duration is %v, want more than nothing", d)
	}
	return nil
}

// describe names the sizes of a network.
func describe(c potential.Config) string {
	return fmt.Sprintf("%s, %d layers, %d channels, %d orientations, degree %d, cutoff %g Å",
		c.Kernel, c.Layers, c.Channels, len(c.Grid.Orientations), c.Degree, c.Cutoff)
}

// measure runs steps with so many threads, and notes in r what does not depend
// on them.
func (c *benchCommand) measure(m *potential.Model, sys *benchSystem, threads int, r *benchResult) (benchThread, error) {
	options := []potential.Option{potential.Threads(threads)}
	if c.Precision == "float64" {
		options = append(options, potential.DoublePrecision())
	}
	calc, err := m.Calculator(sys.species, sys.pbc, options...)
	if err != nil {
		return benchThread{}, err
	}
	step, err := c.stepper(calc, sys)
	if err != nil {
		return benchThread{}, err
	}
	for range 3 { // memory grows, caches fill
		if err := step(); err != nil {
			return benchThread{}, err
		}
	}
	calc.Profile(true)
	run := benchThread{Threads: threads, Phases: map[string]float64{}}
	began := time.Now()
	for time.Since(began) < c.Duration {
		if err := step(); err != nil {
			return benchThread{}, err
		}
		run.Steps++
	}
	perAtomStep := 1e6 / float64(run.Steps*len(sys.species))
	run.Time = time.Since(began).Seconds() * perAtomStep
	for p, spent := range calc.Spent() {
		run.Phases[potential.Phase(p).String()] = spent.Seconds() * perAtomStep
	}
	r.Kernel = calc.KernelName()
	r.Spline, r.Intervals = calc.SplineError()
	r.Slope = calc.SplineSlopeError()
	r.Memory = float64(calc.Memory()) / float64(len(sys.species))
	r.Neighbours = calc.MeanNeighbors()
	if r.Products == 0 {
		r.Products = calc.ProductRate()
	}
	return run, nil
}

// stepper returns a function that makes one step.
func (c *benchCommand) stepper(calc *potential.Calculator, sys *benchSystem) (func() error, error) {
	rng := rand.New(rand.NewPCG(c.Seed, 2))
	if c.Model == "" {
		return sys.vibration(calc, rng), nil
	}
	masses := integrator.Masses(sys.species)
	state, err := integrator.NewState(calc, slices.Clone(sys.pos), sys.lattice, masses)
	if err != nil {
		return nil, err
	}
	if err := (integrator.Velocities{Temperature: 300}).Draw(state, rng); err != nil {
		return nil, err
	}
	return func() error { return integrator.VelocityVerlet{}.Run(state, calc, 1) }, nil
}

// benchSystem is a structure to measure.
type benchSystem struct {
	name    string
	species []int
	pos     [][3]float64
	lattice [3][3]float64
	pbc     [3]bool
}

// vibration swings every atom about its place, each in its own direction and
// phase: displacements like those in a crystal at 300 K, whatever the forces.
func (s *benchSystem) vibration(calc *potential.Calculator, rng *rand.Rand) func() error {
	swing, phase := make([][3]float64, len(s.pos)), make([]float64, len(s.pos))
	for i := range swing {
		for k := range 3 {
			swing[i][k] = 0.1 * rng.NormFloat64()
		}
		phase[i] = 2 * math.Pi * rng.Float64()
	}
	pos, forces, virial := slices.Clone(s.pos), make([][3]float64, len(s.pos)), [3][3]float64{}
	time := 0.
	return func() error {
		for i, x := range s.pos {
			f := math.Sin(0.05*time + phase[i])
			for k := range x {
				pos[i][k] = x[k] + f*swing[i][k]
			}
		}
		time++
		_, err := calc.Compute(pos, s.lattice, forces, &virial)
		return err
	}
}

// system returns the model and the structure that the command line asks for.
func (c *benchCommand) system() (*potential.Model, *benchSystem, error) {
	if c.Model == "" {
		m, err := c.untrained()
		return m, silicon(c.Atoms), err
	}
	m, err := potential.Load(c.Model)
	if err != nil {
		return nil, nil, err
	}
	if c.Structure == "" {
		return nil, nil, fmt.Errorf("no structure: want ponita bench %s FILE.xyz", c.Model)
	}
	frames, err := xyz.ReadAll(c.Structure)
	if err != nil {
		return nil, nil, err
	}
	f := frames[len(frames)-1]
	if len(c.Repeat) != 3 || slices.Min(c.Repeat) < 1 {
		return nil, nil, fmt.Errorf("repeat = %v, want three numbers of 1 or more", c.Repeat)
	}
	sys := &benchSystem{name: c.Structure, lattice: f.Lattice, pbc: f.PBC}
	for k, n := range c.Repeat {
		if n > 1 && !f.PBC[k] {
			return nil, nil, fmt.Errorf("repeat = %v, but %s is not periodic along all of these", c.Repeat, c.Structure)
		}
	}
	sys.fill(f.Species, f.Pos, c.Repeat)
	return m, sys, nil
}

// shuffle numbers the atoms at random.
func (s *benchSystem) shuffle(rng *rand.Rand) {
	rng.Shuffle(len(s.pos), func(i, j int) {
		s.pos[i], s.pos[j] = s.pos[j], s.pos[i]
		s.species[i], s.species[j] = s.species[j], s.species[i]
	})
	s.name += ", numbered at random"
}

// fill repeats atoms along the cell.
func (s *benchSystem) fill(species []int, pos [][3]float64, repeat []int) {
	cell := s.lattice
	for a := range repeat[0] {
		for b := range repeat[1] {
			for n := range repeat[2] {
				for i, x := range pos {
					for k := range x {
						x[k] += float64(a)*cell[0][k] + float64(b)*cell[1][k] + float64(n)*cell[2][k]
					}
					s.species, s.pos = append(s.species, species[i]), append(s.pos, x)
				}
			}
		}
	}
	for k, n := range repeat {
		for d := range 3 {
			s.lattice[k][d] *= float64(n)
		}
	}
}

// silicon returns a diamond crystal of at least so many atoms, a = 5.43 Å.
func silicon(atoms int) *benchSystem {
	const a = 5.43
	n := max(1, int(math.Ceil(math.Cbrt(float64(atoms)/8)-1e-9)))
	s := &benchSystem{name: "silicon crystal", lattice: [3][3]float64{{a}, {0, a}, {0, 0, a}}, pbc: [3]bool{true, true, true}}
	var species []int
	var pos [][3]float64
	for _, site := range [][3]float64{{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0}, {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}} {
		species = append(species, 14)
		pos = append(pos, [3]float64{site[0] * a / 4, site[1] * a / 4, site[2] * a / 4})
	}
	s.fill(species, pos, []int{n, n, n})
	return s
}

// untrained returns a model for silicon with random weights, the readout too.
func (c *benchCommand) untrained() (*potential.Model, error) {
	// In Config these zeros are defaults, here somebody has typed them.
	if c.Channels == 0 || c.Layers == 0 || c.Degree == 0 || c.Widening == 0 {
		return nil, fmt.Errorf("channels is %d, layers %d, degree %d, widening %d: none may be 0", c.Channels, c.Layers, c.Degree, c.Widening)
	}
	grid, err := potential.FindGrid(c.Grid)
	if err != nil {
		return nil, err
	}
	config := potential.Config{
		Species: []int{14}, Cutoff: c.Cutoff, Channels: c.Channels, Layers: c.Layers, Degree: c.Degree,
		Widening: c.Widening, Grid: grid, Activation: potential.Quadratic, Mixing: potential.Spherical, MeanNeighbors: 28,
	}.WithDefaults()
	if err := config.Validate(); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(c.Seed, 1))
	m := &potential.Model{Config: config, ReferenceEnergies: []float64{0}, Scale: []float64{1}, Weights: config.Initialize(rng)}
	for _, t := range config.Layout().Tensors {
		if t.Role == potential.OutputLike {
			for k := range t.Len() {
				m.Weights[t.Offset+k] = rng.NormFloat64() / math.Sqrt(float64(c.Channels))
			}
		}
	}
	return m, nil
}

func (r *benchResult) print() error {
	fmt.Printf("ponita %s\n%s: %s\n%s kernels, %s; radial splines of %d intervals, relative error %.1e, of slopes %.1e\n",
		r.Version, r.Model, r.Network, r.Kernel, r.Precision, r.Intervals, r.Spline, r.Slope)
	fmt.Printf("%s, %d atoms, %.1f neighbours each; %.1f kB of working memory per atom\n\n", r.Structure, r.Atoms, r.Neighbours, r.Memory/1e3)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "µs per atom and step\t")
	for _, run := range r.Runs {
		fmt.Fprintf(w, "%d thread%s\t", run.Threads, strings.Repeat("s", min(1, run.Threads-1)))
	}
	fmt.Fprintln(w)
	for _, p := range potential.Phases() {
		fmt.Fprintf(w, "%v\t", p)
		for _, run := range r.Runs {
			fmt.Fprintf(w, "%.2f\t", run.Phases[p.String()])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "whole step, wall time\t")
	for _, run := range r.Runs {
		fmt.Fprintf(w, "%.2f\t", run.Time)
	}
	fmt.Fprint(w, "\nspeed-up\t")
	for _, run := range r.Runs {
		fmt.Fprintf(w, "%.2f\t", r.Runs[0].Time/run.Time)
	}
	fmt.Fprintln(w)
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\nphases are summed over threads; matrix products of the blocks: %.0f GFLOP/s on one thread\n", r.Products)
	return nil
}
