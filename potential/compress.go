package potential

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"ponita/neighbor"
	"ponita/potential/internal/kernel"
)

// Compression tells what is lost by a projection on Legendre polynomials.
type Compression struct {
	// Spatial is, for each degree L from 0 on, the part of the spatial kernels
	// beyond it: the root of ∫|K − K_L|² over that of ∫|K|², over all layers,
	// channels and points within the cutoff, weighted by volume.
	Spatial []float64
	// Fiber is the same of the spherical kernels, over all pairs of orientations
	// on the sphere, for each degree L'.
	Fiber     []float64
	Intervals int     // of the radial splines
	Spline    float64 // their error relative to the largest radial function
}

// angularNodes is the number of points of the integrals over the angle. The
// kernels are analytic in the angle (not in its cosine), and the polynomials of
// degree 16 are resolved many times over.
const angularNodes = 96

// Compress projects the kernels of a polynomial model on Legendre polynomials up
// to the given degrees and tabulates them in r, so that the fast engine evaluates
// it, with smooth forces:
//
//	R_lc(r) = (2l+1)/2 ∫ K_c(r, x) P_l(x) dx,   φ_lc = (2l+1)/2 ∫ Φ_c(x) P_l(x) dx
//
// The result is a model of the tabulated family, on a grid of opposite
// orientations: the model's own, if it is one. It cannot be trained.
func (m *Model) Compress(degree, fiberDegree int) (*Model, *Compression, error) {
	c := m.Config
	if c.Kernel != Polynomial {
		return nil, nil, fmt.Errorf("potential: the model has %s kernels, only polynomial ones can be compressed", c.Kernel)
	}
	out := c
	out.Kernel, out.Degree, out.FiberDegree, out.Intervals = Tabulated, degree, fiberDegree, 1
	if err := out.Validate(); err != nil {
		return nil, nil, err
	}
	p, err := newProjection(m)
	if err != nil {
		return nil, nil, err
	}
	spline := newRadialSpline(p.radial(degree), c.Cutoff, c.Layers, 1, (degree+1)*c.Channels)
	out.Intervals = spline.intervals
	flat := make([]float64, out.Layout().Len)
	from, to := view(c, m.Weights), view(out, flat)
	copy(to.embedding, from.embedding)
	knots := make([]float64, out.Intervals+1)
	for k := range knots {
		knots[k] = float64(k) * c.Cutoff / float64(out.Intervals)
	}
	tables, spatial := p.radial(degree)(0, knots), p.spatial(knots)
	fibers, fiber := p.fiber(fiberDegree)
	for t := range to.layers {
		l, source := &to.layers[t], &from.layers[t]
		copy(l.spatial, tables[t])
		copy(l.self, p.kernel.selfK[t])
		copy(l.fiber, fibers[t])
		for _, pair := range [][2][]float64{
			{l.bias, source.bias}, {l.gain, source.gain}, {l.shift, source.shift},
			{l.w1, source.w1}, {l.b1, source.b1}, {l.w2, source.w2}, {l.b2, source.b2},
			{l.scale, source.scale}, {l.readout, source.readout}, {l.outBias, source.outBias},
		} {
			copy(pair[0], pair[1])
		}
	}
	model := &Model{
		Config: out, ReferenceEnergies: m.ReferenceEnergies, Scale: m.Scale, Repulsion: m.Repulsion, Binding: m.Binding, Embedded: m.Embedded,
		Weights: flat, Provenance: m.Provenance,
	}
	return model, &Compression{Spatial: spatial, Fiber: fiber, Intervals: spline.intervals, Spline: spline.Error}, model.Validate()
}

// projection evaluates the kernels of a polynomial model on nodes in the angle
// θ between x_ij and o.
type projection struct {
	model  *Model
	cfg    Config // the model's, with the nodes for a grid
	kernel *polynomialKernel[float64]
	edges  edges
	cos    []float64   // [node]
	weight []float64   // [node], of ∫ … sin θ dθ
	values [][]float64 // [node][degree]: P_l
}

func newProjection(m *Model) (*projection, error) {
	p := &projection{model: m, cfg: m.Config}
	set, err := kernel.Best[float64]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	theta, weight := make([]float64, angularNodes), make([]float64, angularNodes)
	quad.Legendre{}.FixedLocations(theta, weight, 0, math.Pi)
	p.cfg.Grid = Grid{Name: "nodes"}
	for k, x := range theta {
		sin, cos := math.Sincos(x)
		p.cfg.Grid.Orientations = append(p.cfg.Grid.Orientations, [3]float64{sin, 0, cos})
		p.cfg.Grid.Weights = append(p.cfg.Grid.Weights, weight[k]*sin/2)
		p.cos, p.weight = append(p.cos, cos), append(p.weight, weight[k]*sin)
		value := make([]float64, maxDegree+1)
		legendre(value, make([]float64, maxDegree+1), cos)
		p.values = append(p.values, value)
	}
	p.cfg.MeanNeighbors = 1 // the engine divides
	p.kernel = newPolynomialKernel(&p.cfg, set, view(m.Config, m.Weights), &p.edges)
	return p, nil
}

