package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// bonds is a random input of the edge kernels.
type bonds[T Float] struct {
	edges, atoms, n, c, degree int
	index                      []int32
	u, grid                    []T // grid, p and dp of the first half of the orientations
	r, dr, p, dp               []T
	x, y                       []T // features of the atoms
	center, message            []T
}

func randomBonds[T Float](t testing.TB, rng *rand.Rand, edges, n, c, degree int) *bonds[T] {
	b := &bonds[T]{edges: edges, atoms: 3, n: n, c: c, degree: degree, index: make([]int32, edges)}
	for e := range b.index {
		b.index[e] = int32(rng.IntN(b.atoms))
	}
	b.index = clone32(t, b.index)
	b.u, b.grid = random[T](t, rng, 3*edges), random[T](t, rng, 3*n/2)
	b.r, b.dr = random[T](t, rng, edges*(degree+1)*c), random[T](t, rng, edges*(degree+1)*c)
	b.p, b.dp = random[T](t, rng, edges*degree*n/2), random[T](t, rng, edges*degree*n/2)
	b.x, b.y = random[T](t, rng, b.atoms*n*c), random[T](t, rng, b.atoms*n*c)
	b.center, b.message = random[T](t, rng, n*c), random[T](t, rng, n*c)
	for e := range min(edges, edges*degree) { // as every dp has it
		for a := range n / 2 {
			b.dp[e*degree*n/2+a] = 1
		}
	}
	return b
}

// angle returns P_l and P'_l of an edge at any orientation.
func (b *bonds[T]) angle(e, l, a int) (p, dp float64) {
	if l == 0 {
		return 1, 0
	}
	half := b.n / 2
	if a < half {
		at := (e*b.degree+l-1)*half + a
		return float64(b.p[at]), float64(b.dp[at])
	}
	p, dp = b.angle(e, l, a-half)
	parity := float64(1 - 2*(l%2))
	return parity * p, -parity * dp // P' has the other parity
}

// clone32 returns a guarded copy of indices.
func clone32(t testing.TB, x []int32) []int32 {
	if len(x) == 0 {
		return nil
	}
	y := guarded[float32](t, len(x)) // of the same size
	out := unsafe.Slice((*int32)(unsafe.Pointer(&y[0])), len(y))
	copy(out, x)
	return out
}

// shapes are all tails of the channels, and all heights of the orientations.
func edgeShapes(visit func(edges, n, c, degree int) bool) {
	for c := range 50 {
		if !visit(3, 6, c, 1+c%5) {
			return
		}
	}
	for n := 1; n < 18; n++ {
		for degree := 1; degree <= 5; degree++ {
			if !visit(4, 2*n, 32, degree) || !visit(2, 2*n, 8, degree) {
				return
			}
		}
	}
	for edges := range 4 {
		if !visit(edges, 12, 64, 2) {
			return
		}
	}
}

func TestGatherMatchesDefinition(t *testing.T) {
	everySet(t, testGather[float32], testGather[float64])
}

func testGather[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(21, 22))
	edgeShapes(func(edges, n, c, degree int) bool {
		b := randomBonds[T](t, rng, edges, n, c, degree)
		for _, rows := range []Rows[T]{
			{X: b.x, Index: b.index, Atom: n * c, Orientation: c},
			{X: b.x[:b.atoms*c], Index: b.index, Atom: c}, // the same for all orientations
		} {
			got := clone(t, b.center)
			set.Gather(got, b.r, b.p, rows, n, c, degree)
			for a := range n {
				for k := range c {
					var want sum
					want.add(float64(b.center[a*c+k]))
					for e, j := range b.index {
						x := float64(rows.X[int(j)*rows.Atom+a*rows.Orientation+k])
						want.add(float64(b.r[e*(degree+1)*c+k]), x)
						for l := 1; l <= degree; l++ {
							p, _ := b.angle(e, l, a)
							want.add(p, float64(b.r[(e*(degree+1)+l)*c+k]), x)
						}
					}
					what := fmt.Sprintf("Gather edges=%d n=%d c=%d degree=%d", edges, n, c, degree)
					if !check(t, what, a*c+k, got[a*c+k], want, edges+degree+3) {
						return false
					}
				}
			}
		}
		return true
	})
}

func TestGatherGradMatchesDefinition(t *testing.T) {
	everySet(t, testGatherGrad[float32], testGatherGrad[float64])
}

func testGatherGrad[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(29, 30))
	edgeShapes(func(edges, n, c, degree int) bool {
		b := randomBonds[T](t, rng, edges, n, c, degree)
		got := clone(t, b.r)
		set.GatherGrad(got, b.p, b.center, Rows[T]{X: b.x, Index: b.index, Atom: n * c, Orientation: c}, n, c, degree)
		for i := range got {
			e, l, k := i/((degree+1)*c), i/c%(degree+1), i%c
			var want sum
			want.add(float64(b.r[i]))
			for a := range n {
				p, _ := b.angle(e, l, a)
				want.add(p, float64(b.center[a*c+k]), float64(b.x[(int(b.index[e])*n+a)*c+k]))
			}
			if !check(t, fmt.Sprintf("GatherGrad edges=%d n=%d c=%d degree=%d", edges, n, c, degree), i, got[i], want, n+3) {
				return false
			}
		}
		return true
	})
}

