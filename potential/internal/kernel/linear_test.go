package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAffineMatchesDefinition(t *testing.T) {
	everySet(t, testAffine[float32], testAffine[float64])
}

func testAffine[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(31, 32))
	shapes := [][3]int{{7, 300, 20}, {3, 20, 530}, {30, 260, 515}, {384, 32, 128}}
	for size := range 66 {
		shapes = append(shapes, [3]int{size, 5, 20}, [3]int{9, 1 + size, 33}, [3]int{27, 4, size})
	}
	for _, shape := range shapes {
		rows, in, out := shape[0], shape[1], shape[2]
		w, x, y := random[T](t, rng, in*out), random[T](t, rng, rows*in), random[T](t, rng, rows*out)
		for _, bias := range [][]T{nil, random[T](t, rng, out)} {
			if bias == nil && out == 0 {
				continue
			}
			l := set.Linear(w, bias, in, out)
			wT := random[T](t, rng, in*out)
			for p := range w {
				wT[p%out*in+p/out] = w[p]
			}
			transposed := set.Linear(wT, nil, in, out)
			set.SetLinear(transposed, wT, bias, true)
			for _, accumulate := range []bool{false, true} {
				got := clone(t, y)
				set.Affine(got, x, l, rows, accumulate)
				again := clone(t, y)
				if set.Affine(again, x, transposed, rows, accumulate); !slices.Equal(got, again) {
					t.Fatalf("Affine of %d x %d x %d differs for the transpose of the transpose", rows, in, out)
				}
				for i := range got {
					var want sum
					if accumulate {
						want.add(float64(y[i]))
					}
					if bias != nil {
						want.add(float64(bias[i%out]))
					}
					for p := range in {
						want.add(float64(x[i/out*in+p]), float64(w[p*out+i%out]))
					}
					what := fmt.Sprintf("Affine of %d x %d x %d, accumulate %t, bias %t", rows, in, out, accumulate, bias != nil)
					if !check(t, what, i, got[i], want, in+2) {
						return
					}
				}
			}
		}
	}
}

// AffineGELU is the one after the other, to the last bit.
func TestAffineGELUIsAffineThenGELU(t *testing.T) {
	everySet(t, testAffineGELU[float32], testAffineGELU[float64])
}

func testAffineGELU[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(33, 34))
	for _, shape := range [][3]int{{0, 4, 4}, {1, 3, 5}, {24, 32, 128}, {61, 20, 70}} {
		rows, in, out := shape[0], shape[1], shape[2]
		l := set.Linear(random[T](t, rng, in*out), random[T](t, rng, out), in, out)
		x := random[T](t, rng, rows*in)
		q, y, dy, d2y := make([]T, rows*out), random[T](t, rng, rows*out), random[T](t, rng, rows*out), random[T](t, rng, rows*out)
		set.AffineGELU(y, dy, d2y, x, l, rows)
		set.Affine(q, x, l, rows, false)
		slope, curvature := make([]T, len(q)), make([]T, len(q))
		set.GELU(q, slope, curvature, q)
		if !slices.Equal(q, y) || !slices.Equal(slope, dy) || !slices.Equal(curvature, d2y) {
			t.Errorf("rows=%d in=%d out=%d differs from Affine and GELU", rows, in, out)
		}
		set.AffineGELU(y, nil, nil, x, l, rows)
		if !slices.Equal(q, y) {
			t.Errorf("rows=%d in=%d out=%d without the derivative differs", rows, in, out)
		}
	}
}

func TestNormalizeMatchesDefinition(t *testing.T) {
	everySet(t, testNormalize[float32], testNormalize[float64])
}

func testNormalize[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(35, 36))
	reference := Reference[float64]()
	for c := 1; c < 140; c++ {
		for rows := range 4 {
			epsilon := [...]float64{1e-5, 1}[c%2]
			x, d := random[T](t, rng, rows*c), random[T](t, rng, rows*c)
			for i := range x {
				x[i] = 3*x[i] + 2
			}
			xhat, rstd, dx := random[T](t, rng, rows*c), random[T](t, rng, rows), random[T](t, rng, rows*c)
			slope, late, xdot := random[T](t, rng, rows), random[T](t, rng, rows*c), random[T](t, rng, rows*c)
			set.Normalize(xhat, rstd, x, c, T(epsilon))
			set.NormalizeT(dx, slope, d, xhat, rstd, c)
			inPlace := clone(t, d)
			set.NormalizeT(inPlace, nil, inPlace, xhat, rstd, c)
			grad := random[T](t, rng, rows*c)
			set.NormalizeGrad(grad, &NormArgs[T]{XHat: xhat, RStd: rstd, XHatDot: xdot, Slope: slope, D: late, DDot: d}, c)

			wide := func(x []T) []float64 {
				out := make([]float64, len(x))
				for i, v := range x {
					out[i] = float64(v)
				}
				return out
			}
			wantX, wantR, wantD := make([]float64, rows*c), make([]float64, rows), make([]float64, rows*c)
			wantS, wantG := make([]float64, rows), make([]float64, rows*c)
			reference.Normalize(wantX, wantR, wide(x), c, float64(T(epsilon)))
			reference.NormalizeT(wantD, wantS, wide(d), wide(xhat), wide(rstd), c)
			reference.NormalizeGrad(wantG, &NormArgs[float64]{
				XHat: wide(xhat), RStd: wide(rstd), XHatDot: wide(xdot), Slope: wide(slope), D: wide(late), DDot: wide(d),
			}, c)
			// A row's sums have c terms; x̂ is at most √c, and rstd at most 316.
			for r := range rows {
				bound := 8 * float64(c+4) * unit[T]() * max(1, 4*wantR[r])
				if diff := float64(rstd[r])/wantR[r] - 1; diff > bound || diff < -bound {
					t.Errorf("c=%d: rstd %v, want %v", c, rstd[r], wantR[r])
				}
				if diff := float64(slope[r]) - wantS[r]; diff > bound || diff < -bound {
					t.Errorf("c=%d: slope %v, want %v", c, slope[r], wantS[r])
				}
				for k := range c {
					i := r*c + k
					// rstd comes in squared
					if diff, most := float64(grad[i])-wantG[i], 16*bound*max(1, wantR[r]); diff > most || diff < -most {
						t.Errorf("c=%d: the gradient is %v, want %v", c, grad[i], wantG[i])
					}
					if diff := float64(xhat[i]) - wantX[i]; diff > 4*bound || diff < -4*bound {
						t.Errorf("c=%d: x̂ is %v, want %v", c, xhat[i], wantX[i])
					}
					if diff := float64(dx[i]) - wantD[i]; diff > 4*bound || diff < -4*bound {
						t.Errorf("c=%d: dx is %v, want %v", c, dx[i], wantD[i])
					}
				}
			}
			if !slices.Equal(inPlace, dx) {
				t.Errorf("c=%d: in place the adjoint differs", c)
			}
			if t.Failed() {
				return
			}
		}
	}
}
