package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"ponita/internal/version"
	"ponita/xyz"
)

// reporter tells the user about a run.
type reporter interface {
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
	return [][2]string{
		{"version", fmt.Sprintf("mdrun %s, %s %s/%s", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		{"model", fmt.Sprintf("%s, hash %s", r.set.Model, r.model.Hash())},
		{"kernel", r.calc.KernelName() + ", " + r.set.Precision},
		{"elements", elementMap(r.model.Config.Species, r.sys.species)},
		{"system", fmt.Sprintf("%s: %s, %d atoms, %s", r.sys.origin, formula(r.sys.species), len(r.sys.species), periodicity(r.sys.pbc))},
		{"velocities", r.velocitiesFrom()},
		{"dynamics", r.dynamics()},
		{"seed", fmt.Sprint(r.set.Seed)},
		{"output", r.set.path(".*")},
	}
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
	case r.first > 0:
		return fmt.Sprintf("of the checkpoint at step %d", r.first)
	case r.drawn:
		return fmt.Sprintf("drawn at %g K", r.set.Temperature)
	}
	return fmt.Sprintf("of the file, %.1f K", r.state.Temperature())
}

func (r *simulation) dynamics() string {
	var list []string
	for _, stage := range stages(r.set) {
		list = append(list, fmt.Sprintf("%s to step %d", stage.name, stage.until))
	}
	text := fmt.Sprintf("%s, %g fs a step, %g K", strings.Join(list, ", "), r.set.Timestep, r.set.Temperature)
	if end := r.set.TemperatureEnd; end != nil {
		text += fmt.Sprintf(" to %g K", *end)
	}
	return text
}

// textReport prints tables.
type textReport struct {
	w       io.Writer
	volume  bool // there is a pressure
	printed time.Time
	part    int // the twentieth of the run that was printed last
}

func (t *textReport) start(r *simulation) {
	for _, line := range r.describe() {
		fmt.Fprintf(t.w, "%-11s %s\n", line[0], line[1])
	}
	t.volume = r.sys.periodic()
	t.part = -1
	fmt.Fprintf(t.w, "\n%10s %11s %8s %14s %14s %10s", "step", "time/ps", "T/K", "Epot/eV", "Etot/eV", "drift*")
	if t.volume {
		fmt.Fprintf(t.w, " %8s", "P/GPa")
	}
	fmt.Fprintf(t.w, " %8s %5s %8s\n", "ns/day", "done", "left")
}

// row prints a row for every twentieth of a run and every minute.
func (t *textReport) row(s sample, p progress) {
	part := int(20 * p.done)
	if part == t.part && time.Since(t.printed) < time.Minute {
		return
	}
	t.part, t.printed = part, time.Now()
	fmt.Fprintf(t.w, "%10d %11.4f %8.1f %14.5f %14.5f %10.4f", s.Step, s.Time/1000, s.Temperature, s.Potential, s.Total, p.drift)
	if t.volume {
		fmt.Fprintf(t.w, " %8.3f", s.Pressure)
	}
	fmt.Fprintf(t.w, " %8.3f %4.0f%% %8s\n", s.rate, 100*p.done, p.left.Round(time.Second))
}

func (t *textReport) note(format string, args ...any) {
	fmt.Fprintf(t.w, "note: "+format+"\n", args...)
}

func (t *textReport) end(r *simulation, sum summary) {
	fmt.Fprintf(t.w, "* of the conserved quantity since step 0, meV/atom\n\n")
	if !math.IsNaN(sum.temperatureSD) {
		fmt.Fprintf(t.w, "temperature %.1f ± %.1f K\n", sum.temperature, sum.temperatureSD)
	}
	if !math.IsNaN(sum.pressure) {
		fmt.Fprintf(t.w, "pressure    %.3f GPa\n", sum.pressure)
	}
	if !math.IsNaN(sum.drift) {
		fmt.Fprintf(t.w, "drift       %.3g meV/atom/ns of the conserved quantity\n", sum.drift)
	}
	fmt.Fprintf(t.w, "speed       %.3f ns/day, %.1f µs per atom and step\n", sum.rate, sum.perAtomStep)
	fmt.Fprintf(t.w, "files       %s\n", strings.Join(r.files(), " "))
}

// jsonReport prints one object a line, its kind under "event".
type jsonReport struct{ out *json.Encoder }

func newJSONReport(w io.Writer) *jsonReport {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &jsonReport{out}
}

func (j *jsonReport) print(event string, fields map[string]any) {
	fields["event"] = event
	for name, value := range fields {
		if x, ok := value.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			delete(fields, name) // JSON has no such numbers
		}
	}
	j.out.Encode(fields)
}

func (j *jsonReport) start(r *simulation) {
	fields := map[string]any{}
	for _, line := range r.describe() {
		fields[line[0]] = line[1]
	}
	j.print("start", fields)
}

func (j *jsonReport) row(s sample, p progress) {
	fields := map[string]any{"step": s.Step, "done": p.done, "left_s": p.left.Seconds()}
	for _, c := range columns {
		fields[c.name] = *c.value(&s)
	}
	j.print("thermo", fields)
}

func (j *jsonReport) note(format string, args ...any) {
	j.print("note", map[string]any{"text": fmt.Sprintf(format, args...)})
}

func (j *jsonReport) end(r *simulation, sum summary) {
	j.print("end", map[string]any{
		"step": r.state.Step, "T_K": sum.temperature, "T_sd_K": sum.temperatureSD, "P_GPa": sum.pressure,
		"drift_meV_per_atom_ns": sum.drift, "ns_per_day": sum.rate, "us_per_atom_step": sum.perAtomStep,
	})
}
