package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"ponita/internal/version"
	"ponita/xyz"
)

// reporter tells the user about a run.
type reporter interface {
	facts(lines [][2]string)
	start(r *simulation)
	row(s sample, p progress)
	note(format string, args ...any)
	end(r *simulation, sum summary)
}

// progress says how far a run is.
type progress struct {
	done  float64       // fraction of the steps
	left  time.Duration // until the end
	drift float64       // meV/atom, of the conserved quantity since step 0
}

func (r *simulation) progress() progress {
	step, total := r.state.Step, r.set.total()
	p := progress{
		done:  float64(step) / float64(max(total, 1)),
		drift: 1e3 * (r.state.Conserved() - r.conserved) / float64(len(r.sys.species)),
	}
	if made := step - r.first; made > 0 {
		perStep := time.Since(r.began).Seconds() / float64(made)
		p.left = time.Duration(perStep * float64(total-step) * 1e9)
	}
	return p
}

// describe lists what a run starts from, as pairs of a name and a text.
func (r *simulation) describe() [][2]string {
	return append(r.describeSystem(), [][2]string{
		{"velocities", r.velocitiesFrom()},
		{"dynamics", r.dynamics()},
		{"seed", r.seed()},
		{"output", r.set.path(".*")},
	}...)
}

// describeSystem lists what is computed and by what.
func (r *simulation) describeSystem() [][2]string {
	lines := [][2]string{
		{"version", fmt.Sprintf("mdrun %s, %s %s/%s", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		{"model", fmt.Sprintf("%s, hash %s", r.set.Model, r.model.Hash())},
		{"kernel", r.kernel()},
		{"elements", elementMap(r.model.Config.Species, r.sys.species)},
	}
	if r.sys.types != "" {
		lines = append(lines, [2]string{"types", r.sys.types})
	}
	return append(lines, [2]string{"system", fmt.Sprintf("%s: %s, %d atoms, %s",
		r.sys.origin, formula(r.sys.species), len(r.sys.species), periodicity(r.sys.pbc))})
}

// kernel describes how the network is evaluated.
func (r *simulation) kernel() string {
	threads := r.set.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	text := fmt.Sprintf("%s, %s, %d thread%s", r.calc.KernelName(), r.set.Precision, threads, strings.Repeat("s", min(threads-1, 1)))
	if relative, intervals := r.calc.SplineError(); intervals > 0 {
		text += fmt.Sprintf("; radial splines of %d intervals, relative error %.0e", intervals, relative)
	}
	if r.from == nil { // a restart has computed nothing yet
		text += fmt.Sprintf("; %.1f kB of working memory per atom", float64(r.calc.Memory())/1e3/float64(len(r.sys.species)))
	}
	return text
}

// elementMap says which species of the model the elements of a system are.
func elementMap(known, species []int) string {
	var list []string
	for k, z := range known {
		n := 0
		for _, s := range species {
			if s == z {
				n++
			}
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("%s is species %d (%d atoms)", xyz.Symbol(z), k+1, n))
		}
	}
	return strings.Join(list, ", ")
}

// files lists the outputs that are there, the directory and the prefix once.
func (r *simulation) files() []string {
	list := []string{r.set.path("")}
	for _, ending := range []string{".thermo.csv", ".traj.xyz", ".final.xyz", ".ckpt", ".effective.toml", ".png", ".crash"} {
		if _, err := os.Stat(r.set.path(ending)); err == nil {
			list = append(list, ending)
		}
	}
	return list
}

func periodicity(pbc [3]bool) string {
	var along []string
	for k, name := range []string{"a", "b", "c"} {
		if pbc[k] {
			along = append(along, name)
		}
	}
	if along == nil {
		return "not periodic"
	}
	return "periodic along " + strings.Join(along, ", ")
}

func (r *simulation) velocitiesFrom() string {
	switch {
	case r.from != nil:
		return fmt.Sprintf("of the checkpoint at step %d", r.first)
	case r.drawn:
		return fmt.Sprintf("drawn at %g K", r.set.Temperature)
	}
	return fmt.Sprintf("of the file, %.1f K", r.state.Temperature())
}

// seed says where random numbers come from: of a restart, not from the settings.
func (r *simulation) seed() string {
	if r.from != nil {
		return "of the checkpoint"
	}
	return fmt.Sprint(r.set.Seed)
}

func (r *simulation) dynamics() string {
	var list []string
	for _, stage := range stages(r.set) {
		list = append(list, fmt.Sprintf("%s to step %d", stage.name, stage.until))
	}
	text := fmt.Sprintf("%s, %g fs a step", strings.Join(list, ", "), r.set.Timestep)
	if r.set.Ensemble != "nve" || r.set.equilibration() > 0 {
		text += fmt.Sprintf(", %g K", r.set.Temperature)
	}
	switch {
	case r.set.Ensemble == "langevin":
		text += fmt.Sprintf(", friction %g/fs", r.set.Friction)
	case r.set.Ensemble != "nve" || r.set.equilibration() > 0:
		text += fmt.Sprintf(", relaxation %g fs", r.set.Relaxation)
	}
	if end := r.set.TemperatureEnd; end != nil {
		text += fmt.Sprintf(" to %g K", *end)
	}
	if p := r.set.Pressure; p != nil {
		text += fmt.Sprintf(", %g GPa on a cell %s", *p, r.set.Cell)
		if len(r.set.FixedAxes) > 0 {
			text += " but for " + strings.Join(r.set.FixedAxes, ", ")
		}
		text += fmt.Sprintf(", relaxation %g fs", r.set.BarostatTime)
	}
	return text
}
