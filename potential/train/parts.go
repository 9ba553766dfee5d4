package train

// Datasets returns the data a run trains on and what it validates on: the same
// set twice if a part is held back, which Model().Provenance.Split then lists.
func (t *Trainer) Datasets() (data, valid *Dataset) { return t.data, t.valid }

// Validation returns the frames a run validates on.
func (t *Trainer) Validation() *Dataset { return t.valid.Subset(t.held) }

// Subset returns the listed frames, counted from 0, as a set of their own. File
// and census still describe the whole.
func (d *Dataset) Subset(frames []int) *Dataset {
	out := &Dataset{File: d.File, Census: d.Census}
	for _, k := range frames {
		out.Frames = append(out.Frames, d.Frames[k])
		out.Labels = append(out.Labels, d.Labels[k])
	}
	return out
}
