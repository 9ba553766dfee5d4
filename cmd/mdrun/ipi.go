package main

import (
	"context"
	"fmt"
	"time"

	"ponita/integrator"
	"ponita/internal/ipi"
)

// serve computes the forces of a run that i-PI makes. The structure says which
// atoms there are; where they are comes from there.
func serve(set *Settings, report reporter) (err error) {
	const patience = time.Minute // until i-PI listens
	r := &simulation{set: set, report: report, began: time.Now()}
	if r.model, err = loadModel(set.Model); err != nil {
		return err
	}
	// One evaluation finds what is wrong before i-PI waits for it.
	if err := r.startNew(); err != nil {
		return err
	}
	report.facts(append(r.describeSystem(), [2]string{"i-PI", fmt.Sprintf("forces for %s; %.6f eV for the structure in the file", set.IPI, r.state.Energy)}))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := ipi.Dial(ctx, set.IPI, func() { report.note("waiting for i-PI at %s", set.IPI) })
	if err != nil {
		return err
	}
	defer conn.Close()
	clock := &stopwatch{ForceField: r.calc}
	err = ipi.NewClient(conn, clock, len(r.sys.species)).Serve()
	report.note("%d evaluations for i-PI, %.1f µs per atom each", clock.count,
		float64(clock.spent.Microseconds())/float64(max(clock.count, 1)*len(r.sys.species)))
	return err
}

// stopwatch is a force field that knows how long it took.
type stopwatch struct {
	integrator.ForceField
	count int
	spent time.Duration
}

func (w *stopwatch) Compute(pos [][3]float64, lattice [3][3]float64, forces [][3]float64, virial *[3][3]float64) (float64, error) {
	began := time.Now()
	energy, err := w.ForceField.Compute(pos, lattice, forces, virial)
	w.spent += time.Since(began)
	w.count++
	return energy, err
}
