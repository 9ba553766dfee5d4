package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

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

func (j *jsonReport) start(r *simulation) { j.facts(r.describe()) }

func (j *jsonReport) facts(lines [][2]string) {
	fields := map[string]any{}
	for _, line := range lines {
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
		"V_A3": sum.volume, "V_sd_A3": sum.volumeSD, "rho_g_cm3": sum.density,
		"drift_meV_per_atom_ns": sum.drift, "ns_per_day": sum.rate, "us_per_atom_step": sum.perAtomStep,
	})
}
