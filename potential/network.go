package potential

import (
	"fmt"

	"ponita/internal/parallel"
	"ponita/neighbor"
	"ponita/potential/internal/harmonics"
	"ponita/potential/internal/kernel"
)

// Network is the learned part of the model in one precision: from a graph and
// features per atom to outputs per atom. It holds the weights; any number of
// [Pass] values may use one network at the same time, as long as nobody calls
// SetWeights.
type Network[T Float] struct {
	cfg        Config
	set        *kernel.Set[T]
	w          *weights[T]
	blocks     []blockMaps[T] // [layer], of w
	gridMoment [4]float64     // Σ_a w_a and Σ_a w_a o_a
	version    int            // counts SetWeights
}

// NewNetwork returns a network with all weights zero. Zeros in the
// configuration take their defaults.
func NewNetwork[T Float](cfg Config) (*Network[T], error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	switch cfg.Kernel {
	case Tabulated:
		return nil, fmt.Errorf("potential: a tabulated network is for evaluation only: train the model that it was compressed from")
	case Legendre:
		cfg.Grid, _ = cfg.Grid.paired()
	}
	set, err := kernel.Best[T]()
	if err != nil {
		return nil, fmt.Errorf("potential: %w", err)
	}
	n := &Network[T]{
		cfg: cfg, set: set,
		w: view(cfg, make([]T, cfg.Layout().Len)),
	}
	for t := range cfg.Layers {
		n.blocks = append(n.blocks, newBlockMaps[T](&n.cfg, t))
	}
	for a := range cfg.Grid.Orientations {
		for m := range n.gridMoment {
			n.gridMoment[m] += float64(n.momentWeight(m, a))
		}
	}
	return n, nil
}

// Config returns the configuration with its defaults filled in. Its grid may be
// in another order than the one given.
func (n *Network[T]) Config() Config { return n.cfg }

// KernelName returns the name of the kernel set in use, such as "avx2".
func (n *Network[T]) KernelName() string { return n.set.Name }

// SetWeights rounds the weights, in the order of the configuration's Layout, to
// the network's precision and takes them over, on so many threads, 0 for
// all cores.
func (n *Network[T]) SetWeights(weights []float64, threads int) error {
	if len(weights) != len(n.w.flat) {
		return fmt.Errorf("potential: %d weights, the configuration has %d", len(weights), len(n.w.flat))
	}
	parallel.Ranges(len(weights), threads, func(lo, hi int) {
		to := n.w.flat[lo:hi]
		for k, v := range weights[lo:hi] {
			to[k] = T(v)
		}
	})
	n.version++
	return parallel.Each(len(n.w.layers), threads, func(_, t int) error {
		fold(&n.blocks[t], &n.w.layers[t], n.set)
		return nil
	})
}

// outputs returns the number of outputs per atom: scalars, then three
// components for each vector.
func (n *Network[T]) outputs() int { return n.cfg.OutputScalars + 3*n.cfg.OutputVectors }

// outputOf returns the readout channel and the moment of h' behind output k.
func (n *Network[T]) outputOf(k int) (channel, moment int) {
	if k < n.cfg.OutputScalars {
		return k, 0
	}
	k -= n.cfg.OutputScalars
	return n.cfg.OutputScalars + k/3, 1 + k%3
}

// momentWeight is w_a for moment 0 and w_a o_a^d for the others.
func (n *Network[T]) momentWeight(moment, a int) T {
	w := n.cfg.Grid.Weights[a]
	if moment == 0 {
		return T(w)
	}
	return T(w * n.cfg.Grid.Orientations[a][moment-1])
}

// Input is one configuration as a network sees it.
type Input struct {
	Graph   *neighbor.Graph
	Scalars []float64    // [atom][scalar]: one-hot species for an energy
	Vectors [][3]float64 // [atom][vector], if the configuration has input vectors
}

