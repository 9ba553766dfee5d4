package potential

// spatialKernel is the sum over neighbours with the kernels K_c(x_ij, o_a) of all
// layers, n̄^(-1/2) included, for the edges of one configuration: its adjoints, its
// tangent and the adjoints of both. Features are [atom][orientation][channel].
// Each method is one term of an equation below.
type spatialKernel[T Float] interface {
	forward()                     // prepare for the current edges
	gather(t int, m, h []T)       // m_i += Σ_j K_ij h_j
	self(t int) []T               // s, the kernel of the self edge: [channel]
	tangent(v [][3]float64)       // prepare for ẋ_ij = v: [edge]
	gatherDot(t int, m, h []T)    // m_i += Σ_j K̇_ij h_j
	scatter(t int, dh, dm []T)    // dh_j += Σ_i K_ij dm_i
	scatterDot(t int, dh, dm []T) // dh_j += Σ_i K̇_ij dm_i
	clearAdjoint()                //
	adjoint(t int, dm, h []T)     // take in ∂S/∂K_ij = dm_i h_j
	backward(dVec [][3]float64)   // add ∂S/∂x_ij of all edges: [edge]
	clearGradient()               //
	gradient(grad *weights[T])    // after all layers: the weights they share
	gradientSelf(t int, ds []T, grad *weights[T])
	gradientRows(t int, g gradientRows[T], grad *weights[T])
}

// gradientRows are the adjoints of a layer's m and ṁ, and its h and ḣ, from which
//
//	∂S/∂K_ij = dm_i h_j + dmDot_i ḣ_j,  ∂S/∂K̇_ij = dmDot_i h_j
//
// dmDot and hDot are nil without a tangent.
type gradientRows[T Float] struct{ dm, dmDot, h, hDot []T }

// spatialForward gathers messages from the neighbours:
//
//	m[i,a,c] = s_c h[i,a,c] + n̄^(-1/2) Σ_j K_c(x_ij, o_a) h[j,a,c]
func (p *Pass[T]) spatialForward(t int, m, h []T) {
	clear(m)
	p.addSelf(m, p.kernels.self(t), h)
	p.kernels.gather(t, m, h)
}

// addSelf adds self[c]·x[i,a,c] to y.
func (p *Pass[T]) addSelf(y, self, x []T) {
	for at := 0; at < len(y); at += len(self) {
		p.net.set.MulAdd(y[at:at+len(self)], self, x[at:at+len(self)])
	}
}

// spatialBackward gives the kernels their adjoint, where dM is the adjoint of m,
// and adds that of h to dH. The first layer's is asked for by nobody.
func (p *Pass[T]) spatialBackward(t int, dH, dM, h []T) {
	// m[iac] += K[eac] * h[jac]
	p.kernels.adjoint(t, dM, h)
	if t > 0 {
		p.kernels.scatter(t, dH, dM)
		p.addSelf(dH, p.kernels.self(t), dM)
	}
}

// spatialTangent carries the tangent through the sum. In the first layer ḣ = 0.
//
//	ṁ[i,a,c] = s_c ḣ[i,a,c] + n̄^(-1/2) Σ_j (K ḣ + K̇ h)[j,a,c]
func (p *Pass[T]) spatialTangent(t int, mDot, hDot, h []T) {
	clear(mDot)
	if t > 0 {
		p.addSelf(mDot, p.kernels.self(t), hDot)
		p.kernels.gather(t, mDot, hDot)
	}
	p.kernels.gatherDot(t, mDot, h)
}

// spatialGradient is the adjoint of the pair (m, ṁ), with adjoints dM and the
// layer's own s.dM: it adds that of h to dH and gives the kernels theirs.
func (p *Pass[T]) spatialGradient(t int, dH, dM []T, grad *weights[T]) {
	s, set := &p.layers[t], p.net.set
	self := p.kernels.self(t)
	dSelf := cleared(&p.dSelf, len(self))
	g := gradientRows[T]{dm: dM, h: s.h}
	// m += s∘h + K h
	p.addSelf(dH, self, dM)
	p.kernels.scatter(t, dH, dM)
	for at, c := 0, len(self); at < len(dM); at += c {
		set.MulAdd(dSelf, s.h[at:at+c], dM[at:at+c])
	}
	if p.dual {
		// ṁ += s∘ḣ + K ḣ + K̇ h
		g.dmDot, g.hDot = s.dM, s.hDot
		p.kernels.scatterDot(t, dH, s.dM)
		for at, c := 0, len(self); at < len(dM); at += c {
			set.MulAdd(dSelf, s.hDot[at:at+c], s.dM[at:at+c])
		}
	}
	p.kernels.gradientRows(t, g, grad)
	p.kernels.gradientSelf(t, dSelf, grad)
}
