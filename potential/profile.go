package potential

import "time"

// Phase is a part of an evaluation, for measurements.
type Phase int

// The phases, in the order in which they come first.
const (
	PhaseNeighbors     Phase = iota // neighbour list, or its update
	PhaseGeometry                   // directions, intervals of the splines
	PhaseRadial                     // R and P_l of the edges
	PhaseEdges                      // messages
	PhaseBlocks                     // spherical convolution, layer norm, ConvNeXt block, readout
	PhaseEdgeAdjoints               // messages and bonds on the way down
	PhaseBlockAdjoints              // blocks on the way down, with what is computed again
	PhaseForces                     // repulsion; forces and virial from bonds
	phases
)

var phaseNames = [phases]string{"neighbours", "geometry", "radial", "edges", "blocks", "edge adjoints", "block adjoints", "forces"}

func (p Phase) String() string { return phaseNames[p] }

// Phases lists all phases.
func Phases() []Phase {
	all := make([]Phase, phases)
	for p := range all {
		all[p] = Phase(p)
	}
	return all
}

// stopwatch adds up the time that one thread spends in each phase. While it is
// off it costs a comparison.
type stopwatch struct {
	on    bool
	last  time.Time
	spent [phases]time.Duration
}

// start begins to measure.
func (w *stopwatch) start() {
	if w.on {
		w.last = time.Now()
	}
}

// lap gives the time since the start or the lap before to a phase.
func (w *stopwatch) lap(p Phase) {
	if w.on {
		now := time.Now()
		w.spent[p] += now.Sub(w.last)
		w.last = now
	}
}
