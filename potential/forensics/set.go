package forensics

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"ponita/xyz"
)

// Set is a file of frames with the labels found in them. Labels that cannot be
// used are nil, and Problems says why.
type Set struct {
	Name     string
	Frames   []*xyz.Frame
	Labels   []xyz.Labels // [frame]
	Labeling xyz.Labeling
	Census   xyz.Census
	Problems []Finding
	// Held lists frames, counted from 0, that training does not see: what is
	// both here and there is reported as between two files.
	Held []int
}

// Read reads a file. Unlike training it goes on after labels of the wrong type,
// shape or symmetry, and after keys that are not there: they become findings. A
// file that cannot be opened or is malformed is an error.
func Read(path string, keys xyz.LabelKeys) (*Set, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("forensics: %w", err)
	}
	defer file.Close()
	s := &Set{Name: path}
	for f, err := range xyz.NewReader(file, path).All() {
		if err != nil {
			return nil, err
		}
		s.Frames = append(s.Frames, f)
		s.Census.Add(f)
	}
	if len(s.Frames) == 0 {
		return nil, fmt.Errorf("forensics: %s has no frames", path)
	}
	if s.Labeling, err = s.Census.Choose(keys); err != nil {
		s.Problems = append(s.Problems, Finding{Error, "no-such-key", []Place{{File: path}}, err.Error(),
			"name keys that are in the file, or leave the option out for the usual ones"})
		if s.Labeling, err = s.Census.Choose(xyz.LabelKeys{}); err != nil {
			return nil, err
		}
	}
	s.label()
	return s, nil
}

// NewSet returns a set of frames whose labels are known, and have been chosen in
// the census.
func NewSet(name string, frames []*xyz.Frame, labels []xyz.Labels, census xyz.Census) *Set {
	s := &Set{Name: name, Frames: frames, Labels: labels, Census: census}
	for _, l := range census.Labels {
		switch l.Label {
		case "energy":
			s.Labeling.Energy = l.Key
		case "forces":
			s.Labeling.Forces = l.Key
		case "stress":
			s.Labeling.Stress = l.Key
		case "virial":
			s.Labeling.Virial = l.Key
		}
	}
	return s
}

// label finds the labels of all frames. One message of each kind is kept, with
// all its frames.
func (s *Set) label() {
	bad := map[string]*Finding{}
	var order []string
	for k, f := range s.Frames {
		l, err := s.Labeling.Of(f)
		if err != nil {
			l = s.readable(f)
			key := s.culprit(f)
			if bad[key] == nil {
				bad[key] = &Finding{Error, "unusable-label", []Place{{File: s.Name}}, err.Error(),
					"training refuses the file; correct the label or take the frames out"}
				order = append(order, key)
			}
			bad[key].Where[0].Frames = append(bad[key].Where[0].Frames, k+1)
		}
		s.Labels = append(s.Labels, l)
	}
	for _, key := range order {
		s.Problems = append(s.Problems, *bad[key])
	}
}

// readable returns the labels of a frame that can be read one by one.
func (s *Set) readable(f *xyz.Frame) (out xyz.Labels) {
	for _, single := range s.singles() {
		if l, err := single.Of(f); err == nil {
			switch {
			case l.Energy != nil:
				out.Energy = l.Energy
			case l.Forces != nil:
				out.Forces = l.Forces
			case l.Stress != nil:
				out.Stress = l.Stress
			}
		}
	}
	return out
}

// culprit names the keys that cannot be read, alone or together.
func (s *Set) culprit(f *xyz.Frame) string {
	for _, single := range s.singles() {
		if _, err := single.Of(f); errors.Is(err, xyz.ErrLabel) {
			return fmt.Sprint(single)
		}
	}
	return "stress and virial"
}

func (s *Set) singles() []xyz.Labeling {
	l := s.Labeling
	return []xyz.Labeling{{Energy: l.Energy}, {Forces: l.Forces}, {Stress: l.Stress}, {Virial: l.Virial}}
}

// place is the frames, counted from 0, of the set.
func (s *Set) place(frames []int) Place {
	p := Place{File: s.Name}
	for _, k := range frames {
		p.Frames = append(p.Frames, k+1)
	}
	slices.Sort(p.Frames)
	return p
}

// isolated tells whether a frame is one atom without images within the cutoff.
func (it *item) isolated() bool {
	return len(it.frame.Species) == 1 && (it.frame.PBC == [3]bool{} || it.err == nil && it.edges == 0)
}

// crystal tells whether a frame is periodic in all directions: only then does it
// have a stress.
func crystal(f *xyz.Frame) bool { return f.PBC == [3]bool{true, true, true} }
