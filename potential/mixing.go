package potential

import (
	"ponita/potential/internal/harmonics"
	"ponita/potential/internal/kernel"
)

// mixing is an affine map between channels: the same for all rows, or a linear map for
// every degree of spectra, of which the first has the bias.
type mixing[T Float] struct {
	w []T // [in][out] or [degree][in][out]
	b []T // [out]
	// As the kernels want it, [degree]: x·W + b, x·W and x·Wᵀ.
	forward, tangent, adjoint []*kernel.Linear[T]
}

// newMixing returns a map with so many matrices for so many degrees.
func newMixing[T Float](matrices, degrees, in, out int) mixing[T] {
	m := mixing[T]{w: make([]T, matrices*in*out)}
	for _, maps := range []*[]*kernel.Linear[T]{&m.forward, &m.tangent, &m.adjoint} {
		*maps = make([]*kernel.Linear[T], degrees)
	}
	for l := range degrees {
		m.forward[l], m.adjoint[l] = &kernel.Linear[T]{In: in, Out: out}, &kernel.Linear[T]{In: out, Out: in}
	}
	return m
}

// set takes over w and b, which have been filled in. The last matrix is that of all higher degrees, too.
func (m *mixing[T]) set(set *kernel.Set[T]) {
	size := m.forward[0].In * m.forward[0].Out
	bias := m.b
	for l := range m.forward {
		if at := l * size; at < len(m.w) {
			set.SetLinear(m.forward[l], m.w[at:at+size], bias, false)
			set.SetLinear(m.adjoint[l], m.w[at:at+size], nil, true)
			m.tangent[l] = m.forward[l].Map()
		} else {
			m.forward[l], m.tangent[l], m.adjoint[l] = m.tangent[l-1], m.tangent[l-1], m.adjoint[l-1]
		}
		bias = nil
	}
}

// byHarmonic writes spectra [atom][k][width] as [k][atom][width] to y, which it returns.
func byHarmonic[T Float](y, x []T, count, width int) []T {
	turn(y, x, len(x)/(count*width), count, width)
	return y
}

// byAtom is the way back.
func byAtom[T Float](y, x []T, count, width int) { turn(y, x, count, len(x)/(count*width), width) }

// turn writes rows [outer][inner] as [inner][outer].
func turn[T Float](y, x []T, outer, inner, width int) {
	for i := range outer {
		for k := range inner {
			copy(y[(k*outer+i)*width:][:width], x[(i*inner+k)*width:][:width])
		}
	}
}

// rowsOfDegree returns the rows of degree l in spectra of so many atoms.
func rowsOfDegree(l, atoms int) (from, to int) {
	return harmonics.Count(l-1) * atoms, harmonics.Count(l) * atoms
}

// mix applies the maps of their degrees to spectra [k][atom][in].
func mix[T Float](set *kernel.Set[T], y, x []T, maps []*kernel.Linear[T], atoms int) {
	for l, m := range maps {
		from, to := rowsOfDegree(l, atoms)
		if to*m.In > len(x) { // all that is wanted are the constants
			break
		}
		set.Affine(y[from*m.Out:to*m.Out], x[from*m.In:to*m.In], m, to-from, false)
	}
}

// mixGradient adds to the adjoint dw of the matrices of m, for y = x·W by degrees.
func mixGradient[T Float](set *kernel.Set[T], dw, x, dy []T, m *mixing[T], atoms int) {
	in, out := m.forward[0].In, m.forward[0].Out
	if len(dw) == in*out {
		set.MatMulTN(dw, x, dy, in, len(x)/in, out, true)
		return
	}
	for l := 0; l*in*out < len(dw); l++ {
		from, to := rowsOfDegree(l, atoms)
		set.MatMulTN(dw[l*in*out:(l+1)*in*out], x[from*in:to*in], dy[from*out:to*out], in, to-from, out, true)
	}
}
