package potential

// The polynomial features of a vector of invariants a with n entries: all
// tensor powers a, a⊗a, …, a^⊗degree one behind the other, with repetitions,
// last index fastest and without the constant. For n = 2 and degree 2 these are
// x, y, xx, xy, yx, yy.

// monomials returns their number, n + n² + … + n^degree.
func monomials(n, degree int) int {
	count, block := 0, 1
	for range degree {
		block *= n
		count += block
	}
	return count
}

// powers writes the features of a.
func powers[T Float](out []T, a []float64, degree int) {
	n := len(a)
	for i, v := range a {
		out[i] = T(v)
	}
	last, size := 0, n // the previous tensor power
	for range degree - 1 {
		next := last + size
		for k := range size {
			for i, v := range a {
				out[next+k*n+i] = out[last+k] * T(v)
			}
		}
		last, size = next, size*n
	}
}

// powersTangent writes the tangent of the features along aDot.
func powersTangent[T Float](out []T, a, aDot []float64, degree int) {
	n := len(a)
	value := make([]T, len(out))
	powers(value, a, degree)
	for i, v := range aDot {
		out[i] = T(v)
	}
	last, size := 0, n
	for range degree - 1 {
		next := last + size
		for k := range size {
			for i := range a {
				out[next+k*n+i] = out[last+k]*T(a[i]) + value[last+k]*T(aDot[i])
			}
		}
		last, size = next, size*n
	}
}

// powersAdjoint returns ∂S/∂a for d = ∂S/∂features.
func powersAdjoint[T Float](d []T, a []float64, degree int) (da [2]float64) {
	n := len(a)
	value, adjoint := make([]T, len(d)), make([]float64, len(d))
	powers(value, a, degree)
	for k, v := range d {
		adjoint[k] = float64(v)
	}
	next, size := len(d), 1 // walk the tensor powers from the last to the second
	for range degree {
		size *= n
	}
	for range degree - 1 {
		next -= size
		size /= n
		last := next - size
		for k := range size {
			for i, v := range a {
				// out[next+kn+i] = out[last+k] a[i]
				adjoint[last+k] += adjoint[next+k*n+i] * v
				da[i] += adjoint[next+k*n+i] * float64(value[last+k])
			}
		}
	}
	for i := range a {
		da[i] += adjoint[i]
	}
	return da
}