// Pass evaluates one configuration at a time and owns the memory this needs. It
// belongs to one goroutine. The four passes follow one another:
//
//	Forward   outputs
//	Backward  ∂S/∂x_ij for S = Σ seed·output
//	Tangent   carries displacements ẋ_ij through the network
//	Gradient  ∂/∂θ of Σ seed'·output + Ṡ, where Ṡ = Σ_edges ∂S/∂x_ij·ẋ_ij
//
// The last is the exact gradient of a loss on outputs and on their derivatives:
// forces are derivatives of S, so ∂Loss/∂F_i goes into ẋ. It is the tangent of
// the backward pass, whose adjoints it uses again: the adjoint of a tangent ḣ
// is the adjoint of h from Backward, so only one more adjoint is propagated.
// After Forward alone there is no Ṡ.
type Pass[T Float] struct {
	net     *Network[T]
	input   Input
	edges   edges
	kernels spatialKernel[T]
	sphere  sphericalKernel[T]
	block   block[T]
	final   block[T]                 // of the last layer
	version int                      // of the weights that sphere is for
	second  bool                     // keep what Gradient needs
	dual    bool                     // there is a tangent
	inspect func(t int, h, m, n []T) // for calibration: sees each layer's convolutions

	// Output is [atom][output], valid until the next Forward.
	Output []float64
	seed   []float64 // of Backward

	layers  []layerState[T]
	last    []T // h' of the last layer: [atom][orientation][channel]
	lastDot []T

	mu, dSelf       []T
	n, nDot, dN, dM []T // as h, or spectra of n
	dH              []T
	vecDot          [][3]float64
}

// layerState is what one layer keeps between the passes. Features are
// [atom][orientation][channel], hidden ones [atom][orientation][hidden]; an
// adjoint ∂S/∂h of Backward is dH, a tangent ḣ is hDot. Within a spectrumBlock
// there is a harmonic in the place of the orientation.
type layerState[T Float] struct {
	h, m, xhat []T
	rstd       []T // [row], or [atom] with spectra
	g          []T // hidden features
	dg, d2g    []T // derivatives of the GELU
	q          []T // spectra of the arguments of the quadratic activation

	dH, dN, dM, dXHat, dG []T // dH is that of the layer's output h'
	dU, dQ                []T // spectra of ∂S/∂h' and of ∂S/∂q

	hDot, mDot, xhatDot []T
	slope               []T // as rstd
	qDot                []T
}

// NewPass returns the working memory for evaluations of n. If gradients is
// false Tangent and Gradient are not available and less is kept.
func (n *Network[T]) NewPass(gradients bool) *Pass[T] {
	p := &Pass[T]{net: n, second: gradients, layers: make([]layerState[T], n.cfg.Layers)}
	if n.cfg.Kernel == Legendre {
		p.kernels = newLegendreKernel(&n.cfg, n.set, n.w, &p.edges)
	} else {
		p.kernels = newPolynomialKernel(&n.cfg, n.set, n.w, &p.edges)
	}
	p.sphere = newSphericalKernel(&n.cfg, n.set, n.w)
	p.block = &rowBlock[T]{cfg: &n.cfg, set: n.set}
	if n.cfg.spectral() {
		p.block = newSpectrumBlock(&n.cfg, n.set, false)
	}
	p.final = p.block
	if n.cfg.spectral() && n.cfg.OutputVectors == 0 {
		p.final = newSpectrumBlock(&n.cfg, n.set, true)
	}
	moments := 1
	if n.cfg.OutputVectors > 0 {
		moments = 4
	}
	p.mu = make([]T, moments*n.cfg.Channels)
	return p
}

// Gradient holds derivatives by the weights in the precision of a network, as it
// computes them: by the folded ones of blockMaps. [Network.Total] adds them up.
type Gradient[T Float] struct{ w *weights[T] }

// NewGradient returns memory for a gradient of n.
func (n *Network[T]) NewGradient() *Gradient[T] {
	return &Gradient[T]{view(n.cfg, make([]T, len(n.w.flat)))}
}

// Total writes the sum of at least one gradient, taken in their order, in the
// order of the Layout. It does not depend on the number of threads.
func (n *Network[T]) Total(grad []float64, parts []*Gradient[T], threads int) {
	if len(grad) != len(n.w.flat) {
		panic(fmt.Sprintf("potential: room for a gradient of %d weights, the network has %d", len(grad), len(n.w.flat)))
	}
	parallel.Ranges(len(grad), threads, func(lo, hi int) {
		sum := grad[lo:hi]
		for k, v := range parts[0].w.flat[lo:hi] {
			sum[k] = float64(v)
		}
		for _, part := range parts[1:] {
			for k, v := range part.w.flat[lo:hi] {
				sum[k] += float64(v)
			}
		}
	})
	layers := view(n.cfg, grad).layers
	parallel.Each(len(layers), threads, func(_, t int) error { // which never fails
		unfold(&n.w.layers[t], &layers[t])
		return nil
	})
}

func (p *Pass[T]) orientations() int { return len(p.net.cfg.Grid.Orientations) }

// inner returns the number of elements of n.
func (p *Pass[T]) inner() int {
	c := &p.net.cfg
	if c.spectral() {
		return p.edges.atoms() * harmonics.Count(c.FiberDegree) * c.Channels
	}
	return p.rows() * c.Channels
}

