package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"ponita/potential/internal/harmonics"
)

func TestSquareMatchesDefinition(t *testing.T) {
	everySet(t, testSquare[float32], testSquare[float64])
}

// testSquare compares with sums over all products, in no groups.
func testSquare[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(31, 32))
	for degree := range squareDegrees {
		inputs, outputs := harmonics.Count(degree), harmonics.Count(2*degree)
		gaunt := make([]float64, outputs*inputs*inputs)
		for _, g := range harmonics.Products(degree) {
			for _, p := range g.Pairs {
				for n, m := range g.Outputs {
					g := p.G[n]
					if p.K < p.L {
						g /= 2 // it stands for both orders
					}
					gaunt[(m*inputs+p.K)*inputs+p.L], gaunt[(m*inputs+p.L)*inputs+p.K] = g, g
				}
			}
		}
		widths := []int{0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 65}
		if degree > 2 {
			widths = []int{0, 1, 5}
		}
		for _, width := range widths {
			for atoms := range 3 {
				if width == 0 && atoms > 0 {
					continue
				}
				in, out := atoms*inputs*width, atoms*outputs*width
				q, qDot, dg, before := random[T](t, rng, in), random[T](t, rng, in), random[T](t, rng, out), random[T](t, rng, in)
				g, gDot, dq, second := random[T](t, rng, out), random[T](t, rng, out), random[T](t, rng, in), clone(t, before)
				set.Square(g, q, degree, width)
				set.SquareDot(gDot, q, qDot, degree, width)
				set.SquareT(dq, dg, q, degree, width)
				set.AddCurvature(second, dg, qDot, degree, width)
				at := func(x []T, i, count, k, c int) float64 { return float64(x[(i*count+k)*width+c]) }
				const twice = 2 * SquareTerm
				same := func(what string, got []T, i, count, k, c int, want sum) bool {
					return check(t, fmt.Sprintf("%s of degree %d, width %d", what, degree, width), (i*count+k)*width+c, got[(i*count+k)*width+c], want, 40)
				}
				for i := range atoms {
					for c := range width {
						for m := range outputs {
							var value, tangent sum
							if m < inputs {
								value.add(0.5, at(q, i, inputs, m, c))
								tangent.add(0.5, at(qDot, i, inputs, m, c))
							}
							for k := range inputs {
								for l := range inputs {
									f := gaunt[(m*inputs+k)*inputs+l]
									value.add(SquareTerm, f, at(q, i, inputs, k, c), at(q, i, inputs, l, c))
									tangent.add(twice, f, at(q, i, inputs, k, c), at(qDot, i, inputs, l, c))
								}
							}
							if !same("Square", g, i, outputs, m, c, value) || !same("SquareDot", gDot, i, outputs, m, c, tangent) {
								return
							}
						}
						for k := range inputs {
							var adjoint, late sum
							adjoint.add(0.5, at(dg, i, outputs, k, c))
							late.add(at(before, i, inputs, k, c))
							for m := range outputs {
								for l := range inputs {
									f := gaunt[(m*inputs+k)*inputs+l]
									adjoint.add(twice, f, at(dg, i, outputs, m, c), at(q, i, inputs, l, c))
									late.add(twice, f, at(dg, i, outputs, m, c), at(qDot, i, inputs, l, c))
								}
							}
							if !same("SquareT", dq, i, inputs, k, c, adjoint) || !same("AddCurvature", second, i, inputs, k, c, late) {
								return
							}
						}
					}
				}
			}
		}
	}
}

// TestSquareIsTheActivation: at a direction of the sphere, g = q/2 + q²/√(2π).
func TestSquareIsTheActivation(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 34))
	set, err := Best[float64]()
	if err != nil {
		t.Fatal(err)
	}
	for degree := range squareDegrees {
		q, g := random[float64](t, rng, harmonics.Count(degree)), make([]float64, harmonics.Count(2*degree))
		set.Square(g, q, degree, 1)
		y := harmonics.At(2*degree, [3]float64{0.48, 0.6, -0.64})
		x := set.Dot(q, y[:len(q)])
		if got, want := set.Dot(g, y), x/2+x*x/math.Sqrt(2*math.Pi); math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("degree %d: %.15g, want %.15g", degree, got, want)
		}
	}
}
