package properties

import "testing"

func TestProfileMeasuresBarriers(t *testing.T) {
	p, err := NewProfile([]float64{0, 1, 2, 3}, []float64{-1, -0.99, -0.97, -1.01}, []float64{-5, -4.95, -4.98, -4.99}, false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Model.Highest != 3 || p.Model.Lowest != 4 || p.Reference.Highest != 2 || p.Reference.Lowest != 1 {
		t.Errorf("frames of the extremes: %+v, %+v", p.Model, p.Reference)
	}
	near(t, "model barrier", p.Model.Barrier, 40, 1e-9)
	near(t, "reference barrier", p.Reference.Barrier, 50, 1e-9)
	near(t, "model at the reference's frames", p.AtReference, 10, 1e-9)
	near(t, "end of the path", p.Model.Ends, -10, 1e-9)
	near(t, "first frame above the lowest", p.Model.Energies[0], 10, 1e-9)
	if p, err = NewProfile([]float64{0, 1}, []float64{-1, -1.5}, nil, true); err != nil || p.Reference != nil {
		t.Fatal(p, err)
	}
	near(t, "second frame above the first", p.Model.Energies[1], -500, 1e-9)
	if _, err := NewProfile([]float64{0}, []float64{1}, nil, false); err == nil {
		t.Error("a path of one frame has a barrier")
	}
}