// rows returns atoms × orientations.
func (p *Pass[T]) rows() int { return p.edges.atoms() * p.orientations() }

// atom returns [orientation][channel] of atom i.
func (p *Pass[T]) atom(x []T, i int) []T {
	n := p.orientations() * p.net.cfg.Channels
	return x[i*n : (i+1)*n]
}

// Forward evaluates the network. The input is kept by reference until the last
// of the passes.
func (p *Pass[T]) Forward(in Input) {
	p.input, p.dual = in, false
	p.edges.setGraph(in.Graph)
	p.edges.assign(&p.net.cfg, in.Scalars)
	p.kernels.forward()
	if p.version != p.net.version {
		p.sphere.forward()
		p.version = p.net.version
	}
	size := p.rows() * p.net.cfg.Channels
	cleared(&p.Output, p.edges.atoms()*p.net.outputs())
	p.embed(resize(&p.layers[0].h, size))
	n := resize(&p.n, p.inner())
	for t := range p.layers {
		s := &p.layers[t]
		p.spatialForward(t, resize(&s.m, size), s.h)
		p.sphere.convolve(t, n, s.m)
		if p.inspect != nil {
			p.inspect(t, s.h, s.m, p.sphere.onGrid(n))
		}
		next := p.next(t, size)
		p.blockForward(t, next, n)
		p.readoutForward(t, next)
	}
}

// next returns the buffer of the layer's output h', the input of the next.
func (p *Pass[T]) next(t, size int) []T {
	if t+1 < len(p.layers) {
		return resize(&p.layers[t+1].h, size)
	}
	return resize(&p.last, size)
}

// nextDot is next for the tangent.
func (p *Pass[T]) nextDot(t, size int) []T {
	if t+1 < len(p.layers) {
		return resize(&p.layers[t+1].hDot, size)
	}
	return resize(&p.lastDot, size)
}

// Backward adds ∂S/∂x_ij of every edge to dVec for S = Σ seed·Output; seed is
// [atom][output].
func (p *Pass[T]) Backward(seed []float64, dVec [][3]float64) {
	p.seed = append(p.seed[:0], seed...)
	size := p.rows() * p.net.cfg.Channels
	p.kernels.clearAdjoint()
	clear(resize(&p.layers[len(p.layers)-1].dH, size))
	for t := len(p.layers) - 1; t >= 0; t-- {
		s := &p.layers[t]
		p.readoutBackward(t, s.dH, seed)
		p.blockBackward(t, resize(&s.dN, p.inner()))
		p.sphere.transpose(t, resize(&s.dM, size), s.dN)
		// h' = h + …: the residual branch first
		dH := resize(&p.dH, size)
		if t > 0 {
			dH = resize(&p.layers[t-1].dH, size)
		}
		copy(dH, s.dH)
		p.spatialBackward(t, dH, s.dM, s.h)
	}
	p.kernels.backward(dVec)
}

// Tangent carries ẋ_ij, vecDot [edge], through the network. It needs Backward
// before it only for Gradient after it.
func (p *Pass[T]) Tangent(vecDot [][3]float64) {
	size := p.rows() * p.net.cfg.Channels
	p.dual = true
	p.vecDot = append(p.vecDot[:0], vecDot...)
	p.kernels.tangent(p.vecDot)
	cleared(&p.layers[0].hDot, size)
	nDot := resize(&p.nDot, p.inner())
	for t := range p.layers {
		s := &p.layers[t]
		p.spatialTangent(t, resize(&s.mDot, size), s.hDot, s.h)
		p.sphere.convolveDot(t, nDot, s.mDot)
		p.blockTangent(t, p.nextDot(t, size), nDot)
	}
}

// Gradient writes the derivatives by the weights of Σ seed·Output + Ṡ, or without
// Ṡ if there is no tangent. It follows Forward, or Forward, Backward and Tangent.
func (p *Pass[T]) Gradient(seed []float64, grad *Gradient[T]) {
	size := p.rows() * p.net.cfg.Channels
	g := grad.w
	clear(g.flat)
	p.kernels.clearGradient()
	p.sphere.clearGradient()
	dH := cleared(&p.dH, size)
	dN, dM := resize(&p.dN, p.inner()), resize(&p.dM, size)
	for t := len(p.layers) - 1; t >= 0; t-- {
		p.readoutBackward(t, dH, seed)
		p.readoutGradient(t, seed, g)
		p.blockGradient(t, dN, dH, g)
		p.sphere.transposeGradient(t, dM, dN, g)
		p.spatialGradient(t, dH, dM, g)
	}
	p.embedGradient(dH, g)
	p.kernels.gradient(g)
	p.sphere.gradient(g)
}
