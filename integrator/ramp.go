package integrator

// Ramp lets the target temperature of a thermostat change linearly from its
// Temperature at step From to To at step Until, constant before and after. It
// counts the steps of the State, so a restart continues it. The zero Ramp
// leaves the temperature constant.
type Ramp struct {
	To    float64 // K
	From  int     // step
	Until int     // step; From < Until, or both 0 for no ramp
}

// at returns the target at a step, for a thermostat that starts at temperature.
func (r Ramp) at(temperature float64, step int) float64 {
	switch {
	case r == Ramp{} || step <= r.From:
		return temperature
	case step >= r.Until:
		return r.To
	}
	fraction := float64(step-r.From) / float64(r.Until-r.From)
	return temperature + fraction*(r.To-temperature)
}

// validate reports for the thermostat called name. The lowest temperature it
// takes is 0, or anything above 0 if positive.
func (r Ramp) validate(name string, temperature float64, positive bool) error {
	want := "0 or more"
	if positive {
		want = "positive"
	}
	allowed := func(t float64) bool { return t > 0 || t == 0 && !positive }
	if err := setting(allowed(temperature), name+".Temperature", temperature, "K", want); err != nil {
		return err
	}
	if r == (Ramp{}) {
		return nil
	}
	if err := setting(allowed(r.To), name+".Ramp.To", r.To, "K", want); err != nil {
		return err
	}
	return setting(r.Until > r.From, name+".Ramp.Until", float64(r.Until), "", "a step after Ramp.From")
}
