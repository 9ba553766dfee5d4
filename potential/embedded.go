package potential

import (
	"fmt"
	"math"
	"slices"

	"ponita/neighbor"
)

// EmbeddedAtom is a potential of pairs, and of the density that the neighbours of an atom
// make at its place, fitted to the data before the network, which learns what it leaves:
//
//	E_i = ½ Σ_j φ(r_ij) − A[z_i] √ρ_i + B[z_i] ρ_i²,   ρ_i = Σ_j u_ij⁶
//
//	φ(r) = Σ_k a_k u^(4+k),   u = 1 − r/cutoff
//
// with coefficients a₀ to a₆ of their own for every pair of species. The energy is linear in
// A, B and a: these are fitted. The zero value is none.
//
// Sources: Daw, Baskes, Phys. Rev. B 29, 6443 (1984), the form; Finnis, Sinclair, Phil. Mag.
// A 50, 45 (1984), the square root, of the second moment of the density of states.
type EmbeddedAtom struct {
	Root   []float64   `json:"root,omitempty"`   // A in eV: [species]
	Square []float64   `json:"square,omitempty"` // B in eV: [species]
	Pair   [][]float64 `json:"pair,omitempty"`   // a in eV: [pair][power], see [PairIndex]
}

// Powers of u in the functions of pairs, from the least on. Two derivatives of the energy
// are continuous at the cutoff: the root of the density of a lone neighbour goes as u³.
const (
	LeastPairPower = 4
	PairPowers     = 7
	densityPower   = 6
)

// NewEmbeddedAtom returns one without energy, for so many species.
func NewEmbeddedAtom(species int) EmbeddedAtom {
	m := EmbeddedAtom{Root: make([]float64, species), Square: make([]float64, species)}
	for range species * (species + 1) / 2 {
		m.Pair = append(m.Pair, make([]float64, PairPowers))
	}
	return m
}

// Coefficients returns where in m all is that the energy is linear in: A, B and a.
func (m *EmbeddedAtom) Coefficients() []*float64 {
	var out []*float64
	for z := range m.Root {
		out = append(out, &m.Root[z], &m.Square[z])
	}
	for _, a := range m.Pair {
		for k := range a {
			out = append(out, &a[k])
		}
	}
	return out
}

// There tells whether there is any.
func (m *EmbeddedAtom) There() bool { return len(m.Root) > 0 }

func (m *EmbeddedAtom) validate(species int) error {
	if len(m.Root) == 0 && len(m.Square) == 0 && len(m.Pair) == 0 {
		return nil
	}
	pairs := species * (species + 1) / 2
	if len(m.Root) != species || len(m.Square) != species || len(m.Pair) != pairs {
		return fmt.Errorf("potential: the embedded-atom part has %d and %d coefficients of the density and %d pairs, want %d and %d for %d species",
			len(m.Root), len(m.Square), len(m.Pair), species, pairs, species)
	}
	for p, a := range m.Pair {
		if len(a) != PairPowers {
			return fmt.Errorf("potential: pair %d of the embedded-atom part has %d coefficients, want %d", p+1, len(a), PairPowers)
		}
	}
	if slices.ContainsFunc(m.Coefficients(), func(a *float64) bool { return notFinite(*a) }) {
		return fmt.Errorf("potential: a coefficient of the embedded-atom part is not finite")
	}
	return nil
}

// pair returns φ of a pair [eV], and dφ/du.
func pair(a []float64, u float64) (phi, slope float64) {
	_ = a[PairPowers-1]
	u2 := u * u
	u3, u4 := u2*u, u2*u2
	// Short chains, which a processor computes side by side.
	phi = (a[0] + a[1]*u) + u2*(a[2]+a[3]*u) + u4*((a[4]+a[5]*u)+u2*a[6])
	slope = (4*a[0] + 5*a[1]*u) + u2*(6*a[2]+7*a[3]*u) + u4*((8*a[4]+9*a[5]*u)+u2*(10*a[6]))
	return phi * u4, slope * u3
}

// add adds the energy of atoms lo to hi−1 to the site energies and to ∂E/∂x_ij.
func (m *EmbeddedAtom) add(g *neighbor.Graph, cutoff float64, kind []int, site []float64, dVec [][3]float64, lo, hi int) {
	if !m.There() {
		return
	}
	distances := make([]float64, 0, 256) // of one atom
	scale := 1 / cutoff
	for i := lo; i < hi; i++ {
		first, last := g.Start[i], g.Start[i+1]
		vec := g.Vec[first:last]
		distances = distances[:0]
		rho := 0.
		for n := range vec {
			r := math.Sqrt(dot(vec[n], vec[n]))
			distances = append(distances, r)
			u := max(1-r*scale, 0)
			u3 := u * u * u
			rho += u3 * u3
		}
		if rho == 0 {
			continue
		}
		root, a, b := math.Sqrt(rho), m.Root[kind[i]], m.Square[kind[i]]
		pairs := 0.
		embedding := -a/(2*root) + 2*b*rho // its derivative by ρ
		for n, r := range distances {
			u := 1 - r*scale
			if u <= 0 {
				continue
			}
			e := first + n
			phi, slope := pair(m.Pair[PairIndex(kind[i], kind[g.Neighbor[e]])], u)
			pairs += phi
			u2 := u * u
			pull := -(slope/2 + embedding*densityPower*u2*u2*u) * scale / r
			d := &dVec[e]
			for k, x := range vec[n] {
				d[k] += pull * x
			}
		}
		site[i] += pairs/2 - a*root + b*rho*rho
	}
}
