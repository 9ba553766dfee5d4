package integrator

import "fmt"

// defaultTimestep resolves the hydrogen vibrations of molecules.
const defaultTimestep = 0.5 // fs

// Stepper is an integrator: it advances a state by one time step. It holds
// settings only and may be used for any number of states.
type Stepper interface {
	// Validate names the first setting that makes no sense.
	Validate() error

	// Step makes one step. After an error the state is somewhere within the
	// step: good for a post-mortem, not for going on.
	Step(s *State, ff ForceField) error
}

// Watcher looks at the state after a step. An error ends the run.
type Watcher func(*State) error

// Every calls watch when the step count of the state is a multiple of steps, so
// that a restarted run samples the same steps as one that was never stopped.
// It panics for steps < 1.
func Every(steps int, watch Watcher) Watcher {
	if steps < 1 {
		panic("integrator: Every needs a positive number of steps")
	}
	return func(s *State) error {
		if s.Step%steps != 0 {
			return nil
		}
		return watch(s)
	}
}

// Run makes a number of steps and calls every watcher, in order, after each.
// The state it starts from is not watched: after a restart that row exists.
// Errors of watchers come back as they are, so that a caller can stop a run
// with an error of its own.
func Run(stepper Stepper, s *State, ff ForceField, steps int, watchers ...Watcher) error {
	if err := stepper.Validate(); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("integrator: step %d: %w", s.Step, err)
	}
	for range steps {
		if err := stepper.Step(s, ff); err != nil {
			return err
		}
		for _, watch := range watchers {
			if err := watch(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// setting returns an error unless ok, naming the field, its value and what it
// should be.
func setting(ok bool, name string, value float64, unit, want string) error {
	if ok && isFinite(value) {
		return nil
	}
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Errorf("integrator: %s = %g%s, want %s", name, value, unit, want)
}