func TestPairMatchesDefinition(t *testing.T) {
	everySet(t, testPair[float32], testPair[float64])
}

func testPair[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(23, 24))
	edgeShapes(func(edges, n, c, degree int) bool {
		b := randomBonds[T](t, rng, edges, n, c, degree)
		for _, step := range []int{c, 0} {
			atom := n * c
			if step == 0 {
				atom = c
			}
			h := b.center
			if step == 0 {
				h = clone(t, h[:min(c, len(h))])
				if len(h) != c {
					continue
				}
			}
			got := random[T](t, rng, 4*edges)
			set.Pair(got, &PairArgs[T]{
				R: b.r, DR: b.dr, P: b.p, DP: b.dp, H: h, DM: b.message,
				XH:   Rows[T]{X: b.x, Index: b.index, Atom: atom, Orientation: step},
				XDM:  Rows[T]{X: b.y, Index: b.index, Atom: n * c, Orientation: c},
				Grid: b.grid, N: n, C: c, Degree: degree,
			})
			for e, j := range b.index {
				var want [4]sum
				for a := range n {
					opposite := (a + n/2) % max(n, 1)
					for k := range c {
						first := []float64{float64(b.y[int(j)*n*c+a*c+k]), float64(h[a*step+k])}
						second := []float64{float64(b.message[opposite*c+k]), float64(b.x[int(j)*atom+opposite*step+k])}
						for l := range degree + 1 {
							p, dp := b.angle(e, l, a)
							at := (e*(degree+1)+l)*c + k
							for _, product := range [][]float64{first, second} {
								want[3].add(p, float64(b.dr[at]), product[0], product[1])
								for d := range 3 {
									want[d].add(dp, float64(b.r[at]), b.orientation(a, d), product[0], product[1])
								}
							}
						}
					}
				}
				for d := range want {
					what := fmt.Sprintf("Pair edges=%d n=%d c=%d degree=%d step=%d", edges, n, c, degree, step)
					if !check(t, what, 4*e+d, got[4*e+d], want[d], 2*n*c+8) {
						return false
					}
				}
			}
		}
		return true
	})
}

// orientation returns component d of any orientation.
func (b *bonds[T]) orientation(a, d int) float64 {
	if half := b.n / 2; a >= half {
		return -float64(b.grid[d*half+a-half])
	}
	return float64(b.grid[d*b.n/2+a])
}

func TestAngularMatchesLegendrePolynomials(t *testing.T) {
	everySet(t, testAngular[float32], testAngular[float64])
}

func testAngular[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(25, 26))
	// Closed forms, lowest coefficient first.
	polynomials := [][]float64{{0, 1}, {-0.5, 0, 1.5}, {0, -1.5, 0, 2.5}, {3. / 8, 0, -30. / 8, 0, 35. / 8}, {0, 15. / 8, 0, -70. / 8, 0, 63. / 8}}
	for n := range 40 {
		for degree := 1; degree <= 5; degree++ {
			for edges := range 3 {
				u, grid := random[T](t, rng, 3*edges), random[T](t, rng, 3*n)
				normalise3(u, 1)
				for a := range n {
					normalise3(grid[a:], n)
				}
				for _, sign := range []T{1, -1} {
					p, dp, alone := random[T](t, rng, edges*degree*n), random[T](t, rng, edges*degree*n), random[T](t, rng, edges*degree*n)
					set.Angular(p, dp, u, grid, n, degree, sign)
					set.Angular(alone, nil, u, grid, n, degree, sign)
					for i := range p {
						e, l, a := i/(degree*n), i/n%degree, i%n
						x := float64(sign) * (float64(u[3*e])*float64(grid[a]) + float64(u[3*e+1])*float64(grid[n+a]) + float64(u[3*e+2])*float64(grid[2*n+a]))
						value, slope := 0., 0.
						for q, c := range polynomials[l] {
							value += c * math.Pow(x, float64(q))
							if q > 0 {
								slope += c * float64(q) * math.Pow(x, float64(q-1))
							}
						}
						// |P_l| <= 1, |P'_l| <= l(l+1)/2, and the recurrence has a
						// handful of roundings in each step.
						bound := 40 * float64(degree*degree) * unit[T]()
						if math.Abs(float64(p[i])-value) > bound || math.Abs(float64(dp[i])-slope) > bound*10 || alone[i] != p[i] {
							t.Fatalf("n=%d degree=%d: P_%d(%g) = %v, %v, slope %v, want %v, slope %v", n, degree, l+1, x, p[i], alone[i], dp[i], value, slope)
						}
					}
				}
			}
		}
	}
}

// normalise3 scales vectors whose components are stride elements apart.
func normalise3[T Float](x []T, stride int) {
	for at := 0; at+2*stride < len(x); at += 3 * stride {
		r := math.Sqrt(float64(x[at]*x[at] + x[at+stride]*x[at+stride] + x[at+2*stride]*x[at+2*stride]))
		for k := range 3 {
			x[at+k*stride] = T(float64(x[at+k*stride]) / r)
		}
	}
}

