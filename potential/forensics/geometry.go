package forensics

import (
	"errors"
	"math"

	"ponita/neighbor"
	"ponita/xyz"
)

// geometry is what is kept of the graph of a frame. The graph itself is not: it
// would be most of the memory.
type geometry struct {
	err      error     // the graph cannot be built: coincident atoms, a singular lattice
	edges    int       // directed
	shortest []contact // [pair of kinds]
	lonely   []int     // atoms without neighbours, from 0
	width    float64   // Å, least distance between opposite faces of the cell; +Inf without periodicity
	shape    float64   // volume per atom [Å³], or radius of gyration [Å] of a molecule
	sums     [4]float64
	slope    float64    // how much a change of all distances by 1 Å can change a sum
	sketch   [8]float64 // projections of the distances in the order of the atoms
	scale    float64    // of the sketch
	reach    float64    // Å, see reach.go
}

// contact is the shortest distance of a pair of elements in a frame.
type contact struct {
	distance float64 // Å; 0 is none
	i, j     int32   // atoms, from 0
}

// measureAll fills in the geometry of all items.
func (e *examination) measureAll() {
	e.each(func(k int) { e.items[k].geometry = e.measure(e.items[k].frame) })
}

func (e *examination) measure(f *xyz.Frame) (m geometry) {
	m.width = width(f)
	m.shape = shape(f)
	m.shortest = make([]contact, pairs(len(e.species)))
	g, err := e.graph(f)
	if len(f.Species) == 0 {
		err = errors.New("a frame without atoms")
	}
	if err != nil {
		m.err = err
		return m
	}
	kind := make([]int, len(f.Species))
	for i, z := range f.Species {
		kind[i] = e.kind(z)
	}
	m.edges = len(g.Neighbor)
	squares := 0.
	for i := range kind {
		if g.Start[i] == g.Start[i+1] && len(kind) > 1 {
			m.lonely = append(m.lonely, i)
		}
		for k := g.Start[i]; k < g.Start[i+1]; k++ {
			if int(g.Reverse[k]) < k {
				continue // one direction of each pair
			}
			j := int(g.Neighbor[k])
			v := g.Vec[k]
			r := math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
			p := pair(kind[i], kind[j])
			if c := &m.shortest[p]; c.distance == 0 || r < c.distance {
				*c = contact{r, int32(i), int32(j)}
			}
			squares += m.project(i, j, p, r, e.Cutoff)
		}
	}
	m.scale = math.Sqrt(squares)
	m.reach = e.reach(f, g)
	return m
}

// project adds a pair at distance r [Å] to the sums and the sketch, and returns
// (dφ/dr)²:
//
//	φ(r) = (rc − r)²/(2 rc),   sums_n += c_n(pair) φ(r) cos(n π r/rc),   sketch_n += ±φ(r)
//
// c depends on the elements alone and the signs on the numbers of the atoms
// alone. So the sums are the same for any order and orientation of the atoms,
// and a sketch divided by scale changes by about the root mean square change of
// the distances when these change at random: it is a random projection of them.
func (m *geometry) project(i, j, p int, r, rc float64) float64 {
	x := 1 - r/rc
	phi := rc * x * x / 2
	weight := 1 + 0.37*math.Mod(0.618*float64(p), 1)
	c, s := 1., math.Pi*r/rc
	for n := range m.sums {
		m.sums[n] += weight * phi * c
		c = math.Cos(float64(n+1) * s)
	}
	// |dφ/dr| ≤ 1 and |φ d cos/dr| ≤ rc/2 · nπ/rc.
	m.slope += weight * (1 + math.Pi/2*float64(len(m.sums)-1))
	h := uint64(i)*0x9E3779B97F4A7C15 ^ uint64(j)*0xC2B2AE3D27D4EB4F
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	for n := range m.sketch {
		if h>>n&1 == 0 {
			m.sketch[n] += phi
		} else {
			m.sketch[n] -= phi
		}
	}
	return x * x
}

// width returns the least distance between opposite faces over the periodic
// directions, Å.
func width(f *xyz.Frame) float64 {
	least := math.Inf(1)
	for k := range 3 {
		if !f.PBC[k] {
			continue
		}
		// Without the other periodic directions a row alone bounds the images.
		h := norm(f.Lattice[k])
		if crystal(f) {
			h = f.Volume() / norm(cross(f.Lattice[(k+1)%3], f.Lattice[(k+2)%3]))
		}
		least = min(least, h)
	}
	return least
}

func shape(f *xyz.Frame) float64 {
	n := float64(len(f.Species))
	if crystal(f) {
		return f.Volume() / n
	}
	var mean [3]float64
	square := 0.
	for _, x := range f.Pos {
		for k := range 3 {
			mean[k] += x[k] / n
		}
	}
	for _, x := range f.Pos {
		d := sub(x, mean)
		square += dot(d, d) / n
	}
	return math.Sqrt(square)
}

// distancesOf returns the distances of a graph by pair of kinds, ascending.
func (e *examination) distancesOf(f *xyz.Frame, g *neighbor.Graph) [][]float64 {
	out := make([][]float64, pairs(len(e.species)))
	for i := range f.Species {
		for k := g.Start[i]; k < g.Start[i+1]; k++ {
			if int(g.Reverse[k]) >= k {
				p := pair(e.kind(f.Species[i]), e.kind(f.Species[g.Neighbor[k]]))
				out[p] = append(out[p], norm(g.Vec[k]))
			}
		}
	}
	return out
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func norm(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

func sub(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
