package potential

// embed lifts the input onto the orientations:
//
//	h⁰[i,a,c] = Σ_s x[i,s] Emb[s,c] + Σ_v (vec[i,v]·o_a) Emb[S+v,c]
//
// With the one-hot species as scalars x and without vectors this is Emb[z_i,c].
func (p *Pass[T]) embed(h []T) {
	cfg, c := &p.net.cfg, p.net.cfg.Channels
	for i := range p.edges.atoms() {
		hi := p.atom(h, i)
		clear(hi)
		for a, o := range cfg.Grid.Orientations {
			for s := range cfg.InputScalars + cfg.InputVectors {
				if x := p.inputValue(i, s, o); x != 0 {
					p.net.set.AXPY(hi[a*c:(a+1)*c], p.net.w.embedding[s*c:(s+1)*c], x)
				}
			}
		}
	}
}

// inputValue is input channel s of atom i seen from orientation o.
func (p *Pass[T]) inputValue(i, s int, o [3]float64) T {
	scalars := p.net.cfg.InputScalars
	if s < scalars {
		return T(p.input.Scalars[i*scalars+s])
	}
	return T(dot(p.input.Vectors[i*p.net.cfg.InputVectors+s-scalars], o))
}

// embedGradient accumulates the adjoint of Emb for that of h⁰. The input has no
// tangent.
func (p *Pass[T]) embedGradient(dH []T, grad *weights[T]) {
	cfg, c := &p.net.cfg, p.net.cfg.Channels
	for i := range p.edges.atoms() {
		dhi := p.atom(dH, i)
		for a, o := range cfg.Grid.Orientations {
			for s := range cfg.InputScalars + cfg.InputVectors {
				if x := p.inputValue(i, s, o); x != 0 {
					p.net.set.AXPY(grad.embedding[s*c:(s+1)*c], dhi[a*c:(a+1)*c], x)
				}
			}
		}
	}
}

// The readout of a layer is linear, so the mean over the orientations comes
// first: it needs the moments of h' only,
//
//	μ⁰[i,c] = Σ_a w_a h'[i,a,c],   μ^d[i,c] = Σ_a w_a o_a^d h'[i,a,c]
//	scalar e_t[i,k]   = v_k·μ⁰ + β_k
//	vector e_t[i,k,d] = v_k·μ^d + β_k Σ_a w_a o_a^d
//
// and the output is the mean of e_t over the layers that are read out.

// readoutForward adds layer t's part to the output.
func (p *Pass[T]) readoutForward(t int, next []T) {
	w, cfg := &p.net.w.layers[t], &p.net.cfg
	if w.readout == nil {
		return
	}
	share := 1 / float64(cfg.readouts())
	c := cfg.Channels
	for i := range p.edges.atoms() {
		p.moments(p.mu, p.atom(next, i))
		out := p.Output[i*p.net.outputs() : (i+1)*p.net.outputs()]
		for k := range out {
			v, moment := p.net.outputOf(k)
			out[k] += share * (float64(p.net.set.Dot(w.readout[v*c:(v+1)*c], p.mu[moment*c:(moment+1)*c])) +
				float64(w.outBias[v])*p.net.gridMoment[moment])
		}
	}
}

// moments writes μ⁰, and μ^1…3 if there are vectors out: [moment][channel].
func (p *Pass[T]) moments(mu, h []T) {
	clear(mu)
	c := p.net.cfg.Channels
	for a := range p.net.cfg.Grid.Orientations {
		for m := range len(mu) / c {
			p.net.set.AXPY(mu[m*c:(m+1)*c], h[a*c:(a+1)*c], p.net.momentWeight(m, a))
		}
	}
}

// readoutBackward adds to dH, the adjoint of h', what the seed (∂S/∂output) of
// every atom gives it.
func (p *Pass[T]) readoutBackward(t int, dH []T, seed []float64) {
	w, cfg := &p.net.w.layers[t], &p.net.cfg
	if w.readout == nil {
		return
	}
	c := cfg.Channels
	for i := range p.edges.atoms() {
		dhi := p.atom(dH, i)
		clear(p.mu)
		for k, s := range seed[i*p.net.outputs() : (i+1)*p.net.outputs()] {
			v, moment := p.net.outputOf(k)
			p.net.set.AXPY(p.mu[moment*c:(moment+1)*c], w.readout[v*c:(v+1)*c], T(s/float64(cfg.readouts())))
		}
		for a := range cfg.Grid.Orientations {
			for m := range len(p.mu) / c {
				p.net.set.AXPY(dhi[a*c:(a+1)*c], p.mu[m*c:(m+1)*c], p.net.momentWeight(m, a))
			}
		}
	}
}

// readoutGradient accumulates the adjoints of v and β, for seeds on the output
// and on its tangent (the latter those of the backward pass).
func (p *Pass[T]) readoutGradient(t int, seed []float64, grad *weights[T]) {
	size := p.rows() * p.net.cfg.Channels
	p.readoutAdjoint(t, p.next(t, size), seed, 1, grad)
	if p.dual {
		p.readoutAdjoint(t, p.nextDot(t, size), p.seed, 0, grad)
	}
}

// readoutAdjoint is its part of h' or of ḣ', which knows no bias.
func (p *Pass[T]) readoutAdjoint(t int, next []T, seed []float64, bias float64, grad *weights[T]) {
	w, cfg := &grad.layers[t], &p.net.cfg
	if w.readout == nil {
		return
	}
	share := 1 / float64(cfg.readouts())
	c := cfg.Channels
	for i := range p.edges.atoms() {
		p.moments(p.mu, p.atom(next, i))
		for k, s := range seed[i*p.net.outputs() : (i+1)*p.net.outputs()] {
			v, moment := p.net.outputOf(k)
			p.net.set.AXPY(w.readout[v*c:(v+1)*c], p.mu[moment*c:(moment+1)*c], T(share*s))
			w.outBias[v] += T(share * s * bias * p.net.gridMoment[moment])
		}
	}
}
