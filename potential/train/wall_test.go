package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"ponita/potential"
	"ponita/xyz"
)

// chains writes chains of four atoms of carbon and oxygen, drawn together by springs of no
// length: forces that a network goes on with to where there are no data.
func chains(t *testing.T, n int) string {
	t.Helper()
	rng := stream(8, "chains", 0, 0)
	var frames []*xyz.Frame
	for range n {
		f := &xyz.Frame{Species: []int{6, 6, 8, 6}}
		forces := make([][3]float64, 4)
		energy := 0.
		for i := range f.Species {
			f.Pos = append(f.Pos, [3]float64{1.45 * float64(i), 0, 0})
			for k := range 3 {
				f.Pos[i][k] += 0.08 * rng.NormFloat64()
			}
			for k := range 3 {
				if i > 0 {
					d := f.Pos[i][k] - f.Pos[i-1][k]
					energy += d * d / 2
					forces[i][k] -= d
					forces[i-1][k] += d
				}
			}
		}
		f.Set("energy", energy)
		f.SetColumn(xyz.Column{Name: "forces", Data: forces})
		frames = append(frames, f)
	}
	path := filepath.Join(t.TempDir(), "chains.xyz")
	if err := xyz.WriteFile(path, frames...); err != nil {
		t.Fatal(err)
	}
	return path
}

// deepest returns by how much two atoms of any pair gain energy on the way through the
// distances of the wall [eV].
func deepest(t *testing.T, m *potential.Model) float64 {
	t.Helper()
	worst := 0.
	for a, za := range m.Config.Species {
		for b, zb := range m.Config.Species[:a+1] {
			c, err := m.Calculator([]int{za, zb}, [3]bool{}, potential.DoublePrecision(), potential.Threads(1))
			if err != nil {
				t.Fatal(err)
			}
			from, to := m.Wall(a, b)
			highest, forces, virial := 0., make([][3]float64, 2), [3][3]float64{}
			for k := range 101 {
				r := to + (from-to)*float64(k)/100
				e, err := c.Compute([][3]float64{{}, {0.28 * r, 0.576 * r, 0.768 * r}}, [3][3]float64{}, forces, &virial)
				if err != nil {
					t.Fatal(err)
				}
				if k == 0 || e > highest {
					highest = e
				}
				worst = max(worst, highest-e)
			}
		}
	}
	return worst
}

// TestTheWallIsClosed trains with and without a weight for two atoms that attract each
// other: with it there is nothing to fall into.
func TestTheWallIsClosed(t *testing.T) {
	data := chains(t, 20)
	depth := func(weight float64) float64 {
		s := small(data, t.TempDir())
		s.Epochs, s.Threads, s.WallWeight, s.Reference = 120, 0, weight, "fit"
		if err := newTrainer(t, s).Run(context.Background(), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		return deepest(t, load(t, filepath.Join(s.Output, LastModel)))
	}
	open, closed := depth(0), depth(1)
	t.Logf("%.3g eV deep without the wall, %.3g eV with it", open, closed)
	if open < 0.01 {
		t.Errorf("without the wall the hole is %.3g eV deep: nothing is tested", open)
	}
	if closed > 1e-3 {
		t.Errorf("with the wall there is a hole of %.3g eV", closed)
	}
}

// TestLossGradientOfTheWall: where two atoms attract each other the loss has a gradient.
func TestLossGradientOfTheWall(t *testing.T) {
	s := small(chains(t, 20), t.TempDir())
	s.Precision = "float64"
	trainer := newTrainer(t, s)
	rng := stream(1, "perturbation", 0, 0)
	theta := slices.Clone(trainer.state.theta)
	for k := range theta {
		theta[k] += 0.5 * rng.NormFloat64()
	}
	batch := trainer.samples[:1:1]
	for k := 0; len(batch) < 4; k++ {
		pair, ok, err := trainer.wall(1, k)
		if err != nil || !ok || k == 200 {
			t.Fatalf("%d of %d pairs attract each other: %v", len(batch)-1, k, err)
		}
		sums, err := trainer.gradient(theta, []sample{batch[0], pair}, nil, lossWeights{wall: 1}, trainer.grad)
		if err != nil {
			t.Fatal(err)
		}
		if sums.Loss > 1e-4 { // and not just so
			batch = append(batch, pair)
		}
	}
	checkGradient(t, trainer, theta, batch, nil, []lossWeights{{wall: 1}, {2, 1, 0, 3}})
}

// TestWallIsWithinTheDistancesThatDataLack: the two atoms are closer than any in the data
// and than bonds are, at any distance out to there, and are not counted as data.
func TestWallIsWithinTheDistancesThatDataLack(t *testing.T) {
	trainer := newTrainer(t, small(chains(t, 20), t.TempDir()))
	var nearest, farthest [2]float64 // by the number of oxygen atoms
	for k := range 400 {
		s, ok, err := trainer.wall(1, k)
		if err != nil || !ok {
			t.Fatalf("no two atoms: %v", err)
		}
		slices.Sort(s.kind)
		if slices.Equal(s.kind, []int{1, 1}) {
			continue
		}
		v := s.graph.Vec[0]
		r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
		if n := s.kind[1]; k < 2 || nearest[n] == 0 || r < nearest[n] {
			nearest[n] = r
		}
		farthest[s.kind[1]] = max(farthest[s.kind[1]], r)
	}
	for n, pair := range [][2]int{{0, 0}, {0, 1}} {
		from, to := trainer.model.Wall(pair[0], pair[1])
		if nearest[n] < from || farthest[n] > to || nearest[n] > from+0.1*(to-from) || farthest[n] < to-0.1*(to-from) {
			t.Errorf("distances of %v from %.3f to %.3f Å, want %.3f to %.3f", pair, nearest[n], farthest[n], from, to)
		}
	}
	batch, rotations, err := trainer.withWall(trainer.samples[:2:2], nil)
	if err != nil || len(batch) != 3 || rotations != nil {
		t.Fatalf("a batch of %d with the wall, %v", len(batch), err)
	}
	sums, err := trainer.gradient(trainer.state.theta, batch, nil, lossWeights{1, 1, 1, 1}, trainer.grad)
	if err != nil || sums.Samples != 2 || sums.ForceComponents != 2*12 {
		t.Errorf("%d samples and %g components of forces are counted, want 2 and 24: %v", sums.Samples, sums.ForceComponents, err)
	}
}
