package forensics

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a finding is.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// Finding is one thing found, in the frames of one file or of several.
type Finding struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind"`             // such as "duplicate", for programs
	Where    []Place  `json:"where,omitempty"`  // empty when it concerns all files
	Message  string   `json:"message"`          // what was found, with its value
	Advice   string   `json:"advice,omitempty"` // what to do
}

// Place is some frames of a file.
type Place struct {
	File   string `json:"file"`
	Frames []int  `json:"frames,omitempty"` // counted from 1, ascending; empty is the whole file
}

// String returns "train.xyz: frames 3, 7-9".
func (p Place) String() string {
	switch len(p.Frames) {
	case 0:
		return p.File
	case 1:
		return fmt.Sprintf("%s: frame %d", p.File, p.Frames[0])
	}
	return fmt.Sprintf("%s: frames %s", p.File, ranges(p.Frames))
}

// shownRanges is how many runs of frames a line of text names; JSON has all.
const shownRanges = 8

// ranges writes ascending numbers as "1-3, 7, 9-12", or the first of them and
// how many there are.
func ranges(numbers []int) string {
	var parts []string
	for k := 0; k < len(numbers); {
		last := k
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		part := fmt.Sprint(numbers[k])
		if last > k {
			part = fmt.Sprintf("%d-%d", numbers[k], numbers[last])
		}
		parts = append(parts, part)
		k = last + 1
	}
	if len(parts) > shownRanges {
		return fmt.Sprintf("%s, … (%d in all)", strings.Join(parts[:shownRanges], ", "), len(numbers))
	}
	return strings.Join(parts, ", ")
}

// sortFindings puts the worst first and keeps the order otherwise.
func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
}

// Count returns how many findings have the severity.
func (r *Result) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}
