package potential

// spatialKernel evaluates the kernels K_c(x_ij, o_a) of all layers for the edges
// of one configuration, one row [orientation][channel] at a time, and takes
// their adjoints back. Both families implement it, and everything after K is
// the same code.
type spatialKernel[T Float] interface {
	forward()                // prepare rows for the current edges
	row(t, e int, k []T)     // K of edge e in layer t
	self(t int) []T          // s, the kernel of the self edge: [channel]
	tangent(v [][3]float64)  // prepare rowDot for ẋ_ij = v: [edge]
	rowDot(t, e int, kd []T) // K̇ of edge e in layer t

	clearAdjoint()
	backwardRow(t, e int, dk []T) // take in ∂S/∂K of one row
	backward(dVec [][3]float64)   // add ∂S/∂x_ij of all edges: [edge]

	clearGradient()
	gradientRow(t, e int, dk, dkDot []T, grad *weights[T]) // take in ∂S/∂K and ∂S/∂K̇
	gradientSelf(t int, ds []T, grad *weights[T])
	gradient(grad *weights[T]) // after all rows: the weights the layers share
}

// spatialForward gathers messages from the neighbours:
//
//	m[i,a,c] = s_c h[i,a,c] + n̄^(-1/2) Σ_j K_c(x_ij, o_a) h[j,a,c]
//
// m and h are [atom][orientation][channel].
func (p *Pass[T]) spatialForward(t int, m, h []T) {
	set, k := p.net.set, p.k[0]
	self := p.kernels.self(t)
	for i := range p.edges.atoms() {
		mi := p.atom(m, i)
		clear(mi)
		for e := p.edges.graph.Start[i]; e < p.edges.graph.Start[i+1]; e++ {
			j := int(p.edges.graph.Neighbor[e])
			p.kernels.row(t, e, k)
			set.MulAdd(mi, k, p.atom(h, j))
		}
		p.closeSum(mi, p.atom(h, i), self)
	}
}

// closeSum turns the sum over the neighbours of one atom into m: it divides by
// n̄^(1/2) and adds the self edge.
func (p *Pass[T]) closeSum(m, h, self []T) {
	for k := range m {
		m[k] *= p.net.perNeighbor
	}
	for at := 0; at < len(m); at += len(self) {
		p.net.set.MulAdd(m[at:at+len(self)], self, h[at:at+len(self)])
	}
}

// spatialBackward adds the adjoint of h to dH and gives the kernels theirs,
// where dM is the adjoint of m.
func (p *Pass[T]) spatialBackward(t int, dH, dM, h []T) {
	set, k, dk, dm := p.net.set, p.k[0], p.k[1], p.k[2]
	self := p.kernels.self(t)
	for i := range p.edges.atoms() {
		p.scaled(dm, p.atom(dM, i))
		for e := p.edges.graph.Start[i]; e < p.edges.graph.Start[i+1]; e++ {
			j := int(p.edges.graph.Neighbor[e])
			// m[iac] += n̄^(-1/2) * K[eac] * h[jac]
			p.kernels.row(t, e, k)
			set.MulAdd(p.atom(dH, j), k, dm)
			set.Mul(dk, p.atom(h, j), dm)
			p.kernels.backwardRow(t, e, dk)
		}
		p.addSelf(p.atom(dH, i), self, p.atom(dM, i))
	}
}

// scaled writes x·n̄^(-1/2) to y.
func (p *Pass[T]) scaled(y, x []T) {
	for k, v := range x {
		y[k] = v * p.net.perNeighbor
	}
}

// addSelf adds self[c]·x[a,c] to y[a,c] of one atom.
func (p *Pass[T]) addSelf(y, self, x []T) {
	for at := 0; at < len(y); at += len(self) {
		p.net.set.MulAdd(y[at:at+len(self)], self, x[at:at+len(self)])
	}
}

// spatialTangent carries the tangent through the sum:
//
//	ṁ[i,a,c] = s_c ḣ[i,a,c] + n̄^(-1/2) Σ_j (K ḣ + K̇ h)[j,a,c]
func (p *Pass[T]) spatialTangent(t int, mDot, hDot, h []T) {
	set, k := p.net.set, p.k[0]
	self := p.kernels.self(t)
	for i := range p.edges.atoms() {
		mi := p.atom(mDot, i)
		clear(mi)
		for e := p.edges.graph.Start[i]; e < p.edges.graph.Start[i+1]; e++ {
			j := int(p.edges.graph.Neighbor[e])
			p.kernels.row(t, e, k)
			set.MulAdd(mi, k, p.atom(hDot, j))
			p.kernels.rowDot(t, e, k)
			set.MulAdd(mi, k, p.atom(h, j))
		}
		p.closeSum(mi, p.atom(hDot, i), self)
	}
}

// spatialGradient is the adjoint of the pair (m, ṁ), with adjoints dM and
// dMDot: it adds that of h to dH and gives the kernels theirs.
func (p *Pass[T]) spatialGradient(t int, dH, dM, dMDot []T, grad *weights[T]) {
	set := p.net.set
	k, dk, dkDot, dm, dmDot := p.k[0], p.k[1], p.k[2], p.k[3], p.k[4]
	s := &p.layers[t]
	self := p.kernels.self(t)
	dSelf := cleared(&p.dSelf, len(self))
	for i := range p.edges.atoms() {
		p.scaled(dm, p.atom(dM, i))
		p.scaled(dmDot, p.atom(dMDot, i))
		for e := p.edges.graph.Start[i]; e < p.edges.graph.Start[i+1]; e++ {
			j := int(p.edges.graph.Neighbor[e])
			dhj := p.atom(dH, j)
			// m[iac] += n̄^(-1/2) K[eac] h[jac]
			p.kernels.row(t, e, k)
			set.MulAdd(dhj, k, dm)
			set.Mul(dk, p.atom(s.h, j), dm)
			// ṁ[iac] += n̄^(-1/2) (K[eac] ḣ[jac] + K̇[eac] h[jac])
			p.kernels.rowDot(t, e, k)
			set.MulAdd(dhj, k, dmDot)
			set.MulAdd(dk, p.atom(s.hDot, j), dmDot)
			set.Mul(dkDot, p.atom(s.h, j), dmDot)
			p.kernels.gradientRow(t, e, dk, dkDot, grad)
		}
		p.addSelf(p.atom(dH, i), self, p.atom(dM, i))
		for at, c := 0, len(self); at < len(dm); at += c {
			lo, hi := i*len(dm)+at, i*len(dm)+at+c
			set.MulAdd(dSelf, s.h[lo:hi], dM[lo:hi])
			set.MulAdd(dSelf, s.hDot[lo:hi], dMDot[lo:hi])
		}
	}
	p.kernels.gradientSelf(t, dSelf, grad)
}
