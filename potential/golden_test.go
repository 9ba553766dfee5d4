package potential

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ponita/neighbor"
	"ponita/potential/internal/h5"
)

// The golden files hold numbers of the authors' own implementation in float64.
// Tolerances are those that came with the data, each relative to the largest
// entry: 1e-12 for values and intermediate tensors, 1e-11 for first and 1e-10
// for second derivatives.
const (
	goldenValue    = 1e-12
	goldenGradient = 1e-11
	goldenSecond   = 1e-10
)

// golden is one file of reference values.
type golden struct {
	testing.TB
	file *h5.File
}

func openGolden(t testing.TB, name string) golden {
	path := filepath.Join("..", "..", "shared", "golden", name+".h5")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("reference values of the authors' network are not here: %v", err)
	}
	f, err := h5.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return golden{t, f}
}

func (g golden) floats(name string) []float64 {
	_, x, err := g.file.Float64s(name)
	if err != nil {
		g.Fatal(err)
	}
	return x
}

func (g golden) vectors(name string) [][3]float64 {
	x := g.floats(name)
	out := make([][3]float64, len(x)/3)
	for k := range out {
		out[k] = [3]float64(x[3*k:])
	}
	return out
}

func (g golden) number(name string) int {
	n, err := g.file.IntAttribute("config", name)
	if err != nil {
		g.Fatal(err)
	}
	return n
}

// config translates the authors' configuration into ours.
func (g golden) config() Config {
	radius, err := g.file.FloatAttribute("config", "radius")
	if err != nil {
		g.Fatal(err)
	}
	c := Config{
		Kernel: Polynomial, Cutoff: max(radius, 0), Envelope: g.number("window_p"),
		Layers: g.number("num_layers"), Channels: g.number("hidden_dim"), Widening: g.number("widening_factor"),
		Degree: g.number("degree"), Hidden: g.number("hidden_dim"), Basis: g.number("basis_dim"),
		LayerScale:   g.number("has_layer_scale") == 1,
		InputScalars: g.number("input_dim_scalar"), InputVectors: g.number("input_dim_vec"),
		OutputScalars: g.number("output_dim"), OutputVectors: g.number("output_dim_vec"),
		LastReadoutOnly: g.number("multiple_readouts") == 0,
	}
	if g.number("num_ori") == 0 {
		c.Kernel = Distance
	} else {
		c.Grid = uniform("authors", g.vectors("input/ori_grid"))
	}
	return c.WithDefaults()
}

// theirs names the authors' tensor for one of ours; theirs are [out][in].
func theirs(name string) (string, bool) {
	for _, r := range [][2]string{
		{"embedding", "x_embedder.weight"},
		{"spatial.w1", "basis_fn.1.weight"}, {"spatial.b1", "basis_fn.1.bias"},
		{"spatial.w2", "basis_fn.3.weight"}, {"spatial.b2", "basis_fn.3.bias"},
		{"fiber.w1", "fiber_basis_fn.1.weight"}, {"fiber.b1", "fiber_basis_fn.1.bias"},
		{"fiber.w2", "fiber_basis_fn.3.weight"}, {"fiber.b2", "fiber_basis_fn.3.bias"},
	} {
		if name == r[0] {
			return r[1], true
		}
	}
	parts := strings.SplitN(name, ".", 3)
	layer := "interaction_layers." + parts[1] + "."
	switch parts[2] {
	case "spatial":
		return layer + "conv.kernel.weight", true
	case "fiber":
		return layer + "conv.fiber_kernel.weight", true
	case "bias":
		return layer + "conv.bias", false
	case "norm.gain":
		return layer + "norm.weight", false
	case "norm.bias":
		return layer + "norm.bias", false
	case "w1", "w2":
		return layer + "linear_" + parts[2][1:] + ".weight", true
	case "b1", "b2":
		return layer + "linear_" + parts[2][1:] + ".bias", false
	case "scale":
		return layer + "layer_scale", false
	case "readout":
		return "read_out_layers." + parts[1] + ".weight", false // both are [out][in]
	case "readout.bias":
		return "read_out_layers." + parts[1] + ".bias", false
	}
	panic("no such tensor: " + name)
}

