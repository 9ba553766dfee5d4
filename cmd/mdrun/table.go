package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// textReport prints tables.
type textReport struct {
	w       io.Writer
	volume  bool // there is a pressure
	changes bool // and the volume changes
	printed time.Time
	part    int    // the twentieth of the run that was printed last
	pending string // the last row, if it was not printed
}

func (t *textReport) facts(lines [][2]string) {
	for _, line := range lines {
		fmt.Fprintf(t.w, "%-11s %s\n", line[0], line[1])
	}
}

func (t *textReport) start(r *simulation) {
	t.facts(r.describe())
	t.volume = r.sys.periodic()
	t.changes = r.set.Pressure != nil
	t.part = -1
	fmt.Fprintf(t.w, "\n%10s %11s %8s %14s %14s %10s", "step", "time/ps", "T/K", "Epot/eV", "Etot/eV", "drift*")
	if t.volume {
		fmt.Fprintf(t.w, " %8s", "P/GPa")
	}
	if t.changes {
		fmt.Fprintf(t.w, " %10s", "V/Å³")
	}
	fmt.Fprintf(t.w, " %8s %5s %8s\n", "ns/day", "done", "left")
}

// row prints a row for every twentieth of a run and every minute.
func (t *textReport) row(s sample, p progress) {
	t.pending = t.format(s, p)
	part := int(20 * p.done)
	if part == t.part && time.Since(t.printed) < time.Minute {
		return
	}
	t.part, t.printed = part, time.Now()
	t.flush()
}

func (t *textReport) flush() {
	io.WriteString(t.w, t.pending)
	t.pending = ""
}

func (t *textReport) format(s sample, p progress) string {
	row := fmt.Sprintf("%10d %11.4f %8.1f %14.5f %14.5f %10.4f", s.Step, s.Time/1000, s.Temperature, s.Potential, s.Total, p.drift)
	if t.volume {
		row += fmt.Sprintf(" %8.3f", s.Pressure)
	}
	if t.changes {
		row += fmt.Sprintf(" %10.1f", s.Volume)
	}
	return row + fmt.Sprintf(" %8.3f %4.0f%% %8s\n", s.rate, 100*p.done, p.left.Round(time.Second))
}

func (t *textReport) note(format string, args ...any) {
	fmt.Fprintf(t.w, "note: "+format+"\n", args...)
}

func (t *textReport) end(r *simulation, sum summary) {
	t.flush()
	fmt.Fprintf(t.w, "* of the conserved quantity since step 0, meV/atom\n\n")
	fluctuates := !math.IsNaN(sum.temperatureSD) // two rows or more
	if fluctuates {
		fmt.Fprintf(t.w, "temperature %.1f ± %.1f K\n", sum.temperature, sum.temperatureSD)
	}
	if !math.IsNaN(sum.pressure) {
		fmt.Fprintf(t.w, "pressure    %.3f GPa\n", sum.pressure)
	}
	if t.changes && fluctuates {
		fmt.Fprintf(t.w, "volume      %.1f ± %.1f Å³, %.4f g/cm³\n", sum.volume, sum.volumeSD, sum.density)
	}
	if !math.IsNaN(sum.drift) {
		fmt.Fprintf(t.w, "drift       %.3g meV/atom/ns of the conserved quantity\n", sum.drift)
	}
	fmt.Fprintf(t.w, "speed       %.3f ns/day, %.1f µs per atom and step\n", sum.rate, sum.perAtomStep)
	fmt.Fprintf(t.w, "files       %s\n", strings.Join(r.files(), " "))
}
