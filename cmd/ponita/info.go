package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"ponita/potential"
	"ponita/potential/report"
)

type infoCommand struct {
	Model string `arg:"" type:"existingfile" help:"Model file."`
	JSON  bool   `help:"Print JSON."`
	Log   bool   `help:"Print the training log (CSV) instead."`
	TOML  bool   `name:"settings" help:"Print the run file the model was trained with instead."`
}

// modelInfo is what info prints.
type modelInfo struct {
	report.Description
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`                    // the file, which may be a copy
	Held     []int     `json:"validation_frames,omitempty"` // counted from 1
}

func (c *infoCommand) Run() error {
	m, err := potential.Load(c.Model)
	if err != nil {
		return err
	}
	file, err := os.Stat(c.Model)
	if err != nil {
		return err
	}
	info := modelInfo{Description: report.Describe(m), Bytes: file.Size(), Modified: file.ModTime()}
	info.Name = filepath.Base(c.Model)
	for _, k := range m.Provenance.Split {
		info.Held = append(info.Held, k+1)
	}
	switch {
	case c.Log:
		_, err = fmt.Print(m.Provenance.Log)
	case c.TOML:
		_, err = fmt.Print(m.Provenance.Settings)
	case c.JSON:
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(info)
	default:
		return info.print(os.Stdout)
	}
	return err
}

func (i modelInfo) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("file", "%s, %d bytes, of %s", i.Name, i.Bytes, i.Modified.Format("2006-01-02 15:04"))
	row("hash", "%s", i.Hash)
	row("network", "%s", i.Network)
	row("weights", "%d", i.Weights)
	row("grid", "%s, %d orientations", i.Config.Grid.Name, i.Orientations)
	row("cutoff", "%g Å, envelope of order %d, %.2f neighbours on average", i.Cutoff, i.Config.Envelope, i.MeanNeighbors)
	if r := i.Config.Parabola; len(r) == 1 {
		row("parabolas", "radial functions go on as such below %.3f Å", r[0])
	} else if len(r) > 1 {
		for a := range i.Elements {
			for b := range i.Elements[:a+1] {
				row("parabola", "%-5s  radial functions go on as such below %.3f Å", i.Elements[b].Symbol+"–"+i.Elements[a].Symbol, r[i.Config.RadialSet(a, b)])
			}
		}
	}
	for _, e := range i.Elements {
		row("element", "%-2s  reference energy %.6f eV, mean binding %.4g eV, scale %.4g eV", e.Symbol, e.Reference, e.Binding, e.Scale)
	}
	if i.Embedded != nil {
		row("beneath", "an embedded-atom potential, of which the network learns the rest")
	}
	for _, p := range i.Repulsion {
		row("repulsion", "%-5s  ZBL, switched off from %.3f to %.3f Å", p.Elements[0]+"–"+p.Elements[1], p.Inner, p.Outer)
	}
	if len(i.Repulsion) == 0 {
		row("repulsion", "none")
	}
	i.history(row)
	return w.Flush()
}

// history prints where the model comes from.
func (i modelInfo) history(row func(name, format string, args ...any)) {
	for k, d := range i.Data {
		held := ""
		if k == 0 && len(i.Held) > 0 {
			held = fmt.Sprintf(", %d held back for validation", len(i.Held))
		}
		row("data", "%s, %d frames%s, SHA-256 %s", d.Name, d.Frames, held, d.SHA256)
	}
	if i.Start != nil {
		row("started", "from %s", report.Beginning(i.Start))
	}
	if i.Epochs > 0 {
		row("training", "%d epochs, the best was %d, seed %s", i.Epochs, i.BestEpoch, orNone(i.Seed))
	}
	for _, name := range slices.Sorted(maps.Keys(i.Errors)) {
		row("validation", "%s %.3f", quantity(name), i.Errors[name])
	}
	row("trained by", "ponita %s", orNone(i.Version))
	if i.Created != "" {
		row("trained on", "%s", i.Created)
	}
	if i.Settings != "" {
		row("settings", "%d lines, printed by --settings; the log by --log", strings.Count(i.Settings, "\n"))
	}
}

// quantity turns the name of an error in JSON into words with a unit:
// force_rmse_meV_per_A into "force RMSE, meV/Å".
func quantity(name string) string {
	head, unit, found := strings.Cut(name, "_meV")
	if !found {
		return name
	}
	head = strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(head, "_", " "), "rmse", "RMSE"), "mae", "MAE")
	unit = strings.ReplaceAll(strings.ReplaceAll(unit, "_per_", "/"), "A3", "Å³")
	return head + ", meV" + strings.ReplaceAll(unit, "/A", "/Å")
}

func orNone(text string) string {
	if text == "" {
		return "not recorded"
	}
	return text
}
