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

// history keeps the states of the last steps, for the day they are the last.
// Its memory is reused: a step costs a copy and no allocation.
type history struct {
	states []integrator.State
	count  int // states ever added
}

// historySteps shows how a failure builds up and is no load on memory.
const historySteps = 10

func (h *history) add(s *integrator.State) {
	if len(h.states) < historySteps {
		h.states = append(h.states, integrator.State{})
	}
	old := &h.states[h.count%historySteps]
	pos, vel, forces := append(old.Pos[:0], s.Pos...), append(old.Vel[:0], s.Vel...), append(old.Forces[:0], s.Forces...)
	*old = *s
	old.Pos, old.Vel, old.Forces = pos, vel, forces
	h.count++
}

// frames returns what is kept, the oldest first.
func (h *history) frames(sys *system) []*xyz.Frame {
	var frames []*xyz.Frame
	for k := max(0, h.count-historySteps); k < h.count; k++ {
		frames = append(frames, newFrame(&h.states[k%historySteps], sys))
	}
	return frames
}
