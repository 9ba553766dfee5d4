package forensics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ponita/xyz"
)

// problems passes on what reading the files found.
func (e *examination) problems() {
	for _, s := range e.sets {
		e.result.Findings = append(e.result.Findings, s.Problems...)
	}
}

// huge is beyond any label in any unit, and below what overflows in the sums of squares
// that are taken here.
const huge = 1e30

// absurd reports labels beyond huge, and leaves them out of all that is measured.
func (e *examination) absurd() {
	beyond := func(vectors [][3]float64) bool {
		return slices.ContainsFunc(vectors, func(v [3]float64) bool { return !(norm(v) < huge) })
	}
	for _, label := range []struct {
		name   string
		beyond func(xyz.Labels) bool
		remove func(*xyz.Labels)
	}{
		{"energy", func(l xyz.Labels) bool { return l.Energy != nil && !(math.Abs(*l.Energy) < huge) }, func(l *xyz.Labels) { l.Energy = nil }},
		{"forces", func(l xyz.Labels) bool { return beyond(l.Forces) }, func(l *xyz.Labels) { l.Forces = nil }},
		{"stress", func(l xyz.Labels) bool { return l.Stress != nil && beyond(l.Stress[:]) }, func(l *xyz.Labels) { l.Stress = nil }},
	} {
		var frames []int
		for k := range e.items {
			if l := &e.items[k].labels; label.beyond(*l) {
				frames = append(frames, k)
				label.remove(l)
			}
		}
		e.bySet(frames, func(frames []int) {
			e.add(Error, "absurd-label", e.places(frames...), "correct the label or take the frames out; it is left out of what is measured here",
				"%s with %s beyond %g in eV and Å", plural(len(frames), "frame"), label.name, huge)
		})
	}
}

// missing reports frames without a label that others have.
func (e *examination) missing() {
	for n, s := range e.sets {
		e.overlooked(n)
		for _, label := range []struct {
			name  string
			has   func(xyz.Labels) bool
			wants func(*item) bool
		}{
			{"energy", func(l xyz.Labels) bool { return l.Energy != nil }, func(*item) bool { return true }},
			{"forces", func(l xyz.Labels) bool { return l.Forces != nil }, func(it *item) bool { return !it.isolated() }},
			{"stress", func(l xyz.Labels) bool { return l.Stress != nil }, func(it *item) bool { return crystal(it.frame) }},
		} {
			var without []int
			with := 0
			for k := range e.items {
				if it := &e.items[k]; it.set == n && label.wants(it) {
					if label.has(it.labels) {
						with++
					} else {
						without = append(without, k)
					}
				}
			}
			switch {
			case len(without) == 0:
			case with > 0:
				e.add(Warning, "missing-label", e.places(without...),
					"training uses the labels a frame has; make sure the others are meant to be without",
					"%s without %s, %d have it", plural(len(without), "frame"), label.name, with)
			case slices.ContainsFunc(s.Census.Overlooked(), func(c xyz.Candidate) bool { return c.Label == label.name }):
			case label.name == "forces":
				e.add(Note, "missing-label", []Place{{File: s.Name}},
					"good for a test of energies; a network trained on energies alone needs many more frames", "no forces in any frame")
			case label.name == "energy":
				e.add(Warning, "missing-label", []Place{{File: s.Name}},
					cmp.Or(s.Census.Plain(), "forces alone leave the energy of every composition undetermined; add energies, or name their key"), "no energy in any frame")
			}
		}
		e.useless(n)
	}
}

// overlooked reports keys and columns that look like a label of which there is no other.
func (e *examination) overlooked(set int) {
	s := e.sets[set]
	for _, c := range s.Census.Overlooked() {
		e.add(Warning, "overlooked-label", []Place{{File: s.Name}}, fmt.Sprintf("if they are, name it with --%s-key=%s", c.Label, c.Name),
			"no %s in any frame, but %q looks like it", c.Label, c.Name)
	}
}

// useless reports stresses of frames that have no volume of their own.
func (e *examination) useless(set int) {
	var frames []int
	for k := range e.items {
		if it := &e.items[k]; it.set == set && it.labels.Stress != nil && !crystal(it.frame) {
			frames = append(frames, k)
		}
	}
	if len(frames) > 0 {
		e.add(Note, "useless-stress", e.places(frames...), "training ignores it; if the cell is a crystal, set pbc=\"T T T\"",
			"%s with a stress but not periodic in all directions", plural(len(frames), "frame"))
	}
}

// mixed reports labels under several keys, which may be several levels of
// theory: only one key a file is used.
func (e *examination) mixed() {
	for n, s := range e.sets {
		for _, unused := range s.Census.Unused {
			label, chosen := s.rival(unused.Name)
			if chosen == "" {
				continue
			}
			var instead []int
			for k := range e.items {
				if it := &e.items[k]; it.set == n && has(it.frame, unused.Name) && !has(it.frame, chosen) {
					instead = append(instead, k)
				}
			}
			if len(instead) > 0 {
				e.add(Warning, "mixed-keys", e.places(instead...),
					"if both keys are of one level of theory, give them one name; if not, split the file",
					"%s with %s %q in place of %q, which is used", plural(len(instead), "frame"), label, unused.Name, chosen)
			}
		}
	}
	e.mixedFiles()
}

// rival returns the label that a key which was not chosen could be, and the key
// that was chosen for it.
func (s *Set) rival(key string) (label, chosen string) {
	low := strings.ToLower(key)
	switch {
	case strings.Contains(low, "energy"):
		return "energy", s.Labeling.Energy
	case strings.Contains(low, "force"):
		return "forces", s.Labeling.Forces
	case strings.Contains(low, "stress"):
		return "stress", s.Labeling.Stress
	}
	return "virial", s.Labeling.Virial
}

func has(f *xyz.Frame, key string) bool { return f.Value(key) != nil || f.Column(key) != nil }

// mixedFiles reports files whose labels are under different keys.
func (e *examination) mixedFiles() {
	for _, label := range []struct {
		name string
		key  func(xyz.Labeling) string
	}{
		{"energy", func(l xyz.Labeling) string { return l.Energy }},
		{"forces", func(l xyz.Labeling) string { return l.Forces }},
	} {
		var keys []string
		var where []Place
		for _, s := range e.sets {
			if key := label.key(s.Labeling); key != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
				where = append(where, Place{File: s.Name})
			}
		}
		if len(keys) > 1 {
			e.add(Warning, "mixed-keys", where, fmt.Sprintf("make sure they are one level of theory; --%s-key chooses one for all files", label.name),
				"the %s is taken from different keys: %s", label.name, strings.Join(keys, ", "))
		}
	}
}

// plural returns "1 frame" or "2 frames".
func plural(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
