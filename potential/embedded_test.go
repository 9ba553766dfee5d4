package potential

import (
	"math"
	"strings"
	"testing"

	"ponita/neighbor"
)

// embeddedOnly returns the energy and the force on the last of some atoms in a row, beneath
// the network and without repulsion or binding, over the reference energies.
func embeddedOnly(t *testing.T, m *Model, kind []int, at ...float64) (energy, force float64) {
	t.Helper()
	pos := make([][3]float64, len(at))
	for i, z := range at {
		pos[i][2] = z
	}
	g, err := neighbor.Build(pos, [3][3]float64{}, [3]bool{}, m.Config.Cutoff)
	if err != nil {
		t.Fatal(err)
	}
	only := &Model{Config: m.Config, ReferenceEnergies: make([]float64, len(m.Config.Species)), Embedded: m.Embedded}
	b := only.Baseline(g, kind)
	return b.Energy, b.Forces[len(at)-1][2]
}

// TestEmbeddedAtomIsTheFormula: an oxygen between a hydrogen and an oxygen, by hand.
func TestEmbeddedAtomIsTheFormula(t *testing.T) {
	m := testModel(Config{Cutoff: 4})
	m.Embedded = EmbeddedAtom{
		Root: []float64{0.7, 1.3}, Square: []float64{0.02, 0.05},
		Pair: [][]float64{{0, 0, 0, 0, 0, 0, 9}, {0.4, 0, -0.2, 0, 0, 0, 0}, {0, 0.6, 0, 0, 0, 0, -3}},
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	oh, oo, far := 1-1.2/4, 1-1.9/4, 1-3.1/4 // far: H and the other O
	want := 0.
	for _, u := range []float64{oh, far} {
		want += 0.4*math.Pow(u, 4) - 0.2*math.Pow(u, 6)
	}
	want += 0.6*math.Pow(oo, 5) - 3*math.Pow(oo, 10)
	for _, rho := range []float64{math.Pow(oh, 6) + math.Pow(oo, 6), math.Pow(oo, 6) + math.Pow(far, 6)} {
		want += -1.3*math.Sqrt(rho) + 0.05*rho*rho
	}
	rho := math.Pow(oh, 6) + math.Pow(far, 6)
	want += -0.7*math.Sqrt(rho) + 0.02*rho*rho
	if got, _ := embeddedOnly(t, m, []int{0, 1, 1}, 0, 1.2, 3.1); math.Abs(got-want) > 1e-13 {
		t.Errorf("%.15g eV, want %.15g", got, want)
	}
}

// TestEmbeddedAtomLetsGo: the square root of a density that goes to nothing has a slope
// without bound, and the force with which the last neighbour leaves must vanish all the same.
func TestEmbeddedAtomLetsGo(t *testing.T) {
	m := testModel(Config{Cutoff: 4})
	m.Embedded = NewEmbeddedAtom(2)
	m.Embedded.Root = []float64{0.7, 1.3}
	before := math.Inf(1)
	for _, gap := range []float64{0.3, 0.1, 0.03, 0.01, 0.001, 1e-6} {
		energy, force := embeddedOnly(t, m, []int{0, 1}, 0, 4-gap)
		if !(math.Abs(force) < before) || math.Abs(energy) > math.Abs(force)*gap {
			t.Errorf("%g Å within the cutoff: %g eV, %g eV/Å; %g eV/Å before", gap, energy, force, before)
		}
		before = math.Abs(force)
	}
	if energy, force := embeddedOnly(t, m, []int{0, 1}, 0, 4); energy != 0 || force != 0 || before > 1e-4 {
		t.Errorf("at the cutoff: %g eV, %g eV/Å; %g eV/Å before", energy, force, before)
	}
}

func TestEmbeddedAtomOfAnotherModel(t *testing.T) {
	for want, spoil := range map[string]func(e *EmbeddedAtom){
		"for 2 species":          func(e *EmbeddedAtom) { e.Root = e.Root[:1] },
		"is not finite":          func(e *EmbeddedAtom) { e.Square[1] = math.NaN() },
		"3 coefficients, want 7": func(e *EmbeddedAtom) { e.Pair[2] = e.Pair[2][:3] },
	} {
		m := testModel(Config{Cutoff: 4})
		spoil(&m.Embedded)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}
