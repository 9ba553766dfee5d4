package train

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"ponita/xyz"
)

// frameWeights reads the weights that data sets give single frames: config_weight for all of a
// frame, config_energy_weight, config_forces_weight and config_stress_weight (or
// config_virials_weight) for its parts. All are 1 without. That of its config_type multiplies them.
func frameWeights(f *xyz.Frame, byType map[string]float64) (w lossWeights, err error) {
	w = lossWeights{1, 1, 1, 1}
	if weight, ok := byType[f.ConfigType()]; ok {
		w = w.times(lossWeights{energy: weight, force: weight, stress: weight, wall: 1})
	}
	for _, k := range []struct {
		key   string
		parts []*float64
	}{
		{"config_weight", []*float64{&w.energy, &w.force, &w.stress}},
		{"config_energy_weight", []*float64{&w.energy}},
		{"config_forces_weight", []*float64{&w.force}},
		{"config_stress_weight", []*float64{&w.stress}},
		{"config_virials_weight", []*float64{&w.stress}},
	} {
		var weight float64
		switch v := f.Value(k.key).(type) {
		case nil:
			continue
		case int:
			weight = float64(v)
		case float64:
			weight = v
		default:
			weight = math.NaN()
		}
		if !(weight >= 0) || math.IsInf(weight, 1) {
			return w, fmt.Errorf("key %q is %v, want a weight, zero or more", k.key, f.Value(k.key))
		}
		for _, part := range k.parts {
			*part *= weight
		}
	}
	return w, nil
}

// weigh reads the weights of the frames. A label of weight 0 is as good as none: data sets
// have them for labels that are not there, and what is written in their place shall not
// set reference energies or scales, nor choose the best epoch. Isolated atoms keep theirs,
// which no loss has anyway.
func (d *Dataset) weigh(byType map[string]float64) error {
	d.weights = nil
	for k, f := range d.Frames {
		w, err := frameWeights(f, byType)
		if err != nil {
			return fmt.Errorf("train: %v: %w", f.Origin, err)
		}
		d.weights = append(d.weights, w)
		if len(f.Species) == 1 {
			continue
		}
		l := &d.Labels[k]
		if w.energy == 0 {
			l.Energy = nil
		}
		if w.force == 0 {
			l.Forces = nil
		}
		if w.stress == 0 {
			l.Stress = nil
		}
	}
	return nil
}

// typeWeights parses entries such as "Surface=4": weights of all frames of a config_type. The
// data have so many frames of each.
func typeWeights(entries []string, types map[string]int) (map[string]float64, error) {
	weights := map[string]float64{}
	for _, entry := range entries {
		at := strings.LastIndexByte(entry, '=')
		name := strings.TrimSpace(entry[:max(at, 0)])
		weight, err := strconv.ParseFloat(strings.TrimSpace(entry[at+1:]), 64)
		if name == "" || err != nil || !(weight >= 0) || math.IsInf(weight, 1) {
			return nil, fmt.Errorf("train: config_type_weights: %q, want a config_type and a weight, zero or more, such as \"Surface=4\"", entry)
		}
		if types[name] == 0 {
			return nil, fmt.Errorf("train: config_type_weights: no frame has the config_type %q; there are %q", name, slices.Sorted(maps.Keys(types)))
		}
		if _, ok := weights[name]; ok {
			return nil, fmt.Errorf("train: config_type_weights: %q has two weights", name)
		}
		weights[name] = weight
	}
	return weights, nil
}
