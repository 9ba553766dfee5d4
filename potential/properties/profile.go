package properties

import (
	"fmt"
	"slices"
)

// Profile is the energy along a path of structures of the same atoms.
type Profile struct {
	Coordinate []float64 `json:"coordinate"`
	Model      Curve     `json:"model"`
	Reference  *Curve    `json:"reference,omitempty"`
	// AtReference is the model's energy between the frames of the reference's
	// highest and lowest energy.
	AtReference float64 `json:"model_at_frames_of_reference_meV,omitempty"`
}

// Curve is a profile by one method. Frames are counted from 1.
type Curve struct {
	Energies []float64 `json:"energies_meV"`      // above the zero
	Barrier  float64   `json:"barrier_meV"`       // highest less lowest
	Highest  int       `json:"frame_of_highest"`  // frame
	Lowest   int       `json:"frame_of_lowest"`   // frame
	Ends     float64   `json:"last_to_first_meV"` // last less first
}

// NewProfile compares energies [eV] of a model along a path with reference
// energies, nil if there are none, at values of a coordinate. The zero of each
// curve is its own lowest energy, or with fromFirst that of the first frame.
func NewProfile(coordinate, model, reference []float64, fromFirst bool) (*Profile, error) {
	if len(model) < 2 || len(coordinate) != len(model) || reference != nil && len(reference) != len(model) {
		return nil, fmt.Errorf("properties: %d coordinates, %d energies of the model and %d references, want as many of each, two or more",
			len(coordinate), len(model), len(reference))
	}
	p := &Profile{Coordinate: coordinate, Model: newCurve(model, fromFirst)}
	if reference != nil {
		c := newCurve(reference, fromFirst)
		p.Reference = &c
		p.AtReference = 1e3 * (model[c.Highest-1] - model[c.Lowest-1])
	}
	return p, nil
}

func newCurve(energies []float64, fromFirst bool) Curve {
	lowest, highest := slices.Min(energies), slices.Max(energies)
	c := Curve{
		Barrier: 1e3 * (highest - lowest),
		Highest: slices.Index(energies, highest) + 1,
		Lowest:  slices.Index(energies, lowest) + 1,
		Ends:    1e3 * (energies[len(energies)-1] - energies[0]),
	}
	zero := lowest
	if fromFirst {
		zero = energies[0]
	}
	for _, e := range energies {
		c.Energies = append(c.Energies, 1e3*(e-zero))
	}
	return c
}