// tensors reads a group of the authors' tensors into the order of our layout.
func (g golden) tensors(c Config, group string) []float64 {
	layout := c.Layout()
	out := make([]float64, layout.Len)
	for _, t := range layout.Tensors {
		name, transposed := theirs(t.Name)
		x := g.floats(group + "/" + name)
		if len(x) != t.Len() {
			g.Fatalf("%s has %d elements, our %s %d", name, len(x), t.Name, t.Len())
		}
		if transposed && len(t.Shape) == 2 {
			x = transpose(x, t.Shape[1])
		}
		copy(out[t.Offset:], x)
	}
	return out
}

// transpose turns [rows][columns] into [columns][rows].
func transpose(x []float64, rows int) []float64 {
	columns := len(x) / rows
	y := make([]float64, len(x))
	for k, v := range x {
		y[k%columns*rows+k/columns] = v
	}
	return y
}

// input builds the authors' graph: edges from sender (row 0) to receiver (row
// 1), without the self loops, which are part of our kernels.
func (g golden) input() Input {
	_, edges, err := g.file.Int64s("input/edge_index")
	if err != nil {
		g.Fatal(err)
	}
	pos := g.vectors("input/pos")
	graph := &neighbor.Graph{Start: make([]int, len(pos)+1)}
	half := len(edges) / 2
	for i := range pos {
		for e := range half {
			if j := int(edges[e]); int(edges[half+e]) == i && j != i {
				graph.Neighbor = append(graph.Neighbor, int32(j))
				graph.Vec = append(graph.Vec, sub(pos[j], pos[i]))
			}
		}
		graph.Start[i+1] = len(graph.Neighbor)
	}
	in := Input{Graph: graph, Scalars: g.floats("input/x")}
	if g.file.Has("input/vec") {
		in.Vectors = g.vectors("input/vec")
	}
	return in
}

// seed is ∂S/∂output of the scalar the reference differentiates.
func (g golden) seed(c Config, atoms int) []float64 {
	var seed []float64
	for i := range atoms {
		for k := range c.OutputScalars {
			if g.file.Has("input/contract_scalar") {
				seed = append(seed, g.floats("input/contract_scalar")[i*c.OutputScalars+k])
			} else {
				seed = append(seed, 1)
			}
		}
		for k := range 3 * c.OutputVectors {
			seed = append(seed, g.floats("input/contract_vector")[i*3*c.OutputVectors+k])
		}
	}
	return seed
}

// near compares with the reference, relative to its largest entry.
func (g golden) near(what string, got, want []float64, tolerance float64) {
	g.Helper()
	if len(got) != len(want) {
		g.Fatalf("%s: %d numbers, the reference has %d", what, len(got), len(want))
	}
	largest, worst, at := 0., 0., 0
	for k := range want {
		largest = max(largest, math.Abs(want[k]))
		if d := math.Abs(got[k] - want[k]); d > worst || math.IsNaN(d) {
			worst, at = d, k
		}
	}
	if !(worst <= tolerance*largest) && worst != 0 {
		g.Errorf("%s: element %d is %.15g, the reference %.15g: off by %.1e of the largest entry, want %.0e",
			what, at, got[at], want[at], worst/largest, tolerance)
	}
}

