package forensics

import (
	"fmt"
	"slices"

	"ponita/internal/parallel"
	"ponita/neighbor"
	"ponita/potential"
	"ponita/xyz"
)

// Options of Examine. The zero value works.
type Options struct {
	Cutoff  float64 // Å, of the model to be trained; 0 means 5
	Threads int     // 0 means all cores; the result does not depend on it
}

// Result is what Examine found and measured.
type Result struct {
	Findings  []Finding    `json:"findings"` // worst first
	Files     []Summary    `json:"files"`
	Shortest  []Distance   `json:"shortest_distances"` // of each pair of elements, in order of atomic numbers
	Reference Reference    `json:"reference_energies"`
	Forces    *Magnitude   `json:"forces,omitempty"`
	Energy    []Relation   `json:"forces_and_energy,omitempty"` // of each file
	Stress    []Convention `json:"stress,omitempty"`            // of each file with one
}

// Summary is what a file holds.
type Summary struct {
	File     string         `json:"file"`
	Frames   int            `json:"frames"`
	Atoms    int            `json:"atoms"`
	Elements map[string]int `json:"elements"` // atoms of each
	Energies int            `json:"frames_with_energy"`
	Forces   int            `json:"frames_with_forces"`
	Stresses int            `json:"frames_with_stress"`
}

// item is one frame of all files with what was measured on it.
type item struct {
	set    int
	index  int // of the frame in its set, from 0
	frame  *xyz.Frame
	labels xyz.Labels
	held   bool
	copyOf []int // items of one structure, this one too; nil if it is there once
	geometry
}

// examination is an Examine under way.
type examination struct {
	Options
	sets     []*Set
	items    []item
	species  []int // atomic numbers in the data, ascending
	result   Result
	copySets [][]int  // items of one structure each
	pairs    *pairFit // nil if there is none
	steps    []step   // between similar frames
}

// Examine compares the frames and labels of all files with each other. It fails
// on a cutoff that is not a length.
func Examine(sets []*Set, o Options) (*Result, error) {
	if o.Cutoff == 0 {
		o.Cutoff = 5
	}
	if !(o.Cutoff > 0 && o.Cutoff < 1e3) {
		return nil, fmt.Errorf("forensics: cutoff is %g Å, want a positive length below 1000", o.Cutoff)
	}
	e := &examination{Options: o, sets: sets}
	e.collect()
	e.measureAll()
	for _, step := range []func(){
		e.problems, e.absurd, e.missing, e.mixed, // labels.go
		e.distances, e.lonely, e.thin, e.elements, // distances.go
		e.same, e.near, // duplicates.go, near.go
		e.references, e.lone, e.precision, // energies.go
		e.netForces, e.frozen, // forces.go
		e.energyOutliers, e.forceOutliers, // outliers.go
		e.fitPairs, e.work, // pairfit.go, work.go
		e.relations, e.conventions, // relation.go, stress.go
	} {
		step()
	}
	sortFindings(e.result.Findings)
	return &e.result, nil
}

// collect lists the frames of all sets.
func (e *examination) collect() {
	seen := map[int]bool{}
	for n, s := range e.sets {
		held := make([]bool, len(s.Frames))
		for _, k := range s.Held {
			held[k] = true
		}
		sum := Summary{File: s.Name, Frames: len(s.Frames), Atoms: s.Census.Atoms, Elements: s.Census.Elements}
		for k, f := range s.Frames {
			l := s.Labels[k]
			e.items = append(e.items, item{set: n, index: k, frame: f, labels: l, held: held[k]})
			for _, z := range f.Species {
				seen[z] = true
			}
			count(&sum.Energies, l.Energy != nil)
			count(&sum.Forces, l.Forces != nil)
			count(&sum.Stresses, l.Stress != nil && crystal(f))
		}
		e.result.Files = append(e.result.Files, sum)
	}
	for z := range seen {
		e.species = append(e.species, z)
	}
	slices.Sort(e.species)
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// add adds a finding.
func (e *examination) add(s Severity, kind string, where []Place, advice, format string, args ...any) {
	e.result.Findings = append(e.result.Findings, Finding{s, kind, where, fmt.Sprintf(format, args...), advice})
}

// itemsOf lists the items of a file.
func (e *examination) itemsOf(set int) (items []int) {
	for k := range e.items {
		if e.items[k].set == set {
			items = append(items, k)
		}
	}
	return items
}

// places groups items by their file.
func (e *examination) places(items ...int) []Place {
	frames := make([][]int, len(e.sets))
	for _, k := range items {
		it := &e.items[k]
		frames[it.set] = append(frames[it.set], it.index)
	}
	var where []Place
	for n, list := range frames {
		if len(list) > 0 {
			where = append(where, e.sets[n].place(list))
		}
	}
	return where
}

// bySet reports the items of each file in a finding of its own.
func (e *examination) bySet(items []int, report func(set []int)) {
	for n := range e.sets {
		var list []int
		for _, k := range items {
			if e.items[k].set == n {
				list = append(list, k)
			}
		}
		if len(list) > 0 {
			report(list)
		}
	}
}

// kind returns the index of an element in e.species.
func (e *examination) kind(z int) int { k, _ := slices.BinarySearch(e.species, z); return k }

// pair returns the index of an unordered pair of kinds, below pairs(n).
func pair(a, b int) int {
	if a < b {
		a, b = b, a
	}
	return a*(a+1)/2 + b
}

func pairs(kinds int) int { return kinds * (kinds + 1) / 2 }

func (e *examination) graph(f *xyz.Frame) (*neighbor.Graph, error) { return graph(f, e.Cutoff) }

func graph(f *xyz.Frame, cutoff float64) (*neighbor.Graph, error) {
	return neighbor.Build(f.Pos, f.Lattice, f.PBC, cutoff)
}

// each calls work for every item, on all threads.
func (e *examination) each(work func(k int)) {
	parallel.Each(len(e.items), e.Threads, func(_, k int) error { // which never fails
		work(k)
		return nil
	})
}

// bond returns the sum of the covalent radii of two elements, Å.
func bond(a, b int) float64 { return potential.CovalentRadius(a) + potential.CovalentRadius(b) }