func TestSplineMatchesPolynomial(t *testing.T) {
	everySet(t, testSpline[float32], testSpline[float64])
}

func testSpline[T Float](t *testing.T, set *Set[T]) {
	rng := rand.New(rand.NewPCG(27, 28))
	const intervals = 5
	for width := range 70 {
		for edges := range 4 {
			table, frac := random[T](t, rng, (intervals+1)*2*width), random[T](t, rng, edges)
			at := make([]int32, edges)
			for e := range at {
				at[e] = int32(rng.IntN(intervals))
			}
			at = clone32(t, at)
			value, r, dr := random[T](t, rng, edges*width), random[T](t, rng, edges*width), random[T](t, rng, edges*width)
			set.Spline(value, table, at, frac, width)
			set.SplineSlope(r, dr, table, at, frac, width)
			for i := range r {
				e, w := i/width, i%width
				var want, slope sum
				s := float64(frac[e])
				node := func(k int) float64 { return float64(table[(int(at[e])*2+k)*width+w]) }
				// Powers of s, lowest first.
				for k, c := range [4][4]float64{{1, 0, -3, 2}, {0, 1, -2, 1}, {0, 0, 3, -2}, {0, 0, -1, 1}} {
					for q := range c {
						want.add(c[q], node(k), math.Pow(s, float64(q)))
						if q > 0 {
							slope.add(float64(q), c[q], node(k), math.Pow(s, float64(q-1)))
						}
					}
				}
				check(t, fmt.Sprintf("Spline width=%d", width), i, r[i], want, 9)
				check(t, fmt.Sprintf("SplineSlope width=%d", width), i, dr[i], slope, 10)
				if value[i] != r[i] {
					t.Errorf("width %d: Spline gives %v, SplineSlope %v", width, value[i], r[i])
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

func TestWrongEdgesPanic(t *testing.T) {
	s, err := Best[float32]()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 48)
	index := []int32{0, 3}
	for name, call := range map[string]func(){
		"interval":        func() { s.Spline(x[:8], x[:39], index, x[:2], 4) },
		"negative":        func() { s.Spline(x[:4], x, []int32{-1}, x[:1], 4) },
		"last node":       func() { s.Spline(x[:4], x[:16], []int32{1}, x[:1], 4) },
		"SplineSlope":     func() { s.SplineSlope(x[:8], x[:7], x, []int32{0, 0}, x[:2], 4) },
		"Angular":         func() { s.Angular(x[:4], nil, x[:5], x[:6], 2, 1, 1) },
		"neighbour":       func() { s.Gather(x[:8], x[:16], x[:2], Rows[float32]{x[:12], index, 8, 4}, 2, 4, 1) },
		"row of a gather": func() { s.Gather(x[:8], x[:16], x[:3], Rows[float32]{x, index, 8, 4}, 2, 4, 1) },
		"odd orientations of a gather": func() {
			s.Gather(x[:12], x[:8], x[:1], Rows[float32]{x, index[:1], 12, 4}, 3, 4, 1)
		},
		"odd orientations of its adjoint": func() {
			s.GatherGrad(x[:8], x[:1], x[:12], Rows[float32]{x, index[:1], 12, 4}, 3, 4, 1)
		},
		"odd orientations": func() {
			s.Pair(nil, &PairArgs[float32]{Grid: x[:9], DM: x[:12], H: x[:12], XH: Rows[float32]{Orientation: 4}, N: 3, C: 4, Degree: 1})
		},
		"Expand": func() { s.Expand(x[:16], x[:8], x[:5], Rows[float32]{X: x, Index: index[:1], Atom: 4}, 4, 1) },
		"neighbour of an expansion": func() {
			s.Expand(x[:16], x[:16], x[:8], Rows[float32]{X: x[:15], Index: index, Atom: 4}, 4, 1)
		},
		"ExpandPair": func() {
			s.ExpandPair(x[:4], &ExpandArgs[float32]{
				R: x[:8], DR: x[:8], Y: x[:16], X: x[:4], DM: x[:16], C: 4, Degree: 1,
				XX: Rows[float32]{X: x, Index: index[:1], Atom: 4}, XDM: Rows[float32]{X: x[:15], Index: index[:1], Atom: 16, Orientation: 4},
			})
		},
		"Normalize":  func() { s.Normalize(x[:8], x[:2], x[:7], 4, 1) },
		"NormalizeT": func() { s.NormalizeT(x[:8], nil, x[:8], x[:8], x[:3], 4) },
		"Linear":     func() { s.Linear(x[:8], x[:3], 2, 4) },
		"Affine":     func() { s.Affine(x[:8], x[:5], s.Linear(x[:8], nil, 2, 4), 2, false) },
		"AffineGELU": func() { s.AffineGELU(x[:8], x[:7], nil, x[:4], s.Linear(x[:8], nil, 2, 4), 2) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); len(text) < 8 || text[:8] != "kernel: " {
					t.Errorf("panics with %s", text)
				}
			}()
			call()
		})
	}
}
