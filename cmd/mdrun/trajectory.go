package main

import (
	"slices"

	"ponita/integrator"
	"ponita/xyz"
)

// newFrame returns a state as a frame that the next steps do not change.
func newFrame(state *integrator.State, sys *system) *xyz.Frame {
	frame := &xyz.Frame{
		Species: sys.species,
		Pos:     slices.Clone(state.Pos),
		Lattice: state.Lattice,
		PBC:     sys.pbc,
		Columns: []xyz.Column{
			{Name: "forces", Data: slices.Clone(state.Forces)},
			{Name: "vel", Data: slices.Clone(state.Vel)},
		},
	}
	if sys.isotope {
		frame.SetColumn(xyz.Column{Name: "masses", Data: state.Masses})
	}
	frame.Set("energy", state.Energy)
	if sys.periodic() {
		stress := state.Stress()
		frame.Set("stress", slices.Concat(stress[0][:], stress[1][:], stress[2][:]))
	}
	frame.Set("step", state.Step)
	frame.Set("time_fs", state.Time)
	frame.Set("units", "eV Angstrom fs") // forces eV/Å, vel Å/fs
	return frame
}

// history keeps the frames of the last steps, for the day they are the last.
type history struct {
	frames []*xyz.Frame
}

// historySteps shows how a failure builds up and is no load on memory.
const historySteps = 10

func (h *history) add(frame *xyz.Frame) {
	if len(h.frames) == historySteps {
		h.frames = slices.Delete(h.frames, 0, 1)
	}
	h.frames = append(h.frames, frame)
}