func TestGoldenReference(t *testing.T) {
	for _, name := range []string{"A_fiber_small", "B_fiber_paper", "C_fiber_layerscale_vec", "D_pnita"} {
		t.Run(name, func(t *testing.T) {
			g := openGolden(t, name)
			c := g.config()
			net, err := NewNetwork[float64](c)
			if err != nil {
				t.Fatal(err)
			}
			if err := net.SetWeights(g.tensors(c, "weights"), 1); err != nil {
				t.Fatal(err)
			}
			in := g.input()
			p := net.NewPass(true)
			var convOut [][]float64
			p.inspect = func(_ int, _, _, n []float64) { convOut = append(convOut, slices.Clone(n)) }
			p.Forward(in)
			g.checkKernels(p)
			g.checkForward(p, convOut)

			atoms := p.edges.atoms()
			seed := g.seed(c, atoms)
			value := 0.
			for k, s := range seed {
				value += s * p.Output[k]
			}
			g.near("value", []float64{value}, g.floats("grad/value"), goldenValue)

			dVec := make([][3]float64, len(in.Graph.Vec))
			p.Backward(seed, dVec)
			dPos := make([]float64, 3*atoms)
			for i := range atoms {
				for e := in.Graph.Start[i]; e < in.Graph.Start[i+1]; e++ {
					for k, v := range dVec[e] {
						dPos[3*i+k] -= v
						dPos[3*int(in.Graph.Neighbor[e])+k] += v
					}
				}
			}
			g.near("dpos", dPos, g.floats("grad/dpos"), goldenGradient)

			vecDot := make([][3]float64, len(dVec))
			p.Tangent(vecDot)
			grad := make([]float64, c.Layout().Len)
			part := net.NewGradient()
			p.Gradient(seed, part)
			net.Total(grad, []*Gradient[float64]{part}, 1)
			g.nearTensors(c, "grad/dw", grad, goldenGradient)

			v := g.vectors("input/v")
			for i := range atoms {
				for e := in.Graph.Start[i]; e < in.Graph.Start[i+1]; e++ {
					vecDot[e] = sub(v[in.Graph.Neighbor[e]], v[i])
				}
			}
			p.Tangent(vecDot)
			p.Gradient(make([]float64, len(seed)), part)
			net.Total(grad, []*Gradient[float64]{part}, 1)
			g.nearTensors(c, "grad/dw_of_v_dot_dpos", grad, goldenSecond)
		})
	}
}

// checkKernels compares what stands before the layers: features and basis
// functions of both kernels. The reference's edges are in its own order and
// contain the self loops, which are the last row of ours.
func (g golden) checkKernels(p *Pass[float64]) {
	f := p.kernels.(*polynomialKernel[float64])
	_, edges, err := g.file.Int64s("input/edge_index")
	if err != nil {
		g.Fatal(err)
	}
	half, n, basis := len(edges)/2, p.orientations(), f.cfg.Basis
	var features, window, kernel, distances, invariants []float64
	for e := range half {
		j, i := int32(edges[e]), int(edges[half+e])
		if int(j) == i {
			for range n {
				features = append(features, f.mlp.x[f.rows()*f.features:]...)
				kernel = append(kernel, f.basis[f.rows()*basis:]...)
			}
			window, distances = append(window, 1), append(distances, 0)
			invariants = append(invariants, make([]float64, n*f.invariants)...)
			continue
		}
		start := p.edges.graph.Start[i]
		k := start + slices.Index(p.edges.graph.Neighbor[start:p.edges.graph.Start[i+1]], j)
		features = append(features, f.mlp.x[k*n*f.features:(k+1)*n*f.features]...)
		kernel = append(kernel, f.block(f.basis, k, basis)...)
		u, _ := envelope(p.edges.r[k], f.cfg.Cutoff, f.cfg.Envelope)
		window, distances = append(window, u), append(distances, p.edges.r[k])
		for a := range n {
			q := f.pointPair(k, a)
			invariants = append(invariants, q.a[:f.invariants]...)
		}
	}
	g.near("dists", distances, g.floats("intermediate/dists"), goldenValue)
	g.near("edge_attr", invariants, g.floats("intermediate/edge_attr"), goldenValue)
	g.near("poly_features", features, g.floats("intermediate/poly_features"), goldenValue)
	g.near("window", window, g.floats("intermediate/window"), goldenValue)
	g.near("kernel_basis", kernel, g.floats("intermediate/kernel_basis"), goldenValue)
	if sphere := p.sphere.(*fiberKernel[float64]); sphere.cfg.hasFiber() {
		g.near("fiber_poly_features", sphere.mlp.x, g.floats("intermediate/fiber_poly_features"), goldenValue)
		g.near("fiber_kernel_basis", sphere.basis, g.floats("intermediate/fiber_kernel_basis"), goldenValue)
	}
}

