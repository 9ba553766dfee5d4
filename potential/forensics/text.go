package forensics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"ponita/xyz"
)

// String returns what was measured and found, for people.
func (r *Result) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range r.Files {
		fmt.Fprintf(w, "%s\t%s\t%s (%s)\tenergies %d\tforces %d\tstresses %d\n",
			f.File, plural(f.Frames, "frame"), plural(f.Atoms, "atom"), formula(f.Elements), f.Energies, f.Forces, f.Stresses)
	}
	w.Flush()
	if len(r.Shortest) > 0 {
		fmt.Fprintln(&b, "\nshortest distances, Å (over the sum of covalent radii)")
		w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, d := range r.Shortest {
			fmt.Fprintf(w, "  %s–%s\t%.3f\t(%.2f)\t%s, frame %d, atoms %d and %d\n",
				d.Elements[0], d.Elements[1], d.Distance, d.Ratio, d.File, d.Frame, d.Atoms[0], d.Atoms[1])
		}
		w.Flush()
	}
	fmt.Fprintln(&b)
	r.labels(&b)
	if len(r.Findings) > 0 {
		fmt.Fprintln(&b)
	}
	for _, f := range r.Findings {
		b.WriteString(f.String())
	}
	fmt.Fprintf(&b, "\n%s, %s, %s\n", plural(r.Count(Error), "error"), plural(r.Count(Warning), "warning"), plural(r.Count(Note), "note"))
	return b.String()
}

// labels describes what was measured on the labels.
func (r *Result) labels(b *strings.Builder) {
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	defer w.Flush()
	if e := r.Reference; e.Source != "none" {
		fmt.Fprintf(w, "energies\t%.4f eV/atom ± %.1f meV/atom beside reference energies from %s",
			e.Mean, e.Spread, map[string]string{"fit": "a fit", "isolated atoms": "isolated atoms"}[e.Source])
		fmt.Fprintf(w, " (the compositions determine %d of %d, condition number %.2g)\n", e.Rank, e.Elements, e.Condition)
		for _, symbol := range sortedSymbols(e.Energies) {
			if e.Source == "fit" && e.Rank < e.Elements {
				break // numbers without a meaning
			}
			fmt.Fprintf(w, "\t%-2s %.6f eV\n", symbol, e.Energies[symbol])
		}
	}
	if f := r.Forces; f != nil {
		fmt.Fprintf(w, "forces\tcomponents %.3f eV/Å root mean square; largest force %.3f eV/Å (%s, frame %d, atom %d)\n", f.RMS, f.Largest, f.File, f.Frame, f.Atom)
	}
	for _, e := range r.Energy {
		state := "cannot be compared with the energies"
		if e.Certainty != Unknown {
			state = fmt.Sprintf("go with the energies (%s)", e.Certainty)
			if e.Factor != 1 {
				state = fmt.Sprintf("do not go with the energies (%s): factor %.4g", e.Certainty, e.Factor)
			}
		}
		fmt.Fprintf(w, "\t%s: %s\n", e.File, state)
	}
	for _, s := range r.Stress {
		fmt.Fprintf(w, "stress\t%s: %v, root mean square %.4g\n", s.File, s, s.RMS)
		for _, v := range s.Evidence {
			fmt.Fprintf(w, "\t  %v\n", v)
		}
	}
}

// String returns the finding in lines of text.
func (f Finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %s\n", f.Severity, f.Message)
	for _, p := range f.Where {
		fmt.Fprintf(&b, "         in %v\n", p)
	}
	if f.Advice != "" {
		fmt.Fprintf(&b, "         → %s\n", f.Advice)
	}
	return b.String()
}

func sortedSymbols[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return xyz.AtomicNumber(a) - xyz.AtomicNumber(b) })
}

// formula writes counts of atoms as "H 4000, C 2500".
func formula(elements map[string]int) string {
	var parts []string
	for _, symbol := range sortedSymbols(elements) {
		parts = append(parts, fmt.Sprintf("%s %d", symbol, elements[symbol]))
	}
	return strings.Join(parts, ", ")
}
