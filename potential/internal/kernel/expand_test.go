package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"ponita/potential/internal/harmonics"
)

// degreeOf returns l of a harmonic (l, m).
func degreeOf(k int) int { return int(math.Sqrt(float64(k))) }

func TestExpandMatchesDefinition(t *testing.T) {
	everySet(t, testExpand[float32], testExpand[float64])
}

func testExpand[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(31, 32))
	expandShapes(func(edges, c, degree int) bool {
		b := randomBonds[T](t, rng, edges, 2, c, degree)
		count := harmonics.Count(degree)
		u := random[T](t, rng, 3*edges)
		normalise3(u, 1)
		y, m := random[T](t, rng, edges*count), random[T](t, rng, count*c)
		harmonics.Fill(y, u, degree)
		got := clone(t, m)
		set.Expand(got, b.r, y, Rows[T]{X: b.x, Index: b.index, Atom: 2 * c}, c, degree)
		for i := range got {
			k, channel := i/c, i%c
			var want sum
			want.add(float64(m[i]))
			for e, j := range b.index {
				want.add(float64(y[e*count+k]), float64(b.r[(e*(degree+1)+degreeOf(k))*c+channel]), float64(b.x[int(j)*2*c+channel]))
			}
			if !check(t, fmt.Sprintf("Expand edges=%d c=%d degree=%d", edges, c, degree), i, got[i], want, edges+4) {
				return false
			}
		}
		return true
	})
}

func TestExpandPairMatchesDefinition(t *testing.T) {
	everySet(t, testExpandPair[float32], testExpandPair[float64])
}

func testExpandPair[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(33, 34))
	expandShapes(func(edges, c, degree int) bool {
		count := harmonics.Count(degree)
		b := randomBonds[T](t, rng, edges, 2, c, degree)
		u, adjoints := random[T](t, rng, 3*edges), random[T](t, rng, b.atoms*count*c)
		normalise3(u, 1)
		y := random[T](t, rng, 4*edges*count)
		harmonics.FillSlopes(y, u, degree)
		a := &ExpandArgs[T]{
			R: b.r, DR: b.dr, Y: y, X: random[T](t, rng, c), DM: random[T](t, rng, count*c),
			XX:  Rows[T]{X: b.x, Index: b.index, Atom: 2 * c},
			XDM: Rows[T]{X: adjoints, Index: b.index, Atom: count * c, Orientation: c},
			C:   c, Degree: degree,
		}
		got := random[T](t, rng, 4*edges)
		set.ExpandPair(got, a)
		for e, j := range b.index {
			var want [4]sum
			for k := range count {
				l := degreeOf(k)
				for i := range c {
					at := (e*(degree+1)+l)*c + i
					products := [][2]float64{
						{float64(a.DM[k*c+i]), float64(b.x[int(j)*2*c+i])},
						{float64(1-2*(l%2)) * float64(adjoints[(int(j)*count+k)*c+i]), float64(a.X[i])},
					}
					for _, p := range products {
						for d := range 3 {
							want[d].add(float64(y[4*(e*count+k)+1+d]), float64(b.r[at]), p[0], p[1])
						}
						want[3].add(float64(y[4*(e*count+k)]), float64(b.dr[at]), p[0], p[1])
					}
				}
			}
			for d := range want {
				if !check(t, fmt.Sprintf("ExpandPair edges=%d c=%d degree=%d", edges, c, degree), 4*e+d, got[4*e+d], want[d], 2*count*c+8) {
					return false
				}
			}
		}
		return true
	})
}

// expandShapes are all tails of the channels, with and without edges.
func expandShapes(visit func(edges, c, degree int) bool) {
	for c := range 70 {
		for degree := range 4 {
			if !visit(3, c, degree) {
				return
			}
		}
	}
	for edges := range 4 {
		if !visit(edges, 64, 2) {
			return
		}
	}
}