// checkForward compares outputs and the intermediate tensors of the layers.
func (g golden) checkForward(p *Pass[float64], convOut [][]float64) {
	c := p.net.cfg
	if g.file.Has("intermediate/x_lifted") {
		var lifted []float64
		for i := range p.edges.atoms() {
			for _, o := range c.Grid.Orientations {
				for s := range c.InputScalars + c.InputVectors {
					lifted = append(lifted, p.inputValue(i, s, o))
				}
			}
		}
		g.near("x_lifted", lifted, g.floats("intermediate/x_lifted"), goldenValue)
	}
	g.near("x_embed", p.layers[0].h, g.floats("intermediate/x_embed"), goldenValue)
	var mean []float64
	for t := range p.layers {
		s := &p.layers[t]
		name := fmt.Sprintf("intermediate/layer_%d/", t)
		if g.file.Has(name + "conv_spatial") {
			g.near(name+"conv_spatial", s.m, g.floats(name+"conv_spatial"), goldenValue)
		}
		g.near(name+"conv_out", convOut[t], g.floats(name+"conv_out"), goldenValue)
		// Ours folds gain and shift into the next matrix.
		norm, w := slices.Clone(s.xhat), &p.net.w.layers[t]
		for k := range norm {
			norm[k] = w.gain[k%c.Channels]*norm[k] + w.shift[k%c.Channels]
		}
		g.near(name+"norm_out", norm, g.floats(name+"norm_out"), goldenValue)
		g.near(name+"block_out", p.next(t, len(s.h)), g.floats(name+"block_out"), goldenValue)
		if c.readsOut(t) {
			// Ours takes the mean over orientations before v; one row is the same without.
			outputs := len(w.outBias)
			readout := make([]float64, p.rows()*outputs)
			affine(p.net.set, readout, p.next(t, len(s.h)), transpose(w.readout, outputs), w.outBias, p.rows())
			g.near(name+"readout", readout, g.floats(name+"readout"), goldenValue)
			mean = append(mean, make([]float64, len(readout)-len(mean))...)
			for k, v := range readout {
				mean[k] += v / float64(c.readouts())
			}
		}
	}
	g.near("readout_mean", mean, g.floats("intermediate/readout_mean"), goldenValue)
	var out []float64
	atoms := p.edges.atoms()
	for i := range atoms {
		out = append(out, p.Output[i*p.net.outputs():i*p.net.outputs()+c.OutputScalars]...)
	}
	want := g.floats("output/scalar")
	if len(want) < len(out) { // graph level: a sum over atoms
		for k := c.OutputScalars; k < len(out); k++ {
			out[k%c.OutputScalars] += out[k]
		}
		out = out[:c.OutputScalars]
	}
	g.near("scalar", out, want, goldenValue)
	if c.OutputVectors > 0 {
		var vectors []float64
		for i := range atoms {
			vectors = append(vectors, p.Output[i*p.net.outputs()+c.OutputScalars:(i+1)*p.net.outputs()]...)
		}
		g.near("vector", vectors, g.floats("output/vector"), goldenValue)
	}
}

func (g golden) nearTensors(c Config, group string, got []float64, tolerance float64) {
	g.Helper()
	want := g.tensors(c, group)
	for _, t := range c.Layout().Tensors {
		largest := 0.
		for _, v := range want[t.Offset : t.Offset+t.Len()] {
			largest = max(largest, math.Abs(v))
		}
		for k := range t.Len() {
			at := t.Offset + k
			if d := math.Abs(got[at] - want[at]); !(d <= tolerance*largest) {
				g.Errorf("%s %s[%d] is %.12g, the reference %.12g: off by %.1e of the largest entry, want %.0e",
					group, t.Name, k, got[at], want[at], d/largest, tolerance)
				break
			}
		}
	}
}

// TestGoldenCalibration redoes the authors' data-dependent initialisation from
// their initial weights. It rescales kernels alone, which nothing touched
// afterwards.
func TestGoldenCalibration(t *testing.T) {
	for _, name := range []string{"A_fiber_small", "B_fiber_paper", "C_fiber_layerscale_vec", "D_pnita"} {
		t.Run(name, func(t *testing.T) {
			g := openGolden(t, name)
			c := g.config()
			got, err := c.Calibrate(g.tensors(c, "weights_init"), []Input{g.input()})
			if err != nil {
				t.Fatal(err)
			}
			want := view(c, g.tensors(c, "weights"))
			for l, w := range view(c, got).layers {
				g.near("spatial kernel", w.spatial, want.layers[l].spatial, goldenValue)
				if c.hasFiber() {
					g.near("spherical kernel", w.fiber, want.layers[l].fiber, goldenValue)
				}
			}
		})
	}
}