// visit calls f with the kernels at each distance, [layer][node][channel], and
// their derivatives by r.
func (p *projection) visit(r []float64, f func(k, t int, value, slope []float64)) {
	g := &neighbor.Graph{Start: []int{0, len(r)}, Neighbor: make([]int32, len(r))}
	along := make([][3]float64, len(r))
	for k, x := range r {
		// At zero the distance from the axis has no derivative: just beside it.
		g.Vec = append(g.Vec, [3]float64{0, 0, max(x, 1e-9)})
		along[k] = [3]float64{0, 0, 1}
	}
	p.edges.setGraph(g)
	p.kernel.forward()
	p.kernel.tangent(along)
	row := make([]float64, len(p.cos)*p.cfg.Channels)
	slope := make([]float64, len(row))
	for k := range r {
		for t := range p.cfg.Layers {
			p.kernel.row(t, k, row)
			p.kernel.rowDot(t, k, slope)
			f(k, t, row, slope)
		}
	}
}

// radial returns the radial functions up to a degree.
func (p *projection) radial(degree int) radialFunctions {
	width, c := (degree+1)*p.cfg.Channels, p.cfg.Channels
	return func(_ int, r []float64) [][]float64 {
		out := make([][]float64, p.cfg.Layers)
		for t := range out {
			out[t] = make([]float64, 2*len(r)*width)
		}
		const most = 64 // distances at a time: a row for each node and basis function
		for first := 0; first < len(r); first += most {
			part := r[first:min(first+most, len(r))]
			p.visit(part, func(k, t int, value, slope []float64) {
				p.project(out[t][(first+k)*width:][:width], value, c)
				p.project(out[t][(len(r)+first+k)*width:][:width], slope, c)
			})
		}
		return out
	}
}

// project writes the components [degree][channel] of values [node][channel].
func (p *projection) project(out, value []float64, c int) {
	clear(out)
	for q, w := range p.weight {
		for l := range len(out) / c {
			factor := float64(2*l+1) / 2 * w * p.values[q][l]
			for k := range c {
				out[l*c+k] += factor * value[q*c+k]
			}
		}
	}
}

// remainders turns the integrals of |f|² and of |f_l|² into the parts beyond each
// degree. The norms of P_l are 2/(2l+1).
func remainders(total float64, parts []float64) []float64 {
	out := make([]float64, len(parts))
	rest := total
	for l, v := range parts {
		rest -= v
		out[l] = math.Sqrt(max(rest, 0) / total)
	}
	return out
}

// spatial measures the projection at distances r.
func (p *projection) spatial(r []float64) []float64 {
	c := p.cfg.Channels
	total, parts := 0., make([]float64, maxDegree+1)
	component := make([]float64, (maxDegree+1)*c)
	const step = 8 // a sample of the knots is enough
	var sample []float64
	for k := step / 2; k < len(r); k += step {
		sample = append(sample, r[k])
	}
	p.visit(sample, func(k, _ int, value, _ []float64) {
		p.measure(value, component, sample[k]*sample[k], &total, parts)
	})
	return remainders(total, parts)
}

// measure adds one row of values, weighted, to the integrals.
func (p *projection) measure(value, component []float64, weight float64, total *float64, parts []float64) {
	c := p.cfg.Channels
	p.project(component, value, c)
	for q, w := range p.weight {
		for k := range c {
			*total += weight * w * value[q*c+k] * value[q*c+k]
		}
	}
	for l := range parts {
		for _, v := range component[l*c : (l+1)*c] {
			parts[l] += weight * 2 / float64(2*l+1) * v * v
		}
	}
}

// fiber returns the components of the spherical kernels, [layer][degree][channel],
// and measures their projection.
func (p *projection) fiber(degree int) (components [][]float64, error []float64) {
	c := p.cfg.Channels
	w := view(p.model.Config, p.model.Weights)
	mlp := newMLP(p.kernel.set, p.cfg.FiberDegree, p.cfg.Hidden, p.cfg.Basis)
	x := mlp.input(len(p.cos))
	for q, cos := range p.cos {
		powers(x[q*p.cfg.FiberDegree:(q+1)*p.cfg.FiberDegree], []float64{cos}, p.cfg.FiberDegree)
	}
	basis := mlp.forward(w.fiber)
	value := make([]float64, len(p.cos)*c)
	total, parts := 0., make([]float64, maxDegree+1)
	all := make([]float64, (maxDegree+1)*c)
	for t := range w.layers {
		p.kernel.set.MatMul(value, basis, w.layers[t].fiber, len(p.cos), p.cfg.Basis, c, false)
		out := make([]float64, (degree+1)*c)
		p.project(out, value, c)
		components = append(components, out)
		p.measure(value, all, 1, &total, parts)
	}
	return components, remainders(total, parts)
}
